#pragma once

/* Roles of guilds: making, editing, ordering and deleting them. Reading them needs no use-case:
 * they are in the guild's view. */

#include "core/access.h"
#include "core/media.h"

/* Bits of role_draft.set. */
enum role_setting {
    ROLE_SETS_NAME = 1,
    ROLE_SETS_PERMISSIONS = 2,
    ROLE_SETS_COLOR = 4,
    ROLE_SETS_SECONDARY = 8,
    ROLE_SETS_TERTIARY = 16,
    ROLE_SETS_HOIST = 32,
    ROLE_SETS_MENTIONABLE = 64,
    ROLE_SETS_ICON = 128,
    ROLE_SETS_EMOJI = 256
};

struct role_draft {
    unsigned set;
    struct slice name; /* empty: "new role" */
    uint64_t permissions;
    uint32_t color;
    uint32_t secondary_color; /* as in struct role, also the next */
    uint32_t tertiary_color;
    bool hoist;
    bool mentionable;
    const struct media_image *icon; /* NULL: none */
    struct slice unicode_emoji;     /* data NULL: none */
};

/*
 * With MANAGE_ROLES. A new role stands right above @everyone: at position 1, where of several the
 * older ones rank higher, so that nothing has to be moved for it. Not set: no colours, the
 * permissions of @everyone. MAX_ROLES; MISSING_PERMISSIONS for permissions that the actor lacks.
 * *view: the structure with it, owned, here and below.
 */
MUST_CHECK enum err role_create(struct core *c, const struct actor *by, const struct access *a,
                                const struct role_draft *d, struct role_id *id,
                                struct guild_view **view);
/* Only of roles that the actor outranks. UNKNOWN_ROLE; INVALID_ROLE: of @everyone only the
 * permissions can be set; MISSING_PERMISSIONS. */
MUST_CHECK enum err role_edit(struct core *c, const struct actor *by, const struct access *a,
                              struct role_id id, const struct role_draft *d,
                              struct guild_view **view);

struct role_place {
    struct role_id id;
    int32_t position;
};
/*
 * The roles named take those places, the others stay in their order around them; positions run from
 * 0 (@everyone) without gaps then. Every role whose rank changes must be below the actor's own.
 * UNKNOWN_ROLE, INVALID_ROLE (@everyone can only be first), MISSING_PERMISSIONS.
 */
MUST_CHECK enum err roles_move(struct core *c, const struct actor *by, const struct access *a,
                               const struct role_place *list, size_t count,
                               struct guild_view **view);

/* At once, with the overwrites for it; who held it loses it in steps, unseen. INVALID_ROLE for
 * @everyone and managed roles. */
MUST_CHECK enum err role_delete(struct core *c, const struct actor *by, const struct access *a,
                                struct role_id id);

/* How many members hold each role but @everyone. In the arena. */
MUST_CHECK enum err role_member_counts(struct core *c, struct guild_id guild, struct arena *arena,
                                       struct role_count **out, size_t *count);
