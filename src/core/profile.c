/*
 * Profiles. A change is there at once for whoever asks; to tell all guilds of somebody who is in
 * many is long work (profile_tell.c).
 */

#include "core/profile.h"

#include <string.h>

#include "base/limits.h"
#include "core/tasks_priv.h"
#include "crypto/password.h"
#include "proto/events.h"
#include "proto/user_events.h"
#include "store/members.h"
#include "store/privacy.h"
#include "store/relationships.h"
#include "store/tokens.h"
#include "store/users.h"

struct change {
    struct core *core;
    const struct actor *by;
    const struct profile_change *d;
    struct arena *arena;
    struct slice stored_hash; /* of the present password; data NULL: there is none */
    char new_hash[PASSWORD_HASH_LEN];
    char *token;
    enum account_conflict conflict;
    bool told; /* guilds will be */
    struct user user;
};

/* ---- the password ---- */

static enum err read_hash(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    return credentials_of(tx_sql(tx), x->by->who->user, x->arena, &x->stored_hash);
}

static enum err check_password(struct change *x)
{
    const struct profile_change *d = x->d;
    if ((d->parts & PROFILE_GUARDED) == 0 || x->by->who->bot)
        return ERR_OK;
    enum err e = store_read(x->core->store, read_hash, x);
    if (e == ERR_OK && x->stored_hash.data == NULL)
        e = ERR_UNAUTHORIZED;
    if (e == ERR_OK && !password_verify(d->password, x->stored_hash.data))
        e = ERR_UNAUTHORIZED;
    if (e == ERR_OK && (d->parts & PROFILE_PASSWORD) != 0)
        e = password_hash(d->new_password, x->new_hash);
    return e;
}

