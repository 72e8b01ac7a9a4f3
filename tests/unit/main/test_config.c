/*
 * Configuration: every kind of mistake is refused with a line that names source, key and range; the
 * order of the sources; masking; the committed texts. Run in a folder of its own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/cli.h"
#include "main/config_docs.h"
#include "main/config_source.h"

enum { TEXT_MAX = 65536 };

static const char *const NO_ENV[] = {NULL};

static int count(const char *const *list)
{
    int n = 0;
    while (list[n] != NULL)
        n++;
    return n;
}

/* One start: a file's text (NULL: none), environment, flags. */
struct start {
    const char *name;
    const char *file;
    const char *const *env;
    const char *const *flags;
    const char *parts[4]; /* what the message must contain; none: it must be accepted */
};

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void write_file(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static bool load(const struct start *s, struct config *config, struct config_error *error)
{
    (void)unlink("guildhall.conf");
    if (s->file != NULL)
        write_file("guildhall.conf", s->file, strlen(s->file));
    return config_load(config, s->flags == NULL ? 0 : count(s->flags),
                       s->flags == NULL ? NO_ENV : s->flags, s->env == NULL ? NO_ENV : s->env,
                       error);
}

#define LONG_50 "01234567890123456789012345678901234567890123456789"
#define LONG_250 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50

static const struct start STARTS[] = {
    {"nothing", NULL, NULL, NULL, {NULL}},
    {"empty file", "", NULL, NULL, {NULL}},
    {"comments", "# a\n; b\n\n[server]\nworkers = 40 ; why\n", NULL, NULL, {NULL}},
    {"byte order mark and CRLF", "\xef\xbb\xbf[server]\r\nworkers = 40\r\n", NULL, NULL, {NULL}},
    {"no newline at the end", "[log]\nlevel = warn", NULL, NULL, {NULL}},
    {"other variables", NULL, LIST("PATH=/bin", "GUILDHALLX=1", "junk"), NULL, {NULL}},
    {"script variables",
     NULL,
     LIST("GUILDHALL_BIN=x", "GUILDHALL_TEST_A=1", "GUILDHALL_BENCH_B=1"),
     NULL,
     {NULL}},
    {"short flags", NULL, NULL, LIST("--data", "/d", "--listen=[::1]:0"), {NULL}},
    {"empty optional text", "[server]\npublic_url =\n", NULL, NULL, {NULL}},

    {"file: unknown key",
     "[server]\n\nworkrs = 3\n",
     NULL,
     NULL,
     {"guildhall.conf:3: ", "unknown key \"server.workrs\"", "workers_read_reserved"}},
    {"file: unknown section",
     "[servr]\nworkers = 3\n",
     NULL,
     NULL,
     {"guildhall.conf:2: ", "unknown key \"servr.workers\"", "sections are: server, http"}},
    {"file: no section", "workers = 3\n", NULL, NULL, {"guildhall.conf:1: ", "\"workers\""}},
    {"file: bad value",
     "[server]\nworkers = many\n",
     NULL,
     NULL,
     {"guildhall.conf:2: ", "server.workers: \"many\" is not a whole number", "4 to 1024 threads"}},
    {"file: out of range",
     "# x\n[http]\nbody_bytes_max = 12\n",
     NULL,
     NULL,
     {"guildhall.conf:3: ", "http.body_bytes_max: \"12\" is out of range",
      "1024 to 104857600 bytes"}},
    {"file: not a pair", "[server]\nworkers\n", NULL, NULL, {"guildhall.conf:2: ", "key = value"}},
    {"file: open bracket", "[server\n", NULL, NULL, {"guildhall.conf:1: ", "[section]"}},
    {"file: twice",
     "[log]\nlevel = info\nlevel = warn\n",
     NULL,
     NULL,
     {"guildhall.conf:3: ", "log.level: given twice", "line 2"}},
    {"file: continuation",
     "[log]\nlevel = info\n  format = json\n",
     NULL,
     NULL,
     {"guildhall.conf:3: ", "log.level: given twice", "indented"}},
    {"file: long line",
     "[server]\ndata = /" LONG_250 "\n",
     NULL,
     NULL,
     {"guildhall.conf:2: ", "too long"}},
    {"file: long last line",
     "[server]\ndata = /" LONG_250,
     NULL,
     NULL,
     {"guildhall.conf:2: ", "too long"}},

    {"named file is absent",
     NULL,
     NULL,
     LIST("--config=absent.conf"),
     {"absent.conf: cannot be read: No such file"}},
    {"named file is a folder", NULL, NULL, LIST("--config", "."), {".:1: Is a directory"}},
    {"file name is missing", NULL, NULL, LIST("--config"), {"flag --config: a value is missing"}},

    {"environment: unknown key",
     NULL,
     LIST("GUILDHALL_SERVER_WORKRS=3"),
     NULL,
     {"environment GUILDHALL_SERVER_WORKRS: ", "unknown key", "section server has: listen"}},
    {"environment: unknown section",
     NULL,
     LIST("GUILDHALL_SERVR_WORKERS=3"),
     NULL,
     {"environment GUILDHALL_SERVR_WORKERS: ", "unknown key", "sections are: server"}},
    {"environment: bare", NULL, LIST("GUILDHALL_=3"), NULL, {"GUILDHALL_: unknown key"}},
    {"environment: small letters",
     NULL,
     LIST("GUILDHALL_server_workers=30"),
     NULL,
     {"unknown key"}},
    {"environment: bad choice",
     NULL,
     LIST("GUILDHALL_LOG_LEVEL=loud"),
     NULL,
     {"environment GUILDHALL_LOG_LEVEL: ", "log.level: \"loud\" is not one",
      "debug, info, warn or error"}},
    {"environment: part of the choices",
     NULL,
     LIST("GUILDHALL_LOG_LEVEL=debug|info"),
     NULL,
     {"is not one of the choices"}},
    {"environment: empty",
     NULL,
     LIST("GUILDHALL_SERVER_DATA="),
     NULL,
     {"server.data: \"\" is empty"}},

    {"flag: unknown key",
     NULL,
     NULL,
     LIST("--server.workrs=3"),
     {"flag --server.workrs: ", "unknown key", "section server has: "}},
    {"flag: unknown word", NULL, NULL, LIST("--wokers=3"), {"flag --wokers: ", "sections are: "}},
    {"flag: section only", NULL, NULL, LIST("--server=3"), {"flag --server: ", "unknown key"}},
    {"flag: empty name", NULL, NULL, LIST("--=3"), {"flag --: ", "not a flag"}},
    {"flag: one dash", NULL, NULL, LIST("-d", "x"), {"flag -d: ", "not a flag"}},
    {"flag: a stray word", NULL, NULL, LIST("here"), {"flag here: ", "not a flag"}},
    {"flag: value is missing", NULL, NULL, LIST("--data"), {"flag --data: a value is missing"}},
    {"flag: a flag as value",
     NULL,
     NULL,
     LIST("--data", "--listen", "a:1"),
     {"flag --data: a value is missing"}},
    {"flag: long name", NULL, NULL, LIST("--" LONG_250 "=1"), {"not a flag"}},
    {"flag: bad truth value",
     NULL,
     NULL,
     LIST("--limits.enabled=maybe"),
     {"flag --limits.enabled: ", "\"maybe\" is not a truth value", "true or false"}},
    {"flag: negative", NULL, NULL, LIST("--server.loops=-1"), {"is not a whole number", "0 to 64"}},
    {"flag: trailing letters", NULL, NULL, LIST("--server.loops=2k"), {"is not a whole number"}},
    {"flag: more than 64 bits",
     NULL,
     NULL,
     LIST("--server.loops=18446744073709551616"),
     {"is not a whole number"}},
    {"flag: address without port",
     NULL,
     NULL,
     LIST("--listen", "localhost"),
     {"flag --listen: server.listen: \"localhost\" is not an address", "host:port"}},
    {"flag: port too large", NULL, NULL, LIST("--listen", "a:65536"), {"is not an address"}},
    {"flag: port empty", NULL, NULL, LIST("--listen", "abc:"), {"is not an address"}},
    {"flag: bare IPv6", NULL, NULL, LIST("--listen", "::1:80"), {"is not an address"}},
    {"flag: no host", NULL, NULL, LIST("--listen", ":8080"), {"is not an address"}},
    {"flag: URL without scheme",
     NULL,
     NULL,
     LIST("--server.public_url=chat.example.org"),
     {"is not such a URL", "https://host"}},
    {"flag: URL with a slash",
     NULL,
     NULL,
     LIST("--server.public_url=https://a.example/"),
     {"is not such a URL"}},
    {"flag: control character", NULL, NULL, LIST("--data", "a\nb"), {"control character"}},

    {"workers: reserve above all",
     NULL,
     LIST("GUILDHALL_SERVER_WORKERS=8"),
     NULL,
     {"default: server.workers_read_reserved: 16 must be below", "GUILDHALL_SERVER_WORKERS",
      "1 to 7"}},
    {"workers: reserve equals all",
     NULL,
     NULL,
     LIST("--server.workers_read_reserved=128"),
     {"flag --server.workers_read_reserved: ", "must be below server.workers", "(default)"}},
    {"metrics: a listener for nothing",
     NULL,
     NULL,
     LIST("--metrics.listen=127.0.0.1:9100"),
     {"flag --metrics.listen: ", "needs metrics.enabled=true"}},
    {"s3: no address",
     NULL,
     NULL,
     LIST("--media.store=s3"),
     {"flag --media.store: ", "needs media.s3_url"}},
    {"s3: a prefix with a query",
     NULL,
     NULL,
     LIST("--media.s3_prefix=chat?x=&"),
     {"flag --media.s3_prefix: ", "no beginning of a key"}},
    {"s3: a prefix that leads elsewhere",
     NULL,
     NULL,
     LIST("--media.s3_prefix=chat/../other/"),
     {"flag --media.s3_prefix: ", "no beginning of a key"}},
    {"s3: a bucket that is a path",
     NULL,
     NULL,
     LIST("--media.s3_bucket=a/b"),
     {"flag --media.s3_bucket: ", "no name of a bucket"}},
    {"s3: as it should be",
     NULL,
     NULL,
     LIST("--media.store=s3", "--media.s3_url=https://s3.example.org", "--media.s3_bucket=a.b-c",
          "--media.s3_prefix=chat/v1_2/"),
     {NULL}},
};

static void test_starts(void **state)
{
    struct config config;
    struct config_error error;

    (void)state;
    for (size_t i = 0; i < sizeof STARTS / sizeof STARTS[0]; i++) {
        const struct start *s = &STARTS[i];
        bool wanted = s->parts[0] == NULL;
        bool ok = load(s, &config, &error);
        if (ok != wanted)
            fail_msg("%s: %s (%s)", s->name, ok ? "accepted" : "refused", error.text);
        for (size_t p = 0; p < 4 && s->parts[p] != NULL; p++) {
            if (strstr(error.text, s->parts[p]) == NULL)
                fail_msg("%s: no '%s' in: %s", s->name, s->parts[p], error.text);
        }
        if (ok)
            config_deinit(&config);
    }
}

/* Each later source wins, and the source of the winner is remembered. */
static void test_precedence(void **state)
{
    static const char *file = "[server]\nworkers = 41\ndata = from-file\n[log]\nlevel = warn\n";
    const struct {
        struct start start;
        uint64_t workers;
        const char *label;
    } CASES[] = {
        {{.name = "default"}, 128, "default"},
        {{.name = "file", .file = file}, 41, "guildhall.conf:2"},
        {{.name = "environment", .file = file, .env = LIST("GUILDHALL_SERVER_WORKERS=42")},
         42,
         "environment GUILDHALL_SERVER_WORKERS"},
        {{.name = "flag",
          .file = file,
          .env = LIST("GUILDHALL_SERVER_WORKERS=42"),
          .flags = LIST("--server.workers", "43")},
         43,
         "flag --server.workers"},
        {{.name = "last flag", .flags = LIST("--server.workers=43", "--server.workers=44")},
         44,
         "flag --server.workers"},
    };
    struct config config;
    struct config_error error;
    char label[CONFIG_LABEL_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        if (!load(&CASES[i].start, &config, &error))
            fail_msg("%s: %s", CASES[i].start.name, error.text);
        assert_int_equal(config.server_workers, CASES[i].workers);
        config_source_label(config.set.settings[CONFIG_KEY_server_workers].source, label);
        assert_string_equal(label, CASES[i].label);
        assert_string_equal(config.log_level, CASES[i].start.file == NULL ? "info" : "warn");
        config_deinit(&config);
    }
}

static void test_values(void **state)
{
    struct config config;
    struct config_error error;
    struct start s = {.file = "[server]\ndata = from-file\nlisten = 0.0.0.0:1\n",
                      .env = LIST("GUILDHALL_LIMITS_ENABLED=off", "GUILDHALL_METRICS_ENABLED=1",
                                  "GUILDHALL_AUTH_REGISTRATION=closed"),
                      .flags = LIST("--listen", "localhost:65535", "--data=a=b",
                                    "--store.wal_alarm_bytes=1099511627776")};

    (void)state;
    assert_true(load(&s, &config, &error));
    assert_string_equal(config.server_listen, "localhost:65535");
    assert_string_equal(config.server_data, "a=b");
    assert_string_equal(config.auth_registration, "closed");
    assert_false(config.limits_enabled);
    assert_true(config.metrics_enabled);
    assert_true(config.store_wal_alarm_bytes == UINT64_C(1099511627776));
    assert_string_equal(config.server_public_url, "");
    config_deinit(&config);
    config_deinit(&config);
}

/* Bytes that no C string can hold, and a file without an end. */
static void test_raw_files(void **state)
{
    struct config config;
    struct config_error error;
    size_t size = CONFIG_FILE_BYTES_MAX + 64;
    char *blank = test_malloc(size);

    (void)state;
    write_file("raw.conf", "[log]\nle\0vel = info\n", 20);
    assert_false(config_load(&config, 1, LIST("--config=raw.conf"), NO_ENV, &error));
    assert_non_null(strstr(error.text, "raw.conf:2: a zero byte"));
    memset(blank, '\n', size);
    write_file("raw.conf", blank, size);
    assert_false(config_load(&config, 1, LIST("--config=raw.conf"), NO_ENV, &error));
    assert_non_null(strstr(error.text, "larger than 1 MiB"));
    test_free(blank);
}

static const struct config_row SECRET_ROWS[] = {
    {"mail", "password", CONFIG_TYPE_STR, "", 0, 16, "", "", CONFIG_FLAG_SECRET, "Word."},
    {"mail", "user", CONFIG_TYPE_STR, "me", 1, 16, "", "", 0, "Name."},
};

/* A secret shows neither in print nor in the refusal of it. */
static void test_secret(void **state)
{
    struct config_table table = {SECRET_ROWS, 2};
    struct config_set set;
    struct config_error error;
    char *text = NULL;
    size_t len = 0;

    (void)state;
    config_set_init(&set, table);
    assert_true(config_read_environment(&set, LIST("GUILDHALL_MAIL_PASSWORD=hunter2"), &error));
    assert_string_equal(set.settings[0].value.str, "hunter2");
    assert_false(config_read_flags(&set, 1, LIST("--mail.password=hunter2hunter2hunter2"), &error));
    assert_null(strstr(error.text, "hunter2"));
    assert_non_null(strstr(error.text, "mail.password: the value is too long"));
    FILE *out = open_memstream(&text, &len);
    config_docs_print(&set, out);
    assert_int_equal(fclose(out), 0);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "password = ******** ; environment GUILDHALL_MAIL_PASSWORD\n"));
    assert_non_null(strstr(text, "user = me ; default\n"));
    free(text);
    config_set_deinit(&set);
}

