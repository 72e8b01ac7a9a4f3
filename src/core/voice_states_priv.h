#pragma once

/* What the files about voice states (voice_states.c, voice_state_edit.c, voice_states_end.c)
 * share. In closures that hold the guild's stream. */

#include "core/core_priv.h"
#include "core/voice_states.h"
#include "store/voice_states.h"

/* VOICE_STATE_UPDATE to `s`; from: the channel that was left, 0: none. m may be NULL. */
MUST_CHECK enum err voice_tell(struct tx *tx, const struct actor *by, const struct voice_state *s,
                               struct channel_id from, const struct member *m);
/* The row goes, and all are told. */
MUST_CHECK enum err voice_out(struct tx *tx, const struct actor *by, const struct voice_state *s,
                              const struct member *m);
/* As voice_out, with the member as stored. */
MUST_CHECK enum err voice_out_found(struct tx *tx, const struct actor *by,
                                    const struct voice_state *s, struct arena *arena);
/* May somebody with these permissions in the channel be in it? */
bool voice_may_be_in(uint64_t permissions);
/* Is who comes into the channel with these permissions heard? */
bool voice_is_suppressed(const struct guild_view *v, const struct channel *ch,
                         uint64_t permissions);
/* A channel of the guild that one can be in; UNKNOWN_CHANNEL, CHANNEL_TYPE. */
MUST_CHECK enum err voice_channel(const struct guild_view *v, struct channel_id id,
                                  const struct channel **out);
