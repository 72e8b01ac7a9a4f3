#pragma once

/*
 * The operator's commands. Each is a row of commands.def and one function; it runs in the serving
 * process when there is one (main/admin_socket.h carries words and output), else in the command
 * line program itself, which then holds the data folder's lock: one writer, always.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/core.h"
#include "media/s3_client.h"
#include "store/store.h"

struct ops_io;

/* What a command works on. */
struct ops {
    struct store *store;   /* NULL for commands of place FILE and OFFLINE */
    struct core *core;     /* on that store; NULL like it */
    const char *data;      /* data folder */
    const char *store_url; /* "" is SQLite in data; has a password: never shown */
    bool serving;          /* inside the server */
    bool uses_s3;          /* media lie in a bucket, not in the data folder */
    struct s3_options s3;  /* as configured; url "" if it is not */
    /* Settings that commands look at. */
    const char *backup_folder;
    uint64_t backup_bytes_per_s; /* 0: no limit */
    uint64_t backup_every_hours;
    uint64_t connections_max;
    uint64_t pool_max;
    uint64_t event_retention_days;
    const struct clock *clock;
    const struct log *log;
    /* Lists gateway sessions (id ""), or watches one until io->stopped or its end, lines on io.
     * NOT_FOUND. Set in a server. */
    enum err (*inspect)(void *ctx, const char *session_id, const struct ops_io *io);
    void *inspect_ctx;
    /* Called when there is new work that is done in small steps; NULL: nobody waits for it. */
    void (*wake)(void *ctx);
    void *wake_ctx;
};

/* What was asked. Words after the command ("FILE"), and options "--name value" or "--name=value" or
 * "--name" (value ""). Names have no dot: those with one are configuration. */
struct ops_option {
    const char *name;
    const char *value;
};
struct ops_args {
    const char *const *words;
    size_t word_count;
    const struct ops_option *options;
    size_t option_count;
    const char *cwd; /* absolute: where the words were written; NULL: this process's own */
};
/* NULL if it was not given. */
const char *ops_option(const struct ops_args *a, const char *name);
/* The option's number, `fallback` if it was not given; false, with a line on io, if it is none. */
MUST_CHECK bool ops_option_u64(const struct ops_args *a, const char *name, uint64_t fallback,
                               const struct ops_io *io, uint64_t *out);
/* A path that the operator wrote, made absolute: the server has another working folder than the
 * command line. False, with a line on io, if it is too long. */
enum { OPS_PATH_MAX = 4096 };
MUST_CHECK bool ops_path(const struct ops_args *a, const char *word, char out[OPS_PATH_MAX],
                         const struct ops_io *io);

/* Where the output goes; the text of lines is for people unless --json was given. */
struct ops_io {
    void *ctx;
    void (*write)(void *ctx, const char *data, size_t len);
    /* True once nobody listens any more, or the server stops: a command ends early and cleanly. */
    bool (*stopped)(void *ctx);
};
PRINTF_LIKE(2, 3) void ops_printf(const struct ops_io *io, const char *format, ...);

/* As the exit codes of the command line: 0 done, 1 failed or findings, 2 wrong words. */
enum ops_result { OPS_OK = 0, OPS_FAILED = 1, OPS_USAGE = 2 };
typedef enum ops_result (*ops_fn)(struct ops *o, const struct ops_args *a, const struct ops_io *io);

/* STORE: in the server, or with the store opened here. MIGRATE: as STORE, but here the store is
 * opened by the command itself. OFFLINE: refused while a server runs; holds the folder's lock.
 * FILE: needs no data folder. SERVER: in a running server only. */
enum ops_place {
    OPS_PLACE_STORE,
    OPS_PLACE_MIGRATE,
    OPS_PLACE_OFFLINE,
    OPS_PLACE_FILE,
    OPS_PLACE_SERVER
};

struct ops_command {
    const char *word;
    const char *second; /* NULL if there is none */
    ops_fn fn;
    enum ops_place place;
    const char *usage; /* words and options: "FILE [--bytes-per-second N]" */
    const char *help;
};

extern const struct ops_command ops_commands[];
extern const size_t ops_command_count;
enum { OPS_WORDS_MAX = 4, OPS_OPTIONS_MAX = 16, OPS_WHY_MAX = 256 };

/* The arguments after a command's words, taken apart; points into argv and into `names`. */
struct ops_parsed {
    struct ops_args args;
    const char *words[OPS_WORDS_MAX];
    struct ops_option options[OPS_OPTIONS_MAX];
    char names[OPS_OPTIONS_MAX][40];
};
/* By the row's usage, which says which options have a value. False: `why` has a sentence. */
MUST_CHECK bool ops_parse(const struct ops_command *c, size_t argc, const char *const *argv,
                          struct ops_parsed *out, char why[OPS_WHY_MAX]);
/* Whether the option "--name" or "--name=value" is to be followed by its value in the next
 * argument, which does not begin with "--". */
bool ops_takes_next(const struct ops_command *c, const char *argument);
/* The row of `word second`, NULL if there is none. */
const struct ops_command *ops_find(const char *word, const char *second);
/* Whether words and options are as the row's usage says; else `why` has a sentence. */
MUST_CHECK bool ops_check(const struct ops_command *c, const struct ops_args *a,
                          char why[OPS_WHY_MAX]);
/* Says `why` and how the command is written. */
void ops_say_usage(const struct ops_command *c, const struct ops_io *io, const char *why);
/* Checks the words and options against the row's usage, says on io what is wrong, and runs it. */
enum ops_result ops_run(const struct ops_command *c, struct ops *o, const struct ops_args *a,
                        const struct ops_io *io);
