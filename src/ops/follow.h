#pragma once

/* Following a task (core/tasks.h) from a command: says how it goes until it is done. */

#include "core/tasks.h"
#include "ops/ops.h"

/* The id that the command's only word is; false, with a line on io. */
MUST_CHECK bool ops_word_id(const struct ops_args *a, const struct ops_io *io, uint64_t *out);

/*
 * In the server its upkeep thread does the steps, and this looks; without a server the steps are
 * done here. OPS_OK when the task is done; OPS_FAILED when nobody listens any more (it goes on
 * without us: now in the server, else with its next start), or when it fails again and again.
 */
enum ops_result ops_follow(struct ops *o, const struct ops_io *io, enum task_kind kind,
                           uint64_t subject);
