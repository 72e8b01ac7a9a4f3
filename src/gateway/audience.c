/*
 * Visibility classes: the sessions of a guild that see the same things share one, so that
 * permissions are computed once per class and channel when the structure changes, and never when an
 * event is delivered. Delivering walks the classes that see the channel and then their sessions.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway_priv.h"
#include "model/permissions.h"

static int compare_u64(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* Users whom the view treats by name: the owner, and whoever has an overwrite of their own. */
static bool collect_specials(struct guild_sub *s)
{
    const struct guild_view *v = s->view;
    size_t max = 1;
    for (size_t i = 0; i < v->channel_count; i++)
        max += v->channels[i].overwrite_count;
    uint64_t *specials = mem_array(MEM_GATEWAY, max, sizeof *specials);
    if (specials == NULL)
        return false;
    size_t n = 0;
    specials[n++] = v->guild.owner.v;
    for (size_t i = 0; i < v->channel_count; i++) {
        const struct channel *c = &v->channels[i];
        for (size_t k = 0; k < c->overwrite_count; k++) {
            if (c->overwrites[k].type == OVERWRITE_MEMBER)
                specials[n++] = c->overwrites[k].id;
        }
    }
    qsort(specials, n, sizeof *specials, compare_u64);
    mem_free(MEM_GATEWAY, s->specials);
    s->specials = specials;
    s->special_count = n;
    return true;
}

static bool is_special(const struct guild_sub *s, uint64_t user_id)
{
    return s->special_count > 0 &&
           bsearch(&user_id, s->specials, s->special_count, sizeof user_id, compare_u64) != NULL;
}

/* What decides the view of a session. */
struct class_key {
    uint32_t intents;
    bool content;
    uint64_t special_user;
    int64_t timed_out_until_ms;
    const struct role_id *roles;
    uint32_t role_count;
};

static uint64_t key_hash(const struct class_key *k)
{
    uint64_t h = map_hash(k->intents, k->special_user + (k->content ? 1 : 0));
    h = map_hash(h, (uint64_t)k->timed_out_until_ms);
    for (uint32_t i = 0; i < k->role_count; i++)
        h = map_hash(h, k->roles[i].v);
    return h;
}

static bool key_matches(const struct audience_class *c, const struct class_key *k)
{
    return c->intents == k->intents && c->content == k->content &&
           c->special_user == k->special_user && c->timed_out_until_ms == k->timed_out_until_ms &&
           c->role_count == k->role_count &&
           (k->role_count == 0 ||
            memcmp(c->roles, k->roles, k->role_count * sizeof *k->roles) == 0);
}

static void forget_json(struct audience_class *c)
{
    bytes_unref(&c->guild_json);
    bytes_unref(&c->create);
}

/* Permissions of the class in every channel of the present view. */
static bool compute(struct guild_sub *s, struct audience_class *c)
{
    const struct guild_view *v = s->view;
    uint64_t *permissions = mem_array(MEM_GATEWAY, v->channel_count + 1, sizeof *permissions);
    if (permissions == NULL)
        return false;
    struct subject who = {{c->special_user}, c->roles, c->role_count, c->timed_out_until_ms};
    int64_t now_ms = clock_wall_ms(loop_clock(s->hub->loop));
    for (size_t i = 0; i < v->channel_count; i++)
        permissions[i] = permissions_in_channel(v, &who, &v->channels[i], now_ms);
    permissions[v->channel_count] = permissions_in_guild(v, &who, now_ms);
    mem_free(MEM_GATEWAY, c->permissions);
    c->permissions = permissions;
    forget_json(c);
    return true;
}

static struct audience_class *class_new(struct guild_sub *s, const struct class_key *k)
{
    struct audience_class *c = mem_zalloc(MEM_GATEWAY, sizeof *c);
    if (c == NULL)
        return NULL;
    c->hash = key_hash(k);
    c->intents = k->intents;
    c->content = k->content;
    c->special_user = k->special_user;
    c->timed_out_until_ms = k->timed_out_until_ms;
    if (k->role_count > 0) {
        c->roles = mem_array(MEM_GATEWAY, k->role_count, sizeof *c->roles);
        if (c->roles == NULL) {
            mem_free(MEM_GATEWAY, c);
            return NULL;
        }
        memcpy(c->roles, k->roles, k->role_count * sizeof *c->roles);
        c->role_count = k->role_count;
    }
    list_push_back(&s->classes, &c->node);
    if (!compute(s, c)) {
        audience_class_free(c);
        return NULL;
    }
    return c;
}

void audience_class_free(struct audience_class *c)
{
    assert(c->count == 0);
    list_remove(&c->node);
    forget_json(c);
    mem_free(MEM_GATEWAY, c->permissions);
    mem_free(MEM_GATEWAY, c->roles);
    mem_free(MEM_GATEWAY, c->sessions);
    mem_free(MEM_GATEWAY, c->links);
    mem_free(MEM_GATEWAY, c);
}

