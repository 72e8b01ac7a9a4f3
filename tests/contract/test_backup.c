/*
 * Backups: what is restored is what was there, row by row and file by file; no byte of a backup can
 * change unseen; an attempt that ended anywhere is gone on with.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/file.h>

#include "contract/core_fixture.h"
#include "ops/backup_create.h"
#include "ops/backup_read.h"
#include "ops/ops.h"
#include "prop/seed.h"
#include "store/engine.h"
#include "store/table_copy.h"

enum { MESSAGES = 60, BLOBS = 5, PATH = 512, ARENA_BYTES = 16 * 1024 * 1024, FLIPS = 150 };

struct scene {
    struct core_fixture *f;
    struct ops ops;
    struct arena arena;
    char root[64];
    char file[PATH];
    char why[BACKUP_WHY_MAX];
    char said[8192];
    size_t said_len;
    long stop_after; /* questions whether to stop; -1: never */
};

static void on_write(void *ctx, const char *data, size_t len)
{
    struct scene *s = ctx;
    if (s->said_len + len >= sizeof s->said)
        return;
    memcpy(s->said + s->said_len, data, len);
    s->said_len += len;
    s->said[s->said_len] = '\0';
}

static bool is_stopped(void *ctx)
{
    struct scene *s = ctx;
    if (s->stop_after < 0)
        return false;
    return s->stop_after-- == 0 ? (s->stop_after = 0, true) : false;
}

static enum ops_result command(struct scene *s, struct ops *ops, const char *word,
                               const char *second, const char *file)
{
    const struct ops_io io = {s, on_write, is_stopped};
    const struct ops_command *c = ops_find(word, second);
    assert_non_null(c);
    s->said_len = 0;
    s->said[0] = '\0';
    return ops_run(c, ops, &(struct ops_args){.words = &file, .word_count = 1}, &io);
}

static enum ops_result create(struct scene *s)
{
    return command(s, &s->ops, "backup", "create", s->file);
}

static enum ops_result verify(struct scene *s)
{
    return command(s, &s->ops, "backup", "verify", s->file);
}

static void expect(struct scene *s, enum ops_result got, enum ops_result wanted)
{
    if (got != wanted)
        print_error("%s", s->said);
    assert_int_equal(got, wanted);
}

/* ---- the scene ---- */

static void write_file(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void blob_path(const struct scene *s, int i, char out[PATH])
{
    snprintf(out, PATH, "%s/media/%02x/blob%d", s->f->folder, i % 2, i);
}

/* Sizes around the edges of a block and of a chunk; other bytes in each. */
static void make_blob(const struct scene *s, int i)
{
    static const size_t SIZES[BLOBS] = {0, 511, 512, 65536, 150001};
    static char data[150001];
    char path[PATH];
    struct random_seeded r;
    random_seeded_init(&r, (uint64_t)i + 1);
    for (size_t k = 0; k < sizeof data; k++)
        data[k] = (char)random_seeded_next(&r);
    blob_path(s, i, path);
    write_file(path, data, SIZES[i % BLOBS]);
}

static void make_media(const struct scene *s)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/media", s->f->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/media/%02x", s->f->folder, i);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    for (int i = 0; i < BLOBS; i++)
        make_blob(s, i);
    /* Being written: not there yet. */
    snprintf(path, sizeof path, "%s/media/.half", s->f->folder);
    write_file(path, "x", 1);
}

static void make_rows(struct scene *s)
{
    char text[64];
    struct person *owner = cf_person(s->f, "owner");
    struct guild_id guild = cf_guild(s->f, owner);
    struct channel_id general = cf_general(s->f, guild);
    cf_join(s->f, cf_person(s->f, "guest"), cf_invite(s->f, owner, general, 0, 0));
    for (int i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof text, "%d ' \" \\ \n é 漢 🙂", i);
        cf_post(s->f, owner, general, text);
    }
    cf_forget_events(s->f);
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    cf_setup((void **)&s->f);
    arena_init(&s->arena, MEM_CORE, ARENA_BYTES);
    snprintf(s->root, sizeof s->root, "backup-test-XXXXXX");
    assert_non_null(mkdtemp(s->root));
    snprintf(s->file, sizeof s->file, "%s/a.tar", s->root);
    make_rows(s);
    make_media(s);
    s->stop_after = -1;
    s->ops = (struct ops){.store = s->f->store,
                          .core = s->f->core,
                          .data = s->f->folder,
                          .store_url = s->f->db.url,
                          .clock = clock_system()};
    *state = s;
    return 0;
}

