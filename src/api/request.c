/* What handlers ask a request for: ids of the path, query parameters, form errors, addresses. */

#include "api/request.h"

#include <string.h>

#include "api/api_priv.h"
#include "base/clock.h"
#include "wire/utf8.h"

enum { QUERY_VALUE_MAX = 1024, ERROR_TEXT_MAX = 160, SHOWN_MAX = 64, HOST_MAX = 255 };

struct core *request_core(const struct request *r)
{
    return r->api->o.core;
}

struct slice request_id(const struct request *r)
{
    return slice_from(r->id);
}

struct slice request_address(const struct request *r)
{
    return r->address[0] != '\0' ? slice_from(r->address) : (struct slice){NULL, 0};
}

int64_t request_now_ms(const struct request *r)
{
    return clock_wall_ms(r->api->o.clock);
}

void request_form_error(struct request *r, const char *path, const char *code, const char *message)
{
    if (r->errors == NULL)
        r->errors = form_errors_new(&r->arena);
    if (r->errors != NULL)
        form_errors_add(r->errors, path, code, message);
}

enum err request_form_ok(const struct request *r)
{
    return r->errors != NULL && form_errors_any(r->errors) ? ERR_INVALID_FORM : ERR_OK;
}

static void form_error_coerce(struct request *r, const char *name, struct slice value,
                              const char *what)
{
    char text[ERROR_TEXT_MAX];
    int shown = value.len < SHOWN_MAX ? (int)value.len : SHOWN_MAX;
    snprintf(text, sizeof text, "Value \"%.*s\" is not %s.", shown, value.data, what);
    request_form_error(r, name, "NUMBER_TYPE_COERCE", text);
}

struct slice request_param(struct request *r, const char *name)
{
    const struct slice none = {NULL, 0};
    unsigned at = router_param_index(r->route->path, name);
    if (at >= r->match.param_count)
        return none;
    struct slice raw = r->match.params[at];
    char *plain = arena_alloc(&r->arena, raw.len + 1);
    size_t len;
    if (plain == NULL || !http_percent_decode(raw, plain, raw.len + 1, &len))
        return none;
    struct slice value = {plain, len};
    /* What is no text cannot name anything; a database may refuse to be asked for it. */
    return utf8_valid(value) && slice_find(value, '\0') == len ? value : none;
}

enum err request_param_id(struct request *r, const char *name, uint64_t *out)
{
    struct slice text = request_param(r, name);
    uint64_t id;
    if (text.data != NULL && slice_to_u64(text, &id) && id != 0) {
        *out = id;
        return ERR_OK;
    }
    form_error_coerce(r, name, text.data != NULL ? text : SLICE(""), "snowflake");
    return r->errors != NULL ? ERR_INVALID_FORM : ERR_NO_MEMORY;
}

struct slice request_query(struct request *r, const char *name)
{
    struct slice value = {NULL, 0};
    char scratch[QUERY_VALUE_MAX];
    if (!http_query_get(r->x->request->query, slice_from(name), scratch, sizeof scratch, &value))
        return (struct slice){NULL, 0};
    return arena_dup(&r->arena, value);
}

void request_query_id(struct request *r, const char *name, uint64_t *out)
{
    struct slice text = request_query(r, name);
    uint64_t id;
    if (text.data == NULL)
        return;
    if (slice_to_u64(text, &id))
        *out = id;
    else
        form_error_coerce(r, name, text, "snowflake");
}

void request_query_int(struct request *r, const char *name, int64_t min, int64_t max, int64_t *out)
{
    struct slice text = request_query(r, name);
    char message[ERROR_TEXT_MAX];
    int64_t number;
    if (text.data == NULL)
        return;
    if (!slice_to_i64(text, &number)) {
        form_error_coerce(r, name, text, "int");
    } else if (number < min || number > max) {
        bool low = number < min;
        snprintf(message, sizeof message, "int value should be %s than or equal to %lld.",
                 low ? "greater" : "less", (long long)(low ? min : max));
        request_form_error(r, name, low ? "NUMBER_TYPE_MIN" : "NUMBER_TYPE_MAX", message);
    } else {
        *out = number;
    }
}

void request_query_bool(struct request *r, const char *name, bool *out)
{
    struct slice text = request_query(r, name);
    if (text.data == NULL)
        return;
    if (slice_eq_nocase(text, SLICE("true")) || slice_eq(text, SLICE("1")))
        *out = true;
    else if (slice_eq_nocase(text, SLICE("false")) || slice_eq(text, SLICE("0")))
        *out = false;
    else
        request_form_error(r, name, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
}

/* The Host header goes into a reply: only what a host and port are made of passes. */
static bool host_plausible(struct slice host)
{
    if (host.len == 0 || host.len > HOST_MAX)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.data[i];
        bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!alnum && (c == '\0' || strchr("-._:[]", c) == NULL))
            return false;
    }
    return true;
}

void request_write_url(struct request *r, struct buf *out, bool websocket)
{
    struct slice host = r->api->url_host;
    bool secure = r->api->url_secure;
    if (host.data == NULL) {
        host = http_header_get(r->x->request, SLICE("host"));
        secure = r->x->secure ||
                 slice_eq_nocase(http_header_get(r->x->request, SLICE("x-forwarded-proto")),
                                 SLICE("https"));
    }
    buf_append_cstr(out, websocket ? "ws" : "http");
    buf_append_cstr(out, secure ? "s://" : "://");
    buf_append_slice(out, host_plausible(host) ? host : SLICE("localhost"));
}
