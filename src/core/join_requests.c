/* Requests to join. Each person has one a guild, which a new one replaces; so rows are as many as
 * people who ever asked, and what is open is bounded on both sides. */

#include "core/join_requests.h"

#include "base/limits.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "core/joining.h"
#include "core/screening.h"
#include "proto/join_request.h"
#include "store/members.h"
#include "store/users.h"

static int64_t wait_until_ms(const struct join_request *r)
{
    return r->status == JOIN_REQUEST_REJECTED
               ? r->decided_at_ms + (int64_t)LIMIT_JOIN_REQUEST_WAIT_S * 1000
               : 0;
}

/* ---- asking ---- */

static enum err check_room(struct tx *tx, struct guild_id guild, struct user_id user)
{
    uint64_t count = 0;
    enum err e = join_requests_of_guild(tx_sql(tx), guild, JOIN_REQUEST_SUBMITTED,
                                        LIMIT_JOIN_REQUESTS_GUILD, &count);
    if (e == ERR_OK && count >= LIMIT_JOIN_REQUESTS_GUILD)
        e = ERR_MAX_JOIN_REQUESTS;
    if (e == ERR_OK)
        e = tx_lock(tx, core_user_stream(user));
    if (e == ERR_OK)
        e = join_requests_of_user(tx_sql(tx), user, LIMIT_JOIN_REQUESTS_USER, &count);
    return e == ERR_OK && count >= LIMIT_JOIN_REQUESTS_USER ? ERR_MAX_JOIN_REQUESTS : e;
}

enum err join_request_submit(struct tx *tx, const struct actor *by, struct guild_id guild,
                             struct slice responses, struct arena *arena, struct join_request *out)
{
    struct sql_conn *sql = tx_sql(tx);
    struct user_id user = by->who->user;
    struct join_request r;
    enum err e = join_requests_find(sql, guild, user, arena, &r);
    if (e == ERR_OK && r.status == JOIN_REQUEST_SUBMITTED) {
        *out = r;
        return ERR_OK;
    }
    if (e == ERR_OK && wait_until_ms(&r) > tx_now_ms(tx))
        return ERR_MISSING_ACCESS;
    if (e == ERR_OK || e == ERR_UNKNOWN_JOIN_REQUEST)
        e = check_room(tx, guild, user);
    r = (struct join_request){.guild = guild,
                              .status = JOIN_REQUEST_SUBMITTED,
                              .created_at_ms = tx_now_ms(tx),
                              .responses = responses};
    if (e == ERR_OK)
        e = users_find(sql, user, arena, &r.user);
    if (e != ERR_OK)
        return e;
    r.id = tx_id(tx);
    e = join_requests_put(sql, &r);
    if (e == ERR_OK)
        e = core_emit(tx, event_join_request(EVENT_GUILD_JOIN_REQUEST_CREATE, &r, user.v), by);
    if (e == ERR_OK)
        *out = r;
    return e;
}

enum err join_request_drop(struct tx *tx, const struct actor *by, struct guild_id guild,
                           struct user_id user, struct arena *arena)
{
    struct join_request r;
    enum err e = join_requests_find(tx_sql(tx), guild, user, arena, &r);
    if (e != ERR_OK || r.status != JOIN_REQUEST_SUBMITTED)
        return e == ERR_UNKNOWN_JOIN_REQUEST ? ERR_OK : e;
    e = join_requests_delete(tx_sql(tx), guild, user);
    return e == ERR_OK ? core_emit(tx, event_join_request_delete(guild, r.id, user), by) : e;
}

/* ---- reading ---- */

struct list_read {
    const struct join_request_page *page;
    struct arena *arena;
    struct join_request_list out;
};

static enum err read_list(struct tx *tx, void *ctx)
{
    struct list_read *x = ctx;
    enum err e = join_requests_list(tx_sql(tx), x->page, x->arena, &x->out.items, &x->out.count);
    if (e == ERR_OK)
        e = join_requests_of_guild(tx_sql(tx), x->page->guild, x->page->status,
                                   LIMIT_JOIN_REQUESTS_GUILD, &x->out.total);
    return e;
}

