/*
 * sim_gateway [--seed N] [--rounds N] [--events N] [--deliveries N] [--seconds N] [--sessions N]
 *             [--total-events N] [--repeat 1] [--progress SECONDS] [--guilds N] [--loops N]
 *             [--users N] [--replay FILE] [--trace FILE] [--bug NAME] [--bugs] [--verbose]
 *
 * Rounds from one seed on, each a world of its own, until the events or deliveries asked for have
 * been, or the time is up. Exit 0: nothing was found. With --bug: 0 if it was found.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

enum { LARGE_EVERY = 48 };

struct plan {
    uint64_t seed;
    uint64_t rounds;
    uint64_t events;     /* of the log, in all rounds */
    uint64_t deliveries; /* likewise */
    uint64_t seconds;
    uint64_t repeat;   /* each round twice, to the same digest */
    uint64_t progress; /* a line every so many seconds */
    struct sim_options fixed;
};

/* Small worlds live through many strange things, large ones have thousands of sessions. */
static struct sim_options options_of(const struct plan *p, uint64_t seed)
{
    static const struct sim_options SIZES[] = {
        {.events = 4000, .sessions = 12, .guilds = 2, .loops = 1, .users = 6},
        {.events = 6000, .sessions = 60, .guilds = 4, .loops = 2, .users = 30},
        {.events = 10000, .sessions = 300, .guilds = 8, .loops = 2, .users = 120},
        {.events = 6000, .sessions = 60, .guilds = 3, .loops = 3, .users = 40},
        {.events = 12000, .sessions = 200, .guilds = 12, .loops = 4, .users = 200},
        {.events = 4000, .sessions = 40, .guilds = 1, .loops = 1, .users = 25},
        {.events = 6000, .sessions = 30, .guilds = 2, .loops = 2, .users = 8},
        {.events = 8000, .sessions = 24, .guilds = 3, .loops = 3, .users = 12},
    };
    static const struct sim_options LARGE = {
        .events = 20000, .sessions = 3000, .guilds = 24, .loops = 4, .users = 700};
    struct sim_options o = SIZES[seed % (sizeof SIZES / sizeof SIZES[0])];
    if (seed % LARGE_EVERY == LARGE_EVERY / 2)
        o = LARGE;
    const struct sim_options *f = &p->fixed;
    o.events = f->events != 0 ? f->events : o.events;
    o.sessions = f->sessions != 0 ? f->sessions : o.sessions;
    o.guilds = f->guilds != 0 ? f->guilds : o.guilds;
    o.loops = f->loops != 0 ? f->loops : o.loops;
    o.users = f->users != 0 ? f->users : o.users;
    o.trace = f->trace;
    o.replay = f->replay;
    o.verbose = f->verbose;
    return o;
}

