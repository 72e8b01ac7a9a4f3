/* Sets of ids, read while they change. */

#include "store/log_check_priv.h"

#include <assert.h>
#include <string.h>

#include "base/map.h"

enum { ID_PAGES_FIRST = 4 };

struct page_read {
    struct id_set *set;
    uint64_t after;
    uint64_t last;
    uint64_t count;
    uint64_t hash;
    uint64_t head;
};

static struct sql_stmt *query(struct tx *tx, const struct page_read *p)
{
    struct sql_stmt *s =
        p->set->members
            ? sql_query(tx_sql(tx), "SELECT user_id FROM members WHERE guild_id = $1 AND "
                                    "user_id > $2 ORDER BY user_id LIMIT $3")
            : sql_query(tx_sql(tx), "SELECT id FROM messages WHERE channel_id = $1 AND id > $2 "
                                    "ORDER BY id LIMIT $3");
    sql_bind_u64(s, 1, p->set->owner);
    sql_bind_u64(s, 2, p->after);
    sql_bind_u64(s, 3, CHECK_IDS);
    return s;
}

static enum err read_page(struct tx *tx, void *ctx)
{
    struct page_read *p = ctx;
    p->count = p->hash = 0;
    struct sql_stmt *s = query(tx, p);
    while (sql_step(s)) {
        p->last = sql_u64(s, 0);
        p->hash += map_hash(0, p->last);
        p->count++;
    }
    enum err e = sql_done(s);
    return e == ERR_OK ? tx_stream_head(tx, p->set->stream, &p->head) : e;
}

static bool note_page(struct id_set *s, uint64_t upto, uint64_t head)
{
    if (s->page_count == s->page_cap) {
        size_t cap = s->page_cap == 0 ? ID_PAGES_FIRST : s->page_cap * 2;
        struct id_page *pages = arena_array(s->arena, cap, sizeof *pages);
        if (pages == NULL)
            return false;
        if (s->page_count > 0)
            memcpy(pages, s->pages, s->page_count * sizeof *pages);
        s->pages = pages;
        s->page_cap = cap;
    }
    s->pages[s->page_count++] = (struct id_page){upto, head};
    return true;
}

enum err id_set_read(struct log_check_run *r, struct id_set *s, uint64_t after)
{
    struct page_read p = {.set = s, .after = after, .count = CHECK_IDS};
    while (p.count == CHECK_IDS) {
        enum err e = check_read(r, read_page, &p);
        if (e != ERR_OK)
            return e;
        s->count += p.count;
        s->hash += p.hash;
        if (!note_page(s, p.count == CHECK_IDS ? p.last : UINT64_MAX, p.head))
            return ERR_NO_MEMORY;
        p.after = p.last;
    }
    return ERR_OK;
}

/* The position of the stream as of which `id` was read. */
static uint64_t head_of(const struct id_set *s, uint64_t id)
{
    size_t low = 0;
    size_t high = s->page_count;
    assert(high > 0);
    while (low + 1 < high) {
        size_t middle = (low + high - 1) / 2;
        if (s->pages[middle].upto < id)
            low = middle + 1;
        else
            high = middle + 1;
    }
    return s->pages[low].head;
}

void id_set_log(struct id_set *s, uint64_t id, uint64_t position, bool came)
{
    if (position > head_of(s, id))
        return;
    s->log_count += came ? 1 : UINT64_MAX;
    s->log_hash += came ? map_hash(0, id) : 0 - map_hash(0, id);
}

bool id_set_agrees(const struct id_set *s)
{
    return s->count == s->log_count && s->hash == s->log_hash;
}
