/*
 * Payloads of events. An event's bytes are made here once and then shared by every session that
 * gets it, so the builders write the largest common part of a dispatch frame and nothing of one
 * session.
 */

#include "proto/events.h"

#include <string.h>

#include "base/buf.h"
#include "proto/event_draft.h"
#include "proto/guild.h"
#include "proto/message.h"
#include "proto/user.h"

enum { CONTENT_USERS_MAX = 101 };

/* Who gets the content of an event even without the intent. */
struct content_users {
    uint64_t ids[CONTENT_USERS_MAX];
    uint32_t count;
    uint32_t whole; /* the first so many also get what the message replies to */
    bool bots;      /* whether any of the others is one: people get everything anyway */
};

/* Those whom a message may not be blank for: its author, and whom it mentions. */
static bool concerns(const struct message *m, struct user_id user)
{
    size_t mentions = m->reference_type == REFERENCE_FORWARD ? 0 : m->mention_count;
    if (m->author.id.v == user.v)
        return true;
    for (size_t i = 0; i < mentions; i++)
        if (m->mentions[i].id.v == user.v)
            return true;
    return false;
}

static bool sees_replied(const struct message *m, struct user_id user)
{
    const struct message *replied = m->referenced;
    return replied == NULL || !proto_message_has_own_content(replied) || concerns(replied, user);
}

static void add_users(const struct message *m, bool whole, struct content_users *to)
{
    size_t mentions = m->reference_type == REFERENCE_FORWARD ? 0 : m->mention_count;
    for (size_t i = 0; i <= mentions && to->count < CONTENT_USERS_MAX; i++) {
        const struct user *u = i == 0 ? &m->author : &m->mentions[i - 1];
        if ((i > 0 && u->id.v == m->author.id.v) || sees_replied(m, u->id) != whole)
            continue;
        to->ids[to->count++] = u->id.v;
        to->bots = to->bots || (!whole && u->bot);
    }
}

static struct content_users content_users(const struct message *m)
{
    struct content_users users = {.count = 0};
    add_users(m, true, &users);
    users.whole = users.count;
    add_users(m, false, &users);
    return users;
}

static struct bytes *message_payload(enum event_kind kind, const struct message *m,
                                     const struct member *author, enum channel_type channel_type,
                                     enum message_shown shown)
{
    struct event_draft d;
    event_draft_begin(&d, kind);
    proto_message_keys(&d.w, m, shown);
    if (m->guild.v != 0)
        json_kv_id(&d.w, "guild_id", m->guild.v);
    json_kv_u64(&d.w, "channel_type", (uint64_t)channel_type);
    if (author != NULL) {
        json_key(&d.w, "member");
        proto_member(&d.w, author, false);
    }
    return event_draft_end(&d);
}

static struct event *message_event(enum event_kind kind, const struct message *m,
                                   const struct member *author, enum channel_type channel_type)
{
    struct content_users users = content_users(m);
    struct event *e = event_new(kind, event_guild_stream(m->guild), users.ids, users.count);
    if (e == NULL)
        return NULL;
    e->content_whole_count = users.whole;
    e->guild_id = m->guild.v;
    e->channel_id = m->channel.v;
    e->entity_id = m->id.v;
    e->payload = message_payload(kind, m, author, channel_type, MESSAGE_SHOWN_WHOLE);
    bool guarded = m->guild.v != 0 && proto_message_has_content(m);
    if (guarded)
        e->payload_blank = message_payload(kind, m, author, channel_type, MESSAGE_SHOWN_BLANK);
    if (guarded && users.bots)
        e->payload_own = message_payload(kind, m, author, channel_type, MESSAGE_SHOWN_OWN);
    if (e->payload == NULL || (guarded && e->payload_blank == NULL) ||
        (guarded && users.bots && e->payload_own == NULL))
        event_unref(&e);
    return e;
}

struct event *event_message_create(const struct message *m, const struct member *author,
                                   enum channel_type channel_type)
{
    struct event *e = message_event(EVENT_MESSAGE_CREATE, m, author, channel_type);
    if (e != NULL)
        e->actor_id = m->author.id.v;
    return e;
}

/* The nonce belongs to the sending of the message and is not repeated. */
struct event *event_message_update(const struct message *m, const struct member *author,
                                   enum channel_type channel_type, uint64_t actor)
{
    struct message without_nonce = *m;
    without_nonce.nonce = (struct slice){NULL, 0};
    struct event *e = message_event(EVENT_MESSAGE_UPDATE, &without_nonce, author, channel_type);
    if (e != NULL)
        e->actor_id = actor;
    return e;
}

