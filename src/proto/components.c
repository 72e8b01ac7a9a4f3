/*
 * Components nest, and what may stand where depends on the type, so a table of fields is not
 * enough: each component is decoded by the shape of its type, then looked at as a whole, then what
 * stands in it. No type contains itself, so the recursion ends after four levels whatever is sent;
 * how many there may be is limited before anything is allocated for them.
 *
 * Codes and words of the errors are Discord's where they are known.
 */

#include "proto/components.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "proto/component_rules.h"
#include "wire/utf8.h"

enum { CHOICES_TEXT_MAX = 96, FILES_MAX = LIMIT_COMPONENTS_V2 * 10 };

static void fail_type(struct component_reading *x, uint32_t allowed)
{
    char text[CHOICES_TEXT_MAX] = "";
    size_t len = 0;
    for (unsigned t = 1; t < COMPONENT_TYPES; t++) {
        if (!(allowed & COMPONENT_BIT(t)))
            continue;
        int n = snprintf(text + len, sizeof text - len, "%s%u", len > 0 ? ", " : "", t);
        len += (size_t)n;
    }
    body_fail(&x->w, "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (%s).", text);
}

/* The kind of a component that may stand here; NULL: it is told what is wrong. */
static const struct component_kind *kind_of(struct component_reading *x, const json_t *v,
                                            uint32_t allowed)
{
    if (!json_is_object(v)) {
        body_fail(&x->w, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
        return NULL;
    }
    const json_t *type = json_object_get(v, "type");
    if (type == NULL || json_is_null(type)) {
        size_t before = body_path_push(&x->w, "type");
        body_fail(&x->w, "BASE_TYPE_REQUIRED", "This field is required");
        body_path_pop(&x->w, before);
        return NULL;
    }
    json_int_t number = json_is_integer(type) ? json_integer_value(type) : 0;
    if (number < 1 || number >= COMPONENT_TYPES || !(allowed & COMPONENT_BIT(number))) {
        fail_type(x, allowed);
        return NULL;
    }
    return &component_kinds[number];
}

static void read_list(struct component_reading *x, const json_t *v, uint32_t allowed, unsigned max,
                      struct component *parent);

/* Its number, its texts and its id go into what is counted over the whole message. */
static void note(struct component_reading *x, const struct component *c)
{
    x->text += utf8_count(c->content);
    component_note_custom_id(x, c);
    component_note_id(x, c);
}

static void read_component(struct component_reading *x, const json_t *v, uint32_t allowed,
                           struct component *out)
{
    const struct component_kind *kind = kind_of(x, v, allowed);
    if (++x->count > LIMIT_COMPONENTS_V2 || kind == NULL)
        return;
    body_object(&x->w, kind->shape, v, out);
    x->v2 = x->v2 || kind->v2;
    note(x, out);
    component_check(x, out);
    if (kind->children != 0 && out->children_json != NULL) {
        size_t before = body_path_push(&x->w, "components");
        read_list(x, out->children_json, kind->children, kind->children_max, out);
        body_path_pop(&x->w, before);
    }
    if (kind->accessory != 0 && out->accessory_json != NULL) {
        size_t before = body_path_push(&x->w, "accessory");
        out->accessory = arena_zalloc(x->w.arena, sizeof *out->accessory);
        if (out->accessory != NULL)
            read_component(x, out->accessory_json, kind->accessory, out->accessory);
        x->w.short_of_memory |= out->accessory == NULL;
        body_path_pop(&x->w, before);
    }
}

/* A row is five wide; a select takes all of it. */
static void check_width(struct component_reading *x, const struct component *parent, size_t index)
{
    unsigned width = 0;
    if (parent->type != COMPONENT_ROW)
        return;
    for (size_t i = 0; i <= index; i++)
        width += parent->children[i].type == COMPONENT_BUTTON ? 1 : 5;
    if (width > 5)
        body_fail(&x->w, "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                  "The specified component exceeds the maximum width");
}

static void read_list(struct component_reading *x, const json_t *v, uint32_t allowed, unsigned max,
                      struct component *parent)
{
    if (!json_is_array(v)) {
        body_fail(&x->w, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
        return;
    }
    size_t count = json_array_size(v);
    if (count < 1 || count > max) {
        body_fail(&x->w, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and %u in length.", max);
        return;
    }
    parent->children = arena_array(x->w.arena, count, sizeof *parent->children);
    x->w.short_of_memory |= parent->children == NULL;
    if (parent->children == NULL)
        return;
    parent->child_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t before = body_path_push_index(&x->w, i);
        read_component(x, json_array_get(v, i), allowed, &parent->children[i]);
        check_width(x, parent, i);
        body_path_pop(&x->w, before);
    }
}

static void check_whole(struct component_reading *x)
{
    if (x->count > LIMIT_COMPONENTS_V2)
        body_fail(&x->w, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
                  "The maximum number of components is %d", LIMIT_COMPONENTS_V2);
    if (x->text > LIMIT_COMPONENTS_V2_TEXT)
        body_fail(&x->w, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
                  "Components displayable text size exceeds maximum size of %d",
                  LIMIT_COMPONENTS_V2_TEXT);
}

static void read_all(struct component_reading *x, const json_t *list, enum components_rules rules,
                     struct component *root)
{
    bool legacy = rules == COMPONENTS_LEGACY;
    uint32_t allowed = legacy ? COMPONENT_BIT(COMPONENT_ROW) : component_kinds[0].children;
    unsigned max = legacy ? LIMIT_COMPONENT_ROWS : component_kinds[0].children_max;
    size_t before = body_path_push(&x->w, "components");
    read_list(x, list, allowed, max, root);
    x->v2 = x->v2 || root->child_count > LIMIT_COMPONENT_ROWS;
    check_whole(x);
    body_path_pop(&x->w, before);
}

enum err components_read(const json_t *list, enum components_rules rules, uint64_t media_id,
                         struct form_errors *errors, struct arena *arena,
                         struct components_draft *out)
{
    struct components_draft made = {.json = {NULL, 0}};
    if (list == NULL || (json_is_array(list) && json_array_size(list) == 0)) {
        *out = made;
        return ERR_OK;
    }
    struct component root = {.type = 0};
    struct component_reading *x = arena_zalloc(arena, sizeof *x);
    if (x == NULL || (made.files = arena_array(arena, FILES_MAX, sizeof *made.files)) == NULL)
        return ERR_NO_MEMORY;
    x->w = (struct body_walk){.arena = arena, .errors = errors};
    x->files = made.files;
    x->files_max = FILES_MAX;
    read_all(x, list, rules, &root);
    if (x->w.short_of_memory || form_errors_short_of_memory(errors))
        return ERR_NO_MEMORY;
    if (form_errors_any(errors))
        return ERR_INVALID_FORM;
    made.v2 = x->v2;
    made.file_count = x->file_count;
    component_number(x, &root);
    enum err e = components_json(&root, media_id, arena, &made.json);
    if (e == ERR_OK)
        *out = made;
    return e;
}
