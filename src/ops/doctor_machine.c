/* guildhall doctor: disk, clock, limits, modes, backups. */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "ops/doctor.h"
#include "store/space.h"

enum {
    MIB = 1024 * 1024,
    FREE_MIN_MIB = 256,   /* less is a problem whatever the size of the disk */
    FREE_MIN_PERCENT = 5, /* and so is this, on small ones; a warning on large ones */
    FREE_ENOUGH_MIB = 10240,
    INODES_MIN = 1000,
    WAL_WARN_MIB = 128,
    FILES_BESIDE = 128, /* database, log, listeners, workers */
    AHEAD_WARN_MS = 10 * 1000,
    AHEAD_PROBLEM_MS = 60 * 60 * 1000,
    BACKUP_LATE_HOURS = 2,
    HOUR_MS = 60 * 60 * 1000,
};

/* ---- looking ---- */

static void look_at_disk(const struct ops *o, struct doctor_machine *m)
{
    struct statvfs fs;
    if (statvfs(o->data, &fs) != 0)
        return;
    m->disk_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
    m->disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
    /* File systems that make inodes as they need them say 0 of 0. */
    m->inodes_free = fs.f_files == 0 ? UINT64_MAX : (uint64_t)fs.f_favail;
}

static void look_at_file(int folder, const char *name, struct doctor_machine *m)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0 && m->loose[0] == '\0')
        snprintf(m->loose, sizeof m->loose, "%.100s", name);
    if (strcmp(name, "guildhall.db-wal") == 0)
        m->wal_bytes = (uint64_t)st.st_size;
    if (strcmp(name, "..") != 0 && st.st_uid != geteuid())
        m->foreign = true;
}

static void look_at_folder(const struct ops *o, struct doctor_machine *m)
{
    struct stat st;
    DIR *d = opendir(o->data);
    const struct dirent *entry;
    if (d == NULL)
        return;
    if (fstat(dirfd(d), &st) == 0)
        m->folder_mode = (unsigned)st.st_mode & 07777;
    while ((entry = readdir(d)) != NULL)
        look_at_file(dirfd(d), entry->d_name, m);
    closedir(d);
}

/* By its time of writing: a backup's name has the time when it was begun. */
static void look_at_backups(const struct ops *o, struct doctor_machine *m)
{
    struct stat st;
    DIR *d =
        o->backup_folder != NULL && o->backup_folder[0] != '\0' ? opendir(o->backup_folder) : NULL;
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL) {
        size_t len = strlen(entry->d_name);
        bool ours = strncmp(entry->d_name, "guildhall-", 10) == 0 && len > 4 &&
                    strcmp(entry->d_name + len - 4, ".tar") == 0;
        if (!ours || fstatat(dirfd(d), entry->d_name, &st, 0) != 0)
            continue;
        int64_t at_ms = (int64_t)st.st_mtime * 1000;
        m->newest_backup_ms = at_ms > m->newest_backup_ms ? at_ms : m->newest_backup_ms;
    }
    if (d != NULL)
        closedir(d);
}

void doctor_look(const struct ops *o, struct doctor_machine *out)
{
    struct rlimit files;
    struct timex t = {.modes = 0};
    *out = (struct doctor_machine){.wall_ms = clock_wall_ms(o->clock), .clock_synced = true};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        out->files_max = files.rlim_max;
    if (adjtimex(&t) >= 0)
        out->clock_synced = (t.status & STA_UNSYNC) == 0;
    look_at_disk(o, out);
    look_at_folder(o, out);
    look_at_backups(o, out);
}

/* ---- judging ---- */

static bool on_sqlite(const struct doctor *d)
{
    return strcmp(store_backend(d->o->store), "sqlite") == 0;
}

static enum doctor_level judge_space(const struct doctor_machine *m, uint64_t database)
{
    uint64_t free_mib = m->disk_free / MIB;
    bool few_percent = m->disk_free < m->disk_bytes / 100 * FREE_MIN_PERCENT;
    if (free_mib < FREE_MIN_MIB || m->inodes_free < INODES_MIN)
        return DOCTOR_PROBLEM;
    if (few_percent && free_mib < FREE_ENOUGH_MIB)
        return DOCTOR_WARNING;
    return m->disk_free < database ? DOCTOR_WARNING : DOCTOR_OK;
}

enum err doctor_space(struct doctor *d)
{
    const struct doctor_machine *m = &d->machine;
    struct space s = {0};
    enum err e = on_sqlite(d) ? space_of(d->o->store, &s) : ERR_OK;
    if (e != ERR_OK)
        return e;
    enum doctor_level level = judge_space(m, s.bytes);
    doctor_say(d, level,
               level == DOCTOR_OK
                   ? ""
                   : "Make room on the disk of the data folder, or move it to a larger "
                     "one: a full disk stops all writing.",
               "%" PRIu64 " MiB of %" PRIu64 " MiB are free; the database has %" PRIu64 " MiB",
               m->disk_free / MIB, m->disk_bytes / MIB, s.bytes / MIB);
    return ERR_OK;
}

