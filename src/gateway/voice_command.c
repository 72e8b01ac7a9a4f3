/*
 * Voice State Update (op 4). A session's wishes become true one after the other, in the order in
 * which they came, by one job at a time; of several about the same guild that wait, the last one
 * counts. A session that ends leaves the channels that it is in: that must not get lost when the
 * store is away for a moment, so it is tried again (as visits.c does), and it comes after the job
 * that is under way.
 */
#include <string.h>

#include "base/limits.h"
#include "core/voice_states.h"
#include "gateway/voice_list.h"

enum { CHORE_ATTEMPTS = 40, CHORE_RETRY_MS = 5000, WISHES_FIRST = 4 };

struct voice_commands {
    struct voice_wish *waiting;
    uint32_t count;
    uint32_t capacity;
    bool running;
};

/* ---- what has to be done sooner or later ---- */

struct voice_chore {
    struct list node; /* hub's */
    struct timer timer;
    struct hub *hub;
    struct guild_id guild; /* 0: the session has ended */
    struct user_id user;
    char session[SESSION_ID_LEN + 1];
    unsigned attempts;
    struct chore_job *job; /* under way */
};

struct chore_job {
    struct gw_job job; /* first */
    struct voice_chore *chore;
    struct guild_id guild;
    struct user_id user;
    char session[SESSION_ID_LEN + 1];
};

static void chore_free(struct voice_chore *v)
{
    loop_timer_stop(&v->timer);
    list_remove(&v->node);
    mem_free(MEM_GATEWAY, v);
}

static void chore_work(struct gw_job *j)
{
    struct chore_job *v = (struct chore_job *)j;
    struct core *core = j->hub->gateway->options.core;
    j->err = v->guild.v == 0 ? voice_session_ended(core, v->user, v->session)
                             : voice_state_recheck(core, v->guild, v->user);
}

static void chore_start(struct voice_chore *v);

static void on_retry(struct timer *t)
{
    chore_start(LIST_OWNER(t, struct voice_chore, timer));
}

static void again_later(struct voice_chore *v)
{
    if (++v->attempts < CHORE_ATTEMPTS) {
        loop_timer_start(v->hub->loop, &v->timer, CHORE_RETRY_MS, on_retry);
        return;
    }
    log_warn(loop_log(v->hub->loop), "gateway", "a voice state could not be ended",
             LOG_U("guild", v->guild.v));
    chore_free(v);
}

static void chore_done(struct gw_job *j)
{
    struct voice_chore *v = ((struct chore_job *)j)->chore;
    if (v != NULL) {
        v->job = NULL;
        if (j->err == ERR_OK)
            chore_free(v);
        else
            again_later(v);
    }
    gw_job_free(j);
}

static void chore_start(struct voice_chore *v)
{
    struct chore_job *j = gw_job_new(v->hub, sizeof *j, chore_work, chore_done);
    if (j == NULL) {
        again_later(v);
        return;
    }
    j->chore = v;
    j->guild = v->guild;
    j->user = v->user;
    memcpy(j->session, v->session, sizeof j->session);
    v->job = j;
    gw_job_submit(&j->job, JOB_WRITE);
}

static void add_chore(struct hub *h, struct guild_id guild, struct user_id user,
                      const char *session)
{
    if (h->draining)
        return; /* the next start sees to it */
    struct voice_chore *v = mem_zalloc(MEM_GATEWAY, sizeof *v);
    if (v == NULL) {
        log_warn(loop_log(h->loop), "gateway", "no memory to end a voice state",
                 LOG_U("guild", guild.v));
        return;
    }
    v->hub = h;
    v->guild = guild;
    v->user = user;
    memcpy(v->session, session, strlen(session) + 1);
    list_push_back(&h->voice_chores, &v->node);
    chore_start(v);
}

void voice_recheck_later(struct hub *h, struct guild_id guild, struct user_id user)
{
    add_chore(h, guild, user, "");
}

void voice_forget(struct hub *h)
{
    LIST_FOREACH (it, &h->voice_chores) {
        struct voice_chore *v = LIST_OWNER(it, struct voice_chore, node);
        if (v->job != NULL)
            v->job->chore = NULL;
        chore_free(v);
    }
}

/* ---- the session's end ---- */

static bool is_somewhere(const struct session *s)
{
    for (uint32_t i = 0; i < s->link_count; i++) {
        const struct voice_state *v = voice_list_find(s->links[i]->guild, s->who.user.v);
        if (v != NULL && strcmp(v->session, s->id) == 0)
            return true;
    }
    return false;
}

