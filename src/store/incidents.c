/* Incident actions. */

#include "store/incidents.h"

enum err incidents_update(struct sql_conn *c, struct guild_id guild,
                          int64_t invites_disabled_until_ms, int64_t dms_disabled_until_ms)
{
    struct sql_stmt *s = sql_query(c, "UPDATE guilds SET invites_disabled_until_ms = $2, "
                                      "dms_disabled_until_ms = $3 WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_i64(s, 2, invites_disabled_until_ms);
    sql_bind_i64(s, 3, dms_disabled_until_ms);
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_GUILD : e;
}