static const struct config *served;
static char served_data[64];

static int serve_stub(const struct config *config)
{
    served = config;
    (void)snprintf(served_data, sizeof served_data, "%s", config->server_data);
    return 7;
}

/* Runs the command line; out and err are the caller's to free. */
static int run(const char *const *argv, char **out, char **err)
{
    size_t out_len = 0;
    size_t err_len = 0;
    struct cli cli = {.out = open_memstream(out, &out_len),
                      .err = open_memstream(err, &err_len),
                      .serve = serve_stub};
    int code = cli_run(&cli, count(argv), argv, NO_ENV);

    assert_int_equal(fclose(cli.out), 0);
    assert_int_equal(fclose(cli.err), 0);
    return code;
}

static void test_commands(void **state)
{
    const struct {
        const char *const *argv;
        int code;
        const char *out;
        const char *err;
    } CASES[] = {
        {LIST("guildhall"), 2, "", "usage:"},
        {LIST("guildhall", "dance"), 2, "", "unknown command \"dance\""},
        {LIST("guildhall", "config"), 2, "", "unknown command \"config\""},
        {LIST("guildhall", "config", "eat"), 2, "", "unknown command \"config eat\""},
        {LIST("guildhall", "help"), 0, "--server.listen=127.0.0.1:8080", ""},
        {LIST("guildhall", "--help"), 0, "guildhall config print", ""},
        {LIST("guildhall", "serve", "--help"), 0, "usage:", ""},
        {LIST("guildhall", "version"), 0, "guildhall 0.", ""},
        {LIST("guildhall", "version", "x"), 2, "", "unexpected \"x\""},
        {LIST("guildhall", "config", "check"), 0, "configuration is valid", ""},
        {LIST("guildhall", "config", "check", "--log.level=x"), 2, "",
         "guildhall: flag --log.level: log.level: \"x\""},
        {LIST("guildhall", "config", "print", "--data", "d"), 0, "data = d ; flag --data\n", ""},
        {LIST("guildhall", "docs", "api"), 0, "/channels/{channel_id}/messages", ""},
        {LIST("guildhall", "docs", "gateway"), 0, "MESSAGE_CREATE", ""},
        {LIST("guildhall", "serve", "--bad=1"), 2, "", "unknown key \"bad\""},
        {LIST("guildhall", "serve", "--data", "dd"), 7, "", ""},
    };
    char *out = NULL;
    char *err = NULL;

    (void)state;
    (void)unlink("guildhall.conf");
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        served = NULL;
        int code = run(CASES[i].argv, &out, &err);
        if (code != CASES[i].code || strstr(out, CASES[i].out) == NULL ||
            strstr(err, CASES[i].err) == NULL || (CASES[i].out[0] == '\0' && out[0] != '\0') ||
            (CASES[i].err[0] == '\0' && err[0] != '\0'))
            fail_msg("case %zu: %d\nout: %.200s\nerr: %s", i, code, out, err);
        assert_int_equal(served != NULL, CASES[i].code == 7);
        free(out);
        free(err);
    }
    assert_string_equal(served_data, "dd");
}

