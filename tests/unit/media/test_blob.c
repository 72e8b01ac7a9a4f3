/* The contract of blob stores, on the disk. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "media/blob.h"

struct place {
    char folder[64];
    struct blob_store *store;
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    snprintf(p->folder, sizeof p->folder, "blob-test-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    assert_int_equal(blob_disk_open(p->folder, NULL, &p->store), ERR_OK);
    *state = p;
    return 0;
}

static int take_away(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct place *p = *state;
    blob_close(&p->store);
    assert_null(p->store);
    (void)nftw(p->folder, take_away, 8, FTW_DEPTH | FTW_PHYS);
    free(p);
    return 0;
}

static void name_of(const char *text, char name[BLOB_NAME_LEN + 1])
{
    assert_int_equal(blob_name(slice_from(text), name), ERR_OK);
}

static void assert_holds(struct place *p, const char *name, const char *text)
{
    struct buf out;
    uint64_t bytes;
    buf_init(&out, MEM_CORE, 1 << 20);
    assert_int_equal(blob_get(p->store, name, &out), ERR_OK);
    assert_true(slice_eq_cstr(buf_slice(&out), text));
    buf_deinit(&out);
    assert_int_equal(blob_size(p->store, name, &bytes), ERR_OK);
    assert_int_equal(bytes, strlen(text));
}

static void test_names(void **state)
{
    (void)state;
    char name[BLOB_NAME_LEN + 1];
    name_of("abc", name);
    assert_string_equal(name, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(blob_name_valid(slice_from(name)));
    name[3] = 'F';
    assert_false(blob_name_valid(slice_from(name)));
    name[3] = '/';
    assert_false(blob_name_valid(slice_from(name)));
    assert_false(blob_name_valid(SLICE("ba78")));
}

static void test_put_get_remove(void **state)
{
    struct place *p = *state;
    char name[BLOB_NAME_LEN + 1], path[256];
    struct stat st;
    struct buf out;
    uint64_t bytes;
    name_of("hello", name);
    buf_init(&out, MEM_CORE, 4);
    assert_int_equal(blob_get(p->store, name, &out), ERR_NOT_FOUND);
    assert_int_equal(blob_size(p->store, name, &bytes), ERR_NOT_FOUND);
    assert_int_equal(blob_remove(p->store, name), ERR_OK);
    assert_int_equal(blob_put(p->store, name, SLICE("hello")), ERR_OK);
    assert_int_equal(blob_put(p->store, name, SLICE("hello")), ERR_OK);
    assert_holds(p, name, "hello");
    assert_int_equal(blob_get(p->store, name, &out), ERR_STORE_IO); /* more than fits */
    buf_deinit(&out);
    snprintf(path, sizeof path, "%s/media/%.2s/%s", p->folder, name, name + 2);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(blob_remove(p->store, name), ERR_OK);
    assert_int_equal(stat(path, &st), -1);
}

/* A file that is not whole (a disk that lost its end) is put again. */
static void test_mends(void **state)
{
    struct place *p = *state;
    char name[BLOB_NAME_LEN + 1], path[256];
    name_of("hello", name);
    assert_int_equal(blob_put(p->store, name, SLICE("hello")), ERR_OK);
    snprintf(path, sizeof path, "%s/media/%.2s/%s", p->folder, name, name + 2);
    assert_int_equal(truncate(path, 2), 0);
    assert_int_equal(blob_put(p->store, name, SLICE("hello")), ERR_OK);
    assert_holds(p, name, "hello");
}

struct walked {
    size_t count;
    uint64_t bytes;
};

static enum err on_blob(void *ctx, const char *name, uint64_t bytes)
{
    struct walked *w = ctx;
    assert_true(blob_name_valid(slice_from(name)));
    w->count++;
    w->bytes += bytes;
    return w->count < 4 ? ERR_OK : ERR_STOPPING;
}

