#pragma once

/*
 * What a power cut leaves of a folder. For every file the disk knows two contents: what was there
 * at its last sync, and what it is now; and for every name, which file it stood for at the last
 * sync of the folder, and which it stands for now. A power cut mixes them, sector by sector and
 * name by name, as its seed says. Private to shim.c, which calls it under its lock.
 *
 * A sector that was not written since the last sync is safe, and so are bytes beside those that
 * were written (SQLite's "powersafe overwrite", which it assumes of today's disks). Within what was
 * written anything may be there: the old, the new, a part of each, zeros or, in a file with
 * checksums, rubbish.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISK_SECTOR = 512, DISK_PATH_MAX = 1024 };

struct disk_image {
    unsigned char *bytes;
    size_t size;
    size_t cap;
};

/* A file's life, under whatever name. */
struct disk_node {
    struct disk_image synced;
    struct disk_image last; /* what it was when it was deleted */
    unsigned char *dirty;   /* by sector: written and not synced */
    size_t dirty_cap;
    bool deleted;
    bool rubbish; /* may be left with some */
};

/* The node of a path that is about to be opened; the first time its content on the disk is taken as
 * synced. *made: the name stood for nothing. NULL: too many. */
struct disk_node *disk_open(const char *path, bool *made);
/* The node that a name stands for, or NULL. */
struct disk_node *disk_find(const char *path);
/* The name stands for nothing any more; call it before the file is removed. */
void disk_delete(const char *path);
void disk_written(struct disk_node *n, uint64_t offset, size_t len);
void disk_truncated(struct disk_node *n, uint64_t from, uint64_t to);
/* The file at path is synced. */
void disk_synced(struct disk_node *n, const char *path);
/* As if it had been, and it was not. */
void disk_sync_dropped(struct disk_node *n);
void disk_folder_synced(void);
/* Leaves the folder as the power cut does. The files are written with plain system calls. */
void disk_cut_power(uint64_t seed);
/* The books outlive a process, as the memory of the machine does: what it has not written yet, and
 * what it believes to have written. False if they cannot be kept, or are not there. */
bool disk_save(const char *file);
bool disk_load(const char *file);
void disk_forget(void);
