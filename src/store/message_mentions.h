#pragma once

/* Who is mentioned where, as rows: what read state counts. SQL, no rules. */

#include "model/entities.h"
#include "store/sql.h"

/* Of m->mentions, mention_roles and mention_everyone (a row for the role that has the guild's id);
 * nothing for a message without any. */
MUST_CHECK enum err message_mentions_insert(struct sql_conn *c, const struct message *m);
/* Those that are there go, those that `m` has now come. */
MUST_CHECK enum err message_mentions_replace(struct sql_conn *c, const struct message *m);
/* Some of those of the user; *rows: how many, fewer than `limit` are the last. */
MUST_CHECK enum err message_mentions_forget(struct sql_conn *c, struct user_id user, uint64_t limit,
                                            uint64_t *rows);
/* Whether it has any: the bit MESSAGE_PART_MENTIONS. */
bool message_mentions_any(const struct message *m);
