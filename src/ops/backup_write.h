#pragma once

/*
 * A backup on its way, in FILE.partial: an archive that only grows (archive.h), and
 * FILE.partial.sums, the text that becomes the archive's SHA256SUMS. One thread.
 */

#include "crypto/sha256.h"
#include "ops/archive.h"
#include "ops/ops.h"
#include "ops/pace.h"

enum {
    BACKUP_CHUNK_BYTES = 64 * 1024,
    BACKUP_WHY_MAX = 512,
    BACKUP_SYNC_BYTES = 32 * 1024 * 1024 /* written between two syncs, so that none is long */
};

#define BACKUP_DATABASE "guildhall.db"
#define BACKUP_MANIFEST "guildhall-backup.json"
#define BACKUP_SUMS "SHA256SUMS"
#define BACKUP_MEDIA "media/"

struct backup_file {
    char path[OPS_PATH_MAX];
    char partial[OPS_PATH_MAX + 16];
    char sums[OPS_PATH_MAX + 16];
    int fd;
    int sums_fd;
    uint64_t at; /* of the next entry */
    uint64_t synced;
    uint64_t mtime_s; /* of all entries */
    struct sha256 *sha;
    char *chunk; /* BACKUP_CHUNK_BYTES */
    struct pace pace;
    char *why; /* BACKUP_WHY_MAX */
};

/* Opens or makes FILE.partial and takes its lock. STORE_CONFLICT: FILE exists; STORE_LOCKED:
 * another backup writes it; IO. All errors here leave a sentence in `why`. */
MUST_CHECK enum err backup_file_open(struct backup_file *f, const char *path, char *why);
/* Keeps FILE.partial: a later run goes on with it. Harmless without a successful open. */
void backup_file_close(struct backup_file *f);
/* Cuts off what is behind `at`, and remembers that nothing is. */
MUST_CHECK enum err backup_file_cut(struct backup_file *f, uint64_t at);

/* An entry of which all bytes are in `text`. */
MUST_CHECK enum err backup_add_text(struct backup_file *f, const char *name, struct slice text);
/* An entry with the contents of a file, `bytes` long. STOPPING; IO also if it has another size. */
MUST_CHECK enum err backup_add_file(struct backup_file *f, const char *name, const char *from,
                                    uint64_t bytes);
/* An entry whose contents were written into the archive by somebody else, behind where its header
 * goes: reads them for their sum. */
MUST_CHECK enum err backup_add_written(struct backup_file *f, const char *name, uint64_t bytes);
/* Notes the entry that stands at `at` already, with the sum of its contents, and moves behind it.
 */
MUST_CHECK enum err backup_keep(struct backup_file *f, const struct archive_entry *e,
                                const unsigned char sum[SHA256_LEN]);
/* The sums as the last entry, the end, all of it on the disk, and the name FILE. */
MUST_CHECK enum err backup_file_finish(struct backup_file *f);

/* Says what failed, by errno: STORE_FULL, or IO. */
enum err backup_io_failed(struct backup_file *f, const char *path);
