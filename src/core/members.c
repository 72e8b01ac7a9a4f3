/* Members read, kicked and leaving. Being out moves no permission generation: authorisations look
 * at the member's own row (standing), which is gone. */

#include "core/members.h"

#include "base/limits.h"
#include "core/acting.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "core/member_change.h"
#include "store/guilds.h"
#include "store/member_list.h"
#include "store/member_names.h"
#include "store/members.h"

enum { MEMBER_BYTES_MAX = 256 * 1024 };

/* ---- leaving ---- */

struct departure {
    const struct actor *by;
    struct guild_id guild;
    struct arena arena;
};

static enum err leave(struct tx *tx, void *ctx)
{
    struct departure *x = ctx;
    struct guild_record r;
    struct member member;
    arena_reset(&x->arena);
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->guild, &x->arena, &r);
    if (e == ERR_OK)
        e = members_find(tx_sql(tx), x->guild, x->by->who->user, &x->arena, &member);
    if (e != ERR_OK)
        return e == ERR_UNKNOWN_MEMBER ? ERR_UNKNOWN_GUILD : e;
    if (r.guild.owner.v == member.user.id.v)
        return ERR_INVALID_GUILD;
    return member_depart(tx, x->by, &member);
}

enum err member_leave(struct core *c, const struct actor *by, struct guild_id guild)
{
    struct departure x = {.by = by, .guild = guild};
    arena_init(&x.arena, MEM_CORE, MEMBER_BYTES_MAX);
    enum err e = store_write(core_store(c), leave, &x);
    arena_deinit(&x.arena);
    return e;
}

struct kick {
    const struct actor *by;
    const struct access *a;
    struct user_id user;
    struct arena arena;
    struct access now;
};

static enum err kick(struct tx *tx, void *ctx)
{
    struct kick *x = ctx;
    struct member member;
    enum err e = acting_begin(tx, x->a, PERMISSION_KICK_MEMBERS, &x->arena, &x->now);
    if (e == ERR_OK)
        e = acting_target(tx, &x->now, x->user, &x->arena, &member);
    if (e == ERR_OK && !acting_outranks(&x->now, &member))
        e = ERR_MISSING_PERMISSIONS;
    if (e == ERR_OK)
        e = member_depart(tx, x->by, &member);
    if (e == ERR_OK)
        e = audit_write(tx, x->by, member.guild, AUDIT_MEMBER_KICK, x->user.v, NULL);
    return e;
}

enum err member_kick(struct core *c, const struct actor *by, const struct access *a,
                     struct user_id user)
{
    struct kick x = {.by = by, .a = a, .user = user};
    arena_init(&x.arena, MEM_CORE, MEMBER_BYTES_MAX);
    enum err e = store_write(c->store, kick, &x);
    access_end(&x.now);
    arena_deinit(&x.arena);
    return e;
}

/* ---- reading ---- */

struct member_read {
    struct guild_id guild;
    struct user_id user;
    uint64_t after;
    uint64_t limit;
    struct slice prefix;
    struct arena *arena;
    struct member one;
    struct member *list;
    size_t count;
};

static enum err read_one(struct tx *tx, void *ctx)
{
    struct member_read *r = ctx;
    return members_find(tx_sql(tx), r->guild, r->user, r->arena, &r->one);
}

static enum err read_page(struct tx *tx, void *ctx)
{
    struct member_read *r = ctx;
    return members_page(tx_sql(tx), r->guild, r->after, r->limit, r->arena, &r->list, &r->count);
}

static enum err read_named(struct tx *tx, void *ctx)
{
    struct member_read *r = ctx;
    return members_named(tx_sql(tx), r->guild, r->prefix, r->limit, r->arena, &r->list, &r->count);
}

enum err member_get(struct core *c, struct guild_id guild, struct user_id user, struct arena *arena,
                    struct member *out)
{
    struct member_read r = {.guild = guild, .user = user, .arena = arena};
    enum err e = store_read(c->store, read_one, &r);
    if (e == ERR_OK)
        *out = r.one;
    return e;
}

static enum err read_list(struct core *c, store_fn fn, struct member_read *r, struct member **out,
                          size_t *count)
{
    enum err e = store_read(c->store, fn, r);
    if (e == ERR_OK) {
        *out = r->list;
        *count = r->count;
    }
    return e;
}

enum err member_list(struct core *c, struct guild_id guild, uint64_t after, uint64_t limit,
                     struct arena *arena, struct member **out, size_t *count)
{
    struct member_read r = {.guild = guild, .after = after, .limit = limit, .arena = arena};
    return read_list(c, read_page, &r, out, count);
}

enum err member_search(struct core *c, struct guild_id guild, struct slice prefix, uint64_t limit,
                       struct arena *arena, struct member **out, size_t *count)
{
    struct member_read r = {.guild = guild, .limit = limit, .arena = arena};
    r.prefix = member_name_fold(prefix, arena);
    return r.prefix.data == NULL ? ERR_NO_MEMORY : read_list(c, read_named, &r, out, count);
}
