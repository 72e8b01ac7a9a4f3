/* Bans. A ban and its member's leaving are one transaction under the guild's lock, and so are the
 * check of a newcomer and their joining: nobody slips in between. */

#include "core/moderation.h"

#include <stdlib.h>

#include "base/limits.h"
#include "core/addresses.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "core/member_change.h"
#include "core/moderation_priv.h"
#include "core/tasks_priv.h"
#include "proto/member_events.h"
#include "store/bans.h"

enum {
    BYTES_MAX = 1024 * 1024,
    BULK_CHUNK = 24 /* in one closure: each locks the stream of a user, see tx_lock */
};

/* ---- the door ---- */

static enum err check_address(struct core *c, struct tx *tx, struct guild_id guild,
                              struct user_id user, struct slice address)
{
    struct address_hash hash;
    bool known;
    bool banned = false;
    enum err e = address_hash_of(c, tx, address, &hash, &known);
    if (e != ERR_OK || !known)
        return e;
    e = address_bans_exists(tx_sql(tx), guild, &hash, &banned);
    if (e == ERR_OK && banned)
        e = ERR_BANNED;
    return e == ERR_OK ? address_note(c, tx, user, address) : e;
}

enum err moderation_may_join(struct core *c, struct tx *tx, struct guild_id guild,
                             struct user_id user, struct slice address)
{
    bool banned;
    enum err e = bans_exists(tx_sql(tx), guild, user, &banned);
    if (e == ERR_OK && banned)
        e = ERR_BANNED;
    return e == ERR_OK ? check_address(c, tx, guild, user, address) : e;
}

/* ---- banning ---- */

struct banning {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    const struct ban_wish *wish;
    uint64_t need;
    const uint64_t *users; /* ascending, each once */
    size_t count;
    bool alone; /* what is wrong with the one user is the answer */
    bool *done; /* out, for each: banned by this closure */
    struct arena arena;
    struct access now;
};

static enum err audit_ban(struct tx *tx, const struct actor *by, struct guild_id guild,
                          enum audit_action action, struct user_id user, uint64_t addresses)
{
    struct audit_note n;
    audit_note_init(&n);
    if (addresses > 0)
        audit_option_number(&n, "addresses", addresses);
    enum err e = audit_write(tx, by, guild, action, user.v, &n);
    audit_note_deinit(&n);
    return e;
}

/* The events: GUILD_BAN_ADD, then what leaving emits, then the audit log's. */
static enum err carry_out(struct tx *tx, struct banning *x, const struct user *user,
                          const struct member *member, uint64_t addresses)
{
    struct guild_id guild = x->now.view->guild.id;
    enum err e =
        core_emit(tx, event_ban(EVENT_GUILD_BAN_ADD, guild, user, x->now.subject.user.v), x->by);
    if (e == ERR_OK && member != NULL)
        e = member_depart(tx, x->by, member);
    if (e == ERR_OK)
        e = audit_ban(tx, x->by, guild, AUDIT_BAN_ADD, user->id, addresses);
    return e;
}

static enum err check_rank(struct tx *tx, struct banning *x, struct user_id user,
                           struct member *member, bool *is_member)
{
    enum err e = acting_target(tx, &x->now, user, &x->arena, member);
    *is_member = e == ERR_OK;
    if (e == ERR_OK && !acting_outranks(&x->now, member))
        return ERR_MISSING_PERMISSIONS;
    return e == ERR_UNKNOWN_MEMBER ? ERR_OK : e;
}

static enum err ban_one(struct tx *tx, struct banning *x, struct user_id id, bool *banned)
{
    struct user user;
    struct member member;
    bool is_member;
    uint64_t addresses = 0;
    struct guild_id guild = x->now.view->guild.id;
    enum err e = moderation_user(tx, &x->now, id, &x->arena, &user);
    if (e == ERR_OK)
        e = check_rank(tx, x, id, &member, &is_member);
    if (e == ERR_OK)
        e = bans_insert(tx_sql(tx), guild, id, x->now.subject.user, tx_now_ms(tx), x->by->reason,
                        banned);
    if (e == ERR_OK && x->wish->addresses)
        e = address_ban_user(x->core, tx, x->by, &x->now, id, &addresses);
    if (e == ERR_OK && !*banned && addresses > 0) /* banned before, and now from there as well */
        return address_ban_audit(tx, x->by, guild, id, true);
    if (e != ERR_OK || !*banned)
        return e;
    return carry_out(tx, x, &user, is_member ? &member : NULL, addresses);
}

static bool is_refusal(enum err e)
{
    return e == ERR_UNKNOWN_USER || e == ERR_MISSING_PERMISSIONS;
}

static enum err delete_messages(struct tx *tx, struct banning *x)
{
    uint64_t banned[BULK_CHUNK];
    size_t count = 0;
    if (x->wish->delete_s == 0)
        return ERR_OK;
    for (size_t i = 0; i < x->count; i++)
        if (x->done[i])
            banned[count++] = x->users[i];
    if (count == 0)
        return ERR_OK;
    return ban_messages_begin(tx, x->by, x->now.view->guild.id, banned, count, x->wish->delete_s,
                              &x->arena);
}

static enum err ban(struct tx *tx, void *ctx)
{
    struct banning *x = ctx;
    enum err e = acting_begin(tx, x->a, x->need, &x->arena, &x->now);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++) {
        x->done[i] = false;
        e = ban_one(tx, x, (struct user_id){x->users[i]}, &x->done[i]);
        if (!x->alone && is_refusal(e))
            e = ERR_OK;
    }
    return e == ERR_OK ? delete_messages(tx, x) : e;
}

