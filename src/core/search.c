/*
 * A search is one statement: words and filters as terms of the index, and the channels that the
 * caller reads as a parameter, since permissions are of channels and members and stand in no index.
 * Few channels are terms too, so that a search in one does not walk through the hits of all.
 */

#include "core/search.h"

#include <assert.h>
#include <stdio.h>

#include "base/limits.h"
#include "core/messages_priv.h"
#include "proto/message_words.h"
#include "store/id_list.h"
#include "store/tasks.h"

enum {
    TERM_CHANNELS = 8, /* more of them cost more as terms than looking each hit up */
    GROUPS_MAX = SEARCH_WORDS_MAX + SEARCH_FILTERS_MAX + 1,
    TIME_MS_DEFAULT = 1000,
    AT_ONCE_DEFAULT = 4
};

struct search {
    struct core *core;
    const struct principal *who;
    const struct search_ask *ask;
    struct arena *arena;
    uint64_t limit_ms;
    struct search_group groups[GROUPS_MAX];
    struct search_query query;
    struct search_hit page[LIMIT_SEARCH_PAGE];
    size_t page_count;
    struct search_result result;
    enum err failed; /* of on_hit */
};

/* ---- channels ---- */

static bool is_asked_for(const struct search_ask *ask, struct channel_id id)
{
    bool any = ask->channels == NULL;
    for (size_t i = 0; i < ask->channel_count && !any; i++)
        any = ask->channels[i] == id.v;
    return any;
}

/* What has messages that `a` may read, of what is asked for; room for all of the guild's. */
static size_t readable_channels(const struct access *a, const struct search_ask *ask,
                                int64_t now_ms, uint64_t *out)
{
    const uint64_t need = PERMISSION_VIEW_CHANNEL | PERMISSION_READ_MESSAGE_HISTORY;
    uint64_t base = permissions_base(a->view, &a->subject);
    size_t n = 0;
    for (size_t i = 0; i < a->view->channel_count; i++) {
        const struct channel *c = &a->view->channels[i];
        if (!is_asked_for(ask, c->id) || (c->nsfw && !ask->nsfw))
            continue;
        uint64_t held = permissions_in_channel_from(base, a->view, &a->subject, c, now_ms);
        if ((held & need) == need)
            out[n++] = c->id.v;
    }
    return n;
}

