/* Bans of addresses. */

#include <string.h>

#include "base/limits.h"
#include "core/addresses.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "core/moderation_priv.h"
#include "store/users.h"

enum { BYTES_MAX = 256 * 1024 };

struct addresses {
    struct address_hash list[LIMIT_ADDRESSES_PER_USER];
    size_t count;
};

static enum err read_addresses(struct tx *tx, struct user_id user, struct addresses *out)
{
    return addresses_of_user(tx_sql(tx), user, LIMIT_ADDRESSES_PER_USER, out->list, &out->count);
}

static bool among(const struct addresses *a, const struct address_hash *hash)
{
    for (size_t i = 0; i < a->count; i++)
        if (memcmp(&a->list[i], hash, sizeof *hash) == 0)
            return true;
    return false;
}

/* Where the owner and the actor have been, and where the actor is: none of these is banned. */
static enum err read_spared(struct core *c, struct tx *tx, const struct actor *by,
                            const struct access *now, struct addresses spared[3])
{
    bool known;
    struct addresses *here = &spared[2];
    enum err e = read_addresses(tx, now->view->guild.owner, &spared[0]);
    if (e == ERR_OK)
        e = read_addresses(tx, now->subject.user, &spared[1]);
    if (e == ERR_OK)
        e = address_hash_of(c, tx, by->address, &here->list[0], &known);
    if (e == ERR_OK)
        here->count = known ? 1 : 0;
    return e;
}

static bool is_spared(const struct addresses spared[3], const struct address_hash *hash)
{
    return among(&spared[0], hash) || among(&spared[1], hash) || among(&spared[2], hash);
}

enum err address_ban_user(struct core *c, struct tx *tx, const struct actor *by,
                          const struct access *now, struct user_id user, uint64_t *banned)
{
    struct addresses theirs;
    struct addresses spared[3];
    struct guild_id guild = now->view->guild.id;
    uint64_t held = 0;
    *banned = 0;
    enum err e = read_addresses(tx, user, &theirs);
    if (e == ERR_OK)
        e = read_spared(c, tx, by, now, spared);
    if (e == ERR_OK)
        e = address_bans_count(tx_sql(tx), guild, &held);
    if (e == ERR_OK && held + theirs.count > LIMIT_ADDRESS_BANS)
        e = ERR_MAX_ADDRESS_BANS;
    for (size_t i = 0; i < theirs.count && e == ERR_OK; i++) {
        if (is_spared(spared, &theirs.list[i]))
            continue;
        e = address_bans_insert(tx_sql(tx), guild, &theirs.list[i], user, tx_now_ms(tx));
        ++*banned;
    }
    return e;
}

enum err moderation_user(struct tx *tx, const struct access *now, struct user_id id,
                         struct arena *arena, struct user *out)
{
    struct user u;
    enum err e = users_find(tx_sql(tx), id, arena, &u);
    if (e == ERR_OK && u.tenant.v != now->view->guild.tenant.v)
        e = ERR_UNKNOWN_USER;
    if (e == ERR_OK)
        *out = u;
    return e;
}

struct address_change {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    struct user_id user;
    bool put;
    struct arena arena;
    struct access now;
    uint64_t count;
};

/* Discord has no such action: it is told as a change of the guild. */
enum err address_ban_audit(struct tx *tx, const struct actor *by, struct guild_id guild,
                           struct user_id user, bool put)
{
    struct audit_note n;
    audit_note_init(&n);
    audit_bits_only(&n, "address_ban_user_id", user.v, put);
    enum err e = audit_write(tx, by, guild, AUDIT_GUILD_UPDATE, guild.v, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err put(struct tx *tx, struct address_change *x)
{
    struct user user;
    struct member member;
    enum err e = moderation_user(tx, &x->now, x->user, &x->arena, &user);
    if (e != ERR_OK)
        return e;
    e = acting_target(tx, &x->now, x->user, &x->arena, &member);
    if (e == ERR_OK && !acting_outranks(&x->now, &member))
        return ERR_MISSING_PERMISSIONS;
    if (e != ERR_OK && e != ERR_UNKNOWN_MEMBER)
        return e;
    return address_ban_user(x->core, tx, x->by, &x->now, x->user, &x->count);
}

static enum err change(struct tx *tx, void *ctx)
{
    struct address_change *x = ctx;
    enum err e = acting_begin(tx, x->a, PERMISSION_BAN_MEMBERS, &x->arena, &x->now);
    if (e != ERR_OK)
        return e;
    if (x->put)
        e = put(tx, x);
    else
        e = address_bans_remove(tx_sql(tx), x->now.view->guild.id, x->user, &x->count);
    if (e == ERR_OK && x->count == 0)
        return x->put ? ERR_OK : ERR_UNKNOWN_BAN;
    return e == ERR_OK ? address_ban_audit(tx, x->by, x->now.view->guild.id, x->user, x->put) : e;
}

static enum err run(struct core *c, struct address_change *x)
{
    arena_init(&x->arena, MEM_CORE, BYTES_MAX);
    enum err e = store_write(c->store, change, x);
    access_end(&x->now);
    arena_deinit(&x->arena);
    return e;
}

enum err address_ban_put(struct core *c, const struct actor *by, const struct access *a,
                         struct user_id user, uint64_t *banned)
{
    struct address_change x = {.core = c, .by = by, .a = a, .user = user, .put = true};
    enum err e = run(c, &x);
    if (e == ERR_OK)
        *banned = x.count;
    return e;
}

enum err address_ban_remove(struct core *c, const struct actor *by, const struct access *a,
                            struct user_id user)
{
    struct address_change x = {.core = c, .by = by, .a = a, .user = user};
    return run(c, &x);
}

struct page {
    struct guild_id guild;
    uint64_t after;
    uint64_t limit;
    struct arena *arena;
    struct address_ban *list;
    size_t count;
};

static enum err read_page(struct tx *tx, void *ctx)
{
    struct page *p = ctx;
    return address_bans_page(tx_sql(tx), p->guild, p->after, p->limit, p->arena, &p->list,
                             &p->count);
}

enum err address_ban_list(struct core *c, struct guild_id guild, uint64_t after, uint64_t limit,
                          struct arena *arena, struct address_ban **out, size_t *count)
{
    struct page p = {.guild = guild, .after = after, .limit = limit, .arena = arena};
    enum err e = store_read(c->store, read_page, &p);
    if (e == ERR_OK) {
        *out = p.list;
        *count = p.count;
    }
    return e;
}
