/*
 * The way up, before anybody can connect and before anything writes to the store. The thread that
 * starts the server reads the rows and clears them; then each loop has its sessions' memberships
 * read, looks whether the world is still the one that they were saved in, and links them to their
 * guilds. A session has arrived once it is in the audience of all its guilds; what has not when the
 * time is over is dropped.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/handover.h"
#include "gateway/handover.h"
#include "gateway/presence.h"

struct restoring {
    struct gw_job job; /* first; its arena holds what `saved` refers to */
    struct list node;  /* in hub->restore */
    struct saved_session saved;
    struct bytes **payloads; /* owned references */
    struct token_id token;
    int64_t expires_at_ms;
    struct session_standing standing;
};

/* Payloads of one loop of the server before, by number. */
struct payload_set {
    struct bytes **items;
    uint32_t count;
    uint32_t capacity;
};

struct taking {
    struct gateway *gateway;
    struct arena page;
    struct payload_set sets[SAVED_SETS_MAX];
    unsigned found;
    unsigned begun;
};

static void restoring_free(struct restoring *r)
{
    for (uint32_t i = 0; r->payloads != NULL && i < r->saved.payload_count; i++)
        bytes_unref(&r->payloads[i]);
    mem_free(MEM_GATEWAY, r->payloads);
    gw_job_free(&r->job);
}

static bool in_shard(const struct saved_session *s, uint64_t guild_id)
{
    return (guild_id >> 22) % s->shard_count == s->shard_id;
}