static enum err find_channels(struct search *x, const struct access *a, uint64_t **ids, size_t *n)
{
    size_t room = a->channel != NULL ? 1 : a->view->channel_count;
    uint64_t *list = arena_array(x->arena, room + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    *n = 0;
    *ids = list;
    if (a->channel == NULL)
        *n = readable_channels(a, x->ask, clock_wall_ms(x->core->o.clock), list);
    else if (a->permissions & PERMISSION_READ_MESSAGE_HISTORY)
        list[(*n)++] = a->channel->id.v;
    return id_list_pack(list, *n, x->arena, &x->query.channels);
}

/* ---- terms ---- */

static enum err add_group(struct search *x, bool negated, const struct slice *words, size_t count)
{
    assert(x->query.group_count < GROUPS_MAX);
    x->groups[x->query.group_count++] = (struct search_group){negated, words, count};
    return ERR_OK;
}

/* One term, as an index would have it. */
static enum err make_term(struct search *x, const struct search_filter *f, size_t i,
                          struct slice *out)
{
    struct words w;
    words_init(&w, WORDS_TO_FIND);
    if (f->ids != NULL) {
        words_term(&w, f->term, f->ids[i]);
    } else if (f->is_name) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", SLICE_ARG(f->text[i]));
        words_term_name(&w, f->term, name);
    } else {
        words_term_text(&w, f->term, f->text[i]);
    }
    *out = arena_dup(x->arena, buf_slice(&w.out));
    words_deinit(&w);
    return out->data != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static enum err add_filter(struct search *x, const struct search_filter *f)
{
    struct slice *terms = arena_array(x->arena, f->count, sizeof *terms);
    enum err e = terms == NULL ? ERR_NO_MEMORY : ERR_OK;
    for (size_t i = 0; i < f->count && e == ERR_OK; i++)
        e = make_term(x, f, i, &terms[i]);
    return e == ERR_OK ? add_group(x, f->negated, terms, f->count) : e;
}

/* Each word is a group: all must be there. */
static enum err add_words(struct search *x)
{
    struct words w;
    struct slice word;
    enum err e = ERR_OK;
    words_init(&w, WORDS_TO_FIND);
    words_add(&w, x->ask->content);
    struct slice rest = arena_dup(x->arena, buf_slice(&w.out));
    bool failed = w.out.failed || (w.out.len > 0 && rest.data == NULL);
    words_deinit(&w);
    for (size_t i = 0; i < SEARCH_WORDS_MAX && e == ERR_OK && slice_next(&rest, ' ', &word); i++) {
        struct slice *one = arena_alloc(x->arena, sizeof *one);
        if (one == NULL)
            return ERR_NO_MEMORY;
        *one = word;
        e = add_group(x, false, one, 1);
    }
    return failed ? ERR_NO_MEMORY : e;
}

/* The guild, or the channels if there are few. */
static enum err add_place(struct search *x, const struct access *a, const uint64_t *ids, size_t n)
{
    struct search_filter f = {.term = TERM_GUILD, .ids = &a->view->guild.id.v, .count = 1};
    if (n <= TERM_CHANNELS)
        f = (struct search_filter){.term = TERM_CHANNEL, .ids = ids, .count = n};
    return add_filter(x, &f);
}

static enum err make_query(struct search *x, const struct access *a, bool *nothing)
{
    const struct search_ask *ask = x->ask;
    uint64_t *ids = NULL;
    size_t n = 0;
    x->query = (struct search_query){.groups = x->groups,
                                     .above = ask->above,
                                     .below = ask->below == 0 ? UINT64_MAX : ask->below,
                                     .order = ask->order,
                                     .limit = SEARCH_HITS_MAX};
    enum err e = find_channels(x, a, &ids, &n);
    if (e == ERR_OK && ask->content.data != NULL)
        e = add_words(x);
    /* A text without a word is in no message. */
    *nothing = n == 0 || (ask->content.data != NULL && x->query.group_count == 0);
    for (size_t i = 0; i < ask->filter_count && e == ERR_OK && !*nothing; i++)
        e = add_filter(x, &ask->filters[i]);
    return e == ERR_OK && !*nothing ? add_place(x, a, ids, n) : e;
}

/* ---- the read ---- */

static bool on_hit(void *ctx, struct search_hit h)
{
    struct search *x = ctx;
    uint64_t at = x->result.total++;
    if (at >= x->ask->offset && x->page_count < x->ask->limit)
        x->page[x->page_count++] = h;
    return true;
}

/* The records of the page's channel `channel`, each at the place of its hit. */
static enum err read_channel(struct tx *tx, struct search *x, struct channel_id channel,
                             struct message_record *out, bool *there)
{
    uint64_t ids[LIMIT_SEARCH_PAGE];
    struct message_record found[LIMIT_SEARCH_PAGE];
    struct slice packed;
    size_t n = 0;
    size_t count = 0;
    for (size_t i = 0; i < x->page_count; i++)
        if (x->page[i].channel.v == channel.v)
            ids[n++] = x->page[i].id.v;
    enum err e = id_list_pack(ids, n, x->arena, &packed);
    if (e == ERR_OK)
        e = messages_find_many(tx_sql(tx), channel, packed, x->arena, found, &count);
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < x->page_count; i++) {
            if (x->page[i].id.v != found[k].message.id.v)
                continue;
            out[i] = found[k];
            there[i] = true;
        }
    }
    return e;
}

