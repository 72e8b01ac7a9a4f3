/* What messages are found by: texts wherever they stand, and a term for each thing to ask for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/message_words.h"
#include "wire/json_read.h"

static struct message plain(void)
{
    return (struct message){
        .id = {1}, .channel = {2}, .guild = {3}, .author = {.id = {4}}, .content = SLICE("hello")};
}

static bool is_there(struct slice words, const char *word)
{
    struct slice part;
    while (slice_next(&words, ' ', &part))
        if (slice_eq_cstr(part, word))
            return true;
    return false;
}

/* `words`: with single spaces. */
static void check(const struct message *m, const char *words, bool there)
{
    struct words w;
    struct slice rest = slice_from(words);
    struct slice word;
    words_init(&w, WORDS_TO_INDEX);
    message_words(m, &w);
    while (slice_next(&rest, ' ', &word)) {
        char *one = strndup(word.data, word.len);
        if (is_there(buf_slice(&w.out), one) != there)
            fail_msg("%s is %s in \"%.*s\"", one, there ? "not" : "", SLICE_ARG(buf_slice(&w.out)));
        free(one);
    }
    words_deinit(&w);
}

static void test_place_and_author(void **state)
{
    (void)state;
    struct message m = plain();
    check(&m, "_g3 _c2 _a4 _tuser hello", true);
    check(&m, "_tbot _p1 _e1 _hlink _hfile _hembed", false);
    m.author.bot = true;
    m.pinned_at_ms = 1;
    m.mention_everyone = true;
    m.guild.v = 0;
    check(&m, "_tbot _p1 _e1", true);
    check(&m, "_tuser _g3 _g0", false);
}

static void test_mentions_and_replies(void **state)
{
    (void)state;
    const struct user users[] = {{.id = {7}}, {.id = {8}}};
    const struct role_id roles[] = {{9}};
    struct message other = plain();
    other.author.id.v = 11;
    struct message m = plain();
    m.mentions = users;
    m.mention_count = 2;
    m.mention_roles = roles;
    m.mention_role_count = 1;
    m.type = MESSAGE_TYPE_REPLY;
    m.reference.v = 10;
    m.referenced = &other;
    check(&m, "_m7 _m8 _r9 _i10 _u11", true);
    m.type = MESSAGE_TYPE_DEFAULT; /* a forward is no reply */
    m.reference_type = REFERENCE_FORWARD;
    check(&m, "_i10 _u11", false);
}

static void test_links(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool link;
    } rows[] = {
        {"see https://example.org/x", true},
        {"HTTP://EXAMPLE.ORG", true},
        {"ftp://example.org", false},
        {"://example.org", false},
        {"https://", false},
        {"http:// example.org", false},
        {"x:// y:// http://a", true},
        {"<https://example.org>", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct message m = plain();
        m.content = slice_from(rows[i].text);
        check(&m, "_hlink", rows[i].link);
    }
}

static void test_attachments(void **state)
{
    (void)state;
    const struct attachment list[] = {
        {.filename = SLICE("Holiday_Photo.PNG"),
         .content_type = SLICE("image/png"),
         .description = SLICE("a sandy beach")},
        {.filename = SLICE("noise"), .content_type = SLICE("audio/ogg")},
        {.filename = SLICE("film.mp4"), .content_type = SLICE("video/mp4")},
    };
    struct message m = plain();
    m.attachments = list;
    m.attachment_count = 1;
    check(&m, "_hfile _himage holiday photo png sandy beach", true);
    check(&m, "_hvideo _hsound", false);
    m.attachment_count = 3;
    check(&m, "_hfile _himage _hsound _hvideo film mp4 noise", true);
}

static void test_texts_inside_of_json(void **state)
{
    (void)state;
    struct message m = plain();
    m.embeds = SLICE("[{\"type\":\"gifv\",\"url\":\"https://hidden.example\",\"title\":\"Upper\","
                     "\"description\":\"middle\",\"footer\":{\"text\":\"lower\"},"
                     "\"author\":{\"name\":\"writer\"},\"provider\":{\"name\":\"Tube\"},"
                     "\"fields\":[{\"name\":\"key\",\"value\":\"worth\"}],"
                     "\"image\":{\"url\":\"https://hidden.example\"}}]");
    check(&m, "_hembed _himage _kgif upper middle lower writer tube key worth", true);
    check(&m, "hidden gifv _hvideo", false);
    m.components = SLICE("[{\"type\":17,\"components\":[{\"type\":10,\"content\":\"deep\"},"
                         "{\"type\":2,\"label\":\"press\",\"custom_id\":\"secret\"}]}]");
    m.stickers = SLICE("[{\"id\":\"1\",\"name\":\"Waving\"}]");
    m.poll = SLICE("{\"question\":{\"text\":\"tabs?\"},\"answers\":[{\"answer_id\":1,"
                   "\"poll_media\":{\"text\":\"spaces\"}}]}");
    m.snapshots = SLICE("[{\"message\":{\"content\":\"from afar\",\"attachments\":"
                        "[{\"filename\":\"map.txt\"}]}}]");
    check(&m, "deep press _hsticker waving _hpoll tabs spaces _hsnapshot from afar map", true);
    check(&m, "secret", false);
    m.embeds = SLICE("[{\"title\":");
    check(&m, "hello deep", true); /* what cannot be read takes nothing else with it */
    m.embeds = SLICE("[]");
    check(&m, "_hembed", false);
}

static void test_what_is_indexed(void **state)
{
    (void)state;
    struct message m = plain();
    assert_true(message_is_written(&m));
    m.type = MESSAGE_TYPE_REPLY;
    assert_true(message_is_written(&m));
    m.type = MESSAGE_TYPE_JOIN;
    assert_false(message_is_written(&m));
    m.type = MESSAGE_TYPE_PINNED;
    assert_false(message_is_written(&m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place_and_author),
        cmocka_unit_test(test_mentions_and_replies),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_attachments),
        cmocka_unit_test(test_texts_inside_of_json),
        cmocka_unit_test(test_what_is_indexed),
    };
    json_read_init(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
