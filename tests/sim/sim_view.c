/* The world as permissions see it: views, subjects, and what a log that is read back late may have
 * made of an entry. */
#include <stdlib.h>
#include <string.h>

#include "model/permissions.h"
#include "sim.h"

static const struct sim_user *seat_user(const struct sim_guild *g, unsigned seat)
{
    return &WORLD.users[g->seats[seat].user];
}

struct subject world_subject(const struct sim_guild *g, unsigned seat, const struct sim_standing *s,
                             struct role_id roles[SIM_ROLES])
{
    return (struct subject){.user = {seat_user(g, seat)->id},
                            .roles = roles,
                            .role_count = world_roles(g, s->roles, roles),
                            .timed_out_until_ms = s->timed_out_until_ms,
                            .pending = s->pending};
}

static bool sees_slot(const struct sim_guild *g, const struct guild_view *v, unsigned seat,
                      const struct sim_standing *s, const struct sim_entry *x)
{
    struct role_id roles[SIM_ROLES];
    struct subject who = world_subject(g, seat, s, roles);
    uint64_t one_of = event_info(x->e->kind)->permissions;
    who.timed_out_until_ms = 0;
    if (one_of != 0)
        return s->member && (permissions_in_guild(v, &who, sim_wall_ms(NULL)) & one_of) != 0;
    const struct channel *c = guild_view_channel(v, (struct channel_id){x->e->channel_id});
    return s->member && c != NULL && permissions_visible(v, &who, c, sim_wall_ms(NULL));
}

bool world_possible(const struct sim_guild *g, unsigned seat, const struct sim_entry *x,
                    uint32_t from, bool seen)
{
    const struct sim_standing *before = NULL;
    for (uint32_t i = from; i < g->epoch_count; i++) {
        const struct sim_standing *s = &g->epochs[i].standings[seat];
        if (before != NULL && memcmp(before, s, sizeof *s) == 0)
            continue; /* those between change of standing differ in the view alone: below */
        before = s;
        if (!seen && s->timed_out_until_ms != 0 && event_info(x->e->kind)->permissions != 0)
            return true;
        const struct guild_view *v = NULL;
        for (uint32_t k = from; k < g->epoch_count; k++) {
            if (g->epochs[k].view == v)
                continue;
            v = g->epochs[k].view;
            if (sees_slot(g, v, seat, s, x) == seen)
                return true;
        }
    }
    return false;
}

uint32_t world_gap(const struct sim_guild *g, const struct sim_entry *x)
{
    uint64_t position = x->e->position;
    while (position > 1 && g->log[position - 1].reread)
        position--;
    return g->log[position - 1].epoch;
}

bool world_saw(const struct sim_guild *g, unsigned seat, const struct sim_entry *x, uint32_t from)
{
    for (uint32_t i = from; i <= x->epoch; i++) {
        if (sees_slot(g, g->epochs[i].view, seat, &g->epochs[i].standings[seat], x))
            return true;
    }
    return false;
}

struct guild_view *world_view(const struct sim_guild *g, uint64_t position)
{
    struct role roles[SIM_ROLES];
    struct channel channels[SIM_CHANNELS];
    size_t count = 0;
    for (size_t i = 0; i < SIM_ROLES; i++)
        roles[i] = (struct role){
            .id = {g->id + i}, .guild = {g->id}, .permissions = g->role_permissions[i]};
    for (size_t i = 0; i < SIM_CHANNELS; i++) {
        const struct sim_channel *c = &g->channels[i];
        if (!c->there)
            continue;
        channels[count++] =
            (struct channel){.id = {c->id},
                             .guild = {g->id},
                             .type = c->category ? CHANNEL_TYPE_CATEGORY : CHANNEL_TYPE_TEXT,
                             .name = SLICE("c"),
                             .overwrites = c->overwrites,
                             .overwrite_count = c->overwrite_count};
    }
    const struct guild guild = {
        .id = {g->id}, .name = SLICE("g"), .preferred_locale = SLICE("en-US"), .owner = {g->owner}};
    struct guild_view *v =
        guild_view_new(&guild, position, position, roles, SIM_ROLES, channels, count);
    if (v == NULL)
        abort();
    return v;
}
