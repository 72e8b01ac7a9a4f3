/* The core, as far as the gateway calls it: each function reads the model at the moment at which a
 * worker runs it, as one read transaction would. */
#include <string.h>

#include "core/accounts.h"
#include "core/seen.h"
#include "core/visits.h"
#include "crypto/token.h"
#include "sim.h"

enum { DAY_MS = 86400000, NAME_BYTES = 24 };

static bool fails(void)
{
    return !SIM.calm && sim_below(1000) < SIM.job_faults;
}

enum err core_principal(const uint8_t hash[TOKEN_HASH_LEN], struct principal *out)
{
    for (unsigned i = 0; i < WORLD.user_count; i++) {
        const struct sim_user *u = &WORLD.users[i];
        if (memcmp(u->token_hash, hash, TOKEN_HASH_LEN) != 0)
            continue;
        *out = (struct principal){.user = {u->id}, .bot = u->bot, .application_flags = UINT32_MAX};
        out->application.v = u->bot ? u->id : 0;
        memcpy(out->token_hash, hash, TOKEN_HASH_LEN);
        return ERR_OK;
    }
    return ERR_UNAUTHORIZED;
}

enum err account_authenticate(struct core *c, struct slice token, int bot_prefix,
                              struct principal *out)
{
    (void)c;
    (void)bot_prefix;
    if (fails())
        return ERR_OVERLOADED;
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(token, hash);
    return core_principal(hash, out);
}

static void fill_membership(const struct sim_guild *g, const struct sim_user *u,
                            struct arena *arena, struct membership *out)
{
    const struct sim_seat *seat = &g->seats[u->seats[g->index]];
    struct role_id *roles = arena_array(arena, SIM_ROLES, sizeof *roles);
    *out = (struct membership){.guild = {g->id}, .position = g->head};
    out->member = (struct member){.guild = {g->id},
                                  .user = {.id = {u->id}, .username = SLICE("u"), .bot = u->bot},
                                  .joined_at_ms = 1,
                                  .roles = roles,
                                  .role_count = world_roles(g, seat->now.roles, roles),
                                  .timed_out_until_ms = seat->now.timed_out_until_ms,
                                  .pending = seat->now.pending,
                                  .temporary = seat->now.temporary};
}

static bool is_member(const struct sim_guild *g, const struct sim_user *u)
{
    unsigned seat = u->seats[g->index];
    return !g->deleted && seat != SIM_NO_SEAT && g->seats[seat].now.member;
}

enum err session_snapshot_load(struct core *c, const struct principal *who, struct arena *arena,
                               struct session_snapshot *out)
{
    (void)c;
    const struct sim_user *u = world_user(who->user.v);
    if (fails())
        return ERR_OVERLOADED;
    if (memcmp(u->token_hash, who->token_hash, sizeof u->token_hash) != 0)
        return ERR_UNKNOWN_TOKEN;
    char *name = arena_array(arena, NAME_BYTES, 1);
    int n = snprintf(name, NAME_BYTES, "%" PRIu64, u->head); /* the client reads it in READY */
    *out = (struct session_snapshot){
        .user = {.id = {u->id}, .bot = u->bot, .username = slice_of(name, (size_t)n)},
        .user_position = u->head,
    };
    out->user.seen_at_ms = u->seen_day_ms;
    out->application.id.v = u->bot ? u->id : 0;
    out->memberships = arena_array(arena, SIM_GUILDS_MAX, sizeof *out->memberships);
    for (unsigned i = 0; i < WORLD.guild_count; i++) {
        if (is_member(&WORLD.guilds[i], u))
            fill_membership(&WORLD.guilds[i], u, arena, &out->memberships[out->membership_count++]);
    }
    return ERR_OK;
}

enum err membership_load(struct core *c, struct user_id user, struct guild_id guild,
                         struct arena *arena, struct membership *out)
{
    (void)c;
    const struct sim_user *u = world_user(user.v);
    const struct sim_guild *g = world_guild(guild.v);
    if (fails())
        return ERR_OVERLOADED;
    if (!is_member(g, u))
        return ERR_UNKNOWN_MEMBER;
    fill_membership(g, u, arena, out);
    return ERR_OK;
}

static uint64_t last_message(const struct sim_guild *g, uint64_t channel)
{
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        if (g->channels[i].id == channel)
            return g->channels[i].last_message;
    }
    return 0;
}

