/* The registry: sums over threads, histograms, and the exposition format. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/metrics.h"

static void test_values(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    metrics_add(m, METRIC_HTTP_REQUESTS, 2);
    metrics_add(m, METRIC_HTTP_REQUESTS, 3);
    metrics_add(m, METRIC_CONNECTIONS, 5);
    metrics_add(m, METRIC_CONNECTIONS, -4);
    metrics_set(m, METRIC_STORE_WAL_BYTES, 700);
    metrics_set(m, METRIC_STORE_WAL_BYTES, 600);
    assert_int_equal(metrics_get(m, METRIC_HTTP_REQUESTS), 5);
    assert_int_equal(metrics_get(m, METRIC_CONNECTIONS), 1);
    assert_int_equal(metrics_get(m, METRIC_STORE_WAL_BYTES), 600);
    assert_int_equal(metrics_get(m, METRIC_STORE_COMMITS), 0);
    metrics_free(&m);
    assert_null(m);
}

static void test_without_registry(void **state)
{
    (void)state;
    struct buf out;
    struct metrics *none = NULL;
    buf_init(&out, MEM_BASE, 100);
    metrics_add(NULL, METRIC_HTTP_REQUESTS, 1);
    metrics_set(NULL, METRIC_EVENT_BYTES, 1);
    metrics_observe_us(NULL, METRIC_HTTP_REQUEST_US, 1);
    assert_int_equal(metrics_get(NULL, METRIC_HTTP_REQUESTS), 0);
    metrics_render(NULL, &out);
    assert_int_equal(out.len, 0);
    metrics_free(&none);
    buf_deinit(&out);
}

/* Renders into a NUL-terminated string at the end of out. */
static const char *render(const struct metrics *m, struct buf *out)
{
    buf_init(out, MEM_BASE, 1 << 20);
    metrics_render(m, out);
    buf_putc(out, '\0');
    assert_false(out->failed);
    return out->data;
}

static void assert_has(const char *text, const char *line)
{
    if (strstr(text, line) == NULL)
        fail_msg("missing: %s", line);
}

static void test_render(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct buf out;
    metrics_add(m, METRIC_HTTP_REQUESTS, 42);
    metrics_add(m, METRIC_CONNECTIONS, -1);
    const char *text = render(m, &out);
    assert_has(text, "# HELP guildhall_http_requests_total HTTP requests answered\n"
                     "# TYPE guildhall_http_requests_total counter\n"
                     "guildhall_http_requests_total 42\n");
    assert_has(text, "# TYPE guildhall_connections gauge\nguildhall_connections -1\n");
    assert_has(text, "guildhall_memory_bytes{area=\"gateway\"} ");
    buf_deinit(&out);
    metrics_free(&m);
}

static void test_histogram(void **state)
{
    (void)state;
    static const uint64_t values_us[] = {0, 100, 101, 400, 1600, 26214400, 26214401};
    struct metrics *m = metrics_new();
    struct buf out;
    for (size_t i = 0; i < sizeof values_us / sizeof *values_us; i++)
        metrics_observe_us(m, METRIC_STORE_COMMIT_US, values_us[i]);
    assert_int_equal(metrics_get(m, METRIC_STORE_COMMIT_US), 7);
    assert_int_equal(metrics_get(m, METRIC_HTTP_REQUEST_US), 0);
    const char *text = render(m, &out);
    assert_has(text, "# TYPE guildhall_store_commit_duration_seconds histogram\n"
                     "guildhall_store_commit_duration_seconds_bucket{le=\"0.000100\"} 2\n"
                     "guildhall_store_commit_duration_seconds_bucket{le=\"0.000400\"} 4\n"
                     "guildhall_store_commit_duration_seconds_bucket{le=\"0.001600\"} 5\n");
    assert_has(text, "guildhall_store_commit_duration_seconds_bucket{le=\"26.214400\"} 6\n"
                     "guildhall_store_commit_duration_seconds_bucket{le=\"+Inf\"} 7\n"
                     "guildhall_store_commit_duration_seconds_sum 52.431002\n"
                     "guildhall_store_commit_duration_seconds_count 7\n");
    buf_deinit(&out);
    metrics_free(&m);
}

/* Every line is a comment or "name value"; every metric appears once. */
static void test_shape(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct buf out;
    size_t types = 0;
    render(m, &out);
    struct slice rest = {out.data, out.len - 1}, line;
    assert_int_equal(rest.data[rest.len - 1], '\n');
    while (slice_next(&rest, '\n', &line)) {
        types += slice_starts_with(line, SLICE("# TYPE "));
        if (line.data[0] == '#')
            continue;
        assert_true(slice_starts_with(line, SLICE("guildhall_")));
        assert_true(slice_find(line, ' ') < line.len - 1);
    }
    assert_int_equal(types, METRIC_COUNT + 1); /* and the heap by area */
    buf_deinit(&out);
    metrics_free(&m);
}

static void *count_up(void *arg)
{
    for (int i = 0; i < 10000; i++) {
        metrics_add(arg, METRIC_GATEWAY_FRAMES, 1);
        metrics_observe_us(arg, METRIC_HTTP_REQUEST_US, 250);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    enum { THREADS = 90 }; /* more than are dealt a stripe of their own, and than share one */
    pthread_t threads[THREADS];
    struct metrics *m = metrics_new();
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, m), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(metrics_get(m, METRIC_GATEWAY_FRAMES), THREADS * 10000);
    assert_int_equal(metrics_get(m, METRIC_HTTP_REQUEST_US), THREADS * 10000);
    metrics_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_without_registry),
        cmocka_unit_test(test_render), cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_shape),  cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
