#pragma once

/* What people and bots show of themselves, and how they log in. */

#include "base/arena.h"
#include "core/accounts.h"
#include "core/media.h"

enum profile_part {
    PROFILE_USERNAME = 1,
    PROFILE_GLOBAL_NAME = 2,
    PROFILE_AVATAR = 4,
    PROFILE_BANNER = 8,
    PROFILE_ACCENT_COLOR = 16,
    PROFILE_BIO = 32,
    PROFILE_PRONOUNS = 64,
    PROFILE_EMAIL = 128,
    PROFILE_PASSWORD = 256
};
/* What takes the present password. */
enum { PROFILE_GUARDED = PROFILE_USERNAME | PROFILE_EMAIL | PROFILE_PASSWORD };

struct profile_change {
    unsigned parts;        /* of enum profile_part */
    struct slice username; /* folded */
    struct slice global_name;
    struct slice email;    /* folded */
    uint32_t accent_color; /* as of struct user */
    struct slice bio;
    struct slice pronouns;
    const struct media_image *avatar; /* NULL or empty: none any more */
    const struct media_image *banner;
    struct slice password; /* the present one; of people, for guarded parts */
    struct slice new_password;
};

/*
 * JOB_HASH workers only, if parts are guarded or the password changes. USER_UPDATE; guilds hear
 * GUILD_MEMBER_UPDATE one by one (a task). A new password ends all sessions and tokens: `token`
 * gets the next one, else "". STORE_CONFLICT with *conflict; UNAUTHORIZED: the password is wrong;
 * RETRY.
 */
MUST_CHECK enum err profile_change(struct core *c, const struct actor *by,
                                   const struct profile_change *d, struct arena *arena,
                                   char token[TOKEN_TEXT_MAX], struct user *out,
                                   enum account_conflict *conflict);

/* What somebody shows to somebody else. */
struct profile {
    struct user user;
    const struct guild_id *guilds; /* that both are in */
    const struct slice *nicks;     /* of the user there; data NULL: none */
    size_t guild_count;
    const struct user *friends; /* of both */
    size_t friend_count;
};
/* UNKNOWN_USER; MISSING_ACCESS: neither friends nor in one guild. */
MUST_CHECK enum err profile_get(struct core *c, struct user_id reader, struct user_id user,
                                struct arena *arena, struct profile *out);
