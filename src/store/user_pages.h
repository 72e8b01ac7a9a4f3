#pragma once

/* Pages of people: who is known by a statement of their own, and looked up in a second one. Joined,
 * PostgreSQL would read all of a small page's table beside all users. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* Runs `s`, whose only column is ids of users, at most `limit`. The users, ascending by id; those
 * who are gone are left out. */
MUST_CHECK enum err user_page_read(struct sql_conn *c, struct sql_stmt *s, size_t limit,
                                   struct arena *arena, struct user **out, size_t *count);
