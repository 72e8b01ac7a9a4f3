/* The form of a guild's screening. */

#include "proto/screening.h"

#include "proto/screening_priv.h"

static const char *const type_names[] = {
    [SCREENING_TERMS] = "TERMS",
    [SCREENING_TEXT_INPUT] = "TEXT_INPUT",
    [SCREENING_PARAGRAPH] = "PARAGRAPH",
    [SCREENING_MULTIPLE_CHOICE] = "MULTIPLE_CHOICE",
};

bool screening_field_type_of(struct slice name, enum screening_field_type *out)
{
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++) {
        if (slice_eq_cstr(name, type_names[i])) {
            *out = (enum screening_field_type)i;
            return true;
        }
    }
    return false;
}

static void write_texts(struct json_writer *w, const char *key, const struct body_array *list)
{
    const struct body_long_text *items = list->items;
    json_key(w, key);
    json_array_begin(w);
    for (size_t i = 0; i < list->count; i++)
        json_str(w, items[i].value);
    json_array_end(w);
}

void screening_field_keys(struct json_writer *w, const struct body_screening_field *f)
{
    json_kv_str(w, "field_type", f->field_type);
    json_kv_str(w, "label", f->label.data != NULL ? f->label : SLICE(""));
    json_kv_str_or_null(w, "description", f->description);
    json_kv_null(w, "automations");
    json_kv_bool(w, "required", f->required);
    if (f->placeholder.data != NULL)
        json_kv_str(w, "placeholder", f->placeholder);
    if (f->values.count > 0)
        write_texts(w, "values", &f->values);
    if (f->choices.count > 0)
        write_texts(w, "choices", &f->choices);
}

void proto_screening(struct json_writer *w, const struct body_screening *form)
{
    const struct body_screening_field *fields = form->form_fields.items;
    json_object_begin(w);
    json_kv_str_or_null(w, "version", form->version);
    json_kv_str_or_null(w, "description", form->description);
    json_key(w, "form_fields");
    json_array_begin(w);
    for (size_t i = 0; i < form->form_fields.count; i++) {
        json_object_begin(w);
        screening_field_keys(w, &fields[i]);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}

bool screening_needs_approval(const struct body_screening *form)
{
    const struct body_screening_field *fields = form->form_fields.items;
    for (size_t i = 0; i < form->form_fields.count; i++)
        if (!slice_eq_cstr(fields[i].field_type, type_names[SCREENING_TERMS]))
            return true;
    return false;
}

bool screening_is_optional(const struct body_screening *form)
{
    const struct body_screening_field *fields = form->form_fields.items;
    for (size_t i = 0; i < form->form_fields.count; i++)
        if (fields[i].required)
            return false;
    return true;
}
