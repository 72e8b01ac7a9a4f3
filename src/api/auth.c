/* Accounts over HTTP: register, log in, log out, with the bodies of Discord's user API. */

#include "api/handlers.h"
#include "core/accounts.h"
#include "core/invites.h"
#include "model/validate.h"
#include "proto/bodies.h"

static void check_username(struct request *r, struct slice name, struct slice *folded)
{
    if (!validate_username(name, &r->arena, folded))
        request_form_error(r, "username", "USERNAME_INVALID",
                           "Username can only use letters, numbers, underscores and periods.");
}

static void check_email(struct request *r, struct slice email, struct slice *folded)
{
    if (email.len > 0 && !validate_email(email, &r->arena, folded))
        request_form_error(r, "email", "EMAIL_TYPE_INVALID_EMAIL",
                           "Not a well formed email address.");
}

static enum err conflict_error(struct request *r, enum account_conflict conflict)
{
    if (conflict == ACCOUNT_EMAIL_TAKEN)
        request_form_error(r, "email", "EMAIL_ALREADY_REGISTERED", "Email is already registered.");
    else
        request_form_error(r, "username", "USERNAME_ALREADY_TAKEN",
                           "Username is unavailable. Try adding numbers, letters, underscores _ , "
                           "or periods.");
    return ERR_INVALID_FORM;
}

/* The account exists by now, so an invite that does not work is no reason to say that it does not.
 */
static void join_invite(struct request *r, struct slice token, struct slice code)
{
    struct principal who;
    struct invite_sheet invite;
    struct acceptance how;
    if (code.len == 0 || account_authenticate(request_core(r), token, 0, &who) != ERR_OK)
        return;
    struct actor by = {.who = &who, .request_id = request_id(r), .address = r->actor.address};
    if (invite_accept(request_core(r), &by, code, &r->arena, &invite, &how) == ERR_OK)
        guild_view_unref(&invite.view);
}

enum err route_auth_register(struct request *r)
{
    const struct body_register *body = r->body;
    struct account_registration wish = {.password = body->password};
    char token[TOKEN_TEXT_MAX];
    struct user_id user;
    enum account_conflict conflict = ACCOUNT_FREE;
    check_username(r, body->username, &wish.username);
    check_email(r, body->email, &wish.email);
    if (body->global_name.len > 0)
        wish.global_name = body->global_name;
    enum err e = request_form_ok(r);
    if (e != ERR_OK)
        return e;
    e = account_register(request_core(r), &wish, request_id(r), token, &user, &conflict);
    if (e == ERR_STORE_CONFLICT)
        return conflict_error(r, conflict);
    if (e != ERR_OK)
        return e;
    join_invite(r, slice_from(token), body->invite);
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_cstr(w, "token", token);
    json_object_end(w);
    return ERR_OK;
}

/* Both fields carry the error: which of them was wrong is not for a guesser to know. */
static enum err login_error(struct request *r)
{
    static const char code[] = "INVALID_LOGIN";
    static const char text[] = "Login or password is invalid.";
    request_form_error(r, "login", code, text);
    request_form_error(r, "password", code, text);
    return ERR_INVALID_FORM;
}

enum err route_auth_login(struct request *r)
{
    const struct body_login *body = r->body;
    char token[TOKEN_TEXT_MAX];
    struct user_id user;
    enum err e =
        account_login(request_core(r), body->login, body->password, request_id(r), token, &user);
    if (e == ERR_UNAUTHORIZED)
        return login_error(r);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_id(w, "user_id", user.v);
    json_kv_cstr(w, "token", token);
    json_kv_raw(w, "user_settings", "{\"locale\":\"en-US\",\"theme\":\"dark\"}");
    json_object_end(w);
    return ERR_OK;
}

enum err route_auth_logout(struct request *r)
{
    return account_logout(request_core(r), &r->actor);
}