/* Whoever had got hold of a token has lost it now. */
static enum err renew_tokens(struct tx *tx, struct change *x)
{
    struct sql_conn *sql = tx_sql(tx);
    struct user_id me = x->by->who->user;
    struct token_id *list = NULL;
    struct token_id fresh;
    size_t count = 0;
    enum err e = credentials_update(sql, me, slice_from(x->new_hash));
    if (e == ERR_OK)
        e = tokens_of_user(sql, me, x->arena, &list, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = core_emit_delta(tx, event_token_revoked(me, list[i].hash), x->by,
                            slice_of((const char *)list[i].hash, sizeof list[i].hash));
    if (e == ERR_OK)
        e = tokens_delete_of_user(sql, me);
    if (e != ERR_OK)
        return e;
    size_t len = token_make(x->core->o.random, me.v, x->token);
    token_hash(slice_of(x->token, len), fresh.hash);
    return tokens_insert(sql, &fresh, me, TOKEN_KIND_PERSON, tx_now_ms(tx));
}

/* ---- the change ---- */

static enum err find_conflict(struct sql_conn *sql, struct change *x)
{
    const struct profile_change *d = x->d;
    bool name = false, email = false;
    enum err e = ERR_OK;
    x->conflict = ACCOUNT_FREE;
    if ((d->parts & PROFILE_USERNAME) && !slice_eq(d->username, x->user.username))
        e = users_username_taken(sql, x->user.tenant, d->username, &name);
    if (e == ERR_OK && (d->parts & PROFILE_EMAIL) && !slice_eq(d->email, x->user.email))
        e = users_email_taken(sql, x->user.tenant, d->email, &email);
    if (e != ERR_OK)
        return e;
    x->conflict = name ? ACCOUNT_USERNAME_TAKEN : email ? ACCOUNT_EMAIL_TAKEN : ACCOUNT_FREE;
    return x->conflict == ACCOUNT_FREE ? ERR_OK : ERR_STORE_CONFLICT;
}

static void apply(const struct profile_change *d, struct user *u)
{
    if (d->parts & PROFILE_USERNAME)
        u->username = d->username;
    if (d->parts & PROFILE_GLOBAL_NAME)
        u->global_name = d->global_name;
    if (d->parts & PROFILE_EMAIL)
        u->email = d->email;
    if (d->parts & PROFILE_ACCENT_COLOR)
        u->accent_color = d->accent_color;
    if (d->parts & PROFILE_BIO)
        u->bio = d->bio;
    if (d->parts & PROFILE_PRONOUNS)
        u->pronouns = d->pronouns;
    if (d->parts & PROFILE_AVATAR)
        u->avatar = media_hash(d->avatar);
    if (d->parts & PROFILE_BANNER)
        u->banner = media_hash(d->banner);
}

/* What a member object shows. */
static bool shows(const struct user *a, const struct user *b)
{
    return !slice_eq(a->username, b->username) || !slice_eq(a->global_name, b->global_name) ||
           !slice_eq(a->avatar, b->avatar) || !slice_eq(a->banner, b->banner) ||
           a->accent_color != b->accent_color;
}

static enum err store_images(struct tx *tx, const struct change *x)
{
    const struct guild_id nowhere = {0};
    enum err e = ERR_OK;
    if (x->d->parts & PROFILE_AVATAR)
        e = media_replace(tx, x->d->avatar, MEDIA_USER_AVATAR, nowhere, x->user.id.v);
    if (e == ERR_OK && (x->d->parts & PROFILE_BANNER))
        e = media_replace(tx, x->d->banner, MEDIA_USER_BANNER, nowhere, x->user.id.v);
    return e;
}

static enum err change(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    struct user before;
    struct sql_conn *sql = tx_sql(tx);
    x->told = false;
    enum err e = tx_lock(tx, core_user_stream(x->by->who->user));
    if (e == ERR_OK)
        e = users_find(sql, x->by->who->user, x->arena, &before);
    if (e != ERR_OK)
        return e;
    x->user = before;
    e = find_conflict(sql, x);
    if (e != ERR_OK)
        return e;
    apply(x->d, &x->user);
    e = users_update(sql, &x->user);
    if (e == ERR_OK)
        e = store_images(tx, x);
    x->told = shows(&before, &x->user);
    if (e == ERR_OK && x->told)
        e = profile_tell_begin(tx, x->user.id);
    if (e == ERR_OK)
        e = core_emit(tx, event_user_update(&x->user), x->by);
    return e == ERR_OK && (x->d->parts & PROFILE_PASSWORD) != 0 ? renew_tokens(tx, x) : e;
}

enum err profile_change(struct core *c, const struct actor *by, const struct profile_change *d,
                        struct arena *arena, char token[TOKEN_TEXT_MAX], struct user *out,
                        enum account_conflict *conflict)
{
    struct change x = {.core = c, .by = by, .d = d, .arena = arena, .token = token};
    token[0] = '\0';
    enum err e = check_password(&x);
    if (e == ERR_OK)
        e = store_write(c->store, change, &x);
    *conflict = x.conflict;
    crypto_wipe(x.new_hash, sizeof x.new_hash);
    if (e == ERR_STORE_CONFLICT && x.conflict == ACCOUNT_FREE)
        return ERR_RETRY; /* somebody was faster by so little that only the index noticed */
    if (e != ERR_OK)
        return e;
    if (x.told)
        tasks_begun(c);
    *out = x.user;
    return ERR_OK;
}

/* ---- what others see ---- */

struct reading {
    struct user_id reader;
    struct user_id user;
    struct arena *arena;
    struct profile out;
};

static enum err read_guilds(struct sql_conn *sql, struct reading *x)
{
    struct guild_id *ids;
    struct slice *nicks;
    size_t count;
    enum err e = privacy_guilds_of_both(sql, x->reader, x->user, LIMIT_MUTUAL_GUILDS, x->arena,
                                        &ids, &nicks, &count);
    if (e != ERR_OK)
        return e;
    x->out.guilds = ids;
    x->out.nicks = nicks;
    x->out.guild_count = count;
    return ERR_OK;
}

static enum err read_profile(struct tx *tx, void *ctx)
{
    struct reading *x = ctx;
    struct sql_conn *sql = tx_sql(tx);
    struct relationship r;
    struct user *friends = NULL;
    size_t count = 0;
    bool self = x->reader.v == x->user.v;
    enum err e = users_find(sql, x->user, x->arena, &x->out.user);
    if (e == ERR_OK)
        e = relationships_find(sql, x->reader, x->user, x->arena, &r);
    if (e == ERR_OK)
        e = read_guilds(sql, x);
    if (e == ERR_OK && !self && r.type != RELATIONSHIP_FRIEND && x->out.guild_count == 0)
        e = ERR_MISSING_ACCESS;
    if (e == ERR_OK && !self)
        e = relationships_mutual_friends(sql, x->reader, x->user, LIMIT_FRIENDS, x->arena, &friends,
                                         &count);
    x->out.friends = friends;
    x->out.friend_count = count;
    return e;
}

enum err profile_get(struct core *c, struct user_id reader, struct user_id user,
                     struct arena *arena, struct profile *out)
{
    struct reading x = {.reader = reader, .user = user, .arena = arena};
    enum err e = store_read(c->store, read_profile, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}
