#pragma once

/*
 * Members: reading them, changing them, kicking, leaving. Joining is joining.h's.
 *
 * Who may do what: each part of an edit needs its permission; nick, voice and time-out also need to
 * rank above the member (model/permissions.h), roles to rank above the role. MISSING_PERMISSIONS
 * otherwise, and MISSING_ACCESS for who is not in the guild any more.
 */

#include "core/access.h"
#include "core/core.h"
#include "core/media.h"
#include "model/entities.h"

/* Emits GUILD_MEMBER_REMOVE (guild) and GUILD_DELETE (user). UNKNOWN_GUILD for who is no member,
 * INVALID_GUILD for the owner, who may only delete the guild or give it away. */
MUST_CHECK enum err member_leave(struct core *c, const struct actor *by, struct guild_id guild);
/* The same for somebody else. UNKNOWN_MEMBER. */
MUST_CHECK enum err member_kick(struct core *c, const struct actor *by, const struct access *a,
                                struct user_id user);

/* UNKNOWN_MEMBER. In the arena, as all lists here. */
MUST_CHECK enum err member_get(struct core *c, struct guild_id guild, struct user_id user,
                               struct arena *arena, struct member *out);
/* Ascending by id: the first `limit` (at most LIMIT_MEMBERS_PAGE) after `after`. */
MUST_CHECK enum err member_list(struct core *c, struct guild_id guild, uint64_t after,
                                uint64_t limit, struct arena *arena, struct member **out,
                                size_t *count);
/* Those with a name that begins with `prefix`, whatever its case (of ASCII letters). */
MUST_CHECK enum err member_search(struct core *c, struct guild_id guild, struct slice prefix,
                                  uint64_t limit, struct arena *arena, struct member **out,
                                  size_t *count);

enum member_part {
    MEMBER_NICK = 1,
    MEMBER_ROLES = 2,
    MEMBER_MUTE = 4,
    MEMBER_DEAF = 8,
    MEMBER_TIME_OUT = 16,
    MEMBER_FLAGS = 32, /* BYPASSES_VERIFICATION; the others are the server's own */
    MEMBER_AVATAR = 64,
    MEMBER_BANNER = 128,
    MEMBER_VOICE = 256 /* who is in a voice channel: into another, or out */
};
/* Only the parts named are looked at. */
struct member_edit {
    unsigned parts;
    struct slice nick; /* "" or data NULL: none */
    const uint64_t *roles;
    size_t role_count;
    bool mute;
    bool deaf;
    int64_t timed_out_until_ms; /* 0, or past: not */
    uint64_t flags;
    const struct media_image *avatar; /* NULL: none; only of one's own membership */
    const struct media_image *banner;
    struct channel_id voice; /* 0: out */
};
/* UNKNOWN_MEMBER, UNKNOWN_ROLE, INVALID_ROLE; of a move voice_state_move's. */
MUST_CHECK enum err member_edit(struct core *c, const struct actor *by, const struct access *a,
                                struct user_id user, const struct member_edit *d,
                                struct arena *arena, struct member *out);
/* ERR_OK too if the member has it already, or has not. As member_edit. */
MUST_CHECK enum err member_give_role(struct core *c, const struct actor *by, const struct access *a,
                                     struct user_id user, struct role_id role);
MUST_CHECK enum err member_take_role(struct core *c, const struct actor *by, const struct access *a,
                                     struct user_id user, struct role_id role);
