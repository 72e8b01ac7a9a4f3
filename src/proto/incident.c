/* Incidents data. A moment that has passed stays in it until it is replaced: clients compare. */

#include "proto/incident.h"

void proto_incidents(struct json_writer *w, const struct guild *g)
{
    json_object_begin(w);
    json_kv_time_or_null(w, "invites_disabled_until", g->invites_disabled_until_ms);
    json_kv_time_or_null(w, "dms_disabled_until", g->dms_disabled_until_ms);
    json_object_end(w);
}

void proto_incidents_or_null(struct json_writer *w, const struct guild *g)
{
    if (g->invites_disabled_until_ms == 0 && g->dms_disabled_until_ms == 0)
        json_write_null(w);
    else
        proto_incidents(w, g);
}
