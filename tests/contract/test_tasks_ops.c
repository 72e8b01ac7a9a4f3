/* The commands that begin and follow tasks: alone, beside a server that does the steps, and given
 * up. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/tasks_fixture.h"
#include "ops/ops.h"

enum { OUT_BYTES = 16384 };

struct world {
    struct core_fixture *f;
    struct ops o;
    char out[OUT_BYTES];
    size_t len;
    int patience; /* asked so often whether to stop, it says yes; -1: never */
    /* Beside a server: another thread does the steps once it is woken. */
    pthread_t server;
    _Atomic bool woken;
};

static void on_write(void *ctx, const char *data, size_t len)
{
    struct world *w = ctx;
    assert_true(w->len + len < OUT_BYTES);
    memcpy(w->out + w->len, data, len);
    w->len += len;
    w->out[w->len] = '\0';
}

static bool on_stopped(void *ctx)
{
    struct world *w = ctx;
    return w->patience >= 0 && w->patience-- == 0;
}

static void open_world(struct world *w, struct core_fixture *f)
{
    *w = (struct world){.f = f, .patience = -1};
    w->o = (struct ops){.store = f->store, .core = f->core, .clock = clock_system()};
}

static enum ops_result command(struct world *w, const char *word, const char *second,
                               const char *argument)
{
    struct ops_io io = {w, on_write, on_stopped};
    const struct ops_command *c = ops_find(word, second);
    struct ops_args args = {.words = &argument, .word_count = 1};
    assert_non_null(c);
    w->len = 0;
    w->out[0] = '\0';
    return ops_run(c, &w->o, &args, &io);
}

static bool says(const struct world *w, const char *text)
{
    return strstr(w->out, text) != NULL;
}

static void id_text(uint64_t id, char out[32])
{
    snprintf(out, 32, "%llu", (unsigned long long)id);
}

static void test_alone(void **state)
{
    static struct world w;
    char id[32];
    open_world(&w, *state);
    struct person *owner = cf_person(w.f, "owner");
    struct guild_id guild = cf_guild(w.f, owner);
    post_many(w.f, owner, cf_general(w.f, guild), "text", 30);
    id_text(guild.v, id);
    assert_int_equal(command(&w, "guild", "delete", id), OPS_OK);
    assert_true(says(&w, "1 of 10, telling the members: 0 rows so far\n"));
    assert_true(says(&w, "\ndone\n"));
    assert_int_equal(count_of(w.f, "SELECT COUNT(*) FROM guilds WHERE id = $1", guild.v), 0);
    id_text(owner->who.user.v, id);
    assert_int_equal(command(&w, "user", "erase", id), OPS_OK);
    assert_true(says(&w, "\ndone\n"));
    assert_int_equal(count_of(w.f, "SELECT COUNT(*) FROM users WHERE id = $1", owner->who.user.v),
                     0);
}

/* Who is interrupted has begun it all the same; the same command goes on. */
static void test_given_up(void **state)
{
    static struct world w;
    char id[32];
    open_world(&w, *state);
    struct person *owner = cf_person(w.f, "owner");
    struct guild_id guild = cf_guild(w.f, owner);
    id_text(guild.v, id);
    w.patience = 2;
    assert_int_equal(command(&w, "guild", "delete", id), OPS_FAILED);
    assert_true(says(&w, "no longer watching. The work goes on when the server runs"));
    assert_true(is_running(w.f, TASK_GUILD_DELETE, guild.v));
    w.patience = -1;
    assert_int_equal(command(&w, "guild", "delete", id), OPS_OK);
    assert_int_equal(command(&w, "guild", "delete", id), OPS_FAILED);
    assert_true(says(&w, "there is no guild"));
}

static void *serve(void *ctx)
{
    struct world *w = ctx;
    while (!atomic_load(&w->woken))
        sched_yield();
    run_tasks(w->f);
    return NULL;
}

static void on_wake(void *ctx)
{
    struct world *w = ctx;
    atomic_store(&w->woken, true);
}

static void test_beside_a_server(void **state)
{
    static struct world w;
    char id[32];
    open_world(&w, *state);
    struct person *owner = cf_person(w.f, "owner");
    id_text(owner->who.user.v, id);
    (void)cf_guild(w.f, owner);
    w.o.serving = true;
    w.o.wake = on_wake;
    w.o.wake_ctx = &w;
    assert_int_equal(pthread_create(&w.server, NULL, serve, &w), 0);
    assert_int_equal(command(&w, "user", "erase", id), OPS_OK);
    pthread_join(w.server, NULL);
    assert_true(says(&w, "\ndone\n"));
}

static void test_wrong_words(void **state)
{
    static const char *const words[] = {"x", "0", "-1", "99999999999999999999", "1 2", ""};
    static struct world w;
    open_world(&w, *state);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_int_equal(command(&w, "guild", "delete", words[i]), OPS_USAGE);
        assert_int_equal(command(&w, "user", "erase", words[i]), OPS_USAGE);
    }
    assert_int_equal(command(&w, "guild", "delete", "12345"), OPS_FAILED);
    assert_int_equal(command(&w, "user", "erase", "12345"), OPS_FAILED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_alone),
        TEST(test_given_up),
        TEST(test_beside_a_server),
        TEST(test_wrong_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
