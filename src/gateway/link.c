/*
 * One session in one guild: from the reading of its membership to its place in the audience. The
 * difficulty is what happens in between. A membership is read at a position of the guild's stream;
 * if the guild on this loop is not there yet, the link waits for just that position. If it has
 * passed it, whether the member changed since must be known: the guild remembers the last changes
 * of members who have sessions here. If there was one, or too many to remember, the membership is
 * read again.
 */
#include <string.h>

#include "gateway/gateway_priv.h"
#include "gateway/member_list.h"
#include "gateway/presence.h"
#include "proto/guild.h"
#include "wire/json_write.h"

static struct bytes *member_json(struct hub *h, const struct member *m)
{
    struct json_writer w;
    buf_reset(&h->scratch);
    json_begin(&w, &h->scratch);
    proto_member(&w, m, true);
    return h->scratch.failed ? NULL : bytes_new(buf_slice(&h->scratch));
}

/* NULL when memory is short. */
static struct link_entry *entry_new(struct guild_link *l, const struct membership *m)
{
    size_t roles = m->member.role_count;
    struct link_entry *e = mem_zalloc(MEM_GATEWAY, sizeof *e + roles * sizeof *e->roles);
    if (e == NULL)
        return NULL;
    e->link = l;
    e->min_position = m->position;
    e->pending = m->member.pending;
    e->joined_at_ms = m->member.joined_at_ms;
    e->timed_out_until_ms = m->member.timed_out_until_ms;
    e->role_count = (uint32_t)roles;
    if (roles > 0)
        memcpy(e->roles, m->member.roles, roles * sizeof *e->roles);
    e->member = member_json(l->session->hub, &m->member);
    if (e->member == NULL) {
        mem_free(MEM_GATEWAY, e);
        return NULL;
    }
    return e;
}

static void entry_free(struct link_entry *e)
{
    list_remove(&e->waiting);
    bytes_unref(&e->member);
    mem_free(MEM_GATEWAY, e);
}

void guild_link_entered(struct guild_link *l)
{
    if (l->entry != NULL)
        entry_free(l->entry);
    l->entry = NULL;
}

struct guild_link *guild_link_new(struct session *s, const struct membership *m)
{
    struct guild_sub *g = guild_sub_get(s->hub, m->guild.v);
    struct guild_link *l = g == NULL ? NULL : mem_zalloc(MEM_GATEWAY, sizeof *l);
    if (l == NULL)
        return NULL;
    l->session = s;
    l->guild = g;
    l->temporary = m->member.temporary;
    l->entry = entry_new(l, m);
    if (l->entry == NULL || !session_add_link(s, l)) {
        guild_link_entered(l);
        mem_free(MEM_GATEWAY, l);
        return NULL;
    }
    g->link_count++;
    list_remove(&g->trash);
    list_push_back(&g->waiting, &l->entry->waiting);
    if (g->feed.state == FEED_LOADING)
        guild_sub_want(g); /* it has no job if its load was refused a moment ago */
    return l;
}

void guild_link_free(struct guild_link *l)
{
    struct guild_sub *g = l->guild;
    subscription_free(l);
    presence_link_leaves(l, l->gone);
    audience_leave(l);
    guild_link_entered(l);
    session_remove_link(l->session, l);
    mem_free(MEM_GATEWAY, l);
    g->link_count--;
    if (g->link_count == 0 && !list_linked(&g->trash))
        list_push_back(&g->hub->trash, &g->trash);
}

void guild_note_member(struct guild_sub *s, const struct event *e)
{
    if (e->kind != EVENT_GUILD_MEMBER_UPDATE && e->kind != EVENT_GUILD_MEMBER_REMOVE)
        return;
    if (map_get(&s->hub->users, e->entity_id) == NULL)
        return; /* a session listens to its user before it reads its memberships */
    if (s->recent == NULL)
        s->recent = mem_array(MEM_GATEWAY, GUILD_RECENT_MAX, sizeof *s->recent);
    if (s->recent == NULL) {
        s->recent_from = e->position;
        return;
    }
    struct recent_change *r = &s->recent[s->recent_count++ % GUILD_RECENT_MAX];
    if (r->position > s->recent_from)
        s->recent_from = r->position; /* forgotten from here on */
    *r = (struct recent_change){e->entity_id, e->position};
}

