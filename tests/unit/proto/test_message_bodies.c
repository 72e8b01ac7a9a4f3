/* Bodies of messages: embeds, components, attachments and polls that Discord takes and refuses,
 * where the mistake is, and what is stored of the good ones. In the bodies "@5" stands for xxxxx.
 */

#include "proto_fixture.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"
#include "model/entities.h"
#include "proto/bodies_messages.h"
#include "proto/components.h"
#include "proto/embeds.h"
#include "proto/poll_body.h"

struct run {
    struct arena arena;
    json_t *json;
    json_t *errors;
    struct body_message_create body;
    struct slice embeds;
    struct components_draft components;
    enum err e;
};

static char *expand(const char *text)
{
    struct buf out;
    buf_init(&out, MEM_API, 1 << 22);
    while (*text != '\0') {
        if (*text != '@') {
            buf_putc(&out, *text++);
            continue;
        }
        char *end;
        long count = strtol(text + 1, &end, 10);
        for (long i = 0; i < count; i++)
            buf_putc(&out, 'x');
        text = end;
    }
    buf_putc(&out, '\0');
    assert_false(out.failed);
    char *copy = test_malloc(out.len);
    memcpy(copy, out.data, out.len);
    buf_deinit(&out);
    return copy;
}

static void run_begin(struct run *r, const char *body, enum components_rules rules)
{
    struct buf tree;
    char *text = expand(body);
    memset(r, 0, sizeof *r);
    arena_init(&r->arena, MEM_API, LIMIT_REQUEST_ARENA_BYTES);
    r->json = parse(slice_from(text));
    test_free(text);
    struct form_errors *errors = form_errors_new(&r->arena);
    r->e = body_decode(&SHAPE_MESSAGE_CREATE, r->json, &r->arena, &r->body, errors);
    if (r->e == ERR_OK)
        r->e = embeds_read(&r->body.embeds, "embeds", errors, &r->arena, &r->embeds);
    if (r->e == ERR_OK)
        r->e = components_read(r->body.components, rules, 1000, errors, &r->arena, &r->components);
    buf_init(&tree, MEM_API, 1 << 20);
    form_errors_write(errors, &tree);
    r->errors = take(&tree);
    assert_int_equal(r->e == ERR_OK, !form_errors_any(errors));
}

static void run_end(struct run *r)
{
    json_decref(r->json);
    json_decref(r->errors);
    arena_deinit(&r->arena);
}

struct refusal {
    const char *body;
    const char *path; /* in "errors", with a dot at its end */
    const char *code;
    const char *message; /* NULL: any */
};

static void expect_refusals(const struct refusal *cases, size_t count, enum components_rules rules)
{
    for (size_t i = 0; i < count; i++) {
        struct run r;
        char path[200];
        run_begin(&r, cases[i].body, rules);
        if (r.e != ERR_INVALID_FORM)
            fail_msg("taken: %s", cases[i].body);
        snprintf(path, sizeof path, "errors.%s_errors.0.code", cases[i].path);
        if (at(r.errors, path) == NULL)
            fail_msg("%s: %s", cases[i].body, json_dumps(r.errors, 0));
        assert_str(r.errors, path, cases[i].code);
        snprintf(path, sizeof path, "errors.%s_errors.0.message", cases[i].path);
        if (cases[i].message != NULL)
            assert_str(r.errors, path, cases[i].message);
        run_end(&r);
    }
}

#define E(inner) "{\"embeds\":[" inner "]}"
#define FIELD "{\"name\":\"a\",\"value\":\"b\"}"
#define FIELD5 FIELD "," FIELD "," FIELD "," FIELD "," FIELD
#define FIELD25 FIELD5 "," FIELD5 "," FIELD5 "," FIELD5 "," FIELD5
#define TITLED "{\"title\":\"t\"}"
#define TITLED5 TITLED "," TITLED "," TITLED "," TITLED "," TITLED

