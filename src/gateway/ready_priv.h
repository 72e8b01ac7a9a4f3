#pragma once

/* What the payloads of one session (ready.c, ready_people.c, ready_supplemental.c, guild_payload.c)
 * share. Loop thread. */

#include "gateway/gateway_priv.h"

/* What a person's client says that it can read (userdoccers, "Gateway Capabilities"); of the others
 * nothing depends here. */
enum capability {
    CAPABILITY_LAZY_NOTES = 1 << 0,            /* reads them by HTTP */
    CAPABILITY_VERSIONED_READ_STATES = 1 << 2, /* as {version, partial, entries} */
    CAPABILITY_VERSIONED_SETTINGS = 1 << 3,    /* likewise user_guild_settings */
    CAPABILITY_DEDUPE_USERS = 1 << 4,          /* users once, in `users`; elsewhere their ids */
    CAPABILITY_PRIORITIZED = 1 << 5,       /* presences in READY_SUPPLEMENTAL; needs the above */
    CAPABILITY_OTHER_READ_STATES = 1 << 7, /* of other things than channels */
    CAPABILITY_CLIENT_STATE_V2 = 1 << 10   /* guilds with `properties` */
};
static inline bool session_can(const struct session *s, enum capability c)
{
    return !s->who.bot && (s->capabilities & c) != 0;
}

/* guild_payload.c */
bool class_sees(const struct guild_sub *g, const struct audience_class *c, struct channel_id id);
/* A guild object whose opening brace is the last that `out` holds: what is in `out` goes into the
 * rope, then the keys that the class shares, by reference; the rest of the object is in `out` after
 * that. whole: with members and presences, which READY may have elsewhere. */
void guild_payload_add(struct rope *r, struct buf *out, struct guild_link *l, bool whole);
/* The rest of the dispatch, which is in `out`, and its end. */
struct bytes *rope_payload_end(struct rope *r, struct buf *out);

/* ready_people.c: what READY has for people beside the guilds */
void ready_people_write(struct json_writer *w, struct session *s, const struct session_load *load);

/* An element of merged_members: the member object, with the user's id in the place of the user. */
void ready_member_write(struct json_writer *w, uint64_t user_id, struct slice member);

/* ready_supplemental.c; people, right after READY, while the links still have their members */
struct bytes *ready_supplemental_payload(struct session *s);
