#pragma once

/* An operator's command without a server: the command line opens what the command needs, runs it,
 * and closes it again. Main thread. */

#include <stdio.h>

#include "main/config.h"
#include "ops/ops.h"

/* The exit code. A sentence on err if the installation cannot be opened, as when a server has it.
 */
int local_command_run(const struct ops_command *command, const struct ops_args *args,
                      const struct config *config, FILE *out, FILE *err);