static const struct saved_guild *find_guild(const struct saved_session *s, uint64_t id)
{
    uint32_t low = 0;
    uint32_t high = s->guild_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (s->guilds[mid].id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->guild_count && s->guilds[low].id == id ? &s->guilds[low] : NULL;
}

/* Nothing has happened to the session since it was saved. */
static bool unchanged(const struct restoring *r)
{
    const struct saved_session *s = &r->saved;
    const struct session_standing *now = &r->standing;
    uint32_t same = 0;
    if (now->who.bot != s->bot || now->who.application_flags != s->application_flags ||
        now->user_position != s->user_position)
        return false;
    for (size_t i = 0; i < now->membership_count; i++) {
        const struct membership *m = &now->memberships[i];
        if (!in_shard(s, m->guild.v))
            continue;
        const struct saved_guild *g = find_guild(s, m->guild.v);
        if (g == NULL || g->position != m->position)
            return false;
        same++;
    }
    return same == s->guild_count;
}

/* The stream stands where the session left it; for others of the user here it did so already. */
static bool join_user(struct session *s, uint64_t position)
{
    struct user_sub *u = s->user;
    if (u->feed.state == FEED_LOADING) {
        u->started_at = position;
        feed_start(&u->feed, position);
    }
    return u->feed.state == FEED_LIVE && u->feed.position == position;
}

static bool fill_replay(struct session *s, const struct restoring *r)
{
    uint32_t count = r->saved.payload_count;
    s->replay.seq = s->replay.sent = r->saved.seq - count;
    for (uint32_t i = 0; i < count; i++) {
        if (!replay_push(&s->replay, r->payloads[i]))
            return false;
    }
    return replay_rewind(&s->replay, s->replay.seq);
}

static bool link_all(struct session *s, const struct restoring *r)
{
    for (size_t i = 0; i < r->standing.membership_count; i++) {
        const struct membership *m = &r->standing.memberships[i];
        if (!in_shard(&r->saved, m->guild.v))
            continue;
        s->restoring++;
        struct guild_link *l = guild_link_new(s, m);
        if (l == NULL)
            return false;
        l->restored = true;
        if (guild_link_ready(l))
            guild_link_activate(l);
    }
    return true;
}

static bool furnish(struct session *s, const struct restoring *r)
{
    const struct saved_session *saved = &r->saved;
    s->intents = saved->intents;
    s->shard_id = saved->shard_id;
    s->shard_count = saved->shard_count;
    s->large_threshold = saved->large_threshold;
    s->version = saved->version;
    s->capabilities = saved->capabilities;
    s->asked_seq = saved->asked_seq;
    s->asked_bytes = (size_t)saved->asked_bytes;
    s->seen_day_ms = saved->seen_day_ms;
    s->stamp = saved->user_position;
    s->state = SESSION_LIVE;
    struct bytes *more = bytes_new(saved->more);
    if (more == NULL || !map_put(&s->hub->more, s->key, more)) {
        bytes_unref(&more);
        return false;
    }
    return join_user(s, saved->user_position) && fill_replay(s, r) && link_all(s, r);
}

static bool revive(struct hub *h, const struct restoring *r)
{
    int64_t left_ms = r->expires_at_ms - clock_wall_ms(loop_clock(h->loop));
    if (left_ms <= 0 || !unchanged(r))
        return false;
    struct session *s = session_revive(h, &r->standing.who, r->saved.id);
    if (s == NULL)
        return false;
    /* The clock may have been set back meanwhile. */
    uint64_t window_ms = h->gateway->options.resume_window_ms;
    session_expire(s, (uint64_t)left_ms < window_ms ? (uint64_t)left_ms : window_ms);
    s->restoring = 1; /* and one for each guild */
    if (!furnish(s, r)) {
        session_free(s);
        return true; /* it has been counted there */
    }
    session_arrives(s);
    return true;
}

static void restore_work(struct gw_job *j)
{
    struct restoring *r = (struct restoring *)j;
    j->err =
        session_standing_load(j->hub->gateway->options.core, &r->token, &j->arena, &r->standing);
}

static void restore_done(struct gw_job *j)
{
    struct restoring *r = (struct restoring *)j;
    struct hub *h = j->hub;
    bool begun = j->err == ERR_OK && !h->restored && !h->draining && revive(h, r);
    if (!begun)
        atomic_fetch_sub(&h->gateway->restoring, 1);
    restoring_free(r);
}

static void restore_hub(struct task *t, struct loop *l)
{
    (void)l;
    struct hub *h = LIST_OWNER(t, struct hub, restore_task);
    for (struct list *n; (n = list_pop_front(&h->restore)) != NULL;)
        gw_job_submit(&LIST_OWNER(n, struct restoring, node)->job, JOB_READ);
}

/* Who has not arrived now does not. */
static void end_hub(struct task *t, struct loop *l)
{
    (void)l;
    struct hub *h = LIST_OWNER(t, struct hub, restored_task);
    size_t cursor = 0;
    uint64_t key;
    void *value;
    h->restored = true;
    while (map_next(&h->sessions, &cursor, &key, &value)) {
        struct session *s = value;
        if (s->restoring > 0 && !s->failed)
            session_fail(s);
        /* Nobody would know that its voice state is to be kept. */
        else if (!s->failed && !map_put(&h->kept, key, h))
            session_fail(s);
    }
    presence_recall_end(h);
    atomic_fetch_sub(&h->gateway->restoring_hubs, 1);
}

bool gateway_restored(void *gateway, const char *session_id)
{
    struct gateway *g = gateway;
    struct slice id = slice_from(session_id);
    struct hub *h = gateway_hub_of(g, id);
    uint64_t key = session_key(id);
    return h != NULL && key != 0 && map_get(&h->kept, key) != NULL;
}

static bool set_add(struct payload_set *set, struct slice payload)
{
    if (set->count == set->capacity) {
        uint32_t capacity = set->capacity == 0 ? 256 : set->capacity * 2;
        struct bytes **items =
            mem_realloc(MEM_GATEWAY, set->items, capacity * sizeof(struct bytes *));
        if (items == NULL)
            return false;
        set->items = items;
        set->capacity = capacity;
    }
    struct bytes *b = bytes_new(payload);
    if (b != NULL)
        set->items[set->count++] = b;
    return b != NULL;
}

/* Rows of a set come in order; after one that is missing the numbers are nobody's. */
static bool take_payloads(struct taking *t, struct slice row)
{
    uint32_t set;
    uint32_t first;
    struct slice payload;
    if (!saved_payloads_read(&row, &set, &first) || first != t->sets[set].count)
        return false;
    while (saved_payload_next(&row, &payload)) {
        if (!set_add(&t->sets[set], payload))
            return false;
    }
    return row.len == 0;
}

static enum err read_payloads(struct taking *t)
{
    const struct gateway_options *o = &t->gateway->options;
    struct gateway_payload_row rows[GATEWAY_ROWS_PAGE];
    size_t count = 0;
    for (uint32_t from = 0;; from = rows[count - 1].number + 1) {
        arena_reset(&t->page);
        enum err e = handover_payloads(o->core, o->worker_id, from, &t->page, rows, &count);
        if (e != ERR_OK || count == 0)
            return e;
        for (size_t i = 0; i < count; i++) {
            if (!take_payloads(t, rows[i].payloads))
                return ERR_NO_MEMORY;
        }
    }
}

static bool take_references(struct taking *t, struct restoring *r)
{
    const struct payload_set *set = &t->sets[r->saved.set];
    uint32_t count = r->saved.payload_count;
    r->payloads = mem_array(MEM_GATEWAY, (size_t)count + 1, sizeof(struct bytes *));
    if (r->payloads == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = r->saved.payloads[i];
        if (number >= set->count)
            return false;
        r->payloads[i] = bytes_ref(set->items[number]);
    }
    return true;
}

/* To the loop that the session's id names (resume.c). */
static void take_session(struct taking *t, const struct gateway_session_row *row)
{
    struct gateway *g = t->gateway;
    struct saved_session peek;
    t->found++;
    if (!saved_session_read(row->state, &t->page, &peek))
        return;
    struct hub *h = gateway_hub_of(g, peek.id);
    struct restoring *r = h == NULL ? NULL : gw_job_new(h, sizeof *r, restore_work, restore_done);
    if (r == NULL)
        return;
    r->token = row->token;
    r->expires_at_ms = row->expires_at_ms;
    struct slice state = arena_dup(&r->job.arena, row->state);
    if (state.data == NULL || !saved_session_read(state, &r->job.arena, &r->saved) ||
        !take_references(t, r)) {
        restoring_free(r);
        return;
    }
    list_push_back(&h->restore, &r->node);
    t->begun++;
}

static enum err read_sessions(struct taking *t)
{
    const struct gateway_options *o = &t->gateway->options;
    struct gateway_session_row rows[GATEWAY_ROWS_PAGE];
    size_t count = 0;
    for (uint32_t from = 0;; from = rows[count - 1].number + 1) {
        arena_reset(&t->page);
        enum err e = handover_sessions(o->core, o->worker_id, from, &t->page, rows, &count);
        if (e != ERR_OK || count == 0)
            return e;
        for (size_t i = 0; i < count; i++)
            take_session(t, &rows[i]);
    }
}

static void free_sets(struct taking *t)
{
    for (size_t i = 0; i < SAVED_SETS_MAX; i++) {
        for (uint32_t k = 0; k < t->sets[i].count; k++)
            bytes_unref(&t->sets[i].items[k]);
        mem_free(MEM_GATEWAY, t->sets[i].items);
    }
    arena_deinit(&t->page);
}

static void forget(struct taking *t)
{
    for (unsigned i = 0; i < t->gateway->hub_count; i++) {
        for (struct list *n; (n = list_pop_front(&t->gateway->hubs[i].restore)) != NULL;)
            restoring_free(LIST_OWNER(n, struct restoring, node));
    }
    t->begun = 0;
}

static void await(const atomic_uint *count, const struct clock *clock, uint64_t until_ms)
{
    while (atomic_load(count) > 0 && clock_mono_ms(clock) < until_ms)
        nanosleep(&(struct timespec){.tv_nsec = HANDOVER_POLL_NS}, NULL);
}

static void settle(struct gateway *g, unsigned begun, uint64_t until_ms)
{
    atomic_store(&g->restoring, begun);
    for (unsigned i = 0; i < g->hub_count; i++) {
        g->hubs[i].restore_task.run = restore_hub;
        loop_post(g->hubs[i].loop, &g->hubs[i].restore_task);
    }
    await(&g->restoring, g->options.clock, until_ms);
    atomic_store(&g->restoring_hubs, g->hub_count);
    for (unsigned i = 0; i < g->hub_count; i++) {
        g->hubs[i].restored_task.run = end_hub;
        loop_post(g->hubs[i].loop, &g->hubs[i].restored_task);
    }
    await(&g->restoring_hubs, g->options.clock, UINT64_MAX);
}

void gateway_restore(struct gateway *g, uint64_t wait_ms)
{
    const struct gateway_options *o = &g->options;
    uint64_t began_ms = clock_mono_ms(o->clock);
    struct taking *t = mem_zalloc(MEM_GATEWAY, sizeof *t);
    if (t == NULL)
        return;
    t->gateway = g;
    arena_init(&t->page, MEM_GATEWAY, JOB_ARENA_BYTES);
    /* Without their payloads few sessions are whole; without a clear end they might be taken twice.
     */
    enum err e = read_payloads(t);
    if (e == ERR_OK)
        e = read_sessions(t);
    enum err cleared = handover_clear(o->core, o->worker_id);
    e = e == ERR_OK ? cleared : e;
    if (e != ERR_OK)
        forget(t);
    free_sets(t);
    settle(g, t->begun, began_ms + wait_ms);
    unsigned arrived = atomic_load(&g->arrived);
    if (e != ERR_OK)
        log_warn(o->log, "gateway", "sessions of before the restart could not be read",
                 LOG_S("why", err_info(e)->name));
    else if (t->found > 0)
        log_info(o->log, "gateway", "sessions of before the restart live on",
                 LOG_U("sessions", arrived), LOG_U("dropped", t->found - arrived),
                 LOG_U("ms", clock_mono_ms(o->clock) - began_ms));
    mem_free(MEM_GATEWAY, t);
}
