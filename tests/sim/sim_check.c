/*
 * What a client was told, against the model: nothing that its user may not know, nothing twice,
 * everything in order, and nothing missing between what it knows and what it hears next.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* ---- the pieces ---- */

static const struct sim_user *user_of(const struct sim_client *c)
{
    return &WORLD.users[c->user];
}

static unsigned seat_of(const struct sim_client *c, const struct sim_guild *g)
{
    return user_of(c)->seats[g->index];
}

static bool has_bit(uint64_t set, unsigned seat)
{
    return seat != SIM_NO_SEAT && (set >> seat & 1) != 0;
}

static uint64_t number_after(struct slice d, const char *key, bool *found)
{
    const char *at = memmem(d.data, d.len, key, strlen(key));
    *found = at != NULL;
    return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10);
}

/* The intents of the session let the event through. */
static bool wants(const struct sim_client *c, const struct event *e)
{
    const struct event_info *info = event_info(e->kind);
    if (info->intents == 0 || (info->intents & c->intents) != 0)
        return true;
    return info->audience == AUDIENCE_MEMBER && e->entity_id == user_of(c)->id;
}

static json_t *parse(struct slice d)
{
    json_t *root = json_loadb(d.data, d.len, 0, NULL);
    if (root == NULL)
        sim_fail("not JSON: %.*s", (int)d.len, d.data);
    return root;
}

static uint64_t id_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

/* ---- channels ---- */

static void learn_channel(struct sim_client *c, const struct sim_guild *g, const json_t *channel)
{
    struct sim_known *k = &c->guilds[g->index];
    uint64_t id = id_of(channel, "id");
    const struct sim_trail *t = world_trail(g, id);
    if (t == NULL)
        sim_fail("client %u: a channel %" PRIu64 " that never was", c->index, id);
    if (!has_bit(t->ever, seat_of(c, g)))
        sim_fail("LEAK client %u: told of channel %" PRIu64 " of guild %u, which user %u never saw",
                 c->index, id, g->index, c->user);
    if (k->sight & 1U << t->slot)
        sim_fail("client %u: channel %" PRIu64 " in place of %" PRIu64 ", which has not gone",
                 c->index, id, k->channels[t->slot]);
    k->sight |= (uint16_t)(1U << t->slot);
    k->channels[t->slot] = id;
    k->floors[t->slot] = id_of(channel, "last_message_id");
}

static void lose_channel(struct sim_client *c, const struct sim_guild *g, uint64_t id)
{
    struct sim_known *k = &c->guilds[g->index];
    const struct sim_trail *t = world_trail(g, id);
    if (t == NULL || (k->sight & 1U << t->slot) == 0 || k->channels[t->slot] != id)
        sim_fail("client %u: channel %" PRIu64 " goes, and was not there", c->index, id);
    k->sight &= (uint16_t) ~(1U << t->slot);
    k->channels[t->slot] = 0;
}

/* ---- guilds ---- */

static void learn_guild(struct sim_client *c, const json_t *guild)
{
    const struct sim_guild *g = world_guild(id_of(guild, "id"));
    if (g == NULL)
        sim_fail("client %u: a guild that is not", c->index);
    struct sim_known *k = &c->guilds[g->index];
    if (seat_of(c, g) == SIM_NO_SEAT)
        sim_fail("LEAK client %u: guild %u, of which user %u never was a member", c->index,
                 g->index, c->user);
    if ((g->id >> 22) % c->shard_count != c->shard)
        sim_fail("client %u: guild %u is not of its shard", c->index, g->index);
    if (k->known)
        sim_fail("client %u: guild %u comes twice", c->index, g->index);
    uint64_t last = k->last;
    /* Without the intent a person reads guilds in READY, and hears no more of them. */
    bool followed = (c->intents & INTENT_GUILDS) != 0;
    *k = (struct sim_known){.known = followed, .last = last, .lower = last};
    size_t i;
    json_t *channel;
    json_array_foreach(json_object_get(guild, "channels"), i, channel)
    {
        learn_channel(c, g, channel);
        uint64_t floor = id_of(channel, "last_message_id");
        k->lower = floor > k->lower ? floor : k->lower;
    }
}

