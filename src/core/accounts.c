/* People and their credentials. Passwords and tokens pass through here in the clear; they are kept
 * nowhere, and wiped from the stack where a copy was made. */

#include "core/accounts.h"

#include <string.h>

#include "core/core_priv.h"
#include "crypto/password.h"
#include "model/validate.h"
#include "proto/events.h"
#include "store/tokens.h"
#include "store/users.h"

struct registration {
    struct core *core;
    const struct account_registration *r;
    char password_hash[PASSWORD_HASH_LEN];
    char *token;
    struct user_id user;
    enum account_conflict conflict;
};

static enum err find_conflict(struct tx *tx, void *ctx)
{
    struct registration *x = ctx;
    struct sql_conn *sql = tx_sql(tx);
    bool username = false, email = false;
    enum err e = users_username_taken(sql, TENANT_DEFAULT, x->r->username, &username);
    if (e == ERR_OK && x->r->email.data != NULL)
        e = users_email_taken(sql, TENANT_DEFAULT, x->r->email, &email);
    if (e != ERR_OK)
        return e;
    x->conflict = username ? ACCOUNT_USERNAME_TAKEN : email ? ACCOUNT_EMAIL_TAKEN : ACCOUNT_FREE;
    return x->conflict == ACCOUNT_FREE ? ERR_OK : ERR_STORE_CONFLICT;
}

/* A new session token of a person: into the store its hash, into `text` itself. */
static enum err issue_token(struct tx *tx, struct core *c, struct user_id user, char *text)
{
    struct token_id id;
    size_t len = token_make(c->o.random, user.v, text);
    token_hash(slice_of(text, len), id.hash);
    return tokens_insert(tx_sql(tx), &id, user, TOKEN_KIND_PERSON, tx_now_ms(tx));
}

static enum err register_user(struct tx *tx, void *ctx)
{
    struct registration *x = ctx;
    struct sql_conn *sql = tx_sql(tx);
    enum err e = find_conflict(tx, x);
    if (e != ERR_OK)
        return e;
    struct user u = {.id = {tx_id(tx)},
                     .tenant = TENANT_DEFAULT,
                     .username = x->r->username,
                     .global_name = x->r->global_name,
                     .email = x->r->email};
    x->user = u.id;
    e = users_insert(sql, &u, tx_now_ms(tx));
    if (e == ERR_OK)
        e = credentials_insert(sql, u.id, slice_from(x->password_hash));
    if (e == ERR_OK)
        e = issue_token(tx, x->core, u.id, x->token);
    return e;
}

enum err account_register(struct core *c, const struct account_registration *r,
                          struct slice request_id, char token[TOKEN_TEXT_MAX], struct user_id *user,
                          enum account_conflict *conflict)
{
    (void)request_id; /* nothing is emitted: nobody can be listening to a user who is new */
    char text[TOKEN_TEXT_MAX];
    struct registration x = {.core = c, .r = r, .token = text};
    if (!c->o.registration_open)
        return ERR_FEATURE_DISABLED;
    /* Before the hash, to spare its cost; and again where it counts, in the transaction. */
    enum err e = store_read(c->store, find_conflict, &x);
    if (e == ERR_OK)
        e = password_hash(r->password, x.password_hash);
    if (e == ERR_OK)
        e = store_write(c->store, register_user, &x);
    if (e == ERR_STORE_CONFLICT && x.conflict == ACCOUNT_FREE) {
        /* Somebody else was faster by so little that only the index noticed: of which of the two?
         */
        e = store_read(c->store, find_conflict, &x);
        e = e == ERR_OK ? ERR_RETRY : e;
    }
    if (e == ERR_STORE_CONFLICT)
        *conflict = x.conflict;
    if (e == ERR_OK) {
        *conflict = ACCOUNT_FREE;
        *user = x.user;
        memcpy(token, text, sizeof text);
    }
    crypto_wipe(text, sizeof text);
    return e;
}

struct login {
    struct core *core;
    struct slice login;
    struct arena arena;
    struct credential found;
    char *token;
};

