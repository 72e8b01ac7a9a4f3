/*
 * The model: what the store would hold, changed at random, and the events that tell of it. For
 * every position of a guild's stream it knows who must and who may get the event, computed for each
 * user from the whole view, without the classes, the diffs and the slices that the gateway has.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/token.h"
#include "model/permissions.h"
#include "sim.h"

struct sim_world WORLD;

enum { FIRST_CHANNEL = 100 };

static uint64_t snowflake(unsigned index)
{
    return ((uint64_t)index + 1) << 22;
}

struct sim_guild *world_guild(uint64_t id)
{
    uint64_t i = (id >> 22) - 1;
    return i < WORLD.guild_count && WORLD.guilds[i].id == id ? &WORLD.guilds[i] : NULL;
}

struct sim_user *world_user(uint64_t id)
{
    uint64_t i = (id >> 22) - 1001;
    return i < WORLD.user_count && WORLD.users[i].id == id ? &WORLD.users[i] : NULL;
}

size_t world_roles(const struct sim_guild *g, unsigned bits, struct role_id out[SIM_ROLES])
{
    size_t n = 0;
    for (unsigned i = 1; i < SIM_ROLES; i++) {
        if (bits & 1U << i)
            out[n++] = (struct role_id){g->id + i};
    }
    return n;
}

const struct sim_trail *world_trail(const struct sim_guild *g, uint64_t channel)
{
    uint64_t i = channel - g->id - FIRST_CHANNEL;
    return i < g->trail_count ? &g->trails[i] : NULL;
}

static uint64_t seat_bit(unsigned seat)
{
    return UINT64_C(1) << seat;
}

static const struct sim_user *seat_user(const struct sim_guild *g, unsigned seat)
{
    return &WORLD.users[g->seats[seat].user];
}

/* ---- who sees what ---- */

static uint16_t sight_of(const struct sim_guild *g, const struct guild_view *v, unsigned seat,
                         const struct sim_standing *s)
{
    struct role_id roles[SIM_ROLES];
    struct subject who = world_subject(g, seat, s, roles);
    uint16_t bits = 0;
    if (!s->member)
        return 0;
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        const struct channel *c =
            g->channels[i].id == 0 ? NULL
                                   : guild_view_channel(v, (struct channel_id){g->channels[i].id});
        if (c != NULL && permissions_visible(v, &who, c, sim_wall_ms(NULL)))
            bits |= (uint16_t)(1U << i);
    }
    return bits;
}

static struct sim_epoch *push_epoch(struct sim_guild *g)
{
    if (g->epoch_count == g->epoch_capacity) {
        g->epoch_capacity = g->epoch_capacity == 0 ? 64 : g->epoch_capacity * 2;
        g->epochs = realloc(g->epochs, g->epoch_capacity * sizeof *g->epochs);
        if (g->epochs == NULL)
            abort();
    }
    struct sim_epoch *e = &g->epochs[g->epoch_count++];
    if (g->epoch_count > 1)
        *e = e[-1];
    else
        *e = (struct sim_epoch){0};
    e->position = g->head + 1;
    e->view = guild_view_ref(g->view);
    return e;
}

static void note_sight(struct sim_guild *g, struct sim_epoch *e, unsigned seat)
{
    e->standings[seat] = g->seats[seat].now;
    e->sight[seat] = sight_of(g, g->view, seat, &g->seats[seat].now);
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        if (e->sight[seat] & 1U << i)
            g->trails[g->channels[i].id - g->id - FIRST_CHANNEL].ever |= seat_bit(seat);
    }
}

static void epoch_of_structure(struct sim_guild *g)
{
    struct sim_epoch *e = push_epoch(g);
    for (unsigned i = 0; i < g->seat_count; i++)
        note_sight(g, e, i);
}

static void epoch_of_member(struct sim_guild *g, unsigned seat)
{
    note_sight(g, push_epoch(g), seat);
}

/* ---- the logs ---- */

static void *grown(void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return list;
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    void *p = realloc(list, *capacity * size);
    if (p == NULL)
        abort();
    return p;
}

