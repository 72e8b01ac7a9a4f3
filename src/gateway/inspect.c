/* Sessions as an operator sees them. See inspect.h. */
#include "gateway/inspect.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "model/permissions.h"

enum {
    TEXT_BYTES_MAX = 256 * 1024, /* that a slow reader may be behind */
    LINE_BYTES_MAX = 512,
    NAME_BYTES_MAX = 48,
    WAIT_NS = 200 * 1000 * 1000, /* between looks at whether the command was stopped */
};

struct search {
    struct task task; /* first */
    struct inspection *inspection;
    struct hub *hub;
};

struct inspection {
    _Atomic unsigned refs;       /* the command's, the session's, and one a search under way */
    char id[SESSION_ID_LEN + 1]; /* "": all sessions are listed, none is watched */
    struct list node;            /* in hub->inspected */
    struct session *session;
    const struct event *got; /* the last event of which something was pushed to the session */
    pthread_mutex_t mutex;   /* over the rest */
    pthread_cond_t changed;
    struct buf text;
    uint64_t lost;
    unsigned searching; /* loops that have not answered yet */
    struct hub *home;   /* where the session is; NULL: not found */
    bool ended;
    struct search searches[];
};

static void unref(struct inspection *i)
{
    if (atomic_fetch_sub(&i->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&i->mutex);
    pthread_cond_destroy(&i->changed);
    buf_deinit(&i->text);
    mem_free(MEM_GATEWAY, i);
}

PRINTF_LIKE(2, 3) static void say(struct inspection *i, const char *format, ...)
{
    char line[LINE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    pthread_mutex_lock(&i->mutex);
    if (i->text.len + len > TEXT_BYTES_MAX || i->lost > 0)
        i->lost++;
    else
        buf_append(&i->text, line, len);
    pthread_cond_signal(&i->changed);
    pthread_mutex_unlock(&i->mutex);
}

/* --- what is said --- */

static const char *state_of(const struct session *s)
{
    if (s->state == SESSION_LOADING)
        return "loading";
    return s->conn != NULL ? "live" : "detached";
}

static void say_session(struct inspection *i, const struct session *s)
{
    const struct replay *r = &s->replay;
    say(i,
        "session %s user=%llu %s state=%s loop=%u v=%u shard=%u/%u intents=0x%x guilds=%u "
        "seq=%llu sent=%llu confirmed=%llu kept_bytes=%zu unsent_bytes=%zu\n",
        s->id, (unsigned long long)s->who.user.v, s->who.bot ? "bot" : "person", state_of(s),
        s->hub->index, s->version, s->shard_id, s->shard_count, s->intents, s->link_count,
        (unsigned long long)r->seq, (unsigned long long)r->sent,
        (unsigned long long)(r->seq - r->count), r->bytes, r->unsent_bytes);
}

static void say_subscriptions(struct inspection *i, const struct session *s)
{
    const struct feed *own = &s->user->feed;
    say(i, "subscribed user=%llu position=%llu\n", (unsigned long long)own->stream.id,
        (unsigned long long)own->position);
    for (uint32_t n = 0; n < s->link_count; n++) {
        const struct guild_link *l = s->links[n];
        const struct guild_sub *g = l->guild;
        if (l->class == NULL) {
            say(i, "subscribed guild=%llu state=%s\n", (unsigned long long)g->feed.stream.id,
                l->gone ? "removed" : "waiting");
            continue;
        }
        size_t visible = 0;
        for (size_t c = 0; c < g->view->channel_count; c++)
            visible += (l->class->permissions[c] & PERMISSION_VIEW_CHANNEL) != 0;
        say(i, "subscribed guild=%llu state=live position=%llu channels=%zu of %zu\n",
            (unsigned long long)g->feed.stream.id, (unsigned long long)g->feed.position, visible,
            g->view->channel_count);
    }
}

/* The name of a dispatch, which its bytes begin with. */
static void name_of(const struct bytes *payload, char out[NAME_BYTES_MAX])
{
    static const char BEGINNING[] = "\"t\":\"";
    enum { SKIPPED = sizeof BEGINNING - 1 };
    size_t n = 0;
    if (payload->len > SKIPPED && memcmp(payload->data, BEGINNING, SKIPPED) == 0) {
        const char *at = payload->data + SKIPPED;
        size_t left = payload->len - SKIPPED;
        while (n < left && n + 1 < NAME_BYTES_MAX && at[n] != '"')
            n++;
        memcpy(out, at, n);
    }
    out[n] = '\0';
}

static bool is_of(const struct event *e, const struct bytes *payload)
{
    return e != NULL &&
           (e->payload == payload || e->payload_blank == payload || e->payload_own == payload ||
            (e->voice != NULL && e->voice->gone == payload));
}

void inspect_pushed(struct session *s, const struct bytes *payload)
{
    struct inspection *i = s->inspection;
    const struct event *e = s->hub->delivering;
    char name[NAME_BYTES_MAX];
    name_of(payload, name);
    if (!is_of(e, payload)) {
        say(i, "sent seq=%llu %s bytes=%u\n", (unsigned long long)s->replay.seq, name,
            payload->total);
        return;
    }
    i->got = e;
    say(i, "sent seq=%llu %s bytes=%u %s=%llu position=%llu request=%s%s\n",
        (unsigned long long)s->replay.seq, name, payload->total,
        e->stream.kind == STREAM_USER ? "user" : "guild", (unsigned long long)e->stream.id,
        (unsigned long long)e->position, e->request_id[0] != '\0' ? e->request_id : "-",
        e->payload_blank == payload ? " without content: intent MESSAGE_CONTENT" : "");
}

static void say_withheld(struct inspection *i, const struct event *e, const char *why)
{
    say(i, "withheld %s %s=%llu position=%llu request=%s: %s\n", event_dispatch_name(e->kind),
        e->stream.kind == STREAM_USER ? "user" : "guild", (unsigned long long)e->stream.id,
        (unsigned long long)e->position, e->request_id[0] != '\0' ? e->request_id : "-", why);
}

static const char *why_of_channel(const struct guild_link *l, const struct event *e,
                                  const struct event_info *info)
{
    const struct guild_view *v = l->guild->view;
    uint64_t held = l->class->permissions[v->channel_count];
    if (e->voice != NULL)
        return "neither the channel where the user is nor the one that was left is visible";
    if (info->audience == AUDIENCE_CHANNEL && e->channel_id != 0) {
        const struct channel *c = guild_view_channel(v, (struct channel_id){e->channel_id});
        if (c == NULL)
            return "there is no such channel any more";
        held = l->class->permissions[c - v->channels];
        if ((held & PERMISSION_VIEW_CHANNEL) == 0)
            return "the channel is not visible";
    }
    if (info->permissions != 0 && (held & info->permissions) == 0)
        return "a permission is missing";
    return "what it says is in what was sent already";
}

static const char *why_withheld(const struct guild_link *l, const struct event *e)
{
    const struct event_info *info = event_info(e->kind);
    if (l->class == NULL)
        return l->gone ? "not a member any more" : "not in the guild yet";
    if (info->audience == AUDIENCE_VIEW || info->audience == AUDIENCE_NONE)
        return "it steers the gateway; what it changes in the view is sent by itself";
    if (e->payload == NULL)
        return "its entity is gone";
    if (info->audience == AUDIENCE_SUBSCRIBED)
        return "told from the newest state, to those who asked for it";
    if (info->intents != 0 && (l->class->intents & info->intents) == 0)
        return "the intent is missing";
    return why_of_channel(l, e, info);
}

void inspect_begin(struct hub *h, const struct event *e)
{
    h->delivering = e;
}

void inspect_guild_done(struct guild_sub *g, const struct event *e)
{
    LIST_FOREACH (it, &g->hub->inspected) {
        struct inspection *i = LIST_OWNER(it, struct inspection, node);
        const struct guild_link *l = session_link(i->session, g->feed.stream.id);
        if (l != NULL && i->got != e)
            say_withheld(i, e, why_withheld(l, e));
        i->got = NULL;
    }
}

void inspect_user_done(struct session *s, const struct event *e)
{
    struct inspection *i = s->inspection;
    const struct event_info *info = event_info(e->kind);
    const char *why = "what it says is in READY already";
    if (i->got != e) {
        if (s->state == SESSION_LOADING)
            why = "held until READY";
        else if (info->audience != AUDIENCE_USER)
            why = "it steers the gateway";
        else if (s->shard_id != 0)
            why = "it goes to shard 0";
        else if (info->intents != 0 && (s->intents & info->intents) == 0)
            why = "the intent is missing";
        say_withheld(i, e, why);
    }
    i->got = NULL;
}

void inspect_session_ends(struct session *s)
{
    struct inspection *i = s->inspection;
    s->inspection = NULL;
    say(i, "ended %s\n", s->id);
    pthread_mutex_lock(&i->mutex);
    i->ended = true;
    pthread_cond_signal(&i->changed);
    pthread_mutex_unlock(&i->mutex);
    list_remove(&i->node);
    i->session = NULL;
    unref(i);
}

/* --- on the loops --- */

static void list_sessions(struct inspection *i, struct hub *h)
{
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&h->sessions, &cursor, &key, &value))
        say_session(i, value);
}