static bool append(struct audience_class *c, struct guild_link *l)
{
    if (c->count == c->capacity) {
        uint32_t capacity = c->capacity == 0 ? 4 : c->capacity * 2;
        struct session **sessions =
            mem_realloc(MEM_GATEWAY, c->sessions, capacity * sizeof(struct session *));
        if (sessions == NULL)
            return false;
        c->sessions = sessions;
        struct guild_link **links =
            mem_realloc(MEM_GATEWAY, c->links, capacity * sizeof(struct guild_link *));
        if (links == NULL)
            return false;
        c->links = links;
        c->capacity = capacity;
    }
    c->sessions[c->count] = l->session;
    c->links[c->count] = l;
    l->class = c;
    l->class_index = c->count++;
    return true;
}

static bool enter(struct guild_sub *s, struct guild_link *l, const struct class_key *k)
{
    uint64_t hash = key_hash(k);
    struct audience_class *c = NULL;
    LIST_FOREACH (it, &s->classes) {
        struct audience_class *candidate = LIST_OWNER(it, struct audience_class, node);
        if (candidate->hash == hash && key_matches(candidate, k)) {
            c = candidate;
            break;
        }
    }
    if (c == NULL)
        c = class_new(s, k);
    if (c == NULL)
        return false;
    if (append(c, l))
        return true;
    if (c->count == 0)
        audience_class_free(c);
    return false;
}

bool audience_join(struct guild_link *l)
{
    struct session *s = l->session;
    bool own_class = is_special(l->guild, s->who.user.v) || l->timed_out_until_ms != 0;
    struct class_key k = {
        .intents = s->intents,
        .content = !s->who.bot || (s->intents & INTENT_MESSAGE_CONTENT) != 0,
        .special_user = own_class ? s->who.user.v : 0,
        .timed_out_until_ms = l->timed_out_until_ms,
        .roles = l->roles,
        .role_count = l->role_count,
    };
    return enter(l->guild, l, &k);
}

void audience_leave(struct guild_link *l)
{
    struct audience_class *c = l->class;
    if (c == NULL)
        return;
    l->class = NULL;
    uint32_t last = --c->count;
    if (l->class_index != last) {
        c->sessions[l->class_index] = c->sessions[last];
        c->links[l->class_index] = c->links[last];
        c->links[l->class_index]->class_index = l->class_index;
    }
    if (c->count == 0)
        audience_class_free(c);
}

/* Without memory: nothing rather than too much, and nothing silently: the client begins anew. */
static void give_up(struct guild_link *l)
{
    session_fail(l->session);
    audience_leave(l);
}

/* Somebody the view now treats by name leaves the class of their roles for one of their own. */
static void single_out(struct guild_sub *s, uint64_t user_id)
{
    struct user_sub *u = map_get(&s->hub->users, user_id);
    if (u == NULL)
        return;
    LIST_FOREACH (it, &u->sessions) {
        struct guild_link *l =
            session_link(LIST_OWNER(it, struct session, user_node), s->feed.stream.id);
        if (l == NULL || l->class == NULL || l->class->special_user == user_id)
            continue;
        struct audience_class *old = l->class;
        struct class_key k = {old->intents, old->content,   user_id, old->timed_out_until_ms,
                              old->roles,   old->role_count};
        struct guild_link moved = *l;
        if (enter(s, l, &k)) {
            /* The old place still names the link: take it out by the copy. */
            struct audience_class *now = l->class;
            uint32_t now_index = l->class_index;
            *l = moved;
            audience_leave(l);
            l->class = now;
            l->class_index = now_index;
        } else {
            give_up(l);
        }
    }
}

void audience_refresh(struct guild_sub *s)
{
    bool known = collect_specials(s); /* else some class may hold somebody it must not */
    LIST_FOREACH (it, &s->classes) {
        struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        if (known && compute(s, c))
            continue;
        for (uint32_t left = c->count; left > 0; left--) /* the last one frees c */
            give_up(c->links[left - 1]);
    }
    if (!known)
        return;
    for (size_t i = 0; i < s->special_count; i++)
        single_out(s, s->specials[i]);
}

static bool mentioned(const struct event *e, uint64_t user_id)
{
    for (uint32_t i = 0; i < e->content_user_count; i++) {
        if (e->content_users[i] == user_id)
            return true;
    }
    return false;
}

static void deliver_blank(struct audience_class *c, const struct event *e)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct session *s = c->sessions[i];
        bool own = mentioned(e, s->who.user.v);
        session_push(s, own ? e->payload : e->payload_blank);
    }
}

void audience_deliver(struct guild_sub *s, const struct event *e)
{
    const struct event_info *info = event_info(e->kind);
    if (e->payload == NULL || info == NULL)
        return;
    size_t at = s->view->channel_count; /* the slot of permissions in the guild */
    if (info->audience == AUDIENCE_CHANNEL) {
        const struct channel *channel =
            guild_view_channel(s->view, (struct channel_id){e->channel_id});
        if (channel == NULL)
            return;
        at = (size_t)(channel - s->view->channels);
    } else if (info->audience != AUDIENCE_GUILD) {
        return;
    }
    LIST_FOREACH (it, &s->classes) {
        struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        if ((c->permissions[at] & info->permissions) != info->permissions)
            continue;
        if (info->intents != 0 && (c->intents & info->intents) == 0)
            continue;
        if (e->payload_blank != NULL && !c->content) {
            deliver_blank(c, e);
            continue;
        }
        for (uint32_t i = 0; i < c->count; i++)
            session_push(c->sessions[i], e->payload);
    }
}