static void set_payload(struct event *e, const struct sim_guild *g, bool content)
{
    char text[256];
    int n = snprintf(text, sizeof text,
                     "\"t\":\"%s\",\"op\":0,\"d\":{\"p\":%" PRIu64 ",\"g\":%d,\"c\":%" PRIu64
                     ",\"x\":%d}}",
                     event_dispatch_name(e->kind), e->position, g == NULL ? -1 : (int)g->index,
                     e->channel_id, content);
    struct bytes *b = bytes_new(slice_of(text, (size_t)n));
    if (b == NULL)
        abort();
    if (content || e->payload == NULL)
        e->payload = b;
    else
        e->payload_blank = b;
}

static void user_commit(struct sim_user *u, enum event_kind kind, uint64_t guild_id)
{
    struct event *e = event_new(kind, (struct stream){STREAM_USER, u->id}, NULL, 0);
    if (e == NULL)
        abort();
    e->position = ++u->head;
    e->guild_id = guild_id;
    e->at_ms = sim_wall_ms(NULL);
    memcpy(e->token_hash, u->token_hash, sizeof e->token_hash);
    if (kind == EVENT_DIRECT_MESSAGE_CREATE)
        set_payload(e, NULL, true);
    u->log = grown(u->log, u->head - 1, &u->log_capacity, sizeof(struct event *));
    u->log[u->head - 1] = e;
    SIM.n.events++;
    sim_trace("user %u: %" PRIu64 " %s guild %" PRIu64, u->index, e->position,
              event_info(kind)->name, guild_id >> 22);
    bus_publish(SIM.bus, &e, 1);
}

/* An event of the guild, made and not yet positioned. */
static struct event *draft(struct sim_guild *g, enum event_kind kind, const uint64_t *users,
                           uint32_t user_count)
{
    struct event *e = event_new(kind, (struct stream){STREAM_GUILD, g->id}, users, user_count);
    if (e == NULL)
        abort();
    e->guild_id = g->id;
    e->at_ms = sim_wall_ms(NULL);
    return e;
}

static uint64_t members_mask(const struct sim_guild *g)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < g->seat_count; i++)
        bits |= g->seats[i].now.member ? seat_bit(i) : 0;
    return bits;
}

static uint64_t slot_mask(const struct sim_guild *g, uint32_t epoch, unsigned slot)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < g->seat_count; i++)
        bits |= g->epochs[epoch].sight[i] & 1U << slot ? seat_bit(i) : 0;
    return bits;
}

/* A permission in the guild is needed. Of who is, or was a moment ago, timed out, nothing is said:
 * the gateway notices the end of that by a clock. */
static void gated_masks(const struct sim_guild *g, const struct event *e, struct sim_entry *x)
{
    uint64_t one_of = event_info(e->kind)->permissions;
    x->must = x->may = 0;
    for (unsigned i = 0; i < g->seat_count; i++) {
        const struct sim_standing *s = &g->seats[i].now;
        struct role_id roles[SIM_ROLES];
        struct subject who = world_subject(g, i, s, roles);
        if (!s->member)
            continue;
        bool clock = s->timed_out_until_ms != 0;
        who.timed_out_until_ms = 0;
        if ((permissions_in_guild(g->view, &who, sim_wall_ms(NULL)) & one_of) == 0)
            continue;
        x->may |= seat_bit(i);
        x->must |= clock ? 0 : seat_bit(i);
    }
}

static void set_masks(const struct sim_guild *g, const struct event *e, struct sim_entry *x)
{
    const struct event_info *info = event_info(e->kind);
    if (info->permissions != 0) {
        gated_masks(g, e, x);
    } else if (info->audience == AUDIENCE_CHANNEL) {
        x->must = x->may = slot_mask(g, x->epoch, x->slot);
        if (e->kind == EVENT_CHANNEL_UPDATE && x->epoch > 0) /* others get CHANNEL_CREATE */
            x->must = x->may = x->may & slot_mask(g, x->epoch - 1, x->slot);
    } else if (info->audience == AUDIENCE_VIEW) {
        x->must = x->may = 0;
    } else {
        x->must = x->may = members_mask(g);
    }
}

