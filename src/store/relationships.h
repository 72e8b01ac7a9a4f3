#pragma once

/* What people are to each other, each side its own row; and their notes about each other. SQL to
 * structs, no rules. */

#include "base/arena.h"
#include "model/relationship.h"
#include "store/sql.h"

/* Whether `by` has blocked `whom`. */
MUST_CHECK enum err relationships_blocked(struct sql_conn *c, struct user_id by,
                                          struct user_id whom, bool *yes);
/* What `other` is to `user`: type NONE if there is no row; other.id is set in any case, the rest of
 * other is not read. */
MUST_CHECK enum err relationships_find(struct sql_conn *c, struct user_id user,
                                       struct user_id other, struct arena *arena,
                                       struct relationship *out);
/* Ascending by user, after `after`; with users. */
MUST_CHECK enum err relationships_of(struct sql_conn *c, struct user_id user, uint64_t after,
                                     size_t max, struct arena *arena, struct relationship **out,
                                     size_t *count);
/* The row becomes this one; type NONE and not ignored: it goes. */
MUST_CHECK enum err relationships_set(struct sql_conn *c, struct user_id user,
                                      const struct relationship *r);
/* Rows of that type, counted up to `max`. */
MUST_CHECK enum err relationships_count(struct sql_conn *c, struct user_id user,
                                        enum relationship_type type, size_t max, size_t *count);
/* Some whom the user is something to (rows of others); for the user's erasure. */
MUST_CHECK enum err relationships_any_to(struct sql_conn *c, struct user_id user,
                                         struct user_id *out);
/* The friends that both have, ascending, up to `max`. */
MUST_CHECK enum err relationships_mutual_friends(struct sql_conn *c, struct user_id a,
                                                 struct user_id b, size_t max, struct arena *arena,
                                                 struct user **out, size_t *count);

/* data NULL: none. */
MUST_CHECK enum err notes_find(struct sql_conn *c, struct user_id user, struct user_id about,
                               struct arena *arena, struct slice *out);
/* Empty: it goes. */
MUST_CHECK enum err notes_set(struct sql_conn *c, struct user_id user, struct user_id about,
                              struct slice note);
MUST_CHECK enum err notes_of(struct sql_conn *c, struct user_id user, size_t max,
                             struct arena *arena, struct note **out, size_t *count);
