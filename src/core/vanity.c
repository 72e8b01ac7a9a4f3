/* Vanity codes. They are in one space with those of invites, all over the installation. */

#include "core/vanity.h"

#include "base/limits.h"
#include "core/core_priv.h"
#include "core/guild_settings.h"
#include "model/features.h"
#include "store/guilds.h"
#include "store/joining.h"

struct vanity_read {
    struct guild_id guild;
    uint64_t uses;
};

static enum err read_uses(struct tx *tx, void *ctx)
{
    struct vanity_read *x = ctx;
    return vanity_uses(tx_sql(tx), x->guild, &x->uses);
}

enum err vanity_get(struct core *c, const struct access *a, uint64_t *uses)
{
    struct vanity_read x = {.guild = a->view->guild.id};
    enum err e = store_read(c->store, read_uses, &x);
    if (e == ERR_OK)
        *uses = x.uses;
    return e;
}

struct vanity_edit {
    const struct actor *by;
    const struct access *a;
    struct slice code;
    struct arena arena;
    struct guild_view *view;
};

static bool well_formed(struct slice code)
{
    if (code.len < LIMIT_VANITY_MIN || code.len > LIMIT_VANITY_MAX)
        return false;
    for (size_t i = 0; i < code.len; i++) {
        char c = code.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return code.data[0] != '-' && code.data[code.len - 1] != '-';
}

static enum err check_free(struct sql_conn *sql, struct slice code)
{
    struct guild_id other;
    uint64_t uses;
    bool invite;
    enum err e = vanity_find(sql, code, &other, &uses);
    if (e == ERR_OK)
        return ERR_VANITY_TAKEN;
    if (e == ERR_UNKNOWN_INVITE)
        e = vanity_is_invite(sql, code, &invite);
    return e == ERR_OK && invite ? ERR_VANITY_TAKEN : e;
}

static enum err write_code(struct sql_conn *sql, struct guild_id guild, struct slice code)
{
    bool some = code.data != NULL;
    enum err e = some ? check_free(sql, code) : ERR_OK;
    if (e == ERR_OK)
        e = vanity_set(sql, guild, code);
    if (e == ERR_STORE_CONFLICT)
        e = ERR_VANITY_TAKEN; /* of two guilds at once, the other */
    if (e == ERR_OK)
        e = joining_set_features(sql, guild, some ? FEATURE_VANITY_URL : 0,
                                 some ? 0 : FEATURE_VANITY_URL);
    return e;
}

static enum err change(struct tx *tx, void *ctx)
{
    struct vanity_edit *x = ctx;
    struct guild_record g;
    struct audit_note n;
    arena_reset(&x->arena);
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->a->view->guild.id, &x->arena, &g);
    if (e != ERR_OK)
        return e;
    struct slice before = g.guild.vanity_code;
    if ((before.data == NULL) == (x->code.data == NULL) && slice_eq(before, x->code))
        return ERR_OK;
    e = write_code(tx_sql(tx), g.guild.id, x->code);
    if (e != ERR_OK)
        return e;
    audit_note_init(&n);
    audit_text(&n, "vanity_url_code", before, x->code);
    e = guild_settings_tell(tx, x->by, g.guild.id, AUDIT_GUILD_UPDATE, &n, &x->view);
    audit_note_deinit(&n);
    return e;
}

enum err vanity_change(struct core *c, const struct actor *by, const struct access *a,
                       struct slice code)
{
    struct vanity_edit x = {.by = by, .a = a, .code = code};
    if (code.data != NULL && !well_formed(code))
        return ERR_VANITY_TAKEN;
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, change, &x);
    guild_view_unref(&x.view);
    arena_deinit(&x.arena);
    return e;
}
