#pragma once

/*
 * Members as the gateway reads them: a page with the position of the guild's stream that it is of,
 * all of one moment. Any worker.
 */

#include "base/arena.h"
#include "core/core.h"
#include "model/entities.h"

enum member_query_kind {
    MEMBERS_AFTER, /* the first `limit` with id > after */
    MEMBERS_NAMED, /* at most `limit` with a name that begins with `prefix`, whatever its case (of
                      ASCII letters); not empty */
    MEMBERS_AMONG  /* those of `ids` who are members */
};

enum { MEMBER_QUERY_IDS = 1000 };

struct member_query {
    enum member_query_kind kind;
    struct guild_id guild;
    uint64_t after;
    uint64_t limit; /* at most LIMIT_MEMBERS_PAGE */
    struct slice prefix;
    const uint64_t *ids; /* at most MEMBER_QUERY_IDS */
    size_t id_count;
    bool counted; /* read member_count too */
};

struct member_page {
    uint64_t position;     /* of the guild's stream */
    uint64_t member_count; /* of the guild; 0 unless counted */
    struct member *list;   /* ascending by id; in the arena */
    size_t count;
};

MUST_CHECK enum err member_page_read(struct core *c, const struct member_query *q,
                                     struct arena *arena, struct member_page *out);