static void test_embed_refusals(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"embeds\":7}", "embeds.", "LIST_TYPE_CONVERT", NULL},
        {"{\"embeds\":{}}", "embeds.", "LIST_TYPE_CONVERT", NULL},
        {E("7"), "embeds.0.", "DICT_TYPE_CONVERT", NULL},
        {E(TITLED5 "," TITLED5 "," TITLED), "embeds.", "BASE_TYPE_MAX_LENGTH",
         "Must be 10 or fewer in length."},
        {E("{}"), "embeds.0.description.", "BASE_TYPE_REQUIRED", "This field is required"},
        {E("{\"color\":5}"), "embeds.0.description.", "BASE_TYPE_REQUIRED", NULL},
        {E(TITLED ",{\"footer\":{},\"title\":\" \"}"), "embeds.1.description.",
         "BASE_TYPE_REQUIRED", NULL},
        {E("{\"title\":\"@257\"}"), "embeds.0.title.", "BASE_TYPE_MAX_LENGTH",
         "Must be 256 or fewer in length."},
        {E("{\"title\":[]}"), "embeds.0.title.", "STRING_TYPE_CONVERT", NULL},
        {E("{\"description\":\"@4097\"}"), "embeds.0.description.", "BASE_TYPE_MAX_LENGTH", NULL},
        {E("{\"footer\":{\"text\":\"@2049\"}}"), "embeds.0.footer.text.", "BASE_TYPE_MAX_LENGTH",
         NULL},
        {E("{\"author\":{\"name\":\"@257\"}}"), "embeds.0.author.name.", "BASE_TYPE_MAX_LENGTH",
         NULL},
        {E("{\"fields\":[" FIELD25 "," FIELD "]}"), "embeds.0.fields.", "BASE_TYPE_MAX_LENGTH",
         "Must be 25 or fewer in length."},
        {E("{\"fields\":[" FIELD "," FIELD "," FIELD ",{\"name\":\"a\",\"value\":\"@1025\"}]}"),
         "embeds.0.fields.3.value.", "BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer in length."},
        {E("{\"fields\":[{\"name\":\"@257\",\"value\":\"b\"}]}"), "embeds.0.fields.0.name.",
         "BASE_TYPE_MAX_LENGTH", NULL},
        {E("{\"fields\":[{\"name\":\" \",\"value\":\"b\"}]}"), "embeds.0.fields.0.name.",
         "BASE_TYPE_REQUIRED", NULL},
        {E("{\"fields\":[{\"name\":\"a\"}]}"), "embeds.0.fields.0.value.", "BASE_TYPE_REQUIRED",
         NULL},
        {E("{\"fields\":[{\"name\":\"a\",\"value\":\"b\",\"inline\":\"yes\"}]}"),
         "embeds.0.fields.0.inline.", "BOOLEAN_TYPE_CONVERT", NULL},
        {E("{\"fields\":[[]]}"), "embeds.0.fields.0.", "DICT_TYPE_CONVERT", NULL},
        {E("{\"title\":\"t\",\"color\":16777216}"), "embeds.0.color.", "NUMBER_TYPE_MAX", NULL},
        {E("{\"title\":\"t\",\"color\":-1}"), "embeds.0.color.", "NUMBER_TYPE_MIN", NULL},
        {E("{\"title\":\"t\",\"color\":\"#ff0000\"}"), "embeds.0.color.", "NUMBER_TYPE_COERCE",
         "Value \"#ff0000\" is not int."},
        {E("{\"title\":\"t\",\"timestamp\":\"now\"}"), "embeds.0.timestamp.",
         "DATE_TIME_TYPE_PARSE", "Could not parse now. Should be ISO8601."},
        {E("{\"title\":\"t\",\"timestamp\":1700000000}"), "embeds.0.timestamp.",
         "DATE_TIME_TYPE_PARSE", NULL},
        {E("{\"title\":\"t\",\"url\":\"\"}"), "embeds.0.url.", "URL_TYPE_INVALID_SCHEME",
         "Scheme \"\" is not supported. Scheme must be one of ('http', 'https')."},
        {E("{\"title\":\"t\",\"url\":\"javascript:alert(1)\"}"), "embeds.0.url.",
         "URL_TYPE_INVALID_SCHEME", NULL},
        {E("{\"title\":\"t\",\"url\":\"STEAM://run\"}"), "embeds.0.url.", "URL_TYPE_INVALID_SCHEME",
         "Scheme \"steam\" is not supported. Scheme must be one of ('http', 'https')."},
        {E("{\"title\":\"t\",\"url\":\"attachment://a.png\"}"), "embeds.0.url.",
         "URL_TYPE_INVALID_SCHEME", NULL},
        {E("{\"title\":\"t\",\"url\":\"https://\"}"), "embeds.0.url.", "URL_TYPE_INVALID_URL",
         "Not a well formed URL."},
        {E("{\"title\":\"t\",\"url\":\"https://a b\"}"), "embeds.0.url.", "URL_TYPE_INVALID_URL",
         NULL},
        {E("{\"title\":\"t\",\"url\":\"https://a/\\\"onload\"}"), "embeds.0.url.",
         "URL_TYPE_INVALID_URL", NULL},
        {E("{\"title\":\"t\",\"url\":\"https://@2048\"}"), "embeds.0.url.", "BASE_TYPE_MAX_LENGTH",
         NULL},
        {E("{\"title\":\"t\",\"url\":5}"), "embeds.0.url.", "STRING_TYPE_CONVERT", NULL},
        {E("{\"image\":{\"url\":\"ftp://a\"}}"), "embeds.0.image.url.", "URL_TYPE_INVALID_SCHEME",
         NULL},
        {E("{\"image\":{\"url\":\"attachment://\"}}"), "embeds.0.image.url.",
         "URL_TYPE_INVALID_URL", NULL},
        {E("{\"thumbnail\":\"https://a\"}"), "embeds.0.thumbnail.", "DICT_TYPE_CONVERT", NULL},
        {E("{\"footer\":{\"text\":\"t\",\"icon_url\":\"x\"}}"), "embeds.0.footer.icon_url.",
         "URL_TYPE_INVALID_SCHEME", NULL},
        {E("{\"author\":{\"name\":\"t\",\"url\":\"x\"}}"), "embeds.0.author.url.",
         "URL_TYPE_INVALID_SCHEME", NULL},
        {E("{\"description\":\"@4000\"},{\"description\":\"@2001\"}"), "embeds.",
         "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000"},
        {E("{\"description\":\"@4096\",\"footer\":{\"text\":\"@1903\"},"
           "\"author\":{\"name\":\"x\"},\"title\":\"y\"}"),
         "embeds.", "MAX_EMBED_SIZE_EXCEEDED", NULL},
    };
    expect_refusals(cases, sizeof cases / sizeof *cases, COMPONENTS_LEGACY);
}

