/* Shapes written back. They nest a fixed number of levels, and so does the recursion. */

#include "proto/body_write.h"

#include <assert.h>
#include <string.h>

/* Every struct of a shape begins with these two words. */
struct head {
    uint64_t present;
    uint64_t null;
};

static size_t size_of(const struct field *f)
{
    switch (f->type) {
    case FIELD_STRING:
        return sizeof(struct slice);
    case FIELD_BOOL:
        return sizeof(bool);
    case FIELD_INTEGER:
    case FIELD_ENUM:
    case FIELD_TIME:
        return sizeof(int64_t);
    case FIELD_SNOWFLAKE:
    case FIELD_BITS:
        return sizeof(uint64_t);
    case FIELD_ARRAY:
        return sizeof(struct body_array);
    case FIELD_OBJECT:
        return f->shape->size;
    default:
        assert(f->type == FIELD_IGNORED);
        return 0;
    }
}

void body_merge(const struct shape *shape, void *base, const void *patch)
{
    struct head *to = base;
    const struct head *from = patch;
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct field *f = &shape->fields[i];
        uint64_t bit = UINT64_C(1) << f->present;
        if ((from->present & bit) == 0 || f->type == FIELD_IGNORED)
            continue;
        memcpy((char *)base + f->offset, (const char *)patch + f->offset, size_of(f));
        to->present |= bit;
        to->null = (to->null & ~bit) | (from->null & bit);
    }
}

static void write_value(struct json_writer *w, const struct field *f, const char *at);

static void write_items(struct json_writer *w, const struct shape *shape, const char *at)
{
    struct body_array list;
    memcpy(&list, at, sizeof list);
    bool bare = shape->field_count == 1 && shape->fields[0].name == NULL;
    json_array_begin(w);
    for (size_t i = 0; i < list.count; i++) {
        const char *item = (const char *)list.items + i * shape->size;
        if (bare)
            write_value(w, &shape->fields[0], item + shape->fields[0].offset);
        else
            body_write(w, shape, item);
    }
    json_array_end(w);
}

static void write_value(struct json_writer *w, const struct field *f, const char *at)
{
    struct slice text;
    int64_t i64;
    uint64_t u64;
    bool yes;
    switch (f->type) {
    case FIELD_STRING:
        memcpy(&text, at, sizeof text);
        json_str(w, text);
        return;
    case FIELD_BOOL:
        memcpy(&yes, at, sizeof yes);
        json_bool(w, yes);
        return;
    case FIELD_INTEGER:
    case FIELD_ENUM:
        memcpy(&i64, at, sizeof i64);
        json_i64(w, i64);
        return;
    case FIELD_TIME:
        memcpy(&i64, at, sizeof i64);
        json_time(w, i64);
        return;
    case FIELD_SNOWFLAKE:
    case FIELD_BITS:
        memcpy(&u64, at, sizeof u64);
        json_id(w, u64);
        return;
    case FIELD_ARRAY:
        write_items(w, f->shape, at);
        return;
    case FIELD_OBJECT:
        body_write(w, f->shape, at);
        return;
    default:
        json_write_null(w);
    }
}

void body_write(struct json_writer *w, const struct shape *shape, const void *body)
{
    const struct head *head = body;
    json_object_begin(w);
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct field *f = &shape->fields[i];
        uint64_t bit = UINT64_C(1) << f->present;
        if ((head->present & bit) == 0 || f->type == FIELD_IGNORED)
            continue;
        json_key(w, f->name);
        if ((head->null & bit) != 0)
            json_write_null(w);
        else
            write_value(w, f, (const char *)body + f->offset);
    }
    json_object_end(w);
}
