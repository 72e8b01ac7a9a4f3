/*
 * EXPLAIN QUERY PLAN (sqlite.org/eqp.html). It names tables by their alias, so the statement is
 * asked which table has it: the word before an alias is the table's name, in all our statements.
 */

#include "plans.h"

#include "store/sqlite_ids.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run(void *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK)
        return 1;
    fprintf(stderr, "%s: %.300s\n", sqlite3_errmsg(db), text);
    return 0;
}

static int is_table(sqlite3 *db, const char *word)
{
    sqlite3_stmt *s = NULL;
    int found = 0;
    if (sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", -1,
                           &s, NULL) == SQLITE_OK) {
        sqlite3_bind_text(s, 1, word, -1, SQLITE_STATIC);
        found = sqlite3_step(s) == SQLITE_ROW;
    }
    sqlite3_finalize(s);
    return found;
}

/* The next word of letters, digits and '_'; NULL at the end. */
static const char *next_word(const char *at, char out[PLAN_WORD_MAX])
{
    size_t n = 0;
    while (*at != '\0' && !isalnum((unsigned char)*at) && *at != '_')
        at++;
    while ((isalnum((unsigned char)*at) || *at == '_') && n + 1 < PLAN_WORD_MAX)
        out[n++] = *at++;
    out[n] = '\0';
    return n > 0 ? at : NULL;
}

/* The table that `name` stands for; "" if it is none (a sub-select, a common table expression). */
static void resolve(sqlite3 *db, const char *text, const char *name, char out[PLAN_WORD_MAX])
{
    char before[PLAN_WORD_MAX] = "";
    char word[PLAN_WORD_MAX];
    out[0] = '\0';
    if (is_table(db, name)) {
        snprintf(out, PLAN_WORD_MAX, "%s", name);
        return;
    }
    while ((text = next_word(text, word)) != NULL) {
        if (strcmp(word, name) == 0 && is_table(db, before)) {
            memcpy(out, before, PLAN_WORD_MAX);
            return;
        }
        if (strcmp(word, "AS") != 0)
            memcpy(before, word, PLAN_WORD_MAX);
    }
}

static void note(sqlite3 *db, const char *text, const char *detail, struct plan *out)
{
    char name[PLAN_WORD_MAX];
    char table[PLAN_WORD_MAX];
    if (strncmp(detail, "SCAN ", 5) == 0 && next_word(detail + 5, name) != NULL) {
        resolve(db, text, name, table);
        if (table[0] != '\0')
            plan_add(out, "scan", table);
    }
    if (strstr(detail, "USE TEMP B-TREE") != NULL)
        plan_add(out, "sort", "");
    if (strstr(detail, "AUTOMATIC") != NULL)
        plan_add(out, "index", "");
}

static int explain(struct planner *p, const char *text, struct plan *out, char why[PLAN_WHY_MAX])
{
    sqlite3 *db = p->db;
    sqlite3_stmt *s = NULL;
    char *asked = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", text);
    int rc = sqlite3_prepare_v2(db, asked, -1, &s, NULL);
    sqlite3_free(asked);
    snprintf(why, PLAN_WHY_MAX, "%s", sqlite3_errmsg(db));
    out->count = 0;
    while (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        note(db, text, (const char *)sqlite3_column_text(s, 3), out);
    sqlite3_finalize(s);
    return rc == SQLITE_OK;
}

static void close_db(struct planner *p)
{
    sqlite3_close(p->db);
    p->db = NULL;
}

void planner_open_sqlite(struct planner *p, const char *file)
{
    sqlite3 *db = NULL;
    if (sqlite3_open(file, &db) != SQLITE_OK || sqlite_ids_register(db) != SQLITE_OK)
        abort();
    *p = (struct planner){"sqlite", db, explain, run, close_db};
}
