#include "ops/follow.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "store/space.h"

enum {
    LOOK_MS = 50,       /* between two looks at what another thread does */
    SAY_MS = 1000,      /* between two lines about one step */
    FAILURES_MAX = 100, /* in a row: five seconds */
};

bool ops_word_id(const struct ops_args *a, const struct ops_io *io, uint64_t *out)
{
    if (slice_to_u64(slice_from(a->words[0]), out) && *out != 0 && *out <= INT64_MAX)
        return true;
    ops_printf(io, "%.40s is no id: ids are numbers like 1234567890123456789.\n", a->words[0]);
    return false;
}

struct following {
    struct ops *o;
    const struct ops_io *io;
    struct task_progress said;
    uint64_t said_ms;
    unsigned failures;
};

static void say(struct following *f, const struct task_progress *now)
{
    uint64_t now_ms = clock_mono_ms(f->o->clock);
    bool same_step = f->said.step == now->step;
    bool same = same_step && f->said.done_rows == now->done_rows;
    if (same || (same_step && now_ms - f->said_ms < SAY_MS))
        return;
    ops_printf(f->io, "%u of %u, %s: %" PRIu64 " rows so far\n", now->step, now->steps, now->what,
               now->done_rows);
    f->said = *now;
    f->said_ms = now_ms;
}

static void pause_ms(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}

/* One step of whichever task is next, or some time for the one who does them. */
static enum err advance(struct following *f)
{
    bool more = false;
    if (f->o->serving && f->o->wake != NULL) {
        pause_ms(LOOK_MS);
        return ERR_OK;
    }
    enum err e = core_task_step(f->o->core, &more);
    if (e != ERR_OK || !more)
        pause_ms(LOOK_MS);
    return e;
}

static enum ops_result give_up(const struct following *f)
{
    ops_printf(f->io, "guildhall: no longer watching. The work goes on %s.\n",
               f->o->serving ? "in the server" : "when the server runs, or with the same command");
    return OPS_FAILED;
}

/* In the server its upkeep thread does that, now rather than in a few minutes. */
static void give_back_space(struct ops *o, const struct ops_io *io)
{
    bool more = !o->serving;
    if (o->wake != NULL)
        o->wake(o->wake_ctx);
    while (more && !io->stopped(io->ctx))
        if (space_give_back(o->store, &more) != ERR_OK)
            more = false; /* the server does it, later */
}

enum ops_result ops_follow(struct ops *o, const struct ops_io *io, enum task_kind kind,
                           uint64_t subject)
{
    struct following f = {.o = o, .io = io};
    struct task_progress now;
    if (o->wake != NULL)
        o->wake(o->wake_ctx);
    for (;;) {
        enum err e = core_task_progress(o->core, kind, subject, &now);
        if (e == ERR_OK && !now.running)
            break;
        if (io->stopped(io->ctx))
            return give_up(&f);
        if (e == ERR_OK) {
            say(&f, &now);
            e = advance(&f);
        }
        f.failures = e == ERR_OK ? 0 : f.failures + 1;
        if (f.failures == FAILURES_MAX) {
            ops_printf(io, "guildhall: it does not go on: %s. The log says more.\n",
                       err_info(e)->name);
            return give_up(&f);
        }
    }
    give_back_space(o, io);
    ops_printf(io, "done\n");
    return OPS_OK;
}