static bool is_first_of_channel(const struct search *x, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (x->page[k].channel.v == x->page[i].channel.v)
            return false;
    return true;
}

static enum err read_page(struct tx *tx, struct search *x)
{
    bool there[LIMIT_SEARCH_PAGE] = {false};
    size_t n = 0;
    enum err e = ERR_OK;
    struct message_record *records = arena_array(x->arena, x->page_count + 1, sizeof *records);
    struct message *list = arena_array(x->arena, x->page_count + 1, sizeof *list);
    if (records == NULL || list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->page_count && e == ERR_OK; i++)
        if (is_first_of_channel(x, i))
            e = read_channel(tx, x, x->page[i].channel, records, there);
    for (size_t i = 0; i < x->page_count; i++)
        if (there[i])
            records[n++] = records[i];
    if (e == ERR_OK)
        e = messages_complete(x->core, tx_sql(tx), x->who->user, records, n, x->arena);
    for (size_t i = 0; i < n; i++)
        list[i] = records[i].message;
    x->result.messages = list;
    x->result.count = n;
    return e;
}

static enum err check_index(struct tx *tx, struct search *x)
{
    struct task t;
    bool found;
    enum err e = tasks_find(tx_sql(tx), TASK_SEARCH_REBUILD, 0, &t, &found);
    if (e != ERR_OK || !found)
        return e;
    x->result.indexed = t.done_rows;
    return ERR_NOT_INDEXED;
}

static enum err read_hits(struct tx *tx, void *ctx)
{
    struct search *x = ctx;
    x->result = (struct search_result){0};
    x->page_count = 0;
    tx_limit(tx, x->limit_ms);
    enum err e = check_index(tx, x);
    if (e == ERR_OK)
        e = search_run(tx_sql(tx), &x->query, on_hit, x);
    return e == ERR_OK ? read_page(tx, x) : e;
}

/* ---- one search ---- */

static enum err run(struct search *x, const struct access *a)
{
    bool nothing;
    enum err e = make_query(x, a, &nothing);
    if (e != ERR_OK || nothing)
        return e;
    uint64_t begin_ns = clock_mono_ns(x->core->o.clock);
    e = store_read(x->core->store, read_hits, x);
    uint64_t took_ms = (clock_mono_ns(x->core->o.clock) - begin_ns) / 1000000;
    return e == ERR_RETRY && took_ms >= x->limit_ms ? ERR_SEARCH_COSTLY : e;
}

static bool enter(struct core *c)
{
    unsigned max = c->o.searches_max != 0 ? c->o.searches_max : AT_ONCE_DEFAULT;
    /* Relaxed: a number alone, that guards nothing. */
    if (atomic_fetch_add_explicit(&c->searches, 1, memory_order_relaxed) < max)
        return true;
    atomic_fetch_sub_explicit(&c->searches, 1, memory_order_relaxed);
    return false;
}

enum err search_messages(struct core *c, const struct principal *who, const struct access *a,
                         const struct search_ask *ask, struct arena *arena,
                         struct search_result *out, uint64_t *took_ms)
{
    uint64_t begin_ns = clock_mono_ns(c->o.clock);
    struct search *x = arena_alloc(arena, sizeof *x);
    *took_ms = 0;
    if (x == NULL)
        return ERR_NO_MEMORY;
    *x = (struct search){.core = c, .who = who, .ask = ask, .arena = arena};
    x->limit_ms = c->o.search_ms_max != 0 ? c->o.search_ms_max : TIME_MS_DEFAULT;
    if (!enter(c))
        return ERR_RETRY;
    enum err e = run(x, a);
    atomic_fetch_sub_explicit(&c->searches, 1, memory_order_relaxed);
    *took_ms = (clock_mono_ns(c->o.clock) - begin_ns) / 1000000;
    if (e == ERR_OK || e == ERR_NOT_INDEXED)
        *out = x->result;
    return e;
}