/* A full disk behind standard output is not a success. */
static void test_write_failure(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    struct cli cli = {.out = full, .err = fopen("/dev/null", "w"), .serve = serve_stub};

    (void)state;
    assert_non_null(full);
    assert_int_equal(cli_run(&cli, 3, LIST("guildhall", "config", "docs"), NO_ENV), 1);
    (void)fclose(full);
    (void)fclose(cli.err);
}

static char *read_all(const char *path)
{
    char *text = test_malloc(TEXT_MAX);
    FILE *f = fopen(path, "r");
    size_t n;

    if (f == NULL)
        fail_msg("%s is absent", path);
    n = fread(text, 1, TEXT_MAX - 1, f);
    text[n] = '\0';
    (void)fclose(f);
    return text;
}

static void test_committed_texts(void **state)
{
    const struct {
        const char *const *argv;
        const char *path;
    } CASES[] = {
        {LIST("guildhall", "config", "sample"), GUILDHALL_SOURCE_DIR "/guildhall.conf.sample"},
        {LIST("guildhall", "config", "docs"), GUILDHALL_SOURCE_DIR "/docs/CONFIG.md"},
    };
    char *out = NULL;
    char *err = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(run(CASES[i].argv, &out, &err), 0);
        char *committed = read_all(CASES[i].path);
        assert_string_equal(out, committed);
        test_free(committed);
        free(out);
        free(err);
    }
}

