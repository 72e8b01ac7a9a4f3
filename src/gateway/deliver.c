/* An event of a guild to those of its sessions that may get it: whole classes at a time. */
#include "gateway/gateway_priv.h"
#include "gateway/voice_list.h"
#include "model/permissions.h"

/* Of somebody without MESSAGE_CONTENT. */
static struct bytes *guarded_payload(const struct event *e, uint64_t user_id)
{
    uint32_t i = 0;
    while (i < e->content_user_count && e->content_users[i] != user_id)
        i++;
    if (i == e->content_user_count)
        return e->payload_blank;
    return i >= e->content_whole_count && e->payload_own != NULL ? e->payload_own : e->payload;
}

/* What a class must have to get an event. */
struct gate {
    size_t at;                 /* the slot of its permissions */
    uint64_t sees;             /* all of these */
    uint64_t permissions;      /* one of these; 0: none is needed */
    uint32_t intents;          /* likewise */
    uint64_t fresh;            /* not if its channel came into sight at this position */
    const struct event *voice; /* of a VOICE_STATE_UPDATE, which alone decides; else NULL */
};

static bool passes(const struct audience_class *c, const struct gate *g)
{
    if (g->voice != NULL)
        return voice_payload(c->links[0]->guild, c, g->voice, 0) != NULL;
    uint64_t held = c->permissions[g->at];
    return (held & g->sees) == g->sees && (g->permissions == 0 || (held & g->permissions) != 0) &&
           (g->intents == 0 || (c->intents & g->intents) != 0) &&
           (g->fresh == 0 || c->fresh_position != g->fresh);
}

/* False: nobody gets the event as such. An event of a channel needs its permissions there; of none
 * (a scheduled event elsewhere), in the guild. */
static bool gate_of(const struct guild_sub *s, const struct event *e, struct gate *out)
{
    const struct event_info *info = event_info(e->kind);
    if (e->payload == NULL || info == NULL)
        return false;
    *out = (struct gate){
        .at = s->view->channel_count, .permissions = info->permissions, .intents = info->intents};
    /* Who has got CHANNEL_CREATE of it just now knows what the update says. */
    out->fresh = e->kind == EVENT_CHANNEL_UPDATE ? e->position : 0;
    if (info->audience == AUDIENCE_GUILD || info->audience == AUDIENCE_MEMBER)
        return true;
    if (info->audience != AUDIENCE_CHANNEL)
        return false;
    out->voice = e->voice != NULL ? e : NULL;
    if (e->channel_id == 0 || e->voice != NULL)
        return true;
    const struct channel *c = guild_view_channel(s->view, (struct channel_id){e->channel_id});
    if (c == NULL)
        return false;
    out->at = (size_t)(c - s->view->channels);
    out->sees = PERMISSION_VIEW_CHANNEL;
    return true;
}

/* Members hear of themselves without the intent that others need for it. */
static void deliver_to_member(struct guild_sub *s, const struct event *e, uint32_t intents)
{
    struct user_sub *u = map_get(&s->hub->users, e->entity_id);
    if (u == NULL)
        return;
    LIST_FOREACH (it, &u->sessions) {
        struct session *own = LIST_OWNER(it, struct session, user_node);
        const struct guild_link *l = session_link(own, s->feed.stream.id);
        if (l != NULL && l->class != NULL && (own->intents & intents) == 0)
            session_push(own, e->payload);
    }
}

/* Users hear where they are, whatever they see. */
static void deliver_to_user(struct guild_sub *s, const struct event *e, const struct gate *gate)
{
    struct user_sub *u = map_get(&s->hub->users, e->entity_id);
    if (u == NULL)
        return;
    LIST_FOREACH (it, &u->sessions) {
        struct session *own = LIST_OWNER(it, struct session, user_node);
        const struct guild_link *l = session_link(own, s->feed.stream.id);
        if (l != NULL && l->class != NULL && !passes(l->class, gate) &&
            (own->intents & gate->intents) != 0)
            session_push(own, e->payload);
    }
}