static void lose_guild(struct sim_client *c, uint64_t id)
{
    const struct sim_guild *g = world_guild(id);
    struct sim_known *k = &c->guilds[g->index];
    uint64_t last = k->last;
    *k = (struct sim_known){.last = last};
}

/* ---- events of a guild ---- */

/* The entry was due to the client, which stands before it. */
static bool due(const struct sim_client *c, const struct sim_guild *g, const struct sim_known *k,
                const struct sim_entry *x)
{
    if (!has_bit(x->must, seat_of(c, g)) || !wants(c, x->e))
        return false;
    if (k->exact)
        return true;
    /* Where it entered is not known, but of the channels that it was told of. */
    return x->e->kind == EVENT_MESSAGE_CREATE && (k->sight & 1U << x->slot) != 0 &&
           k->channels[x->slot] == x->e->channel_id && x->e->position > k->floors[x->slot];
}

/* The client sees the channel of the entry. */
static bool in_sight(const struct sim_known *k, const struct sim_entry *x)
{
    return (k->sight & 1U << x->slot) != 0 && k->channels[x->slot] == x->e->channel_id;
}

/* What has come from the log, where no more is known than the structure and the standings before a
 * gap and after it, is withheld while its channel is hidden from the client, or if a permission of
 * the guild came or went in the gap; and the log has no payload for what is gone. */
static bool may_be_missing(const struct sim_client *c, const struct sim_guild *g,
                           const struct sim_known *k, const struct sim_entry *x)
{
    if (!SIM.late_views || !x->reread)
        return false;
    if (x->slot != SIM_NO_CHANNEL)
        return !in_sight(k, x) || (k->come & 1U << x->slot) != 0;
    return x->voided || (event_info(x->e->kind)->permissions != 0 &&
                         world_possible(g, seat_of(c, g), x, world_gap(g, x), false));
}

static void check_gap(const struct sim_client *c, const struct sim_guild *g,
                      const struct sim_known *k, uint64_t before)
{
    if (!k->known || (c->intents & INTENT_GUILDS) == 0)
        return;
    for (uint64_t p = (k->exact ? k->last : k->lower) + 1; p < before; p++) {
        const struct sim_entry *x = &g->log[p - 1];
        if (!due(c, g, k, x) || may_be_missing(c, g, k, x))
            continue;
        sim_fail("GAP client %u: %s at %" PRIu64 " of guild %u is missing before %" PRIu64
                 " (last %" PRIu64 ", entered after %" PRIu64 "%s)",
                 c->index, event_info(x->e->kind)->name, p, g->index, before, k->last, k->lower,
                 k->exact ? ", exact" : "");
    }
}

/* In a gap nobody knows that something was hidden and shown again: who saw it before, is shown it
 * by some later structure and standing, and has not been told that it is gone. */
static bool hidden_for_a_while(const struct sim_client *c, const struct sim_guild *g,
                               const struct sim_entry *x)
{
    const struct sim_known *k = &c->guilds[g->index];
    unsigned seat = seat_of(c, g);
    bool told = x->slot == SIM_NO_CHANNEL || (c->intents & INTENT_GUILDS) == 0 || in_sight(k, x);
    return SIM.late_views && x->reread && seat != SIM_NO_SEAT && told &&
           world_saw(g, seat, x, world_gap(g, x)) && world_possible(g, seat, x, x->epoch, true);
}

static void check_entitled(const struct sim_client *c, const struct sim_guild *g,
                           const struct sim_entry *x)
{
    unsigned seat = seat_of(c, g);
    if (!wants(c, x->e))
        sim_fail("LEAK client %u: %s without the intent", c->index, event_info(x->e->kind)->name);
    if (has_bit(x->may, seat))
        return;
    if (hidden_for_a_while(c, g, x))
        return;
    sim_fail("LEAK client %u: %s at %" PRIu64 " of guild %u, which user %u may not have", c->index,
             event_info(x->e->kind)->name, x->e->position, g->index, c->user);
}

