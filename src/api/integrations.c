/* Applications in guilds. */

#include "core/integrations.h"

#include "api/handlers.h"
#include "proto/integration.h"

enum err route_integrations_list(struct request *r)
{
    struct integration *list;
    size_t count;
    enum err e =
        integrations_list(request_core(r), r->access.view->guild.id, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_integration(w, &list[i]);
    json_array_end(w);
    return ERR_OK;
}

enum err route_integrations_delete(struct request *r)
{
    uint64_t id;
    enum err e = request_param_id(r, "integration_id", &id);
    return e == ERR_OK ? integration_remove(request_core(r), &r->actor, &r->access, id) : e;
}
