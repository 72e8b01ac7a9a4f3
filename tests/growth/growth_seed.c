/*
 * growth_seed FOLDER [MESSAGES]: makes a data folder (SQLite) with the large installation of
 * seed.h, which a server can be started on.
 */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "growth/seed.h"
#include "store/store.h"

/* The folder, with an empty database of the present schema. */
static int make_folder(const char *folder)
{
    char why[512];
    struct store *s = NULL;
    struct store_options o = {.path = folder,
                              .readers = 1,
                              .batch_max = 1,
                              .queue_max = 1,
                              .read_limit_ms = 1000,
                              .clock = clock_system()};
    enum err e = store_open(&o, &s, why, sizeof why);
    if (e != ERR_OK)
        fprintf(stderr, "growth_seed: %s\n", why);
    store_close(&s);
    return e == ERR_OK;
}

static int run(void *ctx, const char *text)
{
    sqlite3 *db = ctx;
    if (sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK)
        return 1;
    fprintf(stderr, "growth_seed: %s in: %s\n", sqlite3_errmsg(db), text);
    return 0;
}

static int fill(const char *folder, uint64_t messages)
{
    char file[4096];
    sqlite3 *db = NULL;
    snprintf(file, sizeof file, "%s/guildhall.db", folder);
    int done = sqlite3_open(file, &db) == SQLITE_OK &&
               run(db, "PRAGMA synchronous=OFF; PRAGMA cache_size=-65536; BEGIN") &&
               growth_seed(messages, "BLOB", run, db) && run(db, "COMMIT");
    sqlite3_close(db);
    return done;
}

int main(int argc, char **argv)
{
    uint64_t messages = argc > 2 ? strtoull(argv[2], NULL, 10) : GROWTH_MESSAGES;
    if (argc < 2 || messages < 10000 || messages > GROWTH_MESSAGES) {
        fprintf(stderr, "usage: growth_seed FOLDER [MESSAGES, 10000 to %d]\n", GROWTH_MESSAGES);
        return 2;
    }
    return make_folder(argv[1]) && fill(argv[1], messages) ? 0 : 1;
}
