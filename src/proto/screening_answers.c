/* Answers to a guild's screening: each is checked by the type of its field, and kept with the field
 * as it was asked, since the form may change before somebody reads them. */

#include <stdio.h>

#include "proto/screening_priv.h"
#include "wire/utf8.h"

enum { TEXT_INPUT_MAX = 150, PARAGRAPH_MAX = 1000, PATH_MAX_BYTES = 48, ANSWERS_BYTES = 64 * 1024 };

static void fail(struct form_errors *errors, size_t i, const char *code, const char *message)
{
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "form_fields.%zu.response", i);
    form_errors_add(errors, path, code, message);
}

static bool text_fits(const struct screening_answer *a, size_t most)
{
    return a->kind == ANSWER_TEXT && a->text.len > 0 && utf8_count(a->text) <= most;
}

static bool fits(const struct body_screening_field *f, const struct screening_answer *a)
{
    enum screening_field_type type;
    if (!screening_field_type_of(f->field_type, &type))
        return false;
    switch (type) {
    case SCREENING_TERMS:
        return a->kind == ANSWER_AGREED;
    case SCREENING_TEXT_INPUT:
        return text_fits(a, TEXT_INPUT_MAX);
    case SCREENING_PARAGRAPH:
        return text_fits(a, PARAGRAPH_MAX);
    case SCREENING_MULTIPLE_CHOICE:
        return a->kind == ANSWER_NUMBER && a->number >= 0 && (uint64_t)a->number < f->choices.count;
    }
    return false;
}

static void write_answer(struct json_writer *w, const struct screening_answer *a)
{
    json_key(w, "response");
    if (a->kind == ANSWER_AGREED)
        json_bool(w, true);
    else if (a->kind == ANSWER_TEXT)
        json_str(w, a->text);
    else if (a->kind == ANSWER_NUMBER)
        json_i64(w, a->number);
    else
        json_write_null(w);
}

static bool take(struct json_writer *w, const struct body_screening_field *f,
                 const struct screening_answer *a, size_t i, struct form_errors *errors)
{
    if (a->kind == ANSWER_NONE && f->required) {
        fail(errors, i, "BASE_TYPE_REQUIRED", "This field is required");
        return false;
    }
    if (a->kind != ANSWER_NONE && !fits(f, a)) {
        fail(errors, i, "INVALID_RESPONSE", "This is no answer to that question.");
        return false;
    }
    json_object_begin(w);
    screening_field_keys(w, f);
    write_answer(w, a);
    json_object_end(w);
    return true;
}

static enum err write_answers(const struct body_screening *form, const struct json_t *root,
                              struct buf *b, struct form_errors *errors)
{
    const struct body_screening_field *fields = form->form_fields.items;
    size_t given = (size_t)screening_answer_count(root);
    struct json_writer w;
    bool good = true;
    json_begin(&w, b);
    json_array_begin(&w);
    for (size_t i = 0; i < form->form_fields.count; i++) {
        struct screening_answer a = {.kind = ANSWER_NONE};
        if (i < given)
            a = screening_answer_at(root, i);
        good = take(&w, &fields[i], &a, i, errors) && good;
    }
    json_array_end(&w);
    if (b->failed)
        return ERR_NO_MEMORY;
    return good ? ERR_OK : ERR_INVALID_FORM;
}

enum err screening_answers(const struct body_screening *form, const struct json_t *root,
                           struct arena *arena, struct form_errors *errors, struct slice *out)
{
    struct buf b;
    int64_t given = screening_answer_count(root);
    *out = (struct slice){NULL, 0};
    if (given < 0 || (uint64_t)given > form->form_fields.count) {
        form_errors_add(errors, "form_fields", "BASE_TYPE_BAD_LENGTH",
                        "Must have an entry for each field of the form.");
        return ERR_INVALID_FORM;
    }
    if (form->form_fields.count == 0)
        return ERR_OK;
    buf_init(&b, MEM_API, ANSWERS_BYTES);
    enum err e = write_answers(form, root, &b, errors);
    if (e == ERR_OK) {
        *out = arena_dup(arena, buf_slice(&b));
        e = out->data == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    buf_deinit(&b);
    return e;
}
