#pragma once

/* Taking a person out of what people are to each other, a bounded number of rows at a time: SQL, no
 * rules (those are in core/user_erase_people.c). */

#include "model/ids.h"
#include "store/sql.h"

/* The first `max` to whom the user is something, ascending; list has room. */
MUST_CHECK enum err people_removal_known_to(struct sql_conn *c, struct user_id user, size_t max,
                                            struct user_id *list, size_t *count);
enum people_part {
    PEOPLE_RELATIONS,   /* what others are to the user */
    PEOPLE_NOTES,       /* by the user */
    PEOPLE_NOTES_ABOUT, /* of others about the user */
    PEOPLE_GUILD_PRIVACY,
    PEOPLE_SETTINGS,
    PEOPLE_PARTS
};
/* Deletes `limit` rows at most; fewer: none is left. */
MUST_CHECK enum err people_removal_part(struct sql_conn *c, enum people_part part,
                                        struct user_id user, uint64_t limit, uint64_t *rows);
/* Recent nonces of the user in one channel. */
MUST_CHECK enum err people_removal_nonces(struct sql_conn *c, struct channel_id channel,
                                          struct user_id author);
