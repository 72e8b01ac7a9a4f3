#pragma once

/* Audit log entries: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

struct audit_row {
    uint64_t id;
    struct guild_id guild;
    uint64_t user;   /* 0: nobody */
    uint64_t target; /* 0: none */
    int action;
    struct slice options; /* JSON; data NULL: none, also below */
    struct slice changes;
    struct slice reason;
};

MUST_CHECK enum err audit_insert(struct sql_conn *c, const struct audit_row *r);

/* Which entries, in the order of ids. */
struct audit_filter {
    uint64_t user;   /* 0: of anybody */
    uint64_t target; /* 0: of anything */
    int action;      /* 0: any */
    uint64_t before; /* 0: no bound */
    uint64_t after;
    bool oldest_first;
    size_t limit;
};
/* A page ends after `bytes_max` of text, too: entries may be long. list has room for `limit`;
 * arena: for bytes_max and one entry more. */
MUST_CHECK enum err audit_list(struct sql_conn *c, struct guild_id guild,
                               const struct audit_filter *f, size_t bytes_max, struct arena *arena,
                               struct audit_row *list, size_t *count);
/* NOT_FOUND. */
MUST_CHECK enum err audit_find(struct sql_conn *c, struct guild_id guild, uint64_t id,
                               struct arena *arena, struct audit_row *out);
/* Deletes up to `limit` of all guilds' entries with an id below `end`, oldest first; *rows: how
 * many. */
MUST_CHECK enum err audit_expire(struct sql_conn *c, uint64_t end, uint64_t limit, uint64_t *rows);
