/*
 * A guild's view is replaced, in the middle of its stream. Each class's permissions are those of
 * the view before until the class had its turn, then those of the new one, and what appears and
 * vanishes in between is told to its sessions; nothing else of the guild is delivered until all
 * classes had theirs. The difficulty is the big guild: hundreds of classes times hundreds of
 * channels times thousands of sessions would hold the loop, and all other guilds with it. So the
 * work is done in slices, as far as the hub's account for the turn goes, while the guild's feed is
 * paused.
 *
 *   classes of the list:   [ not yet ][ in work ]│[ done, done, done ]     the front is next
 *
 * A view that was read from the log may be of a later moment than the event that brings it. From
 * there until the feed has come to that moment (the window, see audience_compute.c) things only
 * vanish; the end of the window is a turnover like any other, from the view to itself, and brings
 * what was held back.
 */
#include <assert.h>

#include "gateway/gateway_priv.h"
#include "model/permissions.h"

struct turnover {
    struct guild_view *old;
    uint64_t *old_last_messages;
    struct view_diff diff;
    struct visible_change visible;
    bool closes; /* a window: all is computed anew */
};

static void turnover_free(struct turnover **c)
{
    struct turnover *gone = *c;
    *c = NULL;
    visible_end(&gone->visible);
    view_diff_deinit(&gone->diff);
    mem_free(MEM_GATEWAY, gone->old_last_messages);
    guild_view_unref(&gone->old);
    mem_free(MEM_GATEWAY, gone);
}

static void give_up_everybody(struct guild_sub *s)
{
    LIST_FOREACH (it, &s->classes)
        audience_give_up_all(LIST_OWNER(it, struct audience_class, node));
}

/* Channels that stay keep their last message; without memory those are forgotten, but the old view
 * may not stay: it shows what the new one hides. */
static uint64_t *carry_last_messages(const struct guild_sub *s, const struct view_diff *d,
                                     const struct guild_view *view)
{
    uint64_t *last = mem_array(MEM_GATEWAY, view->channel_count + 1, sizeof *last);
    for (size_t i = 0; i < view->channel_count && last != NULL && s->last_messages != NULL; i++)
        last[i] = d->before[i] == VIEW_DIFF_NONE ? 0 : s->last_messages[d->before[i]];
    return last;
}

/* Whom the new view treats by name leaves the class of their roles for one of their own, which sees
 * the same until its turn comes. */
static void single_out(struct guild_sub *s, uint64_t user_id)
{
    struct user_sub *u = user_id == 0 ? NULL : map_get(&s->hub->users, user_id);
    if (u == NULL)
        return;
    LIST_FOREACH (it, &u->sessions) {
        struct guild_link *l =
            session_link(LIST_OWNER(it, struct session, user_node), s->feed.stream.id);
        if (l != NULL && l->class != NULL && l->class->special_user != user_id)
            audience_single_out(l);
    }
}

/* Others were singled out when their overwrites came. */
static void single_out_new(struct guild_sub *s, const struct view_diff *d,
                           const struct guild_view *view)
{
    single_out(s, d->owners[1]);
    for (size_t i = 0; i < view->channel_count; i++) {
        const struct channel *c = &view->channels[i];
        for (size_t k = 0; d->changed[i] && k < c->overwrite_count; k++) {
            if (c->overwrites[k].type == OVERWRITE_MEMBER)
                single_out(s, c->overwrites[k].id);
        }
    }
}

static void install_view(struct guild_sub *s, struct guild_view *view, uint64_t *last)
{
    mem_free(MEM_GATEWAY, s->last_messages);
    s->last_messages = last;
    struct guild_view *before = s->view; /* may be the same */
    s->view = guild_view_ref(view);
    guild_view_unref(&before);
}

static bool begin(struct guild_sub *s, struct guild_view *view, bool closes)
{
    struct turnover *c = mem_zalloc(MEM_GATEWAY, sizeof *c);
    if (c == NULL || !view_diff_init(&c->diff, s->view, view)) {
        mem_free(MEM_GATEWAY, c);
        give_up_everybody(s);
        install_view(s, view, NULL);
        return false;
    }
    c->closes = closes;
    uint64_t *last = carry_last_messages(s, &c->diff, view);
    if (view_diff_empty(&c->diff) && !closes) {
        install_view(s, view, last);
        turnover_free(&c);
        return false;
    }
    single_out_new(s, &c->diff, view); /* still on the old view */
    c->old = guild_view_ref(s->view);
    c->old_last_messages = s->last_messages;
    s->last_messages = NULL;
    install_view(s, view, last);
    visible_begin(&c->visible, &c->diff, c->old, c->old_last_messages, s->view, s->last_messages);
    s->structure++;
    s->change = c;
    s->narrowed = s->narrowed || s->floor != NULL;
    return true;
}

