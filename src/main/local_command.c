/*
 * One writer, always: whatever is opened here is opened under the data folder's lock, which a
 * server holds as long as it runs. store_open takes it by itself; for commands that open the
 * database themselves it is taken here.
 */

#include "main/local_command.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/password.h"
#include "main/installation.h"
#include "store/folder.h"
#include "wire/json_read.h"

enum { WHY_BYTES = 512 };

struct local {
    const struct ops_command *command;
    const struct ops_args *args;
    const struct config *config;
    FILE *out;
    FILE *err;
    struct log log;
    struct metrics *metrics;
    struct bus *bus;
    struct core *core;
    struct store *store;
    int lock_fd;
    char why[WHY_BYTES];
};

static void write_out(void *ctx, const char *data, size_t len)
{
    struct local *l = ctx;
    (void)fwrite(data, 1, len, l->out);
    (void)fflush(l->out);
}

/* SIGINT and SIGTERM are blocked, so that the store is closed properly; they are noticed here. */
static bool is_stopped(void *ctx)
{
    struct local *l = ctx;
    sigset_t pending;
    if (ferror(l->out) != 0 || sigpending(&pending) != 0)
        return true;
    return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

static void block_signals(void)
{
    sigset_t set;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The log is for what goes wrong; what the command has to say is its output. */
static void start_log(struct local *l)
{
    enum log_level level = LOG_WARN;
    (void)log_level_parse(slice_from(l->config->log_level), &level);
    log_init(&l->log, STDERR_FILENO, level > LOG_WARN ? level : LOG_WARN, LOG_TEXT, clock_system());
}

static enum err open_store(struct local *l)
{
    l->metrics = metrics_new();
    l->bus = bus_new(l->metrics);
    if (l->metrics == NULL || l->bus == NULL)
        return ERR_NO_MEMORY;
    struct core_options co = installation_core(l->config, l->bus, &l->log, l->metrics);
    enum err e = core_new(&co, &l->core);
    if (e != ERR_OK)
        return e;
    struct store_options so = installation_store(l->config, l->core, &l->log, l->metrics);
    e = store_open(&so, &l->store, l->why, sizeof l->why);
    if (e == ERR_OK)
        core_attach_store(l->core, l->store);
    return e;
}

/* A server makes what is not there yet; a command would say of the wrong folder that all is well,
 * and back up nothing. */
static enum err look_for_database(struct local *l)
{
    const char *data = l->config->server_data;
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/guildhall.db", data);
    if (l->config->store_url[0] != '\0' || len < 0 || (size_t)len >= sizeof path ||
        access(path, F_OK) == 0 || errno != ENOENT)
        return ERR_OK; /* what else is wrong is found, and said, by opening it */
    snprintf(l->why, sizeof l->why,
             "There is no installation in %.300s; --data DIR says where it is.", data);
    return ERR_NOT_FOUND;
}

static enum err open_place(struct local *l)
{
    enum err e;
    switch (l->command->place) {
    case OPS_PLACE_STORE:
        e = look_for_database(l);
        return e == ERR_OK ? open_store(l) : e;
    case OPS_PLACE_MIGRATE:
    case OPS_PLACE_OFFLINE:
        return folder_lock(l->config->server_data, &l->lock_fd, l->why, sizeof l->why);
    case OPS_PLACE_SERVER:
        snprintf(l->why, sizeof l->why, "No server is running in %.300s; --data DIR says where.",
                 l->config->server_data);
        return ERR_NOT_FOUND;
    case OPS_PLACE_FILE:
        break;
    }
    return ERR_OK;
}

static int run(struct local *l)
{
    enum err e = open_place(l);
    if (e != ERR_OK) {
        (void)fprintf(l->err, "guildhall: %s\n", l->why[0] != '\0' ? l->why : err_info(e)->name);
        return OPS_FAILED;
    }
    const struct ops_io io = {l, write_out, is_stopped};
    struct ops ops = installation_ops(l->config, l->store, l->core, &l->log);
    enum ops_result result = ops_run(l->command, &ops, l->args, &io);
    return (int)(ferror(l->out) != 0 && result == OPS_OK ? OPS_FAILED : result);
}

int local_command_run(const struct ops_command *command, const struct ops_args *args,
                      const struct config *config, FILE *out, FILE *err)
{
    struct local l = {
        .command = command, .args = args, .config = config, .out = out, .err = err, .lock_fd = -1};
    if (!crypto_init()) {
        (void)fputs("guildhall: the cryptographic library does not start\n", err);
        return OPS_FAILED;
    }
    json_read_init((uint32_t)random_u64(random_system()));
    block_signals();
    umask(S_IRWXG | S_IRWXO); /* what people write is the operator's alone to read */
    start_log(&l);
    int code = run(&l);
    store_close(&l.store);
    core_free(&l.core);
    bus_free(&l.bus);
    metrics_free(&l.metrics);
    if (l.lock_fd >= 0)
        close(l.lock_fd);
    return code;
}
