/* The process of images, for real: this test program is begun again as one. What it makes, what it
 * refuses, what it is not able to do, and what becomes of the next question when it dies. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/image_pool.h"
#include "media/image_worker.h"
#include "media/picture.h"
#include "media/sniff.h"

enum { OUT_BYTES_MAX = 64 * 1024 * 1024 };

struct fixture {
    char folder[64];
    struct blob_store *blobs;
    struct metrics *metrics;
    struct image_pool *pool;
};

static void open_pool(struct fixture *f, uint64_t pixels_max, uint32_t time_ms_max)
{
    memset(f, 0, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/guildhall-images-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(blob_disk_open(f->folder, NULL, &f->blobs), ERR_OK);
    f->metrics = metrics_new();
    const struct image_pool_options o = {.blobs = f->blobs,
                                         .metrics = f->metrics,
                                         .processes = 1,
                                         .memory_bytes_max = 512 * 1024 * 1024,
                                         .pixels_max = pixels_max,
                                         .time_ms_max = time_ms_max};
    assert_int_equal(image_pool_new(&o, &f->pool), ERR_OK);
}

static void close_pool(struct fixture *f)
{
    char command[128];
    image_pool_free(&f->pool);
    metrics_free(&f->metrics);
    blob_close(&f->blobs);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0);
}

static void put(struct fixture *f, struct slice bytes, char name[BLOB_NAME_LEN + 1])
{
    assert_int_equal(blob_name(bytes, name), ERR_OK);
    assert_int_equal(blob_put(f->blobs, name, bytes), ERR_OK);
}

static void put_picture(struct fixture *f, unsigned width, unsigned height,
                        char name[BLOB_NAME_LEN + 1])
{
    struct picture p = {
        .width = width, .height = height, .ground = {200, 30, 40}, .ink = {250, 250, 250}};
    struct buf bytes;
    buf_init(&bytes, MEM_CORE, 1024 * 1024);
    assert_true(picture_init(&p));
    for (unsigned i = 0; i < height; i++)
        picture_ink(&p, i, i);
    picture_write(&p, &bytes);
    assert_false(bytes.failed);
    put(f, buf_slice(&bytes), name);
    buf_deinit(&bytes);
    picture_deinit(&p);
}

static enum err ask(struct fixture *f, const char *blob, struct image_want want,
                    struct image_said *said, struct buf *out)
{
    const struct image_question q = {.blob = blob, .want = want, .wait_ms = 20000};
    buf_init(out, MEM_CORE, OUT_BYTES_MAX);
    return image_pool_ask(f->pool, &q, said, out);
}

static enum err describe(struct fixture *f, const char *blob, struct image_said *said)
{
    const struct image_question q = {.blob = blob, .describe = true, .wait_ms = 20000};
    return image_pool_ask(f->pool, &q, said, NULL);
}

/* The one child of this process; 0: there is none. */
static long child(void)
{
    char path[64];
    long pid = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", (long)getpid());
    char command[160];
    snprintf(command, sizeof command, "cat %s/*/children", path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    /* The first is the shell that we have just begun, or ours. */
    long seen;
    while (fscanf(p, "%ld", &seen) == 1) {
        char exe[64], target[256] = "", own[256] = "";
        snprintf(exe, sizeof exe, "/proc/%ld/exe", seen);
        ssize_t n = readlink(exe, target, sizeof target - 1);
        ssize_t m = readlink("/proc/self/exe", own, sizeof own - 1);
        if (n > 0 && m > 0 && strcmp(target, own) == 0)
            pid = seen;
    }
    pclose(p);
    return pid;
}

static void assert_status(long pid, const char *line)
{
    char path[64], text[8192];
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[n] = '\0';
    if (strstr(text, line) == NULL)
        fail_msg("%s is not in\n%s", line, text);
}

static void test_every_format(void **state)
{
    static const struct {
        enum image_format format;
        enum sniff_type type;
    } formats[] = {
        {IMAGE_FORMAT_SAME, SNIFF_PNG},  {IMAGE_FORMAT_PNG, SNIFF_PNG},
        {IMAGE_FORMAT_JPEG, SNIFF_JPEG}, {IMAGE_FORMAT_WEBP, SNIFF_WEBP},
        {IMAGE_FORMAT_GIF, SNIFF_GIF},   {IMAGE_FORMAT_AVIF, SNIFF_AVIF},
    };
    struct fixture f;
    char blob[BLOB_NAME_LEN + 1], made_blob[BLOB_NAME_LEN + 1];
    (void)state;
    open_pool(&f, 1 << 24, 20000);
    put_picture(&f, 200, 100, blob);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct image_said said;
        struct buf out;
        struct sniffed what;
        const struct image_want want = {.format = formats[i].format, .width = 64, .height = 64};
        assert_int_equal(ask(&f, blob, want, &said, &out), ERR_OK);
        assert_int_equal(said.outcome, IMAGE_OUTCOME_MADE);
        assert_true(sniff(buf_slice(&out), &what));
        assert_int_equal(what.type, formats[i].type);
        assert_int_equal(what.width, 64);
        assert_int_equal(what.height, 32);
        /* And it reads what it wrote. */
        put(&f, buf_slice(&out), made_blob);
        assert_int_equal(describe(&f, made_blob, &said), ERR_OK);
        assert_int_equal(said.width, 64);
        assert_int_equal(said.height, 32);
        assert_true(said.placeholder[0] != '\0');
        buf_deinit(&out);
    }
    close_pool(&f);
}

