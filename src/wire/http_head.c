/*
 * A complete head becomes a request. llhttp cuts it into target, names and values; what decides
 * where the message ends (RFC 9112 §6) is judged here a second time and more strictly, because a
 * front proxy may read the same bytes by other rules.
 */

#include <assert.h>
#include <string.h>

#include "wire/http_priv.h"

/* The fields that this layer acts on. */
enum known_id {
    KNOWN_HOST,
    KNOWN_EXPECT,
    KNOWN_UPGRADE,
    KNOWN_CONNECTION,
    KNOWN_CONTENT_LENGTH,
    KNOWN_TRANSFER_ENCODING,
    KNOWN_WS_KEY,
    KNOWN_WS_VERSION,
    KNOWN_COUNT
};

struct known {
    struct slice value; /* of the first */
    unsigned count;
};

static const struct slice known_names[KNOWN_COUNT] = {
    [KNOWN_HOST] = {"host", 4},
    [KNOWN_EXPECT] = {"expect", 6},
    [KNOWN_UPGRADE] = {"upgrade", 7},
    [KNOWN_CONNECTION] = {"connection", 10},
    [KNOWN_CONTENT_LENGTH] = {"content-length", 14},
    [KNOWN_TRANSFER_ENCODING] = {"transfer-encoding", 17},
    [KNOWN_WS_KEY] = {"sec-websocket-key", 17},
    [KNOWN_WS_VERSION] = {"sec-websocket-version", 21},
};

bool http_is_tchar(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-')
        return true;
    return c != 0 && strchr("!#$%&'*+.^_`|~", c) != NULL;
}

/* --- llhttp's callbacks: the whole head is in one piece, so spans only ever extend --- */

static void extend(struct slice *s, const char *at, size_t len)
{
    if (s->len == 0)
        s->data = at;
    s->len = (size_t)(at + len - s->data);
}

static int on_url(llhttp_t *l, const char *at, size_t len)
{
    struct http_parser *p = l->data;
    extend(&p->request.target, at, len);
    return 0;
}

static int on_header_field(llhttp_t *l, const char *at, size_t len)
{
    struct http_parser *p = l->data;
    struct http_request *r = &p->request;
    if (!p->field_open) {
        if (r->header_count == LIMIT_HTTP_HEADERS)
            return HPE_USER;
        r->headers[r->header_count++] = (struct http_header){{at, 0}, {at, 0}};
        p->field_open = true;
    }
    extend(&r->headers[r->header_count - 1].name, at, len);
    return 0;
}

static int on_header_value(llhttp_t *l, const char *at, size_t len)
{
    struct http_parser *p = l->data;
    assert(p->request.header_count > 0);
    extend(&p->request.headers[p->request.header_count - 1].value, at, len);
    return 0;
}

static int on_header_value_complete(llhttp_t *l)
{
    struct http_parser *p = l->data;
    struct slice *value = &p->request.headers[p->request.header_count - 1].value;
    *value = slice_trim(*value);
    p->field_open = false;
    return 0;
}

/* What follows the head is not llhttp's business: see http_chunked.c. */
static int on_headers_complete(llhttp_t *l)
{
    (void)l;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
};

static bool tokenise(struct http_parser *p)
{
    llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
    p->llhttp.data = p;
    p->field_open = false;
    return llhttp_execute(&p->llhttp, p->head.data, p->head.len) == HPE_PAUSED;
}

/* --- the request line --- */

static enum http_method method_of(uint8_t method)
{
    switch (method) {
    case HTTP_GET:
        return HTTP_METHOD_GET;
    case HTTP_HEAD:
        return HTTP_METHOD_HEAD;
    case HTTP_POST:
        return HTTP_METHOD_POST;
    case HTTP_PUT:
        return HTTP_METHOD_PUT;
    case HTTP_PATCH:
        return HTTP_METHOD_PATCH;
    case HTTP_DELETE:
        return HTTP_METHOD_DELETE;
    case HTTP_OPTIONS:
        return HTTP_METHOD_OPTIONS;
    default:
        return HTTP_METHOD_OTHER;
    }
}

