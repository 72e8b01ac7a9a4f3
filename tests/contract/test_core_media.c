/* Uploads: taking, referring, collecting, and what happens when these meet. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/media_fixture.h"

enum { HOUR_MS = 60 * 60 * 1000 };

/* ---- closures ---- */

struct use {
    const struct media_image *image;
    enum media_kind kind;
    struct guild_id guild;
    uint64_t owner;
    struct guild_id to_guild;
    uint64_t to;
    unsigned max;
    unsigned gone;
};

static enum err do_refer(struct tx *tx, void *ctx)
{
    const struct use *u = ctx;
    return media_refer(tx, u->image, u->guild, u->owner);
}

static enum err do_replace(struct tx *tx, void *ctx)
{
    const struct use *u = ctx;
    return media_replace(tx, u->image, u->kind, u->guild, u->owner);
}

static enum err do_copy(struct tx *tx, void *ctx)
{
    const struct use *u = ctx;
    return media_copy(tx, u->kind, u->guild, u->owner, u->to_guild, u->to);
}

static enum err do_release_guild(struct tx *tx, void *ctx)
{
    struct use *u = ctx;
    return media_release_guild(tx, u->guild, u->max, &u->gone);
}

static enum err do_release_user(struct tx *tx, void *ctx)
{
    struct use *u = ctx;
    return media_release_user(tx, (struct user_id){u->owner}, u->max, &u->gone);
}

static enum err find(struct core_fixture *f, const struct use *u, const char *hash,
                     struct media_file *out)
{
    struct slice h = hash == NULL ? (struct slice){NULL, 0} : slice_from(hash);
    return media_find(f->core, u->kind, u->guild, u->owner, h, &f->arena, out);
}

static const struct guild_id home = {500};

/* ---- tests ---- */

static void test_take_and_serve(void **state)
{
    struct core_fixture *f = *state;
    struct media_image m = mf_take(f, 0, MEDIA_EMOJI);
    struct use u = {.image = &m, .kind = MEDIA_EMOJI, .guild = home, .owner = 7};
    struct media_file file;
    struct buf bytes;
    assert_int_equal(strlen(m.hash), 32);
    assert_memory_equal(m.hash, m.blob, 32);
    assert_int_equal(m.width, 256);
    assert_false(m.animated);
    assert_true(mf_has_file(f, &m));
    assert_int_equal(find(f, &u, NULL, &file), ERR_UNKNOWN_ASSET); /* nobody shows it */
    assert_int_equal(store_write(f->store, do_refer, &u), ERR_OK);
    assert_int_equal(store_write(f->store, do_refer, &u), ERR_OK); /* again is harmless */
    assert_int_equal(find(f, &u, NULL, &file), ERR_OK);
    assert_int_equal(find(f, &u, m.hash, &file), ERR_OK);
    assert_true(slice_eq_cstr(file.content_type, "image/png"));
    assert_int_equal(find(f, &u, m.blob, &file), ERR_UNKNOWN_ASSET); /* 64 digits are no name */
    buf_init(&bytes, MEM_CORE, 1 << 20);
    assert_int_equal(media_read(f->core, &file, &bytes), ERR_OK);
    assert_true(slice_eq(buf_slice(&bytes), mf_picture(f, 0)));
    buf_deinit(&bytes);
    /* Of this owner, this kind, this guild. */
    struct use other = u;
    other.owner = 8;
    assert_int_equal(find(f, &other, m.hash, &file), ERR_UNKNOWN_ASSET);
    other = u;
    other.kind = MEDIA_STICKER;
    assert_int_equal(find(f, &other, m.hash, &file), ERR_UNKNOWN_ASSET);
    other = u;
    other.guild.v = 501;
    assert_int_equal(find(f, &other, m.hash, &file), ERR_UNKNOWN_ASSET);
    other.guild.v = 0;
    assert_int_equal(find(f, &other, m.hash, &file), ERR_OK);
}

static void test_refused(void **state)
{
    struct core_fixture *f = *state;
    static const struct {
        const char *uri;
        const char *code;
    } rows[] = {
        {"", "IMAGE_INVALID"},
        {"data:image/png;base64", "IMAGE_INVALID"},
        {"data:image/png,abc", "IMAGE_INVALID"},
        {"data:image/png;base64,****", "IMAGE_INVALID"},
        {"data:image/png;base64,aGVsbG8=", "IMAGE_INVALID"},
        {"data:;base64,", "IMAGE_INVALID"},
    };
    struct media_image m;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct media_problem p = {0};
        assert_int_equal(
            media_image_take(f->core, slice_from(rows[i].uri), MEDIA_GUILD_ICON, &m, &p),
            ERR_INVALID_FORM);
        assert_string_equal(p.code, rows[i].code);
    }
    struct media_problem p = {0};
    assert_int_equal(media_bytes_take(f->core, mf_picture(f, 0), MEDIA_SOUND, &m, &p),
                     ERR_INVALID_FORM);
    struct blob_store *kept = f->core->o.blobs;
    f->core->o.blobs = NULL;
    assert_int_equal(media_bytes_take(f->core, mf_picture(f, 0), MEDIA_EMOJI, &m, &p),
                     ERR_FEATURE_DISABLED);
    f->core->o.blobs = kept;
}

