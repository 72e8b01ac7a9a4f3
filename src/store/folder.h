#pragma once

/* The data folder: made if absent, and held by one process at a time. */

#include <stddef.h>

#include "base/attrs.h"
#include "base/errors.h"

/*
 * Makes the folder (mode 0700) if need be and takes its lock, guildhall.lock. STORE_LOCKED (another
 * process has it), IO; `why` gets a sentence. Closing *fd gives the lock back.
 */
MUST_CHECK enum err folder_lock(const char *path, int *fd, char *why, size_t why_len);
