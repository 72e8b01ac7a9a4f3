/* The groups of a guild's lists: its hoisted roles by rank, then who is there without one, then who
 * is not there. */
#include <stdlib.h>

#include "gateway/member_roster.h"
#include "model/permissions.h"

static int by_rank(const void *a, const void *b)
{
    const struct role *const *x = a;
    const struct role *const *y = b;
    return role_compare(*y, *x);
}

/* What of the view decides who is shown where. */
uint64_t member_roster_shape(const struct guild_view *v)
{
    uint64_t h = map_hash(v->guild.owner.v, v->role_count);
    for (size_t i = 0; i < v->role_count; i++) {
        const struct role *x = &v->roles[i];
        h = map_hash(h, x->id.v);
        h = map_hash(h, x->permissions);
        h = map_hash(h, (uint64_t)(uint32_t)x->position << 1 | (x->hoist ? 1 : 0));
    }
    return h;
}

bool member_roster_make_groups(struct member_roster *r)
{
    const struct guild_view *v = r->guild->view;
    const struct role **hoisted = mem_array(MEM_GATEWAY, v->role_count + 1, sizeof *hoisted);
    struct member_group *groups = mem_array(MEM_GATEWAY, v->role_count + 2, sizeof *groups);
    if (hoisted == NULL || groups == NULL) {
        mem_free(MEM_GATEWAY, hoisted);
        mem_free(MEM_GATEWAY, groups);
        return false;
    }
    uint32_t n = 0;
    for (size_t i = 0; i < v->role_count; i++)
        if (v->roles[i].hoist && v->roles[i].id.v != v->guild.id.v)
            hoisted[n++] = &v->roles[i];
    if (n > 1)
        qsort(hoisted, n, sizeof *hoisted, by_rank);
    for (uint32_t i = 0; i < n; i++)
        groups[i].role = hoisted[i]->id.v;
    groups[n++].name = "online";
    groups[n++].name = "offline";
    mem_free(MEM_GATEWAY, hoisted);
    mem_free(MEM_GATEWAY, r->groups);
    r->groups = groups;
    r->group_count = n;
    r->shape = member_roster_shape(v);
    return true;
}

static bool holds(const struct member_card *c, uint64_t role)
{
    for (uint32_t i = 0; i < c->role_count; i++)
        if (c->roles[i].v == role)
            return true;
    return false;
}

uint32_t member_roster_group(const struct member_roster *r, const struct member_card *c)
{
    if (c->presence == NULL)
        return r->whole ? r->group_count - 1 : MEMBER_GROUP_NONE;
    uint32_t i = 0;
    while (i < r->group_count - 2 && !holds(c, r->groups[i].role))
        i++;
    return i;
}