static void test_never_larger(void **state)
{
    struct fixture f;
    struct image_said said;
    struct buf out;
    struct sniffed what;
    char blob[BLOB_NAME_LEN + 1];
    (void)state;
    open_pool(&f, 1 << 24, 20000);
    put_picture(&f, 40, 30, blob);
    const struct image_want same = {.format = IMAGE_FORMAT_PNG, .width = 512, .height = 512};
    assert_int_equal(ask(&f, blob, same, &said, &out), ERR_OK);
    assert_int_equal(said.outcome, IMAGE_OUTCOME_ALREADY);
    assert_int_equal(out.len, 0);
    buf_deinit(&out);
    const struct image_want other = {.format = IMAGE_FORMAT_WEBP, .width = 512, .height = 512};
    assert_int_equal(ask(&f, blob, other, &said, &out), ERR_OK);
    assert_true(sniff(buf_slice(&out), &what));
    assert_int_equal(what.width, 40);
    assert_int_equal(what.height, 30);
    buf_deinit(&out);
    close_pool(&f);
}

static void test_what_is_no_picture(void **state)
{
    struct fixture f;
    struct image_said said;
    struct buf out;
    char blob[BLOB_NAME_LEN + 1], picture[BLOB_NAME_LEN + 1];
    const struct image_want want = {.format = IMAGE_FORMAT_PNG, .width = 16, .height = 16};
    (void)state;
    open_pool(&f, 200 * 100 - 1, 20000);
    memset(blob, '0', BLOB_NAME_LEN);
    blob[BLOB_NAME_LEN] = '\0';
    assert_int_equal(ask(&f, blob, want, &said, &out), ERR_NOT_FOUND);
    put(&f, SLICE("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), blob);
    assert_int_equal(ask(&f, blob, want, &said, &out), ERR_UNSUPPORTED_MEDIA_TYPE);
    put(&f, (struct slice){"", 0}, blob);
    assert_int_equal(ask(&f, blob, want, &said, &out), ERR_UNSUPPORTED_MEDIA_TYPE);
    /* One pixel too many: refused, but its size is known. */
    put_picture(&f, 200, 100, picture);
    assert_int_equal(describe(&f, picture, &said), ERR_UNSUPPORTED_MEDIA_TYPE);
    assert_int_equal(said.outcome, IMAGE_OUTCOME_TOO_LARGE);
    assert_int_equal(said.width, 200);
    assert_int_equal(said.height, 100);
    /* The process has survived all of that. */
    assert_int_equal(metrics_get(f.metrics, METRIC_IMAGE_STARTS), 1);
    assert_int_equal(metrics_get(f.metrics, METRIC_IMAGE_DEATHS), 0);
    close_pool(&f);
}

static void test_shut_in_and_begun_again(void **state)
{
    struct fixture f;
    struct image_said said;
    char blob[BLOB_NAME_LEN + 1];
    (void)state;
    open_pool(&f, 1 << 24, 20000);
    assert_int_equal(child(), 0); /* nothing before it is needed */
    put_picture(&f, 200, 100, blob);
    assert_int_equal(describe(&f, blob, &said), ERR_OK);
    long pid = child();
    assert_true(pid > 0);
    assert_status(pid, "NoNewPrivs:\t1\n");
    assert_status(pid, "Seccomp:\t2\n");
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
    assert_int_equal(describe(&f, blob, &said), ERR_OK);
    assert_true(child() > 0 && child() != pid);
    assert_int_equal(metrics_get(f.metrics, METRIC_IMAGE_STARTS), 2);
    image_pool_stop(f.pool);
    assert_int_equal(describe(&f, blob, &said), ERR_FEATURE_DISABLED);
    close_pool(&f);
    assert_int_equal(child(), 0); /* no zombie either */
}

static void test_time(void **state)
{
    struct fixture f;
    struct image_said said;
    char blob[BLOB_NAME_LEN + 1];
    (void)state;
    open_pool(&f, 1 << 24, 20000);
    put_picture(&f, 200, 100, blob);
    assert_int_equal(describe(&f, blob, &said), ERR_OK);
    long pid = child();
    assert_int_equal(kill((pid_t)pid, SIGSTOP), 0); /* it hangs */
    const struct image_question q = {.blob = blob, .describe = true, .wait_ms = 1, .time_ms = 50};
    enum err e;
    do /* the keeper may be a moment away from the hatch */
        e = image_pool_ask(f.pool, &q, &said, NULL);
    while (e == ERR_OVERLOADED);
    assert_int_equal(e, ERR_UNSUPPORTED_MEDIA_TYPE);
    assert_int_equal(metrics_get(f.metrics, METRIC_IMAGE_TIMEOUTS), 1);
    assert_int_equal(child(), 0);
    assert_int_equal(describe(&f, blob, &said), ERR_OK);
    close_pool(&f);
}

struct caller {
    struct fixture *f;
    const char *blob;
    enum err end;
};

static void *call(void *arg)
{
    struct caller *c = arg;
    struct image_said said;
    c->end = describe(c->f, c->blob, &said);
    return NULL;
}

/* Stopping does not wait for a process that hangs. */
static void test_stop_while_it_hangs(void **state)
{
    struct fixture f;
    struct image_said said;
    char blob[BLOB_NAME_LEN + 1];
    pthread_t thread;
    (void)state;
    open_pool(&f, 1 << 24, 600000);
    put_picture(&f, 200, 100, blob);
    assert_int_equal(describe(&f, blob, &said), ERR_OK);
    assert_int_equal(kill((pid_t)child(), SIGSTOP), 0);
    struct caller c = {&f, blob, ERR_OK};
    assert_int_equal(pthread_create(&thread, NULL, call, &c), 0);
    image_pool_stop(f.pool);
    pthread_join(thread, NULL);
    assert_int_equal(c.end, ERR_FEATURE_DISABLED);
    close_pool(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_format),
        cmocka_unit_test(test_never_larger),
        cmocka_unit_test(test_what_is_no_picture),
        cmocka_unit_test(test_shut_in_and_begun_again),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_stop_while_it_hangs),
    };
    if (image_worker_asked(argc, argv))
        image_worker_run(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
