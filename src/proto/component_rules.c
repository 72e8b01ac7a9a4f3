/* The rules of each type of component that a table cannot say. */

#include "proto/component_rules.h"

#include <stdio.h>
#include <string.h>

#include "model/unicode_emoji.h"

enum { SELECT_OPTIONS_MAX = 25 };
#define ATTACHMENT_SCHEME SLICE("attachment://")

static void fail_at(struct component_reading *x, const char *key, const char *code,
                    const char *text)
{
    size_t before = body_path_push(&x->w, key);
    body_fail(&x->w, code, "%s", text);
    body_path_pop(&x->w, before);
}

static void fail_at_item(struct component_reading *x, const char *key, size_t index,
                         const char *code, const char *text)
{
    size_t before = body_path_push(&x->w, key);
    body_path_push_index(&x->w, index);
    body_fail(&x->w, code, "%s", text);
    body_path_pop(&x->w, before);
}

void component_note_custom_id(struct component_reading *x, const struct component *c)
{
    if (c->custom_id.len == 0)
        return;
    for (size_t i = 0; i < x->custom_id_count; i++) {
        if (slice_eq(x->custom_ids[i], c->custom_id)) {
            fail_at(x, "custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated");
            return;
        }
    }
    x->custom_ids[x->custom_id_count++] = c->custom_id;
}

void component_note_id(struct component_reading *x, const struct component *c)
{
    if (c->id == 0)
        return;
    for (size_t i = 0; i < x->id_count; i++) {
        if (x->ids[i] == c->id) {
            fail_at(x, "id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated");
            return;
        }
    }
    x->ids[x->id_count++] = c->id;
}

static bool is_taken(const struct component_reading *x, int64_t id)
{
    bool taken = false;
    for (size_t i = 0; i < x->id_count; i++)
        taken = taken || x->ids[i] == id;
    return taken;
}

static void number(const struct component_reading *x, struct component *c, int64_t *next)
{
    while (c->type != 0 && c->id == 0) {
        if (!is_taken(x, *next))
            c->id = *next;
        ++*next;
    }
    for (size_t i = 0; i < c->child_count; i++)
        number(x, &c->children[i], next);
    if (c->accessory != NULL)
        number(x, c->accessory, next);
}

void component_number(const struct component_reading *x, struct component *root)
{
    int64_t next = 1;
    number(x, root, &next);
}

static bool has(const struct component *c, unsigned bit)
{
    return BODY_SENT(*c, bit) && !BODY_NULL(*c, bit);
}

/* A custom emoji is named by its id; others are one emoji of Unicode, stored in one form. */
static void check_emoji(struct component_reading *x, struct component_emoji *e)
{
    char form[UNICODE_EMOJI_BYTES];
    if (e->id != 0)
        return;
    size_t len = unicode_emoji_normalise(e->name, form);
    size_t before = body_path_push(&x->w, "emoji");
    if (len == 0)
        fail_at(x, "name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji");
    else
        e->name = arena_dup(x->w.arena, slice_of(form, len));
    x->w.short_of_memory |= len > 0 && e->name.data == NULL;
    body_path_pop(&x->w, before);
}

static void forbid(struct component_reading *x, bool present, const char *key, const char *code,
                   const char *text)
{
    if (present)
        fail_at(x, key, code, text);
}

static void check_premium(struct component_reading *x, const struct component *c)
{
    static const char code[] = "BUTTON_COMPONENT_PREMIUM_FIELD";
    static const char text[] = "A premium button cannot have this field";
    if (!has(c, COMPONENT_HAS_SKU))
        fail_at(x, "sku_id", "BASE_TYPE_REQUIRED", "This field is required");
    forbid(x, c->custom_id.len > 0, "custom_id", code, text);
    forbid(x, c->url.len > 0, "url", code, text);
    forbid(x, c->label.len > 0, "label", code, text);
    forbid(x, has(c, COMPONENT_HAS_EMOJI), "emoji", code, text);
}

