/* Emojis of polls. Who may use which is as with reactions: one's own guild's, and with the
 * permission those of other guilds that one is in; roles that an emoji is kept for are asked. */

#include "core/poll_emojis.h"

#include "core/core_priv.h"
#include "model/unicode_emoji.h"
#include "store/emojis.h"
#include "store/members.h"

struct resolving {
    const struct actor *by;
    const struct access *a;
    struct emoji_ref *emojis;
    size_t count;
    struct arena *arena;
};

static bool holds_one(const struct member *m, const struct emoji *e)
{
    bool held = e->role_count == 0;
    for (size_t i = 0; i < e->role_count && !held; i++)
        for (size_t k = 0; k < m->role_count && !held; k++)
            held = m->roles[k].v == e->roles[i].v;
    return held;
}

/* UNKNOWN_EMOJI, UNKNOWN_MEMBER: not for them. */
static enum err find(struct sql_conn *sql, struct resolving *x, struct emoji_ref *e)
{
    struct emoji emoji;
    struct member there;
    const struct member *m = &x->a->member;
    enum err failed = emojis_find_any(sql, (struct emoji_id){e->id}, x->arena, &emoji);
    if (failed != ERR_OK)
        return failed;
    if (emoji.guild.v != x->a->view->guild.id.v) {
        if (!(x->a->permissions & PERMISSION_USE_EXTERNAL_EMOJIS))
            return ERR_UNKNOWN_EMOJI;
        failed = members_find(sql, emoji.guild, x->by->who->user, x->arena, &there);
        m = &there;
    }
    if (failed != ERR_OK)
        return failed;
    if (!emoji.available || !holds_one(m, &emoji))
        return ERR_UNKNOWN_EMOJI;
    e->name = emoji.name;
    e->animated = emoji.animated;
    return ERR_OK;
}

static enum err find_all(struct tx *tx, void *ctx)
{
    struct resolving *x = ctx;
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        if (x->emojis[i].id != 0)
            e = find(tx_sql(tx), x, &x->emojis[i]);
    return e == ERR_UNKNOWN_EMOJI || e == ERR_UNKNOWN_MEMBER ? ERR_POLL_EMOJI : e;
}

static enum err normalise(struct emoji_ref *e, struct arena *arena)
{
    char form[UNICODE_EMOJI_BYTES];
    size_t len = unicode_emoji_normalise(e->name, form);
    if (len == 0)
        return ERR_POLL_EMOJI;
    e->name = arena_dup(arena, slice_of(form, len));
    return e->name.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err poll_emojis_resolve(struct core *c, const struct actor *by, const struct access *a,
                             struct emoji_ref *emojis, size_t count, struct arena *arena)
{
    struct resolving x = {by, a, emojis, count, arena};
    bool any_custom = false;
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        any_custom = any_custom || emojis[i].id != 0;
        if (emojis[i].id == 0 && emojis[i].name.len > 0)
            e = normalise(&emojis[i], arena);
    }
    return e == ERR_OK && any_custom ? store_read(c->store, find_all, &x) : e;
}