/* What print and sample write is read back: by each option's row, with nothing refused. */
static void test_round_trip(void **state)
{
    struct config config;
    struct config_error error;
    char *out = NULL;
    char *err = NULL;

    (void)state;
    assert_int_equal(run(LIST("guildhall", "config", "print", "--server.workers=77"), &out, &err),
                     0);
    write_file("printed.conf", out, strlen(out));
    free(out);
    free(err);
    if (!config_load(&config, 1, LIST("--config=printed.conf"), NO_ENV, &error))
        fail_msg("%s", error.text);
    assert_int_equal(config.server_workers, 77);
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
        assert_int_equal(config.set.settings[i].source.origin, CONFIG_FILE);
    config_deinit(&config);

    /* The sample with every option switched on is the defaults. */
    assert_int_equal(run(LIST("guildhall", "config", "sample"), &out, &err), 0);
    for (char *p = out; (p = strstr(p, "\n#")) != NULL; p++) {
        if (p[2] != ' ')
            memmove(p + 1, p + 2, strlen(p + 2) + 1);
    }
    write_file("sample.conf", out, strlen(out));
    free(out);
    free(err);
    if (!config_load(&config, 1, LIST("--config=sample.conf"), NO_ENV, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
        assert_int_equal(config.set.settings[i].source.origin, CONFIG_FILE);
    config_deinit(&config);
}

static char folder[] = "/tmp/guildhall-config-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    static const char *const FILES[] = {"guildhall.conf", "raw.conf", "printed.conf",
                                        "sample.conf"};

    (void)state;
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++)
        (void)unlink(FILES[i]);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts),        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_values),        cmocka_unit_test(test_raw_files),
        cmocka_unit_test(test_secret),        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_write_failure), cmocka_unit_test(test_committed_texts),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