static void report(const struct sim_counts *n, uint64_t rounds, double seconds)
{
    printf("%" PRIu64 " rounds, %" PRIu64 " log events, %" PRIu64 " deliveries (%" PRIu64
           " against the log) in %.1f s\n",
           rounds, n->events, n->deliveries, n->checked, seconds);
    printf("  %" PRIu64 " READY, %" PRIu64 " RESUMED (%" PRIu64 " dispatches again), %" PRIu64
           " invalid, %" PRIu64 " cuts, %" PRIu64 " closes (%" PRIu64 " slow), %" PRIu64
           " moves, %" PRIu64 " restarts (%" PRIu64 " sessions kept)\n",
           n->readys, n->resumes, n->replayed, n->invalid, n->cuts, n->closes, n->slow, n->moves,
           n->restarts, n->handed_over);
    printf("  %" PRIu64 " kicks, %" PRIu64 " changes of structure, %" PRIu64 " blanked, %" PRIu64
           " readings of the log, %" PRIu64 " trims, %" PRIu64 " drops, %" PRIu64
           " repeats, %" PRIu64 " reorders, %" PRIu64 " jobs refused\n",
           n->kicks, n->structure, n->blanks, n->refills, n->trims, n->drops, n->repeats,
           n->reorders, n->refused);
    printf("  at most %zu KiB of the gateway, %zu KiB of payloads; digest %016" PRIx64 "\n",
           n->gateway_bytes_max / 1024, n->bytes_live_max / 1024, n->digest);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run_twice(uint64_t seed, const struct sim_options *o, struct sim_counts *n)
{
    struct sim_counts first = {0};
    struct sim_counts second = {0};
    sim_round_run(seed, o, &first);
    sim_round_run(seed, o, &second);
    if (first.digest != second.digest || first.deliveries != second.deliveries)
        sim_fail("the same seed went two ways");
    n->events += first.events;
    n->deliveries += first.deliveries;
    n->digest ^= first.digest;
}

static bool done(const struct plan *p, const struct sim_counts *n, uint64_t rounds, double seconds)
{
    if (p->seconds != 0)
        return seconds >= (double)p->seconds;
    if (p->rounds != 0)
        return rounds >= p->rounds;
    return n->events >= p->events && n->deliveries >= p->deliveries;
}

static int run(const struct plan *p)
{
    struct sim_counts n = {0};
    double begin = now_s();
    double next = begin + (double)p->progress;
    uint64_t rounds = 0;
    while (!done(p, &n, rounds, now_s() - begin)) {
        struct sim_options o = options_of(p, p->seed + rounds);
        if (p->repeat != 0)
            run_twice(p->seed + rounds, &o, &n);
        else
            sim_round_run(p->seed + rounds, &o, &n);
        rounds++;
        if (p->progress != 0 && now_s() >= next) {
            next += (double)p->progress;
            printf("seed %" PRIu64 ", ", SIM.seed);
            report(&n, rounds, now_s() - begin);
            fflush(stdout);
        }
    }
    report(&n, rounds, now_s() - begin);
    if (BUG != BUG_NONE)
        printf("the fault was NOT found\n");
    return BUG != BUG_NONE;
}

static uint64_t number(const char *option, const char *text)
{
    uint64_t n = 0;
    if (text == NULL || !slice_to_u64(slice_from(text), &n)) {
        fprintf(stderr, "%s takes a number\n", option);
        exit(2);
    }
    return n;
}

static bool set_number(struct plan *p, const char *option, const char *value)
{
    const struct {
        const char *name;
        uint64_t *wide;
        unsigned *narrow;
    } NUMBERS[] = {
        {"--seed", &p->seed, NULL},
        {"--rounds", &p->rounds, NULL},
        {"--total-events", &p->events, NULL},
        {"--deliveries", &p->deliveries, NULL},
        {"--seconds", &p->seconds, NULL},
        {"--repeat", &p->repeat, NULL},
        {"--progress", &p->progress, NULL},
        {"--events", &p->fixed.events, NULL},
        {"--sessions", NULL, &p->fixed.sessions},
        {"--guilds", NULL, &p->fixed.guilds},
        {"--loops", NULL, &p->fixed.loops},
        {"--users", NULL, &p->fixed.users},
    };
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++) {
        if (strcmp(NUMBERS[i].name, option) != 0)
            continue;
        uint64_t n = number(option, value);
        if (NUMBERS[i].wide != NULL)
            *NUMBERS[i].wide = n;
        else
            *NUMBERS[i].narrow = (unsigned)n;
        return true;
    }
    return false;
}

static bool set_text(struct plan *p, const char *option, const char *value)
{
    if (strcmp(option, "--bug") == 0)
        return value != NULL && bug_parse(value);
    if (strcmp(option, "--replay") == 0) {
        p->fixed.replay = true;
        return value != NULL && replay_load(value);
    }
    if (strcmp(option, "--trace") != 0 || value == NULL)
        return false;
    p->fixed.trace = fopen(value, "we");
    return p->fixed.trace != NULL;
}

int main(int argc, char **argv)
{
    struct plan p = {.seed = 1, .deliveries = 100000};
    const char *seed = getenv("GUILDHALL_SEED");
    if (seed != NULL)
        p.seed = number("GUILDHALL_SEED", seed);
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--verbose") == 0) {
            p.fixed.verbose++;
        } else if (strcmp(argv[i], "--bugs") == 0) {
            bug_list();
            return 0;
        } else if (set_number(&p, argv[i], value) || set_text(&p, argv[i], value)) {
            i++;
        } else {
            fprintf(stderr, "what is %s?\n", argv[i]);
            return 2;
        }
    }
    if (p.fixed.guilds > SIM_GUILDS_MAX || p.fixed.loops > SIM_LOOPS_MAX ||
        p.fixed.users > SIM_USERS_MAX) {
        fprintf(stderr, "at most %d guilds, %d loops, %d users\n", SIM_GUILDS_MAX, SIM_LOOPS_MAX,
                SIM_USERS_MAX);
        return 2;
    }
    return run(&p);
}
