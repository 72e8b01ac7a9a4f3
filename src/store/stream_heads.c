/* Heads of streams, by stream. */

#include "store/stream_heads.h"

#include <assert.h>

#include "store/event_log_priv.h"
#include "store/store_priv.h"

/* Guilds and users have different ids, so kinds hardly ever meet under one key. */
static uint64_t key_of(struct stream s)
{
    return s.id != 0 ? s.id : UINT64_MAX;
}

static bool is_ready(struct stream_heads *h)
{
    if (h->items != NULL)
        return true;
    h->items = mem_array(MEM_STORE, STREAM_HEADS_MAX, sizeof *h->items);
    map_init(&h->by_key, MEM_STORE, STREAM_HEADS_MAX, 0);
    return h->items != NULL;
}

void stream_heads_deinit(struct stream_heads *h)
{
    if (h->items == NULL)
        return;
    map_deinit(&h->by_key);
    mem_free(MEM_STORE, h->items);
    *h = (struct stream_heads){.count = 0};
}

void stream_heads_clear(struct stream_heads *h)
{
    for (unsigned i = 0; i < h->count; i++)
        map_remove(&h->by_key, key_of(h->items[i].stream));
    h->count = 0;
}

bool stream_heads_have_room(const struct stream_heads *h)
{
    return h->count + STORE_STREAMS_TX_MAX <= STREAM_HEADS_MAX;
}

struct stream_head *stream_heads_find(const struct stream_heads *h, struct stream s)
{
    struct stream_head *it = h->items == NULL ? NULL : map_get(&h->by_key, key_of(s));
    while (it != NULL && (it->stream.kind != s.kind || it->stream.id != s.id))
        it = it->next;
    return it;
}

enum err stream_heads_get(struct stream_heads *h, struct sql_conn *c, struct stream s,
                          struct stream_head **out)
{
    uint64_t head;
    *out = stream_heads_find(h, s);
    if (*out != NULL)
        return ERR_OK;
    if (!is_ready(h) || h->count == STREAM_HEADS_MAX)
        return ERR_NO_MEMORY;
    enum err e = event_log_head(c, s, &head);
    if (e != ERR_OK)
        return e;
    struct stream_head *it = &h->items[h->count];
    *it = (struct stream_head){s, head, head, map_get(&h->by_key, key_of(s))};
    if (!map_put(&h->by_key, key_of(s), it))
        return ERR_NO_MEMORY;
    h->count++;
    *out = it;
    return ERR_OK;
}

void stream_heads_undo(struct stream_heads *h, const struct event *e)
{
    struct stream_head *it = e->position == 0 ? NULL : stream_heads_find(h, e->stream);
    if (it == NULL)
        return;
    assert(it->head == e->position);
    it->head = e->position - 1;
}

enum err stream_heads_store(struct stream_heads *h, struct sql_conn *c)
{
    enum err e = ERR_OK;
    for (unsigned i = 0; i < h->count && e == ERR_OK; i++) {
        const struct stream_head *it = &h->items[i];
        if (it->head != it->stored)
            e = event_log_put_head(c, it->stream, it->head);
    }
    return e;
}