static void check_content(const struct sim_client *c, const struct sim_entry *x, bool content)
{
    bool allowed = !user_of(c)->bot || (c->intents & INTENT_MESSAGE_CONTENT) != 0;
    for (uint32_t i = 0; i < x->e->content_user_count; i++)
        allowed = allowed || x->e->content_users[i] == user_of(c)->id;
    SIM.n.blanks += !content;
    if (content != allowed && x->content)
        sim_fail("%s client %u: content of %" PRIu64, content ? "LEAK" : "GAP", c->index,
                 x->e->position);
}

static void check_sight(const struct sim_client *c, const struct sim_guild *g,
                        const struct sim_known *k, const struct sim_entry *x)
{
    if (!k->known || (SIM.late_views && x->reread))
        return;
    uint16_t sees = g->epochs[x->epoch].sight[seat_of(c, g)];
    if (k->sight != sees)
        sim_fail("client %u (user %" PRIu64 ", seat %u): knows channels %x of guild %u at %" PRIu64
                 ", sees %x",
                 c->index, user_of(c)->id, seat_of(c, g), k->sight, g->index, x->e->position, sees);
}

static void check_event(struct sim_client *c, const struct sim_guild *g, struct slice name,
                        uint64_t position, bool content)
{
    struct sim_known *k = &c->guilds[g->index];
    if (position == 0 || position > g->head)
        sim_fail("client %u: %.*s at %" PRIu64 ", which never was", c->index, (int)name.len,
                 name.data, position);
    const struct sim_entry *x = &g->log[position - 1];
    if (!slice_eq_cstr(name, event_dispatch_name(x->e->kind)))
        sim_fail("client %u: %.*s at %" PRIu64, c->index, (int)name.len, name.data, position);
    if (position <= k->last)
        sim_fail("ORDER client %u: %" PRIu64 " of guild %u after %" PRIu64, c->index, position,
                 g->index, k->last);
    if ((c->intents & INTENT_GUILDS) != 0 && !k->known)
        sim_fail("client %u: %.*s of guild %u, which it is not in", c->index, (int)name.len,
                 name.data, g->index);
    check_entitled(c, g, x);
    check_content(c, x, content);
    check_gap(c, g, k, position);
    check_sight(c, g, k, x);
    k->last = position;
    k->come = 0;
    k->exact = true;
    SIM.n.checked++;
}

/* Not in the log: what counts is what the client has been shown. */
static void check_typing(const struct sim_client *c, const struct sim_guild *g, uint64_t channel)
{
    const struct sim_known *k = &c->guilds[g->index];
    const struct sim_trail *t = world_trail(g, channel);
    if ((c->intents & INTENT_GUILD_MESSAGE_TYPING) == 0 || !has_bit(t->ever, seat_of(c, g)))
        sim_fail("LEAK client %u: typing", c->index);
    if ((c->intents & INTENT_GUILDS) != 0 &&
        (!k->known || (k->sight & 1U << t->slot) == 0 || k->channels[t->slot] != channel))
        sim_fail("client %u: typing in a channel that it does not see", c->index);
}

/* ---- events of a user ---- */

static void check_direct_gap(const struct sim_client *c, uint64_t before)
{
    const struct sim_user *u = user_of(c);
    if ((c->intents & INTENT_DIRECT_MESSAGES) == 0 || c->shard != 0)
        return;
    for (uint64_t p = c->direct + 1; p < before; p++) {
        if (u->log[p - 1]->kind == EVENT_DIRECT_MESSAGE_CREATE)
            sim_fail("GAP client %u: direct message %" PRIu64 " is missing before %" PRIu64,
                     c->index, p, before);
    }
}

static void check_direct(struct sim_client *c, uint64_t position)
{
    if ((c->intents & INTENT_DIRECT_MESSAGES) == 0 || c->shard != 0)
        sim_fail("LEAK client %u: a direct message", c->index);
    if (position <= c->direct || position > user_of(c)->head)
        sim_fail("ORDER client %u: direct message %" PRIu64 " after %" PRIu64, c->index, position,
                 c->direct);
    check_direct_gap(c, position);
    c->direct = position;
    SIM.n.checked++;
}

/* ---- all ---- */

void check_forget(struct sim_client *c)
{
    memset(c->guilds, 0, WORLD.guild_count * sizeof *c->guilds);
    c->direct = 0;
}

