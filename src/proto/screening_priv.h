#pragma once

/* What screening.c and screening_answers.c share. */

#include "proto/screening.h"

/* A field of the form, without the braces. */
void screening_field_keys(struct json_writer *w, const struct body_screening_field *f);

/* An answer as it was sent. */
enum screening_answer_kind { ANSWER_NONE, ANSWER_AGREED, ANSWER_TEXT, ANSWER_NUMBER, ANSWER_OTHER };
struct screening_answer {
    enum screening_answer_kind kind;
    struct slice text; /* borrowed from the JSON */
    int64_t number;
};
/* How many answers there are; -1: it is no list. */
int64_t screening_answer_count(const struct json_t *root);
/* `i` is below the count. */
struct screening_answer screening_answer_at(const struct json_t *root, size_t i);
