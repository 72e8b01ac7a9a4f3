/* guildhall doctor: what is asked of the database. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/doctor.h"
#include "store/migrate.h"
#include "store/space.h"

enum {
    WHY_BYTES = 512,
    ARENA_BYTES = 4 * 1024 * 1024,
    TASK_STUCK_MS = 60 * 60 * 1000,
    /* RETURNING, row values, STRICT tables (SQLite 3.37). */
    SQLITE_OLDEST = 3037000,
    POSTGRES_TESTED = 150000,
    DAY_MS = 24 * 60 * 60 * 1000
};

/* ---- findings of the store's checkup ---- */

struct findings {
    struct doctor *d;
    enum doctor_level level;
    const char *advice;
    unsigned count;
    /* Those of one kind come one after the other and share a line; 0 ids are lines of their own. */
    const char *what;
    uint64_t first;
    unsigned same;
};

static void say_found(struct findings *f)
{
    if (f->same == 1)
        doctor_say(f->d, f->level, f->advice, "%s: %" PRIu64, f->what, f->first);
    else if (f->same > 1)
        doctor_say(f->d, f->level, f->advice, "%s: %" PRIu64 ", and %s%u more", f->what, f->first,
                   f->same == CHECKUP_FINDINGS_MAX ? "at least " : "", f->same - 1);
    f->same = 0;
}

static void on_found(void *ctx, const char *what, uint64_t id)
{
    struct findings *f = ctx;
    f->count++;
    if (f->same > 0 && f->what != what)
        say_found(f);
    if (id == 0) {
        doctor_say(f->d, f->level, f->advice, "%s", what);
        return;
    }
    if (f->same++ == 0)
        f->first = id;
    f->what = what;
}

static bool on_stopped(void *ctx)
{
    const struct findings *f = ctx;
    return f->d->io->stopped(f->d->io->ctx);
}

static struct checkup checkup_of(struct findings *f)
{
    return (struct checkup){.store = f->d->o->store,
                            .alone = !f->d->o->serving,
                            .found = on_found,
                            .stopped = on_stopped,
                            .ctx = f};
}

static void say_left_out(struct doctor *d, const struct checkup *c)
{
    if (c->left_out > 0)
        doctor_say(d, DOCTOR_WARNING, "Run `guildhall doctor` once while the server is stopped.",
                   "%" PRIu64 " tables are too large to be checked while serving", c->left_out);
}

enum err doctor_integrity(struct doctor *d)
{
    struct findings f = {
        .d = d,
        .level = DOCTOR_PROBLEM,
        .advice = "Stop the server, keep a copy of the files, and restore the newest backup "
                  "into another folder; find out what the disk has."};
    struct checkup c = checkup_of(&f);
    enum err e = checkup_integrity(&c);
    say_found(&f);
    if (e != ERR_OK)
        return e;
    say_left_out(d, &c);
    if (f.count == 0)
        doctor_say(d, DOCTOR_OK, "", "no damage found");
    return ERR_OK;
}

enum err doctor_references(struct doctor *d)
{
    struct findings f = {
        .d = d,
        .level = DOCTOR_PROBLEM,
        .advice = "Somebody has changed the database by hand, or it is damaged: compare with "
                  "the newest backup."};
    struct checkup c = checkup_of(&f);
    enum err e = checkup_references(&c);
    say_found(&f);
    if (e != ERR_OK)
        return e;
    say_left_out(d, &c);
    if (f.count == 0)
        doctor_say(d, DOCTOR_OK, "", "every reference leads somewhere");
    return ERR_OK;
}

enum err doctor_orphans(struct doctor *d)
{
    struct findings f = {.d = d,
                         .level = DOCTOR_WARNING,
                         .advice =
                             "It harms nobody, but should not be: report it, with this line."};
    struct checkup c = checkup_of(&f);
    enum err e = checkup_orphans(&c);
    say_found(&f);
    if (e == ERR_OK && f.count == 0)
        doctor_say(d, DOCTOR_OK, "", "everything belongs to something (%" PRIu64 " rows)", c.rows);
    return e;
}

