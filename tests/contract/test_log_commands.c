/* guildhall log tail, replay and verify, as they are run by the server: what they print, and what
 * never is printed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>

#include "contract/log_fixture.h"
#include "ops/ops.h"

enum { OUT_MAX = 256 * 1024, LINES_MAX = 1100 };

struct output {
    pthread_mutex_t lock;
    char text[OUT_MAX];
    size_t len;
    sem_t written;
    _Atomic bool stop;
};

static void on_write(void *ctx, const char *data, size_t len)
{
    struct output *o = ctx;
    pthread_mutex_lock(&o->lock);
    assert_true(o->len + len < OUT_MAX);
    memcpy(o->text + o->len, data, len);
    o->len += len;
    o->text[o->len] = '\0';
    pthread_mutex_unlock(&o->lock);
    sem_post(&o->written);
}

static bool on_stopped(void *ctx)
{
    struct output *o = ctx;
    return atomic_load(&o->stop);
}

static struct output *output_new(void)
{
    struct output *o = calloc(1, sizeof *o);
    assert_non_null(o);
    pthread_mutex_init(&o->lock, NULL);
    sem_init(&o->written, 0, 0);
    return o;
}

static void output_free(struct output *o)
{
    sem_destroy(&o->written);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* One line as the operator writes it, "log tail --count 5". */
static enum ops_result run_on(struct core_fixture *f, const char *line, struct output *out)
{
    char words[256];
    const char *argv[16];
    size_t argc = 0;
    char why[OPS_WHY_MAX];
    struct ops_parsed parsed;
    struct ops ops = {.store = f->store, .core = f->core, .data = f->folder, .clock = &f->clock};
    struct ops_io io = {out, on_write, on_stopped};
    snprintf(words, sizeof words, "%s", line);
    for (char *at = words; *at != '\0' && argc < 16;) {
        argv[argc++] = at;
        at += strcspn(at, " ");
        if (*at == ' ')
            *at++ = '\0';
    }
    const struct ops_command *c = ops_find(argv[0], argv[1]);
    assert_non_null(c);
    assert_true(ops_parse(c, argc - 2, argv + 2, &parsed, why));
    return ops_run(c, &ops, &parsed.args, &io);
}

/* The output is the caller's until the next run. */
PRINTF_LIKE(3, 4)
static const char *run(struct core_fixture *f, enum ops_result expected, const char *format, ...)
{
    static char text[OUT_MAX];
    char line[256];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    struct output *o = output_new();
    enum ops_result got = run_on(f, line, o);
    memcpy(text, o->text, o->len + 1);
    output_free(o);
    if (got != expected)
        fail_msg("%s: result %d: %s", line, (int)got, text);
    return text;
}

static unsigned lines_of(const char *text)
{
    unsigned n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

/* Each of the texts, in this order. */
static void has_in_order(const char *text, size_t count, const char *const parts[])
{
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        const char *next = strstr(at, parts[i]);
        if (next == NULL)
            fail_msg("\"%s\" is not in its place in:\n%s", parts[i], text);
        at = next + 1;
    }
}
#define HAS(text, ...)                                                                             \
    has_in_order(text, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                \
                 (const char *const[]){__VA_ARGS__})

#define U(x) (unsigned long long)(x).v

/* ---- tail ---- */

static void test_tail_of_one_stream(void **state)
{
    struct core_fixture *f = *state;
    struct stream s = {STREAM_GUILD, 11};
    emit(f, s, 300);
    emit(f, (struct stream){STREAM_USER, 5}, 3);
    const char *text = run(f, OPS_OK, "log tail --stream guild:11 --count 3");
    assert_int_equal(lines_of(text), 3);
    HAS(text, "2026-09-21T", "Z guild:11 298 MESSAGE_CREATE entity=298\n",
        "guild:11 299 MESSAGE_CREATE", "guild:11 300 MESSAGE_CREATE");
    assert_int_equal(lines_of(run(f, OPS_OK, "log tail --stream guild:11")), 20);
    assert_int_equal(lines_of(run(f, OPS_OK, "log tail --stream guild:11 --count 1000")), 300);
    assert_int_equal(lines_of(run(f, OPS_OK, "log tail --stream user:5")), 3);
    assert_string_equal(run(f, OPS_OK, "log tail --stream guild:12"), "");
    text = run(f, OPS_OK, "log tail --stream user:5 --count 1 --json");
    assert_string_equal(text, "{\"at\":\"2026-09-21T14:13:20.000000+00:00\",\"stream\":\"user:5\","
                              "\"position\":3,\"kind\":\"MESSAGE_CREATE\",\"guild_id\":null,"
                              "\"channel_id\":null,\"entity_id\":\"3\",\"actor_id\":null}\n");
}

