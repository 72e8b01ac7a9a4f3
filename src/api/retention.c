/* How long messages are kept. */

#include "core/retention.h"

#include "api/handlers.h"
#include "proto/bodies_retention.h"

static void keep(struct json_writer *w, uint64_t seconds)
{
    if (seconds == 0)
        json_kv_null(w, "keep_seconds");
    else
        json_kv_u64(w, "keep_seconds", seconds);
}

static enum err show(struct request *r)
{
    struct retention now;
    enum err e = retention_get(request_core(r), &r->access, &r->arena, &now);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    keep(w, now.guild_keep_s);
    json_key(w, "channels");
    json_array_begin(w);
    for (size_t i = 0; i < now.count; i++) {
        json_object_begin(w);
        json_kv_id(w, "channel_id", now.rules[i].channel.v);
        keep(w, now.rules[i].keep_s);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
    return ERR_OK;
}

enum err route_retention_get(struct request *r)
{
    return show(r);
}

static enum err set(struct request *r, uint64_t channel, bool remove)
{
    const struct body_retention *body = r->body;
    bool for_ever = remove || (body->null >> BODY_RETENTION_KEEP & 1);
    const struct retention_rule rule = {{channel}, for_ever ? 0 : (uint64_t)body->keep_seconds};
    enum err e = retention_set(request_core(r), &r->actor, &r->access, &rule, remove);
    return e == ERR_OK && !remove ? show(r) : e;
}

enum err route_retention_set(struct request *r)
{
    return set(r, 0, false);
}

enum err route_retention_set_channel(struct request *r)
{
    uint64_t id;
    enum err e = request_param_id(r, "channel_id", &id);
    return e == ERR_OK ? set(r, id, false) : e;
}

enum err route_retention_delete_channel(struct request *r)
{
    uint64_t id;
    enum err e = request_param_id(r, "channel_id", &id);
    return e == ERR_OK ? set(r, id, true) : e;
}