static void test_embeds_stored(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {E("{\"title\":\" t \",\"type\":7,\"provider\":[],\"video\":{\"url\":1},\"x\":1}"),
         "[{\"type\":\"rich\",\"title\":\"t\"}]"},
        {E("{\"title\":\"t\",\"description\":null,\"color\":0,\"url\":\"HTTPS://a.b/c?d#e\","
           "\"timestamp\":\"1970-01-01T01:00:00+01:00\"}"),
         "[{\"type\":\"rich\",\"url\":\"HTTPS://a.b/c?d#e\",\"title\":\"t\",\"color\":0,"
         "\"timestamp\":\"1970-01-01T00:00:00.000000+00:00\"}]"},
        {E("{\"image\":{\"url\":\"attachment://a b.png\",\"width\":5,\"proxy_url\":\"x\"},"
           "\"thumbnail\":{},\"author\":{\"url\":\"http://a\"},\"footer\":null}"),
         "[{\"type\":\"rich\",\"image\":{\"url\":\"attachment://a b.png\","
         "\"proxy_url\":\"attachment://a b.png\"}}]"},
        {E("{\"footer\":{\"text\":\"f\",\"icon_url\":\"http://i\"},\"author\":{\"name\":\"n\","
           "\"url\":\"http://u\"},\"fields\":[{\"name\":\"a\",\"value\":\"\\u200b\","
           "\"inline\":true}]}"),
         "[{\"type\":\"rich\",\"fields\":[{\"name\":\"a\",\"value\":\"\xe2\x80\x8b\","
         "\"inline\":true}],\"author\":{\"name\":\"n\",\"url\":\"http://u\"},"
         "\"footer\":{\"text\":\"f\",\"icon_url\":\"http://i\",\"proxy_icon_url\":\"http://i\"}}]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r;
        run_begin(&r, cases[i].body, COMPONENTS_LEGACY);
        assert_int_equal(r.e, ERR_OK);
        if (!slice_eq_cstr(r.embeds, cases[i].want))
            fail_msg("%.*s\ninstead of\n%s", SLICE_ARG(r.embeds), cases[i].want);
        run_end(&r);
    }
}

/* The limits themselves are allowed, counted after trimming. */
static void test_embed_limits(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        E(TITLED5 "," TITLED5),
        E("{\"title\":\"  @256  \",\"fields\":[" FIELD25 "]}"),
        E("{\"description\":\"@4000\"},{\"description\":\"@2000\"}"),
        E("{\"title\":\"t\",\"color\":16777215}"),
        "{\"embeds\":null,\"content\":\"x\"}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct run r;
        run_begin(&r, bodies[i], COMPONENTS_LEGACY);
        if (r.e != ERR_OK)
            fail_msg("%s", bodies[i]);
        run_end(&r);
    }
}

#define C(inner) "{\"components\":[" inner "]}"
#define ROW(inner) "{\"type\":1,\"components\":[" inner "]}"
#define BUTTON(id) "{\"type\":2,\"style\":1,\"label\":\"l\",\"custom_id\":\"" id "\"}"
#define OPTION(v) "{\"label\":\"l\",\"value\":\"" v "\"}"
#define SELECT(more)                                                                               \
    "{\"type\":3,\"custom_id\":\"s\",\"options\":[" OPTION("a") "," OPTION("b") "]" more "}"

