#pragma once

/* How a closure of the workload is recognised in the database. Private to workload.c and ledger.c.
 */

#include "crash/ledger.h"
#include "store/store.h"

enum { TRACE_CHANNEL = 100 /* row i of a closure is a message of this channel + i */ };
/* Rows of meta with the number of a thread's last closure: "anchor RUN THREAD". */
#define TRACE_ANCHOR "anchor "

struct trace {
    uint32_t run;
    uint32_t thread;
    uint32_t number;
};

/* As entity of the closure's event in the stream of user 1 + thread. */
static inline uint64_t trace_number(struct trace t)
{
    return 1 + ((uint64_t)t.run * LEDGER_THREADS + t.thread) * LEDGER_CLOSURES + t.number;
}

/* How parent and child open the store. */
struct store_options work_store_options(const char *data);
