#pragma once

/*
 * Scheduled backups: guildhall-YYYYMMDDTHHMMSSZ.tar in a folder of their own, named by the moment
 * they were begun. What is due is decided by the names alone, so it survives restarts. A backup
 * counts only when it was read back and found good; then older ones go. One thread.
 */

#include "base/metrics.h"
#include "ops/ops.h"

enum {
    BACKUP_NAME_MAX = 32,             /* with NUL */
    BACKUP_RETRY_MS = 15 * 60 * 1000, /* from a failure to the next try */
};

struct backup_schedule {
    const struct ops *o;
    const char *folder; /* made if absent */
    uint64_t every_ms;
    uint64_t keep; /* at least 1 */
    struct metrics *metrics;
    int64_t failed_at_ms; /* 0: the last try was good, or there was none */
};

/* A backup's file name for a moment. */
void backup_name(int64_t wall_ms, char out[BACKUP_NAME_MAX]);
/* The moment of a name; 0 if it is none of a scheduled backup. */
int64_t backup_name_time(const char *name);

struct backup_folder_look {
    /* What is of a time to come was made while the clock was wrong: it is left alone until then,
     * or else each new backup would be the oldest. */
    uint64_t count;
    int64_t newest_ms;             /* 0: there is none */
    char oldest[BACKUP_NAME_MAX];  /* "": there is none */
    char partial[BACKUP_NAME_MAX]; /* the newest whose making was broken off, without ".partial" */
};
/* No folder: nothing in it. IO. */
MUST_CHECK enum err backup_folder_look(const char *folder, int64_t now_ms,
                                       struct backup_folder_look *out);

/* When the next one is due. */
int64_t backup_due_ms(const struct backup_schedule *s, const struct backup_folder_look *look);
/* Makes one if it is due, verifies it, deletes what is too many. Failures are logged here, and the
 * metrics kept; STOPPING. */
MUST_CHECK enum err backup_schedule_run(struct backup_schedule *s, const struct ops_io *io);
