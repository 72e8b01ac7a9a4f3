/* Settings of a guild, as JSON. */

#include "store/guild_documents.h"

enum err guild_documents_find(struct sql_conn *c, struct guild_id guild, enum guild_document kind,
                              struct arena *arena, struct slice *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT document FROM guild_documents WHERE guild_id = $1 AND kind = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, (uint64_t)kind);
    struct slice json = sql_step(s) ? sql_text(s, 0, arena) : (struct slice){NULL, 0};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = json;
    return e;
}

enum err guild_documents_put(struct sql_conn *c, struct guild_id guild, enum guild_document kind,
                             struct slice json)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO guild_documents (guild_id, kind, document) VALUES ($1, $2, $3) "
                     "ON CONFLICT (guild_id, kind) DO UPDATE SET document = excluded.document");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, (uint64_t)kind);
    sql_bind_text(s, 3, json);
    return sql_run(s);
}
