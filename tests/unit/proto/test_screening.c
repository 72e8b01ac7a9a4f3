/* Answers to a guild's screening, and the form as it is kept. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/document.h"
#include "proto/screening.h"

struct json_t;
enum err json_read(struct slice text, size_t depth_max, struct json_t **out);

#define FORM                                                                                       \
    "{\"version\":\"v\",\"description\":null,\"form_fields\":["                                    \
    "{\"field_type\":\"TERMS\",\"label\":\"Rules\",\"description\":null,\"automations\":null,"     \
    "\"required\":true,\"values\":[\"be kind\"]},"                                                 \
    "{\"field_type\":\"TEXT_INPUT\",\"label\":\"Why\",\"description\":null,\"automations\":null,"  \
    "\"required\":false},"                                                                         \
    "{\"field_type\":\"MULTIPLE_CHOICE\",\"label\":\"Which\",\"description\":null,"                \
    "\"automations\":null,\"required\":false,\"choices\":[\"a\",\"b\"]}]}"

struct form {
    struct arena arena;
    struct document document;
    struct body_screening form;
};

static int open_form(void **state)
{
    struct form *f = calloc(1, sizeof *f);
    arena_init(&f->arena, MEM_CORE, 1024 * 1024);
    assert_int_equal(
        document_read(&f->document, SLICE(FORM), &SHAPE_SCREENING, &f->arena, &f->form), ERR_OK);
    *state = f;
    return 0;
}

static int close_form(void **state)
{
    struct form *f = *state;
    document_end(&f->document);
    arena_deinit(&f->arena);
    free(f);
    return 0;
}

/* What is kept is what is read back. */
static void test_kept_form(void **state)
{
    struct form *f = *state;
    struct buf b;
    struct json_writer w;
    struct body_screening again;
    struct document d = {NULL};
    assert_int_equal(f->form.form_fields.count, 3);
    buf_init(&b, MEM_CORE, 65536);
    json_begin(&w, &b);
    proto_screening(&w, &f->form);
    assert_true(slice_eq(buf_slice(&b), SLICE(FORM)));
    assert_int_equal(document_read(&d, buf_slice(&b), &SHAPE_SCREENING, &f->arena, &again), ERR_OK);
    assert_int_equal(again.form_fields.count, 3);
    document_end(&d);
    buf_deinit(&b);
    assert_true(screening_needs_approval(&f->form));
    assert_false(screening_is_optional(&f->form));
}

static void test_no_document(void **state)
{
    (void)state;
    struct arena arena;
    struct document d = {NULL};
    struct body_screening form;
    arena_init(&arena, MEM_CORE, 65536);
    assert_int_equal(document_read(&d, slice_of(NULL, 0), &SHAPE_SCREENING, &arena, &form), ERR_OK);
    assert_int_equal(form.form_fields.count, 0);
    assert_int_equal(
        document_read(&d, SLICE("{\"form_fields\":5}"), &SHAPE_SCREENING, &arena, &form),
        ERR_STORE);
    assert_int_equal(document_read(&d, SLICE("{"), &SHAPE_SCREENING, &arena, &form), ERR_STORE);
    document_end(&d);
    arena_deinit(&arena);
}

static const struct {
    const char *body;
    enum err expected;
    const char *has; /* of the answers */
} cases[] = {
    {"{\"form_fields\":[{\"response\":true}]}", ERR_OK, "\"response\":true"},
    {"{\"form_fields\":[{\"response\":true},{\"response\":\"me\"},{\"response\":1}]}", ERR_OK,
     "\"response\":\"me\""},
    {"{\"form_fields\":[{\"response\":true},{},{\"response\":null}]}", ERR_OK, "\"response\":null"},
    {"{\"form_fields\":[{\"response\":false}]}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":[{\"response\":\"true\"}]}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":[]}", ERR_INVALID_FORM, NULL},
    {"{}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":7}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":[7]}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":[{\"response\":true},{\"response\":1}]}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":[{\"response\":true},{\"response\":\"\"}]}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":[{\"response\":true},{},{\"response\":2}]}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":[{\"response\":true},{},{\"response\":-1}]}", ERR_INVALID_FORM, NULL},
    {"{\"form_fields\":[{\"response\":true},{},{},{}]}", ERR_INVALID_FORM, NULL},
};

static void test_answers(void **state)
{
    struct form *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_t *root = NULL;
        struct slice out;
        struct document holder = {NULL};
        struct form_errors *errors = form_errors_new(&f->arena);
        assert_int_equal(json_read(slice_from(cases[i].body), 32, &root), ERR_OK);
        holder.json = root;
        enum err e = screening_answers(&f->form, root, &f->arena, errors, &out);
        if (e != cases[i].expected)
            print_error("%s\n", cases[i].body);
        assert_int_equal(e, cases[i].expected);
        assert_int_equal(form_errors_any(errors), e == ERR_INVALID_FORM);
        if (cases[i].has != NULL)
            assert_non_null(memmem(out.data, out.len, cases[i].has, strlen(cases[i].has)));
        document_end(&holder);
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, open_form, close_form)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_kept_form),
        cmocka_unit_test(test_no_document),
        T(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
