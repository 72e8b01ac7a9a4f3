/*
 * The cache of guild views. The difficulty: a view read from SQL may be older than one that a
 * commit publishes while it is being read, and must then not overwrite it; and a commit must not
 * slip between a loader's reading and its installing unnoticed.
 *
 * The rule: a loader has the cell in the map before its read transaction begins, and installs by
 * comparing positions; on_commit replaces the views of cells that exist. If a commit finds
 * no cell, it ended before the loader added it, so the loader reads its effect; if it finds the
 * cell, the comparison keeps the later of the two, whoever comes first. Cells are made for guilds
 * that exist only, so that made-up ids cannot fill the map; when the map is full, views are loaded
 * each time.
 *
 * The newest message of each channel is kept in the view too, and is the one thing there that
 * changes. The difficulty is the same: a commit's message must not fall between a read of SQL and
 * the view that will hold what was read. on_commit, on one thread at a time and in the order of the
 * log, notes a message in the view that its cell holds, and a view that on_commit installs takes
 * over what the one before it knew. All other views know nothing at first. What is not known is
 * read from SQL and written into the view only if that view was in the cell before the read began:
 * whatever was committed later is noted there by on_commit, and never made older, since ids of a
 * channel grow with its commits. cell->head says up to which position of the stream that is
 * complete.
 */

#include "core/core_priv.h"

#include <sched.h>

#include "core/guilds.h"
#include "store/channels.h"
#include "store/guilds.h"

/* cell->state is a spin lock around compare-and-set, a few instructions without I/O or allocation.
 * Acquire and release: one holder's set is seen by the next one's get. */
static void lock(struct cell *cell)
{
    uint32_t free_state = 0;
    while (!atomic_compare_exchange_weak_explicit(&cell->state, &free_state, 1,
                                                  memory_order_acquire, memory_order_relaxed)) {
        free_state = 0;
        sched_yield();
    }
}

static void unlock(struct cell *cell)
{
    atomic_store_explicit(&cell->state, 0, memory_order_release);
}

/* A reference for the caller; NULL if the cell is empty. */
static struct guild_view *peek(struct cell *cell)
{
    return (struct guild_view *)(void *)snapshot_cell_get(&cell->snapshot);
}

/* Takes a reference of its own, if v is later than what is there. */
static void install(struct cell *cell, const struct guild_view *v)
{
    lock(cell);
    struct guild_view *now = peek(cell);
    if (now == NULL || now->position < v->position)
        snapshot_cell_set(&cell->snapshot, &guild_view_ref(v)->snapshot);
    unlock(cell);
    guild_view_unref(&now);
}

