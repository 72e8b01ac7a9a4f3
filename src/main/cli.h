#pragma once

/*
 * The command line: which words there are, and which exit code each mistake has. main.c gives it
 * the streams and the function that serves, tests give it their own. Main thread.
 */

#include <stdio.h>

#include "main/config.h"

enum cli_exit { CLI_EXIT_OK = 0, CLI_EXIT_FAILED = 1, CLI_EXIT_USAGE = 2 };

struct cli {
    FILE *out;
    FILE *err;
    /* Runs the server until it is told to stop; its result is the exit code. */
    int (*serve)(const struct config *config);
};

/* argv and envp as main gets them. Returns the exit code of the program. */
int cli_run(const struct cli *cli, int argc, const char *const *argv, const char *const *envp);
