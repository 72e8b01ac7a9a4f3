#pragma once

/*
 * Voice states: who is in which voice channel. The session of the gateway that joined owns the
 * state; it goes with that session, with the membership, with the channel, and with the permission
 * to be there. A person is in one channel at most, a bot in one of each guild. Each change emits
 * VOICE_STATE_UPDATE into the guild's stream; who gets to see what of it: gateway/voice_states.h.
 *
 * Called by jobs of the gateway and by handlers; the functions with a tx belong into closures that
 * hold the guild's stream.
 */

#include "core/access.h"
#include "core/core.h"

struct voice_wish {
    struct guild_id guild;
    struct channel_id channel; /* 0: out */
    char session[VOICE_SESSION_MAX + 1];
    bool self_deaf;
    bool self_mute;
    bool self_stream;
    bool self_video;
};
/*
 * What a session asks for by op 4. Out of it only the session that is in. UNKNOWN_CHANNEL,
 * CHANNEL_TYPE, MISSING_ACCESS (VIEW_CHANNEL), MISSING_PERMISSIONS (CONNECT), VOICE_CHANNEL_FULL
 * (without MOVE_MEMBERS); whoever is in the channel already needs nothing of that.
 */
MUST_CHECK enum err voice_state_set(struct core *c, const struct actor *by,
                                    const struct voice_wish *w);
/* The session is no more: out of wherever it is. */
MUST_CHECK enum err voice_session_ended(struct core *c, struct user_id user, const char *session);
/* The structure has changed: out, if the user may not be there any more; heard or not, as SPEAK
 * says now. */
MUST_CHECK enum err voice_state_recheck(struct core *c, struct guild_id guild, struct user_id user);
/* At start: everybody out, but the sessions that keep() knows. keep NULL: nobody stays. */
MUST_CHECK enum err voice_states_sweep(struct core *c, bool (*keep)(void *ctx, const char *session),
                                       void *ctx);

/* UNKNOWN_VOICE_STATE, also for who is in a channel that the actor does not see. */
MUST_CHECK enum err voice_state_get(struct core *c, const struct access *a, struct user_id user,
                                    struct arena *arena, struct voice_state *out,
                                    struct member *member);

enum voice_edit_part { VOICE_EDIT_CHANNEL = 1, VOICE_EDIT_SUPPRESS = 2, VOICE_EDIT_REQUEST = 4 };
struct voice_edit {
    unsigned parts;
    struct channel_id channel; /* where they must be, a stage */
    bool suppress;
    int64_t request_to_speak_at_ms; /* 0: none */
};
/* In a stage (docs, "Modify Current User Voice State"): MUTE_MEMBERS for others and to let oneself
 * speak, REQUEST_TO_SPEAK to ask for it. UNKNOWN_VOICE_STATE, CHANNEL_TYPE. */
MUST_CHECK enum err voice_state_edit(struct core *c, const struct actor *by, const struct access *a,
                                     struct user_id user, const struct voice_edit *d);

/* ---- in closures ---- */

/* By a moderator, whose access in the guild `now` is; channel 0: out. With an audit entry.
 * NOT_IN_VOICE, UNKNOWN_CHANNEL, CHANNEL_TYPE, MISSING_PERMISSIONS (MOVE_MEMBERS, and CONNECT
 * there). */
MUST_CHECK enum err voice_state_move(struct tx *tx, const struct actor *by,
                                     const struct access *now, const struct member *m,
                                     struct channel_id channel);
/* The member was changed into `after`. restanding: what the member may do has, too. */
MUST_CHECK enum err voice_state_follow(struct tx *tx, const struct actor *by,
                                       const struct member *before, const struct member *after,
                                       bool restanding);
/* The member leaves the guild. */
MUST_CHECK enum err voice_state_depart(struct tx *tx, const struct actor *by,
                                       const struct member *m);
/* At most `limit` of those in the channel, out; *count: how many there were. */
MUST_CHECK enum err voice_states_clear(struct tx *tx, const struct actor *by,
                                       struct channel_id channel, uint64_t limit,
                                       struct arena *arena, uint64_t *count);
