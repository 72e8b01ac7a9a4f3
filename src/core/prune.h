#pragma once

/* Pruning: taking members out who have no role and were not seen for some days. Not the owner, not
 * bots, not who asks for it. */

#include "core/access.h"
#include "core/core.h"

struct prune_wish {
    uint32_t days;
    const uint64_t *roles; /* holding these does not protect */
    size_t role_count;
};

/*
 * How many would go. All members are looked at, in short reads; of a very large guild only the
 * first of them, and the rest is taken to be like those. UNKNOWN_ROLE, INVALID_ROLE,
 * MISSING_PERMISSIONS (the actor does not rank above a role).
 */
MUST_CHECK enum err prune_count(struct core *c, const struct access *a,
                                const struct prune_wish *wish, uint64_t *count);
/* They go in steps (tasks.h), each with its events; MEMBER_PRUNE is written at the end. Errors as
 * of prune_count. */
MUST_CHECK enum err prune_begin(struct core *c, const struct actor *by, const struct access *a,
                                const struct prune_wish *wish);
