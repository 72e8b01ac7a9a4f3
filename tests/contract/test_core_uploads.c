/* Files sent ahead: announced, received, used once, discarded, expired. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/attachments_fixture.h"
#include "core/channels.h"
#include "core/uploads.h"

static enum err begin(struct af_scene *s, const struct person *p, const struct upload_draft *list,
                      size_t count, struct upload_ticket *tickets)
{
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err e = uploads_begin(s->f->core, &p->by, &a, list, count, tickets);
    access_end(&a);
    return e;
}

/* A token of the guest's; in the fixture's arena. */
static struct slice token_for(struct af_scene *s, const char *name, uint64_t size)
{
    struct upload_ticket *t = arena_zalloc(&s->f->arena, sizeof *t);
    const struct upload_draft d = {slice_from(name), size};
    assert_non_null(t);
    assert_int_equal(begin(s, s->guest, &d, 1, t), ERR_OK);
    assert_int_equal(strlen(t->token), UPLOAD_TOKEN_LEN);
    return slice_from(t->token);
}

static enum err receive(struct af_scene *s, struct slice token, const char *text)
{
    const struct upload_file *f = af_file(s->f, "", slice_from(text));
    return uploads_receive(s->f->core, token, f);
}

static struct slice sent(struct af_scene *s, const char *name, const char *text)
{
    struct slice token = token_for(s, name, strlen(text));
    assert_int_equal(receive(s, token, text), ERR_OK);
    return token;
}

static struct attachment_draft ahead(struct slice token)
{
    return (struct attachment_draft){
        .upload_name = token, .duration_ms = -1, .field = "attachments.0"};
}

static uint64_t rows(struct core_fixture *f)
{
    return count_of(f, "SELECT COUNT(*) FROM uploads WHERE id > $1", 0);
}

/* ---- tests ---- */

static void test_use(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct slice token = token_for(&s, "dir/my notes.txt", 5);
    uint64_t bytes = 0;
    struct user_id owner = {0};
    assert_int_equal(uploads_size(f->core, token, &bytes, &owner), ERR_OK);
    assert_int_equal(bytes, 5);
    assert_int_equal(owner.v, s.guest->who.user.v);
    struct attachment_draft d = ahead(token);
    struct message m;
    assert_int_equal(af_try_post(&s, s.guest, &d, 1, &m), ERR_UPLOAD_NOT_FOUND); /* not yet */
    assert_int_equal(receive(&s, token, "hello"), ERR_OK);
    assert_int_equal(af_user_bytes(f, s.guest), 0);
    af_collect_all(f); /* it waits for its message */
    m = af_post(&s, s.guest, &d, 1);
    struct message read = af_read(&s, m.id);
    assert_true(cf_slice_is(read.attachments[0].filename, "my_notes.txt"));
    assert_true(cf_slice_is(read.attachments[0].content_type, "text/plain; charset=utf-8"));
    assert_int_equal(read.attachments[0].size, 5);
    assert_int_equal(af_user_bytes(f, s.guest), 5);
    assert_int_equal(rows(f), 0);
    assert_int_equal(af_references(f), 1);
    assert_int_equal(af_try_post(&s, s.guest, &d, 1, &m), ERR_UPLOAD_NOT_FOUND); /* once */
    assert_int_equal(receive(&s, token, "again"), ERR_UPLOAD_NOT_FOUND);
    af_collect_all(f);
    assert_true(af_has_file(f, read.attachments[0].hash));
}

static struct channel_id another_channel(struct af_scene *s)
{
    struct access a = cf_in_guild(s->f, s->owner, s->guild);
    struct channel_draft d = {.name = SLICE("other"), .type = CHANNEL_TYPE_TEXT};
    struct guild_view *v = NULL;
    struct draft_problem problem;
    struct channel_id id;
    assert_int_equal(channel_create(s->f->core, &s->owner->by, &a, &d, &id, &v, &problem), ERR_OK);
    guild_view_unref(&v);
    access_end(&a);
    return id;
}

