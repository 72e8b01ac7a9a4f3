#pragma once

/* Invite objects (docs, "Invite"), and the small pictures of guilds that strangers get to see. */

#include "model/entities.h"
#include "model/guild_view.h"
#include "wire/json_write.h"

/* An invite with what it refers to, as a reply shows it. */
struct invite_sheet {
    struct invite invite;
    struct guild_view *view; /* borrowed, or owned by whoever says so */
    uint64_t members;        /* of the guild */
    uint64_t online;         /* of these; whoever shows counts says it */
    bool vanity;             /* the guild's own address: nobody made it, and it does not expire */
    struct user target_user; /* id 0: none */
    struct application target_application;
};

/* What a reply says beside the invite itself. */
struct invite_show {
    bool metadata; /* uses, max_uses, max_age, temporary, created_at */
    bool counts;
    bool nickname; /* is_nickname_changeable */
    struct scheduled_event_id event;
};
/* Without the braces, for replies that add keys. */
void proto_invite_keys(struct json_writer *w, const struct invite_sheet *s,
                       const struct invite_show *show);
void proto_invite(struct json_writer *w, const struct invite_sheet *s,
                  const struct invite_show *show);
/* The keys of an invite's metadata. */
void proto_invite_limits(struct json_writer *w, const struct invite *i);
/* target_type and what it names, if there is one. */
void proto_invite_target(struct json_writer *w, const struct invite_sheet *s);

/* "features": their names. */
void proto_features(struct json_writer *w, uint64_t features);
/* approximate_member_count and approximate_presence_count. */
void proto_guild_counts(struct json_writer *w, uint64_t members, uint64_t online);
