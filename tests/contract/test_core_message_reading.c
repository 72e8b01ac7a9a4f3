/* Pages of messages: whole, and by few statements whatever they hold. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/structure_fixture.h"
#include "core/attachment_urls.h"
#include "core/messages_priv.h"
#include "core/reactions.h"
#include "store/attachments.h"
#include "store/sql_driver.h"

enum { PAGE = 50, STATEMENTS_MAX = 6 };

struct scene {
    struct core_fixture *f;
    struct person *owner, *guest;
    struct guild_id guild;
    struct channel_id general;
};

static struct scene scene_of(struct core_fixture *f)
{
    struct scene s = {.f = f, .owner = cf_person(f, "owner"), .guest = cf_person(f, "guest")};
    s.guild = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    return s;
}

/* --- what pages are made of ---------------------------------------------------------------------
 */

static struct message post_of(const struct scene *s, const struct person *p,
                              const struct message_draft *d)
{
    struct message m;
    assert_int_equal(cf_try_post(s->f, p, s->general, d, &m), ERR_OK);
    return m;
}

static struct message mention(const struct scene *s, const struct person *p,
                              const struct person *whom)
{
    char text[64];
    snprintf(text, sizeof text, "<@%llu> hello", (unsigned long long)whom->who.user.v);
    return cf_post(s->f, p, s->general, text);
}

static struct message reply(const struct scene *s, const struct person *p, struct message_id to)
{
    struct message_draft d = {.content = SLICE("answer"), .reference = to};
    return post_of(s, p, &d);
}

static void react(const struct scene *s, const struct person *p, struct message_id id)
{
    struct emoji_ref emoji;
    struct access a = cf_in_channel(s->f, p, s->general);
    assert_int_equal(reaction_emoji_read(SLICE("\xF0\x9F\x91\x8D"), &s->f->arena, &emoji), ERR_OK);
    assert_int_equal(reaction_add(s->f->core, &p->by, &a, id, &emoji, REACTION_NORMAL), ERR_OK);
    access_end(&a);
}

static struct message ask(const struct scene *s, const struct person *p)
{
    struct poll_draft poll = {
        .json = SLICE("{\"question\":{\"text\":\"?\"},\"answers\":[{\"answer_id\":1,\"poll_media\":"
                      "{\"text\":\"a\"}},{\"answer_id\":2,\"poll_media\":{\"text\":\"b\"}}],"
                      "\"allow_multiselect\":false,\"layout_type\":1}"),
        .answer_count = 2,
        .duration_ms = 3600000};
    struct message_draft d = {.poll = &poll};
    return post_of(s, p, &d);
}

struct file {
    struct message_id message;
    struct scene *s;
};

/* By the tables alone: what reading needs, without a blob. */
static enum err insert_file(struct tx *tx, void *ctx)
{
    const struct file *x = ctx;
    struct attachment a = {.id = tx_id(tx),
                           .channel = x->s->general,
                           .message = x->message,
                           .guild = x->s->guild,
                           .uploader = x->s->owner->who.user,
                           .size = 12,
                           .duration_ms = -1,
                           .hash = SLICE("0123456789012345678901234567890123456789012345678901"
                                         "234567890123"),
                           .filename = SLICE("notes.txt")};
    enum err e = attachments_insert(tx_sql(tx), &a);
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "UPDATE messages SET parts = parts + 1 WHERE channel_id = $1 AND id = $2");
    sql_bind_u64(s, 1, x->s->general.v);
    sql_bind_u64(s, 2, x->message.v);
    enum err updated = sql_run(s);
    return e == ERR_OK ? updated : e;
}

