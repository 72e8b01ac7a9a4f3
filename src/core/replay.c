/*
 * Reading events back from the log. Rows name entities; each event is built again from its entity
 * as it is now. A row always gives an event, if need be one without payload, because a reader
 * counts positions: leaving one out would look like a gap for ever.
 */

#include <string.h>

#include "core/access_dm.h"
#include "core/guilds.h"
#include "core/place.h"
#include "core/replay_priv.h"
#include "proto/events.h"
#include "store/guilds.h"
#include "store/users.h"

enum {
    ROW_BYTES_MAX = 4 * 1024 * 1024, /* a reply with 100 mentions, files, and what it replies to */
    UNKNOWN_FIRST = 10000,
    UNKNOWN_LAST = 10999
};

enum err replay_need_view(struct replay *x, struct guild_id guild)
{
    uint64_t position;
    if (x->view != NULL)
        return ERR_OK;
    enum err e = guilds_structure_position(tx_sql(x->tx), guild, &position);
    if (e == ERR_OK)
        e = views_at(x->core, x->tx, guild, position, &x->view, &x->missed);
    return e;
}

/* Discord's errors of the kind "unknown ..." (10xxx) are what the repositories say of what is not
 * there; NOT_FOUND is said of what has no such error. */
static bool is_gone(enum err e)
{
    int code = err_info(e)->json_code;
    return (code >= UNKNOWN_FIRST && code <= UNKNOWN_LAST) || e == ERR_NOT_FOUND;
}

