#pragma once

/*
 * Running the workload in a process that is ended as planned, and looking at what it left. A test
 * program is a list of sweeps over cases; a finding prints a line
 *
 *     FINDING work/torn/37/1: run 0 thread 2 closure 3 was acknowledged and is lost
 *
 * (scenario, fault, operation, seed) keeps the folder, and can be run again alone with
 * GUILDHALL_CRASH=work/torn/37/1 (threads take turns as they like, so more than one attempt may be
 * needed: GUILDHALL_CRASH_TIMES=n). Of a failing disk: scenario, error, operation, number of
 * failures.
 */

#include <stdbool.h>
#include <stdint.h>

#include "crash/shim.h"
#include "crash/workload.h"

enum { CRASH_PATH_MAX = 256, CRASH_WHY_MAX = 512 };

/* What a folder is before the crash. */
enum crash_start {
    CRASH_START_EMPTY,   /* there is no database: it is made and migrated */
    CRASH_START_MADE,    /* the schema and some rows, closed properly */
    CRASH_START_CRASHED, /* a process was ended on it, and nobody has opened it since */
    CRASH_START_FAILED   /* a sync failed, and the process was killed; the machine runs on */
};

struct crash_scenario {
    const char *name;
    enum crash_start start;
    struct work work; /* data and run are filled in */
    enum shim_files files;
    bool sync_lies;
    /* Some syncs fail before the crash, and the disk goes on; or right before it. */
    bool syncs_fail;
    bool sync_fails_last;
};

struct crash_case {
    const struct crash_scenario *scenario;
    enum shim_fault fault;
    uint64_t at;
    uint64_t seed;
    /* Not a crash: from operation `at` on so many fail, with this error. */
    enum shim_error error;
    uint64_t failures;
};

enum crash_result { CRASH_HELD, CRASH_NEVER_CAME, CRASH_FOUND };

/* Folders for this program; call them first and last (cmocka's group setup and teardown). The last
 * one prints "N crashes, M findings". */
int crash_setup(void **state);
int crash_teardown(void **state);

/* NEVER_CAME: the workload ended before operation `at`; all was well then too. FOUND was printed,
 * unless `quiet`. */
enum crash_result crash_run(const struct crash_case *c, bool quiet);
/* Operations 1, 1 + stride ... until the workload ends by itself; fails the test on a finding. */
void crash_sweep(const struct crash_scenario *s, enum shim_fault fault, uint64_t stride,
                 uint64_t seed);
/* Every operation of a run without failures fails in turn, and `failures` - 1 after it. */
void crash_fail_sweep(const struct crash_scenario *s, enum shim_error error, uint64_t failures,
                      uint64_t stride);
/* `count` operations, picked by the seed from those of a run without a crash. */
void crash_sample(const struct crash_scenario *s, enum shim_fault fault, uint64_t count,
                  uint64_t seed);
/* True if the harness finds something in a good folder after this statement was run on it. */
bool crash_notices(const char *statement);
/* How far apart sweeps look: 1 in the long form; further where a sanitizer makes everything slow.
 */
uint64_t crash_stride(uint64_t ordinary);
/* How often they look, each time with other seeds: more in the long form. */
uint64_t crash_rounds(uint64_t ordinary);
/* Runs the case that GUILDHALL_CRASH names, if it names one of these; true if it does. */
bool crash_rerun(const struct crash_scenario *list, unsigned count);
