#pragma once

/* The tables of a database with what copying them needs. Private to src/store. */

#include "base/arena.h"
#include "store/schema.h"

enum { TABLES_MAX = 128, TABLE_COLUMNS_MAX = 64, TABLE_KEY_MAX = 8 };

/* The books of the migrations, which are not copied. */
#define TABLE_OF_BOOKS "schema_migrations"

struct table_column {
    const char *name;
    int type;      /* enum sql_type */
    bool own_kind; /* refers to a row of the same table */
};

struct table {
    const char *name;
    struct table_column columns[TABLE_COLUMNS_MAX];
    unsigned column_count;
    unsigned key[TABLE_KEY_MAX]; /* indexes into columns */
    unsigned key_count;
    bool has_own_kind;
};

struct table_list {
    struct table *items; /* a table after all that it refers to */
    size_t count;
};

/* Of a schema, without the books of the migrations. STORE: a table has no key, or a column has a
 * type that cannot be copied, or tables refer to each other in a circle; NO_MEMORY. */
MUST_CHECK enum err table_list_of(const struct schema *schema, struct arena *arena,
                                  struct table_list *out);