/* How a button is told apart when it is pressed, or where it leads: never both. */
static void check_target(struct component_reading *x, const struct component *c)
{
    static const char both[] = "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE";
    bool has_custom_id = has(c, COMPONENT_HAS_CUSTOM_ID);
    bool has_url = has(c, COMPONENT_HAS_URL);
    if (has_custom_id && has_url)
        fail_at(x, "custom_id", both, "A custom id and url cannot both be specified");
    else if (c->style == BUTTON_LINK && !has_url)
        fail_at(x, "url", "BASE_TYPE_REQUIRED", "This field is required");
    else if (c->style != BUTTON_LINK && has_url)
        fail_at(x, "url", "BUTTON_COMPONENT_URL_NOT_ALLOWED", "Only link buttons have a url");
    else if (c->style != BUTTON_LINK && !has_custom_id)
        fail_at(x, "custom_id", "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required");
    forbid(x, has(c, COMPONENT_HAS_SKU), "sku_id", "BUTTON_COMPONENT_SKU_NOT_ALLOWED",
           "Only premium buttons have a sku");
}

static void check_button(struct component_reading *x, struct component *c)
{
    if (c->style == 0)
        return; /* was refused by the table */
    if (c->style == BUTTON_PREMIUM) {
        check_premium(x, c);
        return;
    }
    check_target(x, c);
    if (has(c, COMPONENT_HAS_EMOJI))
        check_emoji(x, &c->emoji);
    else if (c->label.len == 0)
        fail_at(x, "label", "BASE_TYPE_REQUIRED", "A label or an emoji is required");
}

static void set_bounds(struct component_reading *x, struct component *c)
{
    if (!has(c, COMPONENT_HAS_MIN))
        c->min_values = 1;
    if (!has(c, COMPONENT_HAS_MAX))
        c->max_values = c->min_values > 1 ? c->min_values : 1;
    if (c->max_values > 0 && c->min_values > c->max_values)
        fail_at(x, "min_values", "NUMBER_TYPE_MAX",
                "int value should be less than or equal to max_values.");
}

/* The texts are compared pair by pair: at most twenty-five. */
static void check_option(struct component_reading *x, const struct component *c, size_t index)
{
    struct component_option *list = c->options.items;
    for (size_t i = 0; i < index; i++) {
        if (list[index].value.len > 0 && slice_eq(list[i].value, list[index].value)) {
            fail_at_item(x, "options", index, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                         "The specified option value is already used");
            break;
        }
    }
    if (!BODY_SENT(list[index], COMPONENT_HAS_EMOJI) || BODY_NULL(list[index], COMPONENT_HAS_EMOJI))
        return;
    size_t before = body_path_push(&x->w, "options");
    body_path_push_index(&x->w, index);
    check_emoji(x, &list[index].emoji);
    body_path_pop(&x->w, before);
}

static void check_string_select(struct component_reading *x, struct component *c)
{
    const struct component_option *list = c->options.items;
    int64_t chosen = 0;
    set_bounds(x, c);
    for (size_t i = 0; i < c->options.count; i++) {
        check_option(x, c, i);
        chosen += list[i].is_default ? 1 : 0;
    }
    if (c->options.count > 0 && c->max_values > (int64_t)c->options.count) {
        size_t before = body_path_push(&x->w, "options");
        body_fail(&x->w, "BASE_TYPE_BAD_LENGTH", "Must be between %lld and %d in length.",
                  (long long)c->max_values, SELECT_OPTIONS_MAX);
        body_path_pop(&x->w, before);
    }
    if (chosen > c->max_values)
        fail_at(x, "options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES",
                "The specified number of default values exceeds the specified maximum values");
}

