/* The body decoder: what each field type takes and refuses, with the code that the client gets; the
 * shape of the error tree; and what lands in the struct. */

#include "proto_fixture.h"

#include "base/arena.h"
#include "base/limits.h"
#include "proto/bodies.h"
#include "proto/bodies_channels.h"
#include "proto/bodies_guilds.h"
#include "proto/bodies_invites.h"
#include "proto/bodies_messages.h"

struct inner {
    uint64_t present;
    uint64_t null;
    int64_t number;
};

struct sample {
    uint64_t present;
    uint64_t null;
    struct slice text;
    bool flag;
    int64_t number;
    int64_t choice;
    uint64_t id;
    uint64_t bits;
    struct body_nonce nonce;
    struct inner object;
    struct body_array list;
    struct body_array ids;
    int64_t time;
    double real;
};

static const int64_t choices[] = {0, 2, INT64_MIN};
static const struct field inner_fields[] = {
    {.name = "number",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .max = 9,
     .offset = offsetof(struct inner, number)},
};
static const struct shape inner_shape = {
    .name = "inner", .fields = inner_fields, .field_count = 1, .size = sizeof(struct inner)};
static const struct field id_fields[] = {
    {.type = FIELD_SNOWFLAKE, .offset = offsetof(struct body_id_item, value)},
};
static const struct shape id_shape = {
    .name = "id", .fields = id_fields, .field_count = 1, .size = sizeof(struct body_id_item)};

#define AT(m) .offset = offsetof(struct sample, m)
static const struct field sample_fields[] = {
    {.name = "text",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_TRIM,
     .min = 1,
     .max = 4,
     AT(text)},
    {.name = "pair", .type = FIELD_STRING, .min = 2, .max = 3, AT(text)},
    {.name = "flag", .type = FIELD_BOOL, .present = 1, AT(flag)},
    {.name = "number",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .min = -1,
     .max = 5,
     .present = 2,
     AT(number)},
    {.name = "numeric", .type = FIELD_INTEGER, .flags = FIELD_NUMERIC_STRING, .max = 5, AT(number)},
    {.name = "choice", .type = FIELD_ENUM, .choices = choices, AT(choice)},
    {.name = "id", .type = FIELD_SNOWFLAKE, AT(id)},
    {.name = "bits", .type = FIELD_BITS, AT(bits)},
    {.name = "nonce", .type = FIELD_NONCE, .max = 5, AT(nonce)},
    {.name = "object", .type = FIELD_OBJECT, .shape = &inner_shape, AT(object)},
    {.name = "list", .type = FIELD_ARRAY, .min = 1, .max = 3, .shape = &inner_shape, AT(list)},
    {.name = "ids", .type = FIELD_ARRAY, .max = 3, .shape = &id_shape, AT(ids)},
    {.name = "commas",
     .type = FIELD_ARRAY,
     .flags = FIELD_COMMAS,
     .max = 3,
     .shape = &id_shape,
     AT(ids)},
    {.name = "time", .type = FIELD_TIME, .flags = FIELD_NULLABLE, .present = 3, AT(time)},
    {.name = "real", .type = FIELD_NUMBER, .min = 0, .max = 1, AT(real)},
    {.name = "later", .type = FIELD_LATER},
    {.name = "ignored", .type = FIELD_IGNORED},
};
static const struct shape sample_shape = {.name = "sample",
                                          .fields = sample_fields,
                                          .field_count =
                                              sizeof sample_fields / sizeof *sample_fields,
                                          .size = sizeof(struct sample)};

/* One decoding; the tree of errors or NULL. `out` points into the arena and *json. */
struct run {
    struct arena arena;
    json_t *json;
    void *out;
    enum err e;
    json_t *errors;
};

static void run_begin(struct run *r, const struct shape *shape, const char *text)
{
    struct buf tree;
    arena_init(&r->arena, MEM_API, 1 << 20);
    r->json = parse(slice_from(text));
    r->out = arena_zalloc(&r->arena, shape->size);
    struct form_errors *errors = form_errors_new(&r->arena);
    r->e = body_decode(shape, r->json, &r->arena, r->out, errors);
    buf_init(&tree, MEM_API, 1 << 20);
    form_errors_write(errors, &tree);
    r->errors = take(&tree);
    assert_num(r->errors, "code", 50035);
    assert_str(r->errors, "message", "Invalid Form Body");
    assert_int_equal(r->e == ERR_OK, !form_errors_any(errors));
}