/* The newest of all: rows of many streams, and streams of many rows. */
static void test_tail_of_all_streams(void **state)
{
    struct core_fixture *f = *state;
    assert_string_equal(run(f, OPS_OK, "log tail"), "");
    emit(f, (struct stream){STREAM_GUILD, 11}, 200);
    for (uint64_t i = 0; i < 600; i++) { /* more than one page of streams */
        atomic_fetch_add(&f->wall_ms, 1000);
        emit(f, (struct stream){STREAM_USER, 1000 - i}, 1);
    }
    atomic_fetch_add(&f->wall_ms, 1000);
    emit(f, (struct stream){STREAM_GUILD, 12}, 2);
    atomic_fetch_add(&f->wall_ms, 1000);
    emit(f, (struct stream){STREAM_GUILD, 11}, 1);
    const char *text = run(f, OPS_OK, "log tail --count 5");
    assert_int_equal(lines_of(text), 5);
    HAS(text, "user:402 1", "user:401 1", "guild:12 1", "guild:12 2", "guild:11 201");
    /* Everything there is, also when the oldest come from the longest stream. */
    text = run(f, OPS_OK, "log tail --count 1000");
    assert_int_equal(lines_of(text), 803);
    HAS(text, "guild:11 1 ", "guild:11 200 ", "user:1000 1", "user:401 1", "guild:11 201");
    text = run(f, OPS_OK, "log tail --count 700");
    assert_int_equal(lines_of(text), 700);
    HAS(text, "guild:11 200 ", "user:1000 1", "guild:11 201");
}

static void test_words_that_are_wrong(void **state)
{
    static const char *const wrong[] = {
        "log tail --stream guild",   "log tail --stream guild:",
        "log tail --stream room:5",  "log tail --stream guild:5x",
        "log tail --count 0",        "log tail --count 1001",
        "log tail --count many",     "log tail extra",
        "log tail --verbose",        "log replay",
        "log replay --stream guild", "log replay --stream user:-1",
        "log verify --repair=yes",   "log replay --stream user:1 --after x",
    };
    struct core_fixture *f = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_true(strlen(run(f, OPS_USAGE, "%s", wrong[i])) > 0);
}

/* Nothing that people wrote: no text, no nonce, no invite's code. */
static void test_tail_has_no_words_of_people(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct slice code = cf_invite(f, owner, general, 0, 0);
    struct message m;
    struct message_draft d = {.content = SLICE("a word"), .nonce = SLICE("noncetext")};
    assert_int_equal(cf_try_post(f, owner, general, &d, &m), ERR_OK);
    char invite[16];
    snprintf(invite, sizeof invite, "%.*s", SLICE_ARG(code));
    for (int json = 0; json < 2; json++) {
        const char *text = run(f, OPS_OK, "log tail%s", json == 1 ? " --json" : "");
        HAS(text, "GUILD_MEMBER_ADD", "INVITE_CREATE", "MESSAGE_CREATE");
        assert_null(strstr(text, "a word"));
        assert_null(strstr(text, "noncetext"));
        assert_null(strstr(text, invite));
    }
}

/* ---- following ---- */

struct following {
    struct core_fixture *f;
    const char *line;
    struct output *out;
    enum ops_result result;
};

static void *follow(void *ctx)
{
    struct following *x = ctx;
    x->result = run_on(x->f, x->line, x->out);
    return NULL;
}

static void wait_for_lines(struct output *o, unsigned count)
{
    unsigned lines = 0;
    while (lines < count) {
        assert_int_equal(sem_wait(&o->written), 0);
        pthread_mutex_lock(&o->lock);
        lines = lines_of(o->text);
        pthread_mutex_unlock(&o->lock);
    }
}

