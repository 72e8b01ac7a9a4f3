/* Voice, as far as there is data about it: one region, status lines, and nobody connected. */

#include "api/handlers.h"
#include "core/channels.h"
#include "proto/bodies_channels.h"

enum err route_voice_regions(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    json_object_begin(w);
    json_kv_cstr(w, "id", "local");
    json_kv_cstr(w, "name", "This server");
    json_kv_bool(w, "optimal", true);
    json_kv_bool(w, "deprecated", false);
    json_kv_bool(w, "custom", false);
    json_object_end(w);
    json_array_end(w);
    return ERR_OK;
}

/* Of nobody, until somebody can connect. */
enum err route_voice_state(struct request *r)
{
    (void)r;
    return ERR_UNKNOWN_VOICE_STATE;
}

enum err route_voice_status(struct request *r)
{
    const struct body_voice_status *body = r->body;
    return channel_voice_status(request_core(r), &r->actor, &r->access, body->status);
}