enum err replay_made(struct event *e, struct event **out)
{
    *out = e;
    return e == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err rebuild_channel(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    const struct channel *ch = guild_view_channel(x->view, (struct channel_id){row->entity_id});
    if (ch == NULL)
        return ERR_UNKNOWN_CHANNEL;
    return replay_made(event_channel_create(ch, x->view, row->actor_id), out);
}

static enum err rebuild_role(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    const struct role *role = guild_view_role(x->view, (struct role_id){row->entity_id});
    if (role == NULL)
        return ERR_UNKNOWN_ROLE;
    return replay_made(event_role_create(role, x->view, row->actor_id), out);
}

static enum err rebuild_joined(struct replay *x, const struct event_row *row, struct event **out)
{
    struct user_id user = {x->stream.id};
    return replay_made(event_guild_joined(user, (struct guild_id){row->guild_id}), out);
}

static enum err rebuild_revoked(struct replay *x, const struct event_row *row, struct event **out)
{
    struct user_id user = {x->stream.id};
    if (row->delta.len != sizeof((struct event *)0)->token_hash)
        return ERR_STORE;
    return replay_made(event_token_revoked(user, (const uint8_t *)row->delta.data), out);
}

static enum err rebuild_left(struct replay *x, const struct event_row *row, struct event **out)
{
    (void)x;
    return replay_made(
        event_guild_left((struct user_id){row->stream.id}, (struct guild_id){row->guild_id}), out);
}

/* By kind; what is not here has no payload and nothing to look up. */
static replay_fn *const rebuilders[EVENT_KIND_END] = {
    [EVENT_MESSAGE_CREATE] = replay_message,
    [EVENT_MESSAGE_UPDATE] = replay_message,
    [EVENT_MESSAGE_DELETE] = replay_message_delete,
    [EVENT_CHANNEL_CREATE] = rebuild_channel,
    [EVENT_CHANNEL_UPDATE] = replay_channel_update,
    [EVENT_CHANNEL_DELETE] = replay_channel_delete,
    [EVENT_VOICE_CHANNEL_STATUS_UPDATE] = replay_voice_status,
    [EVENT_VOICE_STATE_UPDATE] = replay_voice_state,
    [EVENT_GUILD_ROLE_UPDATE] = replay_role_update,
    [EVENT_GUILD_ROLE_DELETE] = replay_role_delete,
    [EVENT_STAGE_INSTANCE_CREATE] = replay_stage,
    [EVENT_STAGE_INSTANCE_UPDATE] = replay_stage,
    [EVENT_STAGE_INSTANCE_DELETE] = replay_stage_delete,
    [EVENT_GUILD_MEMBER_ADD] = replay_member_add,
    [EVENT_GUILD_MEMBER_UPDATE] = replay_member_update,
    [EVENT_GUILD_ROLE_CREATE] = rebuild_role,
    [EVENT_INVITE_CREATE] = replay_invite_create,
    [EVENT_INVITE_DELETE] = replay_invite_delete,
    [EVENT_GUILD_JOIN_REQUEST_CREATE] = replay_join_request,
    [EVENT_GUILD_JOIN_REQUEST_UPDATE] = replay_join_request,
    [EVENT_GUILD_JOIN_REQUEST_DELETE] = replay_join_request_delete,
    [EVENT_DIRECT_CHANNEL_CREATE] = replay_dm_channel,
    [EVENT_DIRECT_CHANNEL_UPDATE] = replay_dm_channel,
    [EVENT_DIRECT_CHANNEL_DELETE] = replay_dm_channel_delete,
    [EVENT_CHANNEL_RECIPIENT_ADD] = replay_dm_recipient,
    [EVENT_CHANNEL_RECIPIENT_REMOVE] = replay_dm_recipient,
    [EVENT_RELATIONSHIP_ADD] = replay_relationship,
    [EVENT_RELATIONSHIP_UPDATE] = replay_relationship,
    [EVENT_RELATIONSHIP_REMOVE] = replay_relationship_remove,
    [EVENT_USER_NOTE_UPDATE] = replay_note,
    [EVENT_USER_UPDATE] = replay_user_update,
    [EVENT_USER_SETTINGS_UPDATE] = replay_user_settings,
    [EVENT_GUILD_CREATE] = rebuild_joined,
    [EVENT_TOKEN_REVOKED] = rebuild_revoked,
    [EVENT_GUILD_DELETE] = rebuild_left,
    [EVENT_GUILD_MEMBER_REMOVE] = replay_member_remove,
    [EVENT_GUILD_BAN_ADD] = replay_ban,
    [EVENT_GUILD_BAN_REMOVE] = replay_ban,
    [EVENT_MESSAGE_DELETE_BULK] = replay_messages_deleted,
    [EVENT_MESSAGE_REACTION_ADD] = replay_reaction_add,
    [EVENT_MESSAGE_REACTION_REMOVE] = replay_reaction_remove,
    [EVENT_MESSAGE_REACTION_REMOVE_ALL] = replay_reactions_cleared,
    [EVENT_MESSAGE_REACTION_REMOVE_EMOJI] = replay_reaction_kind_cleared,
    [EVENT_MESSAGE_POLL_VOTE_ADD] = replay_poll_vote,
    [EVENT_MESSAGE_POLL_VOTE_REMOVE] = replay_poll_vote,
    [EVENT_CHANNEL_PINS_UPDATE] = replay_pins_update,
    [EVENT_INTEGRATION_CREATE] = replay_integration_create,
    [EVENT_INTEGRATION_DELETE] = replay_integration_delete,
    [EVENT_GUILD_INTEGRATIONS_UPDATE] = replay_integrations_update,
    [EVENT_GUILD_UPDATE] = replay_guild_update,
    [EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE] = replay_audit_entry,
    [EVENT_GUILD_EMOJIS_UPDATE] = replay_emojis,
    [EVENT_GUILD_STICKERS_UPDATE] = replay_stickers,
    [EVENT_GUILD_SOUNDBOARD_SOUND_CREATE] = replay_sound,
    [EVENT_GUILD_SOUNDBOARD_SOUND_UPDATE] = replay_sound,
    [EVENT_GUILD_SOUNDBOARD_SOUND_DELETE] = replay_sound_delete,
    [EVENT_GUILD_SCHEDULED_EVENT_CREATE] = replay_scheduled_event,
    [EVENT_GUILD_SCHEDULED_EVENT_UPDATE] = replay_scheduled_event,
    [EVENT_GUILD_SCHEDULED_EVENT_DELETE] = replay_scheduled_delete,
    [EVENT_GUILD_SCHEDULED_EVENT_USER_ADD] = replay_scheduled_user,
    [EVENT_GUILD_SCHEDULED_EVENT_USER_REMOVE] = replay_scheduled_user,
    [EVENT_MESSAGE_ACK] = replay_message_ack,
    [EVENT_CHANNEL_PINS_ACK] = replay_pins_ack,
    [EVENT_GUILD_FEATURE_ACK] = replay_item_ack,
    [EVENT_USER_NON_CHANNEL_ACK] = replay_item_ack,
    [EVENT_USER_GUILD_SETTINGS_UPDATE] = replay_notification_settings,
    [EVENT_RECENT_MENTION_DELETE] = replay_recent_mention_delete,
    [EVENT_AUTO_MODERATION_RULE_CREATE] = replay_automod_rule,
    [EVENT_AUTO_MODERATION_RULE_UPDATE] = replay_automod_rule,
    [EVENT_AUTO_MODERATION_RULE_DELETE] = replay_automod_rule_delete,
};

/* As the event of a guild's channel would be built, for guild 0; the reader must still be in it:
 * what became of a message afterwards is not for those who left. */
static enum err rebuild_direct(struct replay *x, const struct event_row *row, struct event **out)
{
    struct event_row plain = *row;
    struct event *made = NULL;
    plain.kind = event_plain_kind(row->kind);
    replay_fn *build = rebuilders[plain.kind];
    if (build == NULL)
        return ERR_UNKNOWN_MESSAGE;
    enum err e = access_dm_read(tx_sql(x->tx), (struct channel_id){row->channel_id},
                                (struct user_id){x->stream.id}, &x->arena, &x->dm);
    if (e == ERR_MISSING_ACCESS)
        e = ERR_UNKNOWN_CHANNEL;
    if (e == ERR_OK)
        e = build(x, &plain, &made);
    if (e != ERR_OK)
        return e;
    *out = event_for_recipient(made, (struct user_id){x->stream.id});
    event_unref(&made);
    return *out == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err rebuild(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = ERR_UNKNOWN_MESSAGE;
    enum event_kind kind = row->kind;
    bool known = event_info(kind) != NULL;
    x->dm = NULL;
    if (known && rebuilders[kind] != NULL)
        e = rebuilders[kind](x, row, out);
    else if (known && event_plain_kind(kind) != kind)
        e = rebuild_direct(x, row, out);
    if (!is_gone(e))
        return e;
    /* A kind that this version does not know stands in as one that steers nothing. */
    return replay_made(event_new(known ? kind : EVENT_MESSAGE_UPDATE, x->stream, NULL, 0), out);
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

/* Whoever catches up ends with the structure of today, whatever became of the entities on the way:
 * the row that made it so brings it. A guild's first event carried its first structure. */
static enum err carry_structure(struct replay *x, const struct event_row *row, struct event *e)
{
    if (x->stream.kind != STREAM_GUILD || e->view != NULL)
        return ERR_OK;
    enum err failed = replay_need_view(x, (struct guild_id){x->stream.id});
    if (failed != ERR_OK)
        return is_gone(failed) ? ERR_OK : failed;
    if (row->position == 1 || row->position == x->view->position)
        e->view = guild_view_ref(x->view);
    return ERR_OK;
}

static enum err on_row(void *ctx, const struct event_row *row)
{
    struct replay *x = ctx;
    struct event *e = NULL;
    enum err failed = rebuild(x, row, &e);
    if (failed == ERR_OK)
        failed = carry_structure(x, row, e);
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
