/*
 * Blobs as objects: PREFIX ab/cdef... in a bucket. A PUT is whole or not at all, so nothing needs
 * sweeping; the name of a blob is the hash of its bytes, which is just what the signature covers.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "media/blob_priv.h"
#include "media/s3_client.h"

enum {
    FAN_LEN = 2,
    KEY_MAX = BLOB_NAME_LEN + 2, /* a slash, a NUL */
    QUERY_MAX = 2048,
    PAGE_BYTES = 4 * 1024 * 1024, /* of a listing: 1,000 keys */
    TOKEN_MAX = 1024,
    READ_BYTES = 512 * 1024 /* a request each, and it takes tens of milliseconds */
};

struct s3_store {
    struct blob_store base; /* first */
    struct s3_client *client;
};

static struct s3_client *client_of(struct blob_store *s)
{
    return ((struct s3_store *)(void *)s)->client;
}

static void key_of(const char *name, char out[KEY_MAX])
{
    snprintf(out, KEY_MAX, "%.*s/%s", FAN_LEN, name, name + FAN_LEN);
}

static enum err s3_size(struct blob_store *s, const char *name, uint64_t *bytes)
{
    char key[KEY_MAX];
    key_of(name, key);
    struct s3_request r = {.method = S3_HEAD, .key = key, .file = -1};
    enum err e = s3_send(client_of(s), &r);
    if (e == ERR_OK)
        *bytes = r.content_length;
    return e;
}

/* Unless it is there already. */
static enum err send_blob(struct blob_store *s, const char *name, int file, struct slice bytes,
                          uint64_t length)
{
    char key[KEY_MAX];
    uint64_t there;
    enum err e = s3_size(s, name, &there);
    if (e == ERR_OK && there == length)
        return ERR_OK;
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    key_of(name, key);
    struct s3_request r = {.method = S3_PUT,
                           .key = key,
                           .payload_hash = name,
                           .bytes = bytes,
                           .file = file,
                           .length = length};
    e = s3_send(client_of(s), &r);
    return e == ERR_NOT_FOUND ? ERR_STORE_IO : e; /* there is no such bucket */
}

static enum err s3_put(struct blob_store *s, const char *name, struct slice bytes)
{
    return send_blob(s, name, -1, bytes, bytes.len);
}

