/*
 * guildhall store copy --to URL: the whole database to another place, proved by counts and sums. A
 * server goes on reading and answers writes with 503 from the first row on; after success it stays
 * so until it is started on the new place, since a write to the old one would be lost.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ops/ops_commands.h"
#include "store/move.h"

enum { WHY_BYTES = 1024, ARENA_BYTES = 16 * 1024 * 1024, SAY_MS = 500, SUM_SHOWN = 8 };

struct copying {
    const struct ops *o;
    const struct ops_io *io;
    uint64_t said_ms;
};

static bool on_progress(void *ctx, const char *table, uint64_t rows)
{
    struct copying *x = ctx;
    uint64_t now_ms = clock_mono_ms(x->o->clock);
    if (now_ms - x->said_ms >= SAY_MS) {
        x->said_ms = now_ms;
        ops_printf(x->io, "%s: %" PRIu64 " rows\n", table, rows);
    }
    return !x->io->stopped(x->io->ctx);
}

/* A folder is meant as it was written, wherever the server works. */
static bool target_of(const struct ops_args *a, const struct ops_io *io, char out[OPS_PATH_MAX + 8],
                      const char **to)
{
    static const char folder[] = "sqlite:";
    const char *text = ops_option(a, "to");
    size_t len = sizeof folder - 1;
    *to = text;
    if (text == NULL || strncmp(text, folder, len) != 0 || text[len] == '\0')
        return true;
    memcpy(out, folder, len);
    *to = out;
    return ops_path(a, text + len, out + len, io);
}

static void print_sums(const struct table_sums *sums, const struct ops_io *io)
{
    for (size_t i = 0; i < sums->count; i++) {
        const struct table_sum *s = &sums->items[i];
        ops_printf(io, "%-20s %12" PRIu64 " rows  sha256 ", s->table, s->rows);
        for (int k = 0; k < SUM_SHOWN; k++)
            ops_printf(io, "%02x", s->sha256[k]);
        ops_printf(io, "\n");
    }
}

static enum ops_result run(struct copying *x, const char *to)
{
    char why[WHY_BYTES];
    /* Whoever has copied it counts on its staying as it is. */
    if (!store_freeze(x->o->store)) {
        ops_printf(x->io,
                   "guildhall: The store is being copied, or has been: it takes no writes until "
                   "the server is started again.\n");
        return OPS_FAILED;
    }
    struct arena arena;
    struct table_sums sums;
    struct move m = {.from = x->o->store,
                     .to = to,
                     .arena = &arena,
                     .progress = on_progress,
                     .ctx = x,
                     .clock = x->o->clock,
                     .log = x->o->log};
    arena_init(&arena, MEM_STORE, ARENA_BYTES);
    enum err e = store_move(&m, &sums, why, sizeof why);
    if (e == ERR_OK) {
        print_sums(&sums, x->io);
        ops_printf(x->io, "Copied, read back, and equal.\n");
    } else {
        store_thaw(x->o->store);
        ops_printf(x->io, "guildhall: %s\n", why);
    }
    arena_deinit(&arena);
    return e == ERR_OK ? OPS_OK : e == ERR_INVALID_FORM ? OPS_USAGE : OPS_FAILED;
}

enum ops_result ops_store_copy(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    struct copying x = {.o = o, .io = io};
    char path[OPS_PATH_MAX + 8];
    const char *to;
    if (!target_of(a, io, path, &to))
        return OPS_FAILED;
    if (to == NULL) {
        ops_printf(io, "--to must name the new place: postgres://..., or sqlite:FOLDER.\n");
        return OPS_USAGE;
    }
    enum ops_result result = run(&x, to);
    if (result == OPS_OK && o->serving)
        ops_printf(io, "The server takes no more writes. Set store.url (or server.data) to the new "
                       "place and start it again.\n");
    else if (result == OPS_OK)
        ops_printf(io, "Set store.url (or server.data) to the new place before the next start.\n");
    return result;
}