/* Exactly "METHOD SP target SP HTTP/1.x CRLF": llhttp knows other protocols and more spaces. */
static bool line_is_strict(const struct http_parser *p)
{
    struct slice target = p->request.target;
    const char *line_end = memchr(p->head.data, '\r', p->head.len);
    const char *after = target.data + target.len;
    size_t method_len = (size_t)(target.data - p->head.data) - 1;
    if (memchr(p->head.data, ' ', method_len) || line_end - after != 9)
        return false;
    return memcmp(after, " HTTP/1.0", 9) == 0 || memcmp(after, " HTTP/1.1", 9) == 0;
}

/* Printable ASCII, no fragment. */
static bool target_is_clean(struct slice target)
{
    for (size_t i = 0; i < target.len; i++)
        if (target.data[i] <= 0x20 || target.data[i] >= 0x7F || target.data[i] == '#')
            return false;
    return true;
}

/* Where the path starts: an absolute target (RFC 9112 §3.2.2) carries scheme and host first. */
static struct slice skip_authority(struct slice target)
{
    if (target.data[0] == '/' || target.data[0] == '*')
        return target;
    size_t i = slice_find(target, '/');
    if (i + 1 >= target.len || target.data[i + 1] != '/')
        return target; /* CONNECT's host:port */
    i += 2;
    while (i < target.len && target.data[i] != '/' && target.data[i] != '?')
        i++;
    return slice_of(target.data + i, target.len - i);
}

static void split_target(struct http_request *r)
{
    struct slice rest = skip_authority(r->target);
    size_t mark = slice_find(rest, '?');
    r->path = slice_of(rest.data, mark);
    if (mark == 0)
        r->path = SLICE("/");
    r->query = mark < rest.len ? slice_of(rest.data + mark + 1, rest.len - mark - 1)
                               : slice_of(rest.data + rest.len, 0);
}

static enum err take_line(struct http_parser *p)
{
    struct http_request *r = &p->request;
    if (r->target.len == 0 || !line_is_strict(p))
        return ERR_BAD_REQUEST;
    if (r->target.len > LIMIT_HTTP_TARGET_BYTES)
        return ERR_URI_TOO_LONG;
    if (!target_is_clean(r->target))
        return ERR_BAD_REQUEST;
    r->method = method_of(p->llhttp.method);
    split_target(r);
    return ERR_OK;
}

/* --- the fields --- */

static bool name_is_token(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!http_is_tchar(name.data[i]))
            return false;
    return name.len > 0;
}

static bool take_known(const struct http_request *r, struct known known[KNOWN_COUNT])
{
    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_header *h = &r->headers[i];
        if (!name_is_token(h->name))
            return false;
        for (size_t k = 0; k < KNOWN_COUNT; k++) {
            if (h->name.len != known_names[k].len || !slice_eq_nocase(h->name, known_names[k]))
                continue;
            if (known[k].count++ == 0)
                known[k].value = h->value;
            break;
        }
    }
    return true;
}

/* Whether any field of that name lists the token. */
static bool lists(const struct http_request *r, enum known_id id, struct slice token)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (!slice_eq_nocase(r->headers[i].name, known_names[id]))
            continue;
        struct slice rest = r->headers[i].value;
        struct slice part;
        while (slice_next(&rest, ',', &part))
            if (slice_eq_nocase(slice_trim(part), token))
                return true;
    }
    return false;
}

static bool host_is_valid(const struct known *host, bool http11)
{
    if (host->count != 1)
        return host->count == 0 && !http11;
    for (size_t i = 0; i < host->value.len; i++)
        if (strchr(" \t,/\\@?#", host->value.data[i]))
            return false;
    return true;
}

/* Only "chunked", once, in HTTP/1.1: whatever else is a coding that we lack, or nonsense. */
static enum err judge_transfer_coding(const struct http_request *r, bool http11)
{
    unsigned chunked = 0;
    for (size_t i = 0; i < r->header_count; i++) {
        if (!slice_eq_nocase(r->headers[i].name, known_names[KNOWN_TRANSFER_ENCODING]))
            continue;
        struct slice rest = r->headers[i].value;
        struct slice part;
        while (slice_next(&rest, ',', &part)) {
            if (!slice_eq_nocase(slice_trim(part), SLICE("chunked")))
                return ERR_NOT_IMPLEMENTED;
            chunked++;
        }
    }
    return chunked == 1 && http11 ? ERR_OK : ERR_BAD_REQUEST;
}