/* The membership that was read is the present one. */
static bool is_current(const struct guild_link *l)
{
    const struct guild_sub *g = l->guild;
    uint64_t read_at = l->entry->min_position;
    if (read_at == g->feed.position)
        return true;
    if (read_at < g->recent_from)
        return false;
    for (size_t i = 0; g->recent != NULL && i < GUILD_RECENT_MAX; i++) {
        if (g->recent[i].user == l->session->who.user.v && g->recent[i].position > read_at)
            return false;
    }
    return true;
}

struct reading_job {
    struct gw_job job; /* first */
    uint64_t session_key;
    struct user_id user;
    struct guild_id guild;
    struct membership membership;
};

static void read_work(struct gw_job *j)
{
    struct reading_job *r = (struct reading_job *)j;
    j->err = membership_load(j->hub->gateway->options.core, r->user, r->guild, &j->arena,
                             &r->membership);
}

/* May end the session. */
static void take_membership(struct guild_link *l, const struct membership *m)
{
    struct session *s = l->session;
    struct link_entry *entry = entry_new(l, m);
    if (entry == NULL) {
        session_end(s, ERR_NO_MEMORY);
        return;
    }
    entry_free(l->entry);
    l->entry = entry;
    l->temporary = m->member.temporary;
    list_push_back(&l->guild->waiting, &entry->waiting);
    if (guild_link_ready(l))
        guild_link_activate(l);
}

static void read_done(struct gw_job *j)
{
    struct reading_job *r = (struct reading_job *)j;
    struct session *s = map_get(&j->hub->sessions, r->session_key);
    struct guild_link *l = s == NULL ? NULL : session_link(s, r->guild.v);
    if (l == NULL || l->entry == NULL || !l->entry->reading) {
        gw_job_free(j); /* left meanwhile; perhaps there again, by a membership of its own */
        return;
    }
    if (j->err == ERR_UNKNOWN_MEMBER)
        l->gone = true; /* the user's stream says so too */
    else if (j->err != ERR_OK)
        session_end(s, j->err);
    else if (r->membership.position >= l->entry->min_position)
        take_membership(l, &r->membership);
    gw_job_free(j);
}

static void read_again(struct guild_link *l)
{
    struct reading_job *r = gw_job_new(l->session->hub, sizeof *r, read_work, read_done);
    if (r == NULL) {
        session_fail(l->session);
        return;
    }
    l->entry->reading = true;
    r->session_key = l->session->key;
    r->user = l->session->who.user;
    r->guild = (struct guild_id){l->guild->feed.stream.id};
    gw_job_submit(&r->job, JOB_READ);
}

bool guild_link_ready(struct guild_link *l)
{
    const struct feed *f = &l->guild->feed;
    if (f->state != FEED_LIVE || f->paused || l->guild->floor != NULL || l->gone)
        return false;
    if (l->entry == NULL)
        return l->class != NULL;
    if (f->position < l->entry->min_position || l->entry->reading)
        return false;
    if (is_current(l))
        return true;
    read_again(l);
    return false;
}

/* Its client has everything up to the position that it was saved at, and nothing may be missing. */
static void enter_restored(struct guild_link *l)
{
    bool fits = l->guild->feed.position == l->entry->min_position;
    if (!fits || !audience_join(l)) {
        session_fail(l->session);
        return;
    }
    presence_link_enters(l);
    guild_link_entered(l);
    session_arrives(l->session);
}

void guild_link_activate(struct guild_link *l)
{
    struct session *s = l->session;
    if (l->restored) {
        enter_restored(l);
        return;
    }
    if (s->ready_pending) {
        session_try_ready(s); /* READY takes all guilds at once */
        return;
    }
    if (!audience_join(l)) {
        session_fail(s); /* memory is short: the client begins anew */
        return;
    }
    presence_link_enters(l);
    if ((s->intents & INTENT_GUILDS) != 0) {
        struct bytes *payload = guild_create_payload(l);
        if (payload != NULL)
            session_push_asked(s, payload);
        bytes_unref(&payload);
    }
    guild_link_entered(l);
}
