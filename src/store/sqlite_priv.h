#pragma once

/* What sqlite.c (statements) and sqlite_open.c (connections) share. */

#include <sqlite3.h>

#include "store/sql_driver.h"

#define SQLITE_CONN_MAGIC UINT32_C(0x5351434e)

struct sqlite_conn {
    struct sql_conn base; /* first: struct sql_conn * is cast back */
    uint32_t magic;       /* this object travels through SQLite's void * */
    sqlite3 *db;
    const struct clock *clock;
    uint64_t deadline_ns;   /* monotonic; 0: none */
    uint64_t wal_bytes;     /* as of the last commit */
    uint64_t checkpoint_at; /* wal_bytes of the next checkpoint */
    uint64_t checkpointed;  /* wal_bytes at the last one */
    uint64_t wal_alarm_bytes;
    bool wal_alarmed;
};

extern const struct sql_driver sqlite_driver;

/* The error of a result code of conn's last call; unexpected ones are logged with `what`. */
MUST_CHECK enum err sqlite_error(struct sqlite_conn *c, int rc, const char *what);
/* The error of a result code and the errno that goes with it, as far as it is about the disk. */
MUST_CHECK enum err sqlite_disk_error(int rc, int number);
/* sqlite_settle.c: rewrites and syncs what a dead process has left; file is opened afterwards. An
 * SQLite result code. */
MUST_CHECK int sqlite_settle(const char *file);
bool sqlite_expired(const struct sqlite_conn *c);
uint64_t sqlite_wal_bytes(struct sql_conn *c);
void sqlite_watch_closely(struct sql_conn *c, bool closely);
void sqlite_maintain(struct sql_conn *c);
void sqlite_close(struct sql_conn *c);
