#pragma once

/*
 * Which database a test runs on: SQLite, or with GUILDHALL_TEST_POSTGRES (the URL of a database
 * that may be written to) PostgreSQL, where each fixture has a schema of its own. Static functions,
 * since each test is a program.
 */

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attrs.h"

struct test_db {
    const char *server; /* NULL: SQLite */
    char schema[64];
    char url[1024]; /* for store_options; "" for SQLite */
};

/* Rows, or what else the text gives, are not looked at. */
static void test_db_exec(const char *url, const char *text)
{
    PGconn *c = PQconnectdb(url);
    PGresult *r = PQstatus(c) == CONNECTION_OK ? PQexec(c, text) : NULL;
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        print_error("%s: %s\n", text, PQerrorMessage(c));
    assert_true(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
    PQclear(r);
    PQfinish(c);
}

static void test_db_make(struct test_db *d)
{
    static _Atomic unsigned count;
    char text[128];
    memset(d, 0, sizeof *d);
    d->server = getenv("GUILDHALL_TEST_POSTGRES");
    if (d->server == NULL)
        return;
    snprintf(d->schema, sizeof d->schema, "test_%ld_%u", (long)getpid(),
             atomic_fetch_add(&count, 1));
    snprintf(d->url, sizeof d->url, "%s%soptions=-csearch_path%%3D%s", d->server,
             strchr(d->server, '?') != NULL ? "&" : "?", d->schema);
    snprintf(text, sizeof text, "CREATE SCHEMA %s", d->schema);
    test_db_exec(d->server, text);
}

static void test_db_drop(const struct test_db *d)
{
    char text[128];
    if (d->server == NULL)
        return;
    snprintf(text, sizeof text, "SET client_min_messages TO error; DROP SCHEMA %s CASCADE",
             d->schema);
    test_db_exec(d->server, text);
}

/* The folder of its migrations. */
UNUSED static const char *test_db_backend(const struct test_db *d)
{
    return d->server == NULL ? "sqlite" : "postgres";
}
