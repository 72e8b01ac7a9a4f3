/*
 * Copying tables. Rows are read in pages along the key and written with their references to rows of
 * the same table (a channel's category) left out, which a second walk fills in: so neither backend
 * has to look away from its foreign keys.
 */

#include "store/table_copy.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"
#include "store/table_list.h"

enum { PAGE_ROWS = 500, TEXT_BYTES_MAX = 64 * 1024 };

/* A table on its way, with the texts of its statements. */
struct walk {
    const struct table_copy *t;
    const struct table *table;
    const char *select_first;
    const char *select_next;
    const char *insert;
    const char *update; /* of the columns that were left out; NULL: there are none */
    struct arena page;  /* the key of the last row */
    int64_t key_i64[TABLE_KEY_MAX];
    struct slice key_bytes[TABLE_KEY_MAX];
    EVP_MD_CTX *digest;
    uint64_t rows;
};

/* ---- texts ---- */

static const char *kept(struct buf *b, struct arena *arena)
{
    buf_append(b, "", 1);
    const char *text = b->failed ? NULL : arena_dup(arena, slice_of(b->data, b->len)).data;
    buf_deinit(b);
    return text;
}

static void add_columns(struct buf *b, const struct table *t, bool keys_only)
{
    unsigned count = keys_only ? t->key_count : t->column_count;
    for (unsigned i = 0; i < count; i++) {
        unsigned column = keys_only ? t->key[i] : i;
        buf_printf(b, "%s%s", i > 0 ? ", " : "", t->columns[column].name);
    }
}

static void add_numbers(struct buf *b, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        buf_printf(b, "%s$%u", i > 0 ? ", " : "", first + i);
}

static const char *select_text(const struct table *t, bool first, struct arena *arena)
{
    struct buf b;
    buf_init(&b, MEM_STORE, TEXT_BYTES_MAX);
    buf_append_cstr(&b, "SELECT ");
    add_columns(&b, t, false);
    buf_printf(&b, " FROM %s", t->name);
    if (!first) {
        buf_append_cstr(&b, " WHERE (");
        add_columns(&b, t, true);
        buf_append_cstr(&b, ") > (");
        add_numbers(&b, 1, t->key_count);
        buf_append_cstr(&b, ")");
    }
    buf_append_cstr(&b, " ORDER BY ");
    add_columns(&b, t, true);
    buf_printf(&b, " LIMIT %d", (int)PAGE_ROWS);
    return kept(&b, arena);
}

static const char *insert_text(const struct table *t, struct arena *arena)
{
    struct buf b;
    buf_init(&b, MEM_STORE, TEXT_BYTES_MAX);
    buf_printf(&b, "INSERT INTO %s (", t->name);
    add_columns(&b, t, false);
    buf_append_cstr(&b, ") VALUES (");
    add_numbers(&b, 1, t->column_count);
    buf_append_cstr(&b, ")");
    return kept(&b, arena);
}

static const char *update_text(const struct table *t, struct arena *arena)
{
    struct buf b;
    unsigned n = 0;
    buf_init(&b, MEM_STORE, TEXT_BYTES_MAX);
    buf_printf(&b, "UPDATE %s SET ", t->name);
    for (unsigned i = 0; i < t->column_count; i++) {
        if (!t->columns[i].own_kind)
            continue;
        buf_printf(&b, "%s%s = $%u", n > 0 ? ", " : "", t->columns[i].name, n + 1);
        n++;
    }
    for (unsigned i = 0; i < t->key_count; i++)
        buf_printf(&b, "%s%s = $%u", i > 0 ? " AND " : " WHERE ", t->columns[t->key[i]].name, ++n);
    return kept(&b, arena);
}

static enum err walk_init(struct walk *w, const struct table_copy *t, const struct table *table)
{
    *w = (struct walk){.t = t, .table = table};
    w->select_first = select_text(table, true, t->arena);
    w->select_next = select_text(table, false, t->arena);
    w->insert = insert_text(table, t->arena);
    if (table->has_own_kind)
        w->update = update_text(table, t->arena);
    bool failed = w->select_first == NULL || w->select_next == NULL || w->insert == NULL ||
                  (table->has_own_kind && w->update == NULL);
    return failed ? ERR_NO_MEMORY : ERR_OK;
}

