/* The directory, and guilds as strangers see them. */

#include "core/directory.h"

#include "api/handlers.h"
#include "core/guilds.h"
#include "core/online.h"
#include "model/features.h"
#include "proto/bodies_invites.h"
#include "proto/expressions.h"
#include "proto/guild.h"
#include "proto/invite.h"
#include "proto/join_request.h"
#include "wire/utf8.h"

enum { PAGE_DEFAULT = 30 };

/* What the list, the preview and the answer to joining say alike. */
static void identity_keys(const struct core *c, struct json_writer *w, const struct guild *g,
                          uint64_t members)
{
    json_kv_id(w, "id", g->id.v);
    json_kv_str(w, "name", g->name);
    json_kv_str_or_null(w, "icon", g->icon);
    json_kv_str_or_null(w, "description", g->description);
    json_kv_str_or_null(w, "home_header", g->home_header);
    json_kv_str_or_null(w, "splash", g->splash);
    json_kv_str_or_null(w, "discovery_splash", g->discovery_splash);
    json_kv_str_or_null(w, "banner", g->banner);
    proto_features(w, g->features);
    proto_guild_counts(w, members, online_count(c, g->id));
}

static void write_entry(const struct core *c, struct json_writer *w,
                        const struct directory_entry *e)
{
    json_object_begin(w);
    identity_keys(c, w, &e->guild, e->members);
    json_kv_str(w, "preferred_locale", e->guild.preferred_locale);
    json_kv_str_or_null(w, "vanity_url_code", e->guild.vanity_code);
    json_kv_u64(w, "premium_subscription_count", 0);
    json_kv_bool(w, "auto_removed", false);
    json_kv_u64(w, "primary_category_id", 0);
    json_kv_raw(w, "keywords", "[]");
    json_kv_bool(w, "is_published", false);
    json_kv_u64(w, "join_policy", (uint64_t)e->guild.join_policy);
    json_object_end(w);
}

enum err route_directory_list(struct request *r)
{
    int64_t limit = PAGE_DEFAULT, offset = 0;
    struct directory_result found;
    struct slice text = request_query(r, "query");
    if (!utf8_valid(text) || slice_find(text, '\0') < text.len)
        request_form_error(r, "query", "STRING_TYPE_CONVERT",
                           "Could not interpret value as string.");
    request_query_int(r, "limit", 1, LIMIT_DIRECTORY_PAGE, &limit);
    request_query_int(r, "offset", 0, DIRECTORY_LOOKED_AT, &offset);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = directory_search(request_core(r), &r->principal, text, (size_t)limit, (size_t)offset,
                             &r->arena, &found);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_key(w, "guilds");
    json_array_begin(w);
    for (size_t i = 0; i < found.count; i++)
        write_entry(request_core(r), w, &found.entries[i]);
    json_array_end(w);
    json_kv_u64(w, "total", found.total);
    json_kv_i64(w, "limit", limit);
    json_kv_i64(w, "offset", offset);
    json_object_end(w);
    return ERR_OK;
}

enum err route_directory_edit(struct request *r)
{
    const struct body_directory *body = r->body;
    struct directory_change now;
    const struct directory_change change = {
        .has_listed = BODY_SENT(*body, BODY_DIRECTORY_LISTED),
        .listed = body->listed,
        .has_policy = BODY_SENT(*body, BODY_DIRECTORY_JOIN_POLICY),
        .policy = (enum guild_join_policy)body->join_policy,
    };
    enum err e = directory_edit(request_core(r), &r->actor, &r->access, &change, &now);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_bool(w, "listed", now.listed);
    json_kv_u64(w, "join_policy", (uint64_t)now.policy);
    json_object_end(w);
    return ERR_OK;
}

static void preview_keys(struct json_writer *w, const struct guild_view *v)
{
    json_key(w, "emojis");
    json_array_begin(w);
    for (size_t i = 0; i < v->emoji_count; i++)
        if (v->emojis[i].role_count == 0)
            proto_emoji(w, &v->emojis[i], NULL);
    json_array_end(w);
    json_key(w, "stickers");
    json_array_begin(w);
    for (size_t i = 0; i < v->sticker_count; i++)
        proto_sticker(w, &v->stickers[i], NULL);
    json_array_end(w);
}

enum err route_guilds_preview(struct request *r)
{
    struct guild_id id;
    struct guild_view *view = NULL;
    uint64_t members;
    enum err e = request_param_id(r, "guild_id", &id.v);
    if (e == ERR_OK)
        e = directory_preview(request_core(r), &r->principal, id, &view, &members);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    identity_keys(request_core(r), w, &view->guild, members);
    preview_keys(w, view);
    json_object_end(w);
    guild_view_unref(&view);
    return ERR_OK;
}

/* Who has only asked gets no more of the guild than its picture. */
static void write_entrance(struct request *r, const struct directory_entrance *in)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    if (in->how == DIRECTORY_JOINED) {
        proto_guild_keys(w, in->view);
        json_kv_bool(w, "show_verification_form", in->pending);
    } else {
        json_kv_id(w, "id", in->view->guild.id.v);
        json_kv_str(w, "name", in->view->guild.name);
        json_kv_str_or_null(w, "icon", in->view->guild.icon);
        proto_features(w, in->view->guild.features);
        json_kv_bool(w, "show_verification_form", false);
        json_key(w, "join_request");
        proto_join_request(w, &in->request);
    }
    json_object_end(w);
}

enum err route_directory_join(struct request *r)
{
    struct guild_id id;
    struct directory_entrance in = {.view = NULL};
    enum err e = request_param_id(r, "guild_id", &id.v);
    if (e == ERR_OK)
        e = directory_enter(request_core(r), &r->actor, id, &r->arena, &in);
    if (e != ERR_OK)
        return e;
    if (in.how == DIRECTORY_MEMBER)
        r->x->status = 204;
    else
        write_entrance(r, &in);
    guild_view_unref(&in.view);
    return ERR_OK;
}
