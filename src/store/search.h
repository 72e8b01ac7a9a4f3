#pragma once

/*
 * What messages are found by (search_documents), and the index over it: search_words, which is FTS5
 * on SQLite and a GIN index on PostgreSQL. Both keep themselves up to date with the rows. SQL, no
 * rules.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

struct search_document {
    struct message_id id;
    struct channel_id channel;
    uint64_t length; /* words */
    struct slice words;
};

/* `known`: there may be one already, which it replaces. */
MUST_CHECK enum err search_put(struct sql_conn *c, const struct search_document *d, bool known);
/* Unless there is one, or the message is gone. */
MUST_CHECK enum err search_put_missing(struct sql_conn *c, const struct search_document *d);
/* Of these messages (packed, store/id_list.h). */
MUST_CHECK enum err search_remove(struct sql_conn *c, struct slice messages);
/* Up to `limit` of all; *removed says how many. */
MUST_CHECK enum err search_remove_some(struct sql_conn *c, uint64_t limit, uint64_t *removed);

/*
 * Words of what was removed stay in SQLite's index until its parts are merged, which for a large
 * one may be long after. This is some of the work of merging them all, `pages` of it: `begin` the
 * first time. *more: there is more to do. On PostgreSQL vacuuming does it, as with the rows
 * themselves.
 */
MUST_CHECK enum err search_merge(struct sql_conn *c, uint64_t pages, bool begin, bool *more);

/*
 * What is asked of words and terms: alternatives (ANY), all of which must hold (ALL); a group that
 * is negated must not. Written as the backend wants it.
 */
struct search_group {
    bool negated;
    const struct slice *words; /* any of them; no quotes, spaces or backslashes inside */
    size_t count;
};

enum search_order { SEARCH_NEWEST, SEARCH_OLDEST, SEARCH_SHORTEST };

struct search_query {
    const struct search_group *groups; /* all of them; at least one is not negated */
    size_t group_count;
    struct slice channels; /* store/id_list.h: nothing of any other is found */
    uint64_t above;        /* ids */
    uint64_t below;
    enum search_order order;
    uint64_t limit; /* hits that are looked at */
};

struct search_hit {
    struct message_id id;
    struct channel_id channel;
};

/* A walk over the hits: on_hit for each, in order; false ends it. RETRY: out of time. */
MUST_CHECK enum err search_run(struct sql_conn *c, const struct search_query *q,
                               bool (*on_hit)(void *ctx, struct search_hit h), void *ctx);
