/*
 * Who of a guild is there, on all loops: one roster a guild, of users who have a session that is
 * linked to it, and the watches of those loops that have somebody to tell. A roster names users and
 * holds nothing of what they show, so that a change of presence costs a guild one entry in a set.
 */
#include <assert.h>

#include "gateway/presence_priv.h"

enum { ROSTER_MAX = 1 << 22, DIRTY_MAX = 1 << 22, ONLINE_PAGE = 100 };

static struct roster *roster_find(struct presence_part *part, uint64_t guild_id)
{
    return map_get(&part->map, guild_id);
}

static struct roster *roster_obtain(struct presence_part *part, uint64_t guild_id)
{
    struct roster *r = roster_find(part, guild_id);
    if (r != NULL)
        return r;
    r = mem_zalloc(MEM_GATEWAY, sizeof *r);
    if (r == NULL)
        return NULL;
    r->guild = guild_id;
    map_init(&r->members, MEM_GATEWAY, ROSTER_MAX, part->map.seed);
    map_init(&r->more, MEM_GATEWAY, ROSTER_MAX, part->map.seed);
    map_init(&r->hidden, MEM_GATEWAY, ROSTER_MAX, part->map.seed);
    list_init(&r->watches);
    if (!map_put(&part->map, guild_id, r)) {
        mem_free(MEM_GATEWAY, r);
        return NULL;
    }
    return r;
}

static void roster_free_if_empty(struct presence_part *part, struct roster *r)
{
    if (r->members.count > 0 || !list_empty(&r->watches))
        return;
    map_remove(&part->map, r->guild);
    map_deinit(&r->members);
    map_deinit(&r->more);
    map_deinit(&r->hidden);
    mem_free(MEM_GATEWAY, r);
}

/* Under the lock of the guild's part; takes that of the user's. */
static struct presence *now_of(struct presences *p, struct presence_user *u)
{
    struct presence_part *part = presence_user_part(p, u->id);
    struct presence *now = presence_ref(u->now);
    pthread_mutex_unlock(&part->lock);
    return now;
}

/* The same, to be shown: whoever is, is not hidden any more, although the desk may be late to say
 * so. Otherwise nobody would be told when the user goes. */
static struct presence *show(struct presences *p, struct roster *r, struct presence_user *u)
{
    struct presence *now = now_of(p, u);
    if (now != NULL)
        map_remove(&r->hidden, u->id);
    return now;
}

static void note_hidden(struct presences *p, struct roster *r, struct presence_user *u)
{
    struct presence *now = now_of(p, u);
    if (now != NULL)
        map_remove(&r->hidden, u->id);
    else if (!map_put(&r->hidden, u->id, u))
        assert(r->hidden.count < ROSTER_MAX); /* memory is short: counted as there */
    presence_unref(&now);
}

static void renew(struct presences *p, struct roster *r)
{
    r->version = atomic_fetch_add_explicit(&p->versions, 1, memory_order_relaxed) + 1;
}

void roster_dirty(struct roster *r, uint64_t user)
{
    LIST_FOREACH (it, &r->watches) {
        struct presence_watch *w = LIST_OWNER(it, struct presence_watch, node);
        if (map_put(&w->dirty, user, w))
            desk_watch_due(w->guild->hub, w);
    }
}

static void mark(struct gateway *g, struct roster *r, struct presence_user *u)
{
    renew(g->presences, r);
    note_hidden(g->presences, r, u);
    roster_dirty(r, u->id);
}

void roster_mark(struct gateway *g, uint64_t guild_id, uint64_t user)
{
    struct presence_part *part = presence_guild_part(g->presences, guild_id);
    struct roster *r = roster_find(part, guild_id);
    struct presence_user *u = r == NULL ? NULL : map_get(&r->members, user);
    if (u != NULL)
        mark(g, r, u);
    pthread_mutex_unlock(&part->lock);
}

/* ---- links ---- */

static uint64_t guild_of(const struct guild_link *l)
{
    return l->guild->feed.stream.id;
}

static size_t links_beyond(const struct roster *r, uint64_t user)
{
    return (size_t)(uintptr_t)map_get(&r->more, user);
}

static bool more_links(struct roster *r, uint64_t user, size_t count)
{
    if (count > 0)
        return map_put(&r->more, user, (void *)(uintptr_t)count);
    map_remove(&r->more, user);
    return true;
}

/* False when memory is short: for the guild the user is not there. *first: nobody was linked for
 * the user. */
static bool enter(struct roster *r, struct presence_user *u, bool *first)
{
    *first = map_get(&r->members, u->id) == NULL;
    if (*first)
        return map_put(&r->members, u->id, u);
    return more_links(r, u->id, links_beyond(r, u->id) + 1);
}