/* True: some class may have less than the view gives. */
static bool end_window(struct guild_sub *s)
{
    bool narrowed = s->narrowed;
    guild_view_unref(&s->floor);
    s->narrowed = false;
    s->window_over = true;
    return narrowed;
}

bool turnover_begin(struct guild_sub *s, const struct event *e)
{
    assert(s->change == NULL);
    /* Events of the log carry the view of the moment they were read, which may be later than what
     * the bus brings next. */
    bool newer = e->view != NULL && e->view->position > s->view->position;
    struct guild_view *view = newer ? e->view : s->view;
    bool late = view->position > e->position;
    bool closes = false;
    if (newer && late && s->floor == NULL)
        s->floor = guild_view_ref(s->view);
    if (!late && s->floor != NULL)
        closes = end_window(s);
    return (newer || closes) && begin(s, view, closes);
}

/* NULL when memory is short. What the change does not concern is taken over. */
static uint64_t *recompute(struct guild_sub *s, const struct audience_class *c, int64_t now_ms)
{
    const struct view_diff *d = &s->change->diff;
    bool all = s->change->closes ||
               view_diff_concerns(d, c->special_user, c->roles, c->role_count) ||
               (!c->timeout_over && c->timed_out_until_ms <= now_ms);
    const struct audience_basis b = {
        .held = c->permissions,
        .held_count = s->change->old->channel_count,
        .before = d->before,
        .changed = all ? NULL : d->changed,
        .bounded = s->floor != NULL || c->late,
    };
    return audience_compute(s, c, &b, now_ms);
}

/* The event is about a channel that it also brings into the sight of this class. */
static bool is_fresh(const struct guild_sub *s, const uint64_t *before, const uint64_t *now)
{
    struct channel_id id = {s->current->channel_id};
    const struct channel *c = guild_view_channel(s->view, id);
    if (c == NULL)
        return false;
    size_t i = (size_t)(c - s->view->channels);
    uint32_t was = s->change->diff.before[i];
    return (now[i] & PERMISSION_VIEW_CHANNEL) != 0 &&
           (was == VIEW_DIFF_NONE || (before[was] & PERMISSION_VIEW_CHANNEL) == 0);
}

/* The class gets its new permissions, and what its sessions must be told is known. */
static bool turn_over(struct guild_sub *s, struct audience_class *c)
{
    int64_t now_ms = clock_wall_ms(loop_clock(s->hub->loop));
    uint64_t *permissions = recompute(s, c, now_ms);
    if (permissions == NULL)
        return false;
    if ((c->intents & INTENT_GUILDS) != 0 &&
        !visible_moves(&s->change->visible, c->permissions, permissions, &c->moves)) {
        mem_free(MEM_GATEWAY, permissions);
        return false;
    }
    if (!voice_moves_make(s, c->intents, s->change->old, c->permissions, permissions, &c->voice)) {
        channel_moves_deinit(&c->moves);
        mem_free(MEM_GATEWAY, permissions);
        return false;
    }
    if (is_fresh(s, c->permissions, permissions))
        c->fresh_position = s->current->position;
    audience_install(s, c, permissions, now_ms);
    c->moving = true;
    c->left = c->moves.count + c->voice.count > 0 ? c->count : 0;
    s->hub->work -= 1 + (int)(s->view->channel_count / 16);
    return true;
}

/* False: the account of this turn is used up, there is more to tell. */
static bool tell_all(struct guild_sub *s, struct audience_class *c)
{
    while (c->left > 0) {
        if (s->hub->work <= 0)
            return false;
        struct session *session = c->sessions[--c->left];
        voice_moves_tell(session, &c->voice, true);
        for (uint32_t i = 0; i < c->moves.count; i++)
            session_push(session, c->moves.payloads[i]);
        voice_moves_tell(session, &c->voice, false);
        s->hub->work -= (int)(c->moves.count + c->voice.count);
    }
    return true;
}

static void done(struct guild_sub *s, struct audience_class *c)
{
    channel_moves_deinit(&c->moves);
    voice_moves_deinit(&c->voice);
    c->moving = false;
    c->structure = s->structure;
    list_remove(&c->node);
    list_push_back(&s->classes, &c->node);
}

static bool run(struct guild_sub *s)
{
    while (!list_empty(&s->classes)) {
        struct audience_class *c = LIST_OWNER(s->classes.next, struct audience_class, node);
        if (c->structure == s->structure)
            return true;
        if (s->hub->work <= 0)
            return false;
        if (!c->moving && !turn_over(s, c)) {
            audience_give_up_all(c);
            continue;
        }
        if (!tell_all(s, c))
            return false;
        done(s, c);
    }
    return true;
}

bool turnover_run(struct guild_sub *s)
{
    s->hub->bulk = s->link_count >= GUILD_BULK_MIN ? &s->lane : NULL;
    bool finished = run(s);
    s->hub->bulk = NULL;
    return finished;
}

void turnover_end(struct guild_sub *s)
{
    turnover_free(&s->change);
}
