/* Files that were streamed: rows before names, and what becomes of those that nobody refers to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/media_fixture.h"
#include "core/media_files.h"

enum { HOUR_MS = 60 * 60 * 1000 };

static struct blob_stage *staged(struct core_fixture *f, const char *text)
{
    struct blob_stage *st = NULL;
    assert_int_equal(media_stage_begin(f->core, &st), ERR_OK);
    assert_int_equal(blob_stage_write(st, slice_from(text)), ERR_OK);
    assert_int_equal(blob_stage_finish(st), ERR_OK);
    return st;
}

static void name_of(const char *text, char name[BLOB_NAME_LEN + 1])
{
    assert_int_equal(blob_name(slice_from(text), name), ERR_OK);
}

struct row {
    struct slice hash;
    struct arena *arena;
    struct blob_row out;
};

static enum err do_find(struct tx *tx, void *ctx)
{
    struct row *x = ctx;
    return blobs_find(tx_sql(tx), x->hash, x->arena, &x->out);
}

static enum err row_of(struct core_fixture *f, const char *name, uint64_t *size)
{
    struct row x = {slice_from(name), &f->arena, {.size = 0}};
    enum err e = store_read(f->store, do_find, &x);
    *size = x.out.size;
    return e;
}

static bool has_file(struct core_fixture *f, const char *name)
{
    uint64_t bytes;
    return blob_size(f->core->o.blobs, name, &bytes) == ERR_OK;
}

static void test_committed(void **state)
{
    struct core_fixture *f = *state;
    static const char *const texts[] = {"one", "", "one", "three"}; /* one of them twice */
    struct blob_stage *stages[4];
    char name[BLOB_NAME_LEN + 1], into[8];
    uint64_t size;
    size_t got;
    for (size_t i = 0; i < 4; i++)
        stages[i] = staged(f, texts[i]);
    name_of("one", name);
    assert_int_equal(row_of(f, name, &size), ERR_UNKNOWN_ASSET);
    assert_false(has_file(f, name));
    assert_int_equal(media_stages_commit(f->core, stages, 4), ERR_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_null(stages[i]);
        name_of(texts[i], name);
        assert_int_equal(row_of(f, name, &size), ERR_OK);
        assert_int_equal(size, strlen(texts[i]));
        assert_int_equal(media_read_at(f->core, name, 0, into, sizeof into, &got), ERR_OK);
        assert_true(slice_eq_cstr(slice_of(into, got), texts[i]));
    }
    /* Nobody came to refer to them. */
    f->wall_ms += HOUR_MS + 1;
    mf_collect(f);
    for (size_t i = 0; i < 4; i++) {
        name_of(texts[i], name);
        assert_int_equal(row_of(f, name, &size), ERR_UNKNOWN_ASSET);
        assert_false(has_file(f, name));
        assert_int_equal(media_read_at(f->core, name, 0, into, sizeof into, &got),
                         ERR_UNKNOWN_ASSET);
    }
    assert_int_equal(media_stages_commit(f->core, stages, 0), ERR_OK);
}

struct condemned {
    struct slice hash;
    bool going;
};

static enum err do_condemn(struct tx *tx, void *ctx)
{
    struct condemned *x = ctx;
    return blobs_condemn(tx_sql(tx), x->hash, INT64_MAX, &x->going);
}

/* One of them is being removed at this moment: none is made, and none is left half-way. */
static void test_taken_while_removed(void **state)
{
    struct core_fixture *f = *state;
    char old[BLOB_NAME_LEN + 1], fresh[BLOB_NAME_LEN + 1];
    struct blob_stage *stages[2] = {staged(f, "old"), NULL};
    name_of("old", old);
    name_of("fresh", fresh);
    assert_int_equal(media_stages_commit(f->core, stages, 1), ERR_OK);
    struct condemned x = {slice_from(old), false};
    assert_int_equal(store_write(f->store, do_condemn, &x), ERR_OK);
    assert_true(x.going);
    stages[0] = staged(f, "fresh");
    stages[1] = staged(f, "old");
    assert_int_equal(media_stages_commit(f->core, stages, 2), ERR_RETRY);
    assert_null(stages[0]);
    assert_null(stages[1]);
    assert_false(has_file(f, fresh));
    /* When it is gone, it can be sent again. */
    mf_collect(f);
    assert_false(has_file(f, old));
    stages[0] = staged(f, "old");
    assert_int_equal(media_stages_commit(f->core, stages, 1), ERR_OK);
    assert_true(has_file(f, old));
}

/* The file vanished between its end and its commit: no blob, and the row goes with time. */
static void test_stage_lost(void **state)
{
    struct core_fixture *f = *state;
    char name[BLOB_NAME_LEN + 1];
    uint64_t size;
    bool more = true;
    struct blob_stage *stages[1] = {staged(f, "lost")};
    name_of("lost", name);
    while (more)
        assert_int_equal(blob_sweep(f->core->o.blobs, INT64_MAX, &more), ERR_OK);
    assert_int_equal(media_stages_commit(f->core, stages, 1), ERR_STORE_IO);
    assert_null(stages[0]);
    assert_false(has_file(f, name));
    f->wall_ms += HOUR_MS + 1;
    mf_collect(f);
    assert_int_equal(row_of(f, name, &size), ERR_UNKNOWN_ASSET);
}

static void test_no_folder(void **state)
{
    struct core_fixture *f = *state;
    struct blob_stage *st = NULL;
    struct blob_store *blobs = f->core->o.blobs;
    bool more = true;
    f->core->o.blobs = NULL;
    assert_int_equal(media_stage_begin(f->core, &st), ERR_FEATURE_DISABLED);
    assert_int_equal(media_sweep_step(f->core, &more), ERR_OK);
    assert_false(more);
    f->core->o.blobs = blobs;
}

int main(void)
{
#define FILES_TEST(fn) cmocka_unit_test_setup_teardown(fn, mf_setup, mf_teardown)
    const struct CMUnitTest tests[] = {
        FILES_TEST(test_committed),
        FILES_TEST(test_taken_while_removed),
        FILES_TEST(test_stage_lost),
        FILES_TEST(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
