/* Attachments: posted, read, kept and replaced, deleted in every way, counted, signed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/attachments_fixture.h"
#include "core/channels.h"
#include "store/checkup.h"

/* ---- what the doctor says ---- */

struct findings {
    unsigned count;
    char first[128];
};

static void on_found(void *ctx, const char *what, uint64_t id)
{
    struct findings *x = ctx;
    (void)id;
    if (x->count++ == 0)
        snprintf(x->first, sizeof x->first, "%s", what);
}

static bool goes_on(void *ctx)
{
    (void)ctx;
    return false;
}

static struct findings findings_of(struct core_fixture *f)
{
    struct findings x = {0, ""};
    struct checkup c = {.store = f->store, .found = on_found, .stopped = goes_on, .ctx = &x};
    assert_int_equal(checkup_orphans(&c), ERR_OK);
    return x;
}

static void assert_healthy(struct core_fixture *f)
{
    struct findings x = findings_of(f);
    if (x.count > 0)
        fail_msg("%s", x.first);
}

/* ---- tests ---- */

static void test_post(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct attachment_draft d[2] = {af_draft(f, "../my notes.txt", "hello"),
                                    {.file = af_file(f, "p.png", mf_picture(f, 0)),
                                     .title = SLICE("Title"),
                                     .description = SLICE("What it shows"),
                                     .spoiler = true,
                                     .duration_ms = -1}};
    struct message m = af_post(&s, s.guest, d, 2);
    struct message read = af_read(&s, m.id);
    const struct message *both[] = {&m, &read};
    for (int i = 0; i < 2; i++) {
        const struct attachment *a = both[i]->attachments;
        assert_int_equal(both[i]->attachment_count, 2);
        assert_true(a[0].id < a[1].id);
        assert_true(cf_slice_is(a[0].filename, "my_notes.txt"));
        assert_true(cf_slice_is(a[0].content_type, "text/plain; charset=utf-8"));
        assert_int_equal(a[0].size, 5);
        assert_int_equal(a[0].width, 0);
        assert_null(a[0].title.data);
        assert_int_equal(a[0].duration_ms, -1);
        assert_true(cf_slice_is(a[1].filename, "SPOILER_p.png"));
        assert_true(cf_slice_is(a[1].content_type, "image/png"));
        assert_int_equal(a[1].width, a[1].height);
        assert_int_not_equal(a[1].width, 0);
        assert_true(cf_slice_is(a[1].title, "Title"));
        assert_true(cf_slice_is(a[1].description, "What it shows"));
        assert_int_equal(a[1].flags, ATTACHMENT_FLAG_IS_SPOILER);
        assert_int_equal(a[1].uploader.v, s.guest->who.user.v);
        assert_true(slice_starts_with(a[0].url, SLICE("http://localhost/attachments/")));
    }
    assert_true(slice_eq(m.attachments[0].url, read.attachments[0].url));
    const struct event *e = cf_event_back(f, 0);
    assert_int_equal(e->kind, EVENT_MESSAGE_CREATE);
    assert_true(cf_payload_has(e, "\"filename\":\"my_notes.txt\""));
    assert_true(cf_payload_has(e, "&hm="));
    assert_null(memmem(e->payload_blank->data, e->payload_blank->len, "my_notes", 8));
    assert_int_equal(af_user_bytes(f, s.guest), 5 + d[1].file->size);
    assert_int_equal(af_guild_bytes(f, s.guild), 5 + d[1].file->size);
    assert_healthy(f);
    af_collect_all(f);
    assert_true(af_has_file(f, read.attachments[0].hash));
    assert_true(af_has_file(f, read.attachments[1].hash));
}

/* A page takes one statement for the files of all its messages, each has its own. */
static void test_page(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    char text[32];
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof text, "file %d", i);
        const struct attachment_draft d[2] = {af_draft(f, text, text), af_draft(f, "b", "b")};
        if (i % 2 == 0)
            (void)af_post(&s, s.guest, d, 2);
        else
            (void)cf_post(f, s.guest, s.general, text);
    }
    struct access a = cf_in_channel(f, s.owner, s.general);
    const struct message_page page = {.limit = 50};
    struct message *list = NULL;
    size_t count = 0;
    assert_int_equal(message_list(f->core, &a, &page, &f->arena, &list, &count), ERR_OK);
    access_end(&a);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].attachment_count, i % 2 == 0 ? 2 : 0);
        snprintf(text, sizeof text, "file_%zu", count - 1 - i);
        if (i % 2 == 0)
            assert_true(cf_slice_is(list[i].attachments[0].filename, text));
        for (size_t k = 0; k < list[i].attachment_count; k++)
            assert_int_equal(list[i].attachments[k].message.v, list[i].id.v);
    }
}