static void test_legacy_refusals(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"components\":{}}", "components.", "LIST_TYPE_CONVERT", NULL},
        {C("7"), "components.0.", "DICT_TYPE_CONVERT", NULL},
        {C("{}"), "components.0.type.", "BASE_TYPE_REQUIRED", NULL},
        {C("{\"type\":2}"), "components.0.", "UNION_TYPE_CHOICES",
         "Value of field \"type\" must be one of (1)."},
        {C("{\"type\":\"1\"}"), "components.0.", "UNION_TYPE_CHOICES", NULL},
        {C("{\"type\":10,\"content\":\"x\"}"), "components.0.", "UNION_TYPE_CHOICES", NULL},
        {C("{\"type\":1}"), "components.0.components.", "BASE_TYPE_REQUIRED", NULL},
        {C(ROW("")), "components.0.components.", "BASE_TYPE_BAD_LENGTH",
         "Must be between 1 and 5 in length."},
        {C(ROW(BUTTON("1")) "," ROW(BUTTON("2")) "," ROW(BUTTON("3")) "," ROW(BUTTON("4")) "," ROW(
             BUTTON("5")) "," ROW(BUTTON("6"))),
         "components.", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."},
        {C(ROW(BUTTON("1") "," BUTTON("2") "," BUTTON("3") "," BUTTON("4") "," BUTTON(
             "5") "," BUTTON("6"))),
         "components.0.components.", "BASE_TYPE_BAD_LENGTH", NULL},
        {C(ROW(ROW(BUTTON("1")))), "components.0.components.0.", "UNION_TYPE_CHOICES",
         "Value of field \"type\" must be one of (2, 3, 5, 6, 7, 8)."},
        {C(ROW("{\"type\":4,\"custom_id\":\"t\",\"style\":1,\"label\":\"l\"}")),
         "components.0.components.0.", "UNION_TYPE_CHOICES", NULL},
        {C(ROW(BUTTON("1") "," SELECT(""))), "components.0.components.1.",
         "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width"},
        {C(ROW(BUTTON("1") "," BUTTON("1"))), "components.0.components.1.custom_id.",
         "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"},
        {C(ROW(BUTTON("@101"))), "components.0.components.0.custom_id.", "BASE_TYPE_MAX_LENGTH",
         NULL},
        {C(ROW("{\"type\":2,\"label\":\"l\",\"custom_id\":\"x\"}")),
         "components.0.components.0.style.", "BASE_TYPE_REQUIRED", NULL},
        {C(ROW("{\"type\":2,\"style\":7,\"label\":\"l\",\"custom_id\":\"x\"}")),
         "components.0.components.0.style.", "BASE_TYPE_CHOICES", NULL},
        {C(ROW("{\"type\":2,\"style\":1,\"label\":\"l\"}")), "components.0.components.0.custom_id.",
         "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required"},
        {C(ROW(
             "{\"type\":2,\"style\":5,\"label\":\"l\",\"url\":\"http://a\",\"custom_id\":\"x\"}")),
         "components.0.components.0.custom_id.",
         "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
         "A custom id and url cannot both be specified"},
        {C(ROW("{\"type\":2,\"style\":5,\"label\":\"l\"}")), "components.0.components.0.url.",
         "BASE_TYPE_REQUIRED", NULL},
        {C(ROW("{\"type\":2,\"style\":5,\"label\":\"l\",\"url\":\"data:x\"}")),
         "components.0.components.0.url.", "URL_TYPE_INVALID_SCHEME", NULL},
        {C(ROW("{\"type\":2,\"style\":5,\"label\":\"l\",\"url\":\"http://@512\"}")),
         "components.0.components.0.url.", "BASE_TYPE_MAX_LENGTH", NULL},
        {C(ROW("{\"type\":2,\"style\":1,\"custom_id\":\"x\"}")), "components.0.components.0.label.",
         "BASE_TYPE_REQUIRED", NULL},
        {C(ROW("{\"type\":2,\"style\":1,\"custom_id\":\"x\",\"label\":\"@81\"}")),
         "components.0.components.0.label.", "BASE_TYPE_MAX_LENGTH", NULL},
        {C(ROW("{\"type\":2,\"style\":1,\"custom_id\":\"x\",\"emoji\":{\"name\":\"smile\"}}")),
         "components.0.components.0.emoji.name.", "BUTTON_COMPONENT_INVALID_EMOJI",
         "Invalid emoji"},
        {C(ROW("{\"type\":2,\"style\":6,\"label\":\"l\"}")), "components.0.components.0.sku_id.",
         "BASE_TYPE_REQUIRED", NULL},
        {C(ROW("{\"type\":2,\"style\":1,\"custom_id\":\"x\",\"label\":\"l\",\"disabled\":1}")),
         "components.0.components.0.disabled.", "BOOLEAN_TYPE_CONVERT", NULL},
        {C(ROW("{\"type\":3,\"custom_id\":\"s\",\"options\":[]}")),
         "components.0.components.0.options.", "BASE_TYPE_MIN_LENGTH", NULL},
        {C(ROW("{\"type\":3,\"custom_id\":\"s\",\"options\":[" OPTION("a") "," OPTION("a") "]}")),
         "components.0.components.0.options.1.", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
         "The specified option value is already used"},
        {C(ROW("{\"type\":3,\"custom_id\":\"s\",\"options\":[{\"label\":\"@101\",\"value\":\"a\"}]"
               "}")),
         "components.0.components.0.options.0.label.", "BASE_TYPE_MAX_LENGTH", NULL},
        {C(ROW(SELECT(",\"max_values\":3"))), "components.0.components.0.options.",
         "BASE_TYPE_BAD_LENGTH", "Must be between 3 and 25 in length."},
        {C(ROW(SELECT(",\"min_values\":2,\"max_values\":1"))),
         "components.0.components.0.min_values.", "NUMBER_TYPE_MAX", NULL},
        {C(ROW(SELECT(",\"max_values\":26"))), "components.0.components.0.max_values.",
         "NUMBER_TYPE_MAX", NULL},
        {C(ROW(SELECT(",\"placeholder\":\"@151\""))), "components.0.components.0.placeholder.",
         "BASE_TYPE_MAX_LENGTH", NULL},
        {C(ROW("{\"type\":5}")), "components.0.components.0.custom_id.", "BASE_TYPE_REQUIRED",
         NULL},
        {C(ROW("{\"type\":5,\"custom_id\":\"u\",\"default_values\":[{\"id\":\"1\",\"type\":"
               "\"role\"}]}")),
         "components.0.components.0.default_values.0.", "BASE_TYPE_CHOICES", NULL},
        {C(ROW("{\"type\":7,\"custom_id\":\"u\",\"default_values\":[{\"id\":\"1\",\"type\":"
               "\"role\"},{\"id\":\"2\",\"type\":\"user\"}]}")),
         "components.0.components.0.default_values.", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES",
         NULL},
        {C(ROW("{\"type\":8,\"custom_id\":\"c\",\"channel_types\":[0,99]}")),
         "components.0.components.0.channel_types.1.", "BASE_TYPE_CHOICES", NULL},
        {C(ROW("{\"type\":8,\"custom_id\":\"c\",\"channel_types\":[0,0]}")),
         "components.0.components.0.channel_types.1.", "SET_TYPE_ALREADY_CONTAINS_VALUE", NULL},
        {C("{\"type\":1,\"id\":1,\"components\":[{\"type\":2,\"id\":1,\"style\":1,\"label\":\"l\","
           "\"custom_id\":\"x\"}]}"),
         "components.0.components.0.id.", "COMPONENT_ID_DUPLICATED", NULL},
        {C("{\"type\":1,\"id\":-1,\"components\":[" BUTTON("1") "]}"), "components.0.id.",
         "NUMBER_TYPE_MIN", NULL},
    };
    expect_refusals(cases, sizeof cases / sizeof *cases, COMPONENTS_LEGACY);
}

