/*
 * The seats of users and what they come to. A session's loop changes its seat under the lock of the
 * user's part, where the merged presence is made anew; if that is another one than before, the
 * desks of all loops that have sessions of the user are told to see to it, and all desks if there
 * are friends who may be anywhere.
 */
#include "gateway/presence_priv.h"

#include <assert.h>
#include <string.h>

/* ---- references ---- */

struct presence *presence_ref(struct presence *p)
{
    if (p != NULL)
        atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void presence_unref(struct presence **p)
{
    struct presence *gone = *p;
    *p = NULL;
    /* acq_rel: whoever frees has seen what the others did before they let go. */
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->refs, 1, memory_order_acq_rel) != 1)
        return;
    bytes_unref(&gone->json);
    mem_free(MEM_GATEWAY, gone);
}

/* ---- parts ---- */

static bool part_init(struct presence_part *part, uint64_t seed)
{
    map_init(&part->map, MEM_GATEWAY, PRESENCE_USERS_MAX, seed);
    return pthread_mutex_init(&part->lock, NULL) == 0;
}

struct presences *presences_new(uint64_t seed)
{
    struct presences *p = mem_zalloc(MEM_GATEWAY, sizeof *p);
    if (p == NULL)
        return NULL;
    bool ok = true;
    p->seed = seed;
    for (size_t i = 0; i < PRESENCE_PARTS; i++) {
        ok = part_init(&p->users[i], seed + i) && ok;
        ok = part_init(&p->guilds[i], seed + PRESENCE_PARTS + i) && ok;
    }
    for (int c = 0; c < CLIENT_KINDS; c++) {
        for (int s = 0; s < PRESENCE_INVISIBLE; s++) {
            p->plain[c][s] = presence_plain_json((enum client_kind)c, (enum presence_status)s);
            ok = p->plain[c][s] != NULL && ok;
        }
    }
    if (!ok)
        presences_free(&p);
    return p;
}

void presences_free(struct presences **p)
{
    struct presences *gone = *p;
    *p = NULL;
    if (gone == NULL)
        return;
    for (size_t i = 0; i < PRESENCE_PARTS; i++) {
        assert(gone->users[i].map.count == 0 && gone->guilds[i].map.count == 0);
        map_deinit(&gone->users[i].map);
        map_deinit(&gone->guilds[i].map);
        pthread_mutex_destroy(&gone->users[i].lock);
        pthread_mutex_destroy(&gone->guilds[i].lock);
    }
    for (int c = 0; c < CLIENT_KINDS; c++)
        for (int s = 0; s < PRESENCE_INVISIBLE; s++)
            bytes_unref(&gone->plain[c][s]);
    mem_free(MEM_GATEWAY, gone);
}

static struct presence_part *lock_part(struct presence_part *parts, uint64_t seed, uint64_t key)
{
    struct presence_part *part = &parts[map_hash(seed, key) % PRESENCE_PARTS];
    pthread_mutex_lock(&part->lock);
    return part;
}

struct presence_part *presence_user_part(struct presences *p, uint64_t user)
{
    return lock_part(p->users, p->seed, user);
}

struct presence_part *presence_guild_part(struct presences *p, uint64_t guild)
{
    return lock_part(p->guilds, p->seed, guild);
}

struct presence *presence_get(struct gateway *g, uint64_t user)
{
    struct presence_part *part = presence_user_part(g->presences, user);
    struct presence_user *u = map_get(&part->map, user);
    struct presence *now = u == NULL ? NULL : presence_ref(u->now);
    pthread_mutex_unlock(&part->lock);
    return now;
}

struct friend_list *presence_friends(struct gateway *g, uint64_t user, bool *here)
{
    struct presence_part *part = presence_user_part(g->presences, user);
    struct presence_user *u = map_get(&part->map, user);
    struct friend_list *f = u == NULL ? NULL : friend_list_ref(u->friends);
    *here = u != NULL;
    pthread_mutex_unlock(&part->lock);
    return f;
}

void presence_drop_friend(struct gateway *g, uint64_t user, uint64_t other)
{
    struct presence_part *part = presence_user_part(g->presences, user);
    struct presence_user *u = map_get(&part->map, user);
    if (u != NULL && friend_list_has(u->friends, other)) {
        /* When memory is short, rather nobody than somebody who is none any more. */
        struct friend_list *rest = friend_list_without(u->friends, other);
        friend_list_unref(&u->friends);
        u->friends = rest;
    }
    pthread_mutex_unlock(&part->lock);
}

/* ---- changes ---- */

