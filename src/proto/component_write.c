/* Components as JSON, in the form of replies: with every key that the official schema requires, and
 * with numbers for media items. */

#include "proto/component_rules.h"
#include "wire/json_write.h"

/* Forty components of up to a few thousand bytes each; the request that they came in was smaller.
 */
enum { COMPONENTS_BYTES_MAX = 4 * 1024 * 1024 };

struct writing {
    struct json_writer w;
    uint64_t media_id; /* of the next item */
};

static void write_one(struct writing *x, const struct component *c);

static void text_if_any(struct json_writer *w, const char *key, struct slice text)
{
    if (text.len > 0)
        json_kv_str(w, key, text);
}

static void write_emoji(struct json_writer *w, const struct component_emoji *e)
{
    json_key(w, "emoji");
    json_object_begin(w);
    if (e->id != 0)
        json_kv_id(w, "id", e->id);
    json_kv_str(w, "name", e->name.data != NULL ? e->name : SLICE(""));
    if (e->animated)
        json_kv_bool(w, "animated", true);
    json_object_end(w);
}

static void write_media(struct writing *x, const char *key, const struct component_media *m)
{
    json_key(&x->w, key);
    json_object_begin(&x->w);
    json_kv_id(&x->w, "id", x->media_id++);
    json_kv_str(&x->w, "url", m->url);
    json_kv_str(&x->w, "proxy_url", m->url);
    json_object_end(&x->w);
}

static void write_list(struct writing *x, const struct component *c)
{
    json_key(&x->w, "components");
    json_array_begin(&x->w);
    for (size_t i = 0; i < c->child_count; i++)
        write_one(x, &c->children[i]);
    json_array_end(&x->w);
}

static void write_button(struct writing *x, const struct component *c)
{
    json_kv_i64(&x->w, "style", c->style);
    text_if_any(&x->w, "custom_id", c->custom_id);
    text_if_any(&x->w, "label", c->label);
    if (BODY_SENT(*c, COMPONENT_HAS_EMOJI) && !BODY_NULL(*c, COMPONENT_HAS_EMOJI))
        write_emoji(&x->w, &c->emoji);
    text_if_any(&x->w, "url", c->url);
    if (c->sku_id != 0)
        json_kv_id(&x->w, "sku_id", c->sku_id);
    if (c->disabled)
        json_kv_bool(&x->w, "disabled", true);
}

static void write_select(struct writing *x, const struct component *c)
{
    json_kv_str(&x->w, "custom_id", c->custom_id);
    text_if_any(&x->w, "placeholder", c->placeholder);
    json_kv_i64(&x->w, "min_values", c->min_values);
    json_kv_i64(&x->w, "max_values", c->max_values);
    if (c->disabled)
        json_kv_bool(&x->w, "disabled", true);
}

static void write_string_select(struct writing *x, const struct component *c)
{
    const struct component_option *list = c->options.items;
    write_select(x, c);
    json_key(&x->w, "options");
    json_array_begin(&x->w);
    for (size_t i = 0; i < c->options.count; i++) {
        json_object_begin(&x->w);
        json_kv_str(&x->w, "label", list[i].label);
        json_kv_str(&x->w, "value", list[i].value);
        text_if_any(&x->w, "description", list[i].description);
        if (list[i].emoji.id != 0 || list[i].emoji.name.len > 0)
            write_emoji(&x->w, &list[i].emoji);
        if (list[i].is_default)
            json_kv_bool(&x->w, "default", true);
        json_object_end(&x->w);
    }
    json_array_end(&x->w);
}

static void write_entity_select(struct writing *x, const struct component *c)
{
    const struct component_default *defaults = c->defaults.items;
    const struct component_channel_type *types = c->channel_types.items;
    write_select(x, c);
    if (types != NULL) {
        json_key(&x->w, "channel_types");
        json_array_begin(&x->w);
        for (size_t i = 0; i < c->channel_types.count; i++)
            json_i64(&x->w, types[i].value);
        json_array_end(&x->w);
    }
    if (defaults == NULL)
        return;
    json_key(&x->w, "default_values");
    json_array_begin(&x->w);
    for (size_t i = 0; i < c->defaults.count; i++) {
        json_object_begin(&x->w);
        json_kv_id(&x->w, "id", defaults[i].id);
        json_kv_str(&x->w, "type", defaults[i].type);
        json_object_end(&x->w);
    }
    json_array_end(&x->w);
}