#define TEXT(t) "{\"type\":10,\"content\":\"" t "\"}"
#define TEXT5 TEXT("a") "," TEXT("a") "," TEXT("a") "," TEXT("a") "," TEXT("a")
#define TEXT40 TEXT5 "," TEXT5 "," TEXT5 "," TEXT5 "," TEXT5 "," TEXT5 "," TEXT5 "," TEXT5
#define BOX(inner) "{\"type\":17,\"components\":[" inner "]}"

static void test_v2_refusals(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {C(TEXT40 "," TEXT("a")), "components.", "BASE_TYPE_BAD_LENGTH", NULL},
        {C(BOX(TEXT40)), "components.", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", NULL},
        {C(TEXT("@2000") "," BOX(TEXT("@2001"))), "components.",
         "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
         "Components displayable text size exceeds maximum size of 4000"},
        {C(TEXT("@4001")), "components.0.content.", "BASE_TYPE_MAX_LENGTH", NULL},
        {C(TEXT(" ")), "components.0.content.", "BASE_TYPE_REQUIRED", NULL},
        {C(BOX(BOX(TEXT("a")))), "components.0.components.0.", "UNION_TYPE_CHOICES",
         "Value of field \"type\" must be one of (1, 9, 10, 12, 13, 14)."},
        {C(BUTTON("1")), "components.0.", "UNION_TYPE_CHOICES", NULL},
        {C("{\"type\":18,\"label\":\"l\"}"), "components.0.", "UNION_TYPE_CHOICES", NULL},
        {C("{\"type\":9,\"components\":[" TEXT("a") "]}"), "components.0.accessory.",
         "BASE_TYPE_REQUIRED", NULL},
        {C("{\"type\":9,\"components\":[" TEXT("a") "],\"accessory\":" TEXT("b") "}"),
         "components.0.accessory.", "UNION_TYPE_CHOICES",
         "Value of field \"type\" must be one of (2, 11)."},
        {C("{\"type\":9,\"components\":[" TEXT("a") "," TEXT("a") "," TEXT("a") "," TEXT(
             "a") "],\"accessory\":" BUTTON("1") "}"),
         "components.0.components.", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 3 in length."},
        {C("{\"type\":9,\"components\":[" TEXT(
             "a") "],\"accessory\":{\"type\":11,\"media\":{\"url\":\"x\"}}}"),
         "components.0.accessory.media.url.", "URL_TYPE_INVALID_SCHEME", NULL},
        {C("{\"type\":12,\"items\":[]}"), "components.0.items.", "BASE_TYPE_MIN_LENGTH", NULL},
        {C("{\"type\":12,\"items\":[{\"media\":{}}]}"), "components.0.items.0.media.url.",
         "BASE_TYPE_REQUIRED", NULL},
        {C("{\"type\":13,\"file\":{\"url\":\"https://a/b\"}}"), "components.0.file.url.",
         "UNFURLED_MEDIA_ITEM_ATTACHMENT_REQUIRED", NULL},
        {C("{\"type\":13}"), "components.0.file.", "BASE_TYPE_REQUIRED", NULL},
        {C("{\"type\":14,\"spacing\":3}"), "components.0.spacing.", "BASE_TYPE_CHOICES", NULL},
        {C("{\"type\":17,\"accent_color\":16777216,\"components\":[" TEXT("a") "]}"),
         "components.0.accent_color.", "NUMBER_TYPE_MAX", NULL},
    };
    expect_refusals(cases, sizeof cases / sizeof *cases, COMPONENTS_V2);
}

static void test_components_stored(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool v2;
        const char *want;
    } cases[] = {
        {C(ROW(BUTTON("1") ",{\"type\":2,\"style\":5,\"url\":\"http://a\",\"emoji\":{\"id\":\"5\","
                           "\"name\":\"e\",\"animated\":true},\"disabled\":true}")),
         false,
         "[{\"type\":1,\"id\":1,\"components\":[{\"type\":2,\"id\":2,\"style\":1,\"custom_id\":"
         "\"1\",\"label\":\"l\"},{\"type\":2,\"id\":3,\"style\":5,\"emoji\":{\"id\":\"5\","
         "\"name\":\"e\",\"animated\":true},\"url\":\"http://a\",\"disabled\":true}]}]"},
        {C(ROW(SELECT(",\"min_values\":0"))), false,
         "[{\"type\":1,\"id\":1,\"components\":[{\"type\":3,\"id\":2,\"custom_id\":\"s\","
         "\"min_values\":0,\"max_values\":1,\"options\":[{\"label\":\"l\",\"value\":\"a\"},"
         "{\"label\":\"l\",\"value\":\"b\"}]}]}]"},
        {C(ROW("{\"type\":8,\"custom_id\":\"c\",\"channel_types\":[0,5],\"default_values\":[{"
               "\"id\":\"9\",\"type\":\"channel\"}]}")),
         false,
         "[{\"type\":1,\"id\":1,\"components\":[{\"type\":8,\"id\":2,\"custom_id\":\"c\","
         "\"min_values\":1,\"max_values\":1,\"channel_types\":[0,5],\"default_values\":[{\"id\":"
         "\"9\",\"type\":\"channel\"}]}]}]"},
        {C("{\"type\":17,\"id\":2,\"components\":[" TEXT(" a ") ",{\"type\":14}]}," TEXT("b")),
         true,
         "[{\"type\":17,\"id\":2,\"accent_color\":null,\"spoiler\":false,\"components\":[{"
         "\"type\":10,\"id\":1,\"content\":\"a\"},{\"type\":14,\"id\":3,\"spacing\":1,"
         "\"divider\":true}]},{\"type\":10,\"id\":4,\"content\":\"b\"}]"},
        {C("{\"type\":12,\"items\":[{\"media\":{\"url\":\"attachment://a.png\"},\"spoiler\":true}]}"
           ",{\"type\":13,\"file\":{\"url\":\"attachment://b.txt\"}}"),
         true,
         "[{\"type\":12,\"id\":1,\"items\":[{\"media\":{\"id\":\"1000\",\"url\":"
         "\"attachment://a.png\",\"proxy_url\":\"attachment://a.png\"},\"description\":null,"
         "\"spoiler\":true}]},{\"type\":13,\"id\":2,\"file\":{\"id\":\"1001\",\"url\":"
         "\"attachment://b.txt\",\"proxy_url\":\"attachment://b.txt\"},\"name\":null,\"size\":null,"
         "\"spoiler\":false}]"},
        {C("{\"type\":9,\"components\":[" TEXT(
             "a") "],\"accessory\":{\"type\":11,\"media\":{\"url\":\"http://a/b\"},"
                  "\"description\":\"d\"}}"),
         true,
         "[{\"type\":9,\"id\":1,\"components\":[{\"type\":10,\"id\":2,\"content\":\"a\"}],"
         "\"accessory\":{\"type\":11,\"id\":3,\"media\":{\"id\":\"1000\",\"url\":\"http://a/b\","
         "\"proxy_url\":\"http://a/b\"},\"description\":\"d\",\"spoiler\":false}}]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r;
        run_begin(&r, cases[i].body, COMPONENTS_EITHER);
        if (r.e != ERR_OK)
            fail_msg("%s: %s", cases[i].body, json_dumps(r.errors, 0));
        if (!slice_eq_cstr(r.components.json, cases[i].want))
            fail_msg("%.*s\ninstead of\n%s", SLICE_ARG(r.components.json), cases[i].want);
        assert_int_equal(r.components.v2, cases[i].v2);
        run_end(&r);
    }
}

static void test_component_limits(void **state)
{
    (void)state;
    struct run r;
    run_begin(&r, C(TEXT40), COMPONENTS_V2);
    assert_int_equal(r.e, ERR_OK);
    run_end(&r);
    run_begin(&r, C(TEXT("@4000")), COMPONENTS_V2);
    assert_int_equal(r.e, ERR_OK);
    run_end(&r);
    run_begin(&r, "{\"components\":[],\"content\":\"x\"}", COMPONENTS_LEGACY);
    assert_int_equal(r.e, ERR_OK);
    assert_null(r.components.json.data);
    run_end(&r);
    run_begin(&r, C("{\"type\":12,\"items\":[{\"media\":{\"url\":\"attachment://a.png\"}}]}"),
              COMPONENTS_V2);
    assert_int_equal(r.components.file_count, 1);
    assert_true(slice_eq_cstr(r.components.files[0].name, "a.png"));
    assert_string_equal(r.components.files[0].path, "components.0.items.0.media.url");
    run_end(&r);
}

/* Forty containers in one another are refused at the second, whatever is in them. */
static void test_nesting_ends(void **state)
{
    (void)state;
    struct buf text;
    struct run r;
    buf_init(&text, MEM_API, 65536);
    buf_append_cstr(&text, "{\"components\":[");
    for (int i = 0; i < 8; i++)
        buf_append_cstr(&text, "{\"type\":17,\"components\":[");
    for (int i = 0; i < 8; i++)
        buf_append_cstr(&text, "]}");
    buf_append(&text, "]}", 3);
    run_begin(&r, text.data, COMPONENTS_V2);
    assert_str(r.errors, "errors.components.0.components.0._errors.0.code", "UNION_TYPE_CHOICES");
    run_end(&r);
    buf_deinit(&text);
}

static void test_other_refusals(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"attachments\":[{}]}", "attachments.0.id.", "BASE_TYPE_REQUIRED", NULL},
        {"{\"attachments\":[{\"id\":0},{\"id\":\"x\"}]}", "attachments.1.id.", "NUMBER_TYPE_COERCE",
         NULL},
        {"{\"attachments\":[{\"id\":0,\"description\":\"@1025\"}]}", "attachments.0.description.",
         "BASE_TYPE_MAX_LENGTH", NULL},
        {"{\"attachments\":[{\"id\":0,\"duration_secs\":-1}]}", "attachments.0.duration_secs.",
         "NUMBER_TYPE_MIN", NULL},
        {"{\"attachments\":[{\"id\":0},{\"id\":1},{\"id\":2},{\"id\":3},{\"id\":4},{\"id\":5},{"
         "\"id\":6},{\"id\":7},{\"id\":8},{\"id\":9},{\"id\":10}]}",
         "attachments.", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."},
        {"{\"sticker_ids\":[1,2,3,4]}", "sticker_ids.", "BASE_TYPE_MAX_LENGTH", NULL},
        {"{\"sticker_ids\":[\"x\"]}", "sticker_ids.0.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"poll\":{}}", "poll.question.", "BASE_TYPE_REQUIRED", NULL},
        {"{\"poll\":{\"question\":{\"text\":\"@301\"},\"answers\":[]}}", "poll.question.text.",
         "BASE_TYPE_MAX_LENGTH", NULL},
        {"{\"poll\":{\"question\":{\"text\":\"q\"},\"answers\":[]}}", "poll.answers.",
         "BASE_TYPE_MIN_LENGTH", NULL},
        {"{\"poll\":{\"question\":{\"text\":\"q\"},\"answers\":[{\"poll_media\":{\"text\":"
         "\"@56\"}}]}}",
         "poll.answers.0.poll_media.text.", "BASE_TYPE_MAX_LENGTH", NULL},
        {"{\"poll\":{\"question\":{\"text\":\"q\"},\"answers\":[{\"poll_media\":{\"text\":\"a\"}}],"
         "\"duration\":769}}",
         "poll.duration.", "NUMBER_TYPE_MAX", NULL},
        {"{\"poll\":{\"question\":{\"text\":\"q\"},\"answers\":[{\"poll_media\":{\"text\":\"a\"}}],"
         "\"layout_type\":2}}",
         "poll.layout_type.", "BASE_TYPE_CHOICES", NULL},
        {"{\"message_reference\":{\"type\":2,\"message_id\":\"1\"}}", "message_reference.type.",
         "BASE_TYPE_CHOICES", NULL},
    };
    expect_refusals(cases, sizeof cases / sizeof *cases, COMPONENTS_LEGACY);
}

