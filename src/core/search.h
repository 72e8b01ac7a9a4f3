#pragma once

/*
 * Searching messages, of a guild or of one channel. What the caller may not read is no part of the
 * query: its channels are. A search has a limit of time, and only so many run at once.
 */

#include "base/arena.h"
#include "core/access.h"
#include "model/entities.h"
#include "store/search.h"

enum {
    SEARCH_HITS_MAX = 10000, /* counted; a larger total_results says that there are more */
    SEARCH_FILTERS_MAX = 40,
    SEARCH_WORDS_MAX = 32 /* of the text; further ones do not count */
};

/* "Any of the values" or, negated, "none of them". */
struct search_filter {
    char term; /* enum message_term */
    bool negated;
    bool is_name;             /* the values stand in the terms as they are, else hashed: */
    const uint64_t *ids;      /* these, or */
    const struct slice *text; /* these */
    size_t count;
};

struct search_ask {
    struct slice content; /* data NULL: not given */
    struct search_filter filters[SEARCH_FILTERS_MAX];
    size_t filter_count;
    const uint64_t *channels; /* only these; NULL: any */
    size_t channel_count;
    uint64_t above; /* message ids, both exclusive */
    uint64_t below; /* 0: no bound */
    bool nsfw;      /* age-restricted channels too */
    enum search_order order;
    unsigned limit;
    unsigned offset;
};

struct search_result {
    struct message *messages;
    size_t count;
    uint64_t total;   /* at most SEARCH_HITS_MAX */
    uint64_t indexed; /* NOT_INDEXED: messages so far */
};

/*
 * `a` of a guild, or of a channel, which is then the only one. Everything in the arena.
 * NOT_INDEXED: the index is being made; SEARCH_COSTLY: out of time; RETRY: too many at once.
 * *took_ms is set in any case.
 */
MUST_CHECK enum err search_messages(struct core *c, const struct principal *who,
                                    const struct access *a, const struct search_ask *ask,
                                    struct arena *arena, struct search_result *out,
                                    uint64_t *took_ms);

/* Makes the index anew, in steps; the one there is empty from now on until they come to the end.
 * False *begun: that is under way already. */
MUST_CHECK enum err search_rebuild(struct core *c, bool *begun);
