#pragma once

/* What the use-cases of roles (roles.c, role_<verb>.c) share. */

#include "core/access_renew.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "core/roles.h"
#include "store/roles.h"

/* One change under way. */
struct role_change {
    const struct actor *by;
    const struct access *a;
    const struct role_draft *d;
    struct role_id id;
    const struct role_place *places;
    size_t place_count;
    struct arena arena;
    struct access now; /* as of the transaction */
    struct guild_view *view;
};
enum { ROLE_CHANGE_BYTES = 512 * 1024 };

void role_change_init(struct role_change *x);
void role_change_deinit(struct role_change *x);
/* In the closure, first: forgets what an earlier run made; then access_renew. */
MUST_CHECK enum err role_change_begin(struct tx *tx, struct role_change *x);
/* init, store_write, deinit; *view gets x->view (NULL: nobody wants it). */
MUST_CHECK enum err role_change_run(struct core *c, store_fn fn, struct role_change *x,
                                    struct guild_view **view);
/* Of a role that is made (before NULL), goes (after NULL) or changes. */
MUST_CHECK enum err role_audit(struct tx *tx, const struct actor *by, const struct role *before,
                               const struct role *after);