enum err guild_snapshot_load(struct core *c, struct guild_id id, struct arena *arena,
                             struct guild_snapshot *out)
{
    (void)c;
    const struct sim_guild *g = world_guild(id.v);
    if (fails())
        return ERR_OVERLOADED;
    if (g->deleted)
        return ERR_UNKNOWN_GUILD;
    *out = (struct guild_snapshot){.view = guild_view_ref(g->view), .position = g->head};
    out->member_count = g->member_count;
    out->last_messages =
        arena_array(arena, out->view->channel_count + 1, sizeof *out->last_messages);
    for (size_t i = 0; i < out->view->channel_count; i++)
        out->last_messages[i].v = last_message(g, out->view->channels[i].id.v);
    return ERR_OK;
}

/* As the core does: with the structure, and the standing, as they are now; of who is no member any
 * more, with neither standing nor payload. */
static struct event *late(const struct sim_guild *g, struct sim_entry *x)
{
    const struct event *e = x->e;
    struct event *copy = event_new(e->kind, e->stream, e->content_users, e->content_user_count);
    if (copy == NULL)
        abort();
    copy->position = e->position;
    copy->at_ms = e->at_ms;
    copy->guild_id = e->guild_id;
    copy->channel_id = e->channel_id;
    copy->entity_id = e->entity_id;
    const struct sim_seat *seat =
        e->standing == NULL ? NULL : &g->seats[world_user(e->entity_id)->seats[g->index]];
    x->voided = x->voided || (seat != NULL && !seat->now.member);
    if (e->payload != NULL && (seat == NULL || seat->now.member))
        copy->payload = bytes_ref(e->payload);
    copy->payload_blank = e->payload_blank == NULL ? NULL : bytes_ref(e->payload_blank);
    copy->view = e->view == NULL ? NULL : guild_view_ref(g->view);
    if (seat == NULL || !seat->now.member)
        return copy;
    struct role_id roles[SIM_ROLES];
    struct member m = {.roles = roles,
                       .role_count = world_roles(g, seat->now.roles, roles),
                       .timed_out_until_ms = seat->now.timed_out_until_ms,
                       .pending = seat->now.pending,
                       .standing = seat->stood};
    copy->standing = standing_new(&m);
    return copy;
}

static enum err replay_guild(struct sim_guild *g, uint64_t after, unsigned max,
                             void (*fn)(void *ctx, struct event *e), void *ctx)
{
    if (g->deleted)
        return after < g->head ? ERR_LOG_TRIMMED : ERR_OK; /* its rows are gone */
    if (after < g->trimmed)
        return ERR_LOG_TRIMMED;
    for (uint64_t p = after; p < g->head && p < after + max; p++) {
        struct sim_entry *x = &g->log[p];
        bool as_now = SIM.late_views && (x->e->view != NULL || x->e->standing != NULL);
        x->reread = x->reread || SIM.late_views;
        fn(ctx, as_now ? late(g, x) : event_ref(x->e));
    }
    return ERR_OK;
}

enum err events_replay(struct core *c, struct stream s, uint64_t after, unsigned max,
                       void (*fn)(void *ctx, struct event *e), void *ctx)
{
    (void)c;
    if (fails())
        return ERR_OVERLOADED;
    SIM.n.refills++;
    if (s.kind == STREAM_GUILD)
        return replay_guild(world_guild(s.id), after, max, fn, ctx);
    const struct sim_user *u = world_user(s.id);
    if (after < u->trimmed)
        return ERR_LOG_TRIMMED;
    for (uint64_t p = after; p < u->head && p < after + max; p++)
        fn(ctx, event_ref(u->log[p]));
    return ERR_OK;
}

enum err member_temporary_leave(struct core *c, struct user_id user, struct guild_id guild)
{
    (void)c;
    struct sim_guild *g = world_guild(guild.v);
    unsigned seat = world_user(user.v)->seats[g->index];
    if (fails())
        return ERR_OVERLOADED;
    if (!g->deleted && g->seats[seat].now.temporary && g->seats[seat].now.roles == 0)
        world_leave(g, seat);
    return ERR_OK;
}

int64_t seen_day_ms(int64_t wall_ms)
{
    return wall_ms - wall_ms % DAY_MS;
}

enum err account_seen(struct core *c, struct user_id user)
{
    (void)c;
    world_user(user.v)->seen_day_ms = seen_day_ms(sim_wall_ms(NULL));
    return ERR_OK;
}
