#pragma once

/* Data folders of the crash tests: flat, and beside each what the shim remembers of it. cmocka is
 * included before. */

#include <stddef.h>

enum { FOLDER_PATH_MAX = 320 };

/* The name of the file with the machine's memory of `data` (struct shim_plan). */
void folder_memory(const char *data, char *out, size_t len);
void folder_forget_memory(const char *data);
/* Both folders exist. */
void folder_copy(const char *from, const char *to);
/* With its memory. */
void folder_remove(const char *path);