/* ---- sums ---- */

static void put_u64(unsigned char out[8], uint64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(v >> (56 - 8 * i));
}

/* A tag, then the integer, or the length and the bytes: no two rows have the same encoding. */
static bool digest_value(EVP_MD_CTX *digest, char tag, uint64_t number, struct slice bytes)
{
    unsigned char head[9] = {(unsigned char)tag};
    put_u64(head + 1, number);
    return EVP_DigestUpdate(digest, head, tag == '0' ? 1 : sizeof head) == 1 &&
           (bytes.len == 0 || EVP_DigestUpdate(digest, bytes.data, bytes.len) == 1);
}

static bool digest_row(EVP_MD_CTX *digest, const struct table *t, struct sql_stmt *s)
{
    static const struct slice none = {NULL, 0};
    bool ok = true;
    for (unsigned i = 0; i < t->column_count && ok; i++) {
        if (sql_null(s, (int)i)) {
            ok = digest_value(digest, '0', 0, none);
        } else if (t->columns[i].type == SQL_I64) {
            ok = digest_value(digest, 'i', sql_u64(s, (int)i), none);
        } else {
            struct slice v = sql_blob(s, (int)i);
            ok = digest_value(digest, 'b', v.len, v);
        }
    }
    return ok;
}

/* ---- walking ---- */