enum err doctor_tasks(struct doctor *d)
{
    struct findings f = {
        .d = d,
        .level = DOCTOR_PROBLEM,
        .advice = "Look for \"upkeep\" in the log; the command that began it (guild delete, user "
                  "erase) takes it up again."};
    struct checkup c = checkup_of(&f);
    enum err e = checkup_tasks(&c, d->o->serving ? d->machine.wall_ms - TASK_STUCK_MS : INT64_MIN);
    say_found(&f);
    if (e == ERR_OK && f.count == 0)
        doctor_say(d, DOCTOR_OK, "", "%" PRIu64 " under way, none is stuck", c.rows);
    return e;
}

/* ---- the schema ---- */

static void judge_migration(struct doctor *d, const struct migration_row *r)
{
    if (r->changed)
        doctor_say(d, DOCTOR_PROBLEM, "Run the program that this database belongs to.",
                   "migration %" PRIu64 " is not the one that was applied", r->version);
    else if (r->applied_at_ms == 0)
        doctor_say(d, DOCTOR_WARNING, "Start the server again, or run `guildhall migrate up`.",
                   "migration %" PRIu64 " is not applied", r->version);
    else if (!r->known)
        doctor_say(d, DOCTOR_WARNING, "Run the newer program, unless you have just gone back.",
                   "migration %" PRIu64 " is of a newer program", r->version);
}

static enum err look_at_migrations(struct doctor *d, struct arena *arena)
{
    struct migrate_target t = {
        .path = d->o->data, .url = d->o->store_url, .o = {.clock = d->o->clock, .log = d->o->log}};
    struct migration_row *rows = NULL;
    size_t count = 0;
    char why[WHY_BYTES] = "";
    unsigned before = d->results[DOCTOR_PROBLEM] + d->results[DOCTOR_WARNING];
    enum err e = migrate_states(&t, arena, &rows, &count, why, sizeof why);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        judge_migration(d, &rows[i]);
    if (e == ERR_OK && before == d->results[DOCTOR_PROBLEM] + d->results[DOCTOR_WARNING])
        doctor_say(d, DOCTOR_OK, "", "%zu migrations, all of them this program's", count);
    return e;
}

enum err doctor_schema(struct doctor *d)
{
    struct arena arena;
    arena_init(&arena, MEM_STORE, ARENA_BYTES);
    enum err e = look_at_migrations(d, &arena);
    arena_deinit(&arena);
    return e;
}

/* ---- SQLite ---- */

enum err doctor_free_pages(struct doctor *d)
{
    struct space s;
    enum err e = space_of(d->o->store, &s);
    if (e != ERR_OK)
        return e;
    doctor_say(d, s.gives_back ? DOCTOR_OK : DOCTOR_WARNING,
               s.gives_back ? ""
                            : "Stop the server and run `guildhall store vacuum` once; it needs as "
                              "much free disk again as the database has.",
               s.gives_back ? "%" PRIu64 " MiB of free pages, given back step by step"
                            : "%" PRIu64
                              " MiB of free pages, which the database keeps: it was made "
                              "by an older program",
               s.free_bytes >> 20);
    return ERR_OK;
}

void doctor_judge_library(struct doctor *d, const char *version, uint64_t number)
{
    bool old = number < SQLITE_OLDEST;
    doctor_say(d, old ? DOCTOR_PROBLEM : DOCTOR_OK, old ? "Install SQLite 3.37 or later." : "",
               "SQLite %s", version);
}

enum err doctor_library(struct doctor *d)
{
    char version[CHECKUP_SETTING_MAX];
    uint64_t number;
    enum err e = checkup_version(d->o->store, version, &number);
    if (e == ERR_OK)
        doctor_judge_library(d, version, number);
    return e;
}

/* ---- PostgreSQL ---- */

