/* Requests to join, for those who ask and those who decide. */

#include "core/join_requests.h"

#include "api/handlers.h"
#include "core/screening.h"
#include "proto/bodies_invites.h"
#include "proto/join_request.h"

enum { PAGE_MAX = 100 };

static enum err read_page(struct request *r, struct join_request_page *page)
{
    int64_t limit = PAGE_MAX;
    struct slice status = request_query(r, "status");
    *page = (struct join_request_page){.guild = r->access.view->guild.id,
                                       .status = JOIN_REQUEST_SUBMITTED};
    if (status.data != NULL && !join_request_status_of(status, &page->status))
        request_form_error(r, "status", "BASE_TYPE_CHOICES",
                           "Value must be one of ('SUBMITTED', 'APPROVED', 'REJECTED').");
    request_query_int(r, "limit", 1, PAGE_MAX, &limit);
    request_query_id(r, "before", &page->before);
    request_query_id(r, "after", &page->after);
    page->limit = (size_t)limit;
    return request_form_ok(r);
}

enum err route_requests_list(struct request *r)
{
    struct join_request_page page;
    struct join_request_list list;
    enum err e = read_page(r, &page);
    if (e == ERR_OK)
        e = join_request_list(request_core(r), &page, &r->arena, &list);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_key(w, "guild_join_requests");
    json_array_begin(w);
    for (size_t i = 0; i < list.count; i++)
        proto_join_request(w, &list.items[i]);
    json_array_end(w);
    json_kv_u64(w, "total", list.total);
    json_kv_u64(w, "limit", page.limit);
    json_object_end(w);
    return ERR_OK;
}

enum err route_requests_mine(struct request *r)
{
    struct guild_id id;
    struct join_request mine;
    enum err e = request_param_id(r, "guild_id", &id.v);
    if (e == ERR_OK)
        e = join_request_mine(request_core(r), &r->principal, id, &r->arena, &mine);
    if (e == ERR_OK)
        proto_join_request(reply_json(r), &mine);
    return e;
}

enum err route_requests_cooldown(struct request *r)
{
    struct guild_id id;
    uint64_t wait_s;
    enum err e = request_param_id(r, "guild_id", &id.v);
    if (e == ERR_OK)
        e = join_request_wait(request_core(r), &r->principal, id, &r->arena, &wait_s);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_u64(w, "cooldown", wait_s);
    json_object_end(w);
    return ERR_OK;
}

enum err route_requests_delete(struct request *r)
{
    struct guild_id id;
    enum err e = request_param_id(r, "guild_id", &id.v);
    return e == ERR_OK ? join_request_withdraw(request_core(r), &r->actor, id) : e;
}

enum err route_requests_decide(struct request *r)
{
    const struct body_request_action *body = r->body;
    enum join_request_status wish;
    struct join_request done;
    uint64_t id;
    enum err e = request_param_id(r, "request_id", &id);
    if (e != ERR_OK)
        return e;
    if (!join_request_status_of(body->action, &wish) || wish == JOIN_REQUEST_SUBMITTED) {
        request_form_error(r, "action", "BASE_TYPE_CHOICES",
                           "Value must be one of ('APPROVED', 'REJECTED').");
        return ERR_INVALID_FORM;
    }
    const struct join_request_verdict verdict = {.approved = wish == JOIN_REQUEST_APPROVED,
                                                 .rejection_reason = body->rejection_reason};
    e = join_request_decide(request_core(r), &r->actor, &r->access, id, &verdict, &r->arena, &done);
    if (e == ERR_OK)
        proto_join_request(reply_json(r), &done);
    return e;
}
