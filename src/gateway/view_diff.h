#pragma once

/*
 * What of two views of a guild differs in a way that decides permissions. A rename or a new topic
 * differs in nothing here; a role that changed concerns those who hold it; a channel whose
 * overwrites changed concerns everybody, but only in that channel. Pure. Loop thread: the cost is
 * one comparison of all overwrites, or of pointers where the views share them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "model/guild_view.h"

#define VIEW_DIFF_NONE UINT32_MAX

struct view_diff {
    bool everyone;         /* the @everyone role differs: all, in all channels */
    uint64_t owners[2];    /* before and after, if they differ; else 0 */
    struct role_id *roles; /* that differ or are in one of the views only; ascending */
    size_t role_count;
    uint32_t *before;     /* per channel of the new view: its index in the old, or NONE */
    uint32_t *after;      /* per channel of the old view: its index in the new, or NONE */
    bool *changed;        /* per channel of the new view: what decides about it differs */
    size_t changed_count; /* of the new view's channels, those that are new included */
    size_t gone_count;    /* of the old view's channels */
};

/* False when memory is short. With true, view_diff_deinit is due. */
MUST_CHECK bool view_diff_init(struct view_diff *d, const struct guild_view *old,
                               const struct guild_view *now);
void view_diff_deinit(struct view_diff *d);
/* Nothing that decides permissions differs, and the channels are the same ones. */
bool view_diff_empty(const struct view_diff *d);
/* Somebody with these roles may have other permissions in channels that did not change.
 * special_user: whom the views may treat by name, else 0. */
bool view_diff_concerns(const struct view_diff *d, uint64_t special_user,
                        const struct role_id *roles, size_t role_count);
