/* Secrets. Two that make one at the same time: the first wins, and both read hers. */

#include "store/secrets.h"

#include <string.h>

enum err secrets_find(struct sql_conn *c, struct slice name, unsigned char out[SECRET_BYTES],
                      bool *found)
{
    struct sql_stmt *s = sql_query(c, "SELECT value FROM secrets WHERE name = $1");
    sql_bind_text(s, 1, name);
    *found = false;
    if (sql_step(s)) {
        struct slice value = sql_blob(s, 0);
        *found = value.len == SECRET_BYTES;
        if (*found)
            memcpy(out, value.data, SECRET_BYTES);
    }
    return sql_done(s);
}

static enum err put(struct sql_conn *c, struct slice name, const unsigned char value[SECRET_BYTES])
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
    sql_bind_text(s, 1, name);
    sql_bind_blob(s, 2, slice_of((const char *)value, SECRET_BYTES));
    return sql_run(s);
}

enum err secrets_get_or_put(struct sql_conn *c, struct slice name,
                            const unsigned char fresh[SECRET_BYTES],
                            unsigned char out[SECRET_BYTES])
{
    bool found;
    enum err e = secrets_find(c, name, out, &found);
    if (e != ERR_OK || found)
        return e;
    e = put(c, name, fresh);
    if (e == ERR_OK)
        e = secrets_find(c, name, out, &found);
    return e == ERR_OK && !found ? ERR_STORE : e;
}