static void test_whose(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct attachment_draft d[2] = {ahead(sent(&s, "a", "hello")), {0}};
    struct message m;
    assert_int_equal(af_try_post(&s, s.owner, d, 1, &m), ERR_UPLOAD_NOT_FOUND);
    struct channel_id other = another_channel(&s);
    const struct message_draft there = {.attachments = d, .attachment_count = 1};
    assert_int_equal(cf_try_post(f, s.guest, other, &there, &m), ERR_UPLOAD_NOT_FOUND);
    d[1] = d[0]; /* twice in one message */
    assert_int_equal(af_try_post(&s, s.guest, d, 2, &m), ERR_UPLOAD_NOT_FOUND);
    d[0] = ahead(SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    assert_int_equal(af_try_post(&s, s.guest, d, 1, &m), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(rows(f), 1);
    assert_int_equal(af_rows(f), 0);
    (void)af_post(&s, s.guest, d + 1, 1);
}

static void test_size(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct slice token = token_for(&s, "a", 5);
    assert_int_equal(receive(&s, token, "123456"), ERR_FILE_TOO_LARGE);
    assert_int_equal(receive(&s, SLICE("short"), "1"), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(receive(&s, token, "123"), ERR_OK);
    assert_int_equal(receive(&s, token, "12345"), ERR_OK); /* in the place of the other */
    assert_int_equal(af_references(f), 1);
    struct attachment_draft d = ahead(token);
    struct message m = af_post(&s, s.guest, &d, 1);
    assert_int_equal(m.attachments[0].size, 5);
    f->core->o.file_bytes_max = 4;
    const struct upload_draft large = {SLICE("a"), 5};
    struct upload_ticket t;
    assert_int_equal(begin(&s, s.guest, &large, 1, &t), ERR_FILE_TOO_LARGE);
}

static void test_pending(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct upload_draft d[11];
    struct upload_ticket t[11];
    for (int i = 0; i < 11; i++)
        d[i] = (struct upload_draft){SLICE("a"), 10};
    assert_int_equal(begin(&s, s.guest, d, 11, t), ERR_MAX_ATTACHMENTS);
    for (int i = 0; i < UPLOADS_PENDING_MAX / 10; i++)
        assert_int_equal(begin(&s, s.guest, d, 10, t), ERR_OK);
    assert_int_equal(begin(&s, s.guest, d, 1, t), ERR_MAX_ATTACHMENTS);
    assert_int_equal(begin(&s, s.owner, d, 1, t), ERR_OK);
    f->core->o.user_bytes_max = 25;
    assert_int_equal(begin(&s, s.owner, d, 1, t), ERR_OK);
    assert_int_equal(begin(&s, s.owner, d, 1, t), ERR_QUOTA_FULL);
}

static void test_discard(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct slice token = sent(&s, "a", "not wanted");
    struct attachment_draft d = ahead(token);
    struct message m;
    assert_int_equal(uploads_discard(f->core, &s.owner->by, token), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(uploads_discard(f->core, &s.guest->by, token), ERR_OK);
    assert_int_equal(uploads_discard(f->core, &s.guest->by, token), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(af_try_post(&s, s.guest, &d, 1, &m), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(af_references(f), 0);
    const struct upload_file *file = af_file(f, "", SLICE("not wanted"));
    af_collect_all(f);
    assert_false(af_has_file(f, slice_from(file->blob)));
}

static void test_expiry(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct slice token = sent(&s, "a", "forgotten");
    struct slice empty = token_for(&s, "b", 5);
    struct attachment_draft d = ahead(token);
    struct message m;
    bool more = true;
    assert_int_equal(uploads_expire_step(f->core, &more), ERR_OK);
    assert_false(more);
    assert_int_equal(rows(f), 2);
    atomic_fetch_add(&f->wall_ms, UPLOAD_LIFE_MS + 1);
    uint64_t bytes;
    struct user_id owner;
    assert_int_equal(uploads_size(f->core, empty, &bytes, &owner), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(receive(&s, empty, "late"), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(af_try_post(&s, s.guest, &d, 1, &m), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(uploads_expire_step(f->core, &more), ERR_OK);
    assert_int_equal(rows(f), 0);
    assert_int_equal(af_references(f), 0);
    const struct upload_file *file = af_file(f, "", SLICE("forgotten"));
    af_collect_all(f);
    assert_false(af_has_file(f, slice_from(file->blob)));
}

static void test_erased(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    (void)sent(&s, "a", "of somebody who goes");
    const struct attachment_draft d = af_draft(f, "b", "posted");
    (void)af_post(&s, s.guest, &d, 1);
    assert_int_equal(user_erase(f->core, s.guest->who.user), ERR_OK);
    (void)run_tasks(f);
    assert_int_equal(rows(f), 0);
    assert_int_equal(af_rows(f), 0);
    assert_int_equal(af_references(f), 0);
    assert_int_equal(af_guild_bytes(f, s.guild), 0);
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM media_usage WHERE kind = 1 AND id = $1",
                              s.guest->who.user.v),
                     0);
}

/* The quota counts when the message comes, and then nothing is used up. */
static void test_quota(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct attachment_draft d = ahead(sent(&s, "a", "hello"));
    struct message m;
    f->core->o.guild_bytes_max = 4;
    assert_int_equal(af_try_post(&s, s.guest, &d, 1, &m), ERR_QUOTA_FULL);
    assert_int_equal(rows(f), 1);
    f->core->o.guild_bytes_max = 5;
    (void)af_post(&s, s.guest, &d, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, mf_setup, mf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_use),     TEST(test_whose),  TEST(test_size),   TEST(test_pending),
        TEST(test_discard), TEST(test_expiry), TEST(test_erased), TEST(test_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
