#pragma once

/* Walks through tables that look for what belongs to nothing (checkup.c): how they are written, and
 * those that stand in files of their own. */

#include "store/checkup.h"

struct walk {
    const char *what; /* is found when the third column is not 0; the first two are the key */
    unsigned keys;    /* parameters: the keys, then (if `page`) the limit */
    bool page;        /* false: the text finds one row, the next one */
    struct sql_stmt *(*query)(struct sql_conn *c);
};

/* What is looked up is a sub-select and no join: PostgreSQL would read all of a small table, or
 * both of two large ones side by side. */
#define MISSING(query) "CASE WHEN (" query ") IS NULL THEN 1 ELSE 0 END"
#define MISSING_IF(condition, query)                                                               \
    "CASE WHEN " condition " AND (" query ") IS NULL THEN 1 ELSE 0 END"

/* checkup_files.c */
enum { CHECKUP_FILE_WALKS = 5 };
extern const struct walk checkup_file_walks[CHECKUP_FILE_WALKS];
