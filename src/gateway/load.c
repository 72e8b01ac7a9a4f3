/*
 * From Identify to READY. The difficulty is to begin without a race: the session first listens to
 * its user's stream and holds what arrives, then reads its snapshot, stamped with the position of
 * the stream, then sends READY, enters its guilds (each again stamped, see guild.c), and handles
 * what it held from after the stamp. Everything between the steps runs on the loop; the reading
 * runs on workers.
 */
#include "gateway/presence.h"
#include "gateway/ready_priv.h"

static void load_work(struct gw_job *j)
{
    struct session_load *l = (struct session_load *)j;
    j->err = session_snapshot_load(j->hub->gateway->options.core, &l->who, &j->arena, &l->snapshot);
}

static void load_done(struct gw_job *j);

bool session_start_load(struct session *s)
{
    struct session_load *l = gw_job_new(s->hub, sizeof *l, load_work, load_done);
    if (l == NULL)
        return false;
    l->session_key = s->key;
    l->who = s->who;
    gw_job_submit(&l->job, JOB_READ);
    return true;
}

void session_end(struct session *s, enum err why)
{
    if (s->conn != NULL)
        gw_conn_close(s->conn, why);
    session_free(s);
}

void session_load_free(struct session *s)
{
    if (s->load != NULL)
        gw_job_free(&s->load->job);
    s->load = NULL;
}

static bool in_shard(const struct session *s, uint64_t guild_id)
{
    return (guild_id >> 22) % s->shard_count == s->shard_id;
}

/* Guilds that are not this shard's leave the snapshot. */
static void keep_shard(const struct session *s, struct session_snapshot *snap)
{
    size_t kept = 0;
    for (size_t i = 0; i < snap->membership_count; i++) {
        if (in_shard(s, snap->memberships[i].guild.v))
            snap->memberships[kept++] = snap->memberships[i];
    }
    snap->membership_count = kept;
}

static void drop_membership(struct session_snapshot *snap, uint64_t guild_id)
{
    size_t kept = 0;
    for (size_t i = 0; i < snap->membership_count; i++) {
        if (snap->memberships[i].guild.v != guild_id)
            snap->memberships[kept++] = snap->memberships[i];
    }
    snap->membership_count = kept;
}

/* Guilds that were left between the snapshot and now: READY would wait for them, and their
 * GUILD_DELETE, which is held, would wait for READY. */
static void drop_left(const struct session *s, struct session_snapshot *snap)
{
    for (uint32_t i = 0; i < s->held_count; i++) {
        const struct event *e = s->held[i];
        if (e->kind == EVENT_GUILD_DELETE && e->position > snap->user_position)
            drop_membership(snap, e->guild_id);
    }
}

/* Live at last: what the user's stream said meanwhile, after the stamp. May free s. */
static void go_live(struct session *s, uint64_t stamp)
{
    struct hub *h = s->hub;
    uint64_t key = s->key;
    struct event **held = s->held;
    uint32_t count = s->held_count;
    s->held = NULL;
    s->held_count = 0;
    s->held_capacity = 0;
    s->stamp = stamp;
    s->state = SESSION_LIVE;
    for (uint32_t i = 0; i < count; i++) {
        if (map_get(&h->sessions, key) == s)
            session_user_event(s, held[i]);
        event_unref(&held[i]);
    }
    mem_free(MEM_GATEWAY, held);
}

static bool push_ready(struct session *s, const struct session_load *l)
{
    struct bytes *payload = ready_payload(s, l);
    if (payload == NULL)
        return false;
    session_push_asked(s, payload);
    bytes_unref(&payload);
    if (!s->who.bot) {
        payload = ready_supplemental_payload(s);
        if (payload == NULL)
            return false;
        session_push_asked(s, payload);
        bytes_unref(&payload);
    }
    if (s->conn != NULL) {
        mem_free(MEM_GATEWAY, s->conn->host);
        s->conn->host = NULL;
    }
    return true;
}

/* Links for every membership; false when memory is short. */
static bool link_all(struct session *s, const struct session_snapshot *snap)
{
    if (!session_reserve_links(s, snap->membership_count))
        return false;
    for (size_t i = 0; i < snap->membership_count; i++) {
        struct guild_link *l = guild_link_new(s, &snap->memberships[i]);
        if (l == NULL)
            return false;
        if (!s->ready_pending && guild_link_ready(l))
            guild_link_activate(l);
    }
    return true;
}

