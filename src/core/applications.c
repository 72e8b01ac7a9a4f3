/* Applications and their bots. */

#include "core/applications.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "core/core_priv.h"
#include "core/integrations.h"
#include "core/joining.h"
#include "proto/events.h"
#include "store/applications.h"
#include "store/members.h"
#include "store/roles.h"
#include "store/tokens.h"
#include "store/users.h"

struct application_creation {
    const struct actor *by;
    struct application a;
};

static enum err create(struct tx *tx, void *ctx)
{
    struct application_creation *x = ctx;
    uint64_t count;
    enum err e = tx_lock(tx, core_user_stream(x->a.owner));
    if (e == ERR_OK)
        e = applications_count(tx_sql(tx), x->a.owner, &count);
    if (e == ERR_OK && count >= LIMIT_APPLICATIONS_PER_USER)
        e = ERR_MAX_APPLICATIONS;
    if (e != ERR_OK)
        return e;
    x->a.id.v = tx_id(tx);
    return applications_insert(tx_sql(tx), &x->a, tx_now_ms(tx));
}

enum err application_create(struct core *c, const struct actor *by, struct slice name,
                            struct slice description, struct arena *arena, struct application *out)
{
    struct application_creation x = {.by = by};
    x.a.owner = by->who->user;
    x.a.name = arena_dup(arena, name);
    x.a.description = arena_dup(arena, description.data == NULL ? SLICE("") : description);
    x.a.bot_public = true;
    if (c->o.privileged_intents)
        x.a.flags = APPLICATION_FLAG_GATEWAY_PRESENCE | APPLICATION_FLAG_GATEWAY_GUILD_MEMBERS |
                    APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT;
    if (x.a.name.data == NULL || x.a.description.data == NULL)
        return ERR_NO_MEMORY;
    enum err e = store_write(c->store, create, &x);
    if (e == ERR_OK)
        *out = x.a;
    return e;
}

struct application_read {
    struct application_id id;
    struct arena *arena;
    struct application *out;
};

static enum err read_application(struct tx *tx, void *ctx)
{
    struct application_read *x = ctx;
    return applications_find(tx_sql(tx), x->id, x->arena, x->out);
}

enum err application_get(struct core *c, struct application_id id, struct arena *arena,
                         struct application *out)
{
    struct application_read x = {id, arena, out};
    return store_read(c->store, read_application, &x);
}

/* --- the bot and its token ----------------------------------------------------------------------
 */

enum { BOT_NAME_LEN = LIMIT_USERNAME_MAX };

struct bot_token {
    struct core *core;
    const struct actor *by;
    struct application_id id;
    struct arena arena;
    char *token;
};

