/* Voice states changed over HTTP: who speaks on a stage; a moderator moves somebody. */

#include <string.h>

#include "core/acting.h"
#include "core/audit.h"
#include "core/voice_states_priv.h"
#include "store/members.h"

enum { EDIT_BYTES_MAX = 256 * 1024 };

/* ---- reading ---- */

struct state_read {
    const struct access *a;
    struct user_id user;
    struct arena *arena;
    struct voice_state state;
    struct member member;
    bool found;
};

static enum err read_state(struct tx *tx, void *ctx)
{
    struct state_read *x = ctx;
    struct guild_id guild = x->a->view->guild.id;
    x->found = false;
    enum err e = voice_states_find(tx_sql(tx), guild, x->user, &x->state, &x->found);
    return e == ERR_OK && x->found ? members_find(tx_sql(tx), guild, x->user, x->arena, &x->member)
                                   : e;
}

static bool sees(const struct access *a, struct user_id user, struct channel_id channel,
                 int64_t now_ms)
{
    const struct channel *ch = guild_view_channel(a->view, channel);
    if (user.v == a->subject.user.v)
        return true;
    return ch != NULL && (permissions_in_channel(a->view, &a->subject, ch, now_ms) &
                          PERMISSION_VIEW_CHANNEL) != 0;
}

enum err voice_state_get(struct core *c, const struct access *a, struct user_id user,
                         struct arena *arena, struct voice_state *out, struct member *member)
{
    struct state_read x = {.a = a, .user = user, .arena = arena};
    enum err e = store_read(c->store, read_state, &x);
    if (e != ERR_OK)
        return e == ERR_UNKNOWN_MEMBER ? ERR_UNKNOWN_VOICE_STATE : e;
    if (!x.found || !sees(a, user, x.state.channel, clock_wall_ms(core_clock(c))))
        return ERR_UNKNOWN_VOICE_STATE;
    *out = x.state;
    *member = x.member;
    return ERR_OK;
}

/* ---- stages ---- */

struct stage_edit {
    const struct actor *by;
    const struct access *a;
    struct user_id user;
    const struct voice_edit *d;
    struct arena arena;
    struct access now;
};

/* docs: anybody may step back into the audience, and take back that they asked. */
static enum err check(struct tx *tx, const struct stage_edit *x, const struct channel *ch)
{
    const struct voice_edit *d = x->d;
    uint64_t held = permissions_in_channel(x->now.view, &x->now.subject, ch, tx_now_ms(tx));
    bool moderates = (held & PERMISSION_MUTE_MEMBERS) != 0;
    bool own = x->user.v == x->now.subject.user.v;
    if (!own && !moderates)
        return ERR_MISSING_PERMISSIONS;
    if ((d->parts & VOICE_EDIT_SUPPRESS) != 0 && !d->suppress && !moderates)
        return ERR_MISSING_PERMISSIONS;
    bool asks = (d->parts & VOICE_EDIT_REQUEST) != 0 && d->request_to_speak_at_ms != 0;
    return asks && (held & PERMISSION_REQUEST_TO_SPEAK) == 0 ? ERR_MISSING_PERMISSIONS : ERR_OK;
}

