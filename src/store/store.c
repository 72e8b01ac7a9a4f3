/* Opening and closing a store: its folder (folder.h), and the engine that the url asks for. */

#include "store/backfill_priv.h"
#include "store/engine.h"
#include "store/folder.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct opening {
    const struct store_options *o;
    struct store *s;
    char *why;
    size_t why_len;
};

static _Thread_local bool thread_inside;

bool store_thread_is_inside(void)
{
    return thread_inside;
}

void store_thread_set_inside(bool inside)
{
    thread_inside = inside;
}

bool store_url_is_postgres(const char *url)
{
    return url != NULL &&
           (strncmp(url, "postgres://", 11) == 0 || strncmp(url, "postgresql://", 13) == 0);
}

static enum err choose_engine(const struct opening *op)
{
    const char *url = op->o->url;
    if (url == NULL || url[0] == '\0') {
        op->s->engine = &sqlite_engine;
        return ERR_OK;
    }
    if (store_url_is_postgres(url)) {
        op->s->engine = &postgres_engine;
        return ERR_OK;
    }
    snprintf(op->why, op->why_len, "The store's url must begin with postgres:// or postgresql://.");
    return ERR_STORE;
}

enum err store_raise_ids(struct store *s, struct sql_conn *c)
{
    struct sql_stmt *q = sql_query(c, "SELECT number FROM meta WHERE name = 'id_floor'");
    bool found = sql_step(q);
    uint64_t floor = found ? sql_u64(q, 0) : 0;
    enum err e = sql_done(q);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_STORE;
    snowflake_init(&s->ids, s->o.worker_id, s->o.clock);
    snowflake_raise(&s->ids, floor);
    atomic_store_explicit(&s->id_floor, floor, memory_order_relaxed);
    return ERR_OK;
}

static enum err open_inside(const struct opening *op)
{
    enum err e = folder_lock(op->o->path, &op->s->lock_fd, op->why, op->why_len);
    if (e == ERR_OK)
        e = choose_engine(op);
    if (e == ERR_OK)
        e = op->s->engine->open(op->s, op->o, op->why, op->why_len);
    return e == ERR_OK ? backfill_open(op->s, op->o->migrations_dir, op->why, op->why_len) : e;
}

static void check_options(const struct store_options *o)
{
    assert(o->path != NULL && o->clock != NULL);
    assert(o->readers > 0 && o->batch_max > 0 && o->queue_max > 0 && o->read_limit_ms > 0);
    assert(o->worker_id <= SNOWFLAKE_WORKER_MAX);
}

enum err store_open(const struct store_options *o, struct store **out, char *why, size_t why_len)
{
    check_options(o);
    assert(why != NULL && why_len > 0);
    why[0] = '\0';
    struct store *s = mem_zalloc(MEM_STORE, sizeof *s);
    enum err e = ERR_NO_MEMORY;
    if (s != NULL) {
        s->magic = STORE_MAGIC;
        s->o = *o;
        snprintf(s->path, sizeof s->path, "%s", o->path);
        s->o.path = s->path;
        s->o.url = NULL; /* has a password */
        s->o.migrations_dir = NULL;
        s->lock_fd = -1;
        freezer_init(&s->freezer);
        e = open_inside(&(struct opening){.o = o, .s = s, .why = why, .why_len = why_len});
    }
    if (e == ERR_OK) {
        *out = s;
        return ERR_OK;
    }
    if (why[0] == '\0')
        snprintf(why, why_len, "The store cannot be opened: %s.", err_info(e)->name);
    store_close(&s);
    return e;
}

void store_close(struct store **sp)
{
    struct store *s = *sp;
    if (s == NULL)
        return;
    assert(s->magic == STORE_MAGIC && !store_thread_is_inside());
    if (s->engine != NULL)
        s->engine->close(s);
    backfill_close(&s->backfill);
    freezer_deinit(&s->freezer);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->magic = 0;
    mem_free(MEM_STORE, s);
    *sp = NULL;
}

enum err store_write(struct store *s, store_fn fn, void *ctx)
{
    assert(!store_thread_is_inside() && "a transaction inside a transaction");
    if (!freezer_enter(&s->freezer))
        return ERR_STORE_FROZEN;
    enum err e = s->engine->write(s, fn, ctx);
    freezer_leave(&s->freezer);
    return e;
}

enum err store_read(struct store *s, store_fn fn, void *ctx)
{
    assert(!store_thread_is_inside() && "a transaction inside a transaction");
    return s->engine->read(s, fn, ctx);
}

enum err store_between(struct store *s, store_between_fn fn, void *ctx)
{
    assert(!store_thread_is_inside() && "a transaction inside a transaction");
    assert(s->engine == &sqlite_engine);
    return writer_between(s, fn, ctx);
}

enum err store_trouble(struct store *s)
{
    return freezer_is_frozen(&s->freezer) ? ERR_STORE_FROZEN : s->engine->trouble(s);
}

void store_attach(struct store *s, void *context)
{
    s->context = context;
}

bool store_ready(struct store *s)
{
    return store_trouble(s) == ERR_OK;
}

const char *store_backend(const struct store *s)
{
    return s->engine->name;
}

const char *store_path(const struct store *s)
{
    return s->path;
}

bool store_freeze(struct store *s)
{
    return freezer_freeze(&s->freezer);
}

void store_thaw(struct store *s)
{
    freezer_thaw(&s->freezer);
}
