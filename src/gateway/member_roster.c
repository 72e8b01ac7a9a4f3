/*
 * The rounds of a roster. The difficulty is that what is read is always late: a member changes
 * again while a worker reads. So whoever changes is noted before anything is read, and noted again
 * by what comes later; a round takes the notes it finds, and what it reads is at least as new as
 * they are. In between lists are whole: who comes to look at one gets what everybody else has.
 */
#include "gateway/member_roster.h"

enum { NOTES_MAX = ROSTER_CARDS_MAX + ROSTER_NOTED_MAX, RETRY_ROUND_MS = 1000 };

static void on_round(struct timer *t);

/* --- noting --- */

void member_roster_arm(struct member_roster *r)
{
    if (r->reading || list_linked(&r->timer.node))
        return;
    uint64_t ms = r->cards.count < ROSTER_LARGE ? ROSTER_ROUND_MS : ROSTER_ROUND_LARGE_MS;
    loop_timer_start(r->guild->hub->loop, &r->timer, r->loaded ? ms : 0, on_round);
}

void member_roster_retry(struct member_roster *r)
{
    loop_timer_start(r->guild->hub->loop, &r->timer, RETRY_ROUND_MS, on_round);
}

void member_roster_note(struct member_roster *r, uint64_t user, enum roster_note what)
{
    uintptr_t noted = (uintptr_t)map_get(&r->noted, user);
    if (noted < (uintptr_t)what && !map_put(&r->noted, user, (void *)(uintptr_t)what))
        r->reload = true; /* too many at once */
    member_roster_arm(r);
}

/* Whoever the event is about sees the guild otherwise from here on. */
static void note_viewer(struct member_roster *r, uint64_t user)
{
    LIST_FOREACH (it, &r->subscriptions) {
        struct guild_subscription *sub = LIST_OWNER(it, struct guild_subscription, node);
        if (sub->link->session->who.user.v == user)
            sub->stale = true;
    }
}

void member_lists_note(struct guild_sub *s, const struct event *e)
{
    struct member_roster *r = s->roster;
    if (r == NULL)
        return;
    if (e->view != NULL) {
        r->resolve = true;
        member_roster_arm(r);
    }
    if (e->kind == EVENT_GUILD_MEMBER_ADD || e->kind == EVENT_GUILD_MEMBER_UPDATE ||
        e->kind == EVENT_GUILD_MEMBER_REMOVE) {
        member_roster_note(r, e->entity_id, ROSTER_MEMBER);
        if (e->kind == EVENT_GUILD_MEMBER_REMOVE || e->standing != NULL)
            note_viewer(r, e->entity_id);
    }
}

void member_lists_presence(struct guild_sub *s, uint64_t user)
{
    if (s->roster != NULL)
        member_roster_note(s->roster, user, ROSTER_PRESENCE);
}

/* --- rounds --- */

static void free_cards(struct member_roster *r)
{
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&r->cards, &cursor, &key, &value)) {
        struct member_card *c = value;
        member_card_free(&c);
    }
    map_deinit(&r->cards);
    map_init(&r->cards, MEM_GATEWAY, ROSTER_CARDS_MAX, r->guild->hub->guilds.seed);
}

static void forget_notes(struct member_roster *r)
{
    map_deinit(&r->noted);
    map_init(&r->noted, MEM_GATEWAY, NOTES_MAX, r->guild->hub->guilds.seed + 1);
}

/* Whoever is there, of a guild that is too large for the others. */
static void note_present(struct member_roster *r)
{
    struct gateway *g = r->guild->hub->gateway;
    struct presence **list = mem_array(MEM_GATEWAY, ROSTER_CARDS_MAX, sizeof(struct presence *));
    if (list == NULL) {
        r->reload = true;
        return;
    }
    size_t n = presences_collect(g, r->guild->feed.stream.id, list, ROSTER_CARDS_MAX);
    for (size_t i = 0; i < n; i++) {
        member_roster_note(r, list[i]->user, ROSTER_MEMBER);
        presence_unref(&list[i]);
    }
    mem_free(MEM_GATEWAY, list);
}

static bool is_small(const struct member_roster *r)
{
    return r->guild->member_count <= (r->whole || !r->loaded ? ROSTER_SMALL : ROSTER_SMALL_AGAIN);
}

static bool begin_load(struct member_roster *r)
{
    r->whole = is_small(r);
    r->loaded = false;
    LIST_FOREACH (it, &r->lists) {
        struct member_list *l = LIST_OWNER(it, struct member_list, node);
        l->filled = false;
        if (!member_rows_reset(&l->rows, 1))
            return false;
    }
    r->reload = false;
    r->after = 0;
    free_cards(r);
    forget_notes(r);
    if (!member_roster_make_groups(r))
        return false;
    if (!r->whole)
        note_present(r);
    return true;
}

/* A role that is no more still stands in what was read of its members. */
static void note_holders(struct member_roster *r)
{
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&r->cards, &cursor, &key, &value)) {
        const struct member_card *c = value;
        for (uint32_t i = 0; i < c->role_count; i++)
            if (guild_view_role(r->guild->view, c->roles[i]) == NULL)
                member_roster_note(r, key, ROSTER_MEMBER);
    }
}

