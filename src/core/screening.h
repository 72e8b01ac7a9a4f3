#pragma once

/*
 * Screening: what new members have to agree to, or answer, before they may do anything. As long as
 * the gate is closed (feature MEMBER_VERIFICATION_GATE_ENABLED) people join as pending.
 */

#include "core/access.h"
#include "model/entities.h"
#include "proto/document.h"
#include "proto/screening.h"

/* The form, read; ends with screening_end. */
struct screening {
    struct document document;
    struct body_screening form; /* zero: there is none yet */
    bool exists;
    bool enabled;
};
void screening_end(struct screening *s);

/* Of a guild that `who` is in, or that lists itself, or (invite, data NULL: none) that an invite
 * they hold leads to. UNKNOWN_GUILD. */
MUST_CHECK enum err screening_get(struct core *c, const struct principal *who,
                                  struct guild_id guild, struct slice invite, struct arena *arena,
                                  struct screening *out);
/* Writes the form and opens or closes the gate: change->present has the bits of what changes. Emits
 * GUILD_UPDATE if the gate moves; closed people are let in by a task when it opens. */
MUST_CHECK enum err screening_change(struct core *c, const struct actor *by, const struct access *a,
                                     const struct body_screening *change, struct arena *arena,
                                     struct screening *out);

struct screening_result {
    struct join_request request; /* APPROVED: the member has passed; SUBMITTED: somebody decides */
};
/*
 * Answers, as screening_answers wrote them for the form of that version. By a pending member:
 * passed if the form asks for agreement only, else submitted. By a stranger to a guild that wants
 * to be asked: submitted. SCREENING_VERSION_OLD: as RETRY, the form has changed meanwhile.
 * MISSING_ACCESS: there is nothing to answer for. UNKNOWN_GUILD and what join_request_submit says.
 */
MUST_CHECK enum err screening_answer(struct core *c, const struct actor *by, struct guild_id guild,
                                     struct slice version, struct slice responses,
                                     struct arena *arena, struct screening_result *out);

/* In a closure that holds the guild's stream. The member has passed. */
MUST_CHECK enum err screening_pass(struct tx *tx, const struct actor *by, const struct member *m);
/* Whether the caller, a stranger, could be let in: bans, pauses, room. What joining_admit says. */
MUST_CHECK enum err screening_may_ask(struct tx *tx, struct core *c, const struct actor *by,
                                      struct guild_id guild, struct arena *arena);
/* MISSING_ACCESS if the guild's form wants answers. */
MUST_CHECK enum err screening_needs_no_answers(struct tx *tx, struct guild_id guild,
                                               struct arena *arena);
