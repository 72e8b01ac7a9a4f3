#include "ops/backup_schedule.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ops/backup_create.h"
#include "ops/backup_read.h"

/* ---- names ---- */

static const char PREFIX[] = "guildhall-";
static const char SUFFIX[] = ".tar";
enum { STAMP_LEN = 16 /* 20261121T012345Z */ };

void backup_name(int64_t wall_ms, char out[BACKUP_NAME_MAX])
{
    char iso[CLOCK_ISO_LEN + 1]; /* 2026-11-21T01:23:45... */
    clock_iso(wall_ms, iso);
    snprintf(out, BACKUP_NAME_MAX, "%s%.4s%.2s%.2sT%.2s%.2s%.2sZ%s", PREFIX, iso, iso + 5, iso + 8,
             iso + 11, iso + 14, iso + 17, SUFFIX);
}

static bool digits_at(const char *text, size_t at, size_t len, int *out)
{
    uint64_t v;
    if (!slice_to_u64(slice_of(text + at, len), &v))
        return false;
    *out = (int)v;
    return true;
}

int64_t backup_name_time(const char *name)
{
    struct tm t = {0};
    char again[BACKUP_NAME_MAX];
    const char *stamp = name + sizeof PREFIX - 1;
    if (strlen(name) != sizeof PREFIX - 1 + STAMP_LEN + sizeof SUFFIX - 1 ||
        strncmp(name, PREFIX, sizeof PREFIX - 1) != 0)
        return 0;
    if (!digits_at(stamp, 0, 4, &t.tm_year) || !digits_at(stamp, 4, 2, &t.tm_mon) ||
        !digits_at(stamp, 6, 2, &t.tm_mday) || !digits_at(stamp, 9, 2, &t.tm_hour) ||
        !digits_at(stamp, 11, 2, &t.tm_min) || !digits_at(stamp, 13, 2, &t.tm_sec))
        return 0;
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    int64_t ms = (int64_t)timegm(&t) * 1000;
    backup_name(ms, again);
    return strcmp(name, again) == 0 ? ms : 0; /* no February 31st */
}

/* ---- the folder ---- */

static void note_backup(struct backup_folder_look *l, const char *name, int64_t at_ms,
                        int64_t now_ms)
{
    if (at_ms > now_ms)
        return;
    l->count++;
    if (at_ms > l->newest_ms)
        l->newest_ms = at_ms;
    if (l->oldest[0] == '\0' || strcmp(name, l->oldest) < 0)
        snprintf(l->oldest, sizeof l->oldest, "%s", name);
}

static void note_partial(struct backup_folder_look *l, const char *entry)
{
    static const char end[] = ".partial";
    char name[BACKUP_NAME_MAX];
    size_t len = strlen(entry);
    if (len < sizeof end || len - (sizeof end - 1) >= sizeof name ||
        strcmp(entry + len - (sizeof end - 1), end) != 0)
        return;
    snprintf(name, sizeof name, "%.*s", (int)(len - (sizeof end - 1)), entry);
    if (backup_name_time(name) != 0 && strcmp(name, l->partial) > 0)
        snprintf(l->partial, sizeof l->partial, "%s", name);
}

enum err backup_folder_look(const char *folder, int64_t now_ms, struct backup_folder_look *out)
{
    struct backup_folder_look l = {0};
    DIR *d = opendir(folder);
    if (d == NULL && errno != ENOENT)
        return ERR_IO;
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL) {
        int64_t at_ms = backup_name_time(entry->d_name);
        if (at_ms != 0)
            note_backup(&l, entry->d_name, at_ms, now_ms);
        else
            note_partial(&l, entry->d_name);
    }
    if (d != NULL)
        closedir(d);
    *out = l;
    return ERR_OK;
}

int64_t backup_due_ms(const struct backup_schedule *s, const struct backup_folder_look *look)
{
    int64_t due_ms = look->newest_ms == 0 ? 0 : look->newest_ms + (int64_t)s->every_ms;
    int64_t retry_ms = s->failed_at_ms == 0 ? 0 : s->failed_at_ms + BACKUP_RETRY_MS;
    return due_ms > retry_ms ? due_ms : retry_ms;
}

/* ---- one backup ---- */

static void path_of(const struct backup_schedule *s, const char *name, const char *end,
                    char out[OPS_PATH_MAX])
{
    snprintf(out, OPS_PATH_MAX, "%s/%s%s", s->folder, name, end);
}

