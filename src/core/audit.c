/* The audit log. */

#include "core/audit.h"

#include "base/snowflake.h"
#include "core/core_priv.h"
#include "store/audit.h"

enum err audit_write(struct tx *tx, const struct actor *by, struct guild_id guild,
                     enum audit_action action, uint64_t target, struct audit_note *note)
{
    struct audit_entry e = {.id = tx_id(tx),
                            .guild = guild,
                            .user = by->who == NULL ? 0 : by->who->user.v,
                            .target = target,
                            .action = action,
                            .reason = by->reason};
    if (note != NULL && !audit_note_end(note, &e.changes, &e.options))
        return ERR_NO_MEMORY;
    const struct audit_row row = {e.id,          e.guild,   e.user,    e.target,
                                  (int)e.action, e.options, e.changes, e.reason};
    enum err failed = audit_insert(tx_sql(tx), &row);
    if (failed != ERR_OK)
        return failed;
    return core_emit(tx, event_audit_entry(&e), by);
}

enum { EXPIRED_ROWS = 400 };

struct expiry {
    uint64_t keep_ms;
    uint64_t rows;
};

static enum err expire(struct tx *tx, void *ctx)
{
    struct expiry *x = ctx;
    uint64_t end = snowflake_at(tx_now_ms(tx) - (int64_t)x->keep_ms);
    return audit_expire(tx_sql(tx), end, EXPIRED_ROWS, &x->rows);
}

enum err audit_expire_step(struct core *c, uint64_t keep_ms, bool *more)
{
    struct expiry x = {.keep_ms = keep_ms};
    enum err e = keep_ms == 0 ? ERR_OK : store_write(c->store, expire, &x);
    if (e == ERR_OK)
        *more = x.rows == EXPIRED_ROWS;
    return e;
}
