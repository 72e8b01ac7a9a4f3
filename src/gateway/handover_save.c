/*
 * The way down. Nothing is written to the store any more and every commit has been published; each
 * loop first applies what its queue still has, so that its sessions stand at the end of their
 * streams, then writes them. Events are shared by thousands of sessions: each is kept once a loop,
 * and sessions name it by number. The thread that stops the server waits, and puts the rows into
 * the store, in transactions of a few megabytes.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/handover.h"
#include "gateway/handover.h"
#include "gateway/voice_list.h"

enum {
    NUMBERS_MAX = 1 << 24,      /* payloads of one loop */
    PUT_BYTES = 4 * 1024 * 1024 /* in one transaction */
};

/* A row to be. */
struct saved_row {
    struct saved_row *next;
    struct buf bytes;
    struct user_id user; /* of a session; of payloads 0 */
    struct token_id token;
    int64_t expires_at_ms;
};

struct saving {
    struct task task; /* first */
    struct hub *hub;
    int64_t until_ms;   /* monotonic */
    size_t left;        /* bytes that may still be taken */
    struct map numbers; /* of payloads, by address, + 1 */
    struct saved_row *payloads;
    struct saved_row **payloads_end;
    struct saved_row *sessions;
    struct saved_row **sessions_end;
    uint32_t payload_count;
    uint32_t saved;
    uint32_t left_out;
    _Atomic bool done;
};

bool handover_settled(const struct session *s)
{
    if (s->state != SESSION_LIVE || s->failed || s->ready_pending || s->restoring > 0 ||
        s->user->feed.state != FEED_LIVE)
        return false;
    for (uint32_t i = 0; i < s->link_count; i++) {
        const struct guild_sub *g = s->links[i]->guild;
        if (s->links[i]->class == NULL || s->links[i]->gone || g->feed.state != FEED_LIVE ||
            g->feed.paused || g->current != NULL || g->floor != NULL || s->links[i]->class->late)
            return false;
    }
    return true;
}

static struct saved_row *row_new(struct saved_row ***end)
{
    struct saved_row *r = mem_zalloc(MEM_GATEWAY, sizeof *r);
    if (r == NULL)
        return NULL;
    buf_init(&r->bytes, MEM_GATEWAY, SIZE_MAX / 2);
    **end = r;
    *end = &r->next;
    return r;
}

static struct saved_row *payload_row(struct saving *v)
{
    struct saved_row *last = v->payloads == NULL
                                 ? NULL
                                 : (struct saved_row *)(void *)((char *)v->payloads_end -
                                                                offsetof(struct saved_row, next));
    if (last != NULL && last->bytes.len < HANDOVER_ROW_BYTES)
        return last;
    struct saved_row *r = row_new(&v->payloads_end);
    if (r != NULL)
        saved_payloads_begin(&r->bytes, v->hub->index, v->payload_count);
    return r;
}

/* Its number, + 1; 0: it does not fit. */
static uint32_t number_of(struct saving *v, struct bytes *payload)
{
    uint64_t key = (uint64_t)(uintptr_t)payload;
    void *known = map_get(&v->numbers, key);
    if (known != NULL)
        return (uint32_t)(uintptr_t)known;
    struct saved_row *r = payload->total > v->left ? NULL : payload_row(v);
    if (r == NULL)
        return 0;
    size_t before = r->bytes.len;
    saved_payload_length(&r->bytes, payload->total);
    if (r->bytes.failed || !buf_reserve(&r->bytes, payload->total) ||
        !map_put(&v->numbers, key, (void *)(uintptr_t)(v->payload_count + 1))) {
        r->bytes.failed = false;
        r->bytes.len = before;
        return 0;
    }
    bytes_copy(payload, r->bytes.data + r->bytes.len);
    r->bytes.len += payload->total;
    v->left -= payload->total;
    return ++v->payload_count;
}

