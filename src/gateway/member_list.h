#pragma once

/*
 * What people's clients look at in a guild (Guild Subscriptions, ops 14 and 37): flags, members by
 * id, and ranges of the member lists of channels. A subscription hangs on its guild_link, is made
 * by the first command that names the guild, and is freed with the link. Loop thread only.
 *
 * The lists themselves are shared (member_roster.c, member_list.c): a guild with a subscriber on
 * this loop has one roster, the roster one list for each list id that somebody looks at.
 */

#include "gateway/gateway_priv.h"

/* Whether the session asked to see the presence of the user in this guild: they named the user, or
 * asked for activities and look at the user in a list. */
bool subscription_wants_presence(const struct guild_link *l, uint64_t user);

/* The user's presence has changed, or may have: the guild's lists look it up (presence.h) and tell
 * those who show it. Cheap when nobody looks at a list of the guild. */
void member_lists_presence(struct guild_sub *s, uint64_t user);
/* An event of the guild, before it is delivered; s->view is the new one already. */
void member_lists_note(struct guild_sub *s, const struct event *e);
/* The link goes. */
void subscription_free(struct guild_link *l);
/* The guild goes: nobody is linked to it any more. */
void member_lists_free(struct guild_sub *s);

/* For the hand-over at a planned restart: NULL when there is nothing to say, or memory is short; a
 * new reference. restore: of a link that is live; what does not fit is left out. */
json_t *subscription_save(const struct guild_link *l);
void subscription_restore(struct guild_link *l, const json_t *saved);
