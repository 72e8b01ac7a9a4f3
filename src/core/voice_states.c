/*
 * Who is in which voice channel: what a session asks for. The difficulty is that a person has one
 * place among all guilds, and each guild a stream of its own: the streams of the guild that is
 * left and of the one that is entered are both held, in the order of their ids, and the user's
 * own, so that of two sessions that join at once the second one sees the first.
 */

#include "core/voice_states.h"

#include <string.h>

#include "base/limits.h"
#include "core/acting.h"
#include "core/voice_states_priv.h"
#include "proto/voice_state.h"
#include "store/id_list.h"
#include "store/members.h"

enum { PLACES_MAX = 8, SET_BYTES_MAX = 256 * 1024 };

enum err voice_tell(struct tx *tx, const struct actor *by, const struct voice_state *s,
                    struct channel_id from, const struct member *m)
{
    char left[ID_LIST_BYTES];
    char *end = left;
    id_list_put(&end, from.v);
    struct event *e = event_voice_state(s, from, m, by->who != NULL ? by->who->user.v : 0);
    return core_emit_delta(tx, e, by, from.v != 0 ? slice_of(left, sizeof left) : LOG_NONE);
}

enum err voice_out(struct tx *tx, const struct actor *by, const struct voice_state *s,
                   const struct member *m)
{
    struct voice_state gone = {
        .guild = s->guild, .user = s->user, .deaf = s->deaf, .mute = s->mute};
    memcpy(gone.session, s->session, sizeof gone.session);
    enum err e = voice_states_delete(tx_sql(tx), s->guild, s->user);
    return e == ERR_OK ? voice_tell(tx, by, &gone, s->channel, m) : e;
}

enum err voice_out_found(struct tx *tx, const struct actor *by, const struct voice_state *s,
                         struct arena *arena)
{
    struct member m;
    enum err e = members_find(tx_sql(tx), s->guild, s->user, arena, &m);
    if (e != ERR_OK && e != ERR_UNKNOWN_MEMBER)
        return e;
    return voice_out(tx, by, s, e == ERR_OK ? &m : NULL);
}

bool voice_may_be_in(uint64_t permissions)
{
    return permissions_meet(permissions, PERMISSION_VIEW_CHANNEL | PERMISSION_CONNECT);
}

/* In a stage everybody begins in the audience. */
bool voice_is_suppressed(const struct guild_view *v, const struct channel *ch, uint64_t permissions)
{
    return ch->type == CHANNEL_TYPE_STAGE || v->guild.afk_channel.v == ch->id.v ||
           (permissions & PERMISSION_SPEAK) == 0;
}

enum err voice_channel(const struct guild_view *v, struct channel_id id, const struct channel **out)
{
    *out = guild_view_channel(v, id);
    if (*out == NULL)
        return ERR_UNKNOWN_CHANNEL;
    bool voice = (*out)->type == CHANNEL_TYPE_VOICE || (*out)->type == CHANNEL_TYPE_STAGE;
    return voice ? ERR_OK : ERR_CHANNEL_TYPE;
}

/* ---- joining, moving, leaving ---- */

struct setting {
    const struct actor *by;
    const struct access *a;
    const struct voice_wish *w;
    struct arena arena; /* of the closure */
    struct arena places_arena;
    struct access now;
    struct voice_state *places; /* of a person, in other guilds */
    size_t place_count;
};

static enum err find_places(struct tx *tx, struct setting *x)
{
    const struct guild_id none = {0};
    struct voice_state *list = NULL;
    size_t count = 0;
    size_t kept = 0;
    enum err e = voice_states_of_user(tx_sql(tx), x->by->who->user, none, PLACES_MAX,
                                      &x->places_arena, &list, &count);
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        if (list[i].guild.v != x->w->guild.v)
            list[kept++] = list[i];
    x->places = list;
    x->place_count = kept;
    return e;
}

/* All of them, ascending, the user's last. What was found before they were held may have changed:
 * then from the beginning. */
static enum err lock_places(struct tx *tx, struct setting *x)
{
    size_t i = 0;
    uint64_t held[PLACES_MAX];
    arena_reset(&x->places_arena);
    enum err e = find_places(tx, x);
    for (; e == ERR_OK && i < x->place_count && x->places[i].guild.v < x->w->guild.v; i++)
        e = tx_lock(tx, core_guild_stream(x->places[i].guild));
    if (e == ERR_OK)
        e = tx_lock(tx, core_guild_stream(x->w->guild));
    for (; e == ERR_OK && i < x->place_count; i++)
        e = tx_lock(tx, core_guild_stream(x->places[i].guild));
    size_t count = x->place_count;
    for (i = 0; i < count; i++)
        held[i] = x->places[i].guild.v;
    if (e == ERR_OK)
        e = tx_lock(tx, core_user_stream(x->by->who->user));
    if (e == ERR_OK)
        e = find_places(tx, x);
    for (i = 0; e == ERR_OK && i < x->place_count; i++) {
        size_t k = 0;
        while (k < count && held[k] != x->places[i].guild.v)
            k++;
        e = k < count ? ERR_OK : ERR_RETRY;
    }
    return e;
}

