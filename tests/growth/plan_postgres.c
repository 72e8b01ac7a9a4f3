/*
 * EXPLAIN of a prepared statement's generic plan: the one that serves all parameters, which is what
 * the server asks for (plan_cache_mode). Lines: "->  Seq Scan on messages m  (cost ...)", and under
 * an index scan "Index Cond: ..." if only a part of the index is walked.
 */

#include "plans.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int command(PGconn *c, const char *text, char why[PLAN_WHY_MAX])
{
    PGresult *r = PQexec(c, text);
    ExecStatusType status = PQresultStatus(r);
    int done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done)
        snprintf(why, PLAN_WHY_MAX, "%s", PQresultErrorMessage(r));
    PQclear(r);
    return done;
}

static int run(void *db, const char *text)
{
    char why[PLAN_WHY_MAX];
    if (command(db, text, why))
        return 1;
    fprintf(stderr, "%s: %.300s\n", why, text);
    return 0;
}

/* "messages" of "... on messages m  (cost". */
static void table_of(const char *line, char out[PLAN_WORD_MAX])
{
    const char *at = strstr(line, " on ");
    size_t n = at == NULL ? 0 : strcspn(at + 4, " (");
    snprintf(out, PLAN_WORD_MAX, "%.*s", (int)n, at == NULL ? "" : at + 4);
}

static int is_node(const char *line)
{
    return strstr(line, "(cost=") != NULL;
}

/* Whether the node at row i, an index scan, walks the whole index. */
static int walks_all(PGresult *r, int i)
{
    for (int k = i + 1; k < PQntuples(r) && !is_node(PQgetvalue(r, k, 0)); k++)
        if (strstr(PQgetvalue(r, k, 0), "Index Cond:") != NULL)
            return 0;
    return 1;
}

static void note(PGresult *r, int i, struct plan *out)
{
    char table[PLAN_WORD_MAX];
    const char *line = PQgetvalue(r, i, 0);
    if (!is_node(line))
        return;
    table_of(line, table);
    int is_index = strstr(line, "Index Scan using") != NULL ||
                   strstr(line, "Index Scan Backward using") != NULL ||
                   strstr(line, "Index Only Scan") != NULL;
    if (strstr(line, "Seq Scan on") != NULL || (is_index && walks_all(r, i)))
        plan_add(out, "scan", table);
}

/* EXECUTE with as many NULLs as there are parameters: a generic plan does not look at them. */
static void write_execute(char *out, size_t room, int parameters)
{
    size_t n = (size_t)snprintf(out, room, "EXPLAIN EXECUTE asked%s", parameters > 0 ? "(" : "");
    for (int i = 0; i < parameters && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%sNULL", i > 0 ? ", " : "");
    if (parameters > 0 && n < room)
        snprintf(out + n, room - n, ")");
}

static int parameters_of(PGconn *c)
{
    PGresult *r = PQexec(c, "SELECT COALESCE(array_length(parameter_types, 1), 0) "
                            "FROM pg_prepared_statements WHERE name = 'asked'");
    int count = PQntuples(r) == 1 ? (int)strtol(PQgetvalue(r, 0, 0), NULL, 10) : 0;
    PQclear(r);
    return count;
}

static int explain(struct planner *p, const char *text, struct plan *out, char why[PLAN_WHY_MAX])
{
    PGconn *c = p->db;
    char asked[16384];
    out->count = 0;
    (void)command(c, "DEALLOCATE ALL", why);
    int len = snprintf(asked, sizeof asked, "PREPARE asked AS %s", text);
    if (len < 0 || (size_t)len >= sizeof asked || !command(c, asked, why))
        return 0;
    write_execute(asked, sizeof asked, parameters_of(c));
    PGresult *r = PQexec(c, asked);
    int done = PQresultStatus(r) == PGRES_TUPLES_OK;
    if (!done)
        snprintf(why, PLAN_WHY_MAX, "%s", PQresultErrorMessage(r));
    for (int i = 0; done && i < PQntuples(r); i++)
        note(r, i, out);
    if (done && getenv("GUILDHALL_SHOW_PLANS") != NULL) {
        printf("--- %s\n", text);
        for (int i = 0; i < PQntuples(r); i++)
            printf("    %s\n", PQgetvalue(r, i, 0));
    }
    PQclear(r);
    return done;
}

static void close_db(struct planner *p)
{
    PQfinish(p->db);
    p->db = NULL;
}

void planner_open_postgres(struct planner *p, const char *url)
{
    PGconn *c = PQconnectdb(url);
    if (PQstatus(c) != CONNECTION_OK) {
        fprintf(stderr, "%s\n", PQerrorMessage(c));
        abort();
    }
    *p = (struct planner){"postgres", c, explain, run, close_db};
    if (!run(c, "SET plan_cache_mode = force_generic_plan"))
        abort();
}