static const struct wanted {
    const char *name;
    const char *value;
    enum doctor_level level;
    const char *advice;
} wanted[] = {
    {"fsync", "on", DOCTOR_PROBLEM, "Set fsync = on: without it a power cut damages the database."},
    {"full_page_writes", "on", DOCTOR_PROBLEM,
     "Set full_page_writes = on, unless the file system writes whole pages (ZFS)."},
    {"synchronous_commit", "on", DOCTOR_PROBLEM,
     "Set synchronous_commit = on: without it acknowledged messages can be lost."},
    {"autovacuum", "on", DOCTOR_WARNING,
     "Set autovacuum = on: without it deleted rows take space for ever."},
    {"data_checksums", "on", DOCTOR_WARNING,
     "Damage on the disk goes unnoticed; pg_checksums --enable, with PostgreSQL stopped."},
};

/* synchronous_commit may ask for even more. */
static bool is_as_wanted(const struct wanted *w, const char *value)
{
    return strcmp(value, w->value) == 0 || strcmp(value, "remote_apply") == 0;
}

bool doctor_judge_setting(struct doctor *d, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const struct wanted *w = &wanted[i];
        if (strcmp(w->name, name) != 0 || is_as_wanted(w, value))
            continue;
        doctor_say(d, w->level, w->advice, "%s is %s", name, value);
        return true;
    }
    return false;
}

void doctor_judge_server(struct doctor *d, const char *version, uint64_t number)
{
    bool old = number < POSTGRES_TESTED;
    doctor_say(d, old ? DOCTOR_WARNING : DOCTOR_OK,
               old ? "Guildhall is tested with PostgreSQL 15 and later: upgrade." : "",
               "PostgreSQL %s", version);
}

enum err doctor_settings(struct doctor *d)
{
    char value[CHECKUP_SETTING_MAX];
    uint64_t number;
    enum err e = checkup_version(d->o->store, value, &number);
    if (e == ERR_OK)
        doctor_judge_server(d, value, number);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && e == ERR_OK; i++) {
        e = checkup_setting(d->o->store, wanted[i].name, value);
        if (e == ERR_OK)
            (void)doctor_judge_setting(d, wanted[i].name, value);
    }
    return e;
}

void doctor_judge_connections(struct doctor *d, uint64_t room)
{
    bool enough = room >= d->o->pool_max;
    doctor_say(d, enough ? DOCTOR_OK : DOCTOR_PROBLEM,
               enough ? "" : "Raise max_connections of PostgreSQL, or lower store.pool_max.",
               "PostgreSQL takes %" PRIu64 " connections; the pool may open %" PRIu64, room,
               d->o->pool_max);
}

enum err doctor_connections(struct doctor *d)
{
    char most[CHECKUP_SETTING_MAX];
    char reserved[CHECKUP_SETTING_MAX];
    enum err e = checkup_setting(d->o->store, "max_connections", most);
    if (e == ERR_OK)
        e = checkup_setting(d->o->store, "superuser_reserved_connections", reserved);
    if (e == ERR_OK)
        doctor_judge_connections(d, strtoull(most, NULL, 10) - strtoull(reserved, NULL, 10));
    return e;
}

/* ---- the event log ---- */

enum err doctor_retention(struct doctor *d)
{
    uint64_t days = d->o->event_retention_days;
    if (days == 0) {
        doctor_say(d, DOCTOR_WARNING, "Set events.retention_days, unless you want to keep it all.",
                   "the event log is kept for ever, and grows");
        return ERR_OK;
    }
    struct findings f = {
        .d = d,
        .level = DOCTOR_WARNING,
        .advice = "A reader of the log may need them (`guildhall log verify`); else look for "
                  "\"upkeep\" in the log."};
    struct checkup c = checkup_of(&f);
    /* A day late is no reason: a server that was down has to catch up first. */
    enum err e = checkup_retention(&c, d->machine.wall_ms - ((int64_t)days + 1) * (int64_t)DAY_MS);
    say_found(&f);
    if (e == ERR_OK && f.count == 0)
        doctor_say(d, DOCTOR_OK, "", "nothing in the event log is older than %" PRIu64 " days",
                   days);
    return e;
}
