/*
 * Visibility classes: the sessions of a guild that see the same things share one, so that
 * permissions are computed once per class and channel when the structure changes (turnover.c), and
 * never when an event is delivered. Delivering (deliver.c) walks the classes that see the channel
 * and then their sessions.
 */
#include <assert.h>
#include <string.h>

#include "gateway/gateway_priv.h"
#include "model/permissions.h"

bool audience_is_special(const struct guild_view *v, uint64_t user_id)
{
    if (v->guild.owner.v == user_id)
        return true;
    for (size_t i = 0; i < v->channel_count; i++) {
        const struct channel *c = &v->channels[i];
        for (size_t k = 0; k < c->overwrite_count; k++) {
            if (c->overwrites[k].id == user_id && c->overwrites[k].type == OVERWRITE_MEMBER)
                return true;
        }
    }
    return false;
}

/* What decides the view of a session. */
struct class_key {
    uint32_t intents;
    bool content;
    bool pending;
    bool split;
    uint64_t special_user;
    int64_t timed_out_until_ms;
    const struct role_id *roles;
    uint32_t role_count;
};

/* Never 0, which is no key of a map. */
static uint64_t key_hash(const struct class_key *k)
{
    uint64_t flags = (k->content ? 1 : 0) | (k->pending ? 2 : 0) | (k->split ? 4 : 0);
    uint64_t h = map_hash(k->intents, k->special_user);
    h = map_hash(h, flags);
    h = map_hash(h, (uint64_t)k->timed_out_until_ms);
    for (uint32_t i = 0; i < k->role_count; i++)
        h = map_hash(h, k->roles[i].v);
    return h | 1;
}

static bool same_standing(const struct audience_class *c, const struct class_key *k)
{
    return c->pending == k->pending && c->timed_out_until_ms == k->timed_out_until_ms &&
           c->role_count == k->role_count &&
           (k->role_count == 0 ||
            memcmp(c->roles, k->roles, k->role_count * sizeof *k->roles) == 0);
}

static bool key_matches(const struct audience_class *c, const struct class_key *k)
{
    return c->intents == k->intents && c->content == k->content && c->split == k->split &&
           c->special_user == k->special_user && same_standing(c, k);
}

static struct audience_class *find(struct guild_sub *s, const struct class_key *k)
{
    struct audience_class *c = map_get(&s->by_key, key_hash(k));
    while (c != NULL && !key_matches(c, k))
        c = c->same_hash;
    return c;
}

struct subject audience_subject(const struct audience_class *c)
{
    return (struct subject){
        .user = {c->special_user},
        .roles = c->roles,
        .role_count = c->role_count,
        .timed_out_until_ms = c->timed_out_until_ms,
        .pending = c->pending,
    };
}

static void forget_json(struct audience_class *c)
{
    bytes_unref(&c->guild_json);
    bytes_unref(&c->guild_json_v2);
    bytes_unref(&c->create);
}

/* --- the end of time-outs --- */

static void on_expiry(struct timer *t);

static void await_expiry(struct guild_sub *s, int64_t at_ms, int64_t now_ms)
{
    if (list_linked(&s->expiry.node) && s->expiry_ms <= at_ms)
        return;
    s->expiry_ms = at_ms;
    loop_timer_start(s->hub->loop, &s->expiry, at_ms > now_ms ? (uint64_t)(at_ms - now_ms) : 0,
                     on_expiry);
}

void audience_install(struct guild_sub *s, struct audience_class *c, uint64_t *permissions,
                      int64_t now_ms)
{
    mem_free(MEM_GATEWAY, c->permissions);
    c->permissions = permissions;
    c->timeout_over = c->timed_out_until_ms <= now_ms;
    if (!c->timeout_over)
        await_expiry(s, c->timed_out_until_ms, now_ms);
    forget_json(c);
}

static int64_t wall_ms(const struct guild_sub *s)
{
    return clock_wall_ms(loop_clock(s->hub->loop));
}

