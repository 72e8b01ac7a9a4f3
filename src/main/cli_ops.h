#pragma once

/* The operator's commands on the command line: configuration flags told from the command's own
 * arguments, then the running server is asked, or the command is run here. Main thread. */

#include "main/cli.h"
#include "ops/ops.h"

/* argv[0] is the command's first word. The exit code. */
int cli_ops_run(const struct cli *cli, const struct ops_command *command, int argc,
                const char *const *argv, const char *const *envp);
/* One line a command. */
void cli_ops_usage(FILE *out);
