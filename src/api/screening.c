/* The screening of new members: its form, and answers to it. */

#include "core/screening.h"

#include "api/handlers.h"
#include "proto/bodies_onboarding.h"
#include "proto/join_request.h"

enum err route_screening_get(struct request *r)
{
    struct guild_id id;
    struct screening s = {.exists = false};
    bool with_guild = false;
    request_query_bool(r, "with_guild", &with_guild);
    enum err e = request_param_id(r, "guild_id", &id.v);
    if (e == ERR_OK)
        e = request_form_ok(r);
    if (e == ERR_OK)
        e = screening_get(request_core(r), &r->principal, id, request_query(r, "invite_code"),
                          &r->arena, &s);
    if (e == ERR_OK && !s.exists)
        e = ERR_UNKNOWN_SCREENING;
    if (e == ERR_OK)
        proto_screening(reply_json(r), &s.form);
    screening_end(&s);
    return e;
}

static void check_field(struct request *r, const struct body_screening_field *f, size_t i)
{
    char path[48];
    enum screening_field_type type;
    if (!screening_field_type_of(f->field_type, &type)) {
        snprintf(path, sizeof path, "form_fields.%zu.field_type", i);
        request_form_error(r, path, "BASE_TYPE_CHOICES",
                           "Value must be one of ('TERMS', 'TEXT_INPUT', 'PARAGRAPH', "
                           "'MULTIPLE_CHOICE').");
    } else if (type == SCREENING_TERMS && f->values.count == 0) {
        snprintf(path, sizeof path, "form_fields.%zu.values", i);
        request_form_error(r, path, "BASE_TYPE_REQUIRED", "This field is required");
    } else if (type == SCREENING_MULTIPLE_CHOICE && f->choices.count == 0) {
        snprintf(path, sizeof path, "form_fields.%zu.choices", i);
        request_form_error(r, path, "BASE_TYPE_REQUIRED", "This field is required");
    }
}

enum err route_screening_edit(struct request *r)
{
    const struct body_screening *body = r->body;
    const struct body_screening_field *fields = body->form_fields.items;
    struct screening now = {.exists = false};
    for (size_t i = 0; i < body->form_fields.count; i++)
        check_field(r, &fields[i], i);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = screening_change(request_core(r), &r->actor, &r->access, body, &r->arena, &now);
    if (e == ERR_OK)
        proto_screening(reply_json(r), &now.form);
    screening_end(&now);
    return e;
}

static enum err outdated(struct request *r)
{
    request_form_error(r, "version", "MEMBER_VERIFICATION_OUTDATED",
                       "The form has changed since. Read it again.");
    return ERR_INVALID_FORM;
}

/* The answers are checked on the form as it is read here, and taken only if it is still that one.
 */
static enum err take_answers(struct request *r, struct guild_id id, const struct screening *s)
{
    const struct body_screening_answers *body = r->body;
    struct screening_result done;
    struct slice responses;
    if (body->version.data != NULL && !slice_eq(body->version, s->form.version))
        return outdated(r);
    if (r->errors == NULL && (r->errors = form_errors_new(&r->arena)) == NULL)
        return ERR_NO_MEMORY;
    enum err e = screening_answers(&s->form, r->json, &r->arena, r->errors, &responses);
    if (e == ERR_OK)
        e = screening_answer(request_core(r), &r->actor, id, s->form.version, responses, &r->arena,
                             &done);
    if (e == ERR_OK)
        proto_join_request(reply_json(r), &done.request);
    return e == ERR_STORE_CONFLICT ? outdated(r) : e;
}

enum err route_requests_put(struct request *r)
{
    struct guild_id id;
    struct screening s = {.exists = false};
    enum err e = request_param_id(r, "guild_id", &id.v);
    if (e == ERR_OK)
        e = screening_get(request_core(r), &r->principal, id, (struct slice){NULL, 0}, &r->arena,
                          &s);
    if (e == ERR_OK)
        e = take_answers(r, id, &s);
    screening_end(&s);
    return e;
}
