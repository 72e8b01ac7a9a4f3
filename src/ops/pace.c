#include "ops/pace.h"

#include <inttypes.h>
#include <time.h>

enum {
    SECOND_NS = 1000000000,
    SAY_NS = 500000000,
    NAP_NS = 50000000,   /* between two looks whether to stop */
    BURST_NS = 100000000 /* so much unused time may be caught up */
};

void pace_begin(struct pace *p, const struct clock *clock, const struct ops_io *io,
                const char *what, uint64_t bytes_per_s)
{
    uint64_t now_ns = clock_mono_ns(clock);
    *p = (struct pace){.clock = clock,
                       .io = io,
                       .what = what,
                       .bytes_per_s = bytes_per_s,
                       .begun_ns = now_ns,
                       .allowed_ns = now_ns,
                       .said_ns = now_ns};
}

static void say(struct pace *p, uint64_t now_ns)
{
    if (now_ns - p->said_ns < SAY_NS)
        return;
    p->said_ns = now_ns;
    if (p->total == 0 || p->done == 0) {
        ops_printf(p->io, "%s: %" PRIu64 " bytes\n", p->what, p->done);
        return;
    }
    /* Towards the end there may be a little more than was measured: heads of files, a manifest. */
    uint64_t total = p->total > p->done ? p->total : p->done;
    double seconds = (double)(now_ns - p->begun_ns) / SECOND_NS;
    double left = seconds * (double)(total - p->done) / (double)p->done;
    ops_printf(p->io, "%s: %" PRIu64 " %%, %" PRIu64 " of %" PRIu64 " bytes, %.0f s left\n",
               p->what, p->done * 100 / total, p->done, total, left);
}

bool pace_rest(struct pace *p, uint64_t ns)
{
    uint64_t until_ns = clock_mono_ns(p->clock) + ns;
    for (;;) {
        uint64_t now_ns = clock_mono_ns(p->clock);
        say(p, now_ns);
        if (p->io->stopped(p->io->ctx))
            return false;
        if (now_ns >= until_ns)
            return true;
        uint64_t nap = until_ns - now_ns < NAP_NS ? until_ns - now_ns : NAP_NS;
        nanosleep(&(struct timespec){.tv_nsec = (long)nap}, NULL);
    }
}

bool pace_spend(struct pace *p, uint64_t bytes)
{
    uint64_t now_ns = clock_mono_ns(p->clock);
    p->done += bytes;
    if (p->bytes_per_s == 0)
        return pace_rest(p, 0);
    if (p->allowed_ns + BURST_NS < now_ns)
        p->allowed_ns = now_ns - BURST_NS;
    p->allowed_ns += (uint64_t)((double)bytes * SECOND_NS / (double)p->bytes_per_s);
    return pace_rest(p, p->allowed_ns > now_ns ? p->allowed_ns - now_ns : 0);
}
