#pragma once

/* What a database is going to do for a statement, reduced to what grows with the installation. */

#include <stddef.h>

enum { PLAN_FINDINGS_MAX = 16, PLAN_WORD_MAX = 64, PLAN_WHY_MAX = 512 };

struct plan {
    /* "scan TABLE": all rows of it are looked at. "sort": rows are put in order after they have
     * been read, so all of them are read. "index TABLE": an index is made for this one statement.
     */
    char findings[PLAN_FINDINGS_MAX][PLAN_WORD_MAX];
    size_t count;
};

struct planner {
    const char *backend;
    void *db;
    /* 0: the statement is none for this backend; `why` has its words. */
    int (*explain)(struct planner *p, const char *text, struct plan *out, char why[PLAN_WHY_MAX]);
    int (*run)(void *db, const char *text); /* as growth_run; says what is wrong */
    void (*close)(struct planner *p);
};

/* On a database that is there already: a file, or a url. */
void planner_open_sqlite(struct planner *p, const char *file);
void planner_open_postgres(struct planner *p, const char *url);

void plan_add(struct plan *p, const char *what, const char *table);
