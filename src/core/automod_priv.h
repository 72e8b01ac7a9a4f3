#pragma once

/* What AutoMod's files share, and what posting and editing messages ask of it. */

#include "core/automod.h"
#include "core/core_priv.h"
#include "store/automod_rules.h"

/* Everything lands in the arena. */
MUST_CHECK enum err automod_rule_of(const struct automod_row *row, struct arena *arena,
                                    struct automod_rule *out);

/* What the log keeps of a deleted rule, and back: creator, trigger, event, name. */
enum { AUTOMOD_DELTA_MAX = 512 };
struct slice automod_delta(const struct automod_rule *r, char out[AUTOMOD_DELTA_MAX]);
void automod_of_delta(struct slice delta, struct automod_rule *out);

/* Changes of an audit entry (automod_audit.c). */
struct audit_note;
void automod_audit_edit(struct audit_note *n, const struct automod_rule *b,
                        const struct automod_rule *a, struct arena *scratch);
void automod_audit_whole(struct audit_note *n, const struct automod_rule *r, bool is_new);

/* --- compiled rules (automod_cache.c) ----------------------------------------------------------
 */

struct automod_cache;

/* bytes_max: of compiled rules, 0: as many as usual. */
MUST_CHECK struct automod_cache *automod_cache_new(uint64_t seed, const struct clock *clock,
                                                   size_t bytes_max);
void automod_cache_free(struct automod_cache **c);
/* The rules of the guild as of `position` (access.automod_position) or later. An owned reference.
 */
MUST_CHECK enum err automod_cache_get(struct core *c, struct guild_id guild, uint64_t position,
                                      struct automod_rules **out);
/* Of the compiled rules that are kept, by an estimate from above. */
size_t automod_cache_bytes(struct automod_cache *c);
/* Counts one use of a key; whether the limit is passed. */
bool automod_cache_over(struct automod_cache *c, const char *what, uint64_t key, uint32_t limit,
                        uint64_t window_ms);
/* The same; *missed: how often the key was over its limit in the window before, if one begins. */
bool automod_cache_over_since(struct automod_cache *c, const char *what, uint64_t key,
                              uint32_t limit, uint64_t window_ms, uint32_t *missed);

/* --- screening (automod_screen.c) --------------------------------------------------------------
 */

struct automod_hit {
    const struct automod_rule *rule; /* in `rules` */
    struct automod_match match;
    bool quiet;      /* moderators have been told of the like just now */
    uint32_t untold; /* how many were quiet since they were told last */
};

struct automod_screening {
    uint64_t position; /* of the rules that were looked at */
    struct automod_rules
        *rules; /* owned; NULL: the guild has none, or none of them concerns this */
    struct automod_hit hits[AUTOMOD_RULES_MAX];
    size_t hit_count;
    bool blocked;
    struct slice custom_message; /* of the rule that blocks; data NULL: none */
    struct slice content;
    bool moved;   /* the closure found other rules than were looked at */
    bool counted; /* repetitions and floods were counted; a second screening does not again */
};

/*
 * What the guild's rules say of a message of a's member in a's channel. Costs a comparison in a
 * guild without rules. May be called again on the same screening, after the rules have moved; ends
 * with automod_screening_end. `content` lives as long as the screening.
 */
MUST_CHECK enum err automod_screen(struct core *c, const struct access *a, struct slice content,
                                   struct arena *arena, struct automod_screening *s);
void automod_screening_end(struct automod_screening *s);
/* In the closure, with what access_recheck_rules said: OVERLOADED, and s->moved, if the rules are
 * others by now. The caller then screens and tries again, AUTOMOD_TRIES times in all. */
MUST_CHECK enum err automod_confirm(struct automod_screening *s, uint64_t automod_position);
enum { AUTOMOD_TRIES = 4 };
/*
 * All of it, around the closure of a use-case: screens, then refuses or runs fn, again if the rules
 * moved. Ends the screening. AUTOMOD_BLOCKED: *refusal (may be NULL) gets the rule's own words, in
 * the arena; data NULL: it has none.
 */
struct automod_gate {
    const struct actor *by;
    const struct access *a;
    struct slice content;
    struct arena *arena;
    struct automod_screening *screening; /* zeroed; fn confirms and enforces with it */
    struct slice *refusal;
};
MUST_CHECK enum err automod_pass(struct core *c, const struct automod_gate *g, store_fn fn,
                                 void *ctx);

/* --- what follows (automod_enforce.c) ----------------------------------------------------------
 */

/* In the closure that posts or edits the message, after its event. Nothing without hits. */
MUST_CHECK enum err automod_enforce(struct tx *tx, const struct actor *by, const struct access *a,
                                    const struct automod_screening *s, struct message_id message);
/* For a blocked message: does all that follows in a transaction of its own, then AUTOMOD_BLOCKED.
 */
MUST_CHECK enum err automod_refuse(struct core *c, const struct actor *by, const struct access *a,
                                   const struct automod_screening *s);
