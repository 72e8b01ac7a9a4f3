/* Making and editing roles. Who may do it to which role is decided by model/permissions.h, on the
 * structure as the transaction sees it. */

#include "core/roles.h"

#include "base/limits.h"
#include "core/roles_priv.h"
#include "proto/events.h"
#include "proto/role_events.h"

void role_change_init(struct role_change *x)
{
    arena_init(&x->arena, MEM_CORE, ROLE_CHANGE_BYTES);
}

void role_change_deinit(struct role_change *x)
{
    access_end(&x->now);
    arena_deinit(&x->arena);
}

enum err role_change_begin(struct tx *tx, struct role_change *x)
{
    access_end(&x->now);
    arena_reset(&x->arena);
    return access_renew(tx, x->a, PERMISSION_MANAGE_ROLES, &x->arena, &x->now);
}

enum err role_change_run(struct core *c, store_fn fn, struct role_change *x,
                         struct guild_view **view)
{
    role_change_init(x);
    enum err e = store_write(c->store, fn, x);
    role_change_deinit(x);
    if (e == ERR_OK && view != NULL)
        *view = x->view;
    else
        guild_view_unref(&x->view);
    return e;
}

/* ---- what a role becomes ---- */

static void apply_look(const struct role_draft *d, struct role *r)
{
    if (d->set & ROLE_SETS_NAME)
        r->name = d->name.len > 0 ? d->name : SLICE("new role");
    if (d->set & ROLE_SETS_COLOR)
        r->color = d->color;
    if (d->set & ROLE_SETS_SECONDARY)
        r->secondary_color = d->secondary_color;
    if (d->set & ROLE_SETS_TERTIARY)
        r->tertiary_color = d->tertiary_color;
    if (d->set & ROLE_SETS_HOIST)
        r->hoist = d->hoist;
    if (d->set & ROLE_SETS_MENTIONABLE)
        r->mentionable = d->mentionable;
    if (d->set & ROLE_SETS_EMOJI)
        r->unicode_emoji = d->unicode_emoji;
    if (d->set & ROLE_SETS_ICON)
        r->icon = media_hash(d->icon);
}

static enum err apply(const struct role_change *x, struct role *r)
{
    uint64_t before = r->permissions;
    if (x->d->set & ROLE_SETS_PERMISSIONS)
        r->permissions = x->d->permissions & PERMISSIONS_ALL;
    apply_look(x->d, r);
    return permissions_may_grant(x->now.permissions, before, r->permissions)
               ? ERR_OK
               : ERR_MISSING_PERMISSIONS;
}

static enum err keep_icon(struct tx *tx, const struct role_change *x, const struct role *r)
{
    if ((x->d->set & ROLE_SETS_ICON) == 0)
        return ERR_OK;
    return media_replace(tx, x->d->icon, MEDIA_ROLE_ICON, r->guild, r->id.v);
}

/* ---- the audit log ---- */

static void note_colors(struct audit_note *n, const struct role *a, const struct role *b)
{
    audit_number(n, "color", a->color, b->color);
    audit_number(n, "secondary_color", a->secondary_color & ~(uint32_t)ROLE_COLOR_SET,
                 b->secondary_color & ~(uint32_t)ROLE_COLOR_SET);
    audit_number(n, "tertiary_color", a->tertiary_color & ~(uint32_t)ROLE_COLOR_SET,
                 b->tertiary_color & ~(uint32_t)ROLE_COLOR_SET);
}

static void note_change(struct audit_note *n, const struct role *a, const struct role *b)
{
    audit_text(n, "name", a->name, b->name);
    audit_bits(n, "permissions", a->permissions, b->permissions);
    audit_number(n, "position", a->position, b->position);
    note_colors(n, a, b);
    audit_flag(n, "hoist", a->hoist, b->hoist);
    audit_flag(n, "mentionable", a->mentionable, b->mentionable);
    audit_text(n, "icon_hash", a->icon, b->icon);
    audit_text(n, "unicode_emoji", a->unicode_emoji, b->unicode_emoji);
}

static void note_whole(struct audit_note *n, const struct role *r, bool is_new)
{
    audit_text_only(n, "name", r->name, is_new);
    audit_bits_only(n, "permissions", r->permissions, is_new);
    audit_number_only(n, "color", r->color, is_new);
    audit_flag_only(n, "hoist", r->hoist, is_new);
    audit_flag_only(n, "mentionable", r->mentionable, is_new);
}