/* Takes the draft over. `view`: it brings the structure. */
static void commit(struct sim_guild *g, struct event *e, unsigned slot, bool structure)
{
    e->position = ++g->head;
    if (structure)
        e->view = guild_view_ref(g->view);
    if (e->kind != EVENT_CHANNEL_CREATE && e->kind != EVENT_CHANNEL_DELETE)
        set_payload(e, g, true);
    bool content = e->kind == EVENT_MESSAGE_CREATE;
    if (content)
        set_payload(e, g, false);
    g->log = grown(g->log, g->head - 1, &g->log_capacity, sizeof *g->log);
    struct sim_entry *x = &g->log[g->head - 1];
    *x = (struct sim_entry){
        .e = e, .epoch = g->epoch_count - 1, .slot = (uint8_t)slot, .content = content};
    set_masks(g, e, x);
    SIM.n.events++;
    SIM.n.structure += structure;
    sim_trace("guild %u: %" PRIu64 " %s channel %" PRIu64 " user %" PRIu64 " must %" PRIx64,
              g->index, e->position, event_info(e->kind)->name, e->channel_id, e->entity_id,
              x->must);
    bus_publish(SIM.bus, &e, 1);
}

/* ---- structure ---- */

static void commit_structure(struct sim_guild *g, enum event_kind kind, unsigned slot)
{
    guild_view_unref(&g->view);
    g->view = world_view(g, g->head + 1);
    epoch_of_structure(g);
    struct event *e = draft(g, kind, NULL, 0);
    if (slot != SIM_NO_CHANNEL)
        e->channel_id = e->entity_id = g->channels[slot].id;
    commit(g, e, slot, true);
}

static uint64_t some_permissions(void)
{
    uint64_t bits = PERMISSIONS_DEFAULT;
    if (sim_one_in(3))
        bits &= ~PERMISSION_VIEW_CHANNEL;
    if (sim_one_in(10))
        bits |= PERMISSION_ADMINISTRATOR;
    if (sim_one_in(4))
        bits |= PERMISSION_BAN_MEMBERS;
    return bits;
}

static int by_id(const void *a, const void *b)
{
    const struct overwrite *x = a;
    const struct overwrite *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static void some_overwrites(const struct sim_guild *g, struct sim_channel *c)
{
    c->overwrite_count = 0;
    for (size_t n = sim_below(SIM_OVERWRITES + 1); n > 0; n--) {
        bool member = g->seat_count > 0 && sim_one_in(3);
        struct overwrite o = {.type = member ? OVERWRITE_MEMBER : OVERWRITE_ROLE};
        o.id = member ? seat_user(g, (unsigned)sim_below(g->seat_count))->id
                      : g->id + sim_below(SIM_ROLES);
        *(sim_one_in(2) ? &o.allow : &o.deny) = PERMISSION_VIEW_CHANNEL;
        bool twice = false;
        for (size_t k = 0; k < c->overwrite_count; k++)
            twice = twice || c->overwrites[k].id == o.id;
        if (!twice)
            c->overwrites[c->overwrite_count++] = o;
    }
    qsort(c->overwrites, c->overwrite_count, sizeof c->overwrites[0], by_id);
}

static void make_channel(struct sim_guild *g, unsigned slot)
{
    g->channels[slot] = (struct sim_channel){
        .there = true, .category = sim_one_in(6), .id = g->id + FIRST_CHANNEL + g->trail_count};
    g->trails = grown(g->trails, g->trail_count, &g->trail_capacity, sizeof *g->trails);
    g->trails[g->trail_count++] = (struct sim_trail){.slot = (uint8_t)slot};
    some_overwrites(g, &g->channels[slot]);
}

static unsigned some_slot(const struct sim_guild *g, bool there)
{
    unsigned start = (unsigned)sim_below(SIM_CHANNELS);
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        unsigned slot = (start + i) % SIM_CHANNELS;
        if (g->channels[slot].there == there)
            return slot;
    }
    return SIM_NO_CHANNEL;
}

static unsigned some_text_slot(const struct sim_guild *g)
{
    unsigned slot = some_slot(g, true);
    return slot == SIM_NO_CHANNEL || g->channels[slot].category ? SIM_NO_CHANNEL : slot;
}

static void change_structure(struct sim_guild *g)
{
    unsigned slot = some_slot(g, true);
    switch (sim_below(6)) {
    case 0:
        g->role_permissions[sim_below(SIM_ROLES)] = some_permissions();
        commit_structure(g, EVENT_GUILD_ROLE_UPDATE, SIM_NO_CHANNEL);
        return;
    case 1:
        if (slot == SIM_NO_CHANNEL || sim_one_in(2))
            return;
        g->channels[slot].there = false;
        commit_structure(g, EVENT_CHANNEL_DELETE, slot);
        return;
    case 2:
        slot = some_slot(g, false);
        if (slot == SIM_NO_CHANNEL)
            return;
        make_channel(g, slot);
        commit_structure(g, EVENT_CHANNEL_CREATE, slot);
        return;
    case 3:
        if (g->seat_count > 0 && sim_one_in(4))
            g->owner = seat_user(g, (unsigned)sim_below(g->seat_count))->id;
        commit_structure(g, EVENT_GUILD_UPDATE, SIM_NO_CHANNEL);
        return;
    default:
        if (slot == SIM_NO_CHANNEL)
            return;
        some_overwrites(g, &g->channels[slot]);
        commit_structure(g, EVENT_CHANNEL_UPDATE, slot);
        return;
    }
}

