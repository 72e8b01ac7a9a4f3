/* Polls: votes, and the end. They are asked with a message (messages.c). */

#include "core/polls.h"

#include "api/message_write.h"
#include "proto/bodies_polls.h"
#include "proto/user.h"

enum { VOTERS_PAGE = 25 };

enum err route_polls_voters(struct request *r)
{
    struct message_id id;
    uint64_t answer = 0;
    struct user_id after = {0};
    int64_t limit = VOTERS_PAGE;
    struct user *list = NULL;
    size_t count = 0;
    request_query_id(r, "after", &after.v);
    request_query_int(r, "limit", 1, LIMIT_REACTORS_PAGE, &limit);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = request_param_id(r, "message_id", &id.v);
    if (e == ERR_OK)
        e = request_param_id(r, "answer_id", &answer);
    if (e == ERR_OK)
        e = poll_voters(request_core(r), &r->access, id, answer, after, (size_t)limit, &r->arena,
                        &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_key(w, "users");
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_user(w, &list[i]);
    json_array_end(w);
    json_object_end(w);
    return ERR_OK;
}

enum err route_polls_vote(struct request *r)
{
    const struct body_poll_vote *body = r->body;
    const struct body_id_item *items = body->answer_ids.items;
    uint64_t answers[LIMIT_POLL_ANSWERS];
    struct message_id id;
    size_t wrong = 0;
    enum err e = request_param_id(r, "message_id", &id.v);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < body->answer_ids.count; i++)
        answers[i] = items[i].value;
    e = poll_vote(request_core(r), &r->actor, &r->access, id, answers, body->answer_ids.count,
                  &wrong);
    if (e == ERR_INVALID_FORM) {
        const char *path = arena_printf(&r->arena, "answer_ids.%zu", wrong);
        request_form_error(r, path != NULL ? path : "answer_ids", "POLL_ANSWER_INVALID",
                           "Not an answer of this poll, or one more than it takes.");
    }
    return e;
}

enum err route_polls_expire(struct request *r)
{
    struct message_id id;
    struct message message;
    enum err e = request_param_id(r, "message_id", &id.v);
    if (e == ERR_OK)
        e = poll_end(request_core(r), &r->actor, &r->access, id, &r->arena, &message);
    if (e == ERR_OK)
        message_write(r, reply_json(r), &message);
    return e;
}