enum err role_audit(struct tx *tx, const struct actor *by, const struct role *before,
                    const struct role *after)
{
    const struct role *r = after != NULL ? after : before;
    enum audit_action action = before == NULL  ? AUDIT_ROLE_CREATE
                               : after == NULL ? AUDIT_ROLE_DELETE
                                               : AUDIT_ROLE_UPDATE;
    struct audit_note n;
    audit_note_init(&n);
    if (before == NULL || after == NULL)
        note_whole(&n, r, before == NULL);
    else
        note_change(&n, before, after);
    enum err e = audit_write(tx, by, r->guild, action, r->id.v, &n);
    audit_note_deinit(&n);
    return e;
}

static bool differ(const struct role *a, const struct role *b)
{
    struct audit_note n;
    audit_note_init(&n);
    note_change(&n, a, b);
    bool any = n.any_change || a->secondary_color != b->secondary_color ||
               a->tertiary_color != b->tertiary_color;
    audit_note_deinit(&n);
    return any;
}

/* ---- making ---- */

static enum err create(struct tx *tx, void *ctx)
{
    struct role_change *x = ctx;
    const struct role *everyone;
    enum err e = role_change_begin(tx, x);
    if (e != ERR_OK)
        return e;
    const struct guild_view *old = x->now.view;
    everyone = guild_view_role(old, (struct role_id){old->guild.id.v});
    if (old->role_count >= LIMIT_GUILD_ROLES)
        return ERR_MAX_ROLES;
    struct role r = {.id = {tx_id(tx)},
                     .guild = old->guild.id,
                     .name = SLICE("new role"),
                     .position = 1,
                     .permissions = everyone == NULL ? 0 : everyone->permissions};
    e = apply(x, &r);
    if (e == ERR_OK)
        e = roles_insert(tx_sql(tx), &r);
    if (e == ERR_OK)
        e = keep_icon(tx, x, &r);
    if (e == ERR_OK)
        e = views_restructured(tx, r.guild, (struct view_change){.parts = VIEW_ROLES}, &x->view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_role_create(&r, x->view, x->by->who->user.v), x->by,
                                x->view);
    x->id = r.id;
    return e == ERR_OK ? role_audit(tx, x->by, NULL, &r) : e;
}

enum err role_create(struct core *c, const struct actor *by, const struct access *a,
                     const struct role_draft *d, struct role_id *id, struct guild_view **view)
{
    struct role_change x = {.by = by, .a = a, .d = d};
    enum err e = role_change_run(c, create, &x, view);
    if (e == ERR_OK)
        *id = x.id;
    return e;
}

/* ---- editing ---- */

/* The role, if the actor may act on it. */
static enum err editable(const struct role_change *x, const struct role **out)
{
    const struct role *r = guild_view_role(x->now.view, x->id);
    if (r == NULL)
        return ERR_UNKNOWN_ROLE;
    if (!permissions_outranks_role(x->now.view, &x->now.subject, r))
        return ERR_MISSING_PERMISSIONS;
    if (r->id.v == r->guild.v && (x->d->set & ~(unsigned)ROLE_SETS_PERMISSIONS) != 0)
        return ERR_INVALID_ROLE;
    *out = r;
    return ERR_OK;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct role_change *x = ctx;
    const struct role *before;
    enum err e = role_change_begin(tx, x);
    if (e == ERR_OK)
        e = editable(x, &before);
    if (e != ERR_OK)
        return e;
    struct role after = *before;
    e = apply(x, &after);
    if (e == ERR_OK && !differ(before, &after)) {
        guild_view_unref(&x->view);
        x->view = guild_view_ref(x->now.view);
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = roles_update(tx_sql(tx), &after);
    if (e == ERR_OK)
        e = keep_icon(tx, x, &after);
    if (e == ERR_OK)
        e = views_restructured(tx, after.guild, (struct view_change){.parts = VIEW_ROLES},
                               &x->view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_role_update(&after, x->view, x->by->who->user.v), x->by,
                                x->view);
    return e == ERR_OK ? role_audit(tx, x->by, before, &after) : e;
}

enum err role_edit(struct core *c, const struct actor *by, const struct access *a,
                   struct role_id id, const struct role_draft *d, struct guild_view **view)
{
    struct role_change x = {.by = by, .a = a, .d = d, .id = id};
    return role_change_run(c, edit, &x, view);
}

/* ---- reading ---- */

struct counts_read {
    struct guild_id guild;
    struct arena *arena;
    struct role_count *list;
    size_t count;
};

static enum err read_counts(struct tx *tx, void *ctx)
{
    struct counts_read *x = ctx;
    return roles_member_counts(tx_sql(tx), x->guild, x->arena, &x->list, &x->count);
}

enum err role_member_counts(struct core *c, struct guild_id guild, struct arena *arena,
                            struct role_count **out, size_t *count)
{
    struct counts_read x = {.guild = guild, .arena = arena};
    enum err e = store_read(c->store, read_counts, &x);
    if (e == ERR_OK) {
        *out = x.list;
        *count = x.count;
    }
    return e;
}
