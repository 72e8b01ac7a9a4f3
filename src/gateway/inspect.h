#pragma once

/*
 * An operator looks at sessions: who is there, and one of them live: what it is subscribed to, what
 * is sent to it, what is withheld from it and why. Names, numbers and ids only; never what an event
 * says. What happens is written by the session's loop into a bounded buffer and read by the thread
 * of the command; a reader that is too slow loses lines, and is told how many.
 *
 * A session that nobody looks at pays one comparison a dispatch.
 */

#include "gateway/gateway_priv.h"

struct inspection;

/* The rest: loop thread. A dispatch was appended to s, which is inspected; it has number
 * s->replay.seq. */
void inspect_pushed(struct session *s, const struct bytes *payload);
/* From here on what is pushed comes of this event; NULL: of none. */
void inspect_begin(struct hub *h, const struct event *e);
/* The guild's event has been delivered: those inspected sessions that did not get it are told why.
 */
void inspect_guild_done(struct guild_sub *g, const struct event *e);
/* The same of an event of the user's own stream, for one session. */
void inspect_user_done(struct session *s, const struct event *e);
/* s is about to be freed. */
void inspect_session_ends(struct session *s);
