#pragma once

/* Onboarding: what new members are asked, and the roles that their answers give them. */

#include "core/guild_papers.h"
#include "proto/welcome.h"

struct onboarding {
    struct paper paper; /* paper_end */
    struct body_onboarding settings;
};

/* MISSING_PERMISSIONS while it is not enabled, for all but those with MANAGE_GUILD. */
MUST_CHECK enum err onboarding_get(struct core *c, const struct access *a, struct arena *arena,
                                   struct onboarding *out);
/*
 * change->present: what changes. Prompts and options that were there keep their ids, new ones get
 * some. UNKNOWN_CHANNEL, INVALID_ROLE (none of the guild's, @everyone, or managed),
 * MISSING_PERMISSIONS (a role that the caller could not give), ONBOARDING_REQUIREMENTS: enabled,
 * but too little is open to everybody. *view: the structure that it was checked on, owned.
 */
MUST_CHECK enum err onboarding_change(struct core *c, const struct actor *by,
                                      const struct access *a, const struct body_onboarding *change,
                                      struct arena *arena, struct onboarding *out,
                                      struct guild_view **view);

struct onboarding_answer {
    const uint64_t *options; /* ascending */
    size_t option_count;
    bool replace; /* roles of options that are not among them are taken away */
};
/* Gives the member the roles. INVALID_FORM: an option that there is not, or two of a prompt that
 * takes one. MISSING_ACCESS: onboarding is not enabled. */
MUST_CHECK enum err onboarding_respond(struct core *c, const struct actor *by,
                                       const struct access *a, const struct onboarding_answer *d,
                                       struct arena *arena);
