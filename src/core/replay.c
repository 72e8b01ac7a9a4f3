/*
 * Reading events back from the log. Rows name entities; each event is built again from its entity
 * as it is now. A row always gives an event, if need be one without payload, because a reader
 * counts positions: leaving one out would look like a gap for ever.
 */

#include <string.h>

#include "core/guilds.h"
#include "core/messages_priv.h"
#include "proto/events.h"
#include "store/event_log.h"
#include "store/guilds.h"
#include "store/invites.h"
#include "store/members.h"
#include "store/users.h"

enum { ROW_BYTES_MAX = 1024 * 1024 }; /* a reply with 100 mentions, and what it replies to */

struct replay {
    struct core *core;
    struct tx *tx;
    struct stream stream;
    uint64_t after;
    unsigned max;
    void (*fn)(void *ctx, struct event *e);
    void *ctx;
    struct arena arena;
    struct guild_view *view; /* of a guild's stream, as of this transaction; NULL: not loaded yet */
    bool missed;
};

/* The structure as it is now. What was structure then is not kept; nobody gets to see what the
 * present structure hides. */
static enum err need_view(struct replay *x, struct guild_id guild)
{
    uint64_t position;
    if (x->view != NULL)
        return ERR_OK;
    enum err e = guilds_structure_position(tx_sql(x->tx), guild, &position);
    if (e == ERR_OK)
        e = views_at(x->core, x->tx, guild, position, &x->view, &x->missed);
    return e;
}

static bool is_gone(enum err e)
{
    return e == ERR_UNKNOWN_MESSAGE || e == ERR_UNKNOWN_CHANNEL || e == ERR_UNKNOWN_MEMBER ||
           e == ERR_UNKNOWN_ROLE || e == ERR_UNKNOWN_INVITE || e == ERR_UNKNOWN_GUILD ||
           e == ERR_UNKNOWN_USER;
}

