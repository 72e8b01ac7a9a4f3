/* Replies: JSON, errors in Discord's words, and the header lines that all of them carry. */

#include <assert.h>

#include "api/api_priv.h"

static const struct slice TYPE_JSON = {"application/json", sizeof "application/json" - 1};

struct json_writer *reply_json(struct request *r)
{
    json_begin(&r->writer, reply_body(r, TYPE_JSON));
    return &r->writer;
}

struct buf *reply_body(struct request *r, struct slice content_type)
{
    buf_reset(&r->x->body);
    r->x->content_type = content_type;
    return &r->x->body;
}

static void write_limited(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_cstr(w, "message", err_info(ERR_RATE_LIMITED)->text);
    json_key(w, "retry_after");
    json_write_real(w, (double)r->verdict.reset_after_ms / 1000.0, 3);
    json_kv_bool(w, "global", r->limit == REQUEST_LIMIT_GLOBAL);
    json_object_end(w);
}

static void write_plain(struct request *r, const struct err_info *info)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_str(w, "message", r->refusal.data != NULL ? r->refusal : slice_from(info->text));
    json_kv_i64(w, "code", info->json_code);
    json_object_end(w);
}

/* A limit of the channel, not of the API: its own code, and when it ends (docs, "Rate Limits"). */
static void write_slow_mode(struct request *r, const struct err_info *info)
{
    struct json_writer *w = reply_json(r);
    uint64_t seconds = (r->wait_ms + 999) / 1000;
    json_object_begin(w);
    json_kv_cstr(w, "message", info->text);
    json_kv_i64(w, "code", info->json_code);
    json_key(w, "retry_after");
    json_write_real(w, (double)r->wait_ms / 1000.0, 3);
    json_kv_bool(w, "global", false);
    json_object_end(w);
    buf_printf(&r->x->head, "Retry-After: %llu\r\n",
               (unsigned long long)(seconds > 0 ? seconds : 1));
}

/* Errors that are nobody's answer (gateway, startup) would be a bug here; the client sees 500. */
void reply_error(struct request *r, enum err e)
{
    assert(e != ERR_OK);
    const struct err_info *info = err_info(e);
    if (info->http_status == 0)
        info = err_info(ERR_INTERNAL);
    r->x->status = info->http_status;
    r->x->rest = 0;
    if (e == ERR_RATE_LIMITED)
        write_limited(r);
    else if (e == ERR_SLOWMODE)
        write_slow_mode(r, info);
    else if (e == ERR_INVALID_FORM && r->errors != NULL)
        form_errors_write(r->errors, reply_body(r, TYPE_JSON));
    else
        write_plain(r, info);
    if (info->http_status == 503)
        buf_append_cstr(&r->x->head, "Retry-After: 1\r\n");
}

void reply_write_head(struct request *r)
{
    struct buf *head = &r->x->head;
    buf_append_slice(head, SLICE("Access-Control-Allow-Origin: *\r\nX-Request-Id: "));
    buf_append_slice(head, request_id(r));
    buf_append_slice(head, SLICE("\r\n"));
    limits_write_headers(r);
}

void reply_write_methods(struct buf *out, unsigned allowed)
{
    const char *separator = "";
    for (unsigned m = 0; m < HTTP_METHOD_OTHER; m++) {
        if (!(allowed & 1u << m))
            continue;
        buf_append_cstr(out, separator);
        buf_append_cstr(out, http_method_name((enum http_method)m));
        separator = ", ";
    }
}

/* Any origin may call: the token is in a header that a page must have been given, never in a
 * cookie. */
void reply_preflight(struct request *r)
{
    struct buf *head = &r->x->head;
    r->x->status = 204;
    buf_append_cstr(head, "Access-Control-Allow-Methods: ");
    reply_write_methods(head, r->match.allowed);
    buf_append_cstr(head, "\r\nAccess-Control-Allow-Headers: Authorization, Content-Type, "
                          "X-Audit-Log-Reason, X-Request-Id\r\n"
                          "Access-Control-Max-Age: 86400\r\n");
}
