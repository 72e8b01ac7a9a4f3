/* Pictures that were made: found again as they were, across restarts, never when damaged, forgotten
 * with their blob, and the least recently used first when there are too many. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/image_cache.h"

enum { BODY_BYTES = 3000, MANY = 600, MIB = 1024 * 1024 };

struct fixture {
    char folder[64];
    struct image_cache *cache;
    struct clock clock;
    int64_t now_ms;
};

static int64_t now(void *ctx)
{
    const struct fixture *f = ctx;
    return f->now_ms;
}

static void reopen(struct fixture *f, uint64_t bytes_max)
{
    const struct image_cache_options o = {
        .data = f->folder, .bytes_max = bytes_max, .clock = &f->clock};
    image_cache_free(&f->cache);
    f->cache = image_cache_new(&o);
    assert_non_null(f->cache);
}

static int setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    snprintf(f.folder, sizeof f.folder, "/tmp/guildhall-cache-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    f.clock = (struct clock){now, NULL, &f};
    f.now_ms = clock_wall_ms(clock_system());
    reopen(&f, 64 * MIB);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    image_cache_free(&f->cache);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    return system(command);
}

/* The key of blob number n, as PNG of that width. */
static void key_of(unsigned n, uint32_t width, char key[IMAGE_CACHE_KEY_BYTES])
{
    char blob[65];
    /* Numbers that follow each other lie in different folders, as hashes do. */
    snprintf(blob, sizeof blob, "%02x%062x", n * 37 % 256, n);
    const struct image_want want = {.format = IMAGE_FORMAT_PNG, .width = width, .height = width};
    image_cache_key(blob, &want, key);
}

static void put(struct fixture *f, const char *key, char fill)
{
    char body[BODY_BYTES];
    memset(body, fill, sizeof body);
    image_cache_put(f->cache, key, IMAGE_CACHED_MADE, IMAGE_FORMAT_PNG,
                    slice_of(body, sizeof body));
}

/* The byte that its body consists of; 0: it is not there. */
static char get(struct fixture *f, const char *key)
{
    struct buf out;
    enum image_format format = IMAGE_FORMAT_SAME;
    char fill = 0;
    buf_init(&out, MEM_CORE, MIB);
    buf_append_cstr(&out, "before");
    enum image_cached what = image_cache_get(f->cache, key, &out, &format);
    if (what == IMAGE_CACHED_MADE) {
        assert_int_equal(format, IMAGE_FORMAT_PNG);
        assert_int_equal(out.len, 6 + BODY_BYTES);
        fill = out.data[6];
        for (size_t i = 6; i < out.len; i++)
            assert_int_equal(out.data[i], fill);
    } else {
        assert_int_equal(out.len, 6);
    }
    buf_deinit(&out);
    return fill;
}

static enum image_cached kind(struct fixture *f, const char *key)
{
    struct buf out;
    enum image_format format;
    buf_init(&out, MEM_CORE, MIB);
    enum image_cached what = image_cache_get(f->cache, key, &out, &format);
    buf_deinit(&out);
    return what;
}

static void path_of(const struct fixture *f, const char *key, char out[256])
{
    snprintf(out, 256, "%s/media/.cache/%.2s/%s", f->folder, key, key + 2);
}

static void test_keys(void **state)
{
    const char *blob = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct image_want want = {.format = IMAGE_FORMAT_WEBP, .width = 4096, .height = 4096};
    char key[IMAGE_CACHE_KEY_BYTES];
    (void)state;
    want.lossless = want.animated = true;
    image_cache_key(blob, &want, key);
    assert_memory_equal(key, blob, 64);
    assert_string_equal(key + 64, ".4096x4096.webp.l.a");
    image_cache_key(blob, &(struct image_want){.format = IMAGE_FORMAT_SAME}, key);
    assert_string_equal(key + 64, ".0x0.same");
}

static void test_found_again(void **state)
{
    struct fixture *f = *state;
    char key[IMAGE_CACHE_KEY_BYTES], other[IMAGE_CACHE_KEY_BYTES];
    key_of(1, 64, key);
    key_of(1, 128, other);
    assert_int_equal(get(f, key), 0);
    put(f, key, 'a');
    assert_int_equal(get(f, key), 'a');
    assert_int_equal(get(f, other), 0);
    put(f, key, 'b');
    assert_int_equal(get(f, key), 'b');
    reopen(f, 64 * MIB);
    assert_int_equal(get(f, key), 'b');
    /* The count begins with what is there. */
    put(f, other, 'c');
    assert_int_equal(image_cache_bytes(f->cache), 2 * 4096);
    put(f, other, 'd');
    assert_int_equal(image_cache_bytes(f->cache), 2 * 4096);
}

