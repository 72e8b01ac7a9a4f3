/* Read states, recent mentions, notification settings. People only: bots have none of it. */

#include "core/read_states.h"

#include "api/message_write.h"
#include "core/notification_settings.h"
#include "core/recent_mentions.h"
#include "proto/bodies_read_states.h"

/* There is nothing to remember between acknowledgements (userdoccers, "Acknowledge Message"). */
static void write_token(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_null(w, "token");
    json_object_end(w);
}

enum err route_read_states_ack(struct request *r)
{
    const struct body_ack *body = r->body;
    struct read_mark m = {
        .a = &r->access,
        .manual = body->manual,
        .has_flags = BODY_SENT(*body, BODY_ACK_FLAGS) && !BODY_NULL(*body, BODY_ACK_FLAGS),
        .flags = (uint64_t)body->flags,
        .has_last_viewed = BODY_SENT(*body, BODY_ACK_LAST_VIEWED),
        .last_viewed = (uint64_t)body->last_viewed,
    };
    enum err e = request_param_id(r, "message_id", &m.message.v);
    if (e == ERR_OK)
        e = read_state_ack(request_core(r), &r->actor, &m, 1);
    if (e == ERR_OK)
        write_token(r);
    return e;
}

enum err route_read_states_ack_pins(struct request *r)
{
    return read_state_ack_pins(request_core(r), &r->actor, &r->access);
}

enum err route_read_states_forget(struct request *r)
{
    return read_state_forget(request_core(r), &r->actor, r->access.channel->id);
}

enum err route_read_states_ack_guild(struct request *r)
{
    return read_state_ack_guild(request_core(r), &r->actor, &r->access);
}

/* Types of the path, as a set: those of a guild, or those of the user alone. */
static enum err param_type(struct request *r, unsigned allowed, enum read_state_type *out)
{
    uint64_t type;
    bool is_type = slice_to_u64(request_param(r, "read_state_type"), &type) &&
                   type < READ_STATE_TYPES && (allowed >> type & 1);
    if (!is_type) {
        request_form_error(r, "read_state_type", "BASE_TYPE_CHOICES",
                           "Not a type of read state that can be here.");
        return ERR_INVALID_FORM;
    }
    *out = (enum read_state_type)type;
    return ERR_OK;
}

static enum err ack_item(struct request *r, unsigned allowed, struct guild_id guild)
{
    enum read_state_type type;
    uint64_t item;
    enum err e = param_type(r, allowed, &type);
    if (e == ERR_OK)
        e = request_param_id(r, "entity_id", &item);
    if (e == ERR_OK)
        e = read_state_ack_item(request_core(r), &r->actor, guild, type, item);
    if (e == ERR_OK)
        write_token(r);
    return e;
}

enum err route_read_states_ack_feature(struct request *r)
{
    return ack_item(r,
                    1U << READ_STATE_GUILD_EVENTS | 1U << READ_STATE_GUILD_HOME |
                        1U << READ_STATE_ONBOARDING,
                    r->access.view->guild.id);
}

enum err route_read_states_ack_own(struct request *r)
{
    return ack_item(r, 1U << READ_STATE_NOTIFICATION_CENTER | 1U << READ_STATE_MESSAGE_REQUESTS,
                    (struct guild_id){0});
}

struct bulk {
    struct access places[LIMIT_ACK_BULK];
    struct read_mark marks[LIMIT_ACK_BULK];
    size_t count;
};

/* Channels that are gone, or that the caller does not see any more, have nothing to be read. */
static enum err open_places(struct request *r, const struct body_ack_bulk *body, struct bulk *x)
{
    const struct body_ack_item *list = body->read_states.items;
    for (size_t i = 0; i < body->read_states.count; i++) {
        if (list[i].read_state_type != READ_STATE_CHANNEL)
            continue;
        struct access *a = &x->places[x->count];
        enum err e = access_channel(request_core(r), &r->principal,
                                    (struct channel_id){list[i].channel_id}, &r->arena, a);
        if (e == ERR_UNKNOWN_CHANNEL || e == ERR_MISSING_ACCESS || e == ERR_UNKNOWN_GUILD)
            continue;
        if (e != ERR_OK)
            return e;
        x->marks[x->count++] = (struct read_mark){.a = a, .message = {list[i].message_id}};
    }
    return ERR_OK;
}

enum err route_read_states_ack_bulk(struct request *r)
{
    struct bulk *x = arena_zalloc(&r->arena, sizeof *x);
    if (x == NULL)
        return ERR_NO_MEMORY;
    enum err e = open_places(r, r->body, x);
    if (e == ERR_OK)
        e = read_state_ack(request_core(r), &r->actor, x->marks, x->count);
    for (size_t i = 0; i < x->count; i++)
        access_end(&x->places[i]);
    return e;
}