static void deliver_to_own(struct guild_sub *s, const struct event *e, const struct gate *gate)
{
    if (event_info(e->kind)->audience == AUDIENCE_MEMBER)
        deliver_to_member(s, e, gate->intents);
    else if (gate->voice != NULL)
        deliver_to_user(s, e, gate);
}

static struct bytes *payload_for(const struct audience_class *c, const struct event *e,
                                 const struct session *s)
{
    if (e->voice != NULL)
        return voice_payload(c->links[0]->guild, c, e, s->who.user.v);
    bool guarded = e->payload_blank != NULL && !c->content;
    return guarded ? guarded_payload(e, s->who.user.v) : e->payload;
}

/* The same for all sessions of the class. */
static bool same_for_all(const struct audience_class *c, const struct event *e)
{
    return e->voice == NULL && (e->payload_blank == NULL || c->content);
}

static void deliver_class(struct audience_class *c, const struct event *e)
{
    if (same_for_all(c, e)) {
        session_push_all(c->sessions, c->count, e->payload);
        return;
    }
    for (uint32_t i = 0; i < c->count; i++)
        session_push(c->sessions[i], payload_for(c, e, c->sessions[i]));
}

static void deliver_all(struct guild_sub *s, const struct event *e, const struct gate *gate)
{
    LIST_FOREACH (it, &s->classes) {
        struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        if (!passes(c, gate))
            continue;
        deliver_class(c, e);
        s->hub->work -= (int)(c->count / PUSHES_PER_WORK);
    }
    deliver_to_own(s, e, gate);
}

void audience_deliver(struct guild_sub *s, const struct event *e)
{
    struct gate gate;
    if (!gate_of(s, e, &gate))
        return;
    s->hub->bulk = s->link_count >= GUILD_BULK_MIN ? &s->lane : NULL;
    deliver_all(s, e, &gate);
    s->hub->bulk = NULL;
}

/* Who is to get it is settled at once; in a big guild the pushing follows. */
void delivery_begin(struct guild_sub *s, const struct event *e)
{
    struct gate gate;
    s->sliced = s->link_count >= s->hub->sliced_min;
    if (!s->sliced) {
        audience_deliver(s, e);
        return;
    }
    if (!gate_of(s, e, &gate))
        return;
    LIST_FOREACH (it, &s->classes) {
        struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        c->left = passes(c, &gate) ? c->count : 0;
    }
    deliver_to_own(s, e, &gate);
}

/* As many of the class as the account of the turn is good for, the last first. */
static void push_some(struct guild_sub *s, struct audience_class *c, const struct event *e)
{
    uint32_t most = (uint32_t)s->hub->work * PUSHES_PER_WORK;
    uint32_t n = c->left < most ? c->left : most;
    c->left -= n;
    s->hub->work -= (int)((n + PUSHES_PER_WORK - 1) / PUSHES_PER_WORK);
    session_push_all(&c->sessions[c->left], n, e->payload);
}

static bool run(struct guild_sub *s, const struct event *e)
{
    LIST_FOREACH (it, &s->classes) {
        struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        bool same = same_for_all(c, e);
        while (c->left > 0 && s->hub->work > 0) {
            if (same) {
                push_some(s, c, e);
                continue;
            }
            struct session *session = c->sessions[--c->left];
            session_push(session, payload_for(c, e, session));
            s->hub->work--;
        }
        if (c->left > 0)
            return false;
    }
    return true;
}

bool delivery_run(struct guild_sub *s, const struct event *e)
{
    if (!s->sliced)
        return true;
    s->hub->bulk = s->link_count >= GUILD_BULK_MIN ? &s->lane : NULL;
    bool finished = run(s, e);
    s->hub->bulk = NULL;
    return finished;
}