static void test_collected_after_an_hour(void **state)
{
    struct core_fixture *f = *state;
    struct media_image kept = mf_take(f, 0, MEDIA_EMOJI), unused = mf_take(f, 1, MEDIA_EMOJI);
    struct use u = {.image = &kept, .kind = MEDIA_EMOJI, .guild = home, .owner = 7};
    assert_int_equal(store_write(f->store, do_refer, &u), ERR_OK);
    f->wall_ms += HOUR_MS - 1000;
    mf_collect(f);
    assert_true(mf_has_file(f, &unused));
    f->wall_ms += 2000;
    mf_collect(f);
    assert_false(mf_has_file(f, &unused));
    assert_true(mf_has_file(f, &kept));
    /* Taken too long ago. */
    struct use late = {.image = &unused, .kind = MEDIA_EMOJI, .guild = home, .owner = 8};
    assert_int_equal(store_write(f->store, do_refer, &late), ERR_RETRY);
    /* Once more from the beginning. */
    unused = mf_take(f, 1, MEDIA_EMOJI);
    assert_int_equal(store_write(f->store, do_refer, &late), ERR_OK);
    f->wall_ms += 2 * HOUR_MS;
    mf_collect(f);
    assert_true(mf_has_file(f, &unused));
}

static void test_replaced(void **state)
{
    struct core_fixture *f = *state;
    struct media_image first = mf_take(f, 0, MEDIA_GUILD_ICON);
    struct media_image second = mf_take(f, 1, MEDIA_GUILD_ICON);
    struct use u = {.image = &first, .kind = MEDIA_GUILD_ICON, .guild = home, .owner = home.v};
    struct media_file file;
    assert_int_equal(store_write(f->store, do_replace, &u), ERR_OK);
    u.image = &second;
    assert_int_equal(store_write(f->store, do_replace, &u), ERR_OK);
    assert_int_equal(find(f, &u, first.hash, &file), ERR_UNKNOWN_ASSET);
    assert_int_equal(find(f, &u, second.hash, &file), ERR_OK);
    f->wall_ms += HOUR_MS + 1000;
    mf_collect(f);
    assert_false(mf_has_file(f, &first));
    assert_true(mf_has_file(f, &second));
    /* By the same: it is let go and taken up in one transaction. */
    assert_int_equal(store_write(f->store, do_replace, &u), ERR_OK);
    f->wall_ms += HOUR_MS + 1000;
    mf_collect(f);
    assert_true(mf_has_file(f, &second));
    u.image = NULL;
    assert_int_equal(store_write(f->store, do_replace, &u), ERR_OK);
    assert_int_equal(find(f, &u, NULL, &file), ERR_UNKNOWN_ASSET);
}

static void test_shared(void **state)
{
    struct core_fixture *f = *state;
    struct media_image m = mf_take(f, 0, MEDIA_GUILD_ICON);
    struct use u = {.image = &m, .kind = MEDIA_GUILD_ICON, .guild = home, .owner = home.v};
    struct use copy = u;
    struct media_file file;
    assert_int_equal(store_write(f->store, do_refer, &u), ERR_OK);
    u.to_guild.v = u.to = 600;
    assert_int_equal(store_write(f->store, do_copy, &u), ERR_OK);
    u.image = NULL;
    assert_int_equal(store_write(f->store, do_replace, &u), ERR_OK);
    copy.guild.v = copy.owner = 600;
    f->wall_ms += HOUR_MS + 1000;
    mf_collect(f); /* somebody still shows it */
    assert_int_equal(find(f, &copy, m.hash, &file), ERR_OK);
    assert_true(mf_has_file(f, &m));
    copy.image = NULL;
    assert_int_equal(store_write(f->store, do_replace, &copy), ERR_OK);
    f->wall_ms += HOUR_MS + 1000;
    mf_collect(f);
    assert_false(mf_has_file(f, &m));
}