enum err join_request_list(struct core *c, const struct join_request_page *p, struct arena *arena,
                           struct join_request_list *out)
{
    struct list_read x = {.page = p, .arena = arena};
    enum err e = store_read(c->store, read_list, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}

struct own_read {
    struct guild_id guild;
    struct user_id user;
    struct arena *arena;
    struct join_request out;
    int64_t now_ms;
};

static enum err read_own(struct tx *tx, void *ctx)
{
    struct own_read *x = ctx;
    x->now_ms = tx_now_ms(tx);
    return join_requests_find(tx_sql(tx), x->guild, x->user, x->arena, &x->out);
}

enum err join_request_mine(struct core *c, const struct principal *who, struct guild_id guild,
                           struct arena *arena, struct join_request *out)
{
    struct own_read x = {.guild = guild, .user = who->user, .arena = arena};
    enum err e = store_read(c->store, read_own, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}

enum err join_request_wait(struct core *c, const struct principal *who, struct guild_id guild,
                           struct arena *arena, uint64_t *wait_s)
{
    struct own_read x = {.guild = guild, .user = who->user, .arena = arena};
    enum err e = store_read(c->store, read_own, &x);
    if (e != ERR_OK && e != ERR_UNKNOWN_JOIN_REQUEST)
        return e;
    int64_t left_ms = e == ERR_OK ? wait_until_ms(&x.out) - x.now_ms : 0;
    *wait_s = left_ms > 0 ? (uint64_t)(left_ms + 999) / 1000 : 0;
    return ERR_OK;
}

/* ---- taking it back ---- */

struct withdrawal {
    const struct actor *by;
    struct guild_id guild;
    struct arena arena;
};

static enum err withdraw(struct tx *tx, void *ctx)
{
    struct withdrawal *x = ctx;
    struct join_request r;
    arena_reset(&x->arena);
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    if (e == ERR_OK)
        e = join_requests_find(tx_sql(tx), x->guild, x->by->who->user, &x->arena, &r);
    if (e == ERR_OK && r.status != JOIN_REQUEST_SUBMITTED)
        e = ERR_UNKNOWN_JOIN_REQUEST; /* a rejection is not forgotten by asking for that */
    if (e == ERR_OK)
        e = join_requests_delete(tx_sql(tx), x->guild, r.user.id);
    if (e == ERR_OK)
        e = core_emit(tx, event_join_request_delete(x->guild, r.id, r.user.id), x->by);
    return e;
}

enum err join_request_withdraw(struct core *c, const struct actor *by, struct guild_id guild)
{
    struct withdrawal x = {.by = by, .guild = guild};
    struct arena arena;
    struct join_request r;
    arena_init(&arena, MEM_CORE, SCRATCH_BYTES);
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    /* Only who has one takes a lock: ids of guilds are guessed easily. */
    enum err e = join_request_mine(c, by->who, guild, &arena, &r);
    if (e == ERR_OK)
        e = store_write(c->store, withdraw, &x);
    arena_deinit(&x.arena);
    arena_deinit(&arena);
    return e;
}

/* ---- deciding ---- */

struct decision {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    uint64_t id;
    const struct join_request_verdict *verdict;
    struct arena *arena;
    struct join_request request;
};

/* Of a stranger: they join. Of a member who waits behind the screening: they have passed. */
static enum err let_in(struct tx *tx, struct decision *x)
{
    struct member m;
    struct join_request *r = &x->request;
    const struct joining j = {.core = x->core,
                              .by = x->by,
                              .guild = r->guild,
                              .user = r->user.id,
                              .screened = true,
                              .though_paused = true,
                              .asked = true};
    enum err e = members_find(tx_sql(tx), r->guild, r->user.id, x->arena, &m);
    if (e == ERR_UNKNOWN_MEMBER)
        return joining_admit(tx, &j, x->arena, &m);
    return e == ERR_OK ? screening_pass(tx, x->by, &m) : e;
}

static enum err write_decision(struct tx *tx, struct decision *x)
{
    struct join_request *r = &x->request;
    r->status = x->verdict->approved ? JOIN_REQUEST_APPROVED : JOIN_REQUEST_REJECTED;
    r->decided_by = x->by->who->user;
    r->decided_at_ms = tx_now_ms(tx);
    r->rejection_reason =
        x->verdict->approved ? (struct slice){NULL, 0} : x->verdict->rejection_reason;
    enum err e = join_requests_decide(tx_sql(tx), r);
    if (e == ERR_OK)
        e = core_emit(tx, event_join_request(EVENT_GUILD_JOIN_REQUEST_UPDATE, r, r->decided_by.v),
                      x->by);
    return e;
}

/* Discord has no action for it; a change of the member is what it comes to. */
static enum err write_audit(struct tx *tx, const struct decision *x)
{
    struct audit_note n;
    audit_note_init(&n);
    audit_text(&n, "application_status",
               slice_from(join_request_status_name(JOIN_REQUEST_SUBMITTED)),
               slice_from(join_request_status_name(x->request.status)));
    enum err e =
        audit_write(tx, x->by, x->request.guild, AUDIT_MEMBER_UPDATE, x->request.user.id.v, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err decide(struct tx *tx, void *ctx)
{
    struct decision *x = ctx;
    struct join_request *r = &x->request;
    enum err e = access_recheck(tx, x->a, PERMISSION_KICK_MEMBERS);
    if (e == ERR_OK)
        e = join_requests_find_id(tx_sql(tx), x->id, x->arena, r);
    if (e == ERR_OK &&
        (r->guild.v != x->a->view->guild.id.v || r->status != JOIN_REQUEST_SUBMITTED))
        e = ERR_UNKNOWN_JOIN_REQUEST;
    if (e == ERR_OK && x->verdict->approved)
        e = let_in(tx, x);
    if (e == ERR_OK)
        e = write_decision(tx, x);
    return e == ERR_OK ? write_audit(tx, x) : e;
}

enum err join_request_decide(struct core *c, const struct actor *by, const struct access *a,
                             uint64_t id, const struct join_request_verdict *v, struct arena *arena,
                             struct join_request *out)
{
    struct decision x = {.core = c, .by = by, .a = a, .id = id, .verdict = v, .arena = arena};
    enum err e = store_write(c->store, decide, &x);
    if (e == ERR_OK)
        *out = x.request;
    return e;
}
