#pragma once

/* Steps of the erasure of a person that stand in files of their own (user_erase_<noun>.c). */

#include "core/tasks_priv.h"

enum err user_erase_mentions(struct tx *tx, struct task_run *x);
enum err user_erase_reactions(struct tx *tx, struct task_run *x);
enum err user_erase_votes(struct tx *tx, struct task_run *x);
/* user_erase_words.c */
MUST_CHECK enum err user_erase_words_look(struct task_run *x);
MUST_CHECK enum err user_erase_words(struct tx *tx, struct task_run *x);

/* user_erase_people.c */
MUST_CHECK enum err user_erase_dms(struct tx *tx, struct task_run *x);
MUST_CHECK enum err user_erase_relations(struct tx *tx, struct task_run *x);
MUST_CHECK enum err user_erase_people(struct tx *tx, struct task_run *x);
