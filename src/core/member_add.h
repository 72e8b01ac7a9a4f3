#pragma once

/* Members whom somebody else brings in, with their consent. */

#include "core/access.h"
#include "core/core.h"

struct member_addition {
    struct user_id user;
    struct slice nick; /* data NULL: none */
    const uint64_t *roles;
    size_t role_count;
    bool mute;
    bool deaf;
};
/* *added: false if they are in already; then *out is untouched. Each part needs its permission, as
 * for member_edit. What joining_admit refuses. */
MUST_CHECK enum err member_add(struct core *c, const struct actor *by, const struct access *a,
                               const struct member_addition *d, struct arena *arena,
                               struct member *out, bool *added);