/* Acquire and release: who reads a position finds the messages up to it. */
static void reach(struct cell *cell, uint64_t position)
{
    uint64_t now = atomic_load_explicit(&cell->head, memory_order_relaxed);
    while (now < position &&
           !atomic_compare_exchange_weak_explicit(&cell->head, &now, position, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

static void replace(struct cell *cell, const struct guild_view *v)
{
    struct guild_view *before = peek(cell);
    if (before != NULL && before->position < v->position)
        guild_view_inherit_messages(v, before);
    install(cell, v);
    guild_view_unref(&before);
}

static void note_message(struct cell *cell, const struct event *e)
{
    struct guild_view *v = peek(cell);
    if (v != NULL)
        guild_view_note_message(v, (struct channel_id){e->channel_id},
                                (struct message_id){e->entity_id});
    guild_view_unref(&v);
}

void views_on_event(struct core *c, const struct event *e)
{
    if (e->stream.kind != STREAM_GUILD || e->position == 0)
        return;
    struct cell *cell = cellmap_get(c->views, e->stream.id);
    if (cell == NULL)
        return;
    if (e->view != NULL)
        replace(cell, e->view);
    if (e->kind == EVENT_MESSAGE_CREATE)
        note_message(cell, e);
    reach(cell, e->position);
}

void views_replace(struct core *c, const struct guild_view *v)
{
    struct cell *cell = cellmap_get(c->views, v->guild.id.v);
    if (cell != NULL)
        replace(cell, v);
}

bool views_is_cached(struct core *c, const struct guild_view *v)
{
    struct cell *cell = cellmap_get(c->views, v->guild.id.v);
    struct guild_view *now = cell == NULL ? NULL : peek(cell);
    bool cached = now == v;
    guild_view_unref(&now);
    return cached;
}

bool views_messages_reach(struct core *c, const struct guild_view *v, uint64_t position)
{
    struct cell *cell = cellmap_get(c->views, v->guild.id.v);
    return cell != NULL && atomic_load_explicit(&cell->head, memory_order_acquire) >= position;
}

void views_learn_messages(struct core *c, const struct guild_view *v, const struct message_id *list,
                          uint64_t position)
{
    for (size_t i = 0; i < v->channel_count; i++)
        guild_view_learn_message(v, i, list[i]);
    struct cell *cell = cellmap_get(c->views, v->guild.id.v);
    if (cell != NULL)
        reach(cell, position);
}

void views_forget(struct core *c, struct guild_id id)
{
    struct cell *cell = cellmap_get(c->views, id.v);
    if (cell == NULL)
        return;
    lock(cell);
    snapshot_cell_set(&cell->snapshot, NULL);
    unlock(cell);
}

struct guild_view *views_known(struct tx *tx, struct guild_id id, uint64_t position)
{
    const struct guild_view *emitted = tx_emitted_view(tx, core_guild_stream(id));
    if (emitted != NULL)
        return emitted->position == position ? guild_view_ref(emitted) : NULL;
    struct core *c = tx_context(tx);
    struct cell *cell = c == NULL ? NULL : cellmap_get(c->views, id.v);
    struct guild_view *v = cell == NULL ? NULL : peek(cell);
    if (v != NULL && v->position != position)
        guild_view_unref(&v);
    return v;
}

enum err views_at(struct core *c, struct tx *tx, struct guild_id id, uint64_t position,
                  struct guild_view **out, bool *missed)
{
    struct cell *cell = cellmap_get(c->views, id.v);
    struct guild_view *v = cell == NULL ? NULL : peek(cell);
    if (v != NULL && v->position == position) {
        *out = v;
        *missed = false;
        return ERR_OK;
    }
    /* Empty, or between a commit and its on_commit. Not installed: see the rule above. */
    *missed = v == NULL;
    guild_view_unref(&v);
    return views_load(tx_sql(tx), id, out);
}

struct view_read {
    struct guild_id id;
    uint64_t position;
    struct guild_view *view;
};

static enum err read_position(struct tx *tx, void *ctx)
{
    struct view_read *r = ctx;
    return guilds_structure_position(tx_sql(tx), r->id, &r->position);
}

static enum err read_view(struct tx *tx, void *ctx)
{
    struct view_read *r = ctx;
    guild_view_unref(&r->view);
    return views_load(tx_sql(tx), r->id, &r->view);
}

enum err guild_view_get(struct core *c, struct guild_id id, struct guild_view **out)
{
    struct view_read r = {.id = id};
    if (id.v == 0)
        return ERR_UNKNOWN_GUILD;
    struct cell *cell = cellmap_get(c->views, id.v);
    if (cell != NULL && (r.view = peek(cell)) != NULL) {
        *out = r.view;
        return ERR_OK;
    }
    enum err e = cell == NULL ? store_read(c->store, read_position, &r) : ERR_OK;
    if (e != ERR_OK)
        return e;
    cell = cellmap_get_or_add(c->views, id.v);
    e = store_read(c->store, read_view, &r);
    if (e != ERR_OK) {
        guild_view_unref(&r.view);
        return e;
    }
    if (cell != NULL)
        install(cell, r.view);
    *out = r.view;
    return ERR_OK;
}

void views_warm(struct core *c, struct guild_id id)
{
    struct guild_view *v = NULL;
    /* Without room there is nothing to load it for. */
    if (cellmap_get_or_add(c->views, id.v) != NULL && guild_view_get(c, id, &v) == ERR_OK)
        guild_view_unref(&v);
}