static int by_id(const void *a, const void *b)
{
    const struct saved_guild *x = a;
    const struct saved_guild *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static bool list_guilds(const struct session *s, struct arena *arena, struct saved_session *out)
{
    out->guilds = arena_array(arena, (size_t)s->link_count + 1, sizeof *out->guilds);
    if (out->guilds == NULL)
        return false;
    for (uint32_t i = 0; i < s->link_count; i++) {
        const struct feed *f = &s->links[i]->guild->feed;
        out->guilds[i] = (struct saved_guild){f->stream.id, f->position};
    }
    out->guild_count = s->link_count;
    qsort(out->guilds, out->guild_count, sizeof *out->guilds, by_id);
    return true;
}

static bool list_payloads(struct saving *v, const struct session *s, struct arena *arena,
                          struct saved_session *out)
{
    uint32_t count = s->replay.count;
    out->payloads = arena_array(arena, (size_t)count + 1, sizeof *out->payloads);
    struct replay_walk walk = {0};
    for (uint32_t i = 0; out->payloads != NULL && i < count; i++) {
        uint32_t number = number_of(v, replay_next(&s->replay, &walk));
        if (number == 0)
            return false;
        out->payloads[i] = number - 1;
    }
    out->payload_count = count;
    return out->payloads != NULL;
}

static bool describe(struct saving *v, const struct session *s, struct arena *arena,
                     struct saved_session *out)
{
    *out = (struct saved_session){
        .id = slice_of(s->id, SESSION_ID_LEN),
        .application_flags = s->who.application_flags,
        .bot = s->who.bot,
        .intents = s->intents,
        .shard_id = s->shard_id,
        .shard_count = s->shard_count,
        .large_threshold = s->large_threshold,
        .version = s->version,
        .capabilities = s->capabilities,
        .asked_seq = s->asked_seq,
        .asked_bytes = s->asked_bytes,
        .user_position = s->user->feed.position,
        .seq = s->replay.seq,
        .seen_day_ms = s->seen_day_ms,
        .set = v->hub->index,
    };
    return list_guilds(s, arena, out) && list_payloads(v, s, arena, out);
}

/* A connection that has just ended leaves the whole window; one that ended before, its rest. */
static int64_t expires_at(const struct session *s)
{
    uint64_t now_ms = loop_now_ms(s->hub->loop);
    uint64_t left = list_linked(&s->timer.node) && s->timer.due_ms > now_ms
                        ? s->timer.due_ms - now_ms
                        : s->hub->gateway->options.resume_window_ms;
    return clock_wall_ms(loop_clock(s->hub->loop)) + (int64_t)left;
}

static bool save_one(struct saving *v, const struct session *s, struct arena *arena)
{
    struct saved_session saved;
    if (!handover_settled(s) || !describe(v, s, arena, &saved))
        return false;
    struct buf more;
    buf_init(&more, MEM_GATEWAY, HANDOVER_MORE_BYTES);
    struct saved_row *r = handover_more(s, &more) ? row_new(&v->sessions_end) : NULL;
    if (r != NULL) {
        saved.more = buf_slice(&more);
        saved_session_write(&r->bytes, &saved);
        r->user = s->who.user;
        memcpy(r->token.hash, s->who.token_hash, sizeof r->token.hash);
        r->expires_at_ms = expires_at(s);
        size_t len = r->bytes.len;
        r->bytes.failed = r->bytes.failed || len > v->left;
        v->left -= len > v->left ? 0 : len;
    }
    buf_deinit(&more);
    return r != NULL && !r->bytes.failed;
}

static void save_sessions(struct saving *v)
{
    struct hub *h = v->hub;
    struct arena arena;
    arena_init(&arena, MEM_GATEWAY, JOB_ARENA_BYTES);
    map_init(&v->numbers, MEM_GATEWAY, NUMBERS_MAX, h->sessions.seed);
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&h->sessions, &cursor, &key, &value)) {
        bool late = (int64_t)clock_mono_ms(loop_clock(h->loop)) >= v->until_ms;
        if (!late && save_one(v, value, &arena))
            v->saved++;
        else
            v->left_out++;
        arena_reset(&arena);
    }
    map_deinit(&v->numbers);
    arena_deinit(&arena);
}

/* In turns of the loop, until nothing waits any more. */
static void save_hub(struct task *t, struct loop *l)
{
    struct saving *v = (struct saving *)t;
    struct hub *h = v->hub;
    if (!hub_idle(h) && (int64_t)clock_mono_ms(loop_clock(l)) < v->until_ms) {
        loop_wake(l);
        loop_post(l, t);
        return;
    }
    h->draining = true; /* also after a start that failed */
    save_sessions(v);
    hub_drop_sessions(h);
    visits_forget(h);
    voice_forget(h);
    v->done = true;
}