static void write_section(struct writing *x, const struct component *c)
{
    write_list(x, c);
    json_key(&x->w, "accessory");
    write_one(x, c->accessory);
}

static void write_text(struct writing *x, const struct component *c)
{
    json_kv_str(&x->w, "content", c->content);
}

static void described(struct json_writer *w, struct slice description, bool spoiler)
{
    json_kv_str_or_null(w, "description", description);
    json_kv_bool(w, "spoiler", spoiler);
}

static void write_thumbnail(struct writing *x, const struct component *c)
{
    write_media(x, "media", &c->media);
    described(&x->w, c->description, c->spoiler);
}

static void write_gallery(struct writing *x, const struct component *c)
{
    const struct component_gallery_item *list = c->items.items;
    json_key(&x->w, "items");
    json_array_begin(&x->w);
    for (size_t i = 0; i < c->items.count; i++) {
        json_object_begin(&x->w);
        write_media(x, "media", &list[i].media);
        described(&x->w, list[i].description, list[i].spoiler);
        json_object_end(&x->w);
    }
    json_array_end(&x->w);
}

/* Name and size are the file's, and known when it is looked up (proto/media_refs.c). */
static void write_file(struct writing *x, const struct component *c)
{
    write_media(x, "file", &c->media);
    json_kv_null(&x->w, "name");
    json_kv_null(&x->w, "size");
    json_kv_bool(&x->w, "spoiler", c->spoiler);
}

static void write_separator(struct writing *x, const struct component *c)
{
    bool has_divider =
        BODY_SENT(*c, COMPONENT_HAS_DIVIDER) && !BODY_NULL(*c, COMPONENT_HAS_DIVIDER);
    json_kv_i64(&x->w, "spacing", c->spacing != 0 ? c->spacing : 1);
    json_kv_bool(&x->w, "divider", has_divider ? c->divider : true);
}

static void write_container(struct writing *x, const struct component *c)
{
    if (BODY_SENT(*c, COMPONENT_HAS_ACCENT) && !BODY_NULL(*c, COMPONENT_HAS_ACCENT))
        json_kv_i64(&x->w, "accent_color", c->accent_color);
    else
        json_kv_null(&x->w, "accent_color");
    json_kv_bool(&x->w, "spoiler", c->spoiler);
    write_list(x, c);
}

static void write_one(struct writing *x, const struct component *c)
{
    static void (*const writers[COMPONENT_TYPES])(struct writing *, const struct component *) = {
        [COMPONENT_ROW] = write_list,
        [COMPONENT_BUTTON] = write_button,
        [COMPONENT_STRING_SELECT] = write_string_select,
        [COMPONENT_USER_SELECT] = write_entity_select,
        [COMPONENT_ROLE_SELECT] = write_entity_select,
        [COMPONENT_MENTIONABLE_SELECT] = write_entity_select,
        [COMPONENT_CHANNEL_SELECT] = write_entity_select,
        [COMPONENT_SECTION] = write_section,
        [COMPONENT_TEXT] = write_text,
        [COMPONENT_THUMBNAIL] = write_thumbnail,
        [COMPONENT_GALLERY] = write_gallery,
        [COMPONENT_FILE] = write_file,
        [COMPONENT_SEPARATOR] = write_separator,
        [COMPONENT_CONTAINER] = write_container,
    };
    json_object_begin(&x->w);
    json_kv_i64(&x->w, "type", c->type);
    json_kv_i64(&x->w, "id", c->id);
    writers[c->type](x, c);
    json_object_end(&x->w);
}

enum err components_json(const struct component *root, uint64_t media_id, struct arena *arena,
                         struct slice *out)
{
    struct buf text;
    struct writing x = {.media_id = media_id};
    struct slice kept = {NULL, 0};
    buf_init(&text, MEM_API, COMPONENTS_BYTES_MAX);
    json_begin(&x.w, &text);
    json_array_begin(&x.w);
    for (size_t i = 0; i < root->child_count; i++)
        write_one(&x, &root->children[i]);
    json_array_end(&x.w);
    if (!text.failed)
        kept = arena_dup(arena, buf_slice(&text));
    buf_deinit(&text);
    if (kept.data == NULL)
        return ERR_NO_MEMORY;
    *out = kept;
    return ERR_OK;
}
