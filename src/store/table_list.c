/* From the lines of a schema (schema.h) to tables in an order that foreign keys allow. */

#include "store/table_list.h"

#include <string.h>

#include "store/sql_driver.h"

struct reading {
    const struct schema *schema;
    struct arena *arena;
    struct table *tables; /* as found */
    size_t count;
    bool refused;
};

/* "column guilds.name" -> "guilds.name"; data NULL if the item is of another kind. */
static struct slice after(struct slice key, const char *kind)
{
    size_t len = strlen(kind);
    static const struct slice none = {NULL, 0};
    if (key.len <= len || memcmp(key.data, kind, len) != 0)
        return none;
    return slice_of(key.data + len, key.len - len);
}

static struct slice before(struct slice s, char c)
{
    return slice_of(s.data, slice_find(s, c));
}

static struct slice rest(struct slice s, size_t at)
{
    return at >= s.len ? slice_of(s.data + s.len, 0) : slice_of(s.data + at, s.len - at);
}

static struct table *find_table(struct table *list, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq_cstr(name, list[i].name))
            return &list[i];
    return NULL;
}

static struct table_column *find_column(struct table *t, struct slice name)
{
    for (unsigned i = 0; i < t->column_count; i++)
        if (slice_eq_cstr(name, t->columns[i].name))
            return &t->columns[i];
    return NULL;
}

static void add_tables(struct reading *r)
{
    for (size_t i = 0; i < r->schema->count; i++) {
        struct slice name = after(r->schema->items[i].key, "table ");
        if (name.data == NULL || slice_eq_cstr(name, TABLE_OF_BOOKS))
            continue;
        if (r->count == TABLES_MAX) {
            r->refused = true;
            return;
        }
        r->tables[r->count++] = (struct table){.name = arena_dup(r->arena, name).data};
    }
}

/* The first word of "bigint not null". */
static int type_of(struct slice value)
{
    struct slice word = before(value, ' ');
    if (slice_eq_cstr(word, "bigint") || slice_eq_cstr(word, "integer") ||
        slice_eq_cstr(word, "smallint"))
        return SQL_I64;
    if (slice_eq_cstr(word, "text"))
        return SQL_TEXT;
    return slice_eq_cstr(word, "bytea") ? SQL_BLOB : -1;
}

static void add_column(struct reading *r, const struct schema_item *item)
{
    struct slice name = after(item->key, "column ");
    struct slice table = name.data == NULL ? name : before(name, '.');
    struct table *t = name.data == NULL ? NULL : find_table(r->tables, r->count, table);
    int type = type_of(item->value);
    if (t == NULL)
        return;
    if (type < 0 || t->column_count == TABLE_COLUMNS_MAX) {
        r->refused = true;
        return;
    }
    struct slice column = rest(name, table.len + 1);
    t->columns[t->column_count++] =
        (struct table_column){arena_dup(r->arena, column).data, type, false};
}

static void add_key(struct reading *r, const struct schema_item *item)
{
    struct slice name = after(item->key, "key ");
    struct table *t = name.data == NULL ? NULL : find_table(r->tables, r->count, name);
    struct slice left = item->value;
    while (t != NULL && left.len > 0) {
        struct slice column = slice_trim(before(left, ','));
        const struct table_column *c = find_column(t, column);
        if (c == NULL || t->key_count == TABLE_KEY_MAX) {
            r->refused = true;
            return;
        }
        t->key[t->key_count++] = (unsigned)(c - t->columns);
        left = rest(left, slice_find(left, ',') + 1);
    }
}

/* "foreign key channels (parent_id)" is "channels (id) on delete ...". */
static struct slice referrer(const struct schema_item *item)
{
    struct slice name = after(item->key, "foreign key ");
    return name.data == NULL ? name : before(name, ' ');
}

static void mark_own_kind(struct reading *r, const struct schema_item *item)
{
    struct slice from = referrer(item);
    if (from.data == NULL || !slice_eq(from, before(item->value, ' ')))
        return;
    struct table *t = find_table(r->tables, r->count, from);
    struct slice columns = rest(item->key, slice_find(item->key, '(') + 1);
    struct table_column *c = t == NULL ? NULL : find_column(t, before(columns, ')'));
    if (c == NULL) { /* of several columns: nothing has one, and it would need more than NULL */
        r->refused = true;
        return;
    }
    c->own_kind = true;
    t->has_own_kind = true;
}

static void read_items(struct reading *r)
{
    for (size_t i = 0; i < r->schema->count; i++)
        add_column(r, &r->schema->items[i]);
    for (size_t i = 0; i < r->schema->count; i++) {
        add_key(r, &r->schema->items[i]);
        mark_own_kind(r, &r->schema->items[i]);
    }
    for (size_t i = 0; i < r->count; i++)
        r->refused |= r->tables[i].key_count == 0;
}

/* Every table that t refers to, but t itself, is in the list. */
static bool may_follow(const struct reading *r, const struct table *t,
                       const struct table_list *list)
{
    for (size_t i = 0; i < r->schema->count; i++) {
        const struct schema_item *item = &r->schema->items[i];
        struct slice from = referrer(item);
        if (from.data == NULL || !slice_eq_cstr(from, t->name))
            continue;
        struct slice to = before(item->value, ' ');
        if (!slice_eq(from, to) && find_table(list->items, list->count, to) == NULL)
            return false;
    }
    return true;
}

static enum err put_in_order(const struct reading *r, struct table_list *out)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < r->count; i++) {
            const struct table *t = &r->tables[i];
            if (find_table(out->items, out->count, slice_from(t->name)) != NULL ||
                !may_follow(r, t, out))
                continue;
            out->items[out->count++] = *t;
            moved = true;
        }
    }
    return out->count == r->count ? ERR_OK : ERR_STORE;
}

enum err table_list_of(const struct schema *schema, struct arena *arena, struct table_list *out)
{
    struct reading r = {.schema = schema, .arena = arena};
    r.tables = arena_array(arena, TABLES_MAX, sizeof *r.tables);
    out->items = arena_array(arena, TABLES_MAX, sizeof *out->items);
    out->count = 0;
    if (r.tables == NULL || out->items == NULL)
        return ERR_NO_MEMORY;
    add_tables(&r);
    read_items(&r);
    return r.refused ? ERR_STORE : put_in_order(&r, out);
}
