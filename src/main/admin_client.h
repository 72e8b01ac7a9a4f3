#pragma once

/* The command line's side of the admin socket. Main thread. */

#include <stddef.h>
#include <stdio.h>

enum admin_answer {
    ADMIN_ANSWER,  /* *code is the command's */
    ADMIN_NOBODY,  /* no server listens in this data folder */
    ADMIN_BROKEN,  /* the server went away in the middle */
    ADMIN_REFUSED, /* there is a socket that we may not use; errno says why */
};

/* Sends `argv` (the command's words and arguments) to the server of the folder, copies its output
 * to `out` as it comes, and waits for the end. */
enum admin_answer admin_client_run(const char *data, size_t argc, const char *const *argv,
                                   FILE *out, int *code);
