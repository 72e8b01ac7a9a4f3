#pragma once

/* What onboarding.c and onboarding_check.c share. */

#include "core/onboarding.h"

/* Prompts and options get their ids: those of `before` keep them. */
void onboarding_number(struct tx *tx, const struct body_onboarding *before,
                       struct body_onboarding *after);
/* Whether members may take it by themselves. A role that moderates is never taken, also one that
 * has come to do so since it was put there. */
bool onboarding_gives(const struct role *role);
/* Channels and roles are the guild's, and roles that `before` does not give are the actor's to
 * give, and none that moderates. */
MUST_CHECK enum err onboarding_check_targets(const struct access *now,
                                             const struct body_onboarding *before,
                                             const struct body_onboarding *after);
/* The same of what `kept` names and the request does not: turning it on is giving all of it.
 * MISSING_PERMISSIONS. */
MUST_CHECK enum err onboarding_check_kept(const struct access *now,
                                          const struct body_onboarding *kept);
/* Enough is open to everybody. ONBOARDING_REQUIREMENTS. */
MUST_CHECK enum err onboarding_check_open(const struct guild_view *view,
                                          const struct body_onboarding *b, int64_t now_ms);
const struct body_onboarding_prompt *onboarding_prompt(const struct body_onboarding *b,
                                                       uint64_t id);
