/*
 * Embeds, checked and written. What clients may not decide is left out or set here: every embed is
 * of type "rich", and there is nothing of providers, videos and sizes. Parts without what makes
 * them one (an author without a name, an image without an address) fall away, as on Discord.
 */

#include "proto/embeds.h"

#include <stdio.h>

#include "base/limits.h"
#include "wire/json_write.h"
#include "wire/utf8.h"

/* Texts are at most LIMIT_EMBED_TOTAL code points, each of which may be written as six bytes, and
 * addresses at most six an embed, written twice. */
enum { EMBEDS_BYTES_MAX = 1024 * 1024, PATH_MAX_BYTES = 64 };

static size_t embed_size(const struct body_embed *e)
{
    const struct body_embed_field *fields = e->fields.items;
    size_t size = utf8_count(e->title) + utf8_count(e->description) + utf8_count(e->footer.text) +
                  utf8_count(e->author.text);
    for (size_t i = 0; i < e->fields.count; i++)
        size += utf8_count(fields[i].name) + utf8_count(fields[i].value);
    return size;
}

static bool shows_something(const struct body_embed *e)
{
    return e->title.len > 0 || e->description.len > 0 || e->fields.count > 0 ||
           e->footer.text.len > 0 || e->author.text.len > 0 || e->image.url.len > 0 ||
           e->thumbnail.url.len > 0;
}

/* An embed with nothing to show is refused for its description, whatever else it lacks. */
static void check(const struct body_embed *e, const char *path, struct form_errors *errors)
{
    char at[PATH_MAX_BYTES + 16];
    if (shows_something(e))
        return;
    snprintf(at, sizeof at, "%s.description", path);
    form_errors_add(errors, at, "BASE_TYPE_REQUIRED", "This field is required");
}

static void check_all(const struct body_array *embeds, const char *path, struct form_errors *errors)
{
    const struct body_embed *list = embeds->items;
    size_t size = 0;
    for (size_t i = 0; i < embeds->count; i++) {
        char at[PATH_MAX_BYTES];
        snprintf(at, sizeof at, "%s.%zu", path, i);
        check(&list[i], at, errors);
        size += embed_size(&list[i]);
    }
    if (size > LIMIT_EMBED_TOTAL)
        form_errors_add(errors, path, "MAX_EMBED_SIZE_EXCEEDED",
                        "Embed size exceeds maximum size of 6000");
}

static void text_if_any(struct json_writer *w, const char *key, struct slice text)
{
    if (text.len > 0)
        json_kv_str(w, key, text);
}

/* There is no proxy here: clients that ask for the proxied address get the address. */
static void address(struct json_writer *w, const char *key, const char *proxied, struct slice url)
{
    if (url.len == 0)
        return;
    json_kv_str(w, key, url);
    json_kv_str(w, proxied, url);
}

static void picture(struct json_writer *w, const char *key, const struct body_embed_part *p)
{
    if (p->url.len == 0)
        return;
    json_key(w, key);
    json_object_begin(w);
    address(w, "url", "proxy_url", p->url);
    text_if_any(w, "description", p->text);
    json_object_end(w);
}

/* A footer or an author. */
static void signature(struct json_writer *w, const char *key, const char *text_key,
                      const struct body_embed_part *p)
{
    if (p->text.len == 0)
        return;
    json_key(w, key);
    json_object_begin(w);
    json_kv_str(w, text_key, p->text);
    text_if_any(w, "url", p->url);
    address(w, "icon_url", "proxy_icon_url", p->icon_url);
    json_object_end(w);
}

static void fields(struct json_writer *w, const struct body_array *from)
{
    const struct body_embed_field *list = from->items;
    if (from->count == 0)
        return;
    json_key(w, "fields");
    json_array_begin(w);
    for (size_t i = 0; i < from->count; i++) {
        json_object_begin(w);
        json_kv_str(w, "name", list[i].name);
        json_kv_str(w, "value", list[i].value);
        json_kv_bool(w, "inline", list[i].is_inline);
        json_object_end(w);
    }
    json_array_end(w);
}

static bool given(const struct body_embed *e, unsigned bit)
{
    return BODY_SENT(*e, bit) && !BODY_NULL(*e, bit);
}

static void embed(struct json_writer *w, const struct body_embed *e)
{
    json_object_begin(w);
    json_kv_cstr(w, "type", "rich");
    text_if_any(w, "url", e->url);
    text_if_any(w, "title", e->title);
    text_if_any(w, "description", e->description);
    if (given(e, BODY_EMBED_COLOR))
        json_kv_i64(w, "color", e->color);
    if (given(e, BODY_EMBED_TIMESTAMP))
        json_kv_time(w, "timestamp", e->timestamp);
    fields(w, &e->fields);
    signature(w, "author", "name", &e->author);
    picture(w, "image", &e->image);
    picture(w, "thumbnail", &e->thumbnail);
    signature(w, "footer", "text", &e->footer);
    json_object_end(w);
}

static enum err embeds_json(const struct body_array *embeds, struct arena *arena, struct slice *out)
{
    const struct body_embed *list = embeds->items;
    struct buf text;
    struct json_writer w;
    buf_init(&text, MEM_API, EMBEDS_BYTES_MAX);
    json_begin(&w, &text);
    json_array_begin(&w);
    for (size_t i = 0; i < embeds->count; i++)
        embed(&w, &list[i]);
    json_array_end(&w);
    struct slice kept = {NULL, 0};
    if (!text.failed)
        kept = arena_dup(arena, buf_slice(&text));
    buf_deinit(&text);
    if (kept.data == NULL)
        return ERR_NO_MEMORY;
    *out = kept;
    return ERR_OK;
}

enum err embeds_read(const struct body_array *embeds, const char *path, struct form_errors *errors,
                     struct arena *arena, struct slice *out)
{
    if (embeds->count == 0) {
        *out = (struct slice){NULL, 0};
        return ERR_OK;
    }
    check_all(embeds, path, errors);
    return form_errors_any(errors) ? ERR_INVALID_FORM : embeds_json(embeds, arena, out);
}
