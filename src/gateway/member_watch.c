/* A ring of the changes since the first of the readers under way began. It is made with the first
 * and freed with the last of them: most guilds have none most of the time. */
#include "gateway/member_watch.h"

enum { WATCH_MAX = 256 };

struct member_watch {
    uint64_t id;
    uint32_t readers;
    uint64_t count; /* ever noted */
    struct recent_change ring[WATCH_MAX];
};

struct member_mark member_watch_begin(struct guild_sub *s)
{
    if (s->watch == NULL) {
        s->watch = mem_zalloc(MEM_GATEWAY, sizeof *s->watch);
        if (s->watch == NULL)
            return (struct member_mark){0, 0};
        s->watch->id = ++s->hub->watches;
    }
    s->watch->readers++;
    return (struct member_mark){s->watch->id, s->watch->count};
}

void member_watch_note(struct guild_sub *s, const struct event *e)
{
    struct member_watch *w = s->watch;
    if (w == NULL || (e->kind != EVENT_GUILD_MEMBER_ADD && e->kind != EVENT_GUILD_MEMBER_UPDATE &&
                      e->kind != EVENT_GUILD_MEMBER_REMOVE))
        return;
    w->ring[w->count++ % WATCH_MAX] = (struct recent_change){e->entity_id, e->position};
}

/* Lists are ascending by id. */
static bool holds(const struct member_page *p, uint64_t user)
{
    size_t low = 0;
    size_t high = p->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->list[middle].user.id.v < user)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->count && p->list[low].user.id.v == user;
}

static bool touched(const struct member_watch *w, uint64_t since, const struct member_page *p)
{
    if (w->count - since > WATCH_MAX)
        return true;
    for (uint64_t i = since; i < w->count; i++) {
        const struct recent_change *r = &w->ring[i % WATCH_MAX];
        if (r->position > p->position && holds(p, r->user))
            return true;
    }
    return false;
}

bool member_watch_end(struct guild_sub *s, struct member_mark mark, const struct member_page *page)
{
    struct member_watch *w = s == NULL ? NULL : s->watch;
    if (w == NULL || mark.watch != w->id)
        return true;
    bool again = page != NULL && touched(w, mark.since, page);
    if (--w->readers == 0)
        member_watch_free(s);
    return again;
}

void member_watch_free(struct guild_sub *s)
{
    mem_free(MEM_GATEWAY, s->watch);
    s->watch = NULL;
}