static void test_damage(void **state)
{
    struct fixture *f = *state;
    char key[IMAGE_CACHE_KEY_BYTES], other[IMAGE_CACHE_KEY_BYTES], path[256], to[256];
    struct stat st;
    key_of(2, 64, key);
    key_of(2, 128, other);
    path_of(f, key, path);
    path_of(f, other, to);
    put(f, key, 'a');
    assert_int_equal(stat(path, &st), 0);
    for (off_t at = 0; at < st.st_size; at += 97) { /* each part of it, cut or changed */
        put(f, key, 'a');
        int fd = open(path, O_RDWR);
        char byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte = (char)(byte ^ 0x10);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        char got = get(f, key);
        assert_true(got == 0 || got == 'a'); /* padding may change */
        put(f, key, 'a');
        assert_int_equal(truncate(path, at), 0);
        assert_int_equal(get(f, key), 0);
        assert_int_equal(access(path, F_OK), -1); /* gone */
    }
    /* Another picture's file under this name. */
    put(f, key, 'a');
    assert_int_equal(rename(path, to), 0);
    assert_int_equal(get(f, other), 0);
}

static void test_marks(void **state)
{
    struct fixture *f = *state;
    char key[IMAGE_CACHE_KEY_BYTES], other[IMAGE_CACHE_KEY_BYTES];
    const struct slice nothing = {NULL, 0};
    key_of(3, 64, key);
    key_of(3, 128, other);
    image_cache_put(f->cache, key, IMAGE_CACHED_ALREADY, IMAGE_FORMAT_SAME, nothing);
    assert_int_equal(kind(f, key), IMAGE_CACHED_ALREADY);
    image_cache_put(f->cache, key, IMAGE_CACHED_REFUSED, IMAGE_FORMAT_SAME, nothing);
    assert_int_equal(kind(f, key), IMAGE_CACHED_REFUSED);
    image_cache_put(f->cache, other, IMAGE_CACHED_FAILED, IMAGE_FORMAT_SAME, nothing);
    assert_int_equal(kind(f, other), IMAGE_CACHED_FAILED);
    f->now_ms += (IMAGE_CACHE_FAILED_S + 10) * 1000;
    assert_int_equal(kind(f, other), IMAGE_CACHED_NOT);
    assert_int_equal(kind(f, key), IMAGE_CACHED_REFUSED);
    f->now_ms -= (IMAGE_CACHE_FAILED_S + 10) * 1000;
    f->now_ms += (IMAGE_CACHE_REFUSED_S + 10) * 1000;
    assert_int_equal(kind(f, key), IMAGE_CACHED_NOT);
    f->now_ms -= (IMAGE_CACHE_REFUSED_S + 10) * 1000;
    assert_int_equal(kind(f, key), IMAGE_CACHED_NOT); /* thrown away */
}

static void test_forget(void **state)
{
    struct fixture *f = *state;
    char a[IMAGE_CACHE_KEY_BYTES], b[IMAGE_CACHE_KEY_BYTES], other[IMAGE_CACHE_KEY_BYTES];
    key_of(4, 64, a);
    key_of(4, 128, b);
    key_of(4 + 256, 64, other); /* in the same folder */
    put(f, a, 'a');
    put(f, b, 'b');
    put(f, other, 'c');
    assert_memory_equal(a, other, 2);
    image_cache_forget(f->cache, a);
    assert_int_equal(get(f, a), 0);
    assert_int_equal(get(f, b), 0);
    assert_int_equal(get(f, other), 'c');
    assert_int_equal(image_cache_bytes(f->cache), 4096);
    key_of(5, 64, a);
    image_cache_forget(f->cache, a); /* nothing there at all */
}

static void test_bound(void **state)
{
    struct fixture *f = *state;
    char key[IMAGE_CACHE_KEY_BYTES];
    reopen(f, MIB);
    for (unsigned i = 0; i < MANY; i++) {
        key_of(i, 64, key);
        put(f, key, 'a');
        assert_true(image_cache_bytes(f->cache) <= MIB);
    }
    unsigned left = 0;
    for (unsigned i = 0; i < MANY; i++) {
        key_of(i, 64, key);
        left += get(f, key) == 'a';
    }
    assert_int_equal(image_cache_bytes(f->cache), left * 4096);
    assert_true(left > 64);
    reopen(f, 0);
    key_of(MANY, 64, key);
    put(f, key, 'a');
    assert_int_equal(get(f, key), 0);
}

static void test_oldest_first(void **state)
{
    struct fixture *f = *state;
    char old[IMAGE_CACHE_KEY_BYTES], recent[IMAGE_CACHE_KEY_BYTES], key[IMAGE_CACHE_KEY_BYTES];
    char path[256];
    key_of(0, 64, old);
    key_of(256, 64, recent);
    put(f, old, 'o');
    put(f, recent, 'r');
    const struct timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    path_of(f, old, path);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    path_of(f, recent, path);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    assert_int_equal(get(f, recent), 'r'); /* used: it is young again */
    /* A folder's share is one file and a half: of the two in that folder one has to go. */
    reopen(f, 256 * 6144 * 10 / 9);
    for (unsigned i = 512; i < 512 + MANY; i++) {
        if (i % 256 == 0)
            continue;
        key_of(i, 64, key);
        put(f, key, 'x');
    }
    assert_int_equal(get(f, old), 0);
    assert_int_equal(get(f, recent), 'r');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test_setup_teardown(test_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_marks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_oldest_first, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
