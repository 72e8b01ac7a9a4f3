/*
 * Read states. A mark lies in one row, and whoever moves it holds its owner's stream, so that two
 * devices of one person see their marks in one order. The guild is not locked: a mark gives nobody
 * anything to see, so a permission that is lost meanwhile does not matter.
 *
 * A message of one's own needs no write to be read: where it is the newest of its channel it counts
 * as read whenever read states are asked for (store/read_states.c).
 */

#include "core/read_states.h"

#include "base/limits.h"
#include "base/snowflake.h"
#include "core/channels.h"
#include "core/core_priv.h"
#include "core/read_state_counts.h"
#include "proto/read_state.h"
#include "store/guilds.h"
#include "store/read_states.h"

enum { FLAG_GUILD_CHANNEL = 1 };

struct acking {
    const struct actor *by;
    const struct read_mark *marks;
    size_t count;
    struct arena arena;
};

static struct user_id user_of(const struct actor *by)
{
    return by->who->user;
}

/* Versions grow also when the clock does not. */
static void renew(struct tx *tx, struct read_state *s)
{
    uint64_t now = (uint64_t)tx_now_ms(tx);
    s->version = s->version >= now ? s->version + 1 : now;
}

/* Nobody has read what is not written yet: a mark beyond it would hide all that comes. */
static uint64_t at_most_now(struct tx *tx, uint64_t id)
{
    uint64_t end = snowflake_at(tx_now_ms(tx) + 1);
    return id < end ? id : end - 1;
}

/* Whether the row changes. */
static bool move(struct tx *tx, const struct read_mark *m, struct read_state *s, bool found)
{
    uint64_t to = at_most_now(tx, m->message.v);
    bool moves = to > s->last_acked || (m->manual && to != s->last_acked);
    bool differs = (m->has_flags && m->flags != s->flags) ||
                   (m->has_last_viewed && m->last_viewed != s->last_viewed);
    if (!moves && !differs && found)
        return false;
    if (moves)
        s->last_acked = to;
    s->guild = m->a->dm != NULL ? (struct guild_id){0} : m->a->view->guild.id;
    if (!found)
        s->flags = s->guild.v != 0 ? FLAG_GUILD_CHANNEL : 0;
    s->flags = m->has_flags ? m->flags : s->flags;
    s->last_viewed = m->has_last_viewed ? m->last_viewed : s->last_viewed;
    renew(tx, s);
    return true;
}

/* A first mark in a channel that was deleted meanwhile would stay for ever. */
static enum err set_channel(struct tx *tx, struct user_id user, const struct read_state *s,
                            bool found)
{
    enum err e = found ? ERR_OK : read_states_place(tx_sql(tx), (struct channel_id){s->entity});
    return e == ERR_OK ? read_states_set(tx_sql(tx), user, s) : e;
}

static enum err ack_one(struct tx *tx, struct acking *x, const struct read_mark *m)
{
    struct read_state s;
    bool found;
    struct user_id user = user_of(x->by);
    arena_reset(&x->arena);
    enum err e =
        read_states_find(tx_sql(tx), user, READ_STATE_CHANNEL, m->a->channel->id.v, &s, &found);
    if (e != ERR_OK || !move(tx, m, &s, found))
        return e;
    e = set_channel(tx, user, &s, found);
    if (e == ERR_OK)
        e = read_state_count(tx, m->a, s.last_acked, &x->arena, &s.mention_count);
    const char manual = m->manual ? 'm' : '-';
    return e == ERR_OK ? core_emit_delta(tx, event_message_ack(user, &s, m->manual), x->by,
                                         slice_of(&manual, 1))
                       : e;
}

static enum err ack_all(struct tx *tx, void *ctx)
{
    struct acking *x = ctx;
    enum err e = tx_lock(tx, core_user_stream(user_of(x->by)));
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = ack_one(tx, x, &x->marks[i]);
    return e;
}

enum err read_state_ack(struct core *c, const struct actor *by, const struct read_mark *marks,
                        size_t count)
{
    struct acking x = {.by = by, .marks = marks, .count = count};
    if (count == 0)
        return ERR_OK;
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, ack_all, &x);
    arena_deinit(&x.arena);
    return e;
}

struct guild_acking {
    struct read_mark *marks;
    struct access *places; /* a copy of the access for each channel */
    size_t count;
};

