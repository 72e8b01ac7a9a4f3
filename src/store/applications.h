#pragma once

/* Applications: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

MUST_CHECK enum err applications_insert(struct sql_conn *c, const struct application *a,
                                        int64_t created_at_ms);
/* UNKNOWN_APPLICATION. */
MUST_CHECK enum err applications_find(struct sql_conn *c, struct application_id id,
                                      struct arena *arena, struct application *out);
MUST_CHECK enum err applications_count(struct sql_conn *c, struct user_id owner, uint64_t *count);
MUST_CHECK enum err applications_set_bot(struct sql_conn *c, struct application_id id,
                                         struct user_id bot);
