#pragma once

/*
 * What a process that was ended had promised, as its parent read it from a pipe, and what follows
 * from it. A closure of the workload (workload.h) is known by run (which process on this folder),
 * thread and number; each thread makes one after the other.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
    LEDGER_RUNS = 4,
    LEDGER_THREADS = 4,
    LEDGER_CLOSURES = 64,
    LEDGER_GUILDS = 3 /* streams 1 to 3, which all threads write to */
};

enum report_kind {
    REPORT_OPENED = 1, /* store_open has succeeded */
    REPORT_ACKNOWLEDGED,
    REPORT_REFUSED,   /* store_write failed: the closure may be there wholly, or not at all */
    REPORT_ANNOUNCED, /* on_commit: guild `number` is at position `value` */
    REPORT_ENDED,     /* the workload is over; `value`: operations of the shim */
    REPORT_TROUBLE    /* something that must not happen; `value`: enum err */
};

/* Small enough for a pipe to take it whole. */
struct report {
    enum report_kind kind;
    uint32_t thread;
    uint32_t number;
    uint64_t value; /* of ACKNOWLEDGED: the highest id in it */
};

struct ledger {
    uint32_t runs; /* begun on this folder so far */
    bool acknowledged[LEDGER_RUNS][LEDGER_THREADS][LEDGER_CLOSURES];
    bool refused[LEDGER_RUNS][LEDGER_THREADS][LEDGER_CLOSURES];
    uint64_t announced[LEDGER_GUILDS + 1]; /* by guild */
    uint64_t id_max;                       /* acknowledged */
    uint64_t count;                        /* of acknowledged closures */
    uint64_t refused_count;
};

/* What becomes of each closure: some fail on purpose, and leave nothing. */
bool closure_fails(uint32_t thread, uint32_t number);
uint32_t closure_rows(uint32_t thread, uint32_t number);

/*
 * Opens the folder with the ordinary file system, `times` times, and compares. Each time: it opens
 * by itself; every acknowledged closure is there; every other is wholly there or not at all, and
 * nothing of one that failed on purpose; of a thread's closures there is a beginning without holes;
 * every message has its event; the log has no gap and no head that is wrong; nothing announced is
 * missing; SQLite finds no damage; and a new id is above all that were ever given out. False: `why`
 * says what is wrong.
 */
bool ledger_holds(const struct ledger *l, const char *data, unsigned times, char *why,
                  unsigned why_len);