/* A mark for each channel that the member sees and that somebody has written in. */
static enum err marks_of_guild(struct core *c, const struct access *a, struct arena *arena,
                               struct guild_acking *out)
{
    const struct guild_view *v = a->view;
    int64_t now = clock_wall_ms(c->o.clock);
    struct message_id *last = NULL;
    enum err e = channel_last_messages(c, v, arena, &last);
    if (e != ERR_OK)
        return e;
    out->marks = arena_array(arena, v->channel_count + 1, sizeof *out->marks);
    out->places = arena_array(arena, v->channel_count + 1, sizeof *out->places);
    if (out->marks == NULL || out->places == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < v->channel_count; i++) {
        if (last[i].v == 0 || !permissions_visible(v, &a->subject, &v->channels[i], now))
            continue;
        struct access *place = &out->places[out->count];
        *place = *a;
        place->channel = &v->channels[i];
        out->marks[out->count++] = (struct read_mark){.a = place, .message = last[i]};
    }
    return ERR_OK;
}

enum err read_state_ack_guild(struct core *c, const struct actor *by, const struct access *a)
{
    enum { GUILD_BYTES = 1024 * 1024 };
    struct guild_acking x = {.count = 0};
    struct arena arena;
    arena_init(&arena, MEM_CORE, GUILD_BYTES);
    enum err e = marks_of_guild(c, a, &arena, &x);
    for (size_t i = 0; i < x.count && e == ERR_OK; i += LIMIT_ACK_BULK) {
        size_t rest = x.count - i;
        e = read_state_ack(c, by, &x.marks[i], rest < LIMIT_ACK_BULK ? rest : LIMIT_ACK_BULK);
    }
    arena_deinit(&arena);
    return e;
}

struct item_acking {
    const struct actor *by;
    const struct access *a; /* pins: of this channel; NULL: of an item */
    struct guild_id guild;
    enum read_state_type type;
    uint64_t item;
};

static enum err ack_pins(struct tx *tx, void *ctx)
{
    const struct item_acking *x = ctx;
    struct read_state s;
    bool found;
    struct user_id user = user_of(x->by);
    enum err e = tx_lock(tx, core_user_stream(user));
    if (e == ERR_OK)
        e = read_states_find(tx_sql(tx), user, READ_STATE_CHANNEL, x->a->channel->id.v, &s, &found);
    if (e != ERR_OK)
        return e;
    s.guild = x->a->dm != NULL ? (struct guild_id){0} : x->a->view->guild.id;
    if (!found)
        s.flags = s.guild.v != 0 ? FLAG_GUILD_CHANNEL : 0;
    s.last_pin_acked_ms = tx_now_ms(tx);
    renew(tx, &s);
    e = set_channel(tx, user, &s, found);
    return e == ERR_OK ? core_emit(tx, event_pins_ack(user, &s), x->by) : e;
}

enum err read_state_ack_pins(struct core *c, const struct actor *by, const struct access *a)
{
    struct item_acking x = {.by = by, .a = a};
    return store_write(c->store, ack_pins, &x);
}

static enum err ack_item(struct tx *tx, void *ctx)
{
    const struct item_acking *x = ctx;
    struct read_state s;
    bool found;
    struct user_id user = user_of(x->by);
    uint64_t entity = x->guild.v != 0 ? x->guild.v : user.v;
    uint64_t ignored;
    enum err e = tx_lock(tx, core_user_stream(user));
    if (e == ERR_OK && x->guild.v != 0)
        e = guilds_structure_position(tx_sql(tx), x->guild, &ignored);
    if (e == ERR_OK)
        e = read_states_find(tx_sql(tx), user, x->type, entity, &s, &found);
    uint64_t item = at_most_now(tx, x->item);
    if (e != ERR_OK || (found && item <= s.last_acked))
        return e;
    s.guild = x->guild;
    s.last_acked = item;
    renew(tx, &s);
    const char type = (char)('0' + (int)x->type);
    e = read_states_set(tx_sql(tx), user, &s);
    return e == ERR_OK ? core_emit_delta(tx, event_item_ack(user, &s), x->by, slice_of(&type, 1))
                       : e;
}

enum err read_state_ack_item(struct core *c, const struct actor *by, struct guild_id guild,
                             enum read_state_type type, uint64_t item)
{
    struct item_acking x = {.by = by, .guild = guild, .type = type, .item = item};
    return store_write(c->store, ack_item, &x);
}

struct forgetting {
    const struct actor *by;
    struct channel_id channel;
};

static enum err forget(struct tx *tx, void *ctx)
{
    const struct forgetting *x = ctx;
    bool deleted;
    enum err e = tx_lock(tx, core_user_stream(user_of(x->by)));
    return e == ERR_OK ? read_states_delete(tx_sql(tx), user_of(x->by), READ_STATE_CHANNEL,
                                            x->channel.v, &deleted)
                       : e;
}

enum err read_state_forget(struct core *c, const struct actor *by, struct channel_id channel)
{
    struct forgetting x = {by, channel};
    return store_write(c->store, forget, &x);
}
