/* guildhall doctor: the table, and how results are shown. */

#include "ops/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ops/ops_commands.h"

enum { TEXT_BYTES = 1024, JSON_BYTES_MAX = 1024 * 1024 };

const struct doctor_check doctor_checks[] = {
    {"integrity", NULL, doctor_integrity, "the database can be read and is not damaged"},
    {"references", NULL, doctor_references, "rows refer to rows that are there"},
    {"orphans", NULL, doctor_orphans, "what no constraint guards belongs to something"},
    {"media", NULL, doctor_media, "images are there, and every file belongs to something"},
    {"tasks", NULL, doctor_tasks, "guilds and people that are being deleted get on"},
    {"schema", NULL, doctor_schema, "the migrations are those of this program"},
    {"space", NULL, doctor_space, "the disk of the data folder has room"},
    {"free-pages", "sqlite", doctor_free_pages, "the database gives back what it does not need"},
    {"wal", "sqlite", doctor_wal, "the write-ahead log is emptied now and then"},
    {"library", "sqlite", doctor_library, "SQLite is recent enough"},
    {"settings", "postgres", doctor_settings, "PostgreSQL keeps what it has acknowledged"},
    {"connections", "postgres", doctor_connections, "PostgreSQL has room for the pool"},
    {"clock", NULL, doctor_clock, "the clock is right, and ahead of all ids"},
    {"files", NULL, doctor_files, "the process may open as many files as it needs"},
    {"modes", NULL, doctor_modes, "the data folder is the operator's alone"},
    {"retention", NULL, doctor_retention, "the event log is kept as long as configured"},
    {"backups", NULL, doctor_backups, "there is a recent backup"},
};
const size_t doctor_check_count = sizeof doctor_checks / sizeof doctor_checks[0];

static const char *const LEVELS[] = {"ok", "warning", "problem"};

static void say_json(struct doctor *d, enum doctor_level level, const char *advice,
                     const char *text)
{
    struct json_writer *w = &d->writer;
    json_object_begin(w);
    json_kv_cstr(w, "check", d->check);
    json_kv_cstr(w, "result", LEVELS[level]);
    json_kv_cstr(w, "what", text);
    if (advice[0] != '\0')
        json_kv_cstr(w, "do", advice);
    json_object_end(w);
}

void doctor_say(struct doctor *d, enum doctor_level level, const char *advice, const char *format,
                ...)
{
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    d->results[level]++;
    if (d->as_json) {
        say_json(d, level, advice, text);
        return;
    }
    ops_printf(d->io, "%-8s %-12s %s\n", LEVELS[level], d->check, text);
    if (advice[0] != '\0')
        ops_printf(d->io, "%-8s %-12s -> %s\n", "", "", advice);
}

void doctor_run(struct doctor *d)
{
    const char *backend = store_backend(d->o->store);
    for (size_t i = 0; i < doctor_check_count && !d->io->stopped(d->io->ctx); i++) {
        const struct doctor_check *check = &doctor_checks[i];
        if (check->backend != NULL && strcmp(check->backend, backend) != 0)
            continue;
        d->check = check->name;
        enum err e = check->fn(d);
        if (e != ERR_OK)
            doctor_say(d, DOCTOR_PROBLEM, "Look into the log; ask again.",
                       "this could not be looked at: %s", err_info(e)->name);
    }
}

static void write_json(struct doctor *d)
{
    struct json_writer *w = &d->writer;
    json_array_end(w);
    json_kv_u64(w, "warnings", d->results[DOCTOR_WARNING]);
    json_kv_u64(w, "problems", d->results[DOCTOR_PROBLEM]);
    json_object_end(w);
    buf_putc(&d->json, '\n');
    if (!d->json.failed)
        d->io->write(d->io->ctx, d->json.data, d->json.len);
}

static void begin_json(struct doctor *d)
{
    buf_init(&d->json, MEM_CORE, JSON_BYTES_MAX);
    json_begin(&d->writer, &d->json);
    json_object_begin(&d->writer);
    json_key(&d->writer, "checks");
    json_array_begin(&d->writer);
}

enum ops_result ops_doctor(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    struct doctor d = {.o = o, .io = io, .as_json = ops_option(a, "json") != NULL};
    doctor_look(o, &d.machine);
    if (d.as_json)
        begin_json(&d);
    doctor_run(&d);
    if (d.as_json)
        write_json(&d);
    else
        ops_printf(io, "%u problems, %u warnings\n", d.results[DOCTOR_PROBLEM],
                   d.results[DOCTOR_WARNING]);
    if (d.as_json)
        buf_deinit(&d.json);
    bool whole = !io->stopped(io->ctx);
    return whole && d.results[DOCTOR_PROBLEM] == 0 ? OPS_OK : OPS_FAILED;
}
