#pragma once

/* The screening of new members (userdoccers, "Member Verification"): its form, and answers to it.
 */

#include "proto/bodies_onboarding.h"
#include "wire/json_write.h"

enum screening_field_type {
    SCREENING_TERMS,
    SCREENING_TEXT_INPUT,
    SCREENING_PARAGRAPH,
    SCREENING_MULTIPLE_CHOICE
};
/* False: there is no type of that name. */
MUST_CHECK bool screening_field_type_of(struct slice name, enum screening_field_type *out);
/* The form: as the API shows it, and as it is kept. */
void proto_screening(struct json_writer *w, const struct body_screening *form);
/* Whether somebody has to look at the answers: it asks for more than agreement. */
bool screening_needs_approval(const struct body_screening *form);
/* Whether every answer may be left out. */
bool screening_is_optional(const struct body_screening *form);
/*
 * Checks the answers in `root` ({"form_fields": [{"response": ...}]}, in the order of the form) and
 * writes the fields with their responses into *out (JSON, in the arena; data NULL: the form has
 * none). What is wrong goes to `errors`: INVALID_FORM.
 */
MUST_CHECK enum err screening_answers(const struct body_screening *form, const struct json_t *root,
                                      struct arena *arena, struct form_errors *errors,
                                      struct slice *out);
