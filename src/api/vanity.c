/* The invite code that a guild has chosen for itself. */

#include "core/vanity.h"

#include "api/handlers.h"
#include "proto/bodies_invites.h"

static void write_vanity(struct request *r, struct slice code, uint64_t uses)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_str_or_null(w, "code", code);
    json_kv_u64(w, "uses", uses);
    json_object_end(w);
}

enum err route_vanity_get(struct request *r)
{
    uint64_t uses;
    enum err e = vanity_get(request_core(r), &r->access, &uses);
    if (e == ERR_OK)
        write_vanity(r, r->access.view->guild.vanity_code, uses);
    return e;
}

/* Codes are found however they are written, and kept in small letters. */
static enum err fold(struct request *r, struct slice code, struct slice *out)
{
    char *text = arena_alloc(&r->arena, code.len + 1);
    if (text == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < code.len; i++) {
        char c = code.data[i];
        text[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    *out = slice_of(text, code.len);
    return ERR_OK;
}

enum err route_vanity_edit(struct request *r)
{
    const struct body_vanity *body = r->body;
    struct slice code = {NULL, 0};
    uint64_t uses = 0;
    enum err e = ERR_OK;
    if (!BODY_SENT(*body, BODY_VANITY_CODE)) {
        request_form_error(r, "code", "BASE_TYPE_REQUIRED", "This field is required");
        return ERR_INVALID_FORM;
    }
    if (body->code.len > 0)
        e = fold(r, body->code, &code);
    if (e == ERR_OK)
        e = vanity_change(request_core(r), &r->actor, &r->access, code);
    if (e == ERR_OK)
        e = vanity_get(request_core(r), &r->access, &uses);
    if (e == ERR_OK)
        write_vanity(r, code, uses);
    return e;
}