enum err route_mentions_list(struct request *r)
{
    enum { LIMIT_DEFAULT = 25 };
    struct mention_query q = {.roles = true, .everyone = true};
    int64_t limit = LIMIT_DEFAULT;
    struct message *list = NULL;
    size_t count = 0;
    request_query_id(r, "before", &q.before);
    request_query_id(r, "guild_id", &q.guild.v);
    request_query_int(r, "limit", 1, LIMIT_RECENT_MENTIONS, &limit);
    request_query_bool(r, "roles", &q.roles);
    request_query_bool(r, "everyone", &q.everyone);
    q.limit = (unsigned)limit;
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = recent_mentions_list(request_core(r), &r->principal, &q, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        message_write(r, w, &list[i]);
    json_array_end(w);
    return ERR_OK;
}

enum err route_mentions_delete(struct request *r)
{
    struct message_id id;
    enum err e = request_param_id(r, "message_id", &id.v);
    return e == ERR_OK ? recent_mention_delete(request_core(r), &r->actor, id) : e;
}

/* ---- notification settings ---- */

/* An override is of a channel that is there; one that goes may be of any. */
static void check_overrides(struct request *r, const struct guild_view *v,
                            const struct notification_change *change)
{
    for (size_t i = 0; i < change->override_count; i++) {
        uint64_t id = change->overrides[i].values.channel_id;
        if (change->overrides[i].removed || guild_view_channel(v, (struct channel_id){id}) != NULL)
            continue;
        const char *path =
            arena_printf(&r->arena, "channel_overrides.%llu", (unsigned long long)id);
        request_form_error(r, path != NULL ? path : "channel_overrides", "UNKNOWN_CHANNEL",
                           "There is no such channel.");
    }
}

/* {guild_id} is an id or @me. *a is open if it is an id: access_end. */
static enum err settings_guild(struct request *r, struct access *a, struct guild_id *out)
{
    *out = (struct guild_id){0};
    if (slice_eq(request_param(r, "settings_guild_id"), SLICE("@me")))
        return ERR_OK;
    enum err e = request_param_id(r, "settings_guild_id", &out->v);
    return e == ERR_OK ? access_guild(request_core(r), &r->principal, *out, &r->arena, a) : e;
}

static enum err read_change(struct request *r, struct notification_change *out)
{
    struct access a = {.view = NULL};
    struct guild_id guild;
    enum err e = settings_guild(r, &a, &guild);
    if (e == ERR_OK)
        e = notification_change_read(r->body, "", r->errors, &r->arena, out);
    if (e == ERR_OK && guild.v != 0)
        check_overrides(r, a.view, out);
    access_end(&a);
    out->guild = guild;
    return e == ERR_OK ? request_form_ok(r) : e;
}

enum err route_notification_settings_get(struct request *r)
{
    struct access a = {.view = NULL};
    struct notification_settings s;
    struct guild_id guild;
    enum err e = settings_guild(r, &a, &guild);
    access_end(&a);
    if (e == ERR_OK)
        e = notification_settings_get(request_core(r), r->principal.user, guild, &r->arena, &s);
    if (e == ERR_OK)
        proto_notification_settings(reply_json(r), &s);
    return e;
}

enum err route_notification_settings_edit(struct request *r)
{
    struct notification_change change = {.overrides = NULL};
    struct notification_settings s;
    enum err e = read_change(r, &change);
    if (e == ERR_OK)
        e = notification_settings_change(request_core(r), &r->actor, &change, 1, &r->arena, &s);
    if (e == ERR_OK)
        proto_notification_settings(reply_json(r), &s);
    return e;
}

/* All or none: a guild that the caller is not in refuses the whole. */
static enum err check_guilds(struct request *r, const struct notification_change *list,
                             size_t count)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        struct access a = {.view = NULL};
        if (list[i].guild.v == 0)
            continue;
        e = access_guild(request_core(r), &r->principal, list[i].guild, &r->arena, &a);
        if (e == ERR_OK)
            check_overrides(r, a.view, &list[i]);
        access_end(&a);
    }
    return e == ERR_OK ? request_form_ok(r) : e;
}

enum err route_notification_settings_bulk(struct request *r)
{
    const struct body_notifications *body = r->body;
    struct notification_change *list = NULL;
    size_t count = 0;
    enum err e = notification_changes_read(body->guilds, r->errors, &r->arena, &list, &count);
    if (e == ERR_OK)
        e = check_guilds(r, list, count);
    if (e != ERR_OK)
        return e;
    struct notification_settings *out = arena_array(&r->arena, count + 1, sizeof *out);
    if (out == NULL)
        return ERR_NO_MEMORY;
    e = notification_settings_change(request_core(r), &r->actor, list, count, &r->arena, out);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_notification_settings(w, &out[i]);
    json_array_end(w);
    return ERR_OK;
}
