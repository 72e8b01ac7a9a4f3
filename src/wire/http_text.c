/* What callers do with the parts of a request, and the words that HTTP has for numbers. */

#include "wire/http.h"

struct slice http_header_get(const struct http_request *r, struct slice name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (r->headers[i].name.len == name.len && slice_eq_nocase(r->headers[i].name, name))
            return r->headers[i].value;
    return (struct slice){0};
}

const char *http_method_name(enum http_method m)
{
    static const char *const names[HTTP_METHOD_COUNT] = {
        [HTTP_METHOD_GET] = "GET",         [HTTP_METHOD_HEAD] = "HEAD",
        [HTTP_METHOD_POST] = "POST",       [HTTP_METHOD_PUT] = "PUT",
        [HTTP_METHOD_PATCH] = "PATCH",     [HTTP_METHOD_DELETE] = "DELETE",
        [HTTP_METHOD_OPTIONS] = "OPTIONS", [HTTP_METHOD_OTHER] = "OTHER",
    };
    return (unsigned)m < HTTP_METHOD_COUNT ? names[m] : "OTHER";
}

/* RFC 9110 §15 and RFC 6585. */
const char *http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "Unknown";
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode(struct slice in, bool plus_is_space, char *out, size_t capacity, size_t *len)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.data[i];
        if (c == '%') {
            if (in.len - i < 3 || hex_value(in.data[i + 1]) < 0 || hex_value(in.data[i + 2]) < 0)
                return false;
            c = (char)(hex_value(in.data[i + 1]) << 4 | hex_value(in.data[i + 2]));
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (n == capacity)
            return false;
        out[n++] = c;
    }
    *len = n;
    return true;
}

bool http_percent_decode(struct slice in, char *out, size_t capacity, size_t *len)
{
    return decode(in, false, out, capacity, len);
}

/* Names are compared as they are sent, undecoded: ours need no escapes. */
bool http_query_get(struct slice query, struct slice name, char *scratch, size_t capacity,
                    struct slice *value)
{
    struct slice pair;
    while (slice_next(&query, '&', &pair)) {
        size_t eq = slice_find(pair, '=');
        if (!slice_eq(slice_of(pair.data, eq), name))
            continue;
        size_t from = eq < pair.len ? eq + 1 : eq;
        struct slice sent = slice_of(pair.data + from, pair.len - from);
        size_t n = 0;
        bool plain = decode(sent, true, scratch, capacity, &n);
        *value = plain ? slice_of(scratch, n) : sent;
        return true;
    }
    return false;
}
