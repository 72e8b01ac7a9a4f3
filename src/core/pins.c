/*
 * Pins. When a channel was last pinned in is part of the channel, which everybody who arrives is
 * given, so that of a guild's channel a pin changes the guild's structure: pins are few, and so the
 * present state needs no look-up of its own anywhere.
 */

#include "core/pins.h"

#include "base/limits.h"
#include "core/audit.h"
#include "core/dms.h"
#include "core/message_updated.h"
#include "core/messages_priv.h"
#include "core/search_index.h"
#include "core/system_messages.h"
#include "proto/pin_events.h"
#include "store/id_list.h"
#include "store/message_heads.h"

enum { PIN_ARENA_BYTES = MESSAGE_BYTES_MAX };

struct pinning {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    struct message_id id;
    bool pinned; /* what it shall be */
    struct arena arena;
};

/* access_recheck looks at the bits only if something moved, hence both. */
static enum err require(struct tx *tx, const struct access *a, uint64_t need)
{
    if ((a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    return access_recheck(tx, a, need);
}

/* ---- the channel's last pin ---- */

static enum err emit_in_guild(struct tx *tx, const struct place *p, int64_t last_ms,
                              const struct actor *by, uint64_t actor)
{
    struct guild_view *view = NULL;
    enum err e = views_restructured(
        tx, p->guild, (struct view_change){.parts = VIEW_CHANNELS, .channel = p->channel}, &view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_pins_update(p->guild, p->channel, last_ms, view, actor),
                                by, view);
    guild_view_unref(&view);
    return e;
}

static enum err tell_channel(struct tx *tx, const struct place *p, int64_t last_ms,
                             const struct actor *by)
{
    uint64_t actor = by->who != NULL ? by->who->user.v : 0;
    enum err e = pins_set_last(tx_sql(tx), p->channel, p->dm != NULL, last_ms);
    if (e != ERR_OK)
        return e;
    if (p->dm == NULL)
        return emit_in_guild(tx, p, last_ms, by, actor);
    return place_emit(tx, p, event_pins_update(p->guild, p->channel, last_ms, NULL, actor), by,
                      LOG_NONE);
}

enum err pins_deleted(struct tx *tx, const struct place *p, const struct actor *by)
{
    int64_t newest = 0;
    int64_t was = 0;
    enum err e = pins_newest(tx_sql(tx), p->channel, &newest);
    if (e == ERR_OK)
        e = pins_last_of_channel(tx_sql(tx), p->channel, &was);
    return e == ERR_OK && newest != was ? tell_channel(tx, p, newest, by) : e;
}

/* ---- pinning ---- */

/* No two pins of a channel at one moment: pages of them go by it. */
static enum err next_moment(struct tx *tx, struct channel_id channel, int64_t *at_ms)
{
    int64_t newest = 0;
    enum err e = pins_newest(tx_sql(tx), channel, &newest);
    *at_ms = newest >= tx_now_ms(tx) ? newest + 1 : tx_now_ms(tx);
    return e;
}

static enum err pin(struct tx *tx, struct pinning *x, const struct place *p)
{
    size_t count = 0;
    int64_t at_ms = 0;
    enum err e = pins_count(tx_sql(tx), p->channel, LIMIT_PINS, &count);
    if (e == ERR_OK && count >= LIMIT_PINS)
        e = ERR_MAX_PINS;
    if (e == ERR_OK)
        e = next_moment(tx, p->channel, &at_ms);
    if (e == ERR_OK)
        e = pins_set(tx_sql(tx), p->channel, x->id, at_ms);
    return e == ERR_OK ? tell_channel(tx, p, at_ms, x->by) : e;
}

static enum err unpin(struct tx *tx, struct pinning *x, const struct place *p)
{
    int64_t newest = 0;
    enum err e = pins_set(tx_sql(tx), p->channel, x->id, 0);
    if (e == ERR_OK)
        e = pins_newest(tx_sql(tx), p->channel, &newest);
    return e == ERR_OK ? tell_channel(tx, p, newest, x->by) : e;
}

static enum err write_audit(struct tx *tx, const struct pinning *x, const struct place *p,
                            struct user_id author)
{
    struct audit_note note;
    if (p->dm != NULL)
        return ERR_OK;
    audit_note_init(&note);
    audit_option_id(&note, "channel_id", p->channel.v);
    audit_option_id(&note, "message_id", x->id.v);
    enum err e = audit_write(tx, x->by, p->guild,
                             x->pinned ? AUDIT_MESSAGE_PIN : AUDIT_MESSAGE_UNPIN, author.v, &note);
    audit_note_deinit(&note);
    return e;
}

static enum err say_so(struct tx *tx, struct pinning *x, const struct place *p)
{
    const struct system_message s = {
        .type = MESSAGE_TYPE_PINNED, .author = &x->a->member, .reference = x->id};
    return system_message_post(tx, p, x->by, &s, &x->arena, NULL);
}

static enum err change(struct tx *tx, struct pinning *x, const struct place *p,
                       const struct message_head *m)
{
    struct message now;
    enum err e = x->pinned ? pin(tx, x, p) : unpin(tx, x, p);
    if (e == ERR_OK)
        e = message_updated(x->core, tx, p, x->by, x->id, &x->arena, &now, NULL);
    if (e == ERR_OK)
        e = search_index(tx, &now, true);
    if (e == ERR_OK)
        e = write_audit(tx, x, p, m->author);
    return e == ERR_OK && x->pinned ? say_so(tx, x, p) : e;
}

static enum err set_pin(struct tx *tx, void *ctx)
{
    struct pinning *x = ctx;
    struct place p = place_of(x->a);
    struct message_head m;
    arena_reset(&x->arena);
    enum err e = require(tx, x->a, PERMISSION_VIEW_CHANNEL | PERMISSION_PIN_MESSAGES);
    if (e == ERR_OK)
        e = message_heads_find(tx_sql(tx), p.channel, x->id, &m);
    if (e == ERR_OK && m.type != MESSAGE_TYPE_DEFAULT && m.type != MESSAGE_TYPE_REPLY)
        e = ERR_SYSTEM_MESSAGE;
    if (e != ERR_OK || (m.pinned_at_ms != 0) == x->pinned)
        return e;
    if (x->pinned && p.dm != NULL) /* the message that says so is a message */
        e = dm_before_message(tx, x->a, x->by);
    return e == ERR_OK ? change(tx, x, &p, &m) : e;
}

enum err pin_set(struct core *c, const struct actor *by, const struct access *a,
                 struct message_id message, bool pinned)
{
    struct pinning x = {.core = c, .by = by, .a = a, .id = message, .pinned = pinned};
    arena_init(&x.arena, MEM_CORE, PIN_ARENA_BYTES);
    enum err e = store_write(c->store, set_pin, &x);
    arena_deinit(&x.arena);
    return e;
}

/* ---- reading ---- */

struct pins_read {
    struct core *core;
    struct channel_id channel;
    struct user_id reader;
    int64_t before_ms;
    size_t limit;
    struct arena *arena;
    struct pin pins[LIMIT_PINS_PAGE + 1];
    size_t count;
    struct message_record *records; /* of those, ascending by id */
    size_t record_count;
};

static enum err read_records(struct tx *tx, struct pins_read *x)
{
    uint64_t ids[LIMIT_PINS_PAGE + 1];
    struct slice packed;
    for (size_t i = 0; i < x->count; i++)
        ids[i] = x->pins[i].message.v;
    enum err e = id_list_pack(ids, x->count, x->arena, &packed);
    if (e == ERR_OK)
        e = messages_find_many(tx_sql(tx), x->channel, packed, x->arena, x->records,
                               &x->record_count);
    return e == ERR_OK ? messages_complete(x->core, tx_sql(tx), x->reader, x->records,
                                           x->record_count, x->arena)
                       : e;
}

static enum err read_pins(struct tx *tx, void *ctx)
{
    struct pins_read *x = ctx;
    x->record_count = 0;
    enum err e =
        pins_before(tx_sql(tx), x->channel, x->before_ms, x->limit + 1, x->pins, &x->count);
    return e == ERR_OK && x->count > 0 ? read_records(tx, x) : e;
}

/* In the order of the pins. */
static size_t take_messages(const struct pins_read *x, size_t count, struct pinned_message *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < x->record_count; k++)
            if (x->records[k].message.id.v == x->pins[i].message.v)
                out[n++] = (struct pinned_message){x->pins[i].at_ms, x->records[k].message};
    }
    return n;
}

enum err pin_list(struct core *c, const struct actor *by, const struct access *a, int64_t before_ms,
                  size_t limit, struct arena *arena, struct pinned_message **out, size_t *count,
                  bool *more)
{
    struct pins_read x = {.core = c,
                          .channel = a->channel->id,
                          .reader = by->who->user,
                          .before_ms = before_ms,
                          .limit = limit < LIMIT_PINS_PAGE ? limit : LIMIT_PINS_PAGE,
                          .arena = arena};
    x.records = arena_array(arena, LIMIT_PINS_PAGE + 1, sizeof *x.records);
    struct pinned_message *list = arena_array(arena, LIMIT_PINS_PAGE, sizeof *list);
    if (x.records == NULL || list == NULL)
        return ERR_NO_MEMORY;
    enum err e = store_read(c->store, read_pins, &x);
    if (e != ERR_OK)
        return e;
    *more = x.count > x.limit;
    *count = take_messages(&x, *more ? x.limit : x.count, list);
    *out = list;
    return ERR_OK;
}