static enum err apply(struct tx *tx, struct stage_edit *x, const struct voice_state *before,
                      const struct member *m)
{
    const struct voice_edit *d = x->d;
    struct voice_state s = *before;
    if ((d->parts & VOICE_EDIT_SUPPRESS) != 0)
        s.suppress = d->suppress;
    if ((d->parts & VOICE_EDIT_REQUEST) != 0)
        s.request_to_speak_at_ms = d->request_to_speak_at_ms;
    if (!s.suppress)
        s.request_to_speak_at_ms = 0; /* granted */
    if (s.suppress == before->suppress &&
        s.request_to_speak_at_ms == before->request_to_speak_at_ms)
        return ERR_OK;
    enum err e = voice_states_put(tx_sql(tx), &s);
    return e == ERR_OK ? voice_tell(tx, x->by, &s, s.channel, m) : e;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct stage_edit *x = ctx;
    struct voice_state s;
    struct member m;
    const struct channel *ch;
    bool found = false;
    enum err e = acting_begin(tx, x->a, 0, &x->arena, &x->now);
    if (e == ERR_OK)
        e = voice_states_find(tx_sql(tx), x->now.view->guild.id, x->user, &s, &found);
    if (e == ERR_OK && !found)
        e = ERR_UNKNOWN_VOICE_STATE;
    if (e == ERR_OK && !sees(&x->now, x->user, s.channel, tx_now_ms(tx)))
        e = ERR_UNKNOWN_VOICE_STATE;
    if (e == ERR_OK && (x->d->parts & VOICE_EDIT_CHANNEL) != 0 && x->d->channel.v != s.channel.v)
        e = ERR_UNKNOWN_VOICE_STATE;
    if (e == ERR_OK)
        e = voice_channel(x->now.view, s.channel, &ch);
    if (e == ERR_OK && ch->type != CHANNEL_TYPE_STAGE)
        e = ERR_CHANNEL_TYPE;
    if (e == ERR_OK)
        e = check(tx, x, ch);
    if (e == ERR_OK)
        e = members_find(tx_sql(tx), s.guild, s.user, &x->arena, &m);
    return e == ERR_OK ? apply(tx, x, &s, &m) : e;
}

enum err voice_state_edit(struct core *c, const struct actor *by, const struct access *a,
                          struct user_id user, const struct voice_edit *d)
{
    struct stage_edit x = {.by = by, .a = a, .user = user, .d = d};
    arena_init(&x.arena, MEM_CORE, EDIT_BYTES_MAX);
    enum err e = store_write(c->store, edit, &x);
    access_end(&x.now);
    arena_deinit(&x.arena);
    return e;
}

/* ---- moving ---- */

static enum err note_move(struct tx *tx, const struct actor *by, struct guild_id guild,
                          struct channel_id channel)
{
    struct audit_note n;
    audit_note_init(&n);
    if (channel.v != 0)
        audit_option_id(&n, "channel_id", channel.v);
    audit_option_number(&n, "count", 1);
    enum err e = audit_write(tx, by, guild,
                             channel.v != 0 ? AUDIT_MEMBER_MOVE : AUDIT_MEMBER_DISCONNECT, 0, &n);
    audit_note_deinit(&n);
    return e;
}

/* The mover must be able to go there; who is moved need not. */
static enum err move_to(struct tx *tx, const struct actor *by, const struct access *now,
                        const struct member *m, struct voice_state *s, struct channel_id channel)
{
    const struct channel *ch;
    struct channel_id from = s->channel;
    struct subject moved = subject_of(m);
    enum err e = voice_channel(now->view, channel, &ch);
    if (e != ERR_OK)
        return e;
    if (!voice_may_be_in(permissions_in_channel(now->view, &now->subject, ch, tx_now_ms(tx))))
        return ERR_MISSING_PERMISSIONS;
    s->channel = channel;
    s->suppress = voice_is_suppressed(now->view, ch,
                                      permissions_in_channel(now->view, &moved, ch, tx_now_ms(tx)));
    s->request_to_speak_at_ms = 0;
    s->joined_at_ms = tx_now_ms(tx);
    s->mute = m->mute;
    s->deaf = m->deaf;
    e = voice_states_put(tx_sql(tx), s);
    return e == ERR_OK ? voice_tell(tx, by, s, from, m) : e;
}

enum err voice_state_move(struct tx *tx, const struct actor *by, const struct access *now,
                          const struct member *m, struct channel_id channel)
{
    struct voice_state s;
    bool found = false;
    if ((now->permissions & PERMISSION_MOVE_MEMBERS) == 0)
        return ERR_MISSING_PERMISSIONS;
    enum err e = voice_states_find(tx_sql(tx), m->guild, m->user.id, &s, &found);
    if (e != ERR_OK || !found)
        return e == ERR_OK ? ERR_NOT_IN_VOICE : e;
    if (s.channel.v == channel.v)
        return ERR_OK;
    e = channel.v == 0 ? voice_out(tx, by, &s, m) : move_to(tx, by, now, m, &s, channel);
    return e == ERR_OK ? note_move(tx, by, m->guild, channel) : e;
}