/* What was there, then what comes, each once; ends when nobody listens. */
static void check_following(struct core_fixture *f, const char *line, bool all)
{
    struct stream s = {STREAM_GUILD, 11}, other = {STREAM_USER, 7};
    struct following x = {f, line, output_new(), OPS_FAILED};
    pthread_t thread;
    uint64_t head = look(f, s).head;
    atomic_fetch_add(&f->wall_ms, 1000);
    emit(f, s, 2);
    assert_int_equal(pthread_create(&thread, NULL, follow, &x), 0);
    wait_for_lines(x.out, 2);
    emit(f, s, 300);
    emit(f, other, 1);
    wait_for_lines(x.out, all ? 303 : 302);
    emit(f, s, 1);
    wait_for_lines(x.out, all ? 304 : 303);
    atomic_store(&x.out->stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(x.result, OPS_OK);
    assert_int_equal(lines_of(x.out->text), all ? 304 : 303);
    const char *at = x.out->text;
    for (uint64_t p = head + 1; p <= head + 303; p++) {
        char part[32];
        snprintf(part, sizeof part, "guild:11 %llu ", (unsigned long long)p);
        at = strstr(at, part);
        assert_non_null(at);
    }
    assert_true((strstr(x.out->text, "user:7") != NULL) == all);
    output_free(x.out);
}

static void test_following(void **state)
{
    struct core_fixture *f = *state;
    check_following(f, "log tail --stream guild:11 --count 2 --follow", false);
    check_following(f, "log tail --count 2 --follow", true);
}

/* ---- replay ---- */

static void test_replay(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    for (int i = 0; i < 150; i++) {
        char content[32];
        snprintf(content, sizeof content, "words %d", i);
        (void)cf_post(f, owner, general, content);
    }
    struct message doomed = cf_post(f, owner, general, "doomed");
    struct access a = cf_in_channel(f, owner, general);
    assert_int_equal(message_delete(f->core, &owner->by, &a, doomed.id), ERR_OK);
    access_end(&a);
    const char *text = run(f, OPS_OK, "log replay --stream guild:%llu", U(guild));
    assert_int_equal(lines_of(text), 100);
    HAS(text, "{\"position\":1,", "\"kind\":\"GUILD_MEMBER_ADD\"",
        "\"event\":{\"t\":", "{\"position\":2,", "\"content\":\"words 0\"", "}}\n",
        "{\"position\":100,");
    text = run(f, OPS_OK, "log replay --stream guild:%llu --after 150 --count 1000", U(guild));
    assert_int_equal(lines_of(text), 3);
    HAS(text, "\"content\":\"words 149\"", "{\"position\":152,", "\"event\":null}\n",
        "\"kind\":\"MESSAGE_DELETE\"", "\"event\":{\"t\":\"MESSAGE_DELETE\"");
    assert_null(strstr(text, "doomed"));
    text = run(f, OPS_OK, "log replay --stream guild:%llu --count 0", U(guild));
    assert_string_equal(text, "");
    text = run(f, OPS_OK, "log replay --stream user:%llu", U(owner->who.user));
    HAS(text, "\"kind\":\"GUILD_CREATE\"", "\"event\":null}\n");
}

static void test_replay_of_a_trimmed_stream(void **state)
{
    struct core_fixture *f = *state;
    struct stream s = {STREAM_GUILD, 11};
    emit(f, s, 10);
    pass_days(f, 31);
    emit(f, s, 2);
    trim_all(f, 30);
    assert_int_equal(lines_of(run(f, OPS_OK, "log replay --stream guild:11")), 2);
    const char *text = run(f, OPS_FAILED, "log replay --stream guild:11 --after 3");
    HAS(text, "what follows position 3", "from 11 to 12", "--after 10");
}

/* ---- verify ---- */

static void test_verify(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    HAS(run(f, OPS_OK, "log verify"), "streams: 2 streams looked at, 0 findings",
        "guilds: 1 guilds looked at", "people: 1 accounts looked at", "No damage was found.\n");
    damage(f, "UPDATE guilds SET member_count = 9 WHERE id = %llu", U(guild));
    HAS(run(f, OPS_FAILED, "log verify"), "  member_count: guild:", "member_count is 9",
        "1 findings, 0 repaired", "--repair");
    HAS(run(f, OPS_OK, "log verify --repair"), "(repaired)", "1 findings, 1 repaired");
    HAS(run(f, OPS_OK, "log verify"), "No damage was found.\n");
    damage(f, "DELETE FROM event_log WHERE position = 1");
    HAS(run(f, OPS_FAILED, "log verify --repair"), "missing_rows", "not repaired");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_tail_of_one_stream),
        T(test_tail_of_all_streams),
        T(test_words_that_are_wrong),
        T(test_tail_has_no_words_of_people),
        T(test_following),
        T(test_replay),
        T(test_replay_of_a_trimmed_stream),
        T(test_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