/* ---- members ---- */

static unsigned random_roles(void)
{
    return (unsigned)sim_below(1U << SIM_ROLES) & (unsigned)sim_below(1U << SIM_ROLES) & ~1U;
}

static struct sim_standing some_standing(void)
{
    struct sim_standing s = {.member = true};
    s.roles = random_roles();
    s.pending = sim_one_in(10);
    if (sim_one_in(10))
        s.timed_out_until_ms = sim_wall_ms(NULL) + (int64_t)sim_below(20000);
    return s;
}

static void commit_member(struct sim_guild *g, enum event_kind kind, unsigned seat)
{
    epoch_of_member(g, seat);
    struct event *e = draft(g, kind, NULL, 0);
    e->entity_id = seat_user(g, seat)->id;
    g->seats[seat].stood = g->head + 1;
    if (kind == EVENT_GUILD_MEMBER_UPDATE) {
        struct role_id roles[SIM_ROLES];
        const struct sim_standing *s = &g->seats[seat].now;
        struct member m = {.roles = roles,
                           .role_count = world_roles(g, s->roles, roles),
                           .timed_out_until_ms = s->timed_out_until_ms,
                           .pending = s->pending,
                           .standing = g->seats[seat].stood};
        e->standing = standing_new(&m);
        if (e->standing == NULL)
            abort();
    }
    commit(g, e, SIM_NO_CHANNEL, false);
}

static void join(struct sim_guild *g, unsigned user)
{
    struct sim_user *u = &WORLD.users[user];
    unsigned seat = u->seats[g->index];
    if (seat == SIM_NO_SEAT) {
        if (g->seat_count == SIM_SEATS)
            return;
        seat = g->seat_count++;
        u->seats[g->index] = (uint8_t)seat;
        g->seats[seat] = (struct sim_seat){.user = user};
    }
    if (g->seats[seat].now.member || g->deleted)
        return;
    g->seats[seat].now = some_standing();
    g->seats[seat].now.temporary = sim_one_in(12);
    if (g->seats[seat].now.temporary)
        g->seats[seat].now.roles = 0;
    g->seats[seat].joined = g->head + 1;
    g->member_count++;
    commit_member(g, EVENT_GUILD_MEMBER_ADD, seat);
    user_commit(u, EVENT_GUILD_CREATE, g->id);
}

void world_leave(struct sim_guild *g, unsigned seat)
{
    if (!g->seats[seat].now.member)
        return;
    SIM.n.kicks++;
    g->seats[seat].now = (struct sim_standing){0};
    g->member_count--;
    commit_member(g, EVENT_GUILD_MEMBER_REMOVE, seat);
    user_commit(&WORLD.users[g->seats[seat].user], EVENT_GUILD_DELETE, g->id);
}

/* Members are told, the log goes, nothing of it can be read any more. */
static void delete_guild(struct sim_guild *g)
{
    g->deleted = true;
    for (unsigned i = 0; i < g->seat_count; i++) {
        if (!g->seats[i].now.member)
            continue;
        g->seats[i].now = (struct sim_standing){0};
        user_commit(&WORLD.users[g->seats[i].user], EVENT_GUILD_DELETE, g->id);
    }
}

static void change_member(struct sim_guild *g)
{
    if (g->seat_count == 0)
        return;
    unsigned seat = (unsigned)sim_below(g->seat_count);
    if (!g->seats[seat].now.member) {
        join(g, g->seats[seat].user);
    } else if (sim_one_in(5)) {
        world_leave(g, seat);
        if (sim_one_in(3))
            join(g, g->seats[seat].user);
    } else {
        bool temporary = g->seats[seat].now.temporary;
        g->seats[seat].now = some_standing();
        g->seats[seat].now.temporary = temporary && g->seats[seat].now.roles == 0;
        commit_member(g, EVENT_GUILD_MEMBER_UPDATE, seat);
    }
}

