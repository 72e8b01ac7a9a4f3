/*
 * A server that has stopped without being gone, as on a machine that is paused: its system takes
 * connections and bytes, and nobody answers. Stands in for it: a proxy in a process of its own,
 * stopped by a signal. Needs GUILDHALL_TEST_POSTGRES.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "postgres/cutting_proxy.h"
#include "store/postgres.h"
#include "store/postgres_priv.h"

enum { HANGS_S = 60, DEADLINE_NS = 50 * 1000000 };

struct scene {
    pid_t proxy;
    char url[512];
    struct sql_conn *c;
};

static void serve(const char *url, int out)
{
    struct proxy p;
    proxy_start(&p, url);
    if (write(out, p.url, sizeof p.url) != sizeof p.url)
        _exit(1);
    for (;;)
        pause();
}

static void begin(struct scene *s)
{
    const char *url = getenv("GUILDHALL_TEST_POSTGRES");
    int fds[2];
    assert_non_null(url);
    assert_int_equal(pipe(fds), 0);
    s->proxy = fork();
    assert_true(s->proxy >= 0);
    if (s->proxy == 0)
        serve(url, fds[1]);
    assert_int_equal(read(fds[0], s->url, sizeof s->url), sizeof s->url);
    close(fds[0]);
    close(fds[1]);
    struct postgres_options o = {.url = s->url, .clock = clock_system()};
    s->c = NULL;
    assert_int_equal(postgres_open(&o, &s->c, NULL, 0), ERR_OK);
    assert_int_equal(kill(s->proxy, SIGSTOP), 0);
    assert_int_equal(waitpid(s->proxy, NULL, WUNTRACED), s->proxy);
    alarm(HANGS_S); /* what is tested here would otherwise never end */
}

static void end(struct scene *s)
{
    alarm(0);
    assert_true(postgres_broken(s->c));
    sql_conn_close(&s->c);
    assert_int_equal(kill(s->proxy, SIGKILL), 0);
    assert_int_equal(waitpid(s->proxy, NULL, 0), s->proxy);
}

/* The question to cancel is not taken either. */
static void test_deadline(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    assert_int_equal(sql_begin(s.c, s.c->driver->begin_read), ERR_OK);
    s.c->driver->set_deadline(s.c, clock_mono_ns(clock_system()) + DEADLINE_NS);
    assert_int_equal(sql_run(sql_query_text(s.c, "SELECT 1")), ERR_STORE_AWAY);
    sql_rollback(s.c);
    end(&s);
}

/* The keeper's look at its session, which has no limits of time. */
static void test_ping(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    assert_int_equal(postgres_ping(s.c), ERR_STORE_AWAY);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* In this order: the second one begins a thread, and the first one forks. */
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
