/* Probes and metrics, for the machines that watch this one. */

#include "api/api_priv.h"
#include "api/handlers.h"
#include "base/bytes.h"

enum err route_health_live(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_cstr(w, "status", "ok");
    json_object_end(w);
    return ERR_OK;
}

enum err route_health_ready(struct request *r)
{
    const struct api_options *o = &r->api->o;
    const char *trouble = o->trouble != NULL ? o->trouble(o->trouble_ctx) : NULL;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_cstr(w, "status", trouble == NULL ? "ready" : "not ready");
    if (trouble != NULL) {
        json_kv_cstr(w, "reason", trouble);
        r->x->status = 503;
        buf_append_cstr(&r->x->head, "Retry-After: 1\r\n");
    }
    json_object_end(w);
    return ERR_OK;
}

enum err route_health_metrics(struct request *r)
{
    if (!r->api->o.metrics_route)
        return ERR_NOT_FOUND;
    metrics_set(r->api->o.metrics, METRIC_EVENT_BYTES, (int64_t)bytes_live());
    metrics_render(r->api->o.metrics, reply_body(r, SLICE("text/plain; version=0.0.4")));
    return ERR_OK;
}