static enum err check_room(struct tx *tx, const struct channel *ch, uint64_t permissions)
{
    uint64_t count = 0;
    enum err e = voice_states_in_guild(tx_sql(tx), ch->guild, LIMIT_GUILD_VOICE_STATES, &count);
    if (e == ERR_OK && count >= LIMIT_GUILD_VOICE_STATES)
        e = ERR_VOICE_CHANNEL_FULL;
    if (e != ERR_OK || ch->user_limit == 0 || (permissions & PERMISSION_MOVE_MEMBERS) != 0)
        return e;
    e = voice_states_in_channel(tx_sql(tx), ch->id, ch->user_limit, &count);
    return e == ERR_OK && count >= ch->user_limit ? ERR_VOICE_CHANNEL_FULL : e;
}

static enum err enter(struct tx *tx, struct setting *x, const struct channel *ch,
                      uint64_t permissions, struct voice_state *s)
{
    if ((permissions & PERMISSION_VIEW_CHANNEL) == 0)
        return ERR_MISSING_ACCESS;
    if (!voice_may_be_in(permissions))
        return ERR_MISSING_PERMISSIONS;
    s->channel = ch->id;
    s->suppress = voice_is_suppressed(x->now.view, ch, permissions);
    s->request_to_speak_at_ms = 0;
    s->joined_at_ms = tx_now_ms(tx);
    return check_room(tx, ch, permissions);
}

static enum err leave_places(struct tx *tx, struct setting *x)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->place_count && e == ERR_OK; i++)
        e = voice_out_found(tx, x->by, &x->places[i], &x->arena);
    return e;
}

static bool same(const struct voice_state *a, const struct voice_state *b)
{
    return a->channel.v == b->channel.v && strcmp(a->session, b->session) == 0 &&
           a->self_deaf == b->self_deaf && a->self_mute == b->self_mute &&
           a->self_stream == b->self_stream && a->self_video == b->self_video &&
           a->suppress == b->suppress;
}

/* `before` has channel 0 if there was none. */
static enum err put(struct tx *tx, struct setting *x, const struct voice_state *before)
{
    const struct voice_wish *w = x->w;
    const struct member *m = &x->now.member;
    const struct channel *ch;
    struct voice_state s = *before;
    enum err e = voice_channel(x->now.view, w->channel, &ch);
    if (e != ERR_OK)
        return e;
    uint64_t permissions = permissions_in_channel(x->now.view, &x->now.subject, ch, tx_now_ms(tx));
    if (ch->id.v != before->channel.v)
        e = enter(tx, x, ch, permissions, &s);
    if (e != ERR_OK)
        return e;
    bool streams = (permissions & PERMISSION_STREAM) != 0;
    s.guild = w->guild;
    s.user = m->user.id;
    s.mute = m->mute;
    s.deaf = m->deaf;
    s.self_mute = w->self_mute;
    s.self_deaf = w->self_deaf;
    s.self_stream = w->self_stream && streams;
    s.self_video = w->self_video && streams;
    memcpy(s.session, w->session, sizeof s.session);
    if (same(before, &s))
        return ERR_OK;
    e = leave_places(tx, x);
    if (e == ERR_OK)
        e = voice_states_put(tx_sql(tx), &s);
    return e == ERR_OK ? voice_tell(tx, x->by, &s, before->channel, m) : e;
}

static enum err set(struct tx *tx, void *ctx)
{
    struct setting *x = ctx;
    struct voice_state before = {0};
    bool found = false;
    enum err e = ERR_OK;
    x->place_count = 0;
    if (!x->by->who->bot && x->w->channel.v != 0)
        e = lock_places(tx, x);
    if (e == ERR_OK)
        e = acting_begin(tx, x->a, 0, &x->arena, &x->now);
    if (e == ERR_OK)
        e = voice_states_find(tx_sql(tx), x->w->guild, x->by->who->user, &before, &found);
    if (e != ERR_OK)
        return e;
    if (x->w->channel.v != 0)
        return put(tx, x, &before);
    bool own = found && strcmp(before.session, x->w->session) == 0;
    return own ? voice_out(tx, x->by, &before, &x->now.member) : ERR_OK;
}

enum err voice_state_set(struct core *c, const struct actor *by, const struct voice_wish *w)
{
    struct arena arena;
    struct access a = {0};
    struct setting x = {.by = by, .a = &a, .w = w};
    arena_init(&arena, MEM_CORE, SET_BYTES_MAX);
    arena_init(&x.arena, MEM_CORE, SET_BYTES_MAX);
    arena_init(&x.places_arena, MEM_CORE, SET_BYTES_MAX);
    enum err e = access_guild(c, by->who, w->guild, &arena, &a);
    if (e == ERR_OK)
        e = store_write(c->store, set, &x);
    access_end(&x.now);
    access_end(&a);
    arena_deinit(&x.places_arena);
    arena_deinit(&x.arena);
    arena_deinit(&arena);
    return e;
}
