#pragma once

/* What the tests of tasks share: running them, counting rows of any table, and finding a text in
 * the files of the database. */

#include "contract/core_fixture.h"
#include "core/guild_delete.h"
#include "core/tasks.h"
#include "core/user_erase.h"
#include "store/space.h"

/* Until nothing is left to do; the number of steps. */
UNUSED static unsigned run_tasks(struct core_fixture *f)
{
    unsigned steps = 0;
    for (bool more = true; more; steps++) {
        assert_true(steps < 20000);
        assert_int_equal(core_task_step(f->core, &more), ERR_OK);
    }
    return steps;
}

UNUSED static void run_steps(struct core_fixture *f, unsigned count)
{
    bool more;
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(core_task_step(f->core, &more), ERR_OK);
}

UNUSED static bool is_running(struct core_fixture *f, enum task_kind kind, uint64_t subject)
{
    struct task_progress p;
    assert_int_equal(core_task_progress(f->core, kind, subject, &p), ERR_OK);
    return p.running;
}

struct counting {
    const char *text;
    uint64_t id;
    uint64_t count;
};

static enum err read_count_of(struct tx *tx, void *ctx)
{
    struct counting *x = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), x->text);
    sql_bind_u64(s, 1, x->id);
    while (sql_step(s))
        x->count = sql_u64(s, 0);
    return sql_done(s);
}

/* `text` counts something about $1. */
UNUSED static uint64_t count_of(struct core_fixture *f, const char *text, uint64_t id)
{
    struct counting x = {text, id, 0};
    assert_int_equal(store_read(f->store, read_count_of, &x), ERR_OK);
    return x.count;
}

UNUSED static size_t events_of(const struct core_fixture *f, enum event_kind kind, uint64_t stream)
{
    size_t n = 0;
    for (size_t i = 0; i < f->event_count; i++)
        n += f->events[i]->kind == kind && f->events[i]->stream.id == stream;
    return n;
}

struct statement {
    const char *text;
    uint64_t a;
    uint64_t b;
};

static enum err run_statement(struct tx *tx, void *ctx)
{
    const struct statement *x = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), x->text);
    sql_bind_u64(s, 1, x->a);
    sql_bind_u64(s, 2, x->b);
    return sql_run(s);
}

/* `text` uses $1 and $2. */
UNUSED static void run_sql(struct core_fixture *f, const char *text, uint64_t a, uint64_t b)
{
    struct statement x = {text, a, b};
    assert_int_equal(store_write(f->store, run_statement, &x), ERR_OK);
}

/* As a crash between two steps would, but for the lost memory. */
UNUSED static void restart(struct core_fixture *f)
{
    store_close(&f->store);
    core_free(&f->core);
    cf_open(f);
}

UNUSED static void post_many(struct core_fixture *f, const struct person *p, struct channel_id id,
                             const char *text, unsigned count)
{
    struct access a = cf_in_channel(f, p, id);
    for (unsigned i = 0; i < count; i++) {
        struct message m;
        struct arena arena;
        arena_init(&arena, MEM_CORE, 1 << 20);
        struct message_draft d = {.content = slice_from(text)};
        assert_int_equal(message_post(f->core, &p->by, &a, &d, &arena, &m), ERR_OK);
        arena_deinit(&arena);
    }
    access_end(&a);
}

/* An application of `owner` whose bot `adder` takes into the guild; the bot's id. */
UNUSED static struct user_id add_bot(struct core_fixture *f, const struct person *owner,
                                     const struct person *adder, struct guild_id guild,
                                     const char *name)
{
    struct application a;
    char token[TOKEN_TEXT_MAX];
    assert_int_equal(application_create(f->core, &owner->by, slice_from(name),
                                        SLICE("what it does"), &f->arena, &a),
                     ERR_OK);
    assert_int_equal(application_bot_token(f->core, &owner->by, a.id, token), ERR_OK);
    struct access in = cf_in_guild(f, adder, guild);
    assert_int_equal(application_authorize(f->core, &adder->by, &in, a.id, 0), ERR_OK);
    access_end(&in);
    return (struct user_id){a.id.v};
}
