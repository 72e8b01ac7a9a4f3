#pragma once

/*
 * The rows of one member list: groups (hoisted roles, online, offline), each a header row and its
 * members by name; empty groups have no header. A change is made in steps that clients can repeat
 * (INSERT, DELETE, UPDATE, at an index of the whole list), which are logged until they were told.
 *
 * A client knows some ranges of the list, no more. What it has to be told so that it knows them
 * again after a change is member_ranges_*'s: the steps move rows along, and what moves into its
 * ranges from where it knows nothing is told as a range (SYNC). Pure: cards are borrowed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/slice.h"

enum {
    MEMBER_RANGES_MAX = 10,  /* of a session in one list: what it asked for, joined */
    MEMBER_RANGE_ROWS = 100, /* docs (unofficial): of a range */
    MEMBER_STEPS_MAX = 128,  /* in one change; more of them: everybody reads their ranges anew */
    MEMBER_ROWS_MAX = 10000, /* members of a list (ours) */
    MEMBER_GROUP_NONE = INT32_MAX /* in no list */
};

/* What of a member decides the place in a list. The owner puts it into a struct of its own. */
struct member_place {
    uint64_t user;
    uint32_t group;    /* 0 is the first */
    struct slice name; /* as it is sorted */
};

enum member_step_kind { MEMBER_INSERT, MEMBER_DELETE, MEMBER_UPDATE };

struct member_step {
    enum member_step_kind kind;
    uint32_t index;                   /* in the list as the steps before have left it */
    const struct member_place *place; /* INSERT, UPDATE; NULL: the header of `group` */
    uint32_t group;
    uint32_t count; /* of a header's group, then */
};

struct member_rows {
    const struct member_place **places; /* in order */
    uint32_t count;
    uint32_t capacity;
    uint32_t *counts; /* by group */
    uint32_t *told;   /* the same as clients know them */
    uint32_t group_count;
    struct member_step steps[MEMBER_STEPS_MAX];
    uint32_t step_count;
    bool lost; /* there were more steps, or all is new: only SYNC tells */
};

/* What is at an index: a member, or the header of a group. */
struct member_row {
    const struct member_place *place; /* NULL: a header */
    uint32_t group;
    uint32_t count; /* of a header */
};

void member_rows_init(struct member_rows *r);
void member_rows_deinit(struct member_rows *r);
/* Empty, with so many groups. False when memory is short. */
MUST_CHECK bool member_rows_reset(struct member_rows *r, uint32_t group_count);
/* Many at once after a reset: append each, then sort. False: it is full, or memory is short. */
MUST_CHECK bool member_rows_append(struct member_rows *r, const struct member_place *p);
void member_rows_sort(struct member_rows *r);
/* Nothing happens if it is not in it. By its value: the place may be another than the one kept. */
void member_rows_remove(struct member_rows *r, const struct member_place *p);
MUST_CHECK bool member_rows_insert(struct member_rows *r, const struct member_place *p);
bool member_rows_has(const struct member_rows *r, const struct member_place *p);
/* Where it is, headers counted; UINT32_MAX: it is not in it. */
uint32_t member_rows_index(const struct member_rows *r, const struct member_place *p);
/* Takes the place of one that is in it and is equal to it but for what is not in a member_place. */
void member_rows_replace(struct member_rows *r, const struct member_place *p);
/* Headers whose number has changed, as the last steps of a change. */
void member_rows_count(struct member_rows *r);
/* The change was told. */
void member_rows_told(struct member_rows *r);
/* Rows, headers included. */
uint32_t member_rows_total(const struct member_rows *r);
/* index < total. */
struct member_row member_rows_at(const struct member_rows *r, uint32_t index);

/* Inclusive; ascending and apart from each other. */
struct member_range {
    uint32_t first;
    uint32_t last;
};
struct member_ranges {
    uint32_t count;
    struct member_range list[MEMBER_RANGES_MAX];
};
/* Joined with what is there where they meet; false: there are too many. */
bool member_ranges_add(struct member_ranges *r, struct member_range one);
bool member_ranges_equal(const struct member_ranges *a, const struct member_ranges *b);
bool member_ranges_hold(const struct member_ranges *r, uint32_t index);

/* What somebody who knows `ranges` of the list is told of the change: which of the steps, and then
 * what they know nothing of. `before`: the total as it was told. False when memory is short. */
struct member_telling {
    bool steps[MEMBER_STEPS_MAX];
    uint32_t step_count;
    struct member_range unknown[2 * MEMBER_RANGES_MAX + MEMBER_STEPS_MAX];
    uint32_t unknown_count;
};
MUST_CHECK bool member_rows_tell(const struct member_rows *r, const struct member_ranges *ranges,
                                 uint32_t before, struct member_telling *out);
