#pragma once

/* A small installation that nothing is wrong with, on a machine that nothing is wrong with, and the
 * doctor's words about both. */

#include "contract/core_fixture.h"
#include "ops/doctor.h"
#include "ops/ops.h"

enum { OUT_BYTES = 65536 };

struct world {
    struct core_fixture *f;
    struct ops o;
    struct ops_io io;
    char out[OUT_BYTES];
    size_t len;
    bool stop;
    uint64_t guild;
};

static void on_write(void *ctx, const char *data, size_t len)
{
    struct world *w = ctx;
    assert_true(w->len + len < OUT_BYTES);
    memcpy(w->out + w->len, data, len);
    w->len += len;
    w->out[w->len] = '\0';
}

static bool on_stopped(void *ctx)
{
    const struct world *w = ctx;
    return w->stop;
}

/* A guild with a channel that something was said in: nothing of it is worth a finding. */
UNUSED static struct world make_world(struct core_fixture *f)
{
    struct world w = {.f = f};
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    (void)cf_post(f, owner, cf_general(f, guild), "hello");
    w.guild = guild.v;
    w.o = (struct ops){.store = f->store,
                       .core = f->core,
                       .data = f->folder,
                       .store_url = f->db.url,
                       .serving = true,
                       .backup_folder = "/some/where",
                       .backup_every_hours = 24,
                       .connections_max = 1000,
                       .pool_max = 16,
                       .event_retention_days = 30,
                       .clock = &f->clock};
    return w;
}

/* A machine without fault. */
UNUSED static struct doctor_machine good_machine(const struct world *w)
{
    int64_t now_ms = w->f->wall_ms;
    return (struct doctor_machine){.wall_ms = now_ms,
                                   .clock_synced = true,
                                   .disk_bytes = UINT64_C(1) << 40,
                                   .disk_free = UINT64_C(1) << 39,
                                   .inodes_free = 1 << 20,
                                   .files_max = 65536,
                                   .folder_mode = 0700,
                                   .newest_backup_ms = now_ms - 3600 * 1000};
}

/* The results of all checks on that machine; [level]. */
UNUSED static void run(struct world *w, const struct doctor_machine *m, unsigned results[3])
{
    struct ops_io io = {w, on_write, on_stopped};
    struct doctor d = {.o = &w->o, .io = &io, .machine = *m};
    w->len = 0;
    w->out[0] = '\0';
    doctor_run(&d);
    memcpy(results, d.results, sizeof d.results);
}

UNUSED static bool says(const struct world *w, const char *text)
{
    return strstr(w->out, text) != NULL;
}

static enum err run_text(struct tx *tx, void *ctx)
{
    return sql_exec(tx_sql(tx), ctx);
}

UNUSED static void damage(struct core_fixture *f, const char *text)
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", text);
    f->damaged = true;
    if (store_write(f->store, run_text, copy) != ERR_OK)
        fail_msg("cannot be run: %s", text);
}
