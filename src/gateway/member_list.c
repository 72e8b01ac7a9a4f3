/* The lists of a roster: who is in one, and who looks at which ranges of it. */
#include "gateway/member_list.h"

#include <assert.h>
#include <string.h>

#include "gateway/member_roster.h"
#include "model/permissions.h"

enum { LISTS_MAX = 100 }; /* of a guild; those beyond are not shown (ours) */

bool member_list_shows(const struct member_list *l, const struct member_card *c)
{
    if (c->place.group == MEMBER_GROUP_NONE)
        return false;
    if (l->id[0] == 'e')
        return true; /* "everyone" */
    const struct guild_sub *s = l->roster->guild;
    const struct channel *ch = guild_view_channel(s->view, (struct channel_id){l->channel});
    struct subject who = member_card_subject(c);
    return ch != NULL &&
           permissions_visible(s->view, &who, ch, clock_wall_ms(loop_clock(s->hub->loop)));
}

void member_list_fill(struct member_list *l)
{
    struct member_roster *r = l->roster;
    size_t cursor = 0;
    uint64_t key;
    void *value;
    bool ok = member_rows_reset(&l->rows, r->group_count);
    while (ok && map_next(&r->cards, &cursor, &key, &value)) {
        const struct member_card *c = value;
        if (member_list_shows(l, c))
            ok = member_rows_append(&l->rows, &c->place);
    }
    if (ok)
        member_rows_sort(&l->rows);
    else
        r->reload = true;
    l->filled = ok;
}

static struct member_list *first_unfilled(const struct member_roster *r)
{
    LIST_FOREACH (it, &r->lists) {
        struct member_list *l = LIST_OWNER(it, struct member_list, node);
        if (!l->filled)
            return l;
    }
    return NULL;
}

/* One of them. Nothing is told in the middle of a new view, nor to who has lost sight meanwhile. */
static void on_fill(struct timer *t)
{
    struct member_roster *r = LIST_OWNER(t, struct member_roster, filling);
    bool wait = r->guild->change != NULL;
    if (!wait && !member_roster_resolve(r->guild))
        return; /* nobody looks on any more */
    struct member_list *l = wait || !r->loaded ? NULL : first_unfilled(r);
    if (l != NULL)
        member_list_fill(l);
    if (l != NULL && l->filled)
        member_list_tell(l);
    if (r->reload)
        member_roster_arm(r);
    else if (wait || (r->loaded && first_unfilled(r) != NULL))
        loop_timer_start(r->guild->hub->loop, &r->filling, 1, on_fill);
}

void member_list_refill(struct member_list *l)
{
    struct member_roster *r = l->roster;
    l->filled = false;
    if (!member_rows_reset(&l->rows, r->group_count))
        r->reload = true;
    if (r->loaded && !list_linked(&r->filling.node))
        loop_timer_start(r->guild->hub->loop, &r->filling, 0, on_fill);
}

static struct member_list *find(const struct member_roster *r, const char *id, uint32_t *count)
{
    *count = 0;
    LIST_FOREACH (it, &r->lists) {
        struct member_list *l = LIST_OWNER(it, struct member_list, node);
        if (strcmp(l->id, id) == 0)
            return l;
        (*count)++;
    }
    return NULL;
}

struct member_list *member_list_get(struct member_roster *r, const struct channel *ch)
{
    char id[MEMBER_LIST_ID_MAX];
    uint32_t count;
    member_list_id(r->guild->view, ch, id);
    struct member_list *l = find(r, id, &count);
    if (l == NULL && count < LISTS_MAX) {
        l = mem_zalloc(MEM_GATEWAY, sizeof *l);
        if (l == NULL)
            return NULL;
        memcpy(l->id, id, sizeof id);
        l->roster = r;
        list_init(&l->looks);
        member_rows_init(&l->rows);
        list_push_back(&r->lists, &l->node);
    }
    if (l == NULL)
        return NULL;
    bool fresh = l->channel == 0;
    l->channel = ch->id.v;
    if (fresh && r->loaded)
        member_list_refill(l);
    return l;
}