static void attach(struct scene *s, struct message_id id)
{
    struct file x = {id, s};
    assert_int_equal(store_write(s->f->store, insert_file, &x), ERR_OK);
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct reading {
    struct core_fixture *f;
    struct user_id reader;
    struct channel_id channel;
    struct message_record list[PAGE];
    size_t count;
    uint64_t statements;
};

static enum err read_page(struct tx *tx, void *ctx)
{
    struct reading *r = ctx;
    struct sql_conn *sql = tx_sql(tx);
    uint64_t before = sql->uses;
    r->count = 0;
    enum err e =
        messages_before(sql, r->channel, UINT64_MAX, PAGE, &r->f->arena, r->list, &r->count);
    if (e == ERR_OK)
        e = messages_complete(r->f->core, sql, r->reader, r->list, r->count, &r->f->arena);
    r->statements = sql->uses - before;
    return e;
}

static void read_all(const struct scene *s, const struct person *reader, struct reading *r)
{
    *r = (struct reading){.f = s->f, .reader = reader->who.user, .channel = s->general};
    assert_int_equal(store_read(s->f->store, read_page, r), ERR_OK);
}

static const struct message *found(const struct reading *r, struct message_id id)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->list[i].message.id.v == id.v)
            return &r->list[i].message;
    fail_msg("the message is not on the page");
    return NULL;
}

/* Plain texts: the page itself and nothing else. */
static void test_plain_page(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    static struct reading r;
    for (int i = 0; i < PAGE + 3; i++)
        cf_post(f, i % 2 == 0 ? s.owner : s.guest, s.general, "words");
    read_all(&s, s.guest, &r);
    assert_int_equal(r.count, PAGE);
    assert_int_equal(r.statements, 1);
    assert_true(cf_slice_is(r.list[0].message.author.username, "owner"));
}

static void test_full_page(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    static struct reading r;
    struct message asked = {0}, reacted = {0}, answered = {0}, with_file = {0};
    assert_int_equal(attachment_urls_open(f->core), ERR_OK);
    for (int i = 0; i < PAGE / 5; i++) {
        reacted = mention(&s, s.guest, s.owner);
        react(&s, s.owner, reacted.id);
        react(&s, s.guest, reacted.id);
        with_file = cf_post(f, s.owner, s.general, "see");
        attach(&s, with_file.id);
        answered = reply(&s, s.guest, with_file.id);
        (void)reply(&s, s.owner, reacted.id);
        asked = ask(&s, s.guest);
    }
    read_all(&s, s.guest, &r);
    assert_int_equal(r.count, PAGE);
    assert_true(r.statements <= STATEMENTS_MAX);
    assert_int_equal(found(&r, with_file.id)->attachment_count, 1);
    assert_true(found(&r, with_file.id)->attachments[0].url.len > 0);
    const struct message *m = found(&r, reacted.id);
    assert_int_equal(m->mention_count, 1);
    assert_true(cf_slice_is(m->mentions[0].username, "owner"));
    assert_int_equal(m->reaction_count, 1);
    assert_int_equal(m->reactions[0].normal, 2);
    assert_true(m->reactions[0].me);
    m = found(&r, answered.id);
    assert_non_null(m->referenced);
    assert_int_equal(m->referenced->id.v, with_file.id.v);
    assert_int_equal(m->referenced->attachment_count, 1);
    assert_non_null(found(&r, asked.id)->poll_state);
    assert_int_equal(found(&r, asked.id)->poll_state->answer_count, 2);
}

/* What is replied to and lies beyond the page is read for all replies at once. */
static void test_replies_to_old_messages(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    static struct reading r;
    struct message_id old[3];
    for (size_t i = 0; i < 3; i++)
        old[i] = mention(&s, s.owner, s.guest).id;
    for (int i = 0; i < PAGE; i++)
        (void)reply(&s, s.guest, old[i % 3]);
    read_all(&s, s.owner, &r);
    assert_int_equal(r.statements, 3);
    for (size_t i = 0; i < r.count; i++) {
        const struct message *m = &r.list[i].message;
        assert_non_null(m->referenced);
        assert_int_equal(m->referenced->id.v, m->reference.v);
        assert_int_equal(m->referenced->mention_count, 1);
        assert_null(m->referenced->referenced);
    }
}