static enum err made(struct event *e, struct event **out)
{
    *out = e;
    return e == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err rebuild_message(struct replay *x, const struct event_row *row, struct event **out)
{
    struct sql_conn *sql = tx_sql(x->tx);
    struct message m;
    struct member author;
    struct channel_id channel_id = {row->channel_id};
    enum err e = message_read(sql, channel_id, (struct message_id){row->entity_id}, &x->arena, &m);
    if (e == ERR_OK)
        e = need_view(x, m.guild);
    if (e != ERR_OK)
        return e;
    const struct channel *channel = guild_view_channel(x->view, channel_id);
    if (channel == NULL)
        return ERR_UNKNOWN_CHANNEL;
    e = members_find(sql, m.guild, m.author.id, &x->arena, &author);
    if (e != ERR_OK && e != ERR_UNKNOWN_MEMBER)
        return e;
    const struct member *member = e == ERR_OK ? &author : NULL;
    if (row->kind == EVENT_MESSAGE_UPDATE)
        return made(event_message_update(&m, member, channel->type, row->actor_id), out);
    message_nonce_from_delta(row->delta, &m);
    return made(event_message_create(&m, member, channel->type), out);
}

static enum err rebuild_message_delete(struct replay *x, const struct event_row *row,
                                       struct event **out)
{
    (void)x;
    return made(event_message_delete((struct guild_id){row->guild_id},
                                     (struct channel_id){row->channel_id},
                                     (struct message_id){row->entity_id}, row->actor_id),
                out);
}

static enum err rebuild_channel(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    const struct channel *ch = guild_view_channel(x->view, (struct channel_id){row->entity_id});
    if (ch == NULL)
        return ERR_UNKNOWN_CHANNEL;
    return made(event_channel_create(ch, x->view, row->actor_id), out);
}

static enum err rebuild_role(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    const struct role *role = guild_view_role(x->view, (struct role_id){row->entity_id});
    if (role == NULL)
        return ERR_UNKNOWN_ROLE;
    return made(event_role_create(role, x->view, row->actor_id), out);
}

static enum err rebuild_member(struct replay *x, const struct event_row *row, struct event **out)
{
    struct member m;
    enum err e = members_find(tx_sql(x->tx), (struct guild_id){row->guild_id},
                              (struct user_id){row->entity_id}, &x->arena, &m);
    return e == ERR_OK ? made(event_member_add(&m), out) : e;
}

static enum err rebuild_invite(struct replay *x, const struct event_row *row, struct event **out)
{
    struct invite i;
    enum err e = invites_find(tx_sql(x->tx), row->delta, &x->arena, &i);
    i.uses = 0; /* as it was */
    return e == ERR_OK ? made(event_invite_create(&i, row->actor_id), out) : e;
}

static enum err rebuild_joined(struct replay *x, const struct event_row *row, struct event **out)
{
    struct user_id user = {x->stream.id};
    return made(event_guild_joined(user, (struct guild_id){row->guild_id}), out);
}

static enum err rebuild_revoked(struct replay *x, const struct event_row *row, struct event **out)
{
    struct user_id user = {x->stream.id};
    if (row->delta.len != sizeof((struct event *)0)->token_hash)
        return ERR_STORE;
    return made(event_token_revoked(user, (const uint8_t *)row->delta.data), out);
}

/* Who left may still have an account; if not, nobody needs to be told. */
static enum err rebuild_member_remove(struct replay *x, const struct event_row *row,
                                      struct event **out)
{
    struct member m = {.guild = {row->guild_id}};
    enum err e = need_view(x, m.guild);
    if (e == ERR_OK)
        e = users_find(tx_sql(x->tx), (struct user_id){row->entity_id}, &x->arena, &m.user);
    return e == ERR_OK ? made(event_member_remove(&m, x->view, row->actor_id), out) : e;
}

static enum err rebuild_left(struct replay *x, const struct event_row *row, struct event **out)
{
    (void)x;
    return made(
        event_guild_left((struct user_id){row->stream.id}, (struct guild_id){row->guild_id}), out);
}

/* By kind; what is not here has no payload and nothing to look up. */
static enum err (*const rebuilders[EVENT_KIND_END])(struct replay *, const struct event_row *,
                                                    struct event **) = {
    [EVENT_MESSAGE_CREATE] = rebuild_message,
    [EVENT_MESSAGE_UPDATE] = rebuild_message,
    [EVENT_MESSAGE_DELETE] = rebuild_message_delete,
    [EVENT_CHANNEL_CREATE] = rebuild_channel,
    [EVENT_GUILD_MEMBER_ADD] = rebuild_member,
    [EVENT_GUILD_ROLE_CREATE] = rebuild_role,
    [EVENT_INVITE_CREATE] = rebuild_invite,
    [EVENT_GUILD_CREATE] = rebuild_joined,
    [EVENT_TOKEN_REVOKED] = rebuild_revoked,
    [EVENT_GUILD_DELETE] = rebuild_left,
    [EVENT_GUILD_MEMBER_REMOVE] = rebuild_member_remove,
};

static enum err rebuild(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = ERR_UNKNOWN_MESSAGE;
    enum event_kind kind = row->kind;
    bool known = event_info(kind) != NULL;
    if (known && rebuilders[kind] != NULL)
        e = rebuilders[kind](x, row, out);
    if (!is_gone(e))
        return e;
    /* A kind that this version does not know stands in as one that steers nothing. */
    return made(event_new(known ? kind : EVENT_MESSAGE_UPDATE, x->stream, NULL, 0), out);
}

/* What the row says wins over what the builder guessed. */
static void stamp(struct event *e, const struct event_row *row)
{
    e->position = row->position;
    e->at_ms = row->at_ms;
    e->guild_id = row->guild_id;
    e->channel_id = row->channel_id;
    e->entity_id = row->entity_id;
    e->actor_id = row->actor_id;
}

static enum err on_row(void *ctx, const struct event_row *row)
{
    struct replay *x = ctx;
    struct event *e = NULL;
    enum err failed = rebuild(x, row, &e);
    if (failed == ERR_OK && row->kind == EVENT_GUILD_MEMBER_ADD && row->position == 1) {
        /* The guild's first event carried its first view. */
        failed = need_view(x, (struct guild_id){row->guild_id});
        if (failed == ERR_OK)
            e->view = guild_view_ref(x->view);
        else if (is_gone(failed))
            failed = ERR_OK;
    }
    arena_reset(&x->arena);
    if (failed != ERR_OK) {
        event_unref(&e);
        return failed;
    }
    stamp(e, row);
    x->after = row->position; /* run again, it goes on from here */
    x->max--;
    x->fn(x->ctx, e);
    return ERR_OK;
}

static enum err replay(struct tx *tx, void *ctx)
{
    struct replay *x = ctx;
    x->tx = tx;
    guild_view_unref(&x->view);
    return event_log_read(tx, x->stream, x->after, x->max, on_row, x);
}

enum err events_replay(struct core *c, struct stream s, uint64_t after, unsigned max,
                       void (*fn)(void *ctx, struct event *e), void *ctx)
{
    struct replay x = {.core = c, .stream = s, .after = after, .max = max, .fn = fn, .ctx = ctx};
    arena_init(&x.arena, MEM_CORE, ROW_BYTES_MAX);
    enum err e = store_read(c->store, replay, &x);
    guild_view_unref(&x.view);
    arena_deinit(&x.arena);
    return e;
}
