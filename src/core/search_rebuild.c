/*
 * The index anew, beside a serving server: what is there goes, then all messages come, a page
 * a step, in the order of their keys. What is posted or edited meanwhile is indexed as always, so a
 * message may be there when the walk comes to it, and is left alone; one that was deleted since it
 * was read is not indexed. Words are made outside of the transaction.
 */

#include "core/messages_priv.h"
#include "core/search.h"
#include "core/tasks_priv.h"
#include "proto/message_words.h"
#include "store/message_walk.h"

enum { PAGE = 64, EMPTIED = 200, ARENA_BYTES = 32 * 1024 * 1024 };

struct task_prepared {
    struct arena arena;
    struct search_document documents[PAGE];
    size_t count;
    struct channel_id channel; /* of all, */
    struct guild_id guild;     /* and its guild; 0: a direct message */
    uint64_t after;            /* looked at up to there */
    bool ended;
};

void task_prepared_free(struct task_prepared **p)
{
    if (*p != NULL)
        arena_deinit(&(*p)->arena);
    mem_free(MEM_CORE, *p);
    *p = NULL;
}

static enum err begin(struct tx *tx, void *ctx)
{
    bool *begun = ctx;
    const struct task t = {
        .id = tx_id(tx), .kind = TASK_SEARCH_REBUILD, .created_at_ms = tx_now_ms(tx)};
    return tasks_insert(tx_sql(tx), &t, begun);
}

enum err search_rebuild(struct core *c, bool *begun)
{
    bool inserted = false;
    enum err e = store_write(c->store, begin, &inserted);
    if (e != ERR_OK)
        return e;
    tasks_begun(c);
    *begun = inserted;
    return ERR_OK;
}

/* ---- emptying ---- */

static enum err act_empty(struct tx *tx, struct task_run *x)
{
    uint64_t removed = 0;
    enum err e = search_remove_some(tx_sql(tx), EMPTIED, &removed);
    x->step_done = removed < EMPTIED;
    x->task.cursor_a += removed; /* a step that moves nothing is taken for done by somebody else */
    return e;
}

/* ---- indexing; cursors: channel and message looked at last ---- */

struct reading {
    struct core *core;
    struct task_prepared *p;
    struct message_record records[PAGE];
    size_t count;
};

static enum err prepare(struct task_prepared *p, const struct message *m)
{
    struct words w;
    if (!message_is_written(m))
        return ERR_OK;
    words_init(&w, WORDS_TO_INDEX);
    message_words(m, &w);
    struct slice words = arena_dup(&p->arena, buf_slice(&w.out));
    bool failed = w.out.failed || words.data == NULL;
    if (!failed)
        p->documents[p->count++] = (struct search_document){m->id, m->channel, w.count, words};
    words_deinit(&w);
    return failed ? ERR_NO_MEMORY : ERR_OK;
}

/* The next messages of the channel, or the first ones of the next that has any. */
static enum err read_page(struct sql_conn *sql, struct reading *r)
{
    struct task_prepared *p = r->p;
    struct channel_id none = {0};
    enum err e = ERR_OK;
    r->count = 0;
    if (p->channel.v != 0)
        e = messages_from(sql, p->channel, p->after + 1, PAGE, &p->arena, r->records, &r->count);
    if (e != ERR_OK || r->count > 0)
        return e;
    e = message_walk_channel(sql, p->channel, &p->channel, &p->guild);
    p->ended = e == ERR_OK && p->channel.v == none.v;
    if (e != ERR_OK || p->ended)
        return e;
    return messages_from(sql, p->channel, 1, PAGE, &p->arena, r->records, &r->count);
}

static enum err read_messages(struct tx *tx, void *ctx)
{
    struct reading *r = ctx;
    struct task_prepared *p = r->p;
    struct user_id nobody = {0};
    arena_reset(&p->arena);
    p->count = 0;
    enum err e = read_page(tx_sql(tx), r);
    if (e != ERR_OK || r->count == 0)
        return e;
    e = messages_complete(r->core, tx_sql(tx), nobody, r->records, r->count, &p->arena);
    for (size_t i = 0; i < r->count && e == ERR_OK; i++)
        e = prepare(p, &r->records[i].message);
    p->guild = r->records[0].message.guild;
    p->after = r->records[r->count - 1].message.id.v;
    return e;
}

static enum err look_index(struct task_run *x)
{
    if (x->prepared == NULL) {
        x->prepared = mem_zalloc(MEM_CORE, sizeof *x->prepared);
        if (x->prepared == NULL)
            return ERR_NO_MEMORY;
        arena_init(&x->prepared->arena, MEM_CORE, ARENA_BYTES);
    }
    struct reading *r = mem_zalloc(MEM_CORE, sizeof *r);
    if (r == NULL)
        return ERR_NO_MEMORY;
    r->core = x->core;
    r->p = x->prepared;
    r->p->channel.v = x->task.cursor_a;
    r->p->after = x->task.cursor_b;
    r->p->ended = false;
    enum err e = store_read(x->core->store, read_messages, r);
    mem_free(MEM_CORE, r);
    return e;
}

static enum err act_index(struct tx *tx, struct task_run *x)
{
    const struct task_prepared *p = x->prepared;
    struct stream dm = {STREAM_DM, p->channel.v};
    enum err e = ERR_OK;
    if (!p->ended)
        e = tx_lock(tx, p->guild.v == 0 ? dm : core_guild_stream(p->guild));
    for (size_t i = 0; i < p->count && e == ERR_OK; i++)
        e = search_put_missing(tx_sql(tx), &p->documents[i]);
    x->task.cursor_a = p->channel.v;
    x->task.cursor_b = p->after;
    x->task.done_rows += p->count;
    x->step_done = p->ended;
    return e;
}

static const struct task_step steps[] = {
    {"emptying the index", NULL, act_empty, NULL},
    {"indexing messages", look_index, act_index, NULL},
};

const struct task_plan task_search_rebuild = {
    .name = "search_rebuild",
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
};
