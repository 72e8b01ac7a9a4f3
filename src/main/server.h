#pragma once

/* The running server: everything built, wired, started, and stopped again in the right order. */

struct config;

/* Serves until SIGTERM or SIGINT, then stops gracefully. The process's exit code: 0 after a
 * graceful stop, 1 if it could not start (with a sentence on standard error). Main thread, once. */
int server_run(const struct config *config);
