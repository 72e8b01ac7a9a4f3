#pragma once

/*
 * An SQLite VFS over the ordinary one that counts what reaches the disk and, at an operation chosen
 * beforehand, ends the process, cuts the power, or fails. Writes, syncs, truncations, deletions and
 * the making of a file are operations, numbered from 1; shared memory and temporary files are not.
 *
 * It never syncs for real: neither the end of a process nor the simulated power cut (disk.h)
 * depends on it, and so hundreds of runs fit into a test. One data folder at a time. Thread-safe;
 * operations are serialised, so that nothing is written after the fault.
 */

#include <stdbool.h>
#include <stdint.h>

enum shim_fault {
    SHIM_NONE,
    SHIM_KILL_BEFORE, /* the process ends before the operation */
    SHIM_KILL_AFTER,
    SHIM_KILL_TORN, /* after a part of a write; other operations as KILL_AFTER */
    SHIM_POWER, /* the power goes: unsynced bytes and names are lost, kept or torn, by the seed */
    SHIM_FAULT_COUNT
};

/* What a failing disk answers. */
enum shim_error {
    SHIM_SYNC_FAILS,  /* EIO; what was to be synced is dropped from memory as if it had been, which
                       * is what Linux does: a later sync succeeds without it */
    SHIM_WRITE_FAILS, /* EIO, after a part was written */
    SHIM_DISK_FULL,
    SHIM_DISK_READONLY, /* EROFS, of everything that changes the disk */
    SHIM_ERROR_COUNT
};

enum shim_files { SHIM_ALL_FILES, SHIM_DATABASE_ONLY, SHIM_LOG_ONLY };

struct shim_plan {
    enum shim_fault fault;
    enum shim_files files; /* `at` counts operations on these */
    uint64_t at;           /* 0: never */
    uint64_t seed;         /* of a torn write and of the power cut */
    bool sync_lies;        /* says that it has synced and has not: what the tests must find */
    /* NULL, or a file with what the machine remembers of a process that was killed here before:
     * read if it is there, written when this one is killed. */
    const char *memory;
};

enum { SHIM_EXIT = 77 }; /* of a process that ended as planned */

/* Ends the process at once: nothing of it runs any more, no sanitizer's farewell either. */
_Noreturn void shim_exit(int code);
/* Makes the shim SQLite's default. The plan is copied. */
void shim_install(const struct shim_plan *plan);
/* The ordinary file system again; forgets everything. Nothing may be open. */
void shim_remove(void);
const char *shim_fault_name(enum shim_fault f);
const char *shim_error_name(enum shim_error e);
/* Operations so far of the plan's files. */
uint64_t shim_operations(void);

/* From the next operation that it concerns on, `count` of them fail (UINT64_MAX: until shim_heal).
 */
void shim_fail(enum shim_error e, uint64_t count);
/* The operation with this number, counted as `at` is, and `count` - 1 after it. */
void shim_fail_at(enum shim_error e, uint64_t at, uint64_t count);
void shim_heal(void);
/* How many operations were made to fail since shim_install. */
uint64_t shim_failures(void);
/* The power goes now; does not return. Any thread, at any time. */
_Noreturn void shim_cut_power(void);
