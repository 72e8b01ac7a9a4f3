/*
 * The walk over a request body by its shape. It goes on after a mistake, so that the answer names
 * everything that is wrong at once. Shapes nest a fixed number of levels, and so does the
 * recursion.
 */

#include "proto/body.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "proto/body_priv.h"
#include "wire/json_read.h"

/* Every struct of a shape begins with these two words. */
struct body_head {
    uint64_t present;
    uint64_t null;
};

size_t body_path_push(struct body_walk *w, const char *key)
{
    size_t before = w->path_len;
    int n = snprintf(w->path + before, sizeof w->path - before, "%s%s", before > 0 ? "." : "", key);
    assert(n > 0 && (size_t)n < sizeof w->path - before); /* shapes are shallow */
    w->path_len = before + (size_t)n;
    return before;
}

size_t body_path_push_index(struct body_walk *w, size_t index)
{
    char key[24];
    snprintf(key, sizeof key, "%zu", index);
    return body_path_push(w, key);
}

void body_path_pop(struct body_walk *w, size_t before)
{
    w->path_len = before;
    w->path[before] = '\0';
}

static bool is_bare(const struct shape *shape)
{
    return shape->field_count == 1 && shape->fields[0].name == NULL;
}

static void decode_item(struct body_walk *w, const struct shape *shape, const json_t *v, void *out)
{
    if (is_bare(shape))
        body_scalar(w, &shape->fields[0], v, (char *)out + shape->fields[0].offset);
    else
        body_object(w, shape, v, out);
}

static void fail_count(struct body_walk *w, const struct field *f, size_t count)
{
    if ((int64_t)count > f->max)
        body_fail(w, "BASE_TYPE_MAX_LENGTH", "Must be %lld or fewer in length.", (long long)f->max);
    else
        body_fail(w, "BASE_TYPE_MIN_LENGTH", "Must be %lld or more in length.", (long long)f->min);
}

static void decode_items(struct body_walk *w, const struct field *f, const json_t *v, void *items)
{
    for (size_t i = 0; i < json_array_size(v); i++) {
        size_t before = body_path_push_index(w, i);
        decode_item(w, f->shape, json_array_get(v, i), (char *)items + i * f->shape->size);
        body_path_pop(w, before);
    }
}

static void decode_array(struct body_walk *w, const struct field *f, const json_t *v,
                         struct body_array *out)
{
    if (!json_is_array(v)) {
        body_fail(w, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
        return;
    }
    size_t count = json_array_size(v);
    if ((int64_t)count < f->min || (int64_t)count > f->max) {
        fail_count(w, f, count);
        return;
    }
    if (count == 0)
        return;
    void *items = arena_array(w->arena, count, f->shape->size);
    if (items == NULL) {
        w->short_of_memory = true;
        return;
    }
    decode_items(w, f, v, items);
    *out = (struct body_array){items, count};
}

/* "1,2,3" as ["1","2","3"]; NULL when memory is short, or for what is no text. */
static json_t *split_text(const json_t *v)
{
    json_t *list = json_array();
    struct slice rest = json_read_str(v);
    struct slice part;
    while (list != NULL && slice_next(&rest, ',', &part)) {
        part = slice_trim(part);
        if (json_array_append_new(list, json_stringn(part.data, part.len)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static void decode_commas(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    json_t *list = split_text(v);
    if (list == NULL) {
        w->short_of_memory = true;
        return;
    }
    decode_array(w, f, list, at);
    json_decref(list);
}

static void decode_value(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    if (f->type == FIELD_OBJECT)
        body_object(w, f->shape, v, at);
    else if (f->type == FIELD_ARRAY && (f->flags & FIELD_COMMAS) && json_is_string(v))
        decode_commas(w, f, v, at);
    else if (f->type == FIELD_ARRAY)
        decode_array(w, f, v, at);
    else
        body_scalar(w, f, v, at);
}

static bool takes_null(const struct field *f)
{
    return (f->flags & FIELD_NULLABLE) || f->type == FIELD_IGNORED || f->type == FIELD_LATER;
}

static void decode_field(struct body_walk *w, const struct field *f, const json_t *v, void *out)
{
    struct body_head *head = out;
    size_t before = body_path_push(w, f->name);
    if (v == NULL ? (f->flags & FIELD_REQUIRED) != 0 : json_is_null(v) && !takes_null(f)) {
        body_fail(w, "BASE_TYPE_REQUIRED", "This field is required");
    } else if (v != NULL) {
        head->present |= UINT64_C(1) << f->present;
        if (json_is_null(v))
            head->null |= UINT64_C(1) << f->present;
        else
            decode_value(w, f, v, (char *)out + f->offset);
    }
    body_path_pop(w, before);
}

void body_object(struct body_walk *w, const struct shape *shape, const json_t *v, void *out)
{
    if (!json_is_object(v)) {
        body_fail(w, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
        return;
    }
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct field *f = &shape->fields[i];
        if (f->type != FIELD_FILE) /* who reads the form puts it in its place */
            decode_field(w, f, json_object_get(v, f->name), out);
    }
}

bool shape_is_upload(const struct shape *shape)
{
    for (size_t i = 0; i < shape->field_count; i++)
        if (shape->fields[i].flags & FIELD_IMAGE)
            return true;
    return shape->is_form;
}

enum err body_decode(const struct shape *shape, const json_t *root, struct arena *arena, void *out,
                     struct form_errors *errors)
{
    struct body_walk w = {.arena = arena, .errors = errors};
    if (is_bare(shape)) /* a body that is a list */
        decode_value(&w, &shape->fields[0], root, (char *)out + shape->fields[0].offset);
    else
        body_object(&w, shape, root, out);
    if (w.short_of_memory || form_errors_short_of_memory(errors))
        return ERR_NO_MEMORY;
    return form_errors_any(errors) ? ERR_INVALID_FORM : ERR_OK;
}
