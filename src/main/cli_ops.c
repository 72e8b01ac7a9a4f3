#include "main/cli_ops.h"

#include <errno.h>
#include <string.h>

#include "main/admin_client.h"
#include "main/admin_wire.h"
#include "main/config_source.h"
#include "main/local_command.h"

/* The arguments, by whom they are for. The command's words come first in `own`. */
struct split {
    const char *flags[ADMIN_ARGUMENTS_MAX];
    const char *own[ADMIN_ARGUMENTS_MAX];
    int flag_count;
    int own_count;
    int words;
    bool asks_help;
};

struct call {
    const struct cli *cli;
    const struct ops_command *command;
    struct split split;
    struct ops_parsed parsed;
};

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* A flag's value may stand in the next argument, as config_read_flags reads it. */
static bool flag_takes_next(const char *argument, const char *next)
{
    return strchr(argument, '=') == NULL && next != NULL && strncmp(next, "--", 2) != 0;
}

static bool split_arguments(const struct ops_command *command, int argc, const char *const *argv,
                            struct split *s)
{
    *s = (struct split){.words = command->second == NULL ? 1 : 2};
    if (argc > ADMIN_ARGUMENTS_MAX - 2)
        return false;
    for (int i = 0; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        bool takes_next;
        if (i >= s->words && config_flag_is(argv[i])) {
            s->flags[s->flag_count++] = argv[i];
            takes_next = flag_takes_next(argv[i], next);
            if (takes_next)
                s->flags[s->flag_count++] = argv[++i];
        } else {
            s->asks_help = s->asks_help || is_help(argv[i]);
            s->own[s->own_count++] = argv[i];
            takes_next =
                ops_takes_next(command, argv[i]) && next != NULL && strncmp(next, "--", 2) != 0;
            if (takes_next)
                s->own[s->own_count++] = argv[++i];
        }
    }
    return true;
}

static void write_stream(void *ctx, const char *data, size_t len)
{
    (void)fwrite(data, 1, len, ctx);
}

static void say_usage(const struct call *c, const char *why)
{
    const struct ops_io io = {.ctx = c->cli->err, .write = write_stream};
    ops_say_usage(c->command, &io, why);
}

static int print_help(const struct call *c)
{
    const struct ops_command *command = c->command;
    (void)fprintf(c->cli->out, "usage: guildhall %s%s%s%s%s [flags]\n\n%s\n", command->word,
                  command->second != NULL ? " " : "",
                  command->second != NULL ? command->second : "",
                  command->usage[0] != '\0' ? " " : "", command->usage, command->help);
    return CLI_EXIT_OK;
}

static int run_here(const struct call *c, const struct config *config)
{
    return local_command_run(c->command, &c->parsed.args, config, c->cli->out, c->cli->err);
}

static int ask_server(const struct call *c, const struct config *config)
{
    const struct split *s = &c->split;
    int code = CLI_EXIT_FAILED;
    switch (
        admin_client_run(config->server_data, (size_t)s->own_count, s->own, c->cli->out, &code)) {
    case ADMIN_ANSWER:
        break;
    case ADMIN_NOBODY:
        return run_here(c, config);
    case ADMIN_BROKEN:
        (void)fputs(
            "guildhall: the server ended before the command did, or its output was not read "
            "for three seconds\n",
            c->cli->err);
        break;
    case ADMIN_REFUSED:
        (void)fprintf(c->cli->err, "guildhall: the server of %s cannot be asked: %s\n",
                      config->server_data, strerror(errno));
        break;
    }
    return code;
}

static int run_configured(const struct call *c, const struct config *config)
{
    enum ops_place place = c->command->place;
    bool server_can =
        place == OPS_PLACE_STORE || place == OPS_PLACE_MIGRATE || place == OPS_PLACE_SERVER;
    return server_can ? ask_server(c, config) : run_here(c, config);
}

int cli_ops_run(const struct cli *cli, const struct ops_command *command, int argc,
                const char *const *argv, const char *const *envp)
{
    struct call c = {.cli = cli, .command = command};
    struct config config;
    struct config_error error;
    char why[OPS_WHY_MAX] = "there are too many arguments";

    bool fits = split_arguments(command, argc, argv, &c.split);
    if (fits && c.split.asks_help)
        return print_help(&c);
    const struct split *s = &c.split;
    if (!fits ||
        !ops_parse(command, (size_t)(s->own_count - s->words), s->own + s->words, &c.parsed, why) ||
        !ops_check(command, &c.parsed.args, why)) {
        say_usage(&c, why);
        return CLI_EXIT_USAGE;
    }
    if (!config_load(&config, s->flag_count, s->flags, envp, &error)) {
        (void)fprintf(cli->err, "guildhall: %s\n", error.text);
        return CLI_EXIT_USAGE;
    }
    int code = run_configured(&c, &config);
    config_deinit(&config);
    return code;
}

void cli_ops_usage(FILE *out)
{
    for (size_t i = 0; i < ops_command_count; i++) {
        const struct ops_command *c = &ops_commands[i];
        (void)fprintf(out, "  guildhall %s%s%s%s%s\n", c->word, c->second != NULL ? " " : "",
                      c->second != NULL ? c->second : "", c->usage[0] != '\0' ? " " : "", c->usage);
    }
}
