#pragma once

/*
 * Who is in the voice channels of a guild, on one loop: from the guild's snapshot, then kept by its
 * events. What a session gets to see of it follows from the channels that it sees: a state is shown
 * to those who see its channel; of a move into a channel that they do not see they learn that the
 * one they do see was left. The user's own sessions always see it.
 *
 * Loop thread only; a list is made by the first who joins and freed with the last who leaves.
 */

#include "gateway/gateway_priv.h"

/* In the place of what was there. False when memory is short. */
MUST_CHECK bool voice_list_install(struct guild_sub *s, const struct guild_snapshot *snap);
void voice_list_free(struct guild_sub *s);
/* An event of the guild, before it is delivered. */
void voice_list_note(struct guild_sub *s, const struct event *e);
/* The guild's structure is another: who may not be where they are any more is to go. */
void voice_list_recheck(struct guild_sub *s);
/* NULL: in none. Until the next event. */
const struct voice_state *voice_list_find(const struct guild_sub *s, uint64_t user_id);
/* Since when somebody has been in each channel of the view: of those who are there, the first; 0:
 * nobody is. */
void voice_list_began(const struct guild_sub *s, int64_t *began_ms);
/* The array of states that the class sees, without guild_id. */
void voice_list_write(struct json_writer *w, const struct guild_sub *s,
                      const struct audience_class *c);

uint32_t voice_list_count(const struct guild_sub *s);
const struct voice_state *voice_list_at(const struct guild_sub *s, uint32_t i);
/* The state as a VOICE_STATE_UPDATE, or (gone) that it is not in sight any more. Borrowed until the
 * next event; NULL when memory is short. */
struct bytes *voice_list_payload(const struct guild_sub *s, uint32_t i, bool gone);
/* The member objects of those whose states the session sees, but of the user. */
void voice_list_each_member(const struct guild_link *l,
                            void (*fn)(void *ctx, uint64_t user, struct slice member), void *ctx);

/* The elements of `members` of a GUILD_CREATE: of those whose states are in it, but the user's own.
 */
void voice_list_write_members(struct json_writer *w, const struct guild_link *l);

/* Does the class see the channel? */
bool voice_sees(const struct guild_sub *s, const struct audience_class *c,
                struct channel_id channel);
/* What the session is told by it; NULL: nothing. */
struct bytes *voice_payload(const struct guild_sub *s, const struct audience_class *c,
                            const struct event *e, uint64_t user_id);

/* voice_command.c */
/* The session is about to be freed: out of wherever it is, soon. */
void voice_session_ends(struct session *s);
/* The user may not be in the voice channel any more. */
void voice_recheck_later(struct hub *h, struct guild_id guild, struct user_id user);
/* The hub goes; jobs under way do no more than end. */
void voice_forget(struct hub *h);
