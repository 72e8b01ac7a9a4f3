/*
 * Exit code 2 is for what the operator wrote (words, flags, configuration) and is decided before
 * anything is opened; scripts tell it from 1, a server that could not start or a stream that could
 * not be written.
 */

#include "main/cli.h"

#include <string.h>

#include "api/api.h"
#include "base/buf.h"
#include "gateway/gateway.h"
#include "main/cli_ops.h"
#include "main/config_docs.h"
#include "ops/ops_docs.h"

enum { PAGE_BYTES_MAX = 1024 * 1024 };

static void print_usage(FILE *out)
{
    (void)fputs(
        "Guildhall, a chat server that speaks Discord's HTTP API v10 and Gateway v10.\n"
        "\n"
        "usage:\n"
        "  guildhall serve [flags]          run the server in the foreground\n"
        "  guildhall config print [flags]   the values in force, and where each came from\n"
        "  guildhall config check [flags]   look for mistakes, open nothing\n"
        "  guildhall config sample          a configuration file to start from\n"
        "  guildhall config docs            the options as a Markdown page\n"
        "  guildhall docs api|gateway       routes, or events and opcodes, as a Markdown page\n"
        "  guildhall docs operations        the operator's commands, as a Markdown table\n"
        "  guildhall docs routes            the route table, an object of JSON a line\n"
        "  guildhall version\n"
        "  guildhall help                   this text and every option\n"
        "\n"
        "An operator's commands, with a server running on the data folder or without:\n",
        out);
    cli_ops_usage(out);
    (void)fputs("\n"
                "flags:\n"
                "  --data DIR                       short for --server.data\n"
                "  --listen HOST:PORT               short for --server.listen\n"
                "  --config FILE                    instead of ./guildhall.conf\n"
                "  --section.key=value              any option\n",
                out);
}

/* A result that could not be written is a failure, not a success with less text. */
static int finish(const struct cli *cli)
{
    if (fflush(cli->out) == 0 && ferror(cli->out) == 0)
        return CLI_EXIT_OK;
    (void)fputs("guildhall: cannot write to standard output\n", cli->err);
    return CLI_EXIT_FAILED;
}

static int run_help(const struct cli *cli)
{
    print_usage(cli->out);
    (void)fputs(
        "\nOptions with their defaults. Sources, the later wins: guildhall.conf, environment\n"
        "GUILDHALL_SECTION_KEY, flags.\n",
        cli->out);
    config_docs_help(config_table_builtin(), cli->out);
    return finish(cli);
}

static int run_version(const struct cli *cli)
{
    (void)fputs("guildhall " GUILDHALL_VERSION "\n", cli->out);
    return finish(cli);
}

static int run_sample(const struct cli *cli)
{
    config_docs_sample(config_table_builtin(), cli->out);
    return finish(cli);
}

static int run_page(const struct cli *cli, void (*write)(struct buf *out))
{
    struct buf page;

    buf_init(&page, MEM_MAIN, PAGE_BYTES_MAX);
    write(&page);
    bool failed = page.failed;
    if (!failed)
        (void)fwrite(page.data, 1, page.len, cli->out);
    buf_deinit(&page);
    if (failed)
        (void)fputs("guildhall: out of memory\n", cli->err);
    return failed ? CLI_EXIT_FAILED : finish(cli);
}

static int run_api_docs(const struct cli *cli)
{
    return run_page(cli, api_docs_write);
}

static int run_route_docs(const struct cli *cli)
{
    return run_page(cli, api_routes_write);
}

static int run_gateway_docs(const struct cli *cli)
{
    return run_page(cli, gateway_docs_write);
}

static int run_operations_docs(const struct cli *cli)
{
    return run_page(cli, ops_docs_write);
}

static int run_config_docs(const struct cli *cli)
{
    config_docs_page(config_table_builtin(), cli->out);
    return finish(cli);
}

static int run_print(const struct cli *cli, const struct config *config)
{
    config_docs_print(&config->set, cli->out);
    return finish(cli);
}

static int run_check(const struct cli *cli, const struct config *config)
{
    (void)config;
    (void)fputs("configuration is valid\n", cli->out);
    return finish(cli);
}

static int run_serve(const struct cli *cli, const struct config *config)
{
    return cli->serve(config);
}

/* A command is one or two words, then flags if it looks at the configuration. */
struct command {
    const char *word;
    const char *second; /* NULL if there is none */
    int (*plain)(const struct cli *cli);
    int (*configured)(const struct cli *cli, const struct config *config);
};

static const struct command COMMANDS[] = {
    {"serve", NULL, NULL, run_serve},
    {"config", "print", NULL, run_print},
    {"config", "check", NULL, run_check},
    {"config", "sample", run_sample, NULL},
    {"config", "docs", run_config_docs, NULL},
    {"docs", "api", run_api_docs, NULL},
    {"docs", "gateway", run_gateway_docs, NULL},
    {"docs", "operations", run_operations_docs, NULL},
    {"docs", "routes", run_route_docs, NULL},
    {"help", NULL, run_help, NULL},
    {"--help", NULL, run_help, NULL},
    {"-h", NULL, run_help, NULL},
    {"version", NULL, run_version, NULL},
    {"--version", NULL, run_version, NULL},
};

static const struct command *find_command(int argc, const char *const *argv)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        const struct command *c = &COMMANDS[i];
        if (argc < (c->second == NULL ? 2 : 3) || strcmp(argv[1], c->word) != 0)
            continue;
        if (c->second == NULL || strcmp(argv[2], c->second) == 0)
            return c;
    }
    return NULL;
}

static bool asks_help(int argc, const char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static int run_configured(const struct cli *cli, const struct command *command, int argc,
                          const char *const *argv, const char *const *envp)
{
    struct config config;
    struct config_error error;

    if (!config_load(&config, argc, argv, envp, &error)) {
        (void)fprintf(cli->err, "guildhall: %s\n", error.text);
        return CLI_EXIT_USAGE;
    }
    int code = command->configured(cli, &config);
    config_deinit(&config);
    return code;
}

int cli_run(const struct cli *cli, int argc, const char *const *argv, const char *const *envp)
{
    const struct command *command = find_command(argc, argv);
    const struct ops_command *ops =
        command == NULL && argc > 1 ? ops_find(argv[1], argc > 2 ? argv[2] : NULL) : NULL;
    int words = command == NULL || command->second == NULL ? 2 : 3;

    if (ops != NULL)
        return cli_ops_run(cli, ops, argc - 1, argv + 1, envp);
    if (command == NULL) {
        if (argc > 1)
            (void)fprintf(cli->err, "guildhall: unknown command \"%.100s%s%.100s\"\n\n", argv[1],
                          argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
        print_usage(cli->err);
        return CLI_EXIT_USAGE;
    }
    if (asks_help(argc - words, argv + words))
        return run_help(cli);
    if (command->configured != NULL)
        return run_configured(cli, command, argc - words, argv + words, envp);
    if (argc > words) {
        (void)fprintf(cli->err, "guildhall: unexpected \"%.100s\"\n", argv[words]);
        return CLI_EXIT_USAGE;
    }
    return command->plain(cli);
}