static int on_leftover(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_tree(const char *path)
{
    assert_int_equal(nftw(path, on_leftover, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static int teardown(void **state)
{
    struct scene *s = *state;
    char media[PATH];
    snprintf(media, sizeof media, "%s/media", s->f->folder);
    remove_tree(media);
    remove_tree(s->root);
    arena_deinit(&s->arena);
    cf_teardown((void **)&s->f);
    free(s);
    return 0;
}

/* ---- comparing ---- */

static struct store *open_restored(struct scene *s, const char *folder, const char *url)
{
    struct store *store = NULL;
    const struct store_options o = {.path = folder,
                                    .url = url,
                                    .readers = 2,
                                    .batch_max = 16,
                                    .queue_max = 64,
                                    .read_limit_ms = 10000,
                                    .clock = &s->f->clock};
    enum err e = store_open(&o, &store, s->why, sizeof s->why);
    if (e != ERR_OK)
        print_error("%s\n", s->why);
    assert_int_equal(e, ERR_OK);
    return store;
}

static struct table_sums sums_of(struct scene *s, struct store *store)
{
    struct sql_conn *c = NULL;
    struct table_sums sums = {NULL, 0};
    assert_int_equal(store->engine->connect(store, &c), ERR_OK);
    assert_int_equal(table_sums_read(c, &s->arena, &sums), ERR_OK);
    sql_conn_close(&c);
    return sums;
}

static void assert_same_rows(struct scene *s, struct store *a, struct store *b)
{
    struct table_sums left = sums_of(s, a);
    struct table_sums right = sums_of(s, b);
    size_t found = 0;
    assert_true(left.count > 15 && left.count == right.count);
    for (size_t i = 0; i < left.count; i++) {
        for (size_t k = 0; k < right.count; k++) {
            if (strcmp(left.items[i].table, right.items[k].table) != 0)
                continue;
            found++;
            if (left.items[i].rows != right.items[k].rows ||
                memcmp(left.items[i].sha256, right.items[k].sha256, 32) != 0)
                fail_msg("table %s is another one", left.items[i].table);
        }
    }
    assert_int_equal(found, left.count);
}

static void assert_same_files(const char *a, const char *b)
{
    static char left[200000];
    static char right[200000];
    FILE *x = fopen(a, "re");
    FILE *y = fopen(b, "re");
    if (x == NULL || y == NULL)
        fail_msg("%s, %s", a, b);
    size_t n = fread(left, 1, sizeof left, x);
    assert_int_equal(fread(right, 1, sizeof right, y), n);
    assert_memory_equal(left, right, n);
    fclose(x);
    fclose(y);
}

static void assert_same_media(const struct scene *s, const char *folder, int blobs)
{
    char from[PATH];
    char to[PATH];
    for (int i = 0; i < blobs; i++) {
        blob_path(s, i, from);
        snprintf(to, sizeof to, "%s%s", folder, from + strlen(s->f->folder));
        assert_same_files(from, to);
    }
    snprintf(to, sizeof to, "%.400s/media/.half", folder);
    assert_int_not_equal(access(to, F_OK), 0);
}

static void restore_and_compare(struct scene *s, const char *url, int blobs)
{
    char folder[128];
    char left[PATH + 16];
    snprintf(folder, sizeof folder, "%s/restored%zu", s->root, strlen(url));
    assert_int_equal(mkdir(folder, 0700), 0);
    struct ops there = {.data = folder, .store_url = url, .clock = clock_system()};
    expect(s, command(s, &there, "restore", NULL, s->file), OPS_OK);
    snprintf(left, sizeof left, "%s/restore.partial", folder);
    assert_int_not_equal(access(left, F_OK), 0);
    struct store *store = open_restored(s, folder, url);
    assert_same_rows(s, s->f->store, store);
    store_close(&store);
    assert_same_media(s, folder, blobs);
}

static void assert_no_leftovers(const struct scene *s)
{
    static const char *const ENDS[] = {".partial", ".partial.sums", ".partial.db"};
    char path[PATH + 16];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", s->file, ENDS[i]);
        assert_int_not_equal(access(path, F_OK), 0);
    }
}

/* ---- tests ---- */

static void test_restored_is_the_original(void **state)
{
    struct scene *s = *state;
    struct stat st;
    struct test_db db;
    expect(s, create(s), OPS_OK);
    assert_int_equal(stat(s->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_no_leftovers(s);
    expect(s, verify(s), OPS_OK);
    assert_non_null(strstr(s->said, "5 media files of 216560 bytes"));
    restore_and_compare(s, "", BLOBS);
    test_db_make(&db);
    if (db.server != NULL)
        restore_and_compare(s, db.url, BLOBS);
    test_db_drop(&db);
}

static void test_refusals(void **state)
{
    struct scene *s = *state;
    char folder[128];
    char path[PATH + 32];
    expect(s, create(s), OPS_OK);
    expect(s, create(s), OPS_FAILED);
    assert_non_null(strstr(s->said, "is there already"));
    snprintf(folder, sizeof folder, "%s/taken", s->root);
    assert_int_equal(mkdir(folder, 0700), 0);
    struct ops there = {.data = folder, .store_url = "", .clock = clock_system()};
    snprintf(path, sizeof path, "%s/guildhall.db", folder);
    write_file(path, "precious", 8);
    expect(s, command(s, &there, "restore", NULL, s->file), OPS_FAILED);
    assert_non_null(strstr(s->said, "There is a database already"));
    char bytes[16] = "";
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_int_equal(fread(bytes, 1, sizeof bytes, f), 8);
    fclose(f);
    assert_string_equal(bytes, "precious");
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/media", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/media/x", folder);
    write_file(path, "x", 1);
    expect(s, command(s, &there, "restore", NULL, s->file), OPS_FAILED);
    assert_non_null(strstr(s->said, "There are media already"));
    assert_int_equal(access(path, F_OK), 0);
    snprintf(s->file, sizeof s->file, "%s/none.tar", s->root);
    expect(s, verify(s), OPS_FAILED);
    snprintf(s->file, sizeof s->file, "%s/nowhere/a.tar", s->root);
    expect(s, create(s), OPS_FAILED);
}

static void test_another_backup_is_under_way(void **state)
{
    struct scene *s = *state;
    char path[PATH + 16];
    snprintf(path, sizeof path, "%s.partial", s->file);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    expect(s, create(s), OPS_FAILED);
    assert_non_null(strstr(s->said, "under way"));
    close(fd);
    expect(s, create(s), OPS_OK);
}

static char *read_backup(const struct scene *s, size_t *len)
{
    FILE *f = fopen(s->file, "re");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *len = (size_t)ftell(f);
    rewind(f);
    char *data = malloc(*len);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *len, f), *len);
    fclose(f);
    return data;
}

/* Bytes of a random region become others. */
static void test_no_byte_changes_unseen(void **state)
{
    struct scene *s = *state;
    struct random_seeded r;
    size_t len;
    uint64_t seed = first_seed();
    random_seeded_init(&r, seed);
    expect(s, create(s), OPS_OK);
    char *data = read_backup(s, &len);
    for (uint64_t n = 0; n < rounds(FLIPS); n++) {
        size_t at = (size_t)(random_seeded_next(&r) % len);
        size_t most = n % 3 == 0 ? 1 : 4096;
        size_t region = 1 + (size_t)(random_seeded_next(&r) % most);
        int fd = open(s->file, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        for (size_t i = at; i < at + region && i < len; i++) {
            char other = (char)(data[i] ^ (char)(1 + random_seeded_next(&r) % 255));
            assert_int_equal(pwrite(fd, &other, 1, (off_t)i), 1);
        }
        close(fd);
        if (verify(s) != OPS_FAILED)
            fail_msg("seed %llu: bytes %zu to %zu changed unseen", (unsigned long long)seed, at,
                     at + region);
        write_file(s->file, data, len);
    }
    expect(s, verify(s), OPS_OK);
    free(data);
}

static void test_cut_or_longer_is_seen(void **state)
{
    struct scene *s = *state;
    struct random_seeded r;
    size_t len;
    random_seeded_init(&r, first_seed());
    expect(s, create(s), OPS_OK);
    char *data = read_backup(s, &len);
    for (uint64_t n = 0; n < rounds(40); n++) {
        size_t cut = n < 6 ? len - 512 * n - 1 : (size_t)(random_seeded_next(&r) % len);
        assert_int_equal(truncate(s->file, (off_t)cut), 0);
        expect(s, verify(s), OPS_FAILED);
        write_file(s->file, data, len);
    }
    assert_int_equal(truncate(s->file, (off_t)len + 512), 0);
    expect(s, verify(s), OPS_FAILED);
    write_file(s->file, "not a backup at all", 19);
    expect(s, verify(s), OPS_FAILED);
    free(data);
}

/* Restoring a damaged one leaves nothing. */
static void test_damaged_is_not_restored(void **state)
{
    struct scene *s = *state;
    char folder[128];
    expect(s, create(s), OPS_OK);
    int fd = open(s->file, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "damage", 6, 400000), 6);
    close(fd);
    snprintf(folder, sizeof folder, "%s/bad", s->root);
    assert_int_equal(mkdir(folder, 0700), 0);
    struct ops there = {.data = folder, .store_url = "", .clock = clock_system()};
    expect(s, command(s, &there, "restore", NULL, s->file), OPS_FAILED);
    assert_non_null(strstr(s->said, "damaged"));
    assert_int_equal(rmdir(folder), 0); /* it is empty */
}

/* Stopped after each number of steps in turn, then to the end: the same as at once. */
static void test_stopped_anywhere(void **state)
{
    struct scene *s = *state;
    bool stopped = true;
    for (long steps = 0; stopped; steps = steps * 4 / 3 + 1) {
        s->stop_after = steps;
        stopped = create(s) != OPS_OK;
        if (stopped)
            assert_non_null(strstr(s->said, "goes on with what is in"));
    }
    s->stop_after = -1;
    assert_no_leftovers(s);
    expect(s, verify(s), OPS_OK);
    restore_and_compare(s, "", BLOBS);
}

static unsigned kept_files(const struct scene *s)
{
    const char *at = strstr(s->said, "kept: ");
    return at == NULL ? 0 : (unsigned)(at[6] - '0');
}

/* The media of an attempt that was ended by a kill are kept, as far as they are what they should
 * be. */
static void test_goes_on_after_a_kill(void **state)
{
    struct scene *s = *state;
    char partial[PATH + 16];
    struct random_seeded r;
    size_t len;
    unsigned most = 0;
    random_seeded_init(&r, first_seed());
    snprintf(partial, sizeof partial, "%s.partial", s->file);
    expect(s, create(s), OPS_OK);
    char *data = read_backup(s, &len);
    for (uint64_t n = 0; n < rounds(20); n++) {
        size_t cut = (size_t)(random_seeded_next(&r) % len);
        assert_int_equal(unlink(s->file), 0);
        write_file(partial, data, cut);
        if (n % 4 == 3 && cut > 0) { /* and the power failed, too */
            int fd = open(partial, O_WRONLY | O_CLOEXEC);
            assert_true(fd >= 0);
            static const char zeros[4096];
            off_t at = (off_t)(random_seeded_next(&r) % cut);
            assert_int_equal(pwrite(fd, zeros, sizeof zeros, at), sizeof zeros);
            close(fd);
        }
        expect(s, create(s), OPS_OK);
        most = kept_files(s) > most ? kept_files(s) : most;
        expect(s, verify(s), OPS_OK);
    }
    assert_true(most == BLOBS);
    free(data);
    restore_and_compare(s, "", BLOBS);
}

/* What changed since: new media are added, those that went are not kept. */
static void test_goes_on_with_other_media(void **state)
{
    struct scene *s = *state;
    char partial[PATH + 16];
    char path[PATH];
    size_t len;
    snprintf(partial, sizeof partial, "%s.partial", s->file);
    expect(s, create(s), OPS_OK);
    char *data = read_backup(s, &len);
    assert_int_equal(unlink(s->file), 0);
    write_file(partial, data, len - 3000);
    free(data);
    blob_path(s, 0, path);
    assert_int_equal(unlink(path), 0);
    make_blob(s, 6);
    expect(s, create(s), OPS_OK);
    expect(s, verify(s), OPS_OK);
    assert_non_null(strstr(s->said, "5 media files"));
    make_blob(s, 0); /* for comparing only what is there: it must not be in the backup */
    char folder[128];
    snprintf(folder, sizeof folder, "%s/restored", s->root);
    assert_int_equal(mkdir(folder, 0700), 0);
    struct ops there = {.data = folder, .store_url = "", .clock = clock_system()};
    expect(s, command(s, &there, "restore", NULL, s->file), OPS_OK);
    snprintf(path, sizeof path, "%.200s/media/00/blob0", folder);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%.200s/media/00/blob6", folder);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_what_is_no_media(void **state)
{
    struct scene *s = *state;
    char path[PATH];
    snprintf(path, sizeof path, "%s/media/00/link", s->f->folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    expect(s, create(s), OPS_FAILED);
    assert_non_null(strstr(s->said, "media/00/link is no file"));
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/media/00/back\\slash", s->f->folder);
    write_file(path, "x", 1);
    expect(s, create(s), OPS_FAILED);
    assert_int_equal(unlink(path), 0);
    expect(s, create(s), OPS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        TEST(test_restored_is_the_original),
        TEST(test_refusals),
        TEST(test_another_backup_is_under_way),
        TEST(test_no_byte_changes_unseen),
        TEST(test_cut_or_longer_is_seen),
        TEST(test_damaged_is_not_restored),
        TEST(test_stopped_anywhere),
        TEST(test_goes_on_after_a_kill),
        TEST(test_goes_on_with_other_media),
        TEST(test_what_is_no_media),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
