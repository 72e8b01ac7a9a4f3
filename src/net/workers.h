#pragma once

/*
 * The worker pool: threads that run handlers, which may block on the store. Threads are started
 * when needed, up to a cap, with small stacks. The queue is bounded: a full one refuses. Writes may
 * occupy all workers but `read_reserved`, so that a slow disk parks writers and not everybody;
 * password hashes may occupy at most `hash_max`, and pieces of bodies on their way to and from the
 * disk `files_max`: a disk that cannot keep up slows uploads down and nothing else.
 */

#include <stdint.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"

enum job_class { JOB_READ, JOB_WRITE, JOB_HASH, JOB_FILE, JOB_CLASS_COUNT };

struct job {
    struct list node;
    enum job_class class;
    void (*run)(struct job *j); /* owns j from here */
};

struct workers;

struct workers_options {
    unsigned threads_max;
    unsigned read_reserved; /* < threads_max */
    unsigned hash_max;
    unsigned files_max; /* 0: as hash_max */
    unsigned queue_max; /* jobs waiting, all classes together */
    size_t stack_bytes; /* 256 KiB if 0 */
    const struct log *log;
    struct metrics *metrics;
};

MUST_CHECK enum err workers_new(const struct workers_options *o, struct workers **out);
/* Any thread. OVERLOADED when the queue is full, STOPPING after workers_stop. Never blocks. */
MUST_CHECK enum err workers_submit(struct workers *w, struct job *j);
/* The same of a job that an admitted stream owes: a full queue does not refuse it, because their
 * number is bounded by that of the streams. Still STOPPING, and OVERLOADED without any thread. */
MUST_CHECK enum err workers_submit_owed(struct workers *w, struct job *j);
/* Runs what is queued, refuses more, joins the threads. */
void workers_stop(struct workers *w);
void workers_free(struct workers **w);
