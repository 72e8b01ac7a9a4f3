/*
 * guildhall migrate status | up | verify. Status and verify read on a connection of their own,
 * beside a server or without one. A server has applied its migrations at start: what is left to
 * `up` there are the online ones, whose steps go through its store.
 */

#include <inttypes.h>
#include <stdio.h>

#include "ops/ops_commands.h"
#include "store/backfill.h"
#include "store/migrate.h"

enum { WHY_BYTES = 1024, ARENA_BYTES = 4 * 1024 * 1024, SAY_MS = 1000 };

static struct migrate_target target_of(const struct ops *o)
{
    return (struct migrate_target){
        .path = o->data, .url = o->store_url, .o = {.clock = o->clock, .log = o->log}};
}

static enum ops_result failed(const struct ops_io *io, const char *why)
{
    ops_printf(io, "guildhall: %s\n", why);
    return OPS_FAILED;
}

/* ---- status ---- */

static void print_state(const struct migration_row *row, const struct ops_io *io)
{
    if (row->applied_at_ms == 0)
        ops_printf(io, "pending");
    else if (row->changed)
        ops_printf(io, "CHANGED since it was applied");
    else if (!row->known)
        ops_printf(io, "newer than this program; programs that know %04" PRIu64 " can use it",
                   row->compatible);
    else if (!row->online)
        ops_printf(io, "applied");
    else if (row->finished_at_ms != 0)
        ops_printf(io, "applied online, %" PRIu64 " rows", row->rows_done);
    else
        ops_printf(io, "online, %" PRIu64 " rows done", row->rows_done);
}

static void print_row(const struct migration_row *row, const struct ops_io *io)
{
    char at[CLOCK_ISO_LEN + 1] = "-";
    if (row->applied_at_ms != 0)
        clock_iso(row->applied_at_ms, at);
    ops_printf(io, "%04" PRIu64 "  %-36s  %-32s  ", row->version, row->name, at);
    print_state(row, io);
    ops_printf(io, "\n");
}

static enum ops_result print_states(const struct ops *o, const struct ops_io *io,
                                    struct arena *arena)
{
    struct migrate_target t = target_of(o);
    struct migration_row *rows;
    size_t count = 0;
    char why[WHY_BYTES];
    if (migrate_states(&t, arena, &rows, &count, why, sizeof why) != ERR_OK)
        return failed(io, why);
    for (size_t i = 0; i < count; i++)
        print_row(&rows[i], io);
    return OPS_OK;
}

enum ops_result ops_migrate_status(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    (void)a;
    struct arena arena;
    arena_init(&arena, MEM_STORE, ARENA_BYTES);
    enum ops_result result = print_states(o, io, &arena);
    arena_deinit(&arena);
    return result;
}

/* ---- up ---- */

struct watch {
    const struct ops_io *io;
};

static bool on_watch(void *ctx, const char *name, uint64_t rows_done)
{
    const struct watch *w = ctx;
    ops_printf(w->io, "%s: %" PRIu64 " rows\n", name, rows_done);
    return !w->io->stopped(w->io->ctx);
}

static enum ops_result up_offline(const struct ops *o, const struct ops_io *io)
{
    struct migrate_target t = target_of(o);
    char why[WHY_BYTES];
    struct watch w = {io};
    enum err e = migrate_up(&t, on_watch, &w, why, sizeof why);
    if (e == ERR_STOPPING)
        return failed(io, "stopped; the next start, or the same command, goes on from here");
    return e == ERR_OK ? OPS_OK : failed(io, why);
}

static enum err say_progress(const struct ops *o, const struct ops_io *io)
{
    struct backfill_progress p;
    enum err e = backfill_progress(o->store, &p);
    if (e == ERR_OK && p.version != 0)
        ops_printf(io, "%04" PRIu64 ": %" PRIu64 " rows\n", p.version, p.rows_done);
    return e;
}

static enum err step_to_end(const struct ops *o, const struct ops_io *io)
{
    uint64_t said_ms = clock_mono_ms(o->clock);
    bool more = true;
    enum err e = ERR_OK;
    while (e == ERR_OK && more) {
        e = io->stopped(io->ctx) ? ERR_STOPPING : backfill_step(o->store, &more);
        if (e != ERR_OK || clock_mono_ms(o->clock) - said_ms < SAY_MS)
            continue;
        said_ms = clock_mono_ms(o->clock);
        e = say_progress(o, io);
    }
    return e;
}

static enum ops_result up_serving(const struct ops *o, const struct ops_io *io)
{
    enum err e = step_to_end(o, io);
    if (e == ERR_OK)
        return OPS_OK;
    ops_printf(io, "guildhall: stopped (%s); the server goes on with it by itself.\n",
               err_info(e)->name);
    return OPS_FAILED;
}

enum ops_result ops_migrate_up(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    enum ops_result result = o->store != NULL ? up_serving(o, io) : up_offline(o, io);
    return result == OPS_OK ? ops_migrate_status(o, a, io) : result;
}

/* ---- verify ---- */

struct verify {
    const struct ops_io *io;
    size_t findings;
};

static void on_finding(void *ctx, bool ours, const char *text)
{
    struct verify *v = ctx;
    v->findings += ours;
    ops_printf(v->io, "%s%s\n", ours ? "" : "(a newer program's) ", text);
}

enum ops_result ops_migrate_verify(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    (void)a;
    struct migrate_target t = target_of(o);
    struct verify v = {.io = io};
    size_t items = 0;
    char why[WHY_BYTES];
    if (migrate_verify(&t, on_finding, &v, &items, why, sizeof why) != ERR_OK)
        return failed(io, why);
    ops_printf(io, "%zu tables, columns, keys and indexes compared: %zu differences.\n", items,
               v.findings);
    return v.findings == 0 ? OPS_OK : OPS_FAILED;
}