static enum err find_credential(struct tx *tx, void *ctx)
{
    struct login *x = ctx;
    return credentials_find(tx_sql(tx), TENANT_DEFAULT, x->login, &x->arena, &x->found);
}

static enum err open_session(struct tx *tx, void *ctx)
{
    struct login *x = ctx;
    bool open;
    enum err e = tx_lock(tx, core_user_stream(x->found.user));
    if (e == ERR_OK)
        e = credentials_exist(tx_sql(tx), x->found.user, &open);
    if (e == ERR_OK && !open)
        e = ERR_UNAUTHORIZED; /* closed while the password was being checked */
    return e == ERR_OK ? issue_token(tx, x->core, x->found.user, x->token) : e;
}

static enum err verify(struct login *x, struct slice login, struct slice password)
{
    enum err e = ERR_UNKNOWN_USER;
    if (validate_username(login, &x->arena, &x->login) ||
        validate_email(login, &x->arena, &x->login))
        e = store_read(x->core->store, find_credential, x);
    if (e == ERR_UNKNOWN_USER) {
        bool never = password_verify_nobody(password);
        (void)never;
        return ERR_UNAUTHORIZED;
    }
    if (e != ERR_OK)
        return e;
    return password_verify(password, x->found.password_hash.data) ? ERR_OK : ERR_UNAUTHORIZED;
}

enum err account_login(struct core *c, struct slice login, struct slice password,
                       struct slice request_id, char token[TOKEN_TEXT_MAX], struct user_id *user)
{
    (void)request_id;
    char text[TOKEN_TEXT_MAX];
    struct login x = {.core = c, .token = text};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = verify(&x, login, password);
    if (e == ERR_OK)
        e = store_write(c->store, open_session, &x);
    if (e == ERR_OK) {
        *user = x.found.user;
        memcpy(token, text, sizeof text);
    }
    crypto_wipe(text, sizeof text);
    arena_deinit(&x.arena);
    return e;
}

static enum err revoke_own(struct tx *tx, void *ctx)
{
    const struct actor *by = ctx;
    struct token_id t;
    bool deleted;
    memcpy(t.hash, by->who->token_hash, sizeof t.hash);
    /* Before the token's row, as whoever revokes all of them does. */
    enum err e = tx_lock(tx, core_user_stream(by->who->user));
    if (e == ERR_OK)
        e = tokens_delete(tx_sql(tx), &t, &deleted);
    if (e != ERR_OK || !deleted)
        return e;
    return core_emit_delta(tx, event_token_revoked(by->who->user, t.hash), by,
                           slice_of((const char *)t.hash, sizeof t.hash));
}

enum err account_logout(struct core *c, const struct actor *by)
{
    struct actor copy = *by;
    return store_write(c->store, revoke_own, &copy);
}

struct authentication {
    struct token_id token;
    struct principal principal;
};

static enum err find_principal(struct tx *tx, void *ctx)
{
    struct authentication *x = ctx;
    return tokens_principal(tx_sql(tx), &x->token, &x->principal);
}

enum err account_authenticate(struct core *c, struct slice token, int bot_prefix,
                              struct principal *out)
{
    struct authentication x;
    if (!token_plausible(token))
        return ERR_UNAUTHORIZED;
    token_hash(token, x.token.hash);
    enum err e = store_read(c->store, find_principal, &x);
    if (e == ERR_UNKNOWN_TOKEN)
        return ERR_UNAUTHORIZED;
    if (e != ERR_OK)
        return e;
    if (bot_prefix >= 0 && x.principal.bot != (bot_prefix > 0))
        return ERR_UNAUTHORIZED;
    *out = x.principal;
    return ERR_OK;
}

struct account_read {
    struct user_id id;
    struct arena *arena;
    struct user *out;
};

static enum err read_user(struct tx *tx, void *ctx)
{
    struct account_read *x = ctx;
    return users_find(tx_sql(tx), x->id, x->arena, x->out);
}

enum err account_get(struct core *c, struct user_id id, struct arena *arena, struct user *out)
{
    struct account_read x = {id, arena, out};
    return store_read(c->store, read_user, &x);
}
