/* Stickers. */

#include "core/stickers.h"

#include "base/limits.h"
#include "core/expressions_priv.h"
#include "proto/expressions.h"
#include "store/stickers.h"

enum sticker_format sticker_format_of(const struct media_image *m)
{
    struct slice type = slice_from(m->content_type);
    if (slice_eq(type, SLICE("image/gif")))
        return STICKER_FORMAT_GIF;
    if (slice_eq(type, SLICE("application/json")))
        return STICKER_FORMAT_LOTTIE;
    return m->animated ? STICKER_FORMAT_APNG : STICKER_FORMAT_PNG;
}

static void note(struct audit_note *n, const struct sticker *before, const struct sticker *after)
{
    if (before != NULL && after != NULL) {
        audit_text(n, "name", before->name, after->name);
        audit_text(n, "description", before->description, after->description);
        audit_text(n, "tags", before->tags, after->tags);
        return;
    }
    const struct sticker *x = after != NULL ? after : before;
    bool is_new = after != NULL;
    audit_text_only(n, "name", x->name, is_new);
    if (x->description.data != NULL)
        audit_text_only(n, "description", x->description, is_new);
    audit_text_only(n, "tags", x->tags, is_new);
    audit_number_only(n, "format_type", x->format, is_new);
}

static enum err announce(struct tx *tx, struct expression_change *x, enum audit_action action,
                         const struct sticker *before, const struct sticker *after)
{
    uint64_t actor = x->by->who->user.v;
    enum err e = expression_restructure(tx, x);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_stickers_update(x->view, x->id, actor), x->by, x->view);
    if (e != ERR_OK)
        return e;
    struct audit_note n;
    audit_note_init(&n);
    note(&n, before, after);
    e = audit_write(tx, x->by, x->now.view->guild.id, action, x->id, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct expression_change *x = ctx;
    const struct sticker_draft *d = x->draft;
    uint64_t count = 0;
    enum err e = expression_begin(tx, x, PERMISSION_CREATE_GUILD_EXPRESSIONS);
    if (e == ERR_OK)
        e = stickers_count(tx_sql(tx), x->now.view->guild.id, &count);
    if (e == ERR_OK && count >= LIMIT_GUILD_STICKERS)
        e = ERR_MAX_STICKERS;
    if (e != ERR_OK)
        return e;
    const struct sticker made = {.id = {tx_id(tx)},
                                 .guild = x->now.view->guild.id,
                                 .name = d->name,
                                 .description = d->description,
                                 .tags = d->tags,
                                 .hash = media_hash(d->image),
                                 .creator = x->by->who->user,
                                 .format = sticker_format_of(d->image),
                                 .available = true};
    x->id = made.id.v;
    e = stickers_insert(tx_sql(tx), &made);
    if (e == ERR_OK)
        e = media_refer(tx, d->image, made.guild, made.id.v);
    return e == ERR_OK ? announce(tx, x, AUDIT_STICKER_CREATE, NULL, &made) : e;
}

enum err sticker_create(struct core *c, const struct actor *by, const struct access *a,
                        const struct sticker_draft *d, struct sticker_id *id,
                        struct guild_view **view)
{
    struct expression_change x = {.by = by, .a = a, .draft = d};
    enum err e = expression_run(c, create, &x, view);
    if (e == ERR_OK)
        id->v = x.id;
    return e;
}

/* The sticker, if the actor may change it. */
static enum err changeable(struct tx *tx, struct expression_change *x, struct sticker *out)
{
    enum err e = expression_begin(tx, x, EXPRESSION_ANY);
    if (e == ERR_OK)
        e = stickers_find(tx_sql(tx), (struct sticker_id){x->id}, &x->arena, out);
    if (e == ERR_OK && out->guild.v != x->now.view->guild.id.v)
        e = ERR_UNKNOWN_STICKER;
    if (e == ERR_OK && !expression_may_change(x->now.permissions, x->by->who->user, out->creator))
        e = ERR_MISSING_PERMISSIONS;
    return e;
}

static bool same(const struct sticker *a, const struct sticker *b)
{
    return slice_eq(a->name, b->name) && slice_eq(a->tags, b->tags) &&
           (a->description.data == NULL) == (b->description.data == NULL) &&
           slice_eq(a->description, b->description);
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct expression_change *x = ctx;
    const struct sticker_draft *d = x->draft;
    struct sticker before;
    enum err e = changeable(tx, x, &before);
    if (e != ERR_OK)
        return e;
    struct sticker after = before;
    if (d->set & STICKER_SETS_NAME)
        after.name = d->name;
    if (d->set & STICKER_SETS_DESCRIPTION)
        after.description = d->description;
    if (d->set & STICKER_SETS_TAGS)
        after.tags = d->tags;
    if (same(&before, &after)) {
        guild_view_unref(&x->view);
        x->view = guild_view_ref(x->now.view);
        return ERR_OK;
    }
    e = stickers_update(tx_sql(tx), &after);
    return e == ERR_OK ? announce(tx, x, AUDIT_STICKER_UPDATE, &before, &after) : e;
}

enum err sticker_edit(struct core *c, const struct actor *by, const struct access *a,
                      struct sticker_id id, const struct sticker_draft *d, struct guild_view **view)
{
    struct expression_change x = {.by = by, .a = a, .draft = d, .id = id.v};
    return expression_run(c, edit, &x, view);
}

static enum err delete (struct tx *tx, void *ctx) {
    struct expression_change *x = ctx; struct sticker gone; enum err e = changeable(tx, x, &gone);
    if (e == ERR_OK) e = media_release(tx, MEDIA_STICKER, gone.guild, gone.id.v);
    if (e == ERR_OK) e = stickers_delete(tx_sql(tx), gone.id);
    return e == ERR_OK ? announce(tx, x, AUDIT_STICKER_DELETE, &gone, NULL) : e;
}

enum err sticker_delete(struct core *c, const struct actor *by, const struct access *a,
                        struct sticker_id id)
{
    struct expression_change x = {.by = by, .a = a, .id = id.v};
    return expression_run(c, delete, &x, NULL);
}

struct get {
    struct sticker_id id;
    struct arena *arena;
    struct sticker *out;
};

static enum err get(struct tx *tx, void *ctx)
{
    struct get *x = ctx;
    return stickers_find(tx_sql(tx), x->id, x->arena, x->out);
}

enum err sticker_get(struct core *c, struct sticker_id id, struct arena *arena, struct sticker *out)
{
    struct get x = {id, arena, out};
    return store_read(c->store, get, &x);
}