static void free_rows(struct saved_row *r)
{
    while (r != NULL) {
        struct saved_row *next = r->next;
        buf_deinit(&r->bytes);
        mem_free(MEM_GATEWAY, r);
        r = next;
    }
}

/* One transaction's worth, from *at on. */
static enum err put_some(struct gateway *g, struct saved_row **at, bool sessions, uint32_t *number)
{
    struct gateway_session_row s[GATEWAY_ROWS_PAGE];
    struct gateway_payload_row p[GATEWAY_ROWS_PAGE];
    size_t n = 0;
    struct saved_row *r = *at;
    for (size_t bytes = 0; r != NULL && n < GATEWAY_ROWS_PAGE && bytes < PUT_BYTES; r = r->next) {
        if (r->bytes.failed)
            continue;
        struct slice text = buf_slice(&r->bytes);
        if (sessions)
            s[n++] =
                (struct gateway_session_row){*number, r->user, r->token, r->expires_at_ms, text};
        else
            p[n++] = (struct gateway_payload_row){*number, r->expires_at_ms, text};
        ++*number;
        bytes += text.len;
    }
    *at = r;
    return handover_put(g->options.core, g->options.worker_id, s, sessions ? n : 0, p,
                        sessions ? 0 : n);
}

static enum err put_all(struct gateway *g, struct saving *all, int64_t expires_at_ms)
{
    enum err e = handover_clear(g->options.core, g->options.worker_id);
    uint32_t number = 0;
    for (unsigned i = 0; i < g->hub_count && e == ERR_OK; i++) {
        for (struct saved_row *r = all[i].payloads; r != NULL; r = r->next)
            r->expires_at_ms = expires_at_ms;
        for (struct saved_row *r = all[i].payloads; r != NULL && e == ERR_OK;)
            e = put_some(g, &r, false, &number);
    }
    /* The sessions last: what they refer to is there. */
    number = 0;
    for (unsigned i = 0; i < g->hub_count && e == ERR_OK; i++) {
        for (struct saved_row *r = all[i].sessions; r != NULL && e == ERR_OK;)
            e = put_some(g, &r, true, &number);
    }
    return e;
}

static void say(struct gateway *g, const struct saving *all, enum err e, uint64_t began_ms)
{
    uint32_t saved = 0;
    uint32_t left_out = 0;
    for (unsigned i = 0; i < g->hub_count; i++) {
        saved += all[i].saved;
        left_out += all[i].left_out;
    }
    if (e != ERR_OK)
        log_warn(g->options.log, "gateway", "sessions could not be kept for the next start",
                 LOG_S("why", err_info(e)->name), LOG_U("sessions", saved));
    else if (saved + left_out > 0)
        log_info(g->options.log, "gateway", "sessions are kept for the next start",
                 LOG_U("sessions", saved), LOG_U("left_out", left_out),
                 LOG_U("ms", clock_mono_ms(g->options.clock) - began_ms));
}

void gateway_save(struct gateway *g, uint64_t until_ms)
{
    const struct gateway_options *o = &g->options;
    uint64_t began_ms = clock_mono_ms(o->clock);
    struct saving *all = mem_array(MEM_GATEWAY, g->hub_count, sizeof *all);
    if (all == NULL)
        return;
    for (unsigned i = 0; i < g->hub_count; i++) {
        struct saving *v = &all[i];
        *v = (struct saving){.task.run = save_hub,
                             .hub = &g->hubs[i],
                             .until_ms = (int64_t)until_ms,
                             .left = o->handover_bytes_max / g->hub_count};
        v->payloads_end = &v->payloads;
        v->sessions_end = &v->sessions;
        loop_post(g->hubs[i].loop, &v->task);
    }
    for (unsigned i = 0; i < g->hub_count; i++) {
        while (!all[i].done)
            nanosleep(&(struct timespec){.tv_nsec = HANDOVER_POLL_NS}, NULL);
    }
    bool any = false;
    for (unsigned i = 0; i < g->hub_count; i++)
        any = any || all[i].saved > 0;
    int64_t expires_at_ms = clock_wall_ms(o->clock) + (int64_t)o->resume_window_ms;
    enum err e = any ? put_all(g, all, expires_at_ms) : ERR_OK;
    say(g, all, e, began_ms);
    for (unsigned i = 0; i < g->hub_count; i++) {
        free_rows(all[i].payloads);
        free_rows(all[i].sessions);
    }
    mem_free(MEM_GATEWAY, all);
}