static enum err run(struct core *c, struct banning *x)
{
    arena_init(&x->arena, MEM_CORE, BYTES_MAX);
    enum err e = store_write(c->store, ban, x);
    access_end(&x->now);
    arena_deinit(&x->arena);
    if (e == ERR_OK && x->wish->delete_s > 0)
        tasks_begun(c);
    return e;
}

enum err ban_put(struct core *c, const struct actor *by, const struct access *a,
                 struct user_id user, const struct ban_wish *wish)
{
    bool done = false;
    struct banning x = {.core = c,
                        .by = by,
                        .a = a,
                        .wish = wish,
                        .need = PERMISSION_BAN_MEMBERS,
                        .users = &user.v,
                        .count = 1,
                        .alone = true,
                        .done = &done};
    return run(c, &x);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static size_t unique(uint64_t *ids, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    return kept;
}

/* Those that were banned first, both parts ascending. */
static size_t part(uint64_t *ids, const bool *done, size_t count)
{
    uint64_t failed[LIMIT_BULK_BAN];
    size_t banned = 0;
    size_t rest = 0;
    for (size_t i = 0; i < count; i++) {
        if (done[i])
            ids[banned++] = ids[i];
        else
            failed[rest++] = ids[i];
    }
    for (size_t i = 0; i < rest; i++)
        ids[banned + i] = failed[i];
    return banned;
}

/* Ascending, so that streams are locked in their order. What earlier chunks have done stays done if
 * a later one fails. */
enum err ban_bulk(struct core *c, const struct actor *by, const struct access *a, uint64_t *users,
                  size_t count, const struct ban_wish *wish, size_t *banned, size_t *kept)
{
    bool done[LIMIT_BULK_BAN] = {false};
    enum err e = ERR_OK;
    if (count == 0 || count > LIMIT_BULK_BAN)
        return ERR_BULK_BAN_FAILED;
    qsort(users, count, sizeof *users, compare_ids);
    count = unique(users, count);
    for (size_t i = 0; i < count && e == ERR_OK; i += BULK_CHUNK) {
        struct banning x = {.core = c,
                            .by = by,
                            .a = a,
                            .wish = wish,
                            .need = PERMISSION_BAN_MEMBERS | PERMISSION_MANAGE_GUILD,
                            .users = users + i,
                            .count = count - i < BULK_CHUNK ? count - i : BULK_CHUNK,
                            .done = done + i};
        e = run(c, &x);
    }
    size_t good = part(users, done, count);
    if (e == ERR_OK && good == 0)
        e = ERR_BULK_BAN_FAILED;
    if (e == ERR_OK) {
        *banned = good;
        *kept = count;
    }
    return e;
}

/* ---- unbanning ---- */

struct unbanning {
    const struct actor *by;
    const struct access *a;
    struct user_id user;
    struct arena arena;
    struct access now;
};

static enum err unban(struct tx *tx, void *ctx)
{
    struct unbanning *x = ctx;
    struct ban was;
    uint64_t addresses = 0;
    struct guild_id guild = x->a->view->guild.id;
    enum err e = acting_begin(tx, x->a, PERMISSION_BAN_MEMBERS, &x->arena, &x->now);
    if (e == ERR_OK)
        e = bans_find(tx_sql(tx), guild, x->user, &x->arena, &was);
    if (e == ERR_OK)
        e = bans_remove(tx_sql(tx), guild, x->user);
    if (e == ERR_OK)
        e = address_bans_remove(tx_sql(tx), guild, x->user, &addresses);
    if (e == ERR_OK)
        e = core_emit(tx, event_ban(EVENT_GUILD_BAN_REMOVE, guild, &was.user, x->by->who->user.v),
                      x->by);
    return e == ERR_OK ? audit_ban(tx, x->by, guild, AUDIT_BAN_REMOVE, x->user, addresses) : e;
}

enum err ban_remove(struct core *c, const struct actor *by, const struct access *a,
                    struct user_id user)
{
    struct unbanning x = {.by = by, .a = a, .user = user};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, unban, &x);
    access_end(&x.now);
    arena_deinit(&x.arena);
    return e;
}

/* ---- reading ---- */

struct ban_read {
    struct guild_id guild;
    struct user_id user;
    uint64_t before;
    uint64_t after;
    uint64_t limit;
    struct arena *arena;
    struct ban one;
    struct ban *list;
    size_t count;
};

static enum err read_one(struct tx *tx, void *ctx)
{
    struct ban_read *r = ctx;
    return bans_find(tx_sql(tx), r->guild, r->user, r->arena, &r->one);
}

static enum err read_list(struct tx *tx, void *ctx)
{
    struct ban_read *r = ctx;
    return bans_page(tx_sql(tx), r->guild, r->before, r->after, r->limit, r->arena, &r->list,
                     &r->count);
}

enum err ban_get(struct core *c, struct guild_id guild, struct user_id user, struct arena *arena,
                 struct ban *out)
{
    struct ban_read r = {.guild = guild, .user = user, .arena = arena};
    enum err e = store_read(c->store, read_one, &r);
    if (e == ERR_OK)
        *out = r.one;
    return e;
}

enum err ban_list(struct core *c, struct guild_id guild, uint64_t before, uint64_t after,
                  uint64_t limit, struct arena *arena, struct ban **out, size_t *count)
{
    struct ban_read r = {
        .guild = guild, .before = before, .after = after, .limit = limit, .arena = arena};
    enum err e = store_read(c->store, read_list, &r);
    if (e == ERR_OK) {
        *out = r.list;
        *count = r.count;
    }
    return e;
}
