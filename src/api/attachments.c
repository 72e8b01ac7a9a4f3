/*
 * Files of messages at their addresses (surface §5.4). Whoever has an address that was signed here
 * and has not expired may read the file; nobody else, and not for a moment longer than its message
 * is there: the row is asked every time. What is served was sent by strangers: the type is what the
 * bytes were found to be, never what a browser would run, what it cannot show safely is handed out
 * for saving, and even so it would run nothing (sandbox).
 */

#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "api/reply_image.h"
#include "core/attachment_urls.h"
#include "core/attachments.h"
#include "media/sniff_file.h"
#include "proto/bodies_uploads.h"
#include "wire/http.h"
#include "wire/utf8.h"

/* How long a picture may be cached that is there in place of the one that was asked for. */
enum { SUBSTITUTE_S = 60 };

/* ---- serving ---- */

static uint64_t hex_of(struct slice s)
{
    uint64_t v = 0;
    if (s.len == 0 || s.len > 12)
        return 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;
        if (digit == 16)
            return 0;
        v = v << 4 | digit;
    }
    return v;
}

/* NOT_FOUND: as Discord, whatever is wrong with an address. */
static enum err link_of(struct request *r, struct attachment_link *out)
{
    uint64_t channel, id;
    if (!slice_to_u64(request_param(r, "channel_id"), &channel) ||
        !slice_to_u64(request_param(r, "attachment_id"), &id))
        return ERR_NOT_FOUND;
    *out = (struct attachment_link){.channel = {channel},
                                    .id = id,
                                    .filename = request_param(r, "filename"),
                                    .ex = hex_of(request_query(r, "ex")),
                                    .is = hex_of(request_query(r, "is")),
                                    .hm = request_query(r, "hm")};
    return out->filename.data == NULL ? ERR_NOT_FOUND : ERR_OK;
}

static enum err find(struct request *r, const struct attachment_link *link, struct attachment *out)
{
    enum err e = attachment_find(request_core(r), link->id, &r->arena, out);
    if (e == ERR_UNKNOWN_ASSET)
        return ERR_NOT_FOUND;
    if (e == ERR_OK &&
        (out->channel.v != link->channel.v || !slice_eq(out->filename, link->filename)))
        return ERR_NOT_FOUND;
    return e;
}

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.data[i] >= 0x80)
            return false;
    return true;
}

/* RFC 6266: a name of ASCII for old programs, the real one as RFC 8187 has it. Names are clean
 * (core/attachment_names.h): no quotes, no controls. */
static void write_disposition(struct buf *head, const struct attachment *a)
{
    static const char hex[] = "0123456789ABCDEF";
    bool shown = sniff_type_inline(a->content_type.data, a->content_type.len);
    buf_append_cstr(head, shown ? "Content-Disposition: inline; filename=\""
                                : "Content-Disposition: attachment; filename=\"");
    for (size_t i = 0; i < a->filename.len; i++) {
        unsigned char c = (unsigned char)a->filename.data[i];
        if (c < 0x80)
            buf_putc(head, (char)c);
        else if (c >= 0xc0)
            buf_putc(head, '_');
    }
    buf_putc(head, '"');
    if (!is_ascii(a->filename)) {
        buf_append_cstr(head, "; filename*=UTF-8''");
        for (size_t i = 0; i < a->filename.len; i++) {
            unsigned char c = (unsigned char)a->filename.data[i];
            const char code[3] = {'%', hex[c >> 4], hex[c & 15]};
            if (c >= 0x80 || strchr("()*'% ,@:=+", c) != NULL)
                buf_append(head, code, sizeof code);
            else
                buf_putc(head, (char)c);
        }
    }
    buf_append_cstr(head, "\r\n");
}

static void write_headers(struct request *r, const struct attachment *a, uint64_t seconds)
{
    struct buf *head = &r->x->head;
    /* Not `public`: the address is a secret of those who may see the message. */
    buf_printf(head, "Cache-Control: private, max-age=%llu, immutable\r\n",
               (unsigned long long)seconds);
    buf_append_cstr(head, "X-Content-Type-Options: nosniff\r\n"
                          "Content-Security-Policy: default-src 'none'; sandbox\r\n"
                          "Cross-Origin-Resource-Policy: cross-origin\r\n"
                          "Referrer-Policy: no-referrer\r\n"
                          "X-Robots-Tag: noindex, nofollow\r\n");
    write_disposition(head, a);
}

