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
 */

#include "core/core_priv.h"

#include <sched.h>

#include "core/guilds.h"
#include "store/channels.h"
#include "store/guilds.h"
#include "store/roles.h"

/* 500 channels of 1,000 overwrites each, twice over, and their names. */
enum { LOAD_BYTES_MAX = 96 * 1024 * 1024 };

static enum err load(struct sql_conn *sql, struct guild_id id, struct arena *arena,
                     struct guild_view **out)
{
    struct guild_record r;
    struct role *roles;
    struct channel *channels;
    size_t role_count, channel_count;
    enum err e = guilds_find(sql, id, arena, &r);
    if (e == ERR_OK)
        e = roles_of_guild(sql, id, arena, &roles, &role_count);
    if (e == ERR_OK)
        e = channels_of_guild(sql, id, arena, &channels, &channel_count);
    if (e != ERR_OK)
        return e;
    struct guild_view *v = guild_view_new(&r.guild, r.structure_position, r.permission_generation,
                                          roles, role_count, channels, channel_count);
    if (v == NULL)
        return ERR_NO_MEMORY;
    *out = v;
    return ERR_OK;
}

enum err views_load(struct sql_conn *sql, struct guild_id id, struct guild_view **out)
{
    struct arena arena;
    arena_init(&arena, MEM_CORE, LOAD_BYTES_MAX);
    enum err e = load(sql, id, &arena, out);
    arena_deinit(&arena);
    return e;
}

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

void views_replace(struct core *c, const struct guild_view *v)
{
    struct cell *cell = cellmap_get(c->views, v->guild.id.v);
    if (cell != NULL)
        install(cell, v);
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
    if (guild_view_get(c, id, &v) == ERR_OK)
        guild_view_unref(&v);
}

enum err views_restructured(struct tx *tx, struct guild_id id, struct guild_view **view)
{
    uint64_t head;
    guild_view_unref(view);
    enum err e = tx_stream_head(tx, core_guild_stream(id), &head);
    if (e == ERR_OK)
        e = guilds_restructure(tx_sql(tx), id, head + 1);
    if (e == ERR_OK)
        e = views_load(tx_sql(tx), id, view);
    return e;
}