/* A time-out hides no channel, and its end shows none: there is nobody to tell. */
static void end_timeout(struct guild_sub *s, struct audience_class *c, int64_t now_ms)
{
    uint64_t *permissions = audience_compute(s, c, &(struct audience_basis){0}, now_ms);
    if (permissions == NULL)
        audience_give_up_all(c);
    else
        audience_install(s, c, permissions, now_ms);
}

/* Whoever is narrowed has that computed again in any case, when the window ends or the standing is
 * theirs. */
static bool waits_narrowed(struct guild_sub *s, const struct audience_class *c)
{
    s->narrowed = s->narrowed || s->floor != NULL;
    return s->floor != NULL || c->late;
}

/* Somebody who may not be treated as timed out any more. Many at once, in a raid, take turns. */
static void on_expiry(struct timer *t)
{
    struct guild_sub *s = LIST_OWNER(t, struct guild_sub, expiry);
    int64_t now_ms = wall_ms(s);
    int64_t next_ms = INT64_MAX;
    LIST_FOREACH (it, &s->classes) {
        struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        if (c->timeout_over)
            continue;
        if (c->timed_out_until_ms <= now_ms && waits_narrowed(s, c))
            continue;
        if (c->timed_out_until_ms <= now_ms && s->change == NULL && s->hub->work > 0)
            end_timeout(s, c, now_ms);
        else if (c->timed_out_until_ms < next_ms)
            next_ms = c->timed_out_until_ms;
    }
    if (next_ms != INT64_MAX)
        await_expiry(s, next_ms, now_ms);
}

/* --- classes and who is in them --- */

static void class_free(struct guild_sub *s, struct audience_class *c)
{
    assert(c->count == 0);
    struct audience_class *first = map_get(&s->by_key, c->hash);
    if (first == c && c->same_hash == NULL) {
        map_remove(&s->by_key, c->hash);
    } else if (first == c) {
        bool replaced = map_put(&s->by_key, c->hash, c->same_hash);
        assert(replaced);
    } else {
        while (first != NULL && first->same_hash != c)
            first = first->same_hash;
        if (first != NULL)
            first->same_hash = c->same_hash;
    }
    list_remove(&c->node);
    forget_json(c);
    channel_moves_deinit(&c->moves);
    voice_moves_deinit(&c->voice);
    mem_free(MEM_GATEWAY, c->permissions);
    mem_free(MEM_GATEWAY, c->roles);
    mem_free(MEM_GATEWAY, c->sessions);
    mem_free(MEM_GATEWAY, c->links);
    mem_free(MEM_GATEWAY, c);
}

static bool copy_roles(struct audience_class *c, const struct class_key *k)
{
    if (k->role_count == 0)
        return true;
    c->roles = mem_array(MEM_GATEWAY, k->role_count, sizeof *c->roles);
    if (c->roles == NULL)
        return false;
    memcpy(c->roles, k->roles, k->role_count * sizeof *c->roles);
    c->role_count = k->role_count;
    return true;
}

/* Without permissions yet. */
static struct audience_class *class_new(struct guild_sub *s, const struct class_key *k)
{
    struct audience_class *c = mem_zalloc(MEM_GATEWAY, sizeof *c);
    if (c == NULL)
        return NULL;
    c->hash = key_hash(k);
    c->intents = k->intents;
    c->content = k->content;
    c->pending = k->pending;
    c->split = k->split;
    c->special_user = k->special_user;
    c->timed_out_until_ms = k->timed_out_until_ms;
    c->timeout_over = true;
    c->structure = s->structure;
    c->same_hash = map_get(&s->by_key, c->hash);
    if (!copy_roles(c, k) || !map_put(&s->by_key, c->hash, c)) {
        mem_free(MEM_GATEWAY, c->roles);
        mem_free(MEM_GATEWAY, c);
        return NULL;
    }
    list_push_back(&s->classes, &c->node);
    return c;
}