static enum err frame_by_length(struct http_parser *p, const struct known *length)
{
    uint64_t n = 0;
    if (length->count != 1 || !slice_to_u64(length->value, &n) || n != p->llhttp.content_length)
        return ERR_BAD_REQUEST;
    bool is_upload = n > p->limits.body_bytes_max;
    if (is_upload && n > p->limits.upload_bytes_max && n > p->limits.stream_bytes_max)
        return ERR_ENTITY_TOO_LARGE;
    p->request.is_upload = is_upload;
    p->request.declared = n;
    p->body.max = is_upload ? p->limits.upload_bytes_max : p->limits.body_bytes_max;
    p->body_left = n;
    p->stage = n > 0 ? HTTP_STAGE_BODY : HTTP_STAGE_COMPLETE;
    return ERR_OK;
}

/* Where the message ends (RFC 9112 §6.3). */
static enum err frame(struct http_parser *p, const struct known known[KNOWN_COUNT], bool http11)
{
    const struct known *coding = &known[KNOWN_TRANSFER_ENCODING];
    const struct known *length = &known[KNOWN_CONTENT_LENGTH];
    if (coding->count > 0) {
        if (length->count > 0)
            return ERR_BAD_REQUEST;
        enum err e = judge_transfer_coding(&p->request, http11);
        if (e)
            return e;
        p->body.max = p->limits.body_bytes_max;
        p->request.is_chunked = true;
        http_chunks_init(&p->chunks, p->limits.head_bytes_max, p->limits.body_bytes_max);
        p->stage = HTTP_STAGE_CHUNKED;
        return ERR_OK;
    }
    if (length->count > 0)
        return frame_by_length(p, length);
    p->stage = HTTP_STAGE_COMPLETE;
    return ERR_OK;
}

static bool key_is_valid(struct slice key)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (key.len != 24 || key.data[22] != '=' || key.data[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++)
        if (key.data[i] == 0 || !strchr(alphabet, key.data[i]))
            return false;
    return true;
}

static bool asks_for_websocket(const struct http_parser *p, const struct known known[KNOWN_COUNT],
                               bool http11)
{
    const struct http_request *r = &p->request;
    return r->method == HTTP_METHOD_GET && http11 && p->stage == HTTP_STAGE_COMPLETE &&
           known[KNOWN_UPGRADE].count > 0 && known[KNOWN_WS_KEY].count == 1 &&
           known[KNOWN_WS_VERSION].count == 1 &&
           slice_eq(known[KNOWN_WS_VERSION].value, SLICE("13")) &&
           key_is_valid(known[KNOWN_WS_KEY].value) && lists(r, KNOWN_UPGRADE, SLICE("websocket")) &&
           lists(r, KNOWN_CONNECTION, SLICE("upgrade"));
}

static void take_connection(struct http_parser *p, const struct known known[KNOWN_COUNT],
                            bool http11)
{
    struct http_request *r = &p->request;
    bool named = known[KNOWN_CONNECTION].count > 0;
    bool close = named && lists(r, KNOWN_CONNECTION, SLICE("close"));
    bool keep = http11 || (named && lists(r, KNOWN_CONNECTION, SLICE("keep-alive")));
    r->keep_alive = keep && !close;
    r->expect_continue = http11 && p->stage != HTTP_STAGE_COMPLETE &&
                         slice_eq_nocase(known[KNOWN_EXPECT].value, SLICE("100-continue"));
    r->upgrade_websocket = asks_for_websocket(p, known, http11);
}

enum err http_head_parse(struct http_parser *p)
{
    struct known known[KNOWN_COUNT] = {0};
    if (!tokenise(p))
        return ERR_BAD_REQUEST;
    enum err e = take_line(p);
    if (e)
        return e;
    bool http11 = p->llhttp.http_minor == 1;
    if (!take_known(&p->request, known) || !host_is_valid(&known[KNOWN_HOST], http11))
        return ERR_BAD_REQUEST;
    e = frame(p, known, http11);
    if (e)
        return e;
    take_connection(p, known, http11);
    return ERR_OK;
}
