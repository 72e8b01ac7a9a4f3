/* Answers as they were sent. Apart from screening_answers.c, because jansson's functions have the
 * names of the writer's. */

#include <jansson.h>

#include "proto/screening_priv.h"
#include "wire/json_read.h"

int64_t screening_answer_count(const struct json_t *root)
{
    const json_t *list = json_object_get(root, "form_fields");
    if (list == NULL || json_is_null(list))
        return 0;
    return json_is_array(list) ? (int64_t)json_array_size(list) : -1;
}

struct screening_answer screening_answer_at(const struct json_t *root, size_t i)
{
    const json_t *field = json_array_get(json_object_get(root, "form_fields"), i);
    const json_t *v = json_object_get(field, "response");
    if (v == NULL || json_is_null(v))
        return (struct screening_answer){.kind = ANSWER_NONE};
    if (json_is_true(v))
        return (struct screening_answer){.kind = ANSWER_AGREED};
    if (json_is_string(v))
        return (struct screening_answer){.kind = ANSWER_TEXT, .text = json_read_str(v)};
    if (json_is_integer(v))
        return (struct screening_answer){.kind = ANSWER_NUMBER, .number = json_integer_value(v)};
    return (struct screening_answer){.kind = ANSWER_OTHER};
}