static void test_poll_stored(void **state)
{
    (void)state;
    static const struct emoji_ref emojis[] = {{.id = 5, .name = {"e", 1}, .animated = true},
                                              {.name = {NULL, 0}}};
    struct run r;
    struct slice json;
    run_begin(&r,
              "{\"poll\":{\"question\":{\"text\":\" q \"},\"answers\":[{\"poll_media\":{\"text\":"
              "\"a\",\"emoji\":{\"id\":\"5\"}}},{\"poll_media\":{\"text\":\"b\"}}],\"duration\":2,"
              "\"allow_multiselect\":true}}",
              COMPONENTS_LEGACY);
    assert_int_equal(r.e, ERR_OK);
    assert_int_equal(r.body.poll.duration, 2);
    assert_int_equal(poll_body_json(&r.body.poll, emojis, &r.arena, &json), ERR_OK);
    assert_true(slice_eq_cstr(
        json, "{\"question\":{\"text\":\"q\"},\"answers\":[{\"answer_id\":1,\"poll_media\":{"
              "\"text\":\"a\",\"emoji\":{\"id\":\"5\",\"name\":\"e\",\"animated\":true}}},{"
              "\"answer_id\":2,\"poll_media\":{\"text\":\"b\"}}],\"allow_multiselect\":true,"
              "\"layout_type\":1}"));
    run_end(&r);
}

