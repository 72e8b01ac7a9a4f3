#pragma once

/*
 * The process of images: this very program, begun again by the server (image_pool.h) with one word
 * and one socket. It loads libvips, shuts itself in (image_sandbox.h), then answers one question
 * after the other until its socket ends. It has no configuration, no log and no name in the help.
 */

#include <stdbool.h>

/* Whether this program was begun as one. */
bool image_worker_asked(int argc, char **argv);
/* argv: the word, the parent's process id, bytes of memory, seconds of processor. Never returns: it
 * ends without the tidying up of other exits, which the sandbox would not let happen. */
_Noreturn void image_worker_run(char **argv);