/* The class of the key, on the present view. `bound`: if it is new, it has no more than this; NULL:
 * there is no bound. */
static struct audience_class *obtain(struct guild_sub *s, const struct class_key *k,
                                     const uint64_t *bound)
{
    const struct audience_basis b = {
        .held = bound, .held_count = s->view->channel_count, .bounded = bound != NULL};
    struct audience_class *c = find(s, k);
    if (c != NULL)
        return c;
    c = class_new(s, k);
    if (c == NULL)
        return NULL;
    int64_t now_ms = wall_ms(s);
    uint64_t *permissions = audience_compute(s, c, &b, now_ms);
    if (permissions == NULL) {
        class_free(s, c);
        return NULL;
    }
    audience_install(s, c, permissions, now_ms);
    return c;
}

static bool append(struct audience_class *c, struct guild_link *l)
{
    if (c->count == c->capacity) {
        uint32_t capacity = c->capacity < 4 ? c->capacity + 1 : c->capacity + c->capacity / 2;
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

/* Takes over the link from whatever class it is in. False when memory is short: the link is where
 * it was, and a class that would be empty is gone. */
static bool put_into(struct guild_sub *s, struct audience_class *c, struct guild_link *l)
{
    struct guild_link before = *l;
    if (!append(c, l)) {
        if (c->count == 0)
            class_free(s, c);
        return false;
    }
    /* The old place still names the link: it is taken out of there by what it was. */
    struct guild_link after = *l;
    *l = before;
    audience_leave(l);
    l->class = after.class;
    l->class_index = after.class_index;
    return true;
}

static struct class_key key_of(const struct guild_link *l, bool own_class)
{
    const struct session *s = l->session;
    return (struct class_key){
        .intents = s->intents,
        .content = !s->who.bot || (s->intents & INTENT_MESSAGE_CONTENT) != 0,
        .special_user = own_class ? s->who.user.v : 0,
    };
}

bool audience_join(struct guild_link *l)
{
    struct guild_sub *s = l->guild;
    assert(s->change == NULL && s->floor == NULL && l->class == NULL);
    const struct link_entry *entry = l->entry;
    struct class_key k = key_of(l, entry->timed_out_until_ms != 0 ||
                                       audience_is_special(s->view, l->session->who.user.v));
    k.timed_out_until_ms = entry->timed_out_until_ms;
    k.pending = entry->pending;
    k.roles = entry->roles;
    k.role_count = entry->role_count;
    struct audience_class *c = obtain(s, &k, NULL);
    return c != NULL && put_into(s, c, l);
}

static void place(struct audience_class *c, uint32_t to, uint32_t from)
{
    if (to == from)
        return;
    c->sessions[to] = c->sessions[from];
    c->links[to] = c->links[from];
    c->links[to]->class_index = to;
}

void audience_leave(struct guild_link *l)
{
    struct audience_class *c = l->class;
    if (c == NULL)
        return;
    l->class = NULL;
    uint32_t hole = l->class_index;
    if (hole < c->left) { /* the last of those who are left takes the place */
        place(c, hole, --c->left);
        hole = c->left;
    }
    place(c, hole, --c->count);
    if (c->count == 0)
        class_free(l->guild, c);
}

void audience_give_up(struct guild_link *l)
{
    session_fail(l->session);
    audience_leave(l);
}

void audience_give_up_all(struct audience_class *c)
{
    for (uint32_t left = c->count; left > 0; left--) /* the last one frees c */
        audience_give_up(c->links[left - 1]);
}

static void tell(struct session *s, const struct channel_moves *moves,
                 const struct voice_moves *voice)
{
    voice_moves_tell(s, voice, true);
    for (uint32_t i = 0; (s->intents & INTENT_GUILDS) != 0 && i < moves->count; i++)
        session_push(s, moves->payloads[i]);
    voice_moves_tell(s, voice, false);
}

/* The class of somebody whose standing, or whose guild's structure, is of a later moment: one of
 * the user's own, as what it has depends on what the user had. NULL when memory is short. */
static struct audience_class *narrow(struct guild_link *l, struct class_key *k, bool late)
{
    struct guild_sub *s = l->guild;
    if (!late && !l->class->split && same_standing(l->class, k))
        return l->class;
    k->split = true;
    k->special_user = l->session->who.user.v;
    struct audience_class *c = obtain(s, k, l->class->permissions);
    if (c == NULL)
        return NULL;
    c->late = late;
    s->narrowed = s->narrowed || s->floor != NULL;
    return c;
}

void audience_move(struct guild_link *l, const struct standing *now, bool late)
{
    struct guild_sub *s = l->guild;
    assert(s->change == NULL && l->class != NULL);
    struct class_key k = key_of(l, now->timed_out_until_ms != 0 ||
                                       audience_is_special(s->view, l->session->who.user.v));
    k.timed_out_until_ms = now->timed_out_until_ms;
    k.pending = now->pending;
    k.roles = now->roles;
    k.role_count = now->role_count;
    bool narrows = late || s->floor != NULL;
    struct audience_class *c = narrows ? narrow(l, &k, late) : obtain(s, &k, NULL);
    if (c == l->class)
        return;
    const struct audience_class *old = l->class;
    struct channel_moves moves = {0};
    struct voice_moves voice = {0};
    struct visible_change v;
    visible_begin(&v, NULL, s->view, s->last_messages, s->view, s->last_messages);
    bool known = c != NULL && visible_moves(&v, old->permissions, c->permissions, &moves) &&
                 voice_moves_make(s, c->intents, s->view, old->permissions, c->permissions, &voice);
    if (c == NULL || !put_into(s, c, l) || !known)
        audience_give_up(l);
    else
        tell(l->session, &moves, &voice);
    channel_moves_deinit(&moves);
    voice_moves_deinit(&voice);
    visible_end(&v);
}

/* What the class would be if nothing were in doubt; NULL: there is none. */
static struct audience_class *unsplit(struct guild_sub *s, const struct audience_class *c)
{
    bool own = c->timed_out_until_ms != 0 || audience_is_special(s->view, c->special_user);
    const struct class_key k = {
        .intents = c->intents,
        .content = c->content,
        .pending = c->pending,
        .special_user = own ? c->special_user : 0,
        .timed_out_until_ms = c->timed_out_until_ms,
        .roles = c->roles,
        .role_count = c->role_count,
    };
    return find(s, &k);
}

void audience_merge(struct guild_sub *s)
{
    assert(s->change == NULL && s->floor == NULL);
    LIST_FOREACH (it, &s->classes) {
        struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        struct audience_class *other = c->split && !c->late ? unsplit(s, c) : NULL;
        for (uint32_t left = other == NULL ? 0 : c->count; left > 0;
             left--) { /* the last frees c */
            struct guild_link *l = c->links[left - 1];
            if (!put_into(s, other, l))
                audience_give_up(l);
        }
    }
}

void audience_single_out(struct guild_link *l)
{
    struct guild_sub *s = l->guild;
    const struct audience_class *old = l->class;
    struct class_key k = {
        .intents = old->intents,
        .content = old->content,
        .pending = old->pending,
        .special_user = l->session->who.user.v,
        .timed_out_until_ms = old->timed_out_until_ms,
        .roles = old->roles,
        .role_count = old->role_count,
    };
    struct audience_class *c = find(s, &k);
    if (c == NULL && (c = class_new(s, &k)) != NULL) {
        size_t size = (s->view->channel_count + 1) * sizeof *c->permissions;
        c->structure = old->structure;
        c->timeout_over = old->timeout_over;
        c->permissions = mem_alloc(MEM_GATEWAY, size);
        if (c->permissions == NULL) {
            class_free(s, c);
            c = NULL;
        } else {
            memcpy(c->permissions, old->permissions, size);
        }
    }
    if (c == NULL || !put_into(s, c, l))
        audience_give_up(l);
}