void voice_session_ends(struct session *s)
{
    struct voice_commands *v = s->voice;
    /* What is under way is followed by the end when it is done. A server that stops ends nothing:
     * its sessions may live on, and the next start sees to the others. */
    bool ends = v == NULL ? is_somewhere(s) : !v->running;
    if (ends && !s->hub->draining)
        add_chore(s->hub, (struct guild_id){0}, s->who.user, s->id);
    if (v != NULL)
        mem_free(MEM_GATEWAY, v->waiting);
    mem_free(MEM_GATEWAY, v);
    s->voice = NULL;
}

/* ---- wishes ---- */

struct voice_job {
    struct gw_job job; /* first */
    uint64_t session_key;
    struct principal who;
    struct voice_wish wish;
};

static void wish_work(struct gw_job *j)
{
    struct voice_job *v = (struct voice_job *)j;
    struct actor by = {.who = &v->who};
    j->err = voice_state_set(j->hub->gateway->options.core, &by, &v->wish);
}

static void start_next(struct session *s);

static void wish_done(struct gw_job *j)
{
    struct voice_job *v = (struct voice_job *)j;
    struct hub *h = j->hub;
    struct session *s = map_get(&h->sessions, v->session_key);
    if (j->err != ERR_OK) /* refused, as a rule: clients are not told */
        log_debug(loop_log(h->loop), "gateway", "a voice state was refused",
                  LOG_U("guild", v->wish.guild.v), LOG_I("error", (int)j->err));
    if (s == NULL || s->voice == NULL) {
        add_chore(h, (struct guild_id){0}, v->who.user, v->wish.session);
    } else {
        s->voice->running = false;
        start_next(s);
    }
    gw_job_free(j);
}

static void start_next(struct session *s)
{
    struct voice_commands *v = s->voice;
    if (v->running || v->count == 0)
        return;
    struct voice_job *j = gw_job_new(s->hub, sizeof *j, wish_work, wish_done);
    if (j == NULL) {
        session_fail(s); /* nothing silently: the client begins anew */
        return;
    }
    j->session_key = s->key;
    j->who = s->who;
    j->wish = v->waiting[0];
    memmove(&v->waiting[0], &v->waiting[1], --v->count * sizeof *v->waiting);
    v->running = true;
    gw_job_submit(&j->job, JOB_WRITE);
}

/* NULL: there are too many, or memory is short. */
static struct voice_wish *place_for(struct session *s, uint64_t guild_id)
{
    if (s->voice == NULL && (s->voice = mem_zalloc(MEM_GATEWAY, sizeof *s->voice)) == NULL)
        return NULL;
    struct voice_commands *v = s->voice;
    for (uint32_t i = 0; i < v->count; i++)
        if (v->waiting[i].guild.v == guild_id)
            return &v->waiting[i];
    if (v->count == LIMIT_VOICE_COMMANDS)
        return NULL;
    if (v->count == v->capacity) {
        uint32_t capacity = v->capacity == 0 ? WISHES_FIRST : v->capacity * 2;
        struct voice_wish *more =
            mem_realloc(MEM_GATEWAY, v->waiting, capacity * sizeof *v->waiting);
        if (more == NULL)
            return NULL;
        v->waiting = more;
        v->capacity = capacity;
    }
    return &v->waiting[v->count++];
}

static bool read_flag(const json_t *d, const char *key, bool *out)
{
    const json_t *v = json_object_get(d, key);
    *out = json_is_true(v);
    return v == NULL || json_is_null(v) || json_is_boolean(v);
}

/* null and absent: 0. */
static bool read_id(const json_t *d, const char *key, uint64_t *out)
{
    const json_t *v = json_object_get(d, key);
    *out = 0;
    return v == NULL || json_is_null(v) || json_read_snowflake(v, out);
}

static bool parse(const json_t *d, struct voice_wish *w)
{
    return json_is_object(d) && read_id(d, "guild_id", &w->guild.v) &&
           read_id(d, "channel_id", &w->channel.v) && read_flag(d, "self_mute", &w->self_mute) &&
           read_flag(d, "self_deaf", &w->self_deaf) && read_flag(d, "self_video", &w->self_video) &&
           read_flag(d, "self_stream", &w->self_stream);
}

void gw_op_voice_state(struct session *s, const json_t *d)
{
    struct voice_wish w = {0};
    if (!parse(d, &w)) {
        gw_conn_close(s->conn, ERR_GW_DECODE);
        return;
    }
    /* Without a guild it is about a call among people, which there is none of. */
    const struct guild_link *l = w.guild.v == 0 ? NULL : session_link(s, w.guild.v);
    if (l == NULL || l->gone)
        return;
    memcpy(w.session, s->id, sizeof w.session);
    struct voice_wish *place = place_for(s, w.guild.v);
    if (place == NULL) {
        gw_conn_close(s->conn, ERR_GW_RATE_LIMITED);
        return;
    }
    *place = w;
    start_next(s);
}
