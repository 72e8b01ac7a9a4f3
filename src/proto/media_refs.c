/* Putting addresses of files into stored embeds and components. */

#include "proto/media_refs.h"

#include <string.h>

#include "proto/attachment.h"

enum { NAME_BYTES_MAX = 16 * 1024 };
#define MARK SLICE("url\":\"attachment://")
#define PROXY_KEY SLICE("\"proxy_")
#define FILE_KEYS SLICE("},\"name\":null,\"size\":null")

/* The next place where an address begins; from.len if there is none. */
static size_t find_mark(struct slice from)
{
    const struct slice mark = MARK;
    size_t at = 0;
    while (at + mark.len <= from.len) {
        const char *hit = memchr(from.data + at, 'u', from.len - at - mark.len + 1);
        if (hit == NULL)
            break;
        at = (size_t)(hit - from.data);
        if (memcmp(hit, mark.data, mark.len) == 0)
            return at;
        at++;
    }
    return from.len;
}

/* The rest of a JSON string, up to its quotation mark, as it is written. */
static struct slice string_rest(struct slice from)
{
    size_t len = 0;
    while (len < from.len && from.data[len] != '"')
        len += from.data[len] == '\\' ? 2 : 1;
    return slice_of(from.data, len < from.len ? len : from.len);
}

/* Whether `written` is `name` as a JSON string has it. */
static bool is_name(struct slice written, struct slice name)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, MEM_API, NAME_BYTES_MAX);
    json_begin(&w, &text);
    json_str(&w, name);
    bool same = !text.failed && text.len == written.len + 2 &&
                memcmp(text.data + 1, written.data, written.len) == 0;
    buf_deinit(&text);
    return same;
}

static const struct attachment *find_file(struct slice written, const struct attachment *list,
                                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].url.data != NULL && is_name(written, list[i].filename))
            return &list[i];
    return NULL;
}

bool media_refs_shows(struct slice json, struct slice filename)
{
    while (json.data != NULL && json.len > 0) {
        size_t at = find_mark(json);
        if (at == json.len)
            break;
        struct slice rest = {json.data + at + MARK.len, json.len - at - MARK.len};
        struct slice written = string_rest(rest);
        if (is_name(written, filename))
            return true;
        json = slice_of(rest.data + written.len, rest.len - written.len);
    }
    return false;
}

/* What the schema has beside the address, of a picture in an embed or of a media item. The comma
 * before each is written by hand: this goes into the middle of an object. */
static void write_known(struct buf *out, bool is_item, const struct attachment *a)
{
    struct json_writer w;
    if (is_item) {
        buf_append_cstr(out, ",\"attachment_id\":");
        json_begin(&w, out);
        json_id(&w, a->id);
    }
    if (a->width > 0)
        buf_printf(out, ",\"width\":%u,\"height\":%u", a->width, a->height);
    if (a->content_type.data != NULL) {
        buf_append_cstr(out, ",\"content_type\":");
        json_begin(&w, out);
        json_str(&w, a->content_type);
    }
}

static void write_string(struct buf *out, struct slice text)
{
    struct json_writer w;
    json_begin(&w, out);
    json_str(&w, text);
}

static void write_proxy(struct buf *out, const struct attachment *a)
{
    struct json_writer w;
    json_begin(&w, out);
    proto_attachment_proxy(&w, a);
}

/* The keys of a file component that follow its media item; returns how much of `rest` they are. */
static size_t write_file_keys(struct buf *out, struct slice rest, const struct attachment *a)
{
    const struct slice keys = FILE_KEYS;
    if (!slice_starts_with(rest, keys))
        return 0;
    buf_append_cstr(out, "},\"name\":");
    write_string(out, a->filename);
    buf_append_cstr(out, ",\"size\":");
    buf_u64(out, a->size);
    return keys.len;
}

/* Whether the address at `mark` is that of a key "proxy_url", the last of its object. */
static bool is_proxy(struct slice json, size_t mark)
{
    const struct slice key = PROXY_KEY;
    return mark >= key.len && memcmp(json.data + mark - key.len, key.data, key.len) == 0;
}

/* Media items of components have an id before their address; pictures of embeds begin with it. */
static bool is_in_item(struct slice json, size_t mark)
{
    return mark >= 2 && json.data[mark - 2] == ',';
}

struct refs {
    const struct attachment *list;
    size_t count;
    bool is_item; /* of the address before */
};

/* One address; returns how far `json` is written. */
static size_t write_ref(struct buf *out, struct slice json, size_t mark, struct refs *x)
{
    size_t value = mark + SLICE("url\":").len;
    size_t name = mark + MARK.len;
    struct slice written = string_rest(slice_of(json.data + name, json.len - name));
    size_t end = name + written.len + 1;
    const struct attachment *a = find_file(written, x->list, x->count);
    if (a == NULL) {
        buf_append(out, json.data, end);
        return end;
    }
    buf_append(out, json.data, value);
    if (!is_proxy(json, mark)) {
        write_string(out, a->url);
        x->is_item = is_in_item(json, mark);
        return end;
    }
    write_proxy(out, a);
    write_known(out, x->is_item, a);
    return end + write_file_keys(out, slice_of(json.data + end, json.len - end), a);
}

void media_refs_write(struct json_writer *w, struct slice json, const struct attachment *list,
                      size_t count)
{
    struct refs x = {list, count, false};
    size_t mark = count > 0 ? find_mark(json) : json.len;
    if (mark == json.len) {
        json_raw(w, json);
        return;
    }
    json_raw(w, slice_of(json.data, 1)); /* its first byte, with what the writer puts before it */
    json = slice_of(json.data + 1, json.len - 1);
    while ((mark = find_mark(json)) < json.len) {
        size_t done = write_ref(w->out, json, mark, &x);
        json = slice_of(json.data + done, json.len - done);
    }
    buf_append_slice(w->out, json);
}
