/* Searching random texts: what the index finds is what a walk through all messages finds, on either
 * backend, which therefore find the same; while messages are edited, deleted, pinned, and the index
 * is made anew. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/words.h"
#include "contract/structure_fixture.h"
#include "contract/tasks_fixture.h"
#include "core/bulk_delete.h"
#include "core/pins.h"
#include "core/search.h"
#include "proto/message_words.h"

enum { MESSAGES = 160, QUERIES = 120, PIECES = 6, TEXT_BYTES = 256 };

struct kept {
    struct message_id id;
    struct channel_id channel;
    const struct person *author;
    char text[TEXT_BYTES];
    bool pinned;
    bool gone;
};

struct scene {
    struct core_fixture *f;
    struct person *owner, *guest; /* the guest does not see `hidden` */
    struct guild_id guild;
    struct channel_id general, hidden;
    uint64_t seed;
    struct kept list[MESSAGES];
    size_t count;
};

static const char *const pieces[] = {"caf\u00e9",
                                     "CAFE",
                                     "na\u00efve",
                                     "stra\u00dfe",
                                     "STRASSE",
                                     "\u0130stanbul",
                                     "istanbul",
                                     "\u6771\u4eac",
                                     "\u4eac\u90fd",
                                     "\u6771",
                                     "\ud55c\uad6d\uc5b4",
                                     "\u0e44\u0e17\u0e22",
                                     "\U0001F44D",
                                     "\U0001F44D\U0001F3FD",
                                     "\u2764\ufe0f",
                                     "1\ufe0f\u20e3",
                                     "O'Brien",
                                     "obrien",
                                     "x_y",
                                     "_a1",
                                     "1234",
                                     "<:wave:4242>",
                                     "<@1>",
                                     "https://example.org/a?b=c",
                                     "AND",
                                     "NOT",
                                     "\"",
                                     "*",
                                     "a\u0301",
                                     "\ufb01sh",
                                     "fish",
                                     "\u0645\u0631\u062d\u0628\u0627",
                                     "''",
                                     "\\",
                                     "|",
                                     "!",
                                     "-"};
enum { PIECE_COUNT = sizeof pieces / sizeof pieces[0] };

static uint64_t below(struct scene *s, uint64_t bound)
{
    s->seed = s->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (s->seed >> 33) % bound;
}

static void write_text(struct scene *s, unsigned most, char out[TEXT_BYTES])
{
    size_t len = 0;
    unsigned n = 1 + (unsigned)below(s, most);
    out[0] = '\0';
    for (unsigned i = 0; i < n && len + 64 < TEXT_BYTES; i++)
        len += (size_t)snprintf(out + len, TEXT_BYTES - len, "%s%s",
                                i > 0 && below(s, 4) > 0 ? " " : "", pieces[below(s, PIECE_COUNT)]);
}

static struct scene *scene_of(struct core_fixture *f, uint64_t seed)
{
    struct scene *s = arena_zalloc(&f->arena, sizeof *s);
    assert_non_null(s);
    s->f = f;
    s->seed = seed;
    s->owner = cf_person(f, "owner");
    s->guest = cf_person(f, "guest");
    s->guild = cf_guild(f, s->owner);
    s->general = cf_general(f, s->guild);
    cf_join(f, s->guest, cf_invite(f, s->owner, s->general, 0, 0));
    s->hidden = make_text(f, s->owner, s->guild, "hidden", (struct channel_id){0});
    struct overwrite no = {s->guild.v, OVERWRITE_ROLE, 0, PERMISSION_VIEW_CHANNEL};
    assert_int_equal(put_overwrite(f, s->owner, s->hidden, &no), ERR_OK);
    return s;
}

/* ---- what happens to messages ---- */

static void write_one(struct scene *s)
{
    struct kept *k = &s->list[s->count++];
    bool hidden = below(s, 3) == 0;
    k->channel = hidden ? s->hidden : s->general;
    k->author = hidden || below(s, 2) == 0 ? s->owner : s->guest;
    write_text(s, PIECES, k->text);
    k->id = cf_post(s->f, k->author, k->channel, k->text).id;
}

static void edit_one(struct scene *s, struct kept *k)
{
    struct message m;
    write_text(s, PIECES, k->text);
    struct access a = cf_in_channel(s->f, k->author, k->channel);
    struct message_edit edit = {.has_content = true, .content = slice_from(k->text)};
    assert_int_equal(message_edit(s->f->core, &k->author->by, &a, k->id, &edit, &s->f->arena, &m),
                     ERR_OK);
    access_end(&a);
}