static void list_free(struct member_list *l)
{
    list_remove(&l->node);
    member_rows_deinit(&l->rows);
    mem_free(MEM_GATEWAY, l);
}

void member_roster_release(struct guild_sub *s)
{
    struct member_roster *r = s->roster;
    if (r == NULL)
        return;
    LIST_FOREACH (it, &r->lists) {
        struct member_list *l = LIST_OWNER(it, struct member_list, node);
        if (list_empty(&l->looks))
            list_free(l);
    }
    if (list_empty(&r->lists))
        member_lists_free(s);
}

/* --- members --- */

static bool same_place(const struct member_place *a, const struct member_place *b)
{
    return a->group == b->group && slice_eq(a->name, b->name);
}

static void put(struct member_list *l, const struct member_card *old, const struct member_card *now)
{
    struct member_rows *r = &l->rows;
    bool was = old != NULL && member_rows_has(r, &old->place);
    bool will = now != NULL && member_list_shows(l, now);
    if (was && will && same_place(&old->place, &now->place)) {
        member_rows_replace(r, &now->place);
        return;
    }
    if (was)
        member_rows_remove(r, &old->place);
    if (will && !member_rows_insert(r, &now->place))
        l->roster->reload = true;
}

void member_lists_put(struct member_roster *r, struct member_card *old, struct member_card *now)
{
    LIST_FOREACH (it, &r->lists)
        if (r->loaded && LIST_OWNER(it, struct member_list, node)->filled)
            put(LIST_OWNER(it, struct member_list, node), old, now);
    member_card_free(&old);
}

/* --- who looks --- */

static struct member_look *look_of(struct member_list *l, const struct member_ranges *ranges)
{
    LIST_FOREACH (it, &l->looks) {
        struct member_look *x = LIST_OWNER(it, struct member_look, node);
        if (member_ranges_equal(&x->ranges, ranges))
            return x;
    }
    struct member_look *x = mem_zalloc(MEM_GATEWAY, sizeof *x);
    if (x == NULL)
        return NULL;
    x->list = l;
    x->ranges = *ranges;
    list_init(&x->seats);
    list_push_back(&l->looks, &x->node);
    return x;
}

/* Leaves a list without looks where it is: member_roster_release sees to it. */
void member_seat_leave(struct member_seat *seat)
{
    struct member_look *x = seat->look;
    if (x == NULL)
        return;
    seat->look = NULL;
    list_remove(&seat->node);
    if (!list_empty(&x->seats))
        return;
    list_remove(&x->node);
    mem_free(MEM_GATEWAY, x);
}

/* Those of `a` that are not in `b`, as they are. */
static struct member_ranges without(const struct member_ranges *a, const struct member_ranges *b)
{
    struct member_ranges out = {0};
    for (uint32_t i = 0; i < a->count; i++) {
        bool there = false;
        for (uint32_t k = 0; k < b->count; k++)
            there = there ||
                    (b->list[k].first <= a->list[i].first && b->list[k].last >= a->list[i].last);
        if (!there)
            out.list[out.count++] = a->list[i];
    }
    return out;
}

void member_seat_take(struct member_seat *seat, struct member_list *l,
                      const struct member_ranges *ranges)
{
    struct member_ranges before = {0};
    if (seat->look != NULL) {
        assert(seat->look->list == l);
        if (member_ranges_equal(&seat->look->ranges, ranges))
            return;
        before = seat->look->ranges;
    }
    struct member_look *x = look_of(l, ranges);
    if (x == NULL)
        return;
    /* A change that was not told yet is in what this one is told. */
    if (l->rows.step_count > 0)
        l->rows.lost = true;
    member_seat_leave(seat);
    seat->look = x;
    list_push_back(&x->seats, &seat->node);
    struct member_ranges gone = without(&before, ranges);
    struct member_ranges fresh = without(ranges, &before);
    if (l->filled) /* if not, all are told when it is */
        member_seat_tell(seat, &gone, &fresh);
}
