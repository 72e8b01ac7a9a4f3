#pragma once

/*
 * What a process does until it is ended: threads that write closures of several rows, events on
 * several streams and a row that each closure overwrites; some closures fail half-way on purpose,
 * and checkpoints come in between. What was acknowledged is reported on a pipe at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "crash/ledger.h"

struct work {
    const char *data;
    uint32_t run;         /* of the ledger */
    uint32_t threads;     /* at most LEDGER_THREADS */
    uint32_t closures;    /* of a thread, at most LEDGER_CLOSURES */
    uint32_t padding;     /* bytes in each row; large ones make the log grow to its checkpoints */
    bool checkpoints;     /* also asks for some, through store_between */
    bool errors_expected; /* the disk fails on purpose: a refused write is no trouble */
};

enum { WORK_NOT_OPENED = 3 };

/* Opens the store, works, closes it, reports REPORT_ENDED. Exit code: 0, or NOT_OPENED. */
int work_run(const struct work *w, int out);
