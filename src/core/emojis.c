/* Custom emojis. */

#include "core/emojis.h"

#include "base/limits.h"
#include "core/expressions_priv.h"
#include "proto/expressions.h"
#include "store/emojis.h"

static enum err check_roles(const struct guild_view *v, const struct emoji_draft *d)
{
    for (size_t i = 0; i < d->role_count; i++)
        if (guild_view_role(v, d->roles[i]) == NULL)
            return ERR_INVALID_ROLE;
    return ERR_OK;
}

static enum err audit(struct tx *tx, const struct expression_change *x, enum audit_action action,
                      const struct emoji *before, const struct emoji *after)
{
    const struct emoji *e = after != NULL ? after : before;
    struct audit_note n;
    audit_note_init(&n);
    if (before == NULL || after == NULL)
        audit_text_only(&n, "name", e->name, after != NULL);
    else
        audit_text(&n, "name", before->name, after->name);
    enum err failed = audit_write(tx, x->by, e->guild, action, e->id.v, &n);
    audit_note_deinit(&n);
    return failed;
}

static enum err announce(struct tx *tx, struct expression_change *x, uint64_t emoji)
{
    enum err e = expression_restructure(tx, x);
    if (e != ERR_OK)
        return e;
    return core_emit_structure(tx, event_emojis_update(x->view, emoji, x->by->who->user.v), x->by,
                               x->view);
}

/* ---- making ---- */

static enum err check_room(struct tx *tx, struct guild_id guild, bool animated)
{
    uint64_t count = 0;
    enum err e = emojis_count(tx_sql(tx), guild, animated, &count);
    if (e == ERR_OK && count >= LIMIT_GUILD_EMOJIS)
        e = animated ? ERR_MAX_ANIMATED_EMOJIS : ERR_MAX_EMOJIS;
    return e;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct expression_change *x = ctx;
    const struct emoji_draft *d = x->draft;
    enum err e = expression_begin(tx, x, PERMISSION_CREATE_GUILD_EXPRESSIONS);
    if (e == ERR_OK)
        e = check_roles(x->now.view, d);
    if (e == ERR_OK)
        e = check_room(tx, x->now.view->guild.id, d->image->animated);
    if (e != ERR_OK)
        return e;
    const struct emoji made = {.id = {tx_id(tx)},
                               .guild = x->now.view->guild.id,
                               .name = d->name,
                               .hash = media_hash(d->image),
                               .creator = x->by->who->user,
                               .animated = d->image->animated,
                               .available = true,
                               .roles = d->roles,
                               .role_count = d->role_count};
    x->id = made.id.v;
    e = emojis_insert(tx_sql(tx), &made, &x->arena);
    if (e == ERR_OK)
        e = media_refer(tx, d->image, made.guild, made.id.v);
    if (e == ERR_OK)
        e = announce(tx, x, made.id.v);
    return e == ERR_OK ? audit(tx, x, AUDIT_EMOJI_CREATE, NULL, &made) : e;
}

enum err emoji_create(struct core *c, const struct actor *by, const struct access *a,
                      const struct emoji_draft *d, struct emoji_id *id, struct guild_view **view)
{
    struct expression_change x = {.by = by, .a = a, .draft = d};
    enum err e = expression_run(c, create, &x, view);
    if (e == ERR_OK)
        id->v = x.id;
    return e;
}

/* ---- editing and deleting ---- */

/* The emoji, if the actor may change it. */
static enum err changeable(struct tx *tx, struct expression_change *x, struct emoji *out)
{
    enum err e = expression_begin(tx, x, EXPRESSION_ANY);
    if (e == ERR_OK)
        e = emojis_find(tx_sql(tx), x->now.view->guild.id, (struct emoji_id){x->id}, &x->arena,
                        out);
    if (e == ERR_OK && !expression_may_change(x->now.permissions, x->by->who->user, out->creator))
        e = ERR_MISSING_PERMISSIONS;
    return e;
}

static bool same_roles(const struct emoji *a, const struct emoji *b)
{
    bool same = a->role_count == b->role_count;
    for (size_t i = 0; same && i < a->role_count; i++)
        same = a->roles[i].v == b->roles[i].v;
    return same;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct expression_change *x = ctx;
    const struct emoji_draft *d = x->draft;
    struct emoji before;
    enum err e = changeable(tx, x, &before);
    if (e == ERR_OK)
        e = check_roles(x->now.view, d);
    if (e != ERR_OK)
        return e;
    struct emoji after = before;
    if (d->name.data != NULL)
        after.name = d->name;
    if (d->sets_roles) {
        after.roles = d->roles;
        after.role_count = d->role_count;
    }
    if (slice_eq(before.name, after.name) && same_roles(&before, &after)) {
        guild_view_unref(&x->view);
        x->view = guild_view_ref(x->now.view);
        return ERR_OK;
    }
    e = emojis_update(tx_sql(tx), &after, &x->arena);
    if (e == ERR_OK)
        e = announce(tx, x, after.id.v);
    return e == ERR_OK ? audit(tx, x, AUDIT_EMOJI_UPDATE, &before, &after) : e;
}

enum err emoji_edit(struct core *c, const struct actor *by, const struct access *a,
                    struct emoji_id id, const struct emoji_draft *d, struct guild_view **view)
{
    struct expression_change x = {.by = by, .a = a, .draft = d, .id = id.v};
    return expression_run(c, edit, &x, view);
}

static enum err delete (struct tx *tx, void *ctx) {
    struct expression_change *x = ctx; struct emoji gone; enum err e = changeable(tx, x, &gone);
    if (e == ERR_OK) e = media_release(tx, MEDIA_EMOJI, gone.guild, gone.id.v);
    if (e == ERR_OK) e = emojis_delete(tx_sql(tx), gone.id);
    if (e == ERR_OK) e = announce(tx, x, gone.id.v);
    return e == ERR_OK ? audit(tx, x, AUDIT_EMOJI_DELETE, &gone, NULL) : e;
}

enum err emoji_delete(struct core *c, const struct actor *by, const struct access *a,
                      struct emoji_id id)
{
    struct expression_change x = {.by = by, .a = a, .id = id.v};
    return expression_run(c, delete, &x, NULL);
}
