/* Verification levels. What the authorisation has brought along decides first; the e-mail address,
 * which it has not, is asked for last. */

#include "core/verification.h"

#include "core/core_priv.h"
#include "store/users.h"

enum { LEVEL_NONE = 0, LEVEL_AGE = 2, LEVEL_MEMBERSHIP = 3 };
static const int64_t ACCOUNT_AGE_MS = INT64_C(5) * 60 * 1000;
static const int64_t MEMBERSHIP_MS = INT64_C(10) * 60 * 1000;

struct email_read {
    struct user_id user;
    struct arena arena;
    bool has_email;
};

static enum err read_email(struct tx *tx, void *ctx)
{
    struct email_read *r = ctx;
    struct user u;
    arena_reset(&r->arena);
    enum err e = users_find(tx_sql(tx), r->user, &r->arena, &u);
    r->has_email = e == ERR_OK && u.email.len > 0;
    return e;
}

static enum err check_email(struct core *c, struct user_id user)
{
    struct email_read r = {.user = user};
    arena_init(&r.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_read(c->store, read_email, &r);
    arena_deinit(&r.arena);
    if (e != ERR_OK)
        return e;
    return r.has_email ? ERR_OK : ERR_VERIFICATION_LEVEL;
}

static bool is_exempt(const struct access *a)
{
    const struct member *m = &a->member;
    return m->role_count > 0 || m->user.bot || a->view->guild.owner.v == m->user.id.v ||
           (m->flags & MEMBER_FLAG_BYPASSES_VERIFICATION) != 0;
}

enum err verification_check(struct core *c, const struct access *a)
{
    uint32_t level = a->view->guild.verification_level;
    if (level == LEVEL_NONE || is_exempt(a))
        return ERR_OK;
    int64_t now = clock_wall_ms(c->o.clock);
    if (level >= LEVEL_AGE && now - snowflake_ms(a->member.user.id.v) < ACCOUNT_AGE_MS)
        return ERR_VERIFICATION_LEVEL;
    if (level >= LEVEL_MEMBERSHIP && now - a->member.joined_at_ms < MEMBERSHIP_MS)
        return ERR_VERIFICATION_LEVEL;
    return check_email(c, a->member.user.id);
}
