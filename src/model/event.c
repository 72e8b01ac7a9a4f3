/* Events: the table expanded, and their reference count. */

#include "model/event.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "model/permissions.h"

enum { CONTENT_USERS_MAX = 101 }; /* the author and 100 mentioned */

/* By number, with holes where a number is not (or no longer) used. */
static const struct event_info table[EVENT_KIND_END] = {
#define X(name, number, stream, audience, intents, permissions, kept, replay)                      \
    [number] = {#name,   EVENT_##name, STREAM_##stream, AUDIENCE_##audience,                       \
                intents, permissions,  KEPT_##kept,     REPLAY_##replay},
#include "model/events.def"
#undef X
};

const struct event_info *event_info(enum event_kind kind)
{
    if ((unsigned)kind >= EVENT_KIND_END || table[kind].name == NULL)
        return NULL;
    return &table[kind];
}

const char *event_dispatch_name(enum event_kind kind)
{
    static const char direct[] = "DIRECT_";
    const char *name = event_info(kind)->name;
    return strncmp(name, direct, sizeof direct - 1) == 0 ? name + sizeof direct - 1 : name;
}

struct standing *standing_new(const struct member *m)
{
    struct standing *s = mem_zalloc(MEM_EVENTS, sizeof *s + m->role_count * sizeof *m->roles);
    if (s == NULL)
        return NULL;
    s->position = m->standing;
    s->timed_out_until_ms = m->timed_out_until_ms;
    s->pending = m->pending;
    s->role_count = (uint32_t)m->role_count;
    if (m->role_count > 0)
        memcpy(s->roles, m->roles, m->role_count * sizeof *m->roles);
    return s;
}

/* One allocation: the list of users follows the struct. */
struct event *event_new(enum event_kind kind, struct stream stream, const uint64_t *content_users,
                        uint32_t content_user_count)
{
    assert(event_info(kind) != NULL);
    assert(content_user_count <= CONTENT_USERS_MAX);
    size_t list_bytes = content_user_count * sizeof *content_users;
    struct event *e = mem_zalloc(MEM_EVENTS, sizeof *e + list_bytes);
    if (e == NULL)
        return NULL;
    atomic_init(&e->refs, 1);
    e->kind = kind;
    e->stream = stream;
    if (content_user_count == 0)
        return e;
    memcpy(e + 1, content_users, list_bytes);
    e->content_users = (const uint64_t *)(const void *)(e + 1);
    e->content_user_count = content_user_count;
    e->content_whole_count = content_user_count;
    return e;
}

/* Relaxed: the caller has a reference, so the count is not 0. */
struct event *event_ref(struct event *e)
{
    uint32_t before = atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    assert(before > 0 && before < UINT32_MAX);
    return e;
}

/* Acquire and release: what other holders did with the event comes before the free. */
void event_unref(struct event **e)
{
    struct event *gone = *e;
    *e = NULL;
    if (gone == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&gone->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    bytes_unref(&gone->payload);
    bytes_unref(&gone->payload_blank);
    bytes_unref(&gone->payload_own);
    guild_view_unref(&gone->view);
    mem_free(MEM_EVENTS, gone->standing);
    if (gone->voice != NULL) {
        bytes_unref(&gone->voice->gone);
        bytes_unref(&gone->voice->member);
    }
    mem_free(MEM_EVENTS, gone->voice);
    mem_free(MEM_EVENTS, gone);
}