static void test_delete(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    const struct attachment_draft d[2] = {af_draft(f, "a", "only here"), af_draft(f, "b", "twice")};
    struct message first = af_post(&s, s.guest, d, 2);
    struct message second = af_post(&s, s.owner, &d[1], 1);
    af_delete(&s, s.owner, first.id);
    assert_int_equal(af_rows(f), 1);
    assert_int_equal(af_references(f), 1);
    assert_int_equal(af_user_bytes(f, s.guest), 0);
    assert_int_equal(af_user_bytes(f, s.owner), 5);
    assert_int_equal(af_guild_bytes(f, s.guild), 5);
    struct attachment gone;
    assert_int_equal(attachment_find(f->core, first.attachments[0].id, &f->arena, &gone),
                     ERR_UNKNOWN_ASSET);
    assert_healthy(f);
    af_collect_all(f);
    assert_false(af_has_file(f, first.attachments[0].hash));
    assert_true(af_has_file(f, second.attachments[0].hash));
}

/* With the channel, and with the guild. */
static void test_delete_more(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    const struct attachment_draft d[2] = {af_draft(f, "a", "one"), af_draft(f, "b", "three")};
    struct message m = af_post(&s, s.guest, d, 2);
    struct access a = cf_in_channel(f, s.owner, s.general);
    struct message_id last;
    assert_int_equal(channel_delete(f->core, &s.owner->by, &a, &last), ERR_OK);
    access_end(&a);
    (void)run_tasks(f);
    assert_int_equal(af_rows(f), 0);
    assert_int_equal(af_references(f), 0);
    assert_int_equal(af_user_bytes(f, s.guest), 0);
    assert_int_equal(af_guild_bytes(f, s.guild), 0);
    assert_healthy(f);
    af_collect_all(f);
    assert_false(af_has_file(f, m.attachments[0].hash));
}

static void test_delete_guild(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    const struct attachment_draft d[2] = {af_draft(f, "a", "one"), af_draft(f, "b", "three")};
    struct message m = af_post(&s, s.guest, d, 2);
    assert_int_equal(guild_delete(f->core, s.guild), ERR_OK);
    (void)run_tasks(f);
    assert_int_equal(af_rows(f), 0);
    assert_int_equal(af_references(f), 0);
    assert_int_equal(af_user_bytes(f, s.guest), 0);
    assert_int_equal(
        count_of(f, "SELECT COUNT(*) FROM media_usage WHERE kind = 2 AND id = $1", s.guild.v), 0);
    assert_healthy(f);
    af_collect_all(f);
    assert_false(af_has_file(f, m.attachments[1].hash));
}

static void test_edit(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    const struct attachment_draft d[2] = {af_draft(f, "a", "aaa"), af_draft(f, "b", "bbbbb")};
    struct message m = af_post(&s, s.guest, d, 2);
    const struct attachment_draft next[2] = {
        {.keep = m.attachments[0].id, .has_description = true, .description = SLICE("new words")},
        af_draft(f, "c", "ccccccc")};
    struct message edited;
    assert_int_equal(af_edit(&s, s.guest, m.id, next, 2, &edited), ERR_OK);
    struct message read = af_read(&s, m.id);
    const struct message *both[] = {&edited, &read};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(both[i]->attachment_count, 2);
        assert_int_equal(both[i]->attachments[0].id, m.attachments[0].id);
        assert_true(cf_slice_is(both[i]->attachments[0].description, "new words"));
        assert_true(cf_slice_is(both[i]->attachments[1].filename, "c"));
    }
    assert_int_equal(af_user_bytes(f, s.guest), 3 + 7);
    assert_int_equal(af_guild_bytes(f, s.guild), 3 + 7);
    assert_true(cf_payload_has(cf_event_back(f, 0), "\"filename\":\"c\""));
    assert_healthy(f);
    /* One that it does not have: nothing changes. */
    const struct attachment_draft wrong[2] = {{.keep = m.attachments[1].id}, af_draft(f, "d", "d")};
    assert_int_equal(af_edit(&s, s.guest, m.id, wrong, 2, &edited), ERR_UPLOAD_NOT_FOUND);
    assert_int_equal(af_read(&s, m.id).attachment_count, 2);
    assert_int_equal(af_edit(&s, s.guest, m.id, NULL, 0, &edited), ERR_OK);
    assert_int_equal(af_read(&s, m.id).attachment_count, 0);
    assert_int_equal(af_user_bytes(f, s.guest), 0);
    assert_int_equal(af_rows(f), 0);
    assert_healthy(f);
    af_collect_all(f);
    assert_false(af_has_file(f, m.attachments[0].hash));
    assert_false(af_has_file(f, m.attachments[1].hash));
}