struct event *event_message_delete(struct guild_id guild, struct channel_id channel,
                                   struct message_id message, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_MESSAGE_DELETE, guild, message.v, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    struct event_draft d;
    event_draft_begin(&d, EVENT_MESSAGE_DELETE);
    json_kv_id(&d.w, "id", message.v);
    json_kv_id(&d.w, "channel_id", channel.v);
    if (guild.v != 0)
        json_kv_id(&d.w, "guild_id", guild.v);
    return event_with_payload(e, &d);
}

struct event *event_typing_start(const struct member *m, struct channel_id channel, int64_t wall_ms)
{
    struct event *e = event_of_guild(EVENT_TYPING_START, m->guild, m->user.id.v, m->user.id.v);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    e->at_ms = wall_ms;
    struct event_draft d;
    event_draft_begin(&d, EVENT_TYPING_START);
    json_kv_id(&d.w, "channel_id", channel.v);
    json_kv_id(&d.w, "user_id", m->user.id.v);
    json_kv_i64(&d.w, "timestamp", wall_ms / 1000); /* the one event that counts in seconds */
    if (m->guild.v != 0) {                          /* not in a direct message */
        json_kv_id(&d.w, "guild_id", m->guild.v);
        json_key(&d.w, "member");
        proto_member(&d.w, m, true);
    }
    return event_with_payload(e, &d);
}

struct event *event_channel_create(const struct channel *c, struct guild_view *view, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_CHANNEL_CREATE, c->guild, c->id.v, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = c->id.v;
    e->view = view != NULL ? guild_view_ref(view) : NULL;
    struct event_draft d;
    event_draft_begin(&d, EVENT_CHANNEL_CREATE);
    proto_channel_keys(&d.w, c, true);
    return event_with_payload(e, &d);
}

struct event *event_role_create(const struct role *r, struct guild_view *view, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_GUILD_ROLE_CREATE, r->guild, r->id.v, actor);
    if (e == NULL)
        return NULL;
    e->view = view != NULL ? guild_view_ref(view) : NULL;
    struct event_draft d;
    event_draft_begin(&d, EVENT_GUILD_ROLE_CREATE);
    json_kv_id(&d.w, "guild_id", r->guild.v);
    json_key(&d.w, "role");
    proto_role(&d.w, r);
    return event_with_payload(e, &d);
}

struct event *event_member_add(const struct member *m)
{
    struct event *e = event_of_guild(EVENT_GUILD_MEMBER_ADD, m->guild, m->user.id.v, m->user.id.v);
    if (e == NULL)
        return NULL;
    e->at_ms = m->joined_at_ms;
    struct event_draft d;
    event_draft_begin(&d, EVENT_GUILD_MEMBER_ADD);
    proto_member_keys(&d.w, m, true);
    json_kv_id(&d.w, "guild_id", m->guild.v);
    return event_with_payload(e, &d);
}

struct event *event_member_remove(const struct member *m, struct guild_view *view, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_GUILD_MEMBER_REMOVE, m->guild, m->user.id.v, actor);
    if (e == NULL)
        return NULL;
    if (view != NULL)
        e->view = guild_view_ref(view);
    struct event_draft d;
    event_draft_begin(&d, EVENT_GUILD_MEMBER_REMOVE);
    json_kv_id(&d.w, "guild_id", m->guild.v);
    json_key(&d.w, "user");
    proto_user(&d.w, &m->user);
    return event_with_payload(e, &d);
}

static struct event *membership_event(enum event_kind kind, struct user_id user,
                                      struct guild_id guild)
{
    struct event *e = event_new(kind, (struct stream){STREAM_USER, user.v}, NULL, 0);
    if (e == NULL)
        return NULL;
    e->guild_id = guild.v;
    e->entity_id = guild.v;
    e->actor_id = user.v;
    return e;
}

struct event *event_guild_joined(struct user_id user, struct guild_id guild)
{
    return membership_event(EVENT_GUILD_CREATE, user, guild);
}

struct event *event_guild_left(struct user_id user, struct guild_id guild)
{
    return membership_event(EVENT_GUILD_DELETE, user, guild);
}

struct event *event_token_revoked(struct user_id user, const uint8_t token_hash[32])
{
    struct event *e = event_new(EVENT_TOKEN_REVOKED, (struct stream){STREAM_USER, user.v}, NULL, 0);
    if (e == NULL)
        return NULL;
    e->entity_id = user.v;
    e->actor_id = user.v;
    memcpy(e->token_hash, token_hash, sizeof e->token_hash);
    return e;
}
