/* Addresses of files in stored embeds and components. */

#include "proto_fixture.h"

#include "proto/media_refs.h"

static const struct attachment files[] = {
    {.id = 7,
     .filename = {"a.png", 5},
     .url = {"http://h/cdn/a.png?hm=1", 23},
     .url_base = 12,
     .content_type = {"image/png", 9},
     .width = 3,
     .height = 4,
     .size = 99},
    {.id = 8, .filename = {"q\"\\.txt", 7}, .url = {"http://h/cdn/q", 14}, .url_base = 12},
};

static void expect(const char *json, size_t count, const char *want)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, MEM_API, 65536);
    json_begin(&w, &out);
    json_array_begin(&w);
    json_u64(&w, 1);
    media_refs_write(&w, slice_from(json), files, count);
    json_u64(&w, 2);
    json_array_end(&w);
    assert_false(out.failed);
    struct slice got = slice_of(out.data + 3, out.len - 6); /* "[1," and ",2]" */
    if (!slice_eq(got, slice_from(want)))
        fail_msg("%.*s\ninstead of\n%s", SLICE_ARG(got), want);
    buf_deinit(&out);
}

static void test_texts_stay(void **state)
{
    (void)state;
    expect("[]", 2, "[]");
    expect("[{\"title\":\"attachment://a.png\"}]", 2, "[{\"title\":\"attachment://a.png\"}]");
    expect("[{\"title\":\"url\\\":\\\"attachment://a.png\"}]", 2,
           "[{\"title\":\"url\\\":\\\"attachment://a.png\"}]");
    expect("[{\"image\":{\"url\":\"attachment://b.png\"}}]", 2,
           "[{\"image\":{\"url\":\"attachment://b.png\"}}]");
    expect("[{\"image\":{\"url\":\"attachment://a.png\"}}]", 0,
           "[{\"image\":{\"url\":\"attachment://a.png\"}}]");
}

static void test_embed(void **state)
{
    (void)state;
    expect("[{\"author\":{\"icon_url\":\"attachment://a.png\",\"proxy_icon_url\":"
           "\"attachment://a.png\"},\"image\":{\"url\":\"attachment://a.png\",\"proxy_url\":"
           "\"attachment://a.png\"}}]",
           2,
           "[{\"author\":{\"icon_url\":\"http://h/cdn/a.png?hm=1\",\"proxy_icon_url\":"
           "\"http://h/cdn/a.png?hm=1\"},\"image\":{\"url\":\"http://h/cdn/a.png?hm=1\","
           "\"proxy_url\":\"http://h/cdn/media/a.png?hm=1\",\"width\":3,\"height\":4,"
           "\"content_type\":\"image/png\"}}]");
}

static void test_file_component(void **state)
{
    (void)state;
    expect("[{\"type\":13,\"file\":{\"id\":\"1\",\"url\":\"attachment://q\\\"\\\\.txt\","
           "\"proxy_url\":\"attachment://q\\\"\\\\.txt\"},\"name\":null,\"size\":null}]",
           2,
           "[{\"type\":13,\"file\":{\"id\":\"1\",\"url\":\"http://h/cdn/q\",\"proxy_url\":"
           "\"http://h/cdn/media/q\",\"attachment_id\":\"8\"},\"name\":\"q\\\"\\\\.txt\","
           "\"size\":0}]");
}

static void test_shows(void **state)
{
    (void)state;
    struct slice json = SLICE("[{\"image\":{\"url\":\"attachment://a.png\"}}]");
    assert_true(media_refs_shows(json, SLICE("a.png")));
    assert_false(media_refs_shows(json, SLICE("a.pn")));
    assert_false(media_refs_shows((struct slice){NULL, 0}, SLICE("a.png")));
    assert_false(media_refs_shows(SLICE("[{\"title\":\"attachment://a.png\"}]"), SLICE("a.png")));
    assert_false(media_refs_shows(SLICE("[{\"url\":\"attachment://a.png"), SLICE("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_stay),
        cmocka_unit_test(test_embed),
        cmocka_unit_test(test_file_component),
        cmocka_unit_test(test_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
