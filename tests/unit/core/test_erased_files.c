/*
 * What is left in the files of an SQLite database: nothing of an erased person's texts, and no
 * pages that nobody uses. SQLite clears the rows that it deletes, but not what it leaves behind of
 * rows that it moves to another page as it inserts: until that page is written anew there may be
 * copies in its unallocated part, which no row and no list of free space refers to.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <sys/stat.h>

#include "contract/tasks_fixture.h"
#include "store/users.h"

/* ---- looking for bytes ---- */

enum { PAGE_BYTES = 4096 };

static size_t be16(const char *p)
{
    return (size_t)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

/* In the part of a b-tree's page between the list of its cells and the first of them. */
static bool unallocated(const char *file, size_t at, size_t len)
{
    const char *page = file + at / PAGE_BYTES * PAGE_BYTES;
    const char *header = page + (at < PAGE_BYTES ? 100 : 0);
    bool leaf = header[0] == 10 || header[0] == 13;
    if (!leaf && header[0] != 2 && header[0] != 5)
        return false;
    size_t begin = (size_t)(header - page) + (leaf ? 8 : 12) + 2 * be16(header + 3);
    size_t within = at % PAGE_BYTES;
    return within >= begin && within + len <= be16(header + 5);
}

/* How often the text is in the file; of the database itself only what is `allocated`, if asked. */
static size_t file_has(const char *path, const char *text, bool allocated)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    struct stat st;
    assert_int_equal(fstat(fileno(file), &st), 0);
    char *all = malloc((size_t)st.st_size + 1);
    assert_non_null(all);
    size_t len = fread(all, 1, (size_t)st.st_size, file);
    fclose(file);
    size_t found = 0;
    bool database = allocated && strcmp(path + strlen(path) - 3, ".db") == 0;
    for (const char *p = all; (p = memmem(p, len - (size_t)(p - all), text, strlen(text))) != NULL;
         p++)
        found += database && unallocated(all, (size_t)(p - all), strlen(text)) ? 0 : 1;
    free(all);
    return found;
}

static size_t folder_count(const struct core_fixture *f, const char *text, bool allocated)
{
    size_t found = 0;
    char path[512];
    DIR *d = opendir(f->folder);
    const struct dirent *entry;
    assert_non_null(d);
    while ((entry = readdir(d)) != NULL) {
        snprintf(path, sizeof path, "%s/%.255s", f->folder, entry->d_name);
        if (entry->d_name[0] != '.')
            found += file_has(path, text, allocated);
    }
    closedir(d);
    return found;
}

/* How often the text is in all files of the folder. */
static size_t folder_has(const struct core_fixture *f, const char *text)
{
    return folder_count(f, text, false);
}

/* Likewise, without what has been left behind in unallocated parts of pages. */
static size_t folder_keeps(const struct core_fixture *f, const char *text)
{
    return folder_count(f, text, true);
}

static uint64_t database_bytes(const struct core_fixture *f)
{
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s/guildhall.db", f->folder);
    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

/* ---- an erased person ---- */

#define NAME "violet.of.the.files"
#define EMAIL "violet-of-the-files@example.org"
#define DISPLAY "Violet of the display"
#define TEXT "words that violet wrote"
#define NONCE "violets-nonce-4711"
#define APP "violets application"
#define ABOUT "what violets application does"
#define EDITED "second thoughts of violet"

static const char *const TEXTS[] = {NAME, EMAIL, DISPLAY, TEXT, NONCE, APP, ABOUT, EDITED};
enum { TEXT_COUNT = sizeof TEXTS / sizeof TEXTS[0] };

static enum err give_credentials(struct tx *tx, void *ctx)
{
    const struct person *p = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), "UPDATE users SET email = '" EMAIL
                                                    "', global_name = '" DISPLAY "' WHERE id = $1");
    sql_bind_u64(s, 1, p->who.user.v);
    enum err e = sql_run(s);
    return e == ERR_OK ? credentials_insert(tx_sql(tx), p->who.user, SLICE("$argon2id$none")) : e;
}

static void write_much(struct core_fixture *f, const struct person *violet,
                       const struct person *friend, struct channel_id channel)
{
    struct message m;
    struct message_draft d = {.content = SLICE(TEXT " with a nonce"), .nonce = SLICE(NONCE)};
    for (int i = 0; i < 40; i++) {
        char text[3000];
        int n = snprintf(text, sizeof text, "%d " TEXT, i);
        memset(text + n, 'x', (size_t)(i * 50)); /* overflow pages too */
        text[n + i * 50] = '\0';
        (void)cf_post(f, friend, channel, "the friend's own words, that stay");
        m = cf_post(f, violet, channel, text);
    }
    assert_int_equal(cf_try_post(f, violet, channel, &d, &m), ERR_OK);
    struct access a = cf_in_channel(f, violet, channel);
    struct message_edit edit = {.has_content = true, .content = SLICE(EDITED)};
    assert_int_equal(message_edit(f->core, &violet->by, &a, m.id, &edit, &f->arena, &m), ERR_OK);
    access_end(&a);
}

static void make_application(struct core_fixture *f, const struct person *violet,
                             const struct person *friend, struct guild_id guild)
{
    struct application app;
    char token[TOKEN_TEXT_MAX];
    assert_int_equal(
        application_create(f->core, &violet->by, SLICE(APP), SLICE(ABOUT), &f->arena, &app),
        ERR_OK);
    assert_int_equal(application_bot_token(f->core, &violet->by, app.id, token), ERR_OK);
    struct access a = cf_in_guild(f, friend, guild);
    assert_int_equal(application_authorize(f->core, &friend->by, &a, app.id, 0), ERR_OK);
    access_end(&a);
}