/* The application's name as a user name: what does not fit becomes '_'. */
static struct slice bot_name(struct slice name, char out[BOT_NAME_LEN + 1])
{
    size_t len = 0;
    for (size_t i = 0; i < name.len && len < BOT_NAME_LEN; i++) {
        char c = name.data[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        /* One '_' stands for a run: a letter of another alphabet has several bytes. */
        if (fits)
            out[len++] = c;
        else if (len == 0 || out[len - 1] != '_')
            out[len++] = '_';
    }
    while (len < LIMIT_USERNAME_MIN)
        out[len++] = '_';
    out[len] = '\0';
    return slice_of(out, len);
}

/* The application's name if it is free, else one made unique by the id. */
static enum err free_name(struct tx *tx, const struct application *a, struct tenant_id tenant,
                          char out[BOT_NAME_LEN + 1], struct slice *name)
{
    bool taken;
    *name = bot_name(a->name, out);
    enum err e = users_username_taken(tx_sql(tx), tenant, *name, &taken);
    if (e != ERR_OK || !taken)
        return e;
    int len = snprintf(out, BOT_NAME_LEN + 1, "bot_%llu", (unsigned long long)a->id.v);
    *name = slice_of(out, (size_t)len);
    return ERR_OK;
}

/* The bot's user id is the application's: old libraries take the two for the same. */
static enum err make_bot(struct tx *tx, const struct bot_token *x, struct application *a)
{
    char text[BOT_NAME_LEN + 1];
    struct user bot = {.id = {a->id.v}, .tenant = x->by->who->tenant, .bot = true};
    enum err e = free_name(tx, a, bot.tenant, text, &bot.username);
    if (e == ERR_OK)
        e = users_insert(tx_sql(tx), &bot, tx_now_ms(tx));
    if (e == ERR_STORE_CONFLICT)
        return ERR_RETRY; /* somebody took the name just now: look again */
    if (e == ERR_OK)
        e = applications_set_bot(tx_sql(tx), a->id, bot.id);
    if (e == ERR_OK)
        a->bot = bot.id;
    return e;
}

static enum err revoke_all(struct tx *tx, struct bot_token *x, struct user_id bot)
{
    struct token_id *old = NULL;
    size_t count = 0;
    enum err e = tokens_of_user(tx_sql(tx), bot, &x->arena, &old, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = core_emit_delta(tx, event_token_revoked(bot, old[i].hash), x->by,
                            slice_of((const char *)old[i].hash, sizeof old[i].hash));
    return e == ERR_OK ? tokens_delete_of_user(tx_sql(tx), bot) : e;
}

static enum err renew_token(struct tx *tx, void *ctx)
{
    struct bot_token *x = ctx;
    struct application a;
    struct token_id id;
    /* The owner's, not the bot's: there may be no bot yet, and two requests must not make two. */
    enum err e = tx_lock(tx, core_user_stream(x->by->who->user));
    if (e == ERR_OK)
        e = applications_find(tx_sql(tx), x->id, &x->arena, &a);
    if (e == ERR_OK && a.owner.v != x->by->who->user.v)
        e = ERR_NOT_APPLICATION_OWNER;
    if (e == ERR_OK)
        e = a.bot.v == 0 ? make_bot(tx, x, &a) : revoke_all(tx, x, a.bot);
    if (e != ERR_OK)
        return e;
    size_t len = token_make(x->core->o.random, a.bot.v, x->token);
    token_hash(slice_of(x->token, len), id.hash);
    return tokens_insert(tx_sql(tx), &id, a.bot, TOKEN_KIND_BOT, tx_now_ms(tx));
}

enum err application_bot_token(struct core *c, const struct actor *by, struct application_id id,
                               char token[TOKEN_TEXT_MAX])
{
    char text[TOKEN_TEXT_MAX];
    struct bot_token x = {.core = c, .by = by, .id = id, .token = text};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, renew_token, &x);
    arena_deinit(&x.arena);
    if (e == ERR_OK)
        memcpy(token, text, sizeof text);
    crypto_wipe(text, sizeof text);
    return e;
}

/* --- adding the bot to a guild ------------------------------------------------------------------
 */

struct authorization {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    struct application_id id;
    uint64_t permissions;
    struct arena arena;
    struct guild_view *view;
};

static enum err find_bot(struct tx *tx, struct authorization *x, struct application *app)
{
    struct user bot;
    enum err e = applications_find(tx_sql(tx), x->id, &x->arena, app);
    if (e != ERR_OK)
        return e;
    if (app->bot.v == 0)
        return ERR_NO_BOT;
    if (!app->bot_public && app->owner.v != x->by->who->user.v)
        return ERR_NOT_APPLICATION_OWNER;
    e = users_find(tx_sql(tx), app->bot, &x->arena, &bot);
    if (e == ERR_OK && bot.tenant.v != x->a->view->guild.tenant.v)
        e = ERR_UNKNOWN_APPLICATION;
    return e;
}

/* Position 1: above @everyone only, so that the bot outranks nobody by being added. */
static enum err insert_role(struct tx *tx, struct authorization *x, const struct application *app,
                            struct role *role)
{
    struct sql_conn *sql = tx_sql(tx);
    struct guild_id guild = x->a->view->guild.id;
    uint64_t roles;
    enum err e = roles_count(sql, guild, &roles);
    if (e == ERR_OK && roles >= LIMIT_GUILD_ROLES)
        e = ERR_MAX_ROLES;
    if (e != ERR_OK)
        return e;
    *role = (struct role){.id = {tx_id(tx)},
                          .guild = guild,
                          .name = app->name,
                          .permissions = x->permissions,
                          .position = 1,
                          .managed = true,
                          .bot = app->bot};
    e = roles_insert(sql, role);
    if (e == ERR_OK)
        e = views_restructured(tx, guild, (struct view_change){.parts = VIEW_ROLES}, &x->view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_role_create(role, x->view, x->by->who->user.v), x->by,
                                x->view);
    return e;
}

/* Whoever adds it answers for it: neither paused invites nor screening are for bots. */
static enum err admit(struct tx *tx, struct authorization *x, const struct role *role)
{
    const struct joining j = {.core = x->core,
                              .by = x->by,
                              .guild = role->guild,
                              .user = role->bot,
                              .roles = &role->id,
                              .role_count = 1,
                              .screened = true,
                              .though_paused = true,
                              .quiet = true};
    struct member bot;
    return joining_admit(tx, &j, &x->arena, &bot);
}

static enum err authorize(struct tx *tx, void *ctx)
{
    struct authorization *x = ctx;
    struct application app;
    struct role role;
    bool member;
    arena_reset(&x->arena);
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD | x->permissions);
    if (e == ERR_OK)
        e = find_bot(tx, x, &app);
    if (e == ERR_OK)
        e = members_exists(tx_sql(tx), x->a->view->guild.id, app.bot, &member);
    if (e != ERR_OK || member)
        return e;
    /* One that got out by an old version may have left something behind. */
    e = integration_dissolve(tx, x->by, x->a->view->guild.id, app.bot);
    if (e == ERR_OK)
        e = insert_role(tx, x, &app, &role);
    if (e == ERR_OK)
        e = admit(tx, x, &role);
    return e == ERR_OK ? integration_add(tx, x->by, role.guild, role.id, &app) : e;
}

enum err application_authorize(struct core *c, const struct actor *by, const struct access *a,
                               struct application_id id, uint64_t permissions)
{
    struct authorization x = {
        .core = c, .by = by, .a = a, .id = id, .permissions = permissions & PERMISSIONS_ALL};
    uint64_t need = PERMISSION_MANAGE_GUILD | x.permissions;
    if ((a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, authorize, &x);
    arena_deinit(&x.arena);
    guild_view_unref(&x.view);
    return e;
}