void check_ready(struct sim_client *c, struct slice d)
{
    json_t *root = parse(d);
    const char *stamp =
        json_string_value(json_object_get(json_object_get(root, "user"), "username"));
    c->stamp = c->direct = stamp == NULL ? 0 : strtoull(stamp, NULL, 10);
    size_t i;
    json_t *guild;
    json_array_foreach(json_object_get(root, "guilds"), i, guild)
    {
        if (!json_is_true(json_object_get(guild, "unavailable")))
            learn_guild(c, guild);
    }
    json_decref(root);
}

static void see_channel(struct sim_client *c, const struct sim_guild *g, const json_t *channel)
{
    learn_channel(c, g, channel);
    c->guilds[g->index].come |= (uint16_t)(1U << world_trail(g, id_of(channel, "id"))->slot);
}

static bool check_structure(struct sim_client *c, struct slice name, struct slice d)
{
    bool create = slice_eq_cstr(name, "CHANNEL_CREATE");
    if (!create && !slice_eq_cstr(name, "CHANNEL_DELETE") && !slice_eq_cstr(name, "GUILD_CREATE") &&
        !slice_eq_cstr(name, "GUILD_DELETE"))
        return false;
    json_t *root = parse(d);
    if ((c->intents & INTENT_GUILDS) == 0)
        sim_fail("LEAK client %u: %.*s without the intent", c->index, (int)name.len, name.data);
    const struct sim_guild *g = world_guild(id_of(root, "guild_id"));
    if (slice_eq_cstr(name, "GUILD_CREATE"))
        learn_guild(c, root);
    else if (slice_eq_cstr(name, "GUILD_DELETE"))
        lose_guild(c, id_of(root, "id"));
    else if (!c->guilds[g->index].known)
        sim_fail("client %u: %.*s of a guild that it is not in", c->index, (int)name.len,
                 name.data);
    else if (create)
        see_channel(c, g, root);
    else
        lose_channel(c, g, id_of(root, "id"));
    json_decref(root);
    return true;
}

void check_dispatch(struct sim_client *c, struct slice name, struct slice d)
{
    bool ours;
    bool found;
    if (c->state != CLIENT_LIVE && c->state != CLIENT_RESUMING)
        sim_fail("client %u: %.*s before READY", c->index, (int)name.len, name.data);
    uint64_t position = number_after(d, "{\"p\":", &ours);
    if (!ours) {
        (void)check_structure(c, name, d);
        return;
    }
    uint64_t guild = number_after(d, "\"g\":", &found);
    bool content = memmem(d.data, d.len, "\"x\":1", 5) != NULL;
    if (guild >= WORLD.guild_count)
        check_direct(c, position);
    else if (slice_eq_cstr(name, "TYPING_START"))
        check_typing(c, &WORLD.guilds[guild], number_after(d, "\"c\":", &found));
    else
        check_event(c, &WORLD.guilds[guild], name, position, content);
}

static void check_guild_settled(struct sim_client *c, const struct sim_guild *g)
{
    struct sim_known *k = &c->guilds[g->index];
    unsigned seat = seat_of(c, g);
    bool member = seat != SIM_NO_SEAT && !g->deleted && g->seats[seat].now.member;
    bool shard = (g->id >> 22) % c->shard_count == c->shard;
    if ((c->intents & INTENT_GUILDS) == 0)
        return;
    if (k->known != (member && shard))
        sim_fail("client %u (user %u) %s guild %u, and the user is %s", c->index, c->user,
                 k->known ? "is in" : "is not in", g->index, member ? "a member" : "none");
    if (!k->known)
        return;
    check_gap(c, g, k, g->head + 1);
    uint16_t sees = g->epochs[g->epoch_count - 1].sight[seat];
    if (k->sight != sees)
        sim_fail("client %u: knows channels %x of guild %u at the end, sees %x", c->index, k->sight,
                 g->index, sees);
}

void check_settled(struct sim_client *c)
{
    if (c->generation != user_of(c)->generation)
        sim_fail("client %u: lives by a token that was revoked", c->index);
    for (unsigned i = 0; i < WORLD.guild_count; i++)
        check_guild_settled(c, &WORLD.guilds[i]);
    check_direct_gap(c, user_of(c)->head + 1);
}