/* Every allocation fails in turn: an error each time, and nothing is leaked. */
static void test_short_of_memory(void **state)
{
    (void)state;
    json_t *json =
        parse(SLICE("{\"embeds\":[{\"title\":\"t\",\"fields\":[{\"name\":\"a\",\"value\":\"b\"}]}],"
                    "\"components\":[{\"type\":9,\"components\":[{\"type\":10,\"content\":\"a\"}],"
                    "\"accessory\":{\"type\":11,\"media\":{\"url\":\"attachment://a\"}}}]}"));
    bool done = false;
    for (uint64_t n = 0; !done; n++) {
        struct arena arena;
        struct body_message_create body = {0};
        struct slice embeds;
        struct components_draft components;
        arena_init(&arena, MEM_API, LIMIT_REQUEST_ARENA_BYTES);
        mem_fail_after(n, UINT64_MAX);
        struct form_errors *errors = form_errors_new(&arena);
        enum err e = errors == NULL
                         ? ERR_NO_MEMORY
                         : body_decode(&SHAPE_MESSAGE_CREATE, json, &arena, &body, errors);
        if (e == ERR_OK)
            e = embeds_read(&body.embeds, "embeds", errors, &arena, &embeds);
        if (e == ERR_OK)
            e = components_read(body.components, COMPONENTS_V2, 1, errors, &arena, &components);
        mem_fail_never();
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
        done = e == ERR_OK;
        arena_deinit(&arena);
    }
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embed_refusals),   cmocka_unit_test(test_embeds_stored),
        cmocka_unit_test(test_embed_limits),     cmocka_unit_test(test_legacy_refusals),
        cmocka_unit_test(test_v2_refusals),      cmocka_unit_test(test_components_stored),
        cmocka_unit_test(test_component_limits), cmocka_unit_test(test_nesting_ends),
        cmocka_unit_test(test_other_refusals),   cmocka_unit_test(test_poll_stored),
        cmocka_unit_test(test_short_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
