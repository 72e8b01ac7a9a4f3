/* Bans, prunes, incidents. */

#include "core/moderation.h"

#include "api/handlers.h"
#include "core/incidents.h"
#include "core/prune.h"
#include "proto/bodies_members.h"
#include "proto/incident.h"
#include "proto/user.h"

enum {
    DAY_S = 24 * 3600,
    PRUNE_DAYS_DEFAULT = 7,
    PRUNE_DAYS_MAX = 30,
    PRUNE_ROLES_MAX = 100,
    CLOCK_SLACK_MS = 60 * 1000 /* a client's clock may be ahead of ours */
};

static struct guild_id guild_of(const struct request *r)
{
    return r->access.view->guild.id;
}

static enum err read_user_id(struct request *r, struct user_id *out)
{
    return request_param_id(r, "user_id", &out->v);
}

/* ---- bans ---- */

static void write_ban(struct json_writer *w, const struct ban *b)
{
    json_object_begin(w);
    json_kv_str_or_null(w, "reason", b->reason);
    json_key(w, "user");
    proto_user(w, &b->user);
    json_object_end(w);
}

enum err route_bans_list(struct request *r)
{
    int64_t limit = LIMIT_BANS_PAGE;
    uint64_t before = 0;
    uint64_t after = 0;
    struct ban *list;
    size_t count;
    request_query_int(r, "limit", 1, LIMIT_BANS_PAGE, &limit);
    request_query_id(r, "before", &before);
    request_query_id(r, "after", &after);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = ban_list(request_core(r), guild_of(r), before, after, (uint64_t)limit, &r->arena, &list,
                     &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        write_ban(w, &list[i]);
    json_array_end(w);
    return ERR_OK;
}

enum err route_bans_get(struct request *r)
{
    struct user_id user;
    struct ban ban;
    enum err e = read_user_id(r, &user);
    if (e == ERR_OK)
        e = ban_get(request_core(r), guild_of(r), user, &r->arena, &ban);
    if (e == ERR_OK)
        write_ban(reply_json(r), &ban);
    return e;
}

enum err route_bans_put(struct request *r)
{
    const struct body_ban *body = r->body;
    struct user_id user;
    struct ban_wish wish = {.delete_s = (uint32_t)body->delete_message_seconds,
                            .addresses = body->ban_addresses};
    if (!BODY_SENT(*body, BODY_BAN_SECONDS))
        wish.delete_s = (uint32_t)body->delete_message_days * DAY_S;
    request_query_bool(r, "ban_addresses", &wish.addresses);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = read_user_id(r, &user);
    return e == ERR_OK ? ban_put(request_core(r), &r->actor, &r->access, user, &wish) : e;
}

enum err route_bans_remove(struct request *r)
{
    struct user_id user;
    enum err e = read_user_id(r, &user);
    return e == ERR_OK ? ban_remove(request_core(r), &r->actor, &r->access, user) : e;
}

static void write_ids(struct json_writer *w, const char *key, const uint64_t *ids, size_t count)
{
    json_key(w, key);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_id(w, ids[i]);
    json_array_end(w);
}

enum err route_bans_bulk(struct request *r)
{
    const struct body_bulk_ban *body = r->body;
    const struct body_id_item *items = body->user_ids.items;
    uint64_t users[LIMIT_BULK_BAN];
    size_t banned, kept;
    struct ban_wish wish = {.delete_s = (uint32_t)body->delete_message_seconds,
                            .addresses = body->ban_addresses};
    for (size_t i = 0; i < body->user_ids.count; i++)
        users[i] = items[i].value;
    enum err e = ban_bulk(request_core(r), &r->actor, &r->access, users, body->user_ids.count,
                          &wish, &banned, &kept);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    write_ids(w, "banned_users", users, banned);
    write_ids(w, "failed_users", users + banned, kept - banned);
    json_object_end(w);
    return ERR_OK;
}

/* ---- address bans ---- */

static void write_address_ban(struct json_writer *w, const struct address_ban *b)
{
    json_object_begin(w);
    json_kv_id(w, "user_id", b->user.id.v);
    json_key(w, "user");
    if (b->user.username.data != NULL)
        proto_user(w, &b->user);
    else
        json_write_null(w);
    json_kv_u64(w, "addresses", b->count);
    json_kv_time(w, "created_at", b->created_at_ms);
    json_object_end(w);
}

enum err route_address_bans_list(struct request *r)
{
    int64_t limit = LIMIT_BANS_PAGE;
    uint64_t after = 0;
    struct address_ban *list;
    size_t count;
    request_query_int(r, "limit", 1, LIMIT_BANS_PAGE, &limit);
    request_query_id(r, "after", &after);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = address_ban_list(request_core(r), guild_of(r), after, (uint64_t)limit, &r->arena, &list,
                             &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        write_address_ban(w, &list[i]);
    json_array_end(w);
    return ERR_OK;
}

enum err route_address_bans_put(struct request *r)
{
    const struct body_address_ban *body = r->body;
    struct user_id user = {body->user_id};
    uint64_t banned;
    enum err e = address_ban_put(request_core(r), &r->actor, &r->access, user, &banned);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_id(w, "user_id", user.v);
    json_kv_u64(w, "addresses", banned);
    json_object_end(w);
    return ERR_OK;
}

enum err route_address_bans_remove(struct request *r)
{
    struct user_id user;
    enum err e = read_user_id(r, &user);
    return e == ERR_OK ? address_ban_remove(request_core(r), &r->actor, &r->access, user) : e;
}

/* ---- prune ---- */

static void write_pruned(struct request *r, bool counted, uint64_t count)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    if (counted)
        json_kv_u64(w, "pruned", count);
    else
        json_kv_null(w, "pruned");
    json_object_end(w);
}

/* "1,2,3". */
static enum err read_roles(struct request *r, struct prune_wish *wish)
{
    struct slice rest = request_query(r, "include_roles");
    struct slice part;
    uint64_t *roles = arena_array(&r->arena, PRUNE_ROLES_MAX, sizeof *roles);
    if (roles == NULL)
        return ERR_NO_MEMORY;
    while (slice_next(&rest, ',', &part)) {
        if (wish->role_count == PRUNE_ROLES_MAX)
            request_form_error(r, "include_roles", "BASE_TYPE_MAX_LENGTH",
                               "Must be 100 or fewer in length.");
        else if (!slice_to_u64(slice_trim(part), &roles[wish->role_count++]))
            request_form_error(r, "include_roles", "NUMBER_TYPE_COERCE", "Not a list of ids.");
        if (request_form_ok(r) != ERR_OK)
            break;
    }
    wish->roles = roles;
    return ERR_OK;
}

static enum err read_prune_query(struct request *r, struct prune_wish *wish)
{
    int64_t days = wish->days;
    request_query_int(r, "days", 1, PRUNE_DAYS_MAX, &days);
    wish->days = (uint32_t)days;
    if (wish->role_count > 0)
        return request_form_ok(r);
    enum err e = read_roles(r, wish);
    return e == ERR_OK ? request_form_ok(r) : e;
}

enum err route_prune_count(struct request *r)
{
    struct prune_wish wish = {.days = PRUNE_DAYS_DEFAULT};
    uint64_t count;
    enum err e = read_prune_query(r, &wish);
    if (e == ERR_OK)
        e = prune_count(request_core(r), &r->access, &wish, &count);
    if (e == ERR_OK)
        write_pruned(r, true, count);
    return e;
}

static enum err read_prune_body(struct request *r, struct prune_wish *wish)
{
    const struct body_prune *body = r->body;
    const struct body_id_item *items = body->include_roles.items;
    uint64_t *roles = arena_array(&r->arena, PRUNE_ROLES_MAX, sizeof *roles);
    if (roles == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < body->include_roles.count; i++)
        roles[i] = items[i].value;
    wish->roles = roles;
    wish->role_count = body->include_roles.count;
    if (body->days != 0)
        wish->days = (uint32_t)body->days;
    return ERR_OK;
}

/* Libraries send what they have in the body, or in the query as for GET. */
enum err route_prune_begin(struct request *r)
{
    const struct body_prune *body = r->body;
    struct prune_wish wish = {.days = PRUNE_DAYS_DEFAULT};
    bool counted = !BODY_SENT(*body, BODY_PRUNE_COUNT) || body->compute_prune_count;
    uint64_t count = 0;
    request_query_bool(r, "compute_prune_count", &counted);
    enum err e = read_prune_body(r, &wish);
    if (e == ERR_OK)
        e = read_prune_query(r, &wish);
    if (e == ERR_OK && counted)
        e = prune_count(request_core(r), &r->access, &wish, &count);
    if (e == ERR_OK)
        e = prune_begin(request_core(r), &r->actor, &r->access, &wish);
    if (e == ERR_OK)
        write_pruned(r, counted, count);
    return e;
}

/* ---- incidents ---- */

static void check_day(struct request *r, const char *name, int64_t until_ms)
{
    if (until_ms > request_now_ms(r) + (int64_t)DAY_S * 1000 + CLOCK_SLACK_MS)
        request_form_error(r, name, "DATE_TIME_TYPE_MAX",
                           "Must be at most 24 hours in the future.");
}

enum err route_incidents_put(struct request *r)
{
    const struct body_incidents *body = r->body;
    struct guild_view *view;
    struct incidents_wish wish = {
        .invites = BODY_SENT(*body, BODY_INCIDENTS_INVITES),
        .dms = BODY_SENT(*body, BODY_INCIDENTS_DMS),
        .invites_disabled_until_ms = body->invites_disabled_until_ms,
        .dms_disabled_until_ms = body->dms_disabled_until_ms,
    };
    check_day(r, "invites_disabled_until", wish.invites_disabled_until_ms);
    check_day(r, "dms_disabled_until", wish.dms_disabled_until_ms);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = incidents_set(request_core(r), &r->actor, &r->access, &wish, &view);
    if (e != ERR_OK)
        return e;
    proto_incidents(reply_json(r), &view->guild);
    guild_view_unref(&view);
    return ERR_OK;
}