static enum err keep_key(struct walk *w, struct sql_stmt *s)
{
    arena_reset(&w->page);
    for (unsigned i = 0; i < w->table->key_count; i++) {
        unsigned column = w->table->key[i];
        if (w->table->columns[column].type == SQL_I64)
            w->key_i64[i] = sql_i64(s, (int)column);
        else if ((w->key_bytes[i] = sql_text(s, (int)column, &w->page)).data == NULL)
            return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

static void bind_key(const struct walk *w, struct sql_stmt *s)
{
    for (unsigned i = 0; i < w->table->key_count; i++) {
        int type = w->table->columns[w->table->key[i]].type;
        if (type == SQL_I64)
            sql_bind_i64(s, (int)i + 1, w->key_i64[i]);
        else if (type == SQL_TEXT)
            sql_bind_text(s, (int)i + 1, w->key_bytes[i]);
        else
            sql_bind_blob(s, (int)i + 1, w->key_bytes[i]);
    }
}

typedef enum err (*row_fn)(struct walk *w, struct sql_stmt *row);

static enum err walk_page(struct walk *w, struct sql_conn *c, row_fn fn, unsigned *rows)
{
    bool first = w->rows == 0;
    struct sql_stmt *s = sql_query_text(c, first ? w->select_first : w->select_next);
    enum err failed = ERR_OK;
    if (!first)
        bind_key(w, s);
    *rows = 0;
    while (failed == ERR_OK && sql_step(s)) {
        failed = fn(w, s);
        if (failed == ERR_OK && ++*rows == PAGE_ROWS)
            failed = keep_key(w, s);
    }
    enum err e = sql_done(s);
    w->rows += *rows;
    return failed != ERR_OK ? failed : e;
}

/* fn for every row of the table, in the order of its key. */
static enum err walk_table(struct walk *w, struct sql_conn *c, row_fn fn)
{
    unsigned rows = PAGE_ROWS;
    enum err e = ERR_OK;
    w->rows = 0;
    arena_init(&w->page, MEM_STORE, 1024 * 1024);
    while (e == ERR_OK && rows == PAGE_ROWS) {
        e = walk_page(w, c, fn, &rows);
        if (e == ERR_OK && w->t->progress != NULL &&
            !w->t->progress(w->t->ctx, w->table->name, w->rows))
            e = ERR_STOPPING;
    }
    arena_deinit(&w->page);
    return e;
}

static enum err sum_row(struct walk *w, struct sql_stmt *row)
{
    return digest_row(w->digest, w->table, row) ? ERR_OK : ERR_NO_MEMORY;
}

/* Column i of the row becomes parameter n. */
static void bind_column(struct sql_stmt *to, int n, struct sql_stmt *row, const struct table *t,
                        unsigned i, bool left_out)
{
    static const struct slice none = {NULL, 0};
    bool null = left_out || sql_null(row, (int)i);
    if (t->columns[i].type == SQL_I64) {
        if (null)
            sql_bind_id_or_null(to, n, 0);
        else
            sql_bind_i64(to, n, sql_i64(row, (int)i));
    } else if (t->columns[i].type == SQL_TEXT) {
        sql_bind_text(to, n, null ? none : sql_blob(row, (int)i));
    } else {
        sql_bind_blob(to, n, null ? none : sql_blob(row, (int)i));
    }
}

static enum err copy_row(struct walk *w, struct sql_stmt *row)
{
    struct sql_stmt *s = sql_query_text(w->t->to, w->insert);
    for (unsigned i = 0; i < w->table->column_count; i++)
        bind_column(s, (int)i + 1, row, w->table, i, w->table->columns[i].own_kind);
    enum err e = sql_send(s);
    return e == ERR_OK ? sum_row(w, row) : e;
}

static enum err fill_row(struct walk *w, struct sql_stmt *row)
{
    const struct table *t = w->table;
    struct sql_stmt *s = sql_query_text(w->t->to, w->update);
    int n = 0;
    for (unsigned i = 0; i < t->column_count; i++)
        if (t->columns[i].own_kind)
            bind_column(s, ++n, row, t, i, false);
    for (unsigned i = 0; i < t->key_count; i++)
        bind_column(s, ++n, row, t, t->key[i], false);
    return sql_send(s);
}

/* ---- tables ---- */

static enum err with_digest(struct walk *w, struct sql_conn *c, row_fn fn, struct table_sum *sum)
{
    w->digest = EVP_MD_CTX_new();
    if (w->digest == NULL || EVP_DigestInit_ex(w->digest, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(w->digest);
        return ERR_NO_MEMORY;
    }
    enum err e = walk_table(w, c, fn);
    sum->table = w->table->name;
    sum->rows = w->rows;
    if (e == ERR_OK && EVP_DigestFinal_ex(w->digest, sum->sha256, NULL) != 1)
        e = ERR_NO_MEMORY;
    EVP_MD_CTX_free(w->digest);
    return e;
}

static enum err sums_in_tx(struct sql_conn *c, const struct table_copy *t,
                           const struct table_list *list, struct table_sums *out)
{
    out->items = arena_array(t->arena, list->count + 1, sizeof *out->items);
    out->count = list->count;
    enum err e = out->items == NULL ? ERR_NO_MEMORY : ERR_OK;
    for (size_t i = 0; i < list->count && e == ERR_OK; i++) {
        struct walk w;
        e = walk_init(&w, t, &list->items[i]);
        if (e == ERR_OK)
            e = with_digest(&w, c, sum_row, &out->items[i]);
    }
    return e;
}

static enum err empty_tables(struct sql_conn *c, const struct table_list *list, struct arena *arena)
{
    enum err e = ERR_OK;
    for (size_t i = list->count; i > 0 && e == ERR_OK; i--) {
        const char *text = arena_printf(arena, "DELETE FROM %s", list->items[i - 1].name);
        e = text == NULL ? ERR_NO_MEMORY : sql_run(sql_query_text(c, text));
    }
    return e;
}

static enum err copy_table(const struct table_copy *t, const struct table *table,
                           struct table_sum *sum)
{
    struct walk w;
    enum err e = walk_init(&w, t, table);
    if (e == ERR_OK)
        e = with_digest(&w, t->from, copy_row, sum);
    if (e == ERR_OK && w.update != NULL)
        e = walk_table(&w, t->from, fill_row);
    return e;
}

struct copying {
    const struct table_copy *t;
    struct table_list list;
    struct table_sums sums;
    char *why;
    size_t why_len;
};

static enum err compare(struct copying *c, const struct table_sums *back)
{
    for (size_t i = 0; i < c->sums.count; i++) {
        const struct table_sum *a = &c->sums.items[i];
        const struct table_sum *b = &back->items[i];
        if (a->rows == b->rows && memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0)
            continue;
        snprintf(c->why, c->why_len, "Table %s was not copied faithfully: %llu rows, %llu rows.",
                 a->table, (unsigned long long)a->rows, (unsigned long long)b->rows);
        return ERR_STORE;
    }
    return ERR_OK;
}

static enum err copy_in_tx(struct copying *c)
{
    const struct table_copy *t = c->t;
    struct table_sums back;
    c->sums.items = arena_array(t->arena, c->list.count + 1, sizeof *c->sums.items);
    c->sums.count = c->list.count;
    enum err e = c->sums.items == NULL ? ERR_NO_MEMORY : empty_tables(t->to, &c->list, t->arena);
    for (size_t i = 0; i < c->list.count && e == ERR_OK; i++)
        e = copy_table(t, &c->list.items[i], &c->sums.items[i]);
    if (e == ERR_OK)
        e = sums_in_tx(t->to, t, &c->list, &back);
    return e == ERR_OK ? compare(c, &back) : e;
}

/* The first difference is named; the books of the migrations are each backend's own. */
static void on_difference(void *ctx, const struct schema_item *a, const struct schema_item *b)
{
    struct copying *c = ctx;
    struct slice key = a != NULL ? a->key : b->key;
    bool books = memmem(key.data, key.len, TABLE_OF_BOOKS, sizeof TABLE_OF_BOOKS - 1) != NULL;
    if (c->why[0] == '\0' && !books)
        snprintf(c->why, c->why_len,
                 "The two databases have different schemas (%.*s); run guildhall migrate verify.",
                 (int)key.len, key.data);
}

static enum err lists_agree(struct copying *c)
{
    struct schema from, to;
    enum err e = schema_list(c->t->from, c->t->arena, &from);
    if (e == ERR_OK)
        e = schema_list(c->t->to, c->t->arena, &to);
    if (e == ERR_OK)
        schema_diff(&from, &to, on_difference, c);
    if (c->why[0] != '\0')
        return ERR_STORE;
    if (e == ERR_OK)
        e = table_list_of(&from, c->t->arena, &c->list);
    return e;
}

static enum err copy_with_both_open(struct copying *c)
{
    enum err e = lists_agree(c);
    if (e == ERR_OK)
        e = c->t->to->driver->schema->lift_limits(c->t->to);
    return e == ERR_OK ? copy_in_tx(c) : e;
}

enum err table_copy_run(const struct table_copy *t, struct table_sums *sums, char *why,
                        size_t why_len)
{
    struct copying c = {.t = t, .why = why, .why_len = why_len};
    why[0] = '\0';
    enum err e = sql_begin(t->from, t->from->driver->begin_read);
    if (e != ERR_OK)
        return e;
    e = t->from->driver->schema->lift_limits(t->from);
    if (e == ERR_OK)
        e = sql_begin(t->to, t->to->driver->begin_write);
    if (e == ERR_OK) {
        e = copy_with_both_open(&c);
        if (e == ERR_OK)
            e = sql_commit(t->to);
        else
            sql_rollback(t->to);
    }
    sql_rollback(t->from);
    if (e == ERR_OK)
        *sums = c.sums;
    return e;
}

enum err table_sums_read(struct sql_conn *c, struct arena *arena, struct table_sums *out)
{
    struct table_copy t = {.from = c, .arena = arena};
    struct schema schema;
    struct table_list list;
    enum err e = sql_begin(c, c->driver->begin_read);
    if (e != ERR_OK)
        return e;
    e = c->driver->schema->lift_limits(c);
    if (e == ERR_OK)
        e = schema_list(c, arena, &schema);
    if (e == ERR_OK)
        e = table_list_of(&schema, arena, &list);
    if (e == ERR_OK)
        e = sums_in_tx(c, &t, &list, out);
    sql_rollback(c);
    return e;
}
