/* Who is online. */

#include "core/online.h"

#include "core/core_priv.h"

void core_set_online(struct core *c, const struct online_source *source)
{
    c->online = source;
}

uint64_t online_count(const struct core *c, struct guild_id guild)
{
    return c->online == NULL ? 0 : c->online->count(c->online->ctx, guild.v);
}

size_t online_list(const struct core *c, struct guild_id guild, struct online_member *out,
                   size_t max)
{
    return c->online == NULL ? 0 : c->online->list(c->online->ctx, guild.v, out, max);
}
