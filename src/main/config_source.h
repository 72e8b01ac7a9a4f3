#pragma once

/*
 * The three sources that an operator writes, each poured into a config_set; call them in the order
 * file, environment, flags. All stop at the first mistake and describe it in *error. Main thread.
 */

#include <stdio.h>

#include "main/config_set.h"

enum { CONFIG_FILE_BYTES_MAX = 1024 * 1024 };

/* An INI text ([section], key = value, comments from ';' or '#'); name is for messages. */
MUST_CHECK bool config_read_stream(struct config_set *set, FILE *stream, const char *name,
                                   struct config_error *error);
/* A file that cannot be opened is a mistake unless it is absent and `optional`. */
MUST_CHECK bool config_read_file(struct config_set *set, const char *path, bool optional,
                                 struct config_error *error);
/*
 * GUILDHALL_SECTION_KEY. envp ends with NULL. Names of GUILDHALL_BIN and of the prefixes
 * GUILDHALL_TEST_ and GUILDHALL_BENCH_ belong to the scripts of this repository and are passed
 * over.
 */
MUST_CHECK bool config_read_environment(struct config_set *set, const char *const *envp,
                                        struct config_error *error);
/*
 * --section.key=value or --section.key value, --data DIR, --listen HOST:PORT; --config FILE is
 * passed over here, config_flag_file finds it. argv[0] is the first flag; anything else is refused.
 */
MUST_CHECK bool config_read_flags(struct config_set *set, int argc, const char *const *argv,
                                  struct config_error *error);
/* Whether "--name" or "--name=value" is one of these flags rather than an option of a command: the
 * short ones, and whatever has a dot in its name. */
bool config_flag_is(const char *argument);
/* The last --config's value, NULL if there is none. */
MUST_CHECK bool config_flag_file(int argc, const char *const *argv, const char **path,
                                 struct config_error *error);