/* What was begun under another name is gone on with under this one. */
static void adopt_partial(const struct backup_schedule *s, const char *partial, const char *name)
{
    char from[OPS_PATH_MAX];
    char to[OPS_PATH_MAX];
    if (partial[0] == '\0')
        return;
    path_of(s, partial, ".partial", from);
    path_of(s, name, ".partial", to);
    (void)rename(from, to); /* else it is begun anew */
    path_of(s, partial, ".partial.sums", from);
    (void)unlink(from);
}

static enum err verify(const struct backup_schedule *s, const char *path, const struct ops_io *io,
                       char *why)
{
    struct backup_contents contents;
    struct pace pace;
    pace_begin(&pace, s->o->clock, io, "verify", s->o->backup_bytes_per_s);
    const struct backup_reading r = {.path = path, .pace = &pace, .why = why};
    return backup_verify(&r, &contents);
}

static enum err make(const struct backup_schedule *s, const char *name, const struct ops_io *io,
                     char *why)
{
    char path[OPS_PATH_MAX];
    char bad[OPS_PATH_MAX];
    path_of(s, name, "", path);
    const struct backup_request r = {.path = path, .bytes_per_s = s->o->backup_bytes_per_s};
    enum err e = backup_create(s->o, &r, io, why);
    if (e != ERR_OK)
        return e;
    e = verify(s, path, io, why);
    if (e == ERR_OK || e == ERR_STOPPING)
        return e;
    path_of(s, "guildhall-bad", SUFFIX, bad); /* to be looked at; one is enough */
    (void)rename(path, bad);
    return e;
}

/* Only after a good one, so that the last good one never goes. */
static void delete_old(const struct backup_schedule *s)
{
    struct backup_folder_look look;
    char path[OPS_PATH_MAX];
    int64_t now_ms = clock_wall_ms(s->o->clock);
    while (backup_folder_look(s->folder, now_ms, &look) == ERR_OK && look.count > s->keep) {
        path_of(s, look.oldest, "", path);
        if (unlink(path) != 0) {
            log_warn(s->o->log, "backup", "an old backup cannot be deleted", LOG_S("file", path));
            return;
        }
        log_info(s->o->log, "backup", "an old backup was deleted", LOG_S("file", path));
    }
}

static void note_good(struct backup_schedule *s, const char *name)
{
    s->failed_at_ms = 0;
    metrics_set(s->metrics, METRIC_BACKUP_LAST_GOOD, backup_name_time(name) / 1000);
    log_info(s->o->log, "backup", "a backup was made", LOG_S("folder", s->folder),
             LOG_S("file", name));
}

static void note_failure(struct backup_schedule *s, const char *why)
{
    s->failed_at_ms = clock_wall_ms(s->o->clock);
    metrics_add(s->metrics, METRIC_BACKUP_FAILURES, 1);
    log_error(s->o->log, "backup", "a scheduled backup failed, it will be tried again",
              LOG_S("why", why));
}

static enum err run_due(struct backup_schedule *s, const struct backup_folder_look *look,
                        const struct ops_io *io)
{
    char name[BACKUP_NAME_MAX];
    char why[BACKUP_WHY_MAX] = "";
    backup_name(clock_wall_ms(s->o->clock), name);
    adopt_partial(s, look->partial, name);
    enum err e = make(s, name, io, why);
    if (e == ERR_STOPPING)
        return e;
    if (e != ERR_OK) {
        note_failure(s, why);
        return ERR_OK;
    }
    note_good(s, name);
    delete_old(s);
    return ERR_OK;
}

enum err backup_schedule_run(struct backup_schedule *s, const struct ops_io *io)
{
    struct backup_folder_look look;
    int64_t now_ms = clock_wall_ms(s->o->clock);
    if (s->failed_at_ms > now_ms)
        s->failed_at_ms = now_ms; /* the clock was set back */
    enum err e = ERR_OK;
    if (mkdir(s->folder, 0700) != 0 && errno != EEXIST)
        e = ERR_IO;
    if (e == ERR_OK)
        e = backup_folder_look(s->folder, now_ms, &look);
    if (e != ERR_OK)
        return e; /* said by the upkeep, once */
    if (look.newest_ms != 0)
        metrics_set(s->metrics, METRIC_BACKUP_LAST_GOOD, look.newest_ms / 1000);
    return now_ms < backup_due_ms(s, &look) ? ERR_OK : run_due(s, &look, io);
}
