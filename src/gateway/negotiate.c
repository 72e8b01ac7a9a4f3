/*
 * The query names what Discord knows; permessage-deflate comes as an extension of WebSocket, in any
 * number of offers, each with parameters. We can serve an offer if it leaves our window at its full
 * size: fragments are made once for everybody. Neither side keeps a context, or a connection would
 * cost more memory than everything else of it together.
 */
#include "gateway/negotiate.h"

#include "base/slice.h"

static const struct {
    const char *name;
    enum gw_encoding encoding;
} ENCODINGS[] = {{"json", GW_JSON}, {"etf", GW_ETF}};

static const struct {
    const char *name;
    enum gw_compress compress;
} COMPRESSIONS[] = {
    {"", GW_PLAIN}, {"zlib-stream", GW_ZLIB_STREAM}, {"zstd-stream", GW_ZSTD_STREAM}};

static bool find_encoding(struct slice v, enum gw_encoding *out)
{
    for (size_t i = 0; i < sizeof ENCODINGS / sizeof ENCODINGS[0]; i++) {
        if (slice_eq_cstr(v, ENCODINGS[i].name)) {
            *out = ENCODINGS[i].encoding;
            return true;
        }
    }
    return false;
}

static bool find_compress(struct slice v, enum gw_compress *out)
{
    for (size_t i = 0; i < sizeof COMPRESSIONS / sizeof COMPRESSIONS[0]; i++) {
        if (slice_eq_cstr(v, COMPRESSIONS[i].name)) {
            *out = COMPRESSIONS[i].compress;
            return true;
        }
    }
    return false;
}

/* Up to the separator, without the blanks around it; *rest is what follows. */
static struct slice cut(struct slice *rest, char separator)
{
    size_t n = slice_find(*rest, separator);
    struct slice part = slice_of(rest->data, n);
    size_t skip = n < rest->len ? n + 1 : n;
    *rest = slice_of(rest->data + skip, rest->len - skip);
    while (part.len > 0 && (part.data[0] == ' ' || part.data[0] == '\t'))
        part = slice_of(part.data + 1, part.len - 1);
    while (part.len > 0 && (part.data[part.len - 1] == ' ' || part.data[part.len - 1] == '\t'))
        part.len--;
    return part;
}

/* 8 to 15, perhaps in quotes; 0 for everything else (RFC 7692 §7.1.2). */
static uint64_t window_bits(struct slice v)
{
    uint64_t bits;
    if (v.len >= 2 && v.data[0] == '"' && v.data[v.len - 1] == '"')
        v = slice_of(v.data + 1, v.len - 2);
    return slice_to_u64(v, &bits) && v.data[0] != '0' && bits >= 8 && bits <= 15 ? bits : 0;
}

enum param {
    PARAM_SERVER_BITS = 1,
    PARAM_CLIENT_BITS = 2,
    PARAM_SERVER_NONE = 4,
    PARAM_CLIENT_NONE = 8
};

/* Which parameter it is, if it is one that we can live with; else 0. */
static unsigned read_param(struct slice param)
{
    struct slice value = param;
    struct slice name = cut(&value, '=');
    bool valued = name.len < param.len;
    if (slice_eq_cstr(name, "server_max_window_bits"))
        return valued && window_bits(cut(&value, ';')) == 15 ? PARAM_SERVER_BITS : 0;
    if (slice_eq_cstr(name, "client_max_window_bits"))
        return !valued || window_bits(cut(&value, ';')) != 0 ? PARAM_CLIENT_BITS : 0;
    if (slice_eq_cstr(name, "server_no_context_takeover"))
        return valued ? 0 : PARAM_SERVER_NONE;
    if (slice_eq_cstr(name, "client_no_context_takeover"))
        return valued ? 0 : PARAM_CLIENT_NONE;
    return 0;
}

/* One offer, as we would serve it. */
static bool acceptable(struct slice offer, struct gw_terms *out)
{
    unsigned seen = 0;
    if (!slice_eq_cstr(cut(&offer, ';'), "permessage-deflate"))
        return false;
    while (offer.len > 0) {
        unsigned param = read_param(cut(&offer, ';'));
        if (param == 0 || (seen & param) != 0) /* unknown, invalid, twice */
            return false;
        seen |= param;
    }
    out->compress = GW_PER_MESSAGE;
    out->window_bits = (seen & PARAM_SERVER_BITS) != 0;
    return true;
}

static void negotiate_extension(struct slice offers, struct gw_terms *out)
{
    while (offers.len > 0) {
        if (acceptable(cut(&offers, ','), out))
            return;
    }
}

const char *gw_extension_line(const struct gw_terms *t)
{
    if (t->compress != GW_PER_MESSAGE)
        return "";
    return t->window_bits
               ? "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; "
                 "client_no_context_takeover; server_max_window_bits=15\r\n"
               : "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; "
                 "client_no_context_takeover\r\n";
}

const char *gw_negotiate(const struct http_request *r, bool per_message, struct gw_terms *out)
{
    char scratch[32];
    struct slice v;
    *out = (struct gw_terms){.version = 10};
    if (http_query_get(r->query, SLICE("v"), scratch, sizeof scratch, &v))
        out->version = slice_eq_cstr(v, "10") ? 10 : slice_eq_cstr(v, "9") ? 9 : 0;
    if (http_query_get(r->query, SLICE("encoding"), scratch, sizeof scratch, &v) &&
        !find_encoding(v, &out->encoding))
        return "encoding: json or etf.";
    if (http_query_get(r->query, SLICE("compress"), scratch, sizeof scratch, &v) &&
        !find_compress(v, &out->compress))
        return "compress: zlib-stream or zstd-stream, or nothing.";
    if (per_message && out->compress == GW_PLAIN)
        negotiate_extension(http_header_get(r, SLICE("sec-websocket-extensions")), out);
    return NULL;
}