static void forget_user(struct core_fixture *f, const struct person *p)
{
    f->damaged = true;
    run_sql(f, "DELETE FROM members WHERE user_id = $1 AND user_id <> $2", p->who.user.v, 0);
    run_sql(f, "DELETE FROM users WHERE id = $1 AND id <> $2", p->who.user.v, 0);
}

/* Those who are gone: no author's name, and no mention. */
static void test_erased_people(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    static struct reading r;
    struct message of_guest = mention(&s, s.guest, s.owner);
    struct message to_guest = mention(&s, s.owner, s.guest);
    forget_user(f, s.guest);
    read_all(&s, s.owner, &r);
    assert_true(cf_slice_is(found(&r, of_guest.id)->author.username, "deleted_user"));
    assert_int_equal(found(&r, of_guest.id)->mention_count, 1);
    assert_int_equal(found(&r, to_guest.id)->mention_count, 0);
}

/* --- what is written ----------------------------------------------------------------------------
 */

static uint64_t mentions_of(struct core_fixture *f, const struct message *m)
{
    return count_of(f, "SELECT count(*) FROM user_mentions WHERE message_id = $1", m->id.v) +
           100 * count_of(f, "SELECT count(*) FROM role_mentions WHERE message_id = $1", m->id.v);
}

static enum err edit_text(const struct scene *s, const struct person *p, const struct message *m,
                          const char *text)
{
    struct message out;
    struct message_edit e = {.has_content = true, .content = slice_from(text)};
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err failed = message_edit(s->f->core, &p->by, &a, m->id, &e, &s->f->arena, &out);
    access_end(&a);
    return failed;
}

/* The rows that say who is mentioned follow the text, and go with the message. */
static void test_mention_rows(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message plain = cf_post(f, s.owner, s.general, "words");
    assert_int_equal(mentions_of(f, &plain), 0);
    struct message m = mention(&s, s.owner, s.guest);
    assert_int_equal(mentions_of(f, &m), 1);
    assert_int_equal(edit_text(&s, s.owner, &m, "@everyone"), ERR_OK);
    assert_int_equal(mentions_of(f, &m), 100);
    assert_int_equal(edit_text(&s, s.owner, &m, "nobody"), ERR_OK);
    assert_int_equal(mentions_of(f, &m), 0);
    m = mention(&s, s.owner, s.guest);
    struct access a = cf_in_channel(f, s.owner, s.general);
    assert_int_equal(message_delete(f->core, &s.owner->by, &a, m.id), ERR_OK);
    access_end(&a);
    assert_int_equal(mentions_of(f, &m), 0);
}

static enum err note_uses(struct tx *tx, void *ctx)
{
    uint64_t *uses = ctx;
    *uses = tx_sql(tx)->uses;
    return ERR_OK;
}

/* The hot path: a plain text takes what messages.c says, and what the search index needs. */
static void test_statements_of_a_post(void **state)
{
    enum { EMPTY, POST_OWN = 5, SEARCH_MAX = 2 };
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    uint64_t a = 0, b = 0, c = 0;
    if (f->db.server != NULL)
        skip(); /* closures have a connection each there */
    cf_post(f, s.guest, s.general, "warm");
    assert_int_equal(store_write(f->store, note_uses, &a), ERR_OK);
    assert_int_equal(store_write(f->store, note_uses, &b), ERR_OK);
    cf_post(f, s.guest, s.general, "plain words");
    assert_int_equal(store_write(f->store, note_uses, &c), ERR_OK);
    uint64_t empty = b - a;
    assert_true(c - b - 2 * empty >= POST_OWN);
    assert_true(c - b - 2 * empty <= POST_OWN + SEARCH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, cf_setup, cf_teardown)
        OPEN(test_plain_page),    OPEN(test_full_page),    OPEN(test_replies_to_old_messages),
        OPEN(test_erased_people), OPEN(test_mention_rows), OPEN(test_statements_of_a_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
