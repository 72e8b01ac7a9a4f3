#pragma once

/* The widget: what a guild shows of itself to anybody on the web, if it wants to. */

#include "core/access.h"

struct widget_change {
    bool has_enabled;
    bool enabled;
    bool has_channel;
    struct channel_id channel; /* 0: none */
};
/*
 * Emits GUILD_UPDATE. A channel that the caller may invite to gets an invite that lasts, for the
 * widget to show, unless it has one. UNKNOWN_CHANNEL. *view: afterwards, owned.
 */
MUST_CHECK enum err widget_change(struct core *c, const struct actor *by, const struct access *a,
                                  const struct widget_change *d, struct guild_view **view);
/* UNKNOWN_GUILD, WIDGET_DISABLED. *view: owned; *code: of the invite, data NULL: none; in the
 * arena.
 */
MUST_CHECK enum err widget_get(struct core *c, struct guild_id guild, struct arena *arena,
                               struct guild_view **view, struct slice *code, uint64_t *members);
/* Up to WIDGET_MEMBERS_MAX members who are online, by id; statuses[i] is list[i]'s. */
enum { WIDGET_MEMBERS_MAX = 100 };
MUST_CHECK enum err widget_online(struct core *c, struct guild_id guild, struct arena *arena,
                                  struct member **list, const char **statuses, size_t *count);
