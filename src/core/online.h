#pragma once

/* Who is online, which only the gateway knows: it is asked through a table of functions that main
 * gives to the core. Workers call it; it does not block on anything but a short lock. */

#include "core/core.h"
#include "model/ids.h"

struct online_member {
    uint64_t user;
    const char *status; /* "online", "idle", "dnd" */
};

struct online_source {
    void *ctx;
    size_t (*count)(void *ctx, uint64_t guild);
    /* Up to max of them, in any order; how many. */
    size_t (*list)(void *ctx, uint64_t guild, struct online_member *out, size_t max);
};

/* Before requests are served; the source outlives them. Without one, nobody is online. */
void core_set_online(struct core *c, const struct online_source *source);
uint64_t online_count(const struct core *c, struct guild_id guild);
size_t online_list(const struct core *c, struct guild_id guild, struct online_member *out,
                   size_t max);