/* ---- messages ---- */

static void say(struct sim_guild *g)
{
    unsigned slot = some_text_slot(g);
    if (slot == SIM_NO_CHANNEL)
        return;
    uint64_t named[2] = {0, 0};
    uint32_t count = 0;
    while (g->seat_count > 0 && count < 2 && sim_one_in(2))
        named[count++] = seat_user(g, (unsigned)sim_below(g->seat_count))->id;
    bool message = sim_below(5) > 0;
    struct event *e =
        draft(g, message ? EVENT_MESSAGE_CREATE : EVENT_MESSAGE_DELETE, named, message ? count : 0);
    e->channel_id = g->channels[slot].id;
    e->entity_id = g->head + 1; /* a message's id is its position */
    if (message)
        g->channels[slot].last_message = g->head + 1;
    commit(g, e, slot, false);
}

static void type(struct sim_guild *g)
{
    unsigned slot = some_text_slot(g);
    if (slot == SIM_NO_CHANNEL)
        return;
    struct event *e = draft(g, EVENT_TYPING_START, NULL, 0);
    e->channel_id = g->channels[slot].id;
    set_payload(e, g, true);
    bus_publish(SIM.bus, &e, 1);
    event_unref(&e);
}

static void ban(struct sim_guild *g)
{
    struct event *e = draft(g, EVENT_GUILD_BAN_ADD, NULL, 0);
    commit(g, e, SIM_NO_CHANNEL, false);
}

/* ---- users ---- */

static void make_token(struct sim_user *u)
{
    u->generation++;
    int n = snprintf(u->token, sizeof u->token, "token.%u.%u", u->index, u->generation);
    token_hash(slice_of(u->token, (size_t)n), u->token_hash);
}

static void revoke_token(struct sim_user *u)
{
    user_commit(u, EVENT_TOKEN_REVOKED, 0);
    make_token(u);
}

static void trim(struct sim_guild *g)
{
    if (g->head == 0)
        return;
    uint64_t to = g->head - sim_below(g->head < 300 ? g->head : 300);
    if (to > g->trimmed)
        g->trimmed = to;
    SIM.n.trims++;
}

void world_change(void)
{
    struct sim_guild *g = &WORLD.guilds[sim_below(WORLD.guild_count)];
    struct sim_user *u = &WORLD.users[sim_below(WORLD.user_count)];
    uint64_t dice = sim_below(1000);
    if (dice < 30) {
        user_commit(u, EVENT_DIRECT_MESSAGE_CREATE, 0);
    } else if (dice < 32) {
        revoke_token(u);
    } else if (g->deleted) {
        return;
    } else if (dice < 80) {
        change_structure(g);
    } else if (dice < 160) {
        change_member(g);
    } else if (dice < 170) {
        join(g, (unsigned)sim_below(WORLD.user_count));
    } else if (dice < 200) {
        type(g);
    } else if (dice < 220) {
        ban(g);
    } else if (dice < 222 && SIM.trims) {
        trim(g);
    } else if (dice == 222 && WORLD.guild_count > 2 && g->index > 1 && sim_one_in(20)) {
        delete_guild(g);
    } else {
        say(g);
    }
}

/* ---- a recording ---- */

static void apply_member(struct sim_guild *g, const struct recorded *r)
{
    unsigned user = r->user % WORLD.user_count;
    unsigned seat = WORLD.users[user].seats[g->index];
    bool member = seat != SIM_NO_SEAT && g->seats[seat].now.member;
    if (r->kind == EVENT_GUILD_MEMBER_ADD) {
        join(g, user);
    } else if (member && r->kind == EVENT_GUILD_MEMBER_REMOVE) {
        world_leave(g, seat);
    } else if (member) {
        g->seats[seat].now = some_standing();
        commit_member(g, EVENT_GUILD_MEMBER_UPDATE, seat);
    }
}

static void apply_channel(struct sim_guild *g, const struct recorded *r)
{
    unsigned slot = r->channel % SIM_CHANNELS;
    struct sim_channel *c = &g->channels[slot];
    if (r->kind == EVENT_CHANNEL_CREATE && !c->there) {
        make_channel(g, slot);
        commit_structure(g, EVENT_CHANNEL_CREATE, slot);
    } else if (r->kind == EVENT_CHANNEL_DELETE && c->there) {
        c->there = false;
        commit_structure(g, EVENT_CHANNEL_DELETE, slot);
    } else if (r->kind == EVENT_CHANNEL_UPDATE && c->there) {
        some_overwrites(g, c);
        commit_structure(g, EVENT_CHANNEL_UPDATE, slot);
    }
}

