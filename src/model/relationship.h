#pragma once

/* What somebody is to somebody else: plain values (see entities.h). */

#include "model/entities.h"

/* As the API numbers them; the row of somebody who is only ignored has NONE. */
enum relationship_type {
    RELATIONSHIP_NONE = 0,
    RELATIONSHIP_FRIEND = 1,
    RELATIONSHIP_BLOCKED = 2,
    RELATIONSHIP_INCOMING = 3,
    RELATIONSHIP_OUTGOING = 4
};

struct relationship {
    struct user other;
    enum relationship_type type;
    bool ignored;
    int64_t since_ms;
    struct slice nickname; /* data NULL: none */
};

/* What somebody has noted about somebody. */
struct note {
    struct user_id about;
    struct slice text;
};
