/* guildhall backup create and verify: the words. */

#include <inttypes.h>

#include "ops/backup_create.h"
#include "ops/backup_read.h"
#include "ops/ops_commands.h"

static void say_contents(const struct ops_io *io, const char *path, const struct backup_contents *c)
{
    ops_printf(io,
               "%s is good: schema %" PRIu64 ", database %" PRIu64 " bytes, %" PRIu64
               " media files of %" PRIu64 " bytes.\n",
               path, c->schema, c->database.bytes, c->media_files, c->media_bytes);
}

static enum ops_result failed(const struct ops_io *io, const char *why)
{
    ops_printf(io, "guildhall: %s\n", why);
    return OPS_FAILED;
}

/* Whoever restores it must know that it is half of what is needed. */
static void say_bucket(const struct ops *o, const struct ops_io *io)
{
    if (o->uses_s3)
        ops_printf(io, "Images and files lie in the bucket %s and are not in this backup.\n",
                   o->s3.bucket);
}

enum ops_result ops_backup_create(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    char path[OPS_PATH_MAX];
    char why[BACKUP_WHY_MAX];
    struct backup_request r = {.path = path};
    if (!ops_path(a, a->words[0], path, io) ||
        !ops_option_u64(a, "bytes-per-second", o->backup_bytes_per_s, io, &r.bytes_per_s))
        return OPS_USAGE;
    if (backup_create(o, &r, io, why) != ERR_OK)
        return failed(io, why);
    ops_printf(io, "%s is written.\n", path);
    say_bucket(o, io);
    return OPS_OK;
}

enum ops_result ops_backup_verify(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    char path[OPS_PATH_MAX];
    char why[BACKUP_WHY_MAX];
    struct backup_contents contents;
    struct pace pace;
    if (!ops_path(a, a->words[0], path, io))
        return OPS_USAGE;
    pace_begin(&pace, o->clock, io, "verify", 0);
    const struct backup_reading r = {.path = path, .pace = &pace, .why = why};
    if (backup_verify(&r, &contents) != ERR_OK)
        return failed(io, why);
    say_contents(io, path, &contents);
    return OPS_OK;
}