static bool takes_default(const struct component *c, struct slice type)
{
    bool mentionable = c->type == COMPONENT_MENTIONABLE_SELECT;
    if (slice_eq(type, SLICE("user")))
        return mentionable || c->type == COMPONENT_USER_SELECT;
    if (slice_eq(type, SLICE("role")))
        return mentionable || c->type == COMPONENT_ROLE_SELECT;
    return slice_eq(type, SLICE("channel")) && c->type == COMPONENT_CHANNEL_SELECT;
}

static void check_defaults(struct component_reading *x, const struct component *c)
{
    const struct component_default *list = c->defaults.items;
    for (size_t i = 0; i < c->defaults.count; i++)
        if (list[i].type.len > 0 && !takes_default(c, list[i].type))
            fail_at_item(x, "default_values", i, "BASE_TYPE_CHOICES",
                         "Value of field \"type\" is not of this select.");
    if ((int64_t)c->defaults.count > c->max_values)
        fail_at(x, "default_values", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES",
                "The specified number of default values exceeds the specified maximum values");
}

static void check_entity_select(struct component_reading *x, struct component *c)
{
    const struct component_channel_type *types = c->channel_types.items;
    set_bounds(x, c);
    check_defaults(x, c);
    for (size_t i = 0; i < c->channel_types.count; i++)
        for (size_t k = 0; k < i; k++)
            if (types[k].value == types[i].value)
                fail_at_item(x, "channel_types", i, "SET_TYPE_ALREADY_CONTAINS_VALUE",
                             "The set already contains this value");
}

/* Notes a file of the message; the walk's path is that of the media item. */
static void note_file(struct component_reading *x, struct slice url, const char *key)
{
    if (!slice_starts_with(url, ATTACHMENT_SCHEME) || x->file_count == x->files_max)
        return;
    const char *path = arena_printf(x->w.arena, "%s.%s.url", x->w.path, key);
    x->w.short_of_memory |= path == NULL;
    struct slice name = {url.data + ATTACHMENT_SCHEME.len, url.len - ATTACHMENT_SCHEME.len};
    x->files[x->file_count++] = (struct component_file){name, path};
}

static void check_thumbnail(struct component_reading *x, struct component *c)
{
    note_file(x, c->media.url, "media");
}

static void check_gallery(struct component_reading *x, struct component *c)
{
    const struct component_gallery_item *list = c->items.items;
    for (size_t i = 0; i < c->items.count; i++) {
        size_t before = body_path_push(&x->w, "items");
        body_path_push_index(&x->w, i);
        note_file(x, list[i].media.url, "media");
        body_path_pop(&x->w, before);
    }
}

/* A file is shown as what it is, so it is one of the message's own. */
static void check_file(struct component_reading *x, struct component *c)
{
    if (c->media.url.len > 0 && !slice_starts_with(c->media.url, ATTACHMENT_SCHEME)) {
        size_t before = body_path_push(&x->w, "file");
        fail_at(x, "url", "UNFURLED_MEDIA_ITEM_ATTACHMENT_REQUIRED",
                "The media item must be an attachment of the message");
        body_path_pop(&x->w, before);
    }
    note_file(x, c->media.url, "file");
}

void component_check(struct component_reading *x, struct component *c)
{
    static void (*const checks[COMPONENT_TYPES])(struct component_reading *, struct component *) = {
        [COMPONENT_BUTTON] = check_button,
        [COMPONENT_STRING_SELECT] = check_string_select,
        [COMPONENT_USER_SELECT] = check_entity_select,
        [COMPONENT_ROLE_SELECT] = check_entity_select,
        [COMPONENT_MENTIONABLE_SELECT] = check_entity_select,
        [COMPONENT_CHANNEL_SELECT] = check_entity_select,
        [COMPONENT_THUMBNAIL] = check_thumbnail,
        [COMPONENT_GALLERY] = check_gallery,
        [COMPONENT_FILE] = check_file,
    };
    if (c->type > 0 && c->type < COMPONENT_TYPES && checks[c->type] != NULL)
        checks[c->type](x, c);
}
