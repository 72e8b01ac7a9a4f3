/* Two views, channel by channel and role by role; both are ascending by id. */

#include "gateway/view_diff.h"

#include "base/mem.h"

static bool same_overwrites(const struct channel *a, const struct channel *b)
{
    if (a->overwrite_count != b->overwrite_count)
        return false;
    if (a->overwrites == b->overwrites)
        return true;
    for (size_t i = 0; i < a->overwrite_count; i++) {
        const struct overwrite *x = &a->overwrites[i];
        const struct overwrite *y = &b->overwrites[i];
        if (x->id != y->id || x->type != y->type || x->allow != y->allow || x->deny != y->deny)
            return false;
    }
    return true;
}

/* The type decides too: what is denied with CONNECT in a voice channel is not in a text channel. */
static bool same_channel(const struct channel *a, const struct channel *b)
{
    return a->type == b->type && same_overwrites(a, b);
}

static void note_role(struct view_diff *d, const struct guild_view *v, const struct role *r)
{
    if (r->id.v == v->guild.id.v)
        d->everyone = true;
    d->roles[d->role_count++] = r->id;
}

static void compare_roles(struct view_diff *d, const struct guild_view *old,
                          const struct guild_view *now)
{
    size_t i = 0, k = 0;
    while (i < old->role_count || k < now->role_count) {
        const struct role *a = i < old->role_count ? &old->roles[i] : NULL;
        const struct role *b = k < now->role_count ? &now->roles[k] : NULL;
        if (b == NULL || (a != NULL && a->id.v < b->id.v)) {
            note_role(d, now, a);
            i++;
        } else if (a == NULL || b->id.v < a->id.v) {
            note_role(d, now, b);
            k++;
        } else {
            if (a->permissions != b->permissions)
                note_role(d, now, b);
            i++;
            k++;
        }
    }
}

static void note_changed(struct view_diff *d, size_t k, bool changed)
{
    d->changed[k] = changed;
    d->changed_count += changed;
}

static void compare_channels(struct view_diff *d, const struct guild_view *old,
                             const struct guild_view *now)
{
    size_t i = 0, k = 0;
    while (i < old->channel_count || k < now->channel_count) {
        const struct channel *a = i < old->channel_count ? &old->channels[i] : NULL;
        const struct channel *b = k < now->channel_count ? &now->channels[k] : NULL;
        if (b == NULL || (a != NULL && a->id.v < b->id.v)) {
            d->after[i++] = VIEW_DIFF_NONE;
            d->gone_count++;
        } else if (a == NULL || b->id.v < a->id.v) {
            d->before[k] = VIEW_DIFF_NONE;
            note_changed(d, k++, true);
        } else {
            d->after[i] = (uint32_t)k;
            d->before[k] = (uint32_t)i++;
            note_changed(d, k++, !same_channel(a, b));
        }
    }
}

bool view_diff_init(struct view_diff *d, const struct guild_view *old, const struct guild_view *now)
{
    *d = (struct view_diff){0};
    d->roles = mem_array(MEM_GATEWAY, old->role_count + now->role_count + 1, sizeof *d->roles);
    d->before = mem_array(MEM_GATEWAY, now->channel_count + 1, sizeof *d->before);
    d->after = mem_array(MEM_GATEWAY, old->channel_count + 1, sizeof *d->after);
    d->changed = mem_array(MEM_GATEWAY, now->channel_count + 1, sizeof *d->changed);
    if (d->roles == NULL || d->before == NULL || d->after == NULL || d->changed == NULL) {
        view_diff_deinit(d);
        return false;
    }
    if (old->guild.owner.v != now->guild.owner.v) {
        d->owners[0] = old->guild.owner.v;
        d->owners[1] = now->guild.owner.v;
    }
    compare_roles(d, old, now);
    compare_channels(d, old, now);
    return true;
}

void view_diff_deinit(struct view_diff *d)
{
    mem_free(MEM_GATEWAY, d->roles);
    mem_free(MEM_GATEWAY, d->before);
    mem_free(MEM_GATEWAY, d->after);
    mem_free(MEM_GATEWAY, d->changed);
    *d = (struct view_diff){0};
}

bool view_diff_empty(const struct view_diff *d)
{
    return d->role_count == 0 && d->changed_count == 0 && d->gone_count == 0 && d->owners[1] == 0;
}

bool view_diff_concerns(const struct view_diff *d, uint64_t special_user,
                        const struct role_id *roles, size_t role_count)
{
    if (d->everyone)
        return true;
    if (special_user != 0 && (special_user == d->owners[0] || special_user == d->owners[1]))
        return true;
    size_t i = 0, k = 0;
    while (i < d->role_count && k < role_count) {
        if (d->roles[i].v == roles[k].v)
            return true;
        if (d->roles[i].v < roles[k].v)
            i++;
        else
            k++;
    }
    return false;
}