void session_try_ready(struct session *s)
{
    if (!s->ready_pending || s->load == NULL)
        return;
    for (uint32_t i = 0; i < s->link_count; i++) {
        if (!guild_link_ready(s->links[i]))
            return;
    }
    bool ok = true;
    for (uint32_t i = 0; i < s->link_count && ok; i++) {
        ok = s->links[i]->class != NULL || audience_join(s->links[i]);
        if (ok)
            presence_link_enters(s->links[i]);
    }
    if (!ok || !push_ready(s, s->load)) {
        session_end(s, ERR_NO_MEMORY);
        return;
    }
    s->ready_pending = false;
    for (uint32_t i = 0; i < s->link_count; i++)
        guild_link_entered(s->links[i]);
    uint64_t stamp = s->load->snapshot.user_position;
    session_load_free(s);
    go_live(s, stamp);
}

/* The snapshot is here: READY, and into the guilds. Takes over l. */
static void finish_load(struct session *s, struct session_load *l)
{
    uint64_t stamp = l->snapshot.user_position;
    s->load = l;
    s->seen_day_ms = l->snapshot.user.seen_at_ms;
    session_seen(s);
    keep_shard(s, &l->snapshot);
    if (!s->who.bot)
        drop_left(s, &l->snapshot);
    if (l->snapshot.membership_count > SESSION_GUILDS_MAX) {
        session_end(s, ERR_GW_SHARDING_REQUIRED);
        return;
    }
    presence_begin(s, &l->snapshot);
    s->ready_pending = !s->who.bot;
    if (s->who.bot && !push_ready(s, l)) {
        session_end(s, ERR_NO_MEMORY);
        return;
    }
    if (!link_all(s, &l->snapshot)) {
        session_end(s, ERR_NO_MEMORY);
        return;
    }
    if (s->ready_pending) {
        session_try_ready(s);
        return;
    }
    session_load_free(s);
    go_live(s, stamp);
}

static void load_again(struct session *s)
{
    s->retry_load = false;
    for (uint32_t i = 0; i < s->held_count; i++)
        event_unref(&s->held[i]);
    s->held_count = 0;
    if (!session_start_load(s))
        session_end(s, ERR_NO_MEMORY);
}

static void load_done(struct gw_job *j)
{
    struct session_load *l = (struct session_load *)j;
    struct session *s = map_get(&j->hub->sessions, l->session_key);
    if (s == NULL) {
        gw_job_free(j);
        return;
    }
    if (j->err != ERR_OK) {
        enum err e = j->err == ERR_UNKNOWN_TOKEN ? ERR_GW_AUTHENTICATION_FAILED : j->err;
        gw_job_free(j);
        session_end(s, e);
        return;
    }
    /* More happened than could be held, or another session's newer snapshot started the feed: what
     * lies between is neither in this one nor held. */
    if (s->retry_load || l->snapshot.user_position < s->user->started_at) {
        gw_job_free(j);
        load_again(s);
        return;
    }
    if (s->user->feed.state == FEED_LOADING) {
        s->user->started_at = l->snapshot.user_position;
        feed_start(&s->user->feed, l->snapshot.user_position);
        serve_rouse_user(s->user);
    }
    /* The feed may have brought a revocation of this session's token. */
    s = map_get(&j->hub->sessions, l->session_key);
    if (s == NULL)
        gw_job_free(j);
    else
        finish_load(s, l);
}

struct join_job {
    struct gw_job job; /* first */
    uint64_t session_key;
    uint32_t leaves; /* the session's, when this was asked for */
    struct user_id user;
    struct guild_id guild;
    struct membership membership;
};

static void join_work(struct gw_job *j)
{
    struct join_job *m = (struct join_job *)j;
    j->err = membership_load(j->hub->gateway->options.core, m->user, m->guild, &j->arena,
                             &m->membership);
}

static void join_done(struct gw_job *j)
{
    struct join_job *m = (struct join_job *)j;
    struct session *s = map_get(&j->hub->sessions, m->session_key);
    if (s != NULL && m->leaves != s->leaves) {
        session_join_guild(s, m->guild.v); /* perhaps left since it was read: read it again */
    } else if (s != NULL && j->err == ERR_OK && session_link(s, m->guild.v) == NULL) {
        struct guild_link *l = guild_link_new(s, &m->membership);
        if (l == NULL)
            session_end(s, ERR_NO_MEMORY);
        else if (guild_link_ready(l))
            guild_link_activate(l);
    } else if (s != NULL && j->err != ERR_OK && j->err != ERR_UNKNOWN_MEMBER) {
        session_end(s, j->err); /* a guild would be missing: begin anew */
    }
    gw_job_free(j);
}

void session_join_guild(struct session *s, uint64_t guild_id)
{
    if (session_link(s, guild_id) != NULL)
        return;
    struct join_job *m = gw_job_new(s->hub, sizeof *m, join_work, join_done);
    if (m == NULL) {
        session_end(s, ERR_NO_MEMORY);
        return;
    }
    m->session_key = s->key;
    m->leaves = s->leaves;
    m->user = s->who.user;
    m->guild = (struct guild_id){guild_id};
    gw_job_submit(&m->job, JOB_READ);
}