/* guildhall store vacuum */
static void rewrite(struct core_fixture *f)
{
    char why[256] = "";
    store_close(&f->store);
    core_free(&f->core);
    assert_int_equal(space_vacuum(f->folder, NULL, why, sizeof why), ERR_OK);
    cf_open(f);
}

static void test_erased_is_erased(void **state)
{
    struct core_fixture *f = *state;
    struct person *violet = cf_person(f, NAME), *friend = cf_person(f, "friend");
    struct guild_id guild = cf_guild(f, friend);
    struct channel_id channel = cf_general(f, guild);
    assert_int_equal(store_write(f->store, give_credentials, violet), ERR_OK);
    cf_join(f, violet, cf_invite(f, friend, channel, 0, 0));
    write_much(f, violet, friend, channel);
    make_application(f, violet, friend, guild);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        assert_int_not_equal(folder_has(f, TEXTS[i]), 0); /* or the test proves nothing */
    assert_int_equal(user_erase(f->core, violet->who.user), ERR_OK);
    (void)run_tasks(f);
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM tasks WHERE id > $1", 0), 0);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        if (folder_keeps(f, TEXTS[i]) != 0)
            fail_msg("\"%s\" is still in the files", TEXTS[i]);
    }
    assert_int_not_equal(folder_keeps(f, "the friend's own words"), 0);
    rewrite(f);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        if (folder_has(f, TEXTS[i]) != 0)
            fail_msg("\"%s\" is still in the files, which were written anew", TEXTS[i]);
    }
    assert_int_not_equal(folder_has(f, "the friend's own words"), 0);
}

/* A reader that began before keeps the log in use: the task waits for it, and serves meanwhile. */
struct slow_reader {
    struct core_fixture *f;
    _Atomic int step;
};

static enum err read_slowly(struct tx *tx, void *ctx)
{
    struct slow_reader *r = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), "SELECT COUNT(*) FROM users");
    while (sql_step(s))
        continue;
    atomic_store(&r->step, 1);
    while (atomic_load(&r->step) == 1)
        sched_yield();
    return sql_done(s);
}

static void *slow_main(void *ctx)
{
    struct slow_reader *r = ctx;
    enum err ignored = store_read(r->f->store, read_slowly, r);
    (void)ignored;
    return NULL;
}

static void test_waits_for_readers(void **state)
{
    struct core_fixture *f = *state;
    struct person *violet = cf_person(f, NAME);
    struct slow_reader r = {.f = f};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, slow_main, &r), 0);
    while (atomic_load(&r.step) == 0)
        sched_yield();
    assert_int_equal(user_erase(f->core, violet->who.user), ERR_OK);
    (void)run_tasks(f);
    assert_true(is_running(f, TASK_USER_ERASE, violet->who.user.v));
    assert_int_not_equal(folder_has(f, NAME), 0);
    atomic_store(&r.step, 2);
    pthread_join(thread, NULL);
    (void)run_tasks(f);
    assert_false(is_running(f, TASK_USER_ERASE, violet->who.user.v));
    assert_int_equal(folder_has(f, NAME), 0);
}

/* ---- space ---- */

struct fill {
    struct channel_id channel;
    struct guild_id guild;
};

static enum err fill_channel(struct tx *tx, void *ctx)
{
    const struct fill *x = ctx;
    struct sql_stmt *s = sql_query_text(
        tx_sql(tx),
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
        "INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, flags, "
        "tts, "
        "mention_everyone, content) SELECT $1, i, $2, 1, 0, 0, 0, 0, 0, "
        "'a message of some eighty bytes, as people write them, give or take a word ' || i FROM n");
    sql_bind_u64(s, 1, x->channel.v);
    sql_bind_u64(s, 2, x->guild.v);
    return sql_run(s);
}

static void test_space_comes_back(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct fill fill = {cf_general(f, guild), guild};
    struct space s;
    bool more = true;
    uint64_t empty = database_bytes(f);
    assert_int_equal(store_write(f->store, fill_channel, &fill), ERR_OK);
    restart(f); /* everything is in the file */
    uint64_t full = database_bytes(f);
    assert_true(full > empty + 5000000);
    assert_int_equal(guild_delete(f->core, guild), ERR_OK);
    (void)run_tasks(f);
    assert_int_equal(space_of(f->store, &s), ERR_OK);
    assert_true(s.gives_back && s.free_bytes > 4000000);
    while (more)
        assert_int_equal(space_give_back(f->store, &more), ERR_OK);
    assert_true(database_bytes(f) < full / 2);
    assert_int_equal(space_of(f->store, &s), ERR_OK);
    assert_true(s.free_bytes <= 1100000);
    assert_int_equal(space_give_back(f->store, &more), ERR_OK); /* idle from here on */
    assert_false(more);
}

/* A database that was made without it is left alone, until it is rewritten. */
static void test_old_databases(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct space s;
    bool more;
    store_close(&f->store);
    core_free(&f->core);
    char file[256];
    sqlite3 *db = NULL;
    snprintf(file, sizeof file, "%s/guildhall.db", f->folder);
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=DELETE; PRAGMA auto_vacuum=NONE; VACUUM",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    cf_open(f);
    assert_int_equal(space_of(f->store, &s), ERR_OK);
    assert_false(s.gives_back);
    assert_int_equal(space_give_back(f->store, &more), ERR_OK);
    assert_false(more);
    rewrite(f);
    assert_int_equal(space_of(f->store, &s), ERR_OK);
    assert_true(s.gives_back);
    struct user u;
    assert_int_equal(account_get(f->core, owner->who.user, &f->arena, &u), ERR_OK);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_erased_is_erased),
        TEST(test_waits_for_readers),
        TEST(test_space_comes_back),
        TEST(test_old_databases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