static void watch(struct inspection *i, struct session *s)
{
    if (s->inspection != NULL)
        inspect_session_ends(s); /* the newest looks */
    atomic_fetch_add(&i->refs, 1);
    i->session = s;
    s->inspection = i;
    list_push_back(&s->hub->inspected, &i->node);
    say_session(i, s);
    say_subscriptions(i, s);
}

static void on_search(struct task *t, struct loop *l)
{
    (void)l;
    struct search *search = (struct search *)(void *)t;
    struct inspection *i = search->inspection;
    struct session *s = NULL;
    if (i->id[0] == '\0')
        list_sessions(i, search->hub);
    else if ((s = session_find(search->hub, slice_from(i->id))) != NULL)
        watch(i, s);
    pthread_mutex_lock(&i->mutex);
    i->searching--;
    if (s != NULL)
        i->home = search->hub;
    pthread_cond_signal(&i->changed);
    pthread_mutex_unlock(&i->mutex);
    unref(i);
}

/* The command has gone: its session is left alone. */
static void on_leave(struct task *t, struct loop *l)
{
    (void)l;
    struct search *search = (struct search *)(void *)t;
    struct inspection *i = search->inspection;
    if (i->session != NULL)
        inspect_session_ends(i->session);
    unref(i);
}

static void post(struct inspection *i, struct hub *h, void (*run)(struct task *, struct loop *))
{
    struct search *search = &i->searches[h->index];
    atomic_fetch_add(&i->refs, 1);
    *search = (struct search){.inspection = i, .hub = h};
    search->task.run = run;
    loop_post(h->loop, &search->task);
}

