/* Numbers that are kept beside what they count, compared and corrected at one moment. */

#include "store/log_check_priv.h"

#include <inttypes.h>

struct counters {
    uint64_t guild;
    bool found;
    uint64_t member_count;
    uint64_t members;
    uint64_t structure_position;
    uint64_t head;
};

static enum err read_counters(struct tx *tx, void *ctx)
{
    struct counters *c = ctx;
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "SELECT member_count, structure_position, (SELECT COUNT(*) FROM members m "
                    "WHERE m.guild_id = g.id) FROM guilds g WHERE g.id = $1 AND g.deleting = 0");
    sql_bind_u64(s, 1, c->guild);
    c->found = sql_step(s);
    if (c->found) {
        c->member_count = sql_u64(s, 0);
        c->structure_position = sql_u64(s, 1);
        c->members = sql_u64(s, 2);
    }
    enum err e = sql_done(s);
    return e == ERR_OK ? tx_stream_head(tx, (struct stream){STREAM_GUILD, c->guild}, &c->head) : e;
}

static enum err recount(struct tx *tx, void *ctx)
{
    const struct counters *c = ctx;
    enum err e = tx_lock(tx, (struct stream){STREAM_GUILD, c->guild});
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "UPDATE guilds SET member_count = (SELECT COUNT(*) FROM members "
                              "WHERE guild_id = $1) WHERE id = $1");
    sql_bind_u64(s, 1, c->guild);
    return sql_run(s);
}

static enum err check_members(struct log_check_run *r, struct counters *c)
{
    if (c->member_count == c->members)
        return ERR_OK;
    enum err e = r->repair ? store_write(r->store, recount, c) : ERR_OK;
    if (e == ERR_OK)
        check_found(r, r->repair, "member_count",
                    "guild:%" PRIu64 ": member_count is %" PRIu64 ", there are %" PRIu64 " members",
                    c->guild, c->member_count, c->members);
    return e;
}

/* A position that was given out is never given out again: so the head is raised, not the
 * structure's position lowered. The rows that are missing then are told by the check of streams. */
static enum err check_structure(struct log_check_run *r, const struct counters *c)
{
    struct stream stream = {STREAM_GUILD, c->guild};
    if (c->structure_position <= c->head)
        return ERR_OK;
    enum err e = r->repair ? check_raise_head(r, stream, c->structure_position) : ERR_OK;
    if (e == ERR_OK)
        check_found(r, r->repair, "structure_position",
                    "guild:%" PRIu64 ": structure_position is %" PRIu64 ", the head is %" PRIu64,
                    c->guild, c->structure_position, c->head);
    return e;
}

enum err check_guild_counters(struct log_check_run *r, uint64_t guild, bool *found)
{
    struct counters c = {.guild = guild};
    enum err e = check_read(r, read_counters, &c);
    if (e != ERR_OK)
        return e;
    *found = c.found;
    if (c.found)
        e = check_members(r, &c);
    return c.found && e == ERR_OK ? check_structure(r, &c) : e;
}
