/* Many messages deleted at once; messages published. */

#include "core/bulk_delete.h"

#include "api/message_write.h"
#include "core/crosspost.h"
#include "proto/bodies_polls.h"

enum err route_messages_bulk_delete(struct request *r)
{
    const struct body_bulk_delete *body = r->body;
    const struct body_id_item *items = body->messages.items;
    uint64_t *ids = arena_array(&r->arena, body->messages.count + 1, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < body->messages.count; i++)
        ids[i] = items[i].value;
    return messages_bulk_delete(request_core(r), &r->actor, &r->access, ids, body->messages.count);
}

enum err route_messages_crosspost(struct request *r)
{
    struct message_id id;
    struct message message;
    enum err e = request_param_id(r, "message_id", &id.v);
    if (e == ERR_OK)
        e = message_crosspost(request_core(r), &r->actor, &r->access, id, &r->arena, &message);
    if (e == ERR_OK)
        message_write(r, reply_json(r), &message);
    return e;
}