/* Whom a change concerns; gathered under the lock, told after it. */
struct change {
    uint64_t user;
    uint64_t hubs;               /* a bit each: where the user has sessions */
    struct friend_list *friends; /* to be told */
    bool all;                    /* they are all that there are */
};

/* Under the lock. sessions: that list reads differently; a bot has nobody to tell that. */
static struct change settle(struct presences *p, struct presence_user *u, bool sessions)
{
    struct change c = {.user = u->id};
    bool shown = presence_merge(p, u);
    u->version += sessions ? 1 : 0;
    if (!shown && !sessions)
        return c;
    LIST_FOREACH (it, &u->seats)
        c.hubs |= UINT64_C(1) << LIST_OWNER(it, struct seat, node)->hub % PRESENCE_HUBS_MAX;
    c.friends = shown ? friend_list_ref(u->friends) : NULL;
    c.all = true;
    return c;
}

/* Takes over both references. Under the lock. A friend who was not in the list yet has not been
 * told of what changed since the friendship began, and is told now. */
static struct change set_person(struct presences *p, struct presence_user *u, bool sessions,
                                struct friend_list *friends, struct bytes *custom)
{
    struct friend_list *before = u->friends;
    bytes_unref(&u->custom);
    u->friends = friends;
    u->custom = custom;
    struct change c = settle(p, u, sessions);
    if (c.friends == NULL && u->now != NULL) {
        c.user = u->id;
        c.friends = friend_list_added(before, friends);
        c.all = false;
    }
    friend_list_unref(&before);
    return c;
}

static void tell(struct gateway *g, struct change *c)
{
    for (unsigned i = 0; i < g->hub_count; i++) {
        bool own = (c->hubs >> i % PRESENCE_HUBS_MAX & 1) != 0;
        if (own || c->friends != NULL)
            desk_notice(&g->hubs[i], c->user, own, c->friends, c->all);
    }
    friend_list_unref(&c->friends);
}

static void seat_count(struct seat *s, bool more)
{
    uint32_t *n = &s->user->counts[s->client][s->status];
    *n = more ? *n + 1 : *n - 1;
}

/* The newest of those with activities leads. */
static void seat_place(struct seat *s)
{
    list_remove(&s->node);
    if (s->activities != NULL)
        list_push_front(&s->user->seats, &s->node);
    else
        list_push_back(&s->user->seats, &s->node);
}

/* ---- a session's life ---- */

enum err presence_sit(struct session *s, const json_t *properties, const json_t *presence)
{
    struct seat *seat = mem_zalloc(MEM_GATEWAY, sizeof *seat);
    if (seat == NULL)
        return ERR_NO_MEMORY;
    seat->hub = s->hub->index;
    seat->person = !s->who.bot;
    seat->status = PRESENCE_UNKNOWN;
    memcpy(seat->id, s->id, sizeof seat->id);
    presence_read_client(properties, seat);
    s->seat = seat;
    if (presence == NULL || json_is_null(presence))
        return ERR_OK;
    return presence_change(s, presence);
}

static struct presence_user *user_obtain(struct presence_part *part, uint64_t id)
{
    struct presence_user *u = map_get(&part->map, id);
    if (u != NULL)
        return u;
    u = mem_zalloc(MEM_GATEWAY, sizeof *u);
    if (u == NULL)
        return NULL;
    u->id = id;
    list_init(&u->seats);
    if (!map_put(&part->map, id, u)) {
        mem_free(MEM_GATEWAY, u);
        return NULL;
    }
    return u;
}

void presence_join(struct session *s, enum presence_status wanted, struct friend_list *friends,
                   struct bytes *custom)
{
    struct seat *seat = s->seat;
    struct gateway *g = s->hub->gateway;
    if (seat->status == PRESENCE_UNKNOWN)
        seat->status = wanted;
    struct presence_part *part = presence_user_part(g->presences, s->who.user.v);
    struct change c = {0};
    seat->user = user_obtain(part, s->who.user.v);
    if (seat->user != NULL) {
        struct presence_user *u = seat->user;
        u->seat_count++;
        seat_count(seat, true);
        seat_place(seat);
        c = set_person(g->presences, u, seat->person && u->seat_count > 1, friends, custom);
    }
    pthread_mutex_unlock(&part->lock);
    if (seat->user == NULL) { /* offline, for others, until it begins anew */
        friend_list_unref(&friends);
        bytes_unref(&custom);
    }
    tell(g, &c);
}

static void user_free(struct presence_part *part, struct presence_user *u)
{
    map_remove(&part->map, u->id);
    friend_list_unref(&u->friends);
    bytes_unref(&u->custom);
    presence_unref(&u->now);
    mem_free(MEM_GATEWAY, u);
}

