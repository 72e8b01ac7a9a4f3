/*
 * A loop's desk: what the other loops, and this one, have left here to be told, once a user or
 * guild however often it is left. Every tick the desk's loop looks up what is the case by then and
 * tells it, up to a number of dispatches; the rest waits for the next tick, round-robin. Somebody
 * always hears the last state last, because whoever changes it leaves word afterwards.
 */
#include "gateway/presence_priv.h"

#include "gateway/member_list.h"

enum { NOTICES_MAX = 1 << 20 };

/* A user of whom something is to be told. */
struct notice {
    struct list node;
    uint64_t user;
    bool own;
    struct friend_list *friends; /* NULL: they are not told */
    bool all;                    /* all friends there are by then, or these only */
};

struct presence_desk {
    pthread_mutex_t lock;
    struct map notices;
    struct list line; /* of them */
    struct list due;  /* watches */
    bool closed;
    _Atomic bool rung; /* the exchange that clears it comes before the look at the lists */
    struct hub *hub;
    struct timer timer;
};

struct presence_desk *presence_desk_new(struct hub *h)
{
    struct presence_desk *d = mem_zalloc(MEM_GATEWAY, sizeof *d);
    if (d == NULL)
        return NULL;
    d->hub = h;
    map_init(&d->notices, MEM_GATEWAY, NOTICES_MAX, h->guilds.seed);
    list_init(&d->line);
    list_init(&d->due);
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

static void notice_free(struct notice *n)
{
    friend_list_unref(&n->friends);
    mem_free(MEM_GATEWAY, n);
}

/* Under the lock; NULL: there is none. */
static struct notice *next_notice(struct presence_desk *d)
{
    struct list *first = list_pop_front(&d->line);
    if (first == NULL)
        return NULL;
    struct notice *n = LIST_OWNER(first, struct notice, node);
    map_remove(&d->notices, n->user);
    return n;
}

void presence_desk_close(struct presence_desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->closed = true; /* what is not told is kept: presence_recall.c asks for it */
    loop_timer_stop(&d->timer);
    pthread_mutex_unlock(&d->lock);
}

void presence_desk_free(struct presence_desk **d)
{
    struct presence_desk *gone = *d;
    *d = NULL;
    if (gone == NULL)
        return;
    for (struct notice *n; (n = next_notice(gone)) != NULL;)
        notice_free(n);
    map_deinit(&gone->notices);
    pthread_mutex_destroy(&gone->lock);
    mem_free(MEM_GATEWAY, gone);
}

/* ---- leaving word; any thread ---- */

/* Under the lock, and not closed: so its loop still runs. */
static void ring(struct presence_desk *d)
{
    if (!atomic_exchange_explicit(&d->rung, true, memory_order_acq_rel))
        loop_wake(d->hub->loop);
}

/* Under the lock. NULL when memory is short: it is told with the next change. */
static struct notice *notice_of(struct presence_desk *d, uint64_t user)
{
    struct notice *n = map_get(&d->notices, user);
    if (n != NULL)
        return n;
    n = mem_zalloc(MEM_GATEWAY, sizeof *n);
    if (n == NULL)
        return NULL;
    n->user = user;
    if (!map_put(&d->notices, user, n)) {
        mem_free(MEM_GATEWAY, n);
        return NULL;
    }
    list_push_back(&d->line, &n->node);
    return n;
}

/* Of two lists one is kept, and all are told. */
static void note_friends(struct notice *n, struct friend_list *friends, bool all)
{
    bool had_all = n->friends != NULL && n->all;
    n->all = all || n->friends != NULL;
    if (had_all && !all)
        return;
    friend_list_unref(&n->friends);
    n->friends = friend_list_ref(friends);
}

void desk_notice(struct hub *h, uint64_t user, bool own, struct friend_list *friends, bool all)
{
    struct presence_desk *d = h->desk;
    pthread_mutex_lock(&d->lock);
    struct notice *n = notice_of(d, user);
    if (n != NULL) {
        n->own = n->own || own;
        if (friends != NULL)
            note_friends(n, friends, all);
        if (!d->closed)
            ring(d);
    }
    pthread_mutex_unlock(&d->lock);
}

bool desk_knows(struct hub *h, uint64_t user)
{
    struct presence_desk *d = h->desk;
    pthread_mutex_lock(&d->lock);
    bool knows = map_get(&d->notices, user) != NULL;
    pthread_mutex_unlock(&d->lock);
    return knows;
}

void desk_watch_due(struct hub *h, struct presence_watch *w)
{
    struct presence_desk *d = h->desk;
    pthread_mutex_lock(&d->lock);
    if (!d->closed && !list_linked(&w->due)) {
        list_push_back(&d->due, &w->due);
        ring(d);
    }
    pthread_mutex_unlock(&d->lock);
}

void desk_watch_gone(struct hub *h, struct presence_watch *w)
{
    pthread_mutex_lock(&h->desk->lock);
    list_remove(&w->due);
    pthread_mutex_unlock(&h->desk->lock);
}

/* ---- telling; the desk's loop ---- */

static bool takes(const struct session *s)
{
    return !s->who.bot && s->state == SESSION_LIVE && !s->failed;
}

static void tell_own_sessions(struct hub *h, struct user_sub *u)
{
    uint32_t version = 0;
    struct bytes *payload = NULL;
    LIST_FOREACH (it, &u->sessions) {
        struct session *s = LIST_OWNER(it, struct session, user_node);
        if (!takes(s) || s->seat == NULL)
            continue;
        if (payload == NULL)
            payload = presence_sessions_payload(h, u->feed.stream.id, &version);
        if (payload == NULL)
            return;
        if (s->seat->sessions_version != version)
            session_push(s, payload);
        s->seat->sessions_version = version;
    }
    bytes_unref(&payload);
}

/* The guilds that the user's sessions here are in; returns the work of it. */
static int tell_guilds(struct hub *h, struct user_sub *u)
{
    int work = 0;
    LIST_FOREACH (it, &u->sessions) {
        const struct session *s = LIST_OWNER(it, struct session, user_node);
        for (uint32_t i = 0; i < s->link_count; i++) {
            if (!s->links[i]->present)
                continue;
            roster_mark(h->gateway, s->links[i]->guild->feed.stream.id, u->feed.stream.id);
            work++;
        }
    }
    return work;
}

static void tell_friend(struct hub *h, uint64_t friend, struct bytes *payload)
{
    struct user_sub *u = map_get(&h->users, friend);
    if (u == NULL)
        return;
    LIST_FOREACH (it, &u->sessions) {
        struct session *s = LIST_OWNER(it, struct session, user_node);
        if (takes(s))
            session_push(s, payload);
    }
}

/* Those of now; those of then only if the user is gone, and has no others to name. */
static int tell_friends(struct hub *h, uint64_t user, const struct notice *n)
{
    bool here;
    struct presence *p = presence_get(h->gateway, user);
    struct friend_list *friends = presence_friends(h->gateway, user, &here);
    if (!here)
        friends = friend_list_ref(n->friends);
    struct bytes *payload = friends == NULL ? NULL : presence_update_payload(h, user, p, 0);
    int count = payload == NULL ? 0 : (int)friends->count;
    for (int i = 0; i < count; i++)
        if (n->all || friend_list_has(n->friends, friends->ids[i]))
            tell_friend(h, friends->ids[i], payload);
    bytes_unref(&payload);
    friend_list_unref(&friends);
    presence_unref(&p);
    return count;
}

static int tell_notice(struct hub *h, const struct notice *n)
{
    int work = 1;
    struct user_sub *u = n->own ? map_get(&h->users, n->user) : NULL;
    if (u != NULL) {
        work += tell_guilds(h, u);
        tell_own_sessions(h, u);
    }
    if (n->friends != NULL)
        work += tell_friends(h, n->user, n);
    return work;
}

static void tell_watchers(struct hub *h, struct presence_watch *w, const struct told *t)
{
    struct guild_sub *s = w->guild;
    struct bytes *payload = NULL;
    for (uint32_t i = 0; i < w->count; i++) {
        const struct guild_link *l = w->links[i];
        if (l->class == NULL || (!l->session->who.bot && !subscription_wants_presence(l, t->user)))
            continue;
        if (payload == NULL)
            payload = presence_update_payload(h, t->user, t->now, s->feed.stream.id);
        if (payload == NULL)
            return;
        session_push(l->session, payload);
    }
    bytes_unref(&payload);
}

/* So many users that the watchers get about the same number of dispatches in any guild. */
static size_t portion(const struct presence_watch *w)
{
    size_t users = PRESENCE_PUSHES_PER_TICK / 4 / (w->count + 1);
    users = users < PRESENCE_USERS_LEAST ? PRESENCE_USERS_LEAST : users;
    return users < PRESENCE_USERS_PER_TICK ? users : PRESENCE_USERS_PER_TICK;
}

static int tell_watch(struct hub *h, struct presence_watch *w)
{
    struct told told[PRESENCE_USERS_PER_TICK];
    struct guild_sub *s = w->guild;
    bool more = false;
    size_t n = watch_take(h->gateway, w, told, portion(w), &more);
    int work = (int)(n * (w->count + 1));
    h->bulk = w->count >= GUILD_BULK_MIN ? &s->lane : NULL;
    for (size_t i = 0; i < n; i++) {
        tell_watchers(h, w, &told[i]);
        presence_unref(&told[i].now);
    }
    h->bulk = NULL;
    if (more)
        desk_watch_due(h, w);
    for (size_t i = 0; i < n; i++)
        member_lists_presence(s, told[i].user);
    return work;
}

static struct notice *take_notice(struct presence_desk *d)
{
    pthread_mutex_lock(&d->lock);
    struct notice *n = next_notice(d);
    pthread_mutex_unlock(&d->lock);
    return n;
}

static struct presence_watch *take_watch(struct presence_desk *d)
{
    pthread_mutex_lock(&d->lock);
    struct list *first = list_pop_front(&d->due);
    pthread_mutex_unlock(&d->lock);
    return first == NULL ? NULL : LIST_OWNER(first, struct presence_watch, due);
}

static size_t watches_due(struct presence_desk *d, bool *notices)
{
    size_t n = 0;
    pthread_mutex_lock(&d->lock);
    LIST_FOREACH (it, &d->due)
        n++;
    *notices = !list_empty(&d->line);
    pthread_mutex_unlock(&d->lock);
    return n;
}

static void on_tick(struct timer *t)
{
    struct presence_desk *d = LIST_OWNER(t, struct presence_desk, timer);
    bool notices;
    presence_tick(d->hub);
    if (watches_due(d, &notices) > 0 || notices)
        loop_timer_start(d->hub->loop, &d->timer, PRESENCE_TICK_MS, on_tick);
}

/* Each watch has at most one turn, so that a guild in a storm does not hold up the others. */
void presence_tick(struct hub *h)
{
    struct presence_desk *d = h->desk;
    int work = PRESENCE_PUSHES_PER_TICK;
    bool notices;
    for (struct notice *n; work > 0 && (n = take_notice(d)) != NULL;) {
        work -= tell_notice(h, n);
        notice_free(n);
    }
    work += PRESENCE_PUSHES_PER_TICK / 2; /* whoever changes must not keep others from hearing */
    for (size_t left = watches_due(d, &notices); left > 0 && work > 0; left--) {
        struct presence_watch *w = take_watch(d);
        if (w == NULL)
            return;
        work -= tell_watch(h, w);
    }
}

void presence_on_wake(struct hub *h)
{
    struct presence_desk *d = h->desk;
    if (!atomic_exchange_explicit(&d->rung, false, memory_order_acq_rel))
        return;
    if (!d->closed && !list_linked(&d->timer.node))
        loop_timer_start(h->loop, &d->timer, PRESENCE_TICK_MS, on_tick);
}