/* Ten of one message, kept and new together. */
static void test_edit_many(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct attachment_draft d[11], keep[11];
    for (int i = 0; i < 11; i++)
        d[i] = af_draft(f, "a", "a");
    struct message m = af_post(&s, s.guest, d, 10), edited;
    for (int i = 0; i < 10; i++)
        keep[i] = (struct attachment_draft){.keep = m.attachments[i].id};
    keep[10] = d[10];
    assert_int_equal(af_edit(&s, s.guest, m.id, keep, 11, &edited), ERR_MAX_ATTACHMENTS);
    assert_int_equal(af_edit(&s, s.guest, m.id, keep + 1, 10, &edited), ERR_OK);
    assert_int_equal(edited.attachment_count, 10);
    assert_int_equal(af_try_post(&s, s.guest, d, 11, &edited), ERR_MAX_ATTACHMENTS);
}

static void test_limits(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct message m;
    const struct attachment_draft d[2] = {af_draft(f, "a", "12345"), af_draft(f, "b", "1234")};
    f->core->o.file_bytes_max = 4;
    assert_int_equal(af_try_post(&s, s.guest, d, 1, &m), ERR_FILE_TOO_LARGE);
    assert_int_equal(af_try_post(&s, s.guest, d + 1, 1, &m), ERR_OK);
    f->core->o.file_bytes_max = 0;
    f->core->o.message_bytes_max = 8;
    assert_int_equal(af_try_post(&s, s.guest, d, 2, &m), ERR_ENTITY_TOO_LARGE);
    f->core->o.message_bytes_max = 9;
    assert_int_equal(af_try_post(&s, s.guest, d, 2, &m), ERR_OK);
}

static void test_quota(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct message m, edited;
    const struct attachment_draft d[2] = {af_draft(f, "a", "12345"), af_draft(f, "b", "1234")};
    f->core->o.user_bytes_max = 8;
    m = af_post(&s, s.guest, d, 1);
    size_t told = f->event_count;
    assert_int_equal(af_try_post(&s, s.guest, d + 1, 1, &edited), ERR_QUOTA_FULL);
    assert_int_equal(f->event_count, told);
    assert_int_equal(af_rows(f), 1);
    assert_int_equal(af_references(f), 1);
    assert_int_equal(af_user_bytes(f, s.guest), 5);
    assert_int_equal(af_guild_bytes(f, s.guild), 5);
    /* In place of the other it has room. */
    assert_int_equal(af_edit(&s, s.guest, m.id, d + 1, 1, &edited), ERR_OK);
    assert_int_equal(af_user_bytes(f, s.guest), 4);
    f->core->o.user_bytes_max = 0;
    f->core->o.guild_bytes_max = 8;
    assert_int_equal(af_try_post(&s, s.owner, d, 1, &edited), ERR_QUOTA_FULL);
    assert_int_equal(af_try_post(&s, s.owner, d + 1, 1, &edited), ERR_OK);
    af_delete(&s, s.owner, m.id);
    assert_int_equal(af_guild_bytes(f, s.guild), 4);
    assert_healthy(f);
}

static enum err prepare(struct af_scene *s, const struct attachment_draft *d, size_t count,
                        struct draft_problem *problem)
{
    struct attachment *out = NULL;
    size_t made = 0;
    struct access a = cf_in_channel(s->f, s->guest, s->general);
    enum err e = attachments_prepare(s->f->core, &s->guest->by, &a, d, count, &s->f->arena, &out,
                                     &made, problem);
    access_end(&a);
    return e;
}

static void test_wrong_drafts(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    struct draft_problem problem = {0};
    static const char *const waves[] = {"", "abc", "ab!d", "====", "a===", "AAA=AAAA"};
    struct attachment_draft d = {.duration_ms = -1, .field = "attachments.3"};
    assert_int_equal(prepare(&s, &d, 1, &problem), ERR_INVALID_FORM);
    assert_string_equal(problem.field, "attachments.3.id");
    d.file = af_file(f, "a.ogg", SLICE("OggS"));
    for (size_t i = 0; i < sizeof waves / sizeof *waves; i++) {
        d.waveform = slice_from(waves[i]);
        assert_int_equal(prepare(&s, &d, 1, &problem), ERR_INVALID_FORM);
        assert_string_equal(problem.field, "attachments.3.waveform");
    }
    d.waveform = SLICE("FzYACgA=");
    assert_int_equal(prepare(&s, &d, 1, &problem), ERR_OK);
}

/* ---- addresses ---- */

static struct attachment_link link_of(const struct attachment *a)
{
    struct attachment_link link = {.channel = a->channel, .id = a->id, .filename = a->filename};
    unsigned long long ex = 0, is = 0;
    const char *query = memchr(a->url.data, '?', a->url.len);
    assert_non_null(query);
    assert_int_equal(sscanf(query, "?ex=%llx&is=%llx&hm=", &ex, &is), 2);
    link.ex = ex;
    link.is = is;
    link.hm = slice_of(a->url.data + a->url.len - 65, 64);
    assert_int_equal(a->url.data[a->url.len - 1], '&');
    return link;
}