/* --- on the command's thread --- */

/* Takes what there is; false once there is nothing and nothing will come. */
static bool take(struct inspection *i, struct buf *out, uint64_t *lost)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&i->mutex);
    bool over = i->searching == 0 && (i->home == NULL || i->ended);
    if (i->text.len == 0 && !over)
        (void)pthread_cond_timedwait(&i->changed, &i->mutex, &until);
    buf_append(out, i->text.data, i->text.len);
    buf_reset(&i->text);
    *lost = i->lost;
    i->lost = 0;
    bool more = out->len > 0 || !over;
    pthread_mutex_unlock(&i->mutex);
    return more;
}

static struct inspection *inspection_new(struct gateway *g, struct slice id)
{
    struct inspection *i =
        mem_zalloc(MEM_GATEWAY, sizeof *i + g->hub_count * sizeof(struct search));
    if (i == NULL)
        return NULL;
    atomic_init(&i->refs, 1);
    memcpy(i->id, id.data, id.len);
    pthread_mutex_init(&i->mutex, NULL);
    pthread_cond_init(&i->changed, NULL);
    buf_init(&i->text, MEM_GATEWAY, TEXT_BYTES_MAX);
    i->searching = g->hub_count;
    return i;
}

/* The loops have answered, all of them: their tasks may be used again. */
static struct hub *home_of(struct inspection *i)
{
    pthread_mutex_lock(&i->mutex);
    while (i->searching > 0)
        pthread_cond_wait(&i->changed, &i->mutex);
    struct hub *home = i->home;
    pthread_mutex_unlock(&i->mutex);
    return home;
}

static void pass_on(struct inspection *i, const struct gateway_watcher *w)
{
    struct buf out;
    uint64_t lost = 0;
    buf_init(&out, MEM_GATEWAY, TEXT_BYTES_MAX + LINE_BYTES_MAX);
    while (!w->stopped(w->ctx) && take(i, &out, &lost)) {
        if (lost > 0)
            buf_printf(&out, "lost %llu lines: they were not read fast enough\n",
                       (unsigned long long)lost);
        if (out.len > 0)
            w->write(w->ctx, buf_slice(&out));
        buf_reset(&out);
    }
    buf_deinit(&out);
}

enum err gateway_inspect(struct gateway *g, struct slice session_id,
                         const struct gateway_watcher *w)
{
    if (session_id.len != 0 && session_id.len != SESSION_ID_LEN)
        return ERR_NOT_FOUND;
    struct inspection *i = inspection_new(g, session_id);
    if (i == NULL)
        return ERR_NO_MEMORY;
    for (unsigned n = 0; n < g->hub_count; n++)
        post(i, &g->hubs[n], on_search);
    pass_on(i, w);
    struct hub *home = home_of(i);
    if (home != NULL)
        post(i, home, on_leave);
    unref(i);
    return session_id.len == 0 || home != NULL ? ERR_OK : ERR_NOT_FOUND;
}