static void leave(struct session *s, struct seat *seat)
{
    struct gateway *g = s->hub->gateway;
    struct presence_user *u = seat->user;
    struct presence_part *part = presence_user_part(g->presences, u->id);
    seat_count(seat, false);
    list_remove(&seat->node);
    u->seat_count--;
    struct change c = settle(g->presences, u, seat->person && u->seat_count > 0);
    if (u->seat_count == 0)
        user_free(part, u);
    pthread_mutex_unlock(&part->lock);
    tell(g, &c);
}

void presence_end(struct session *s)
{
    struct seat *seat = s->seat;
    if (seat == NULL)
        return;
    s->seat = NULL;
    if (seat->user != NULL)
        leave(s, seat);
    bytes_unref(&seat->activities);
    mem_free(MEM_GATEWAY, seat);
}

/* Of a seat that counts already, or not yet. Takes over `activities`. */
static void seat_change(struct session *s, const struct presence_wish *wish,
                        struct bytes *activities)
{
    struct seat *seat = s->seat;
    struct gateway *g = s->hub->gateway;
    struct change c = {0};
    struct presence_part *part =
        seat->user == NULL ? NULL : presence_user_part(g->presences, seat->user->id);
    if (part != NULL)
        seat_count(seat, false);
    if (wish->status != PRESENCE_UNKNOWN || part == NULL)
        seat->status = wish->status;
    seat->since_ms = wish->since_ms;
    seat->afk = wish->afk;
    seat->custom = wish->custom;
    bytes_unref(&seat->activities);
    seat->activities = activities;
    if (part != NULL) {
        seat_count(seat, true);
        seat_place(seat);
        c = settle(g->presences, seat->user, seat->person);
        pthread_mutex_unlock(&part->lock);
        tell(g, &c);
    }
}

static bool same_activities(const struct seat *seat, const struct buf *b)
{
    size_t len = seat->activities == NULL ? 0 : seat->activities->len;
    return len == b->len && (len == 0 || memcmp(seat->activities->data, b->data, len) == 0);
}

/* An activity that is said again was added when it was said first: so that saying the same is no
 * change, and told to nobody. */
enum err presence_change(struct session *s, const json_t *d)
{
    struct seat *seat = s->seat;
    struct presence_wish wish;
    struct buf b;
    int64_t now_ms = clock_wall_ms(loop_clock(s->hub->loop));
    enum err e = presence_read_wish(d, &wish);
    if (e != ERR_OK || seat == NULL)
        return e;
    buf_init(&b, MEM_GATEWAY, ACTIVITIES_BYTES_MAX);
    e = presence_read_activities(d, s->who.bot, seat->activities_at_ms, &b, &wish.custom);
    bool again = e == ERR_OK && !b.failed && same_activities(seat, &b);
    if (e == ERR_OK && !again) {
        seat->activities_at_ms = now_ms;
        buf_reset(&b);
        e = presence_read_activities(d, s->who.bot, now_ms, &b, &wish.custom);
    }
    struct bytes *made = NULL;
    if (e == ERR_OK && b.len > 0 && !b.failed)
        made = again ? bytes_ref(seat->activities) : bytes_new(buf_slice(&b));
    if (e == ERR_OK && (b.failed || (b.len > 0 && made == NULL)))
        e = b.failed ? ERR_GW_DECODE : ERR_NO_MEMORY;
    buf_deinit(&b);
    if (e != ERR_OK)
        return e;
    if (again && wish.status == seat->status && wish.afk == seat->afk) {
        seat->since_ms = wish.since_ms;
        bytes_unref(&made);
        return ERR_OK;
    }
    seat_change(s, &wish, made);
    return ERR_OK;
}

void presence_set_status(struct session *s, enum presence_status status)
{
    struct seat *seat = s->seat;
    if (seat == NULL || seat->user == NULL || seat->status == status)
        return;
    struct presence_wish wish = {status, seat->since_ms, seat->afk, seat->custom};
    seat_change(s, &wish, seat->activities == NULL ? NULL : bytes_ref(seat->activities));
}

void presence_set_person(struct hub *h, uint64_t user, struct friend_list *friends,
                         struct bytes *custom)
{
    struct gateway *g = h->gateway;
    struct change c = {0};
    struct presence_part *part = presence_user_part(g->presences, user);
    struct presence_user *u = map_get(&part->map, user);
    if (u != NULL)
        c = set_person(g->presences, u, false, friends, custom);
    pthread_mutex_unlock(&part->lock);
    if (u == NULL) {
        friend_list_unref(&friends);
        bytes_unref(&custom);
    }
    tell(g, &c);
}
