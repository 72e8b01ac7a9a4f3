#pragma once

/* What the stores of blobs share: folders below DATA/media, and what the system's errors mean. */

#include "media/blob.h"

/* What errno says: NOT_FOUND, or STORE_FULL and STORE_IO, which are logged. */
enum err blob_fail(const struct blob_store *s, const char *what);
/* The folder `name` below `parent`, an open descriptor; if it has to be made, its entry is synced.
 * -1: errno. */
int blob_folder(int parent, const char *name, bool make);
/* DATA/media. The data folder itself may be reached through a link. */
int blob_root(const struct blob_store *s, bool make);
/* Closes and keeps errno; -1 allowed. */
void blob_shut(int fd);
MUST_CHECK bool blob_write_all(int fd, struct slice bytes);
/* blob_stage.c: removes staged files of processes that are gone, and those that nobody has
 * written to since before_ms. */
enum err blob_stage_sweep(struct blob_store *s, int64_t before_ms);
/* Which files of a folder are removed: whose names begin and end like this, and that are older, or,
 * if `ours` is not NULL, do not begin like that. */
struct blob_leftovers {
    const char *prefix;
    const char *suffix;
    int64_t before_ms;
    const char *ours;
};
/* Takes fd, an open folder, over. */
enum err blob_remove_leftovers(struct blob_store *s, int fd, const struct blob_leftovers *which);
