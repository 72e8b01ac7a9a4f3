/*
 * Why somebody may or may not do each thing: an addition of ours, for administrators. The subject's
 * roles and the structure are taken at one moment, and what they add up to is not computed here.
 */

#include "api/handlers.h"
#include "api/request.h"

/* Either name: the short one is what a person types. */
static uint64_t query_either(struct request *r, const char *name, const char *brief)
{
    uint64_t id = 0;
    request_query_id(r, name, &id);
    if (id == 0)
        request_query_id(r, brief, &id);
    return id;
}

static const char *reason_name(enum permission_reason reason)
{
    static const char *const names[] = {
        [PERMISSION_REASON_NONE] = "none",
        [PERMISSION_REASON_OWNER] = "owner",
        [PERMISSION_REASON_ADMINISTRATOR] = "administrator",
        [PERMISSION_REASON_EVERYONE] = "everyone",
        [PERMISSION_REASON_ROLE] = "role",
        [PERMISSION_REASON_OVERWRITE] = "overwrite",
        [PERMISSION_REASON_IMPLIED] = "implied",
        [PERMISSION_REASON_TIMED_OUT] = "timeout",
        [PERMISSION_REASON_PENDING] = "pending",
    };
    return names[reason];
}

static void write_reason(struct json_writer *w, const struct permission_verdict *v)
{
    json_object_begin(w);
    json_kv_cstr(w, "kind", reason_name(v->reason));
    if (v->reason == PERMISSION_REASON_ROLE || v->reason == PERMISSION_REASON_EVERYONE ||
        v->reason == PERMISSION_REASON_ADMINISTRATOR)
        json_kv_id(w, "role_id", v->id);
    if (v->reason == PERMISSION_REASON_OVERWRITE) {
        json_key(w, "overwrite");
        json_object_begin(w);
        json_kv_id(w, "id", v->id);
        json_kv_u64(w, "type", (uint64_t)v->overwrite);
        json_object_end(w);
    }
    if (v->reason == PERMISSION_REASON_IMPLIED)
        json_kv_cstr(w, "because", permission_name(v->because));
    json_object_end(w);
}

static void write_bits(struct json_writer *w, const struct permission_explanation *x)
{
    json_array_begin(w);
    for (unsigned bit = 0; bit < 64; bit++) {
        if (permission_name(bit) == NULL)
            continue;
        json_object_begin(w);
        json_kv_cstr(w, "name", permission_name(bit));
        json_kv_u64(w, "bit", bit);
        json_kv_bool(w, "allowed", x->bits[bit].allowed);
        json_key(w, "decided_by");
        write_reason(w, &x->bits[bit]);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_explanation(struct json_writer *w, const struct access *of,
                              const struct channel *channel, int64_t now_ms)
{
    struct permission_explanation x;
    permissions_explain(of->view, &of->subject, channel, now_ms, &x);
    json_object_begin(w);
    json_kv_id(w, "user_id", of->subject.user.v);
    json_kv_id_or_null(w, "channel_id", channel == NULL ? 0 : channel->id.v);
    json_kv_bool(w, "owner", x.owner);
    json_kv_id(w, "permissions", x.permissions);
    json_kv_id(w, "before_implied", x.before_implied);
    json_key(w, "bits");
    write_bits(w, &x);
    json_object_end(w);
}

enum err route_permissions_explain(struct request *r)
{
    struct access of;
    uint64_t user = query_either(r, "user_id", "user");
    uint64_t channel = query_either(r, "channel_id", "channel");
    if (user == 0 && request_form_ok(r) == ERR_OK)
        request_form_error(r, "user_id", "BASE_TYPE_REQUIRED", "This field is required");
    enum err e = request_form_ok(r);
    if (e != ERR_OK)
        return e;
    struct principal who = {.user = {user}, .tenant = r->principal.tenant};
    e = access_guild(request_core(r), &who, r->access.view->guild.id, &r->arena, &of);
    if (e != ERR_OK)
        return e == ERR_MISSING_ACCESS ? ERR_UNKNOWN_MEMBER : e;
    const struct channel *c = guild_view_channel(of.view, (struct channel_id){channel});
    if (channel != 0 && c == NULL)
        e = ERR_UNKNOWN_CHANNEL;
    else
        write_explanation(reply_json(r), &of, c, request_now_ms(r));
    access_end(&of);
    return e;
}