enum err doctor_wal(struct doctor *d)
{
    bool large = d->machine.wal_bytes > (uint64_t)WAL_WARN_MIB * MIB;
    doctor_say(
        d, large ? DOCTOR_WARNING : DOCTOR_OK,
        large ? "Look for a program that keeps the database open (a copy by hand, sqlite3), and "
                "end it."
              : "",
        "the write-ahead log has %" PRIu64 " MiB", d->machine.wal_bytes / MIB);
    return ERR_OK;
}

static void judge_ids(struct doctor *d, const struct checkup_clock *c)
{
    int64_t ahead_ms = c->id_floor_ms - d->machine.wall_ms;
    if (ahead_ms < AHEAD_WARN_MS) {
        doctor_say(d, DOCTOR_OK, "", "ids are not ahead of the clock");
        return;
    }
    doctor_say(d, ahead_ms < AHEAD_PROBLEM_MS ? DOCTOR_WARNING : DOCTOR_PROBLEM,
               "Set the clock right. If it is, it was wrong before: new messages seem to come from "
               "the future until it has caught up.",
               "the newest ids are %" PRId64 " s ahead of the clock", ahead_ms / 1000);
}

enum err doctor_clock(struct doctor *d)
{
    struct checkup_clock c;
    enum err e = checkup_clock(d->o->store, &c);
    if (e != ERR_OK)
        return e;
    judge_ids(d, &c);
    if (!d->machine.clock_synced)
        doctor_say(d, DOCTOR_WARNING,
                   "Let a time service run (systemd-timesyncd, chrony): ids are made of the time.",
                   "the system says that its clock is not synchronised");
    int64_t apart_ms = on_sqlite(d) ? 0 : c.database_ms - d->machine.wall_ms;
    if (apart_ms > AHEAD_WARN_MS || apart_ms < -AHEAD_WARN_MS)
        doctor_say(d, DOCTOR_WARNING, "Let both machines take the time from the same service.",
                   "the clock of the database is %" PRId64 " s away from ours", apart_ms / 1000);
    return ERR_OK;
}

enum err doctor_files(struct doctor *d)
{
    uint64_t need = d->o->connections_max + d->o->pool_max + FILES_BESIDE;
    bool enough = d->machine.files_max >= need;
    doctor_say(d, enough ? DOCTOR_OK : DOCTOR_WARNING,
               enough ? ""
                      : "Raise the limit (LimitNOFILE= of the service, ulimit -n), or lower "
                        "http.connections_max.",
               "the process may open %" PRIu64 " files; %" PRIu64 " would be needed",
               d->machine.files_max, need);
    return ERR_OK;
}

enum err doctor_modes(struct doctor *d)
{
    const struct doctor_machine *m = &d->machine;
    unsigned before = d->results[DOCTOR_PROBLEM] + d->results[DOCTOR_WARNING];
    if ((m->folder_mode & 077) != 0)
        doctor_say(d, DOCTOR_PROBLEM,
                   "chmod 700 the data folder: everything that people write is in it.",
                   "others may enter the data folder (mode %04o)", m->folder_mode);
    if (m->loose[0] != '\0')
        doctor_say(d, DOCTOR_WARNING, "chmod 600 the files of the data folder.",
                   "others may read %s (if they may enter the folder)", m->loose);
    if (m->foreign)
        doctor_say(d, DOCTOR_WARNING,
                   "chown the data folder, with all that is in it, to the account of the server.",
                   "something in the data folder belongs to another account than this process");
    if (before == d->results[DOCTOR_PROBLEM] + d->results[DOCTOR_WARNING])
        doctor_say(d, DOCTOR_OK, "", "the data folder is this account's alone");
    return ERR_OK;
}

enum err doctor_backups(struct doctor *d)
{
    const struct doctor_machine *m = &d->machine;
    if (d->o->backup_folder == NULL || d->o->backup_folder[0] == '\0') {
        doctor_say(d, DOCTOR_WARNING,
                   "Set backup.folder, best on another disk; or see to backups by yourself.",
                   "no backups are scheduled");
        return ERR_OK;
    }
    if (m->newest_backup_ms == 0) {
        doctor_say(d, DOCTOR_PROBLEM, "Look for \"backup\" in the log.",
                   "there is no backup in backup.folder");
        return ERR_OK;
    }
    uint64_t age_h = m->wall_ms < m->newest_backup_ms
                         ? 0
                         : (uint64_t)(m->wall_ms - m->newest_backup_ms) / HOUR_MS;
    bool late = age_h > d->o->backup_every_hours + BACKUP_LATE_HOURS;
    doctor_say(d, late ? DOCTOR_PROBLEM : DOCTOR_OK, late ? "Look for \"backup\" in the log." : "",
               "the newest backup is %" PRIu64 " hours old", age_h);
    return ERR_OK;
}