static void test_walk(void **state)
{
    struct place *p = *state;
    static const char *const texts[] = {"a", "bb", "ccc"};
    char name[BLOB_NAME_LEN + 1], path[256];
    struct walked w = {0};
    assert_int_equal(blob_walk(p->store, on_blob, &w), ERR_OK); /* no folder yet */
    assert_int_equal(w.count, 0);
    for (size_t i = 0; i < 3; i++) {
        name_of(texts[i], name);
        assert_int_equal(blob_put(p->store, name, slice_from(texts[i])), ERR_OK);
    }
    /* What is no blob. */
    snprintf(path, sizeof path, "%s/media/%.2s/.1.2.tmp", p->folder, name);
    fclose(fopen(path, "we"));
    snprintf(path, sizeof path, "%s/media/notes", p->folder);
    fclose(fopen(path, "we"));
    assert_int_equal(blob_walk(p->store, on_blob, &w), ERR_OK);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.bytes, 6);
    assert_int_equal(blob_walk(p->store, on_blob, &w), ERR_STOPPING);
}

/* ---- ranges ---- */

static void test_read_at(void **state)
{
    struct place *p = *state;
    static const struct {
        uint64_t offset;
        size_t len;
        const char *text;
    } rows[] = {{0, 5, "hello"}, {0, 9, "hello"}, {1, 3, "ell"}, {4, 1, "o"},
                {4, 5, "o"},     {5, 5, ""},      {900, 5, ""},  {2, 0, ""}};
    char name[BLOB_NAME_LEN + 1], into[16];
    size_t got = 77;
    name_of("hello", name);
    assert_int_equal(blob_read_at(p->store, name, 0, into, 5, &got), ERR_NOT_FOUND);
    assert_int_equal(got, 77);
    assert_int_equal(blob_put(p->store, name, SLICE("hello")), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(blob_read_at(p->store, name, rows[i].offset, into, rows[i].len, &got),
                         ERR_OK);
        assert_true(slice_eq_cstr(slice_of(into, got), rows[i].text));
    }
}

/* ---- stages ---- */

static int on_staged(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    return kind == FTW_F && strstr(path, "/.staging/") != NULL ? 1 : 0;
}

static bool any_staged(const struct place *p)
{
    return nftw(p->folder, on_staged, 8, FTW_PHYS) == 1;
}

static struct blob_stage *staged(struct place *p, const char *a, const char *b)
{
    struct blob_stage *st = NULL;
    assert_int_equal(blob_stage_begin(p->store, &st), ERR_OK);
    assert_int_equal(blob_stage_write(st, slice_from(a)), ERR_OK);
    assert_int_equal(blob_stage_write(st, slice_from(b)), ERR_OK);
    return st;
}

static void test_stage(void **state)
{
    struct place *p = *state;
    char name[BLOB_NAME_LEN + 1], empty[BLOB_NAME_LEN + 1];
    name_of("hello", name);
    name_of("", empty);
    /* The second finds it there. */
    for (int i = 0; i < 2; i++) {
        struct blob_stage *st = staged(p, "hel", "lo");
        assert_true(any_staged(p));
        assert_int_equal(blob_stage_bytes(st), 5);
        assert_int_equal(blob_stage_finish(st), ERR_OK);
        assert_string_equal(blob_stage_name(st), name);
        assert_int_equal(blob_stage_commit(&st), ERR_OK);
        assert_null(st);
        assert_holds(p, name, "hello");
        assert_false(any_staged(p));
    }
    struct blob_stage *st = staged(p, "", "");
    assert_int_equal(blob_stage_finish(st), ERR_OK);
    assert_int_equal(blob_stage_commit(&st), ERR_OK);
    assert_holds(p, empty, "");
    /* A walk does not see stages, nor does an end leave any. */
    st = staged(p, "not", " this");
    struct blob_stage *finished = staged(p, "nor", " this");
    assert_int_equal(blob_stage_finish(finished), ERR_OK);
    struct walked w = {0};
    assert_int_equal(blob_walk(p->store, on_blob, &w), ERR_OK);
    assert_int_equal(w.count, 2);
    blob_stage_abort(&st);
    blob_stage_abort(&finished);
    blob_stage_abort(&st);
    assert_null(st);
    assert_false(any_staged(p));
}

