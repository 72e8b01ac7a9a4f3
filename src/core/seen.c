/* To the day and no finer: more would be a record of people's habits, and a write for every
 * session. */

#include "core/seen.h"

#include "core/core_priv.h"
#include "store/users.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

int64_t seen_day_ms(int64_t wall_ms)
{
    return wall_ms - wall_ms % DAY_MS;
}

static enum err write_seen(struct tx *tx, void *ctx)
{
    const struct user_id *user = ctx;
    return users_set_seen(tx_sql(tx), *user, seen_day_ms(tx_now_ms(tx)));
}

enum err account_seen(struct core *c, struct user_id user)
{
    return store_write(c->store, write_seen, &user);
}
