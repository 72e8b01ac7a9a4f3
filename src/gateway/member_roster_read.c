/* A roster's members, from the store to their places in the lists. */
#include <stdlib.h>
#include <string.h>

#include "gateway/member_roster.h"

enum { CARD_BYTES_MAX = 64 * 1024 };

struct roster_job {
    struct gw_job job; /* first */
    uint64_t guild;
    uint64_t roster;
    struct member_query query;
    uint64_t ids[ROSTER_READ_MAX];
    struct member_page page;
    struct member_card *cards[ROSTER_READ_MAX]; /* of the page */
};

static uint64_t guild_of(const struct member_roster *r)
{
    return r->guild->feed.stream.id;
}

/* The member as read; NULL: there is no such member. Takes the card over. */
static void put_card(struct member_roster *r, uint64_t user, struct member_card *now)
{
    struct member_card *old = map_get(&r->cards, user);
    if (now != NULL) {
        now->presence = presence_in_guild(r->guild->hub->gateway, guild_of(r), user);
        now->place.group = member_roster_group(r, now);
    }
    bool unwanted = now != NULL && now->place.group == MEMBER_GROUP_NONE;
    bool same = now != NULL && old != NULL && member_card_same(old, now);
    bool kept = now != NULL && !unwanted && !same && map_put(&r->cards, user, now);
    if (!kept)
        member_card_free(&now);
    if (same)
        return;
    if (!kept && old != NULL)
        map_remove(&r->cards, user);
    if (old != NULL || kept)
        member_lists_put(r, old, now);
}

static struct member_card *card_copy(const struct member_card *c)
{
    size_t size = sizeof *c + c->role_count * sizeof c->roles[0] + c->place.name.len + c->json_len;
    struct member_card *now = mem_alloc(MEM_GATEWAY, size);
    if (now == NULL)
        return NULL;
    memcpy(now, c, size);
    char *at = (char *)now->roles + c->role_count * sizeof c->roles[0];
    now->place.name.data = at;
    now->json = at + c->place.name.len;
    now->presence = NULL;
    return now;
}

/* Nothing but the presence. */
void member_roster_put_presence(struct member_roster *r, const struct member_card *old)
{
    struct presence *p = presence_in_guild(r->guild->hub->gateway, guild_of(r), old->place.user);
    bool same = p == old->presence;
    presence_unref(&p);
    if (same)
        return;
    struct member_card *now = card_copy(old);
    if (now == NULL)
        r->reload = true;
    else
        put_card(r, old->place.user, now);
}

static void read_work(struct gw_job *j)
{
    struct roster_job *x = (struct roster_job *)j;
    x->query.ids = x->ids;
    j->err = member_page_read(j->hub->gateway->options.core, &x->query, &j->arena, &x->page);
    struct buf scratch;
    buf_init(&scratch, MEM_GATEWAY, CARD_BYTES_MAX);
    for (size_t i = 0; j->err == ERR_OK && i < x->page.count; i++) {
        x->cards[i] = member_card_new(&x->page.list[i], &scratch);
        if (x->cards[i] == NULL)
            j->err = ERR_NO_MEMORY;
    }
    buf_deinit(&scratch);
}

/* The page of a whole roster, or those who were asked for: who is not in it is no member. */
static void take_page(struct member_roster *r, struct roster_job *x)
{
    size_t k = 0;
    for (size_t i = 0; i < x->query.id_count; i++) {
        if (k < x->page.count && x->page.list[k].user.id.v == x->ids[i]) {
            put_card(r, x->ids[i], x->cards[k]);
            x->cards[k++] = NULL;
        } else {
            put_card(r, x->ids[i], NULL);
        }
    }
    if (x->query.kind == MEMBERS_AMONG)
        return;
    for (size_t i = 0; i < x->page.count; i++) {
        r->after = x->page.list[i].user.id.v;
        put_card(r, r->after, x->cards[i]);
        x->cards[i] = NULL;
    }
    if (x->page.count < x->query.limit || r->cards.count == ROSTER_CARDS_MAX)
        member_roster_loaded(r);
}

/* Nothing is told while a new view is coming in, nor to anybody who has lost sight meanwhile. */
static void take_answer(struct member_roster *r, struct roster_job *x)
{
    bool told = r->guild->change == NULL;
    if (told && !member_roster_resolve(r->guild))
        return; /* nobody looks on any more */
    take_page(r, x);
    LIST_FOREACH (it, &r->lists)
        if (!told) /* the steps would outlive the cards that they name */
            LIST_OWNER(it, struct member_list, node)->rows.lost = true;
    if (told && r->loaded)
        member_lists_tell(r);
    if (!told || !r->loaded || r->reload || r->noted.count > 0)
        member_roster_arm(r);
}

static void read_done(struct gw_job *j)
{
    struct roster_job *x = (struct roster_job *)j;
    struct guild_sub *s = map_get(&j->hub->guilds, x->guild);
    struct member_roster *r = s == NULL ? NULL : s->roster;
    if (r != NULL && r->id == x->roster) {
        r->reading = false;
        if (j->err != ERR_OK) {
            r->reload = true; /* the store is overloaded: later, anew */
            member_roster_retry(r);
        } else if (r->reload) {
            member_roster_arm(r);
        } else {
            take_answer(r, x);
        }
    }
    for (size_t i = 0; i < ROSTER_READ_MAX; i++)
        member_card_free(&x->cards[i]);
    gw_job_free(j);
}

static int by_id(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* ids NULL: the next page of everybody. */
void member_roster_read(struct member_roster *r, const uint64_t *ids, size_t count)
{
    struct roster_job *x = gw_job_new(r->guild->hub, sizeof *x, read_work, read_done);
    if (x == NULL) {
        r->reload = true;
        member_roster_arm(r);
        return;
    }
    x->guild = r->guild->feed.stream.id;
    x->roster = r->id;
    x->query = (struct member_query){.kind = ids == NULL ? MEMBERS_AFTER : MEMBERS_AMONG,
                                     .guild = {x->guild},
                                     .after = r->after,
                                     .limit = ROSTER_READ_MAX,
                                     .id_count = count};
    if (count > 0) {
        memcpy(x->ids, ids, count * sizeof *ids);
        qsort(x->ids, count, sizeof x->ids[0], by_id);
    }
    r->reading = true;
    gw_job_submit(&x->job, JOB_READ);
}