void presence_link_enters(struct guild_link *l)
{
    struct session *s = l->session;
    struct gateway *g = s->hub->gateway;
    if (l->present || s->seat == NULL || s->seat->user == NULL)
        return;
    bool first = false;
    struct presence_part *part = presence_guild_part(g->presences, guild_of(l));
    struct roster *r = roster_obtain(part, guild_of(l));
    if (r != NULL) {
        l->present = enter(r, s->seat->user, &first);
        if (l->present && first) {
            renew(g->presences, r);
            note_hidden(g->presences, r, s->seat->user);
            if (map_get(&r->hidden, s->who.user.v) == NULL)
                roster_dirty(r, s->who.user.v);
        }
        roster_free_if_empty(part, r);
    }
    pthread_mutex_unlock(&part->lock);
    if (s->who.bot && (s->intents & INTENT_GUILD_PRESENCES) != 0)
        presence_watch(l, true);
}

/* The last link of the user goes. Whoever is no member any more is nobody to speak of. */
static void depart(struct roster *r, uint64_t user, bool left)
{
    bool hidden = map_remove(&r->hidden, user) != NULL;
    map_remove(&r->members, user);
    if (!left && !hidden)
        roster_dirty(r, user);
    LIST_FOREACH (it, &r->watches)
        if (left)
            map_remove(&LIST_OWNER(it, struct presence_watch, node)->dirty, user);
}

void presence_link_leaves(struct guild_link *l, bool left)
{
    struct gateway *g = l->session->hub->gateway;
    uint64_t user = l->session->who.user.v;
    presence_watch(l, false);
    if (!l->present)
        return;
    l->present = false;
    struct presence_part *part = presence_guild_part(g->presences, guild_of(l));
    struct roster *r = roster_find(part, guild_of(l));
    assert(r != NULL);
    size_t beyond = links_beyond(r, user);
    if (beyond == 0) {
        renew(g->presences, r);
        depart(r, user, left);
    } else {
        bool ok = more_links(r, user, beyond - 1);
        assert(ok); /* it is there already */
        /* This loop was to tell of a change, and may have no link of the user any more by then. */
        if (desk_knows(l->session->hub, user))
            mark(g, r, map_get(&r->members, user));
    }
    roster_free_if_empty(part, r);
    pthread_mutex_unlock(&part->lock);
}

/* ---- watchers ---- */

static bool watch_open(struct guild_sub *s)
{
    struct gateway *g = s->hub->gateway;
    struct presence_watch *w = mem_zalloc(MEM_GATEWAY, sizeof *w);
    if (w == NULL)
        return false;
    w->guild = s;
    map_init(&w->dirty, MEM_GATEWAY, DIRTY_MAX, s->hub->guilds.seed);
    struct presence_part *part = presence_guild_part(g->presences, s->feed.stream.id);
    struct roster *r = roster_obtain(part, s->feed.stream.id);
    if (r != NULL)
        list_push_back(&r->watches, &w->node);
    pthread_mutex_unlock(&part->lock);
    if (r == NULL) {
        mem_free(MEM_GATEWAY, w);
        return false;
    }
    s->presences = w;
    return true;
}

static void watch_close(struct guild_sub *s)
{
    struct gateway *g = s->hub->gateway;
    struct presence_watch *w = s->presences;
    s->presences = NULL;
    struct presence_part *part = presence_guild_part(g->presences, s->feed.stream.id);
    list_remove(&w->node);
    desk_watch_gone(s->hub, w);
    roster_free_if_empty(part, roster_find(part, s->feed.stream.id));
    pthread_mutex_unlock(&part->lock);
    map_deinit(&w->dirty);
    mem_free(MEM_GATEWAY, w->links);
    mem_free(MEM_GATEWAY, w);
}

static bool watch_add(struct presence_watch *w, struct guild_link *l)
{
    if (w->count == w->capacity) {
        uint32_t capacity = w->capacity == 0 ? 2 : w->capacity * 2;
        struct guild_link **links =
            mem_realloc(MEM_GATEWAY, w->links, capacity * sizeof(struct guild_link *));
        if (links == NULL)
            return false;
        w->links = links;
        w->capacity = capacity;
    }
    w->links[w->count++] = l;
    l->watch_number = w->count;
    return true;
}

void presence_watch(struct guild_link *l, bool on)
{
    struct guild_sub *s = l->guild;
    if (on == (l->watch_number != 0))
        return;
    if (on) {
        bool ok = s->presences != NULL || watch_open(s);
        if (!ok || !watch_add(s->presences, l))
            session_fail(l->session); /* it would never hear of anybody: it begins anew */
        if (s->presences != NULL && s->presences->count == 0)
            watch_close(s);
        return;
    }
    struct presence_watch *w = s->presences;
    struct guild_link *last = w->links[--w->count];
    w->links[l->watch_number - 1] = last;
    last->watch_number = l->watch_number;
    l->watch_number = 0;
    if (w->count == 0)
        watch_close(s);
}

/* From where the last round ended, to the end of the map; then, in the next round, from its start.
 */