static void delete_one(struct scene *s, struct kept *k)
{
    struct access a = cf_in_channel(s->f, s->owner, k->channel);
    assert_int_equal(message_delete(s->f->core, &s->owner->by, &a, k->id), ERR_OK);
    access_end(&a);
    k->gone = true;
}

static void turn_pin(struct scene *s, struct kept *k)
{
    struct access a = cf_in_channel(s->f, s->owner, k->channel);
    k->pinned = !k->pinned;
    assert_int_equal(pin_set(s->f->core, &s->owner->by, &a, k->id, k->pinned), ERR_OK);
    access_end(&a);
}

static void change_one(struct scene *s)
{
    struct kept *k = &s->list[below(s, s->count)];
    if (k->gone)
        return;
    switch (below(s, 4)) {
    case 0:
        delete_one(s, k);
        break;
    case 1:
        turn_pin(s, k);
        break;
    default:
        edit_one(s, k);
    }
}

/* ---- the same without an index ---- */

static bool has_word(struct slice words, struct slice word)
{
    struct slice one;
    while (slice_next(&words, ' ', &one))
        if (slice_eq(one, word))
            return true;
    return false;
}

/* Every word of the query is in the text. */
static bool matches(const char *text, const char *query)
{
    struct words have, want;
    struct slice word;
    words_init(&have, WORDS_TO_INDEX);
    words_init(&want, WORDS_TO_FIND);
    words_add(&have, slice_from(text));
    words_add(&want, slice_from(query));
    struct slice rest = buf_slice(&want.out);
    bool all = want.out.len > 0;
    while (all && slice_next(&rest, ' ', &word))
        all = has_word(buf_slice(&have.out), word);
    words_deinit(&have);
    words_deinit(&want);
    return all;
}

static uint64_t expected(const struct scene *s, const char *query, bool hidden, bool pinned)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct kept *k = &s->list[i];
        n += !k->gone && (hidden || k->channel.v != s->hidden.v) && (!pinned || k->pinned) &&
             matches(k->text, query);
    }
    return n;
}

static uint64_t found(const struct scene *s, const struct person *p, const char *query, bool pinned)
{
    const struct slice yes[] = {SLICE("1")};
    struct search_result result = {0};
    uint64_t took_ms;
    struct search_ask ask = {.content = slice_from(query), .limit = LIMIT_SEARCH_PAGE};
    if (pinned)
        ask.filters[ask.filter_count++] =
            (struct search_filter){.term = TERM_PINNED, .is_name = true, .text = yes, .count = 1};
    struct access a = cf_in_guild(s->f, p, s->guild);
    assert_int_equal(
        search_messages(s->f->core, &p->who, &a, &ask, &s->f->arena, &result, &took_ms), ERR_OK);
    access_end(&a);
    return result.total;
}

static void compare(struct scene *s, unsigned queries)
{
    char query[TEXT_BYTES];
    for (unsigned i = 0; i < queries; i++) {
        write_text(s, 2, query);
        bool pinned = below(s, 3) == 0;
        uint64_t all = expected(s, query, true, pinned);
        uint64_t some = expected(s, query, false, pinned);
        if (found(s, s->owner, query, pinned) != all || found(s, s->guest, query, pinned) != some)
            fail_msg("\"%s\": %d and %d expected, %d and %d found", query, (int)all, (int)some,
                     (int)found(s, s->owner, query, pinned),
                     (int)found(s, s->guest, query, pinned));
    }
}

static void test_random_texts(void **state)
{
    struct scene *s = scene_of(*state, 1);
    while (s->count < MESSAGES) {
        write_one(s);
        if (below(s, 2) == 0)
            change_one(s);
    }
    compare(s, QUERIES);
}

/* What is done to messages between the steps of a rebuild is in the index afterwards. */
static void test_while_rebuilding(void **state)
{
    struct scene *s = scene_of(*state, 77);
    bool begun;
    bool more = true;
    while (s->count < MESSAGES / 2)
        write_one(s);
    assert_int_equal(search_rebuild(s->f->core, &begun), ERR_OK);
    assert_true(begun);
    for (unsigned i = 0; more; i++) {
        assert_true(i < 1000);
        assert_int_equal(core_task_step(s->f->core, &more), ERR_OK);
        for (int k = 0; k < 3; k++)
            change_one(s);
        if (s->count < MESSAGES)
            write_one(s);
    }
    compare(s, QUERIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_texts, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_while_rebuilding, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