static void fill_lists(struct member_roster *r)
{
    LIST_FOREACH (it, &r->lists)
        member_list_refill(LIST_OWNER(it, struct member_list, node));
}

/* The groups are no longer those of the view. */
static void regroup(struct member_roster *r)
{
    if (!member_roster_make_groups(r)) {
        r->reload = true;
        return;
    }
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&r->cards, &cursor, &key, &value)) {
        struct member_card *c = value;
        c->place.group = member_roster_group(r, c);
    }
    note_holders(r);
}

void member_roster_loaded(struct member_roster *r)
{
    r->loaded = true;
    if (r->shape != member_roster_shape(r->guild->view))
        regroup(r);
    fill_lists(r);
}

bool member_roster_resolve(struct guild_sub *s)
{
    struct member_roster *r = s->roster;
    bool all = r->resolve;
    r->resolve = false;
    if (all && r->loaded && r->shape != member_roster_shape(s->view)) {
        regroup(r);
        fill_lists(r);
    }
    LIST_FOREACH (it, &r->subscriptions) {
        struct guild_subscription *sub = LIST_OWNER(it, struct guild_subscription, node);
        if (all || sub->stale)
            subscription_resolve(sub);
        if (s->roster != r)
            return false;
    }
    return true;
}

/* Who is to be read; the others are dealt with. */
static size_t take_notes(struct member_roster *r, uint64_t ids[ROSTER_READ_MAX])
{
    uint64_t users[ROSTER_READ_MAX];
    size_t taken = 0;
    size_t count = 0;
    size_t cursor = 0;
    uint64_t key;
    void *what;
    while (taken < ROSTER_READ_MAX && map_next(&r->noted, &cursor, &key, &what)) {
        users[taken] = key;
        ids[taken++] = (uint64_t)(uintptr_t)what;
    }
    for (size_t i = 0; i < taken; i++) {
        bool read = ids[i] == ROSTER_MEMBER;
        const struct member_card *c = map_get(&r->cards, users[i]);
        map_remove(&r->noted, users[i]);
        if (c != NULL && !read) {
            member_roster_put_presence(r, c);
            continue;
        }
        struct presence *p =
            c == NULL && !r->whole ? presence_get(r->guild->hub->gateway, users[i]) : NULL;
        if (c != NULL || r->whole || p != NULL)
            ids[count++] = users[i];
        presence_unref(&p);
    }
    return count;
}

static void round_of(struct member_roster *r)
{
    uint64_t ids[ROSTER_READ_MAX];
    if (r->whole && !r->loaded) {
        member_roster_read(r, NULL, 0);
        return;
    }
    size_t n = take_notes(r, ids);
    if (n > 0)
        member_roster_read(r, ids, n);
    else if (!r->loaded && r->noted.count == 0)
        member_roster_loaded(r);
    if (r->loaded)
        member_lists_tell(r);
    if (r->noted.count > 0 || r->reload)
        member_roster_arm(r);
}

static void on_round(struct timer *t)
{
    struct member_roster *r = LIST_OWNER(t, struct member_roster, timer);
    struct guild_sub *s = r->guild;
    if (s->view == NULL || s->change != NULL) { /* in the middle of a new view */
        loop_timer_start(s->hub->loop, &r->timer, ROSTER_ROUND_MS, on_round);
        return;
    }
    if (r->loaded && r->whole != is_small(r))
        r->reload = true;
    if (r->reload && !begin_load(r)) {
        r->reload = true;
        member_roster_retry(r);
        return;
    }
    if (member_roster_resolve(s))
        round_of(r);
}

struct member_roster *member_roster_get(struct guild_sub *s)
{
    if (s->roster != NULL)
        return s->roster;
    struct member_roster *r = mem_zalloc(MEM_GATEWAY, sizeof *r);
    if (r == NULL)
        return NULL;
    r->guild = s;
    r->id = ++s->hub->rosters;
    r->reload = true;
    list_init(&r->lists);
    list_init(&r->subscriptions);
    map_init(&r->cards, MEM_GATEWAY, ROSTER_CARDS_MAX, s->hub->guilds.seed);
    map_init(&r->noted, MEM_GATEWAY, NOTES_MAX, s->hub->guilds.seed + 1);
    s->roster = r;
    loop_timer_start(s->hub->loop, &r->timer, 0, on_round);
    return r;
}

void member_lists_free(struct guild_sub *s)
{
    struct member_roster *r = s->roster;
    if (r == NULL)
        return;
    s->roster = NULL;
    loop_timer_stop(&r->timer);
    loop_timer_stop(&r->filling);
    while (list_pop_front(&r->subscriptions) != NULL)
        continue;
    free_cards(r);
    map_deinit(&r->cards);
    map_deinit(&r->noted);
    mem_free(MEM_GATEWAY, r->groups);
    mem_free(MEM_GATEWAY, r);
}