void world_apply(const struct recorded *r)
{
    struct sim_guild *g = &WORLD.guilds[r->guild % WORLD.guild_count];
    struct sim_user *u = &WORLD.users[r->user % WORLD.user_count];
    switch (r->kind) {
    case EVENT_TOKEN_REVOKED:
        revoke_token(u);
        return;
    case EVENT_GUILD_MEMBER_ADD:
    case EVENT_GUILD_MEMBER_REMOVE:
    case EVENT_GUILD_MEMBER_UPDATE:
        apply_member(g, r);
        return;
    case EVENT_CHANNEL_CREATE:
    case EVENT_CHANNEL_DELETE:
    case EVENT_CHANNEL_UPDATE:
        apply_channel(g, r);
        return;
    case EVENT_GUILD_ROLE_CREATE:
    case EVENT_GUILD_ROLE_UPDATE:
    case EVENT_GUILD_ROLE_DELETE:
        g->role_permissions[sim_below(SIM_ROLES)] = some_permissions();
        commit_structure(g, EVENT_GUILD_ROLE_UPDATE, SIM_NO_CHANNEL);
        return;
    case EVENT_GUILD_UPDATE:
        commit_structure(g, EVENT_GUILD_UPDATE, SIM_NO_CHANNEL);
        return;
    default:
        break;
    }
    if (event_info(r->kind)->stream == STREAM_GUILD)
        say(g);
    else if (r->kind != EVENT_GUILD_CREATE && r->kind != EVENT_GUILD_DELETE)
        user_commit(u, EVENT_DIRECT_MESSAGE_CREATE, 0); /* those came with their member's event */
}

static void open_guild(unsigned i)
{
    struct sim_guild *g = &WORLD.guilds[i];
    *g = (struct sim_guild){.id = snowflake(i), .index = i};
    g->owner = WORLD.users[0].id;
    for (unsigned r = 0; r < SIM_ROLES; r++)
        g->role_permissions[r] = some_permissions();
    for (unsigned c = 0; c < SIM_CHANNELS * 3 / 4; c++)
        make_channel(g, c);
    g->view = world_view(g, 1);
    epoch_of_structure(g);
    struct event *e = draft(g, EVENT_GUILD_UPDATE, NULL, 0);
    commit(g, e, SIM_NO_CHANNEL, true);
}

void world_open(void)
{
    WORLD.user_count = SIM.o.users;
    WORLD.guild_count = SIM.o.guilds;
    WORLD.users = calloc(WORLD.user_count, sizeof *WORLD.users);
    if (WORLD.users == NULL)
        abort();
    for (unsigned i = 0; i < WORLD.user_count; i++) {
        struct sim_user *u = &WORLD.users[i];
        *u = (struct sim_user){.id = snowflake(1000 + i), .index = i, .bot = !sim_one_in(3)};
        memset(u->seats, SIM_NO_SEAT, sizeof u->seats);
        make_token(u);
    }
    for (unsigned i = 0; i < WORLD.guild_count; i++)
        open_guild(i);
    for (unsigned i = 0; i < WORLD.user_count; i++) {
        for (uint64_t n = 1 + sim_below(4); n > 0; n--)
            join(&WORLD.guilds[sim_below(WORLD.guild_count)], i);
    }
}

void world_close(void)
{
    for (unsigned i = 0; i < WORLD.guild_count; i++) {
        struct sim_guild *g = &WORLD.guilds[i];
        for (uint64_t k = 0; k < g->head; k++)
            event_unref(&g->log[k].e);
        for (uint32_t k = 0; k < g->epoch_count; k++)
            guild_view_unref(&g->epochs[k].view);
        guild_view_unref(&g->view);
        free(g->log);
        free(g->epochs);
        free(g->trails);
    }
    for (unsigned i = 0; i < WORLD.user_count; i++) {
        struct sim_user *u = &WORLD.users[i];
        for (uint64_t k = 0; k < u->head; k++)
            event_unref(&u->log[k]);
        free(u->log);
    }
    free(WORLD.users);
    WORLD = (struct sim_world){0};
}