static void run_end(struct run *r)
{
    json_decref(r->json);
    json_decref(r->errors);
    arena_deinit(&r->arena);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *path; /* in "errors" */
        const char *code;
        const char *message; /* NULL: any */
    } cases[] = {
        {"[]", "", "DICT_TYPE_CONVERT", NULL},
        {"7", "", "DICT_TYPE_CONVERT", NULL},
        {"{}", "text.", "BASE_TYPE_REQUIRED", "This field is required"},
        {"{\"text\":null}", "text.", "BASE_TYPE_REQUIRED", NULL},
        {"{\"text\":\" \\n\"}", "text.", "BASE_TYPE_REQUIRED", NULL},
        {"{\"text\":5}", "text.", "STRING_TYPE_CONVERT", NULL},
        {"{\"text\":\"abcde\"}", "text.", "BASE_TYPE_MAX_LENGTH", "Must be 4 or fewer in length."},
        {"{\"text\":\"a\",\"pair\":\"b\"}", "pair.", "BASE_TYPE_BAD_LENGTH",
         "Must be between 2 and 3 in length."},
        {"{\"text\":\"a\",\"flag\":1}", "flag.", "BOOLEAN_TYPE_CONVERT", NULL},
        {"{\"text\":\"a\",\"flag\":null}", "flag.", "BASE_TYPE_REQUIRED", NULL},
        {"{\"text\":\"a\",\"number\":6}", "number.", "NUMBER_TYPE_MAX",
         "int value should be less than or equal to 5."},
        {"{\"text\":\"a\",\"number\":-2}", "number.", "NUMBER_TYPE_MIN",
         "int value should be greater than or equal to -1."},
        {"{\"text\":\"a\",\"number\":1.5}", "number.", "NUMBER_TYPE_COERCE",
         "Value \"1.5\" is not int."},
        {"{\"text\":\"a\",\"number\":1e300}", "number.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"number\":\"3\"}", "number.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"number\":true}", "number.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"choice\":1}", "choice.", "BASE_TYPE_CHOICES",
         "Value must be one of {0, 2}."},
        {"{\"text\":\"a\",\"id\":\"x\\\"y\"}", "id.", "NUMBER_TYPE_COERCE",
         "Value \"x\"y\" is not snowflake."},
        {"{\"text\":\"a\",\"id\":\"-5\"}", "id.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"id\":\"99999999999999999999\"}", "id.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"id\":{}}", "id.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"bits\":-1}", "bits.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"nonce\":\"123456\"}", "nonce.", "BASE_TYPE_MAX_LENGTH", NULL},
        {"{\"text\":\"a\",\"nonce\":123456}", "nonce.", "BASE_TYPE_MAX_LENGTH", NULL},
        {"{\"text\":\"a\",\"nonce\":[]}", "nonce.", "STRING_TYPE_CONVERT", NULL},
        {"{\"text\":\"a\",\"object\":[]}", "object.", "DICT_TYPE_CONVERT", NULL},
        {"{\"text\":\"a\",\"object\":{}}", "object.number.", "BASE_TYPE_REQUIRED", NULL},
        {"{\"text\":\"a\",\"list\":{}}", "list.", "LIST_TYPE_CONVERT", NULL},
        {"{\"text\":\"a\",\"list\":[]}", "list.", "BASE_TYPE_MIN_LENGTH", NULL},
        {"{\"text\":\"a\",\"list\":[1,2,3,4]}", "list.", "BASE_TYPE_MAX_LENGTH", NULL},
        {"{\"text\":\"a\",\"list\":[{\"number\":1},{\"number\":10}]}", "list.1.number.",
         "NUMBER_TYPE_MAX", NULL},
        {"{\"text\":\"a\",\"list\":[7]}", "list.0.", "DICT_TYPE_CONVERT", NULL},
        {"{\"text\":\"a\",\"ids\":[\"1\",\"z\"]}", "ids.1.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"ids\":[null]}", "ids.0.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"commas\":\"1,x\"}", "commas.1.", "NUMBER_TYPE_COERCE", NULL},
        {"{\"text\":\"a\",\"commas\":\"1,2,3,4\"}", "commas.", "BASE_TYPE_MAX_LENGTH", NULL},
        {"{\"text\":\"a\",\"ids\":\"1,2\"}", "ids.", "LIST_TYPE_CONVERT", NULL},
        {"{\"text\":\"a\",\"time\":\"soon\"}", "time.", "DATE_TIME_TYPE_PARSE",
         "Could not parse soon. Should be ISO8601."},
        {"{\"text\":\"a\",\"time\":1795224225678}", "time.", "DATE_TIME_TYPE_PARSE", NULL},
        {"{\"text\":\"a\",\"real\":1.01}", "real.", "NUMBER_TYPE_MAX", NULL},
        {"{\"text\":\"a\",\"real\":-0.5}", "real.", "NUMBER_TYPE_MIN", NULL},
        {"{\"text\":\"a\",\"real\":\"0.5\"}", "real.", "NUMBER_TYPE_COERCE",
         "Value \"0.5\" is not float."},
        {"{\"text\":\"a\",\"later\":[{}]}", "later.", "FEATURE_NOT_AVAILABLE", NULL},
        {"{\"text\":\"a\",\"later\":0}", "later.", "FEATURE_NOT_AVAILABLE", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r;
        char path[100];
        run_begin(&r, &sample_shape, cases[i].body);
        assert_int_equal(r.e, ERR_INVALID_FORM);
        snprintf(path, sizeof path, "errors.%s_errors.0.code", cases[i].path);
        assert_str(r.errors, path, cases[i].code);
        snprintf(path, sizeof path, "errors.%s_errors.0.message", cases[i].path);
        if (cases[i].message != NULL)
            assert_str(r.errors, path, cases[i].message);
        assert_non_null(at(r.errors, path));
        run_end(&r);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct run r;
    run_begin(&r, &sample_shape,
              "{\"text\":\"  \\u00e9\\u00e9\\u00e9\\u00e9 \",\"flag\":true,\"number\":null,"
              "\"choice\":2.0,\"id\":\"18446744073709551615\",\"bits\":\"0\",\"nonce\":-123,"
              "\"object\":{\"number\":3},\"list\":[{\"number\":1},{\"number\":2}],"
              "\"time\":\"1970-01-01T00:00:01.5Z\",\"real\":0.25,\"ids\":[7,\"8\"],\"later\":[],"
              "\"ignored\":{\"a\":1},\"unknown\":5}");
    const struct sample *s = r.out;
    assert_int_equal(r.e, ERR_OK);
    assert_true(slice_eq_cstr(s->text, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"));
    assert_true(s->flag);
    assert_true(BODY_SENT(*s, 1) && !BODY_NULL(*s, 1));
    assert_true(BODY_SENT(*s, 2) && BODY_NULL(*s, 2));
    assert_int_equal(s->choice, 2);
    assert_true(s->id == UINT64_MAX);
    assert_true(s->nonce.is_number);
    assert_true(slice_eq_cstr(s->nonce.text, "-123"));
    assert_int_equal(s->object.number, 3);
    assert_int_equal(s->list.count, 2);
    assert_int_equal(((const struct inner *)s->list.items)[1].number, 2);
    assert_int_equal(s->time, 1500);
    assert_true(s->real > 0.24 && s->real < 0.26);
    assert_int_equal(s->ids.count, 2);
    assert_int_equal(((const struct body_id_item *)s->ids.items)[1].value, 8);
    run_end(&r);
}

static void test_absent(void **state)
{
    (void)state;
    struct run r;
    run_begin(&r, &sample_shape, "{\"text\":\"a\",\"numeric\":\"4\",\"time\":null,\"real\":1}");
    const struct sample *s = r.out;
    assert_int_equal(r.e, ERR_OK);
    assert_true(BODY_SENT(*s, 3) && BODY_NULL(*s, 3) && s->time == 0);
    assert_true(s->real > 0.99); /* an integer is a number too */
    assert_false(BODY_SENT(*s, 1) || BODY_SENT(*s, 2));
    assert_int_equal(s->number, 4);
    assert_null(s->nonce.text.data);
    assert_null(s->list.items);
    run_end(&r);
}

static void test_commas(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t count;
    } cases[] = {
        {"{\"text\":\"a\",\"commas\":\"\"}", 0},
        {"{\"text\":\"a\",\"commas\":\"7\"}", 1},
        {"{\"text\":\"a\",\"commas\":\"5, 7\"}", 2},
        {"{\"text\":\"a\",\"commas\":[\"5\",7]}", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r;
        run_begin(&r, &sample_shape, cases[i].body);
        const struct sample *s = r.out;
        assert_int_equal(r.e, ERR_OK);
        assert_int_equal(s->ids.count, cases[i].count);
        const struct body_id_item *items = s->ids.items;
        if (cases[i].count > 0)
            assert_int_equal(items[cases[i].count - 1].value, 7);
        run_end(&r);
    }
}

/* All mistakes at once, each in its place. */
static void test_tree(void **state)
{
    (void)state;
    struct run r;
    run_begin(&r, &sample_shape,
              "{\"number\":9,\"list\":[{\"number\":1},{},{\"number\":\"q\"}],\"object\":{}}");
    assert_int_equal(json_object_size(at(r.errors, "errors")), 4);
    assert_str(r.errors, "errors.text._errors.0.code", "BASE_TYPE_REQUIRED");
    assert_str(r.errors, "errors.number._errors.0.code", "NUMBER_TYPE_MAX");
    assert_null(at(r.errors, "errors.list.0"));
    assert_str(r.errors, "errors.list.1.number._errors.0.code", "BASE_TYPE_REQUIRED");
    assert_str(r.errors, "errors.list.2.number._errors.0.code", "NUMBER_TYPE_COERCE");
    assert_str(r.errors, "errors.object.number._errors.0.code", "BASE_TYPE_REQUIRED");
    run_end(&r);
}

static void test_two_errors_at_one_place(void **state)
{
    (void)state;
    struct arena arena;
    struct buf out;
    arena_init(&arena, MEM_API, 65536);
    buf_init(&out, MEM_API, 65536);
    struct form_errors *errors = form_errors_new(&arena);
    assert_false(form_errors_any(errors));
    form_errors_add(errors, "a.0", "ONE", "first");
    form_errors_add(errors, "a.0", "TWO", "second");
    form_errors_add(errors, "", "BODY", "whole");
    form_errors_write(errors, &out);
    json_t *v = take(&out);
    assert_str(v, "errors.a.0._errors.0.code", "ONE");
    assert_str(v, "errors.a.0._errors.1.message", "second");
    assert_str(v, "errors._errors.0.code", "BODY");
    json_decref(v);
    arena_deinit(&arena);
}

/* The arena of a request is bounded: a body that needs more is an error, not a crash. */
static void test_short_of_memory(void **state)
{
    (void)state;
    json_t *json = parse(SLICE("{\"text\":\"a\",\"list\":[{\"number\":1}]}"));
    bool decoded = false;
    for (uint64_t n = 0; !decoded; n++) {
        struct arena arena;
        struct sample out = {0};
        arena_init(&arena, MEM_API, 65536);
        mem_fail_after(n, UINT64_MAX);
        struct form_errors *errors = form_errors_new(&arena);
        if (errors != NULL) {
            enum err e = body_decode(&sample_shape, json, &arena, &out, errors);
            assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
            decoded = e == ERR_OK;
        }
        mem_fail_never();
        arena_deinit(&arena);
    }
    json_decref(json);
}

/* The bodies of this API, as stock clients send them. */
static void test_real_bodies(void **state)
{
    (void)state;
    static const struct {
        const struct shape *shape;
        const char *body;
        enum err want;
    } cases[] = {
        {&SHAPE_REGISTER,
         "{\"fingerprint\":\"1.a\",\"email\":null,\"username\":\"ada\",\"password\":\"12345678\","
         "\"global_name\":null,\"invite\":null,\"consent\":true,\"date_of_birth\":\"2000-01-01\","
         "\"gift_code_sku_id\":null,\"captcha_key\":null,\"promotional_email_opt_in\":false}",
         ERR_OK},
        {&SHAPE_REGISTER, "{\"username\":\"a\",\"password\":\"12345678\"}", ERR_INVALID_FORM},
        {&SHAPE_LOGIN, "{\"login\":\"a@b.c\",\"password\":\"x\",\"undelete\":false}", ERR_OK},
        {&SHAPE_EMPTY, "{}", ERR_OK},
        {&SHAPE_GUILD_CREATE, "{\"name\":\"ab\",\"icon\":null,\"channels\":[],\"region\":\"x\"}",
         ERR_OK},
        {&SHAPE_GUILD_CREATE, "{\"name\":\"ab\",\"icon\":5}", ERR_INVALID_FORM},
        {&SHAPE_CHANNEL_CREATE,
         "{\"name\":\"x\",\"type\":0,\"permission_overwrites\":[{\"id\":\"1\",\"type\":0,"
         "\"allow\":\"1024\",\"deny\":0}]}",
         ERR_OK},
        {&SHAPE_CHANNEL_CREATE, "{\"name\":\"x\",\"type\":1}", ERR_INVALID_FORM},
        {&SHAPE_MESSAGE_CREATE,
         "{\"content\":\"hi\",\"tts\":false,\"nonce\":\"1\",\"embeds\":[],\"components\":null,"
         "\"flags\":0,\"allowed_mentions\":{\"parse\":[\"users\"],\"replied_user\":false},"
         "\"message_reference\":{\"message_id\":\"5\",\"fail_if_not_exists\":false}}",
         ERR_OK},
        {&SHAPE_MESSAGE_CREATE, "{\"content\":\"hi\",\"embeds\":[{\"title\":\"x\"}]}", ERR_OK},
        {&SHAPE_MESSAGE_CREATE, "{\"content\":\"hi\",\"message_reference\":{\"type\":1}}",
         ERR_INVALID_FORM},
        {&SHAPE_MESSAGE_EDIT, "{\"content\":\"hi\",\"attachments\":[]}", ERR_OK},
        {&SHAPE_INVITE_CREATE, "{\"max_age\":0,\"max_uses\":0,\"temporary\":false}", ERR_OK},
        {&SHAPE_INVITE_CREATE, "{\"max_uses\":101}", ERR_INVALID_FORM},
        {&SHAPE_APPLICATION_CREATE, "{\"name\":\"Botty\",\"description\":null}", ERR_OK},
        {&SHAPE_AUTHORIZE,
         "{\"guild_id\":\"1\",\"permissions\":\"8\",\"authorize\":true,\"integration_type\":0}",
         ERR_OK},
        {&SHAPE_AUTHORIZE, "{\"guild_id\":\"1\"}", ERR_INVALID_FORM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r;
        run_begin(&r, cases[i].shape, cases[i].body);
        if (r.e != cases[i].want)
            fail_msg("%s: %s", cases[i].shape->name, cases[i].body);
        run_end(&r);
    }
}

static void test_message_length_counts_code_points(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct buf text;
        struct run r;
        buf_init(&text, MEM_API, 65536);
        buf_append_cstr(&text, "{\"content\":\"");
        for (size_t i = 0; i < LIMIT_MESSAGE_CONTENT + extra; i++)
            buf_append_cstr(&text, "\xf0\x9f\x8e\x89");
        buf_append(&text, "\"}", 3);
        run_begin(&r, &SHAPE_MESSAGE_CREATE, text.data);
        assert_int_equal(r.e, extra == 0 ? ERR_OK : ERR_INVALID_FORM);
        run_end(&r);
        buf_deinit(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_commas),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_two_errors_at_one_place),
        cmocka_unit_test(test_short_of_memory),
        cmocka_unit_test(test_real_bodies),
        cmocka_unit_test(test_message_length_counts_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
