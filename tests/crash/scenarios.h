#pragma once

/* The situations that processes are ended in; each test program has its faults (test_*.c). */

#include "crash/crash.h"

enum scenario { WORK, START, RECOVERY, GROWTH, LYING, FAILING, FAILED, SCENARIO_COUNT };

static const struct crash_scenario scenarios[SCENARIO_COUNT] = {
    /* Group commits of several threads, with checkpoints in between and at the end. */
    [WORK] = {.name = "work",
              .start = CRASH_START_MADE,
              .work = {.threads = 4, .closures = 6, .checkpoints = true}},
    /* The first start of all: the file is made, switched to its log, and migrated. */
    [START] = {.name = "start", .start = CRASH_START_EMPTY, .work = {.threads = 1, .closures = 1}},
    /* Opening what a crash has left, and a second crash meanwhile. */
    [RECOVERY] = {.name = "recovery",
                  .start = CRASH_START_CRASHED,
                  .work = {.threads = 2, .closures = 2, .checkpoints = true}},
    /* Large rows, so that the log grows to its own checkpoints. Crashes in writes to the database
     * itself, of which there are few. */
    [GROWTH] = {.name = "growth",
                .start = CRASH_START_MADE,
                .files = SHIM_DATABASE_ONLY,
                .work = {.threads = 4, .closures = 16, .padding = 60000}},
    /* A disk that does not sync: what must be found, or the harness finds nothing. */
    [LYING] = {.name = "lying",
               .start = CRASH_START_MADE,
               .sync_lies = true,
               .work = {.threads = 4, .closures = 6, .checkpoints = true}},
    /* Syncs fail, and their bytes never reach the disk though later syncs succeed. */
    [FAILING] = {.name = "failing",
                 .start = CRASH_START_MADE,
                 .syncs_fail = true,
                 .work = {.threads = 4, .closures = 10, .checkpoints = true}},
    /* A sync failed, the process died of something else, and another one goes on with what the
     * machine shows it of the files, some of which is nowhere on the disk. */
    [FAILED] = {.name = "failed",
                .start = CRASH_START_FAILED,
                .work = {.threads = 3, .closures = 3, .checkpoints = true}},
};
