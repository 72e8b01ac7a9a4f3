/* Sounds of soundboards. */

#include "core/sounds.h"

#include <stdio.h>

#include "base/limits.h"
#include "core/expressions_priv.h"
#include "proto/expressions.h"
#include "store/sounds.h"

enum { VOLUME_TEXT_MAX = 16 };

static struct slice volume_json(uint32_t volume, char text[VOLUME_TEXT_MAX])
{
    int n = snprintf(text, VOLUME_TEXT_MAX, "%u.%06u", volume / SOUND_VOLUME_WHOLE,
                     volume % SOUND_VOLUME_WHOLE);
    return slice_of(text, (size_t)n);
}

static void note(struct audit_note *n, const struct sound *before, const struct sound *after)
{
    char old_text[VOLUME_TEXT_MAX], new_text[VOLUME_TEXT_MAX];
    const struct slice none = {NULL, 0};
    struct slice old_volume = before == NULL ? none : volume_json(before->volume, old_text);
    struct slice new_volume = after == NULL ? none : volume_json(after->volume, new_text);
    audit_text(n, "name", before == NULL ? none : before->name, after == NULL ? none : after->name);
    audit_json(n, "volume", old_volume, new_volume);
    audit_id(n, "emoji_id", before == NULL ? 0 : before->emoji, after == NULL ? 0 : after->emoji);
    audit_text(n, "emoji_name", before == NULL ? none : before->emoji_name,
               after == NULL ? none : after->emoji_name);
}

static struct event *sound_event(const struct expression_change *x, const struct sound *before,
                                 const struct sound *after)
{
    uint64_t actor = x->by->who->user.v;
    if (after == NULL)
        return event_sound_delete(before->guild, before->id, actor);
    enum event_kind kind =
        before == NULL ? EVENT_GUILD_SOUNDBOARD_SOUND_CREATE : EVENT_GUILD_SOUNDBOARD_SOUND_UPDATE;
    bool own = after->creator.v == x->now.member.user.id.v;
    return event_sound(kind, after, own ? &x->now.member.user : NULL, actor);
}

static enum err announce(struct tx *tx, struct expression_change *x, enum audit_action action,
                         const struct sound *before, const struct sound *after)
{
    enum err e = expression_restructure(tx, x);
    if (e == ERR_OK)
        e = core_emit_structure(tx, sound_event(x, before, after), x->by, x->view);
    if (e != ERR_OK)
        return e;
    struct audit_note n;
    audit_note_init(&n);
    note(&n, before, after);
    e = audit_write(tx, x->by, x->now.view->guild.id, action, x->id, &n);
    audit_note_deinit(&n);
    return e;
}

static bool has_emoji(const struct guild_view *v, uint64_t id)
{
    for (size_t i = 0; i < v->emoji_count; i++)
        if (v->emojis[i].id.v == id)
            return true;
    return id == 0;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct expression_change *x = ctx;
    const struct sound_draft *d = x->draft;
    uint64_t count = 0;
    enum err e = expression_begin(tx, x, PERMISSION_CREATE_GUILD_EXPRESSIONS);
    if (e == ERR_OK && !has_emoji(x->now.view, d->emoji))
        e = ERR_UNKNOWN_EMOJI;
    if (e == ERR_OK)
        e = sounds_count(tx_sql(tx), x->now.view->guild.id, &count);
    if (e == ERR_OK && count >= LIMIT_GUILD_SOUNDS)
        e = ERR_MAX_SOUNDS;
    if (e != ERR_OK)
        return e;
    const struct sound made = {.id = {tx_id(tx)},
                               .guild = x->now.view->guild.id,
                               .name = d->name,
                               .hash = media_hash(d->sound),
                               .creator = x->by->who->user,
                               .volume = d->volume,
                               .emoji = d->emoji,
                               .emoji_name = d->emoji_name,
                               .available = true};
    x->id = made.id.v;
    e = sounds_insert(tx_sql(tx), &made);
    if (e == ERR_OK)
        e = media_refer(tx, d->sound, made.guild, made.id.v);
    return e == ERR_OK ? announce(tx, x, AUDIT_SOUND_CREATE, NULL, &made) : e;
}

enum err sound_create(struct core *c, const struct actor *by, const struct access *a,
                      const struct sound_draft *d, struct sound_id *id, struct guild_view **view)
{
    struct expression_change x = {.by = by, .a = a, .draft = d};
    enum err e = expression_run(c, create, &x, view);
    if (e == ERR_OK)
        id->v = x.id;
    return e;
}

/* The sound, if the actor may change it. */
static enum err changeable(struct tx *tx, struct expression_change *x, struct sound *out)
{
    enum err e = expression_begin(tx, x, EXPRESSION_ANY);
    if (e == ERR_OK)
        e = sounds_find(tx_sql(tx), x->now.view->guild.id, (struct sound_id){x->id}, &x->arena,
                        out);
    if (e == ERR_OK && !expression_may_change(x->now.permissions, x->by->who->user, out->creator))
        e = ERR_MISSING_PERMISSIONS;
    return e;
}

static bool same(const struct sound *a, const struct sound *b)
{
    return slice_eq(a->name, b->name) && a->volume == b->volume && a->emoji == b->emoji &&
           slice_eq(a->emoji_name, b->emoji_name);
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct expression_change *x = ctx;
    const struct sound_draft *d = x->draft;
    struct sound before;
    enum err e = changeable(tx, x, &before);
    if (e == ERR_OK && (d->set & SOUND_SETS_EMOJI) && !has_emoji(x->now.view, d->emoji))
        e = ERR_UNKNOWN_EMOJI;
    if (e != ERR_OK)
        return e;
    struct sound after = before;
    if (d->set & SOUND_SETS_NAME)
        after.name = d->name;
    if (d->set & SOUND_SETS_VOLUME)
        after.volume = d->volume;
    if (d->set & SOUND_SETS_EMOJI) {
        after.emoji = d->emoji;
        after.emoji_name = d->emoji_name;
    }
    if (same(&before, &after)) {
        guild_view_unref(&x->view);
        x->view = guild_view_ref(x->now.view);
        return ERR_OK;
    }
    e = sounds_update(tx_sql(tx), &after);
    return e == ERR_OK ? announce(tx, x, AUDIT_SOUND_UPDATE, &before, &after) : e;
}

enum err sound_edit(struct core *c, const struct actor *by, const struct access *a,
                    struct sound_id id, const struct sound_draft *d, struct guild_view **view)
{
    struct expression_change x = {.by = by, .a = a, .draft = d, .id = id.v};
    return expression_run(c, edit, &x, view);
}

static enum err delete (struct tx *tx, void *ctx) {
    struct expression_change *x = ctx; struct sound gone; enum err e = changeable(tx, x, &gone);
    if (e == ERR_OK) e = media_release(tx, MEDIA_SOUND, gone.guild, gone.id.v);
    if (e == ERR_OK) e = sounds_delete(tx_sql(tx), gone.id);
    return e == ERR_OK ? announce(tx, x, AUDIT_SOUND_DELETE, &gone, NULL) : e;
}

enum err sound_delete(struct core *c, const struct actor *by, const struct access *a,
                      struct sound_id id)
{
    struct expression_change x = {.by = by, .a = a, .id = id.v};
    return expression_run(c, delete, &x, NULL);
}
