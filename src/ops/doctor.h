#pragma once

/*
 * guildhall doctor: a table of checks, each of which says how things are, and in one sentence what
 * to do. What the machine says (disk, clock, limits, modes) is read once and judged apart, so that
 * a test can make it up.
 */

#include "base/buf.h"
#include "ops/ops.h"
#include "store/checkup.h"
#include "wire/json_write.h"

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_PROBLEM };
enum { DOCTOR_NAME_MAX = 128 };

struct doctor_machine {
    int64_t wall_ms;
    bool clock_synced; /* true also where the system does not tell */
    uint64_t disk_bytes;
    uint64_t disk_free; /* for us, who may not be root */
    uint64_t inodes_free;
    uint64_t wal_bytes;          /* SQLite */
    uint64_t files_max;          /* open files of a process, as far as it may raise that itself */
    unsigned folder_mode;        /* permission bits */
    bool foreign;                /* folder or file of another account */
    char loose[DOCTOR_NAME_MAX]; /* a file in it that others may read; "": none */
    int64_t newest_backup_ms;    /* 0: none */
};

struct doctor {
    struct ops *o;
    const struct ops_io *io;
    struct doctor_machine machine;
    struct buf json; /* if it was asked for */
    struct json_writer writer;
    bool as_json;
    const char *check; /* the name of the one that is running */
    unsigned results[DOCTOR_PROBLEM + 1];
};

struct doctor_check {
    const char *name;
    const char *backend; /* store_backend's name; NULL: both */
    enum err (*fn)(struct doctor *d);
    const char *help;
};
extern const struct doctor_check doctor_checks[];
extern const size_t doctor_check_count;

/* One result; `advice` "" if there is nothing to do. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *advice, const char *format,
                ...) PRINTF_LIKE(4, 5);
/* All checks of the table on d->machine; the summary is the caller's. */
void doctor_run(struct doctor *d);

/* doctor_machine.c */
void doctor_look(const struct ops *o, struct doctor_machine *out);
enum err doctor_space(struct doctor *d);
enum err doctor_wal(struct doctor *d);
enum err doctor_clock(struct doctor *d);
enum err doctor_files(struct doctor *d);
enum err doctor_modes(struct doctor *d);
enum err doctor_backups(struct doctor *d);

/* doctor_media.c */
enum err doctor_media(struct doctor *d);

/* doctor_database.c */
enum err doctor_integrity(struct doctor *d);
enum err doctor_references(struct doctor *d);
enum err doctor_orphans(struct doctor *d);
enum err doctor_tasks(struct doctor *d);
enum err doctor_schema(struct doctor *d);
enum err doctor_free_pages(struct doctor *d);
enum err doctor_library(struct doctor *d);
enum err doctor_settings(struct doctor *d);
enum err doctor_connections(struct doctor *d);
enum err doctor_retention(struct doctor *d);
/* What these say about the values that they have read. */
void doctor_judge_library(struct doctor *d, const char *version, uint64_t number);
void doctor_judge_server(struct doctor *d, const char *version, uint64_t number);
/* False if it is not worth a word. */
bool doctor_judge_setting(struct doctor *d, const char *name, const char *value);
void doctor_judge_connections(struct doctor *d, uint64_t room);
