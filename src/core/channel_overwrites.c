/* One overwrite of one channel. */

#include "base/limits.h"
#include "core/channels_priv.h"

struct overwriting {
    struct channel_change change; /* first */
    uint64_t target;
    const struct overwrite *after; /* NULL: removed */
};

/* The channel's overwrites with that change; *had: there was one for the target. */
static enum err rewrite(struct overwriting *x, struct channel *ch, bool *had)
{
    const struct channel *old = x->change.now.channel;
    struct overwrite *list = arena_array(&x->change.arena, old->overwrite_count + 1, sizeof *list);
    size_t n = 0;
    bool placed = x->after == NULL;
    if (list == NULL)
        return ERR_NO_MEMORY;
    *had = false;
    for (size_t i = 0; i < old->overwrite_count; i++) {
        const struct overwrite *o = &old->overwrites[i];
        if (!placed && o->id >= x->target) {
            list[n++] = *x->after;
            placed = true;
        }
        *had |= o->id == x->target;
        if (o->id != x->target)
            list[n++] = *o;
    }
    if (!placed)
        list[n++] = *x->after;
    ch->overwrites = list;
    ch->overwrite_count = n;
    return ERR_OK;
}

static enum err overwrite(struct tx *tx, void *ctx)
{
    struct overwriting *x = ctx;
    struct channel_change *c = &x->change;
    bool had;
    enum err e = channel_change_begin(tx, c, PERMISSION_MANAGE_ROLES);
    if (e != ERR_OK)
        return e;
    struct channel after = *c->now.channel;
    e = rewrite(x, &after, &had);
    if (e == ERR_OK && x->after == NULL && !had)
        e = ERR_UNKNOWN_OVERWRITE;
    if (e == ERR_OK && after.overwrite_count > LIMIT_CHANNEL_OVERWRITES && !had)
        e = ERR_MAX_OVERWRITES;
    if (e == ERR_OK)
        e = channel_check_overwrites(tx, c, c->now.channel, c->now.channel, &after);
    if (e == ERR_OK)
        e = channel_mask_overwrites(c, &after);
    return e == ERR_OK ? channel_apply(tx, c, &after) : e;
}

enum err channel_overwrite(struct core *c, const struct actor *by, const struct access *a,
                           uint64_t target, const struct overwrite *after)
{
    struct overwrite wanted = {0};
    struct overwriting x = {.change = {.by = by, .a = a}, .target = target};
    if (after != NULL) {
        wanted = (struct overwrite){target, after->type, after->allow & PERMISSIONS_ALL,
                                    after->deny & PERMISSIONS_ALL};
        x.after = &wanted;
    }
    channel_change_init(&x.change);
    enum err e = store_write(c->store, overwrite, &x);
    guild_view_unref(&x.change.view);
    channel_change_deinit(&x.change);
    return e;
}