enum err route_attachments_serve(struct request *r)
{
    struct attachment_link link;
    struct attachment a;
    enum err e = link_of(r, &link);
    if (e != ERR_OK)
        return e;
    uint64_t seconds = attachment_link_seconds_left(request_core(r), &link);
    if (seconds == 0 || !attachment_link_signed(request_core(r), &link))
        return ERR_NOT_FOUND;
    e = find(r, &link, &a);
    if (e != ERR_OK)
        return e;
    if (a.content_type.data == NULL)
        a.content_type = SLICE("application/octet-stream");
    const struct reply_blob blob = {.name = a.hash, .size = a.size, .content_type = a.content_type};
    struct image_asked asked;
    bool lasting = true;
    image_asked_of_file(r, &asked);
    e = request_form_ok(r);
    if (e == ERR_OK)
        e = reply_image(r, &blob, &asked, &lasting);
    if (e == ERR_OK)
        write_headers(r, &a, lasting || seconds < SUBSTITUTE_S ? seconds : SUBSTITUTE_S);
    return e;
}

/* ---- new addresses ---- */

static struct slice after(struct slice s, struct slice mark)
{
    const char *at = s.len < mark.len ? NULL : memmem(s.data, s.len, mark.data, mark.len);
    if (at == NULL)
        return (struct slice){NULL, 0};
    size_t skip = (size_t)(at - s.data) + mark.len;
    return slice_of(s.data + skip, s.len - skip);
}

static struct slice decoded(struct request *r, struct slice raw)
{
    char *plain = arena_alloc(&r->arena, raw.len + 1);
    size_t len;
    if (plain == NULL || !http_percent_decode(raw, plain, raw.len + 1, &len))
        return (struct slice){NULL, 0};
    return slice_of(plain, len);
}

static struct slice query_value(struct request *r, struct slice query, const char *name)
{
    char scratch[128];
    struct slice value = {NULL, 0};
    if (!http_query_get(query, slice_from(name), scratch, sizeof scratch, &value))
        return (struct slice){NULL, 0};
    return arena_dup(&r->arena, value);
}

/* ".../attachments/{channel}/{id}/{name}?...", of whatever host. */
static bool read_link(struct request *r, struct slice url, struct attachment_link *out)
{
    struct slice rest = after(url, SLICE("/attachments/"));
    struct slice channel, id;
    if (rest.data == NULL || !slice_next(&rest, '/', &channel) || !slice_next(&rest, '/', &id))
        return false;
    size_t mark = slice_find(rest, '?');
    struct slice query =
        mark < rest.len ? slice_of(rest.data + mark + 1, rest.len - mark - 1) : SLICE("");
    *out = (struct attachment_link){.filename = decoded(r, slice_of(rest.data, mark)),
                                    .ex = hex_of(query_value(r, query, "ex")),
                                    .is = hex_of(query_value(r, query, "is")),
                                    .hm = query_value(r, query, "hm")};
    return slice_to_u64(channel, &out->channel.v) && slice_to_u64(id, &out->id) &&
           out->filename.data != NULL && utf8_valid(out->filename);
}

/* Who has had an address may have it again; who has not must see the channel. */
static bool may_have(struct request *r, const struct attachment_link *link)
{
    struct access a = {0};
    if (attachment_link_signed(request_core(r), link))
        return true;
    if (access_channel(request_core(r), &r->principal, link->channel, &r->arena, &a) != ERR_OK)
        return false;
    bool may = (a.permissions & PERMISSION_READ_MESSAGE_HISTORY) != 0;
    access_end(&a);
    return may;
}

/* What is no address of a file that is there, or not the caller's to see, stays as it is. */
static struct slice refreshed(struct request *r, struct slice url)
{
    struct attachment_link link;
    struct attachment a;
    if (!read_link(r, url, &link) || !may_have(r, &link) || find(r, &link, &a) != ERR_OK ||
        attachment_url_renew(request_core(r), &a, &r->arena) != ERR_OK)
        return url;
    return a.url;
}

enum err route_attachments_refresh(struct request *r)
{
    const struct body_refresh_urls *body = r->body;
    const struct body_url_item *list = body->attachment_urls.items;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_key(w, "refreshed_urls");
    json_array_begin(w);
    for (size_t i = 0; i < body->attachment_urls.count; i++) {
        json_object_begin(w);
        json_kv_str(w, "original", list[i].value);
        json_kv_str(w, "refreshed", refreshed(r, list[i].value));
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
    return ERR_OK;
}
