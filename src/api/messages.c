/* Messages of channels. */

#include "core/messages.h"

#include "api/handlers.h"
#include "api/message_draft.h"
#include "api/message_write.h"
#include "model/permissions.h"

enum { PAGE_DEFAULT = 50 };

static bool takes_messages(enum channel_type type)
{
    return type != CHANNEL_TYPE_CATEGORY && type != CHANNEL_TYPE_FORUM &&
           type != CHANNEL_TYPE_MEDIA;
}

enum err route_messages_create(struct request *r)
{
    struct message_draft draft;
    struct message message;
    if (!takes_messages(r->access.channel->type))
        return ERR_NON_TEXT_CHANNEL;
    enum err e = message_draft_read(r, &draft);
    if (e != ERR_OK)
        return e;
    draft.wait_ms = &r->wait_ms;
    e = message_post(request_core(r), &r->actor, &r->access, &draft, &r->arena, &message);
    message_draft_problem(r, e, draft.problem);
    if (e == ERR_UNKNOWN_MESSAGE) {
        request_form_error(r, "message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message");
        return ERR_INVALID_FORM;
    }
    if (e == ERR_OK)
        proto_message(reply_json(r), &message, message_shown(&r->principal, &message));
    return e;
}

static bool may_read_history(const struct request *r)
{
    return (r->access.permissions & PERMISSION_READ_MESSAGE_HISTORY) != 0;
}

static enum err read_page(struct request *r, struct message_page *page)
{
    int64_t limit = PAGE_DEFAULT;
    request_query_id(r, "before", &page->before.v);
    request_query_id(r, "after", &page->after.v);
    if (page->after.v == 0 && request_query(r, "after").data != NULL)
        page->after.v = 1; /* after=0 is the beginning, where pollers start, and no id is below 1 */
    request_query_id(r, "around", &page->around.v);
    request_query_int(r, "limit", 1, LIMIT_MESSAGES_PAGE, &limit);
    page->limit = (unsigned)limit;
    /* Of several, Discord takes one; so that the answer never depends on chance: this order. */
    if (page->around.v != 0)
        page->before.v = page->after.v = 0;
    else if (page->before.v != 0)
        page->after.v = 0;
    return request_form_ok(r);
}

/* Without READ_MESSAGE_HISTORY the list is empty, not refused (docs, "Get Channel Messages"). */
enum err route_messages_list(struct request *r)
{
    struct message_page page = {0};
    struct message *messages = NULL;
    size_t count = 0;
    enum err e = read_page(r, &page);
    if (e == ERR_OK && may_read_history(r))
        e = message_list(request_core(r), &r->access, &page, &r->arena, &messages, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        message_write(r, w, &messages[i]);
    json_array_end(w);
    return ERR_OK;
}

enum err route_messages_get(struct request *r)
{
    struct message_id id;
    struct message message;
    enum err e = request_param_id(r, "message_id", &id.v);
    if (e == ERR_OK)
        e = message_get(request_core(r), &r->access, id, &r->arena, &message);
    if (e == ERR_OK)
        message_write(r, reply_json(r), &message);
    return e;
}

enum err route_messages_edit(struct request *r)
{
    struct message_edit edit;
    struct message_id id;
    struct message message;
    enum err e = request_param_id(r, "message_id", &id.v);
    if (e == ERR_OK)
        e = message_edit_read(r, &edit);
    if (e == ERR_OK) {
        e = message_edit(request_core(r), &r->actor, &r->access, id, &edit, &r->arena, &message);
        message_draft_problem(r, e, edit.problem);
    }
    if (e == ERR_OK)
        message_write(r, reply_json(r), &message);
    return e;
}

enum err route_messages_delete(struct request *r)
{
    struct message_id id;
    enum err e = request_param_id(r, "message_id", &id.v);
    return e != ERR_OK ? e : message_delete(request_core(r), &r->actor, &r->access, id);
}