static enum err s3_adopt(struct blob_store *s, const char *name, const struct blob_staged *staged)
{
    int fd = openat(staged->folder, staged->file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return blob_fail(s, "open");
    enum err e = send_blob(s, name, fd, slice_of(NULL, 0), staged->bytes);
    blob_shut(fd);
    if (e == ERR_OK)
        (void)unlinkat(staged->folder, staged->file, 0);
    return e;
}

static enum err s3_get(struct blob_store *s, const char *name, struct buf *out)
{
    char key[KEY_MAX];
    key_of(name, key);
    struct s3_request r = {.method = S3_GET, .key = key, .file = -1, .body = out};
    return s3_send(client_of(s), &r);
}

static enum err s3_read_at(struct blob_store *s, const char *name, uint64_t offset, void *into,
                           size_t len, size_t *got)
{
    char key[KEY_MAX];
    struct buf part = {.data = into, .cap = len, .max = len}; /* never grows */
    *got = 0;
    if (len == 0)
        return ERR_OK;
    key_of(name, key);
    struct s3_request r = {
        .method = S3_GET, .key = key, .file = -1, .offset = offset, .range = len, .body = &part};
    enum err e = s3_send(client_of(s), &r);
    if (e == ERR_OK)
        *got = part.len;
    return e;
}

static enum err s3_remove(struct blob_store *s, const char *name)
{
    char key[KEY_MAX];
    key_of(name, key);
    struct s3_request r = {.method = S3_DELETE, .key = key, .file = -1};
    enum err e = s3_send(client_of(s), &r);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* ---- listing: XML of which only these texts matter; keys of ours hold nothing to be escaped ----
 */

/* The text of the next <tag> in *rest, which moves behind it. */
static bool next_text(struct slice *rest, struct slice open, struct slice close, struct slice *out)
{
    const char *end_of_all = rest->data + rest->len;
    const char *from = memmem(rest->data, rest->len, open.data, open.len);
    if (from == NULL)
        return false;
    from += open.len;
    const char *end = memmem(from, (size_t)(end_of_all - from), close.data, close.len);
    if (end == NULL)
        return false;
    *out = slice_of(from, (size_t)(end - from));
    *rest = slice_of(end + close.len, (size_t)(end_of_all - end) - close.len);
    return true;
}

static enum err one_object(const char *prefix, struct slice key, struct slice size, blob_fn fn,
                           void *ctx)
{
    char name[BLOB_NAME_LEN + 1];
    size_t skip = strlen(prefix);
    uint64_t bytes;
    if (key.len != skip + BLOB_NAME_LEN + 1 || memcmp(key.data, prefix, skip) != 0 ||
        key.data[skip + FAN_LEN] != '/' || !slice_to_u64(size, &bytes))
        return ERR_OK; /* not ours */
    memcpy(name, key.data + skip, FAN_LEN);
    memcpy(name + FAN_LEN, key.data + skip + FAN_LEN + 1, BLOB_NAME_LEN - FAN_LEN);
    name[BLOB_NAME_LEN] = '\0';
    return blob_name_valid(slice_from(name)) ? fn(ctx, name, bytes) : ERR_OK;
}

static enum err objects(const char *prefix, struct slice page, blob_fn fn, void *ctx)
{
    struct slice rest = page;
    struct slice object;
    enum err e = ERR_OK;
    while (e == ERR_OK && next_text(&rest, SLICE("<Contents>"), SLICE("</Contents>"), &object)) {
        struct slice key, size, in_key = object, in_size = object;
        if (next_text(&in_key, SLICE("<Key>"), SLICE("</Key>"), &key) &&
            next_text(&in_size, SLICE("<Size>"), SLICE("</Size>"), &size))
            e = one_object(prefix, key, size, fn, ctx);
    }
    return e;
}

/* Percent-encoded; false: it does not fit. */
static bool encode(const char *text, size_t len, char *out, size_t room)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        if (n + 3 >= room)
            return false;
        if (plain) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    out[n] = '\0';
    return true;
}

/* Names in the order of the alphabet: that is how they are signed. */
static bool list_query(const char *prefix, const char *token, char out[QUERY_MAX])
{
    char encoded[QUERY_MAX / 2];
    if (!encode(prefix, strlen(prefix), encoded, sizeof encoded))
        return false;
    int n = snprintf(out, QUERY_MAX, "%s%s%slist-type=2&max-keys=1000&prefix=%s",
                     token[0] != '\0' ? "continuation-token=" : "", token,
                     token[0] != '\0' ? "&" : "", encoded);
    return n > 0 && n < QUERY_MAX;
}

/* `token`: of the next page, encoded; "" when there is none. */
static enum err next_token(struct slice page, char token[TOKEN_MAX])
{
    struct slice rest = page, text;
    if (!next_text(&rest, SLICE("<NextContinuationToken>"), SLICE("</NextContinuationToken>"),
                   &text))
        token[0] = '\0';
    else if (!encode(text.data, text.len, token, TOKEN_MAX))
        return ERR_STORE_IO;
    return ERR_OK;
}

static enum err s3_walk(struct blob_store *s, blob_fn fn, void *ctx)
{
    char token[TOKEN_MAX] = "";
    char query[QUERY_MAX];
    const char *prefix = s3_prefix(client_of(s));
    enum err e;
    do {
        struct buf page;
        if (!list_query(prefix, token, query))
            return ERR_STORE_IO;
        buf_init(&page, MEM_CORE, PAGE_BYTES);
        struct s3_request r = {
            .method = S3_GET, .key = "", .query = query, .file = -1, .body = &page};
        e = s3_send(client_of(s), &r);
        if (e == ERR_OK)
            e = objects(prefix, buf_slice(&page), fn, ctx);
        if (e == ERR_OK)
            e = next_token(buf_slice(&page), token);
        buf_deinit(&page);
    } while (e == ERR_OK && token[0] != '\0');
    return e;
}

static enum err s3_sweep(struct blob_store *s, int64_t before_ms, bool *more)
{
    (void)s, (void)before_ms;
    *more = false;
    return ERR_OK;
}

static void s3_close(struct blob_store *s)
{
    struct s3_store *gone = (struct s3_store *)(void *)s;
    s3_client_free(&gone->client);
    mem_free(MEM_CORE, gone);
}

enum err blob_s3_open(const char *data, const struct s3_options *o, struct blob_store **out)
{
    static const struct blob_ops ops = {
        .put = s3_put,
        .get = s3_get,
        .size = s3_size,
        .remove = s3_remove,
        .walk = s3_walk,
        .read_at = s3_read_at,
        .adopt = s3_adopt,
        .sweep = s3_sweep,
        .close = s3_close,
    };
    struct s3_store *made = mem_zalloc(MEM_CORE, sizeof *made);
    if (made == NULL)
        return ERR_NO_MEMORY;
    enum err e = s3_client_new(o, &made->client);
    if (e != ERR_OK) {
        mem_free(MEM_CORE, made);
        return e;
    }
    made->base = (struct blob_store){.ops = &ops,
                                     .read_bytes = READ_BYTES,
                                     .data = data,
                                     .log = o->log,
                                     .opened_ms = clock_wall_ms(clock_system())};
    *out = &made->base;
    return ERR_OK;
}