static void test_released_in_steps(void **state)
{
    struct core_fixture *f = *state;
    struct media_image m = mf_take(f, 0, MEDIA_EMOJI), a = mf_take(f, 1, MEDIA_MEMBER_AVATAR);
    struct use u = {.image = &m, .kind = MEDIA_EMOJI, .guild = home, .max = 3};
    for (u.owner = 1; u.owner <= 5; u.owner++)
        assert_int_equal(store_write(f->store, do_refer, &u), ERR_OK);
    assert_int_equal(store_write(f->store, do_release_guild, &u), ERR_OK);
    assert_int_equal(u.gone, 3);
    assert_int_equal(store_write(f->store, do_release_guild, &u), ERR_OK);
    assert_int_equal(u.gone, 2);
    struct use v = {.image = &a, .kind = MEDIA_MEMBER_AVATAR, .owner = 77, .max = 2};
    for (v.guild.v = 1; v.guild.v <= 3; v.guild.v++)
        assert_int_equal(store_write(f->store, do_refer, &v), ERR_OK);
    assert_int_equal(store_write(f->store, do_release_user, &v), ERR_OK);
    assert_int_equal(v.gone, 2);
    assert_int_equal(store_write(f->store, do_release_user, &v), ERR_OK);
    assert_int_equal(v.gone, 1);
    f->wall_ms += HOUR_MS + 1000;
    mf_collect(f);
    assert_false(mf_has_file(f, &m));
    assert_false(mf_has_file(f, &a));
}

/* ---- a removal that stops half way ---- */

struct condemned {
    struct slice hash;
    int64_t before_ms;
    bool going;
};

static enum err do_condemn(struct tx *tx, void *ctx)
{
    struct condemned *x = ctx;
    return blobs_condemn(tx_sql(tx), x->hash, x->before_ms, &x->going);
}

static void test_taken_while_removed(void **state)
{
    struct core_fixture *f = *state;
    struct media_image m = mf_take(f, 0, MEDIA_EMOJI), again;
    struct media_problem p;
    f->wall_ms += HOUR_MS + 1000;
    struct condemned x = {slice_from(m.blob), f->wall_ms - 1000, false};
    assert_int_equal(store_write(f->store, do_condemn, &x), ERR_OK);
    assert_true(x.going);
    /* From here to the end of the removal nobody gets it, with or without its file. */
    assert_int_equal(media_bytes_take(f->core, mf_picture(f, 0), MEDIA_EMOJI, &again, &p),
                     ERR_RETRY);
    struct use u = {.image = &m, .kind = MEDIA_EMOJI, .guild = home, .owner = 1};
    assert_int_equal(store_write(f->store, do_refer, &u), ERR_RETRY);
    /* The server ended here; the next one goes on. */
    mf_collect(f);
    assert_false(mf_has_file(f, &m));
    m = mf_take(f, 0, MEDIA_EMOJI);
    assert_int_equal(store_write(f->store, do_refer, &u), ERR_OK);
    /* What was let go in between is looked at, and kept for its reference. */
    x = (struct condemned){slice_from(m.blob), INT64_MAX, true};
    assert_int_equal(store_write(f->store, do_condemn, &x), ERR_OK);
    assert_false(x.going);
}

static void test_file_lost(void **state)
{
    struct core_fixture *f = *state;
    struct media_image m = mf_take(f, 0, MEDIA_EMOJI);
    struct use u = {.image = &m, .kind = MEDIA_EMOJI, .guild = home, .owner = 1};
    struct media_file file;
    struct buf bytes;
    assert_int_equal(store_write(f->store, do_refer, &u), ERR_OK);
    assert_int_equal(blob_remove(f->core->o.blobs, m.blob), ERR_OK);
    assert_int_equal(find(f, &u, NULL, &file), ERR_OK);
    buf_init(&bytes, MEM_CORE, 1 << 20);
    assert_int_equal(media_read(f->core, &file, &bytes), ERR_UNKNOWN_ASSET);
    buf_deinit(&bytes);
    /* Uploading it again brings it back. */
    m = mf_take(f, 0, MEDIA_EMOJI);
    assert_true(mf_has_file(f, &m));
}

int main(void)
{
#define MEDIA_TEST(fn) cmocka_unit_test_setup_teardown(fn, mf_setup, mf_teardown)
    const struct CMUnitTest tests[] = {
        MEDIA_TEST(test_take_and_serve),
        MEDIA_TEST(test_refused),
        MEDIA_TEST(test_collected_after_an_hour),
        MEDIA_TEST(test_replaced),
        MEDIA_TEST(test_shared),
        MEDIA_TEST(test_released_in_steps),
        MEDIA_TEST(test_taken_while_removed),
        MEDIA_TEST(test_file_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