static void sweep(struct place *p, int64_t before_ms)
{
    bool more = true;
    while (more)
        assert_int_equal(blob_sweep(p->store, before_ms, &more), ERR_OK);
}

static void leave(const char *path, int64_t age_s)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fclose(f);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const struct timespec times[2] = {{now.tv_sec - age_s, 0}, {now.tv_sec - age_s, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* What a process that is gone has left goes; what is under way stays. */
static void test_sweep(void **state)
{
    struct place *p = *state;
    char name[BLOB_NAME_LEN + 1], old_stage[256], old_put[256], new_put[256];
    sweep(p, INT64_MAX); /* no folder yet */
    name_of("hello", name);
    assert_int_equal(blob_put(p->store, name, SLICE("hello")), ERR_OK);
    struct blob_stage *st = staged(p, "a", "b");
    snprintf(old_stage, sizeof old_stage, "%s/media/.staging/99999.0", p->folder);
    snprintf(old_put, sizeof old_put, "%s/media/%.2s/.99999.0.tmp", p->folder, name);
    snprintf(new_put, sizeof new_put, "%s/media/%.2s/.99999.1.tmp", p->folder, name);
    leave(old_stage, 10);
    leave(old_put, 10);
    leave(new_put, -10);
    sweep(p, 0);
    assert_int_equal(access(old_stage, F_OK), -1);
    assert_int_equal(access(old_put, F_OK), -1);
    assert_int_equal(access(new_put, F_OK), 0);
    assert_holds(p, name, "hello");
    assert_int_equal(blob_stage_finish(st), ERR_OK);
    assert_int_equal(blob_stage_commit(&st), ERR_OK);
    name_of("ab", name);
    assert_holds(p, name, "ab");
    /* Nobody has touched it for as long as we say. */
    st = staged(p, "c", "d");
    sweep(p, INT64_MAX);
    assert_false(any_staged(p));
    assert_int_equal(blob_stage_finish(st), ERR_OK);
    assert_int_equal(blob_stage_commit(&st), ERR_STORE_IO);
    assert_null(st);
}

static void *put_all(void *ctx)
{
    struct place *p = ctx;
    char text[16], name[BLOB_NAME_LEN + 1];
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "blob %d", i);
        name_of(text, name);
        assert_int_equal(blob_put(p->store, name, slice_from(text)), ERR_OK);
    }
    return NULL;
}

static void test_at_once(void **state)
{
    struct place *p = *state;
    pthread_t threads[4];
    char text[16], name[BLOB_NAME_LEN + 1];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_all, p), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "blob %d", i);
        name_of(text, name);
        assert_holds(p, name, text);
    }
}

/* A file where the folder should be. */
static void test_unwritable(void **state)
{
    struct place *p = *state;
    char name[BLOB_NAME_LEN + 1], path[256];
    name_of("hello", name);
    snprintf(path, sizeof path, "%s/media", p->folder);
    fclose(fopen(path, "we"));
    assert_int_equal(blob_put(p->store, name, SLICE("hello")), ERR_STORE_IO);
    struct blob_stage *st = NULL;
    assert_int_equal(blob_stage_begin(p->store, &st), ERR_STORE_IO);
    assert_null(st);
}

int main(void)
{
#define BLOB_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), BLOB_TEST(test_put_get_remove), BLOB_TEST(test_mends),
        BLOB_TEST(test_walk),         BLOB_TEST(test_at_once),        BLOB_TEST(test_unwritable),
        BLOB_TEST(test_read_at),      BLOB_TEST(test_stage),          BLOB_TEST(test_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