static void test_links(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    const struct attachment_draft d = af_draft(f, "f\xc3\xbcr.txt", "hello");
    struct message m = af_post(&s, s.guest, &d, 1);
    const struct attachment_link good = link_of(&m.attachments[0]);
    assert_non_null(
        memmem(m.attachments[0].url.data, m.attachments[0].url.len, "/f%C3%BCr.txt?", 14));
    assert_true(attachment_link_signed(f->core, &good));
    uint64_t left = attachment_link_seconds_left(f->core, &good);
    assert_true(left > 23 * 3600 - 1 && left <= 24 * 3600);
    struct attachment_link bad[7] = {good, good, good, good, good, good, good};
    bad[0].channel.v++;
    bad[1].id++;
    bad[2].filename = SLICE("other.txt");
    bad[3].ex++;
    bad[4].is--;
    bad[5].hm = SLICE("0000000000000000000000000000000000000000000000000000000000000000");
    bad[6].hm = slice_of(good.hm.data, 63);
    for (int i = 0; i < 7; i++)
        assert_false(attachment_link_signed(f->core, &bad[i]));
    atomic_fetch_add(&f->wall_ms, (int64_t)left * 1000);
    assert_int_equal(attachment_link_seconds_left(f->core, &good), 0);
    assert_true(attachment_link_signed(f->core, &good));
    struct message again = af_read(&s, m.id);
    const struct attachment_link renewed = link_of(&again.attachments[0]);
    assert_true(attachment_link_seconds_left(f->core, &renewed) > 0);
    assert_true(attachment_link_signed(f->core, &renewed));
}

/* Another core on the same database knows the key; and within an hour an address stays. */
static void test_links_stay(void **state)
{
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    const struct attachment_draft d = af_draft(f, "a", "hello");
    int64_t hour = 60 * 60 * 1000;
    atomic_store(&f->wall_ms, (atomic_load(&f->wall_ms) / hour + 1) * hour);
    struct message m = af_post(&s, s.guest, &d, 1);
    const struct attachment_link link = link_of(&m.attachments[0]);
    atomic_fetch_add(&f->wall_ms, hour - 1000);
    struct message same = af_read(&s, m.id);
    assert_true(slice_eq(same.attachments[0].url, m.attachments[0].url));
    atomic_fetch_add(&f->wall_ms, 2000);
    struct message later = af_read(&s, m.id);
    assert_false(slice_eq(later.attachments[0].url, m.attachments[0].url));
    struct blob_store *blobs = f->core->o.blobs;
    store_close(&f->store);
    core_free(&f->core);
    cf_open(f);
    f->core->o.blobs = blobs;
    assert_true(attachment_link_signed(f->core, &link));
    struct message read = af_read(&s, m.id);
    assert_true(slice_eq(read.attachments[0].url, later.attachments[0].url));
}

/* What the doctor is for: it does find what is wrong. */
static enum err damage(struct tx *tx, void *ctx)
{
    return sql_exec(tx_sql(tx), ctx);
}

static void test_doctor(void **state)
{
    static const char *const harm[][2] = {
        {"UPDATE media_usage SET bytes = bytes + 1 WHERE kind = 1",
         "bytes of attachments counted wrongly, of user"},
        {"UPDATE media_usage SET bytes = bytes - 1 WHERE kind = 1; "
         "UPDATE media_usage SET bytes = 0 WHERE kind = 2",
         "bytes of attachments counted wrongly, of guild"},
        {"UPDATE media_usage SET bytes = 5 WHERE kind = 2; "
         "DELETE FROM blob_references WHERE kind = 13",
         "an attachment without its file"},
        {"DELETE FROM messages", "an attachment of a message that is not there"},
    };
    struct core_fixture *f = *state;
    struct af_scene s = af_scene_of(f);
    const struct attachment_draft d = af_draft(f, "a", "hello");
    (void)af_post(&s, s.guest, &d, 1);
    assert_healthy(f);
    f->damaged = true;
    for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s", harm[i][0]);
        assert_int_equal(store_write(f->store, damage, text), ERR_OK);
        struct findings x = findings_of(f);
        assert_int_not_equal(x.count, 0);
        assert_string_equal(x.first, harm[i][1]);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, mf_setup, mf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_post),         TEST(test_page),         TEST(test_delete),
        TEST(test_delete_more),  TEST(test_delete_guild), TEST(test_edit),
        TEST(test_edit_many),    TEST(test_limits),       TEST(test_quota),
        TEST(test_wrong_drafts), TEST(test_links),        TEST(test_links_stay),
        TEST(test_doctor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