static size_t pick(struct presence_watch *w, uint64_t *users, size_t max)
{
    size_t n = 0;
    void *value;
    while (n < max && map_next(&w->dirty, &w->cursor, &users[n], &value))
        n++;
    if (n < max)
        w->cursor = 0;
    for (size_t i = 0; i < n; i++)
        map_remove(&w->dirty, users[i]);
    if (w->dirty.count == 0)
        map_deinit(&w->dirty); /* a storm has left it large */
    return n;
}

size_t watch_take(struct gateway *g, struct presence_watch *w, struct told *out, size_t max,
                  bool *more)
{
    uint64_t users[PRESENCE_USERS_PER_TICK];
    uint64_t guild_id = w->guild->feed.stream.id;
    assert(max <= PRESENCE_USERS_PER_TICK);
    struct presence_part *part = presence_guild_part(g->presences, guild_id);
    struct roster *r = roster_find(part, guild_id);
    size_t n = pick(w, users, max);
    for (size_t i = 0; i < n; i++) {
        struct presence_user *u = map_get(&r->members, users[i]);
        out[i] = (struct told){users[i], u == NULL ? NULL : show(g->presences, r, u)};
    }
    *more = w->dirty.count > 0;
    pthread_mutex_unlock(&part->lock);
    return n;
}

/* ---- reading ---- */

size_t presence_count(struct gateway *g, uint64_t guild_id)
{
    struct presence_part *part = presence_guild_part(g->presences, guild_id);
    const struct roster *r = roster_find(part, guild_id);
    size_t n = r == NULL ? 0 : r->members.count - r->hidden.count;
    pthread_mutex_unlock(&part->lock);
    return n;
}

uint64_t presences_version(struct gateway *g, uint64_t guild_id)
{
    struct presence_part *part = presence_guild_part(g->presences, guild_id);
    const struct roster *r = roster_find(part, guild_id);
    uint64_t version = r == NULL ? 0 : r->version;
    pthread_mutex_unlock(&part->lock);
    return version;
}

struct presence *presence_in_guild(struct gateway *g, uint64_t guild_id, uint64_t user)
{
    struct presence_part *part = presence_guild_part(g->presences, guild_id);
    struct roster *r = roster_find(part, guild_id);
    struct presence_user *u = r == NULL ? NULL : map_get(&r->members, user);
    struct presence *now = u == NULL ? NULL : show(g->presences, r, u);
    pthread_mutex_unlock(&part->lock);
    return now;
}

size_t presences_collect(struct gateway *g, uint64_t guild_id, struct presence **out, size_t max)
{
    size_t n = 0, cursor = 0;
    uint64_t user;
    void *value;
    struct presence_part *part = presence_guild_part(g->presences, guild_id);
    struct roster *r = roster_find(part, guild_id);
    while (r != NULL && n < max && map_next(&r->members, &cursor, &user, &value)) {
        out[n] = show(g->presences, r, value);
        n += out[n] != NULL;
    }
    pthread_mutex_unlock(&part->lock);
    return n;
}

/* At most so many are there. Not presence_count: that lags behind who has just shown themselves,
 * for whom somebody else would be left out of a list of that length. */
static size_t most_there(struct gateway *g, uint64_t guild_id)
{
    struct presence_part *part = presence_guild_part(g->presences, guild_id);
    const struct roster *r = roster_find(part, guild_id);
    size_t n = r == NULL ? 0 : r->members.count;
    pthread_mutex_unlock(&part->lock);
    return n;
}

void presences_write_guild(struct json_writer *w, const struct guild_link *l)
{
    struct session *s = l->session;
    struct gateway *g = s->hub->gateway;
    bool may = s->who.bot && (s->intents & INTENT_GUILD_PRESENCES) != 0 &&
               l->guild->member_count <= PRESENCE_MEMBERS_MAX;
    size_t max = may ? most_there(g, guild_of(l)) : 0;
    max = max < PRESENCES_SHOWN_MAX ? max : PRESENCES_SHOWN_MAX;
    struct presence **list = max == 0 ? NULL : mem_array(MEM_GATEWAY, max, sizeof *list);
    json_array_begin(w);
    if (list == NULL && max > 0)
        w->out->failed = true;
    size_t n = list == NULL ? 0 : presences_collect(g, guild_of(l), list, max);
    for (size_t i = 0; i < n; i++) {
        presence_write(w, list[i]->user, list[i], 0);
        presence_unref(&list[i]);
    }
    mem_free(MEM_GATEWAY, list);
    json_array_end(w);
}

/* ---- for the core ---- */

static size_t count_online(void *ctx, uint64_t guild_id)
{
    return presence_count(ctx, guild_id);
}

static size_t list_online(void *ctx, uint64_t guild_id, struct online_member *out, size_t max)
{
    struct presence *some[ONLINE_PAGE];
    size_t n = presences_collect(ctx, guild_id, some, max < ONLINE_PAGE ? max : ONLINE_PAGE);
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct online_member){some[i]->user, presence_status_name(some[i]->status)};
        presence_unref(&some[i]);
    }
    return n;
}

void presence_online(struct gateway *g, struct online_source *out)
{
    *out = (struct online_source){.ctx = g, .count = count_online, .list = list_online};
}
