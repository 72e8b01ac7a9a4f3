/* The status line of a voice channel. Who is not connected to it needs MANAGE_CHANNELS as well. */

#include "core/channels_priv.h"
#include "proto/channel_events.h"
#include "store/channels.h"
#include "store/voice_states.h"

struct status_change {
    struct channel_change change; /* first */
    struct slice status;
};

static enum err announce(struct tx *tx, struct status_change *x, const struct channel *before)
{
    struct channel_change *c = &x->change;
    struct audit_note n;
    enum err e = views_restructured(
        tx, before->guild, (struct view_change){.parts = VIEW_CHANNELS, .channel = before->id},
        &c->view);
    if (e != ERR_OK)
        return e;
    const struct channel *now = guild_view_channel(c->view, before->id);
    e = core_emit_structure(tx, event_voice_status(now, c->view, c->by->who->user.v), c->by,
                            c->view);
    if (e != ERR_OK)
        return e;
    bool removed = x->status.data == NULL;
    audit_note_init(&n);
    if (!removed)
        audit_option_text(&n, "status", x->status);
    e = audit_write(tx, c->by, before->guild,
                    removed ? AUDIT_VOICE_STATUS_DELETE : AUDIT_VOICE_STATUS_UPDATE, before->id.v,
                    &n);
    audit_note_deinit(&n);
    return e;
}

static bool same(struct slice a, struct slice b)
{
    return (a.data == NULL) == (b.data == NULL) && slice_eq(a, b);
}

/* After channel_change_begin. */
static enum err check_place(struct tx *tx, const struct channel_change *c)
{
    struct voice_state s;
    bool found = false;
    enum err e =
        voice_states_find(tx_sql(tx), c->now.view->guild.id, c->now.subject.user, &s, &found);
    bool there = e == ERR_OK && found && s.channel.v == c->now.channel->id.v;
    if (e == ERR_OK && !there && (c->now.permissions & PERMISSION_MANAGE_CHANNELS) == 0)
        e = ERR_MISSING_PERMISSIONS;
    return e;
}

static enum err set_status(struct tx *tx, void *ctx)
{
    struct status_change *x = ctx;
    struct channel_change *c = &x->change;
    enum err e = channel_change_begin(tx, c, PERMISSION_SET_VOICE_CHANNEL_STATUS);
    if (e == ERR_OK)
        e = check_place(tx, c);
    if (e != ERR_OK)
        return e;
    struct channel after = *c->now.channel;
    if (after.type != CHANNEL_TYPE_VOICE)
        return ERR_CHANNEL_TYPE;
    if (same(after.voice_status, x->status))
        return ERR_OK;
    after.voice_status = x->status;
    e = channels_update(tx_sql(tx), &after);
    return e == ERR_OK ? announce(tx, x, c->now.channel) : e;
}

enum err channel_voice_status(struct core *c, const struct actor *by, const struct access *a,
                              struct slice status)
{
    struct status_change x = {.change = {.by = by, .a = a}, .status = status};
    if (status.len == 0)
        x.status = (struct slice){NULL, 0};
    channel_change_init(&x.change);
    enum err e = store_write(c->store, set_status, &x);
    guild_view_unref(&x.change.view);
    channel_change_deinit(&x.change);
    return e;
}
