/*
 * Compiled rules of guilds, and what has to be counted over several messages.
 *
 * Every access to a guild says at which position of the guild's stream the rules last changed
 * (access.automod_position, read in its own transaction). What is cached is used if it is of that
 * position or later, else loaded; so that nothing has to be invalidated, and a rule is in force for
 * every request that begins after its reply.
 *
 * Bounded: GUILDS_MAX guilds are kept, of BYTES_MAX bytes together; the one used least recently
 * goes. A guild with as many rules, words and patterns as there may be is 80 MB by the estimate
 * (which counts for each pattern all that RE2 may ever take for it), so one of those fits; rules
 * that did not fit would be compiled for each message, which is slow and otherwise the same.
 */

#include "core/automod_priv.h"

#include "base/shelf.h"
#include "bus/ratelimit.h"

enum {
    GUILDS_MAX = 4096,
    BYTES_MAX = 96 * 1024 * 1024,
    KEYS_MAX = 32768, /* counters: repetitions, floods, alerts */
    LOAD_BYTES_MAX = 16 * 1024 * 1024
};

struct automod_cache {
    struct shelf *rules; /* guild id -> struct automod_rules */
    struct ratelimit *counters;
};

struct automod_cache *automod_cache_new(uint64_t seed, const struct clock *clock, size_t bytes_max)
{
    struct automod_cache *c = mem_zalloc(MEM_CORE, sizeof *c);
    if (c == NULL)
        return NULL;
    c->rules = shelf_new(MEM_CORE, GUILDS_MAX, bytes_max == 0 ? BYTES_MAX : bytes_max, seed);
    c->counters = ratelimit_new(KEYS_MAX, seed, clock);
    if (c->rules == NULL || c->counters == NULL)
        automod_cache_free(&c);
    return c;
}

void automod_cache_free(struct automod_cache **c)
{
    if (*c == NULL)
        return;
    shelf_free(&(*c)->rules);
    ratelimit_free(&(*c)->counters);
    mem_free(MEM_CORE, *c);
    *c = NULL;
}

size_t automod_cache_bytes(struct automod_cache *c)
{
    return shelf_bytes(c->rules);
}

bool automod_cache_over_since(struct automod_cache *c, const char *what, uint64_t key,
                              uint32_t limit, uint64_t window_ms, uint32_t *missed)
{
    struct ratelimit_verdict v =
        ratelimit_take(c->counters, ratelimit_key(what, key), limit, window_ms);
    *missed = v.refused_before;
    return !v.allowed;
}

bool automod_cache_over(struct automod_cache *c, const char *what, uint64_t key, uint32_t limit,
                        uint64_t window_ms)
{
    uint32_t missed;
    return automod_cache_over_since(c, what, key, limit, window_ms, &missed);
}

struct load {
    struct guild_id guild;
    struct arena arena;
    uint64_t position;
    struct automod_rule *rules;
    size_t count;
};

static enum err read_rules(struct tx *tx, void *ctx)
{
    struct load *x = ctx;
    struct automod_row *rows = NULL;
    arena_reset(&x->arena);
    enum err e = automod_rules_position(tx_sql(tx), x->guild, &x->position);
    if (e == ERR_OK)
        e = automod_rules_of_guild(tx_sql(tx), x->guild, &x->arena, &rows, &x->count);
    if (e != ERR_OK)
        return e;
    x->rules = arena_array(&x->arena, x->count + 1, sizeof *x->rules);
    if (x->rules == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = automod_rule_of(&rows[i], &x->arena, &x->rules[i]);
    return e;
}

static enum err load(struct core *c, struct guild_id guild, struct automod_rules **out)
{
    struct load x = {.guild = guild};
    arena_init(&x.arena, MEM_CORE, LOAD_BYTES_MAX);
    enum err e = store_read(c->store, read_rules, &x);
    if (e == ERR_OK)
        e = automod_rules_new(x.position, x.rules, x.count, out);
    arena_deinit(&x.arena);
    return e == ERR_INVALID_FORM ? ERR_STORE : e;
}

enum err automod_cache_get(struct core *c, struct guild_id guild, uint64_t position,
                           struct automod_rules **out)
{
    struct shelf *kept = c->automod->rules;
    struct automod_rules *r = (struct automod_rules *)(void *)shelf_get(kept, guild.v);
    if (r == NULL || r->position < position) {
        automod_rules_unref(&r);
        enum err e = load(c, guild, &r);
        if (e != ERR_OK)
            return e;
        /* Two that load at once may leave the older one of two here; the next who needs the newer
         * one sees that by its position and loads it again. */
        shelf_put(kept, guild.v, &r->snapshot, r->bytes);
    }
    *out = r;
    return ERR_OK;
}
