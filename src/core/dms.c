/*
 * Direct messages between two. A channel is made for a pair once and stays theirs; opening and
 * closing is what each has in their list. The other hears of it with the first message, not before:
 * who opens a channel tells nobody yet.
 */

#include "core/dms.h"

#include "base/limits.h"
#include "core/dms_priv.h"
#include "core/user_erase.h"
#include "proto/dm.h"
#include "store/privacy.h"
#include "store/relationships.h"
#include "store/users.h"

/* ---- who may write ---- */

static enum err between_friends(struct sql_conn *sql, struct user_id from, struct user_id to,
                                struct arena *arena, bool *friends)
{
    struct relationship theirs, ours;
    enum err e = relationships_find(sql, to, from, arena, &theirs);
    if (e == ERR_OK)
        e = relationships_find(sql, from, to, arena, &ours);
    if (e != ERR_OK)
        return e;
    if (theirs.type == RELATIONSHIP_BLOCKED || ours.type == RELATIONSHIP_BLOCKED)
        return ERR_CANNOT_MESSAGE_USER;
    *friends = theirs.type == RELATIONSHIP_FRIEND;
    return ERR_OK;
}

static enum err by_privacy(struct sql_conn *sql, struct user_id from, struct user_id to,
                           int64_t now_ms)
{
    struct user_privacy p;
    struct privacy_guilds g;
    enum err e = privacy_find(sql, to, &p);
    if (e == ERR_OK)
        e = privacy_common_guilds(sql, from, to, p.guilds_restricted, now_ms, &g);
    if (e != ERR_OK || g.allowed)
        return e;
    if (!g.common)
        return p.strangers_allowed ? ERR_OK : ERR_NO_MUTUAL_GUILDS;
    return ERR_CANNOT_MESSAGE_USER;
}

enum err dm_may_write(struct sql_conn *sql, const struct user *from, const struct user *to,
                      int64_t now_ms, struct arena *arena)
{
    bool friends;
    if (from->bot && to->bot)
        return ERR_CANNOT_MESSAGE_USER;
    enum err e = between_friends(sql, from->id, to->id, arena, &friends);
    return e == ERR_OK && !friends ? by_privacy(sql, from->id, to->id, now_ms) : e;
}

static const struct user *other_than(const struct dm_channel *d, struct user_id user)
{
    for (size_t i = 0; i < d->recipient_count; i++)
        if (d->recipients[i].id.v != user.v)
            return &d->recipients[i];
    return NULL;
}

/* Of a group everybody hears everybody; only between two is there something to refuse. */
static enum err check_pair(struct tx *tx, const struct access *a)
{
    const struct user *other = other_than(a->dm, a->subject.user);
    if (a->dm->type != CHANNEL_TYPE_DM)
        return ERR_OK;
    if (other == NULL) /* their account is gone */
        return ERR_CANNOT_MESSAGE_USER;
    return dm_may_write(tx_sql(tx), &a->member.user, other, tx_now_ms(tx), a->arena);
}

enum err dm_tell(struct tx *tx, const struct dm_channel *d, enum event_kind kind,
                 struct user_id reader, const struct actor *by)
{
    return core_emit(tx, event_dm_channel(kind, d, reader, by->who == NULL ? 0 : by->who->user.v),
                     by);
}

/* Bots have no list: they are told of messages alone. */
static enum err reopen(struct tx *tx, const struct dm_channel *d, size_t i, const struct actor *by)
{
    const struct user *u = &d->recipients[i];
    enum err e = dms_recipient_set_open(tx_sql(tx), d->id, u->id, true);
    return e == ERR_OK && !u->bot ? dm_tell(tx, d, EVENT_DIRECT_CHANNEL_CREATE, u->id, by) : e;
}

/* Everybody's stream first: who blocks somebody holds both, so what is read stays true. */
enum err dm_before_edit(struct tx *tx, const struct access *a)
{
    enum err e = dm_lock_people(tx, a->dm, (struct user_id){0});
    return e == ERR_OK ? check_pair(tx, a) : e;
}

enum err dm_is_blocked(struct tx *tx, const struct access *a, bool *blocked)
{
    const struct user *other = other_than(a->dm, a->subject.user);
    *blocked = false;
    if (a->dm->type != CHANNEL_TYPE_DM || other == NULL)
        return ERR_OK;
    enum err e = dm_lock_people(tx, a->dm, (struct user_id){0});
    return e == ERR_OK ? relationships_blocked(tx_sql(tx), other->id, a->subject.user, blocked) : e;
}

static enum err read_check(struct tx *tx, void *ctx)
{
    return check_pair(tx, ctx);
}

enum err dm_check(struct core *c, const struct access *a)
{
    struct access copy = *a;
    return store_read(c->store, read_check, &copy);
}

enum err dm_before_message(struct tx *tx, const struct access *a, const struct actor *by)
{
    static const bool ALL[LIMIT_GROUP_RECIPIENTS] = {true, true, true, true, true,
                                                     true, true, true, true, true};
    enum err e = dm_before_edit(tx, a);
    for (size_t i = 0; i < a->dm->recipient_count && e == ERR_OK; i++)
        if (!a->dm->open[i])
            e = reopen(tx, a->dm, i, by);
    if (e == ERR_OK)
        a->dm->open = ALL;
    return e;
}

/* ---- locks ---- */

static void insert_id(uint64_t *ids, size_t *count, uint64_t id)
{
    size_t at = (*count)++;
    for (; at > 0 && ids[at - 1] > id; at--)
        ids[at] = ids[at - 1];
    ids[at] = id;
}

enum err dm_lock_people(struct tx *tx, const struct dm_channel *d, struct user_id more)
{
    uint64_t ids[LIMIT_GROUP_RECIPIENTS + 1];
    size_t count = 0;
    for (size_t i = 0; i < d->recipient_count && i < LIMIT_GROUP_RECIPIENTS; i++)
        insert_id(ids, &count, d->recipients[i].id.v);
    if (more.v != 0)
        insert_id(ids, &count, more.v);
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = tx_lock(tx, core_user_stream((struct user_id){ids[i]}));
    return e;
}

/* ---- opening ---- */

struct opening {
    const struct actor *by;
    struct user_id other;
    struct arena *arena;
    struct dm_channel dm;
};

static size_t index_of(const struct dm_channel *d, struct user_id user)
{
    size_t i = 0;
    while (i < d->recipient_count && d->recipients[i].id.v != user.v)
        i++;
    return i;
}

static enum err open_existing(struct tx *tx, struct opening *x, struct channel_id id)
{
    struct sql_conn *sql = tx_sql(tx);
    enum err e = tx_lock(tx, (struct stream){STREAM_DM, id.v});
    if (e == ERR_OK)
        e = dms_find(sql, id, x->arena, &x->dm);
    if (e != ERR_OK)
        return e;
    size_t me = index_of(&x->dm, x->by->who->user);
    if (x->dm.recipient_count < 2 || me == x->dm.recipient_count)
        return ERR_INVALID_RECIPIENTS; /* the other's account is being erased */
    return x->dm.open[me] ? ERR_OK : reopen(tx, &x->dm, me, x->by);
}

/* For the maker it is open; for the other it will be with the first message. */
static enum err make_pair(struct tx *tx, struct opening *x)
{
    struct sql_conn *sql = tx_sql(tx);
    struct user_id me = x->by->who->user;
    const struct dm_channel d = {.id.v = tx_id(tx), .type = CHANNEL_TYPE_DM};
    const struct dm_channel both = {.recipients = (const struct user[]){{.id = me}},
                                    .recipient_count = 1};
    struct user other;
    enum err e = dm_lock_people(tx, &both, x->other);
    if (e == ERR_OK)
        e = user_find_staying(tx, x->other, x->arena, &other);
    if (e == ERR_UNKNOWN_USER)
        e = ERR_INVALID_RECIPIENTS;
    if (e == ERR_OK)
        e = dms_insert(sql, &d);
    if (e == ERR_OK)
        e = dms_pair_insert(sql, me, x->other, d.id);
    if (e == ERR_OK)
        e = dms_recipient_add(sql, d.id, me, tx_now_ms(tx), (struct slice){NULL, 0});
    if (e == ERR_OK)
        e = dms_recipient_add(sql, d.id, x->other, tx_now_ms(tx), (struct slice){NULL, 0});
    if (e == ERR_OK)
        e = dms_recipient_set_open(sql, d.id, x->other, false);
    if (e == ERR_OK)
        e = dms_find(sql, d.id, x->arena, &x->dm);
    if (e != ERR_OK || x->by->who->bot)
        return e;
    return dm_tell(tx, &x->dm, EVENT_DIRECT_CHANNEL_CREATE, me, x->by);
}

static enum err open_pair(struct tx *tx, void *ctx)
{
    struct opening *x = ctx;
    struct channel_id id;
    struct user other;
    enum err e = users_find(tx_sql(tx), x->other, x->arena, &other);
    if (e == ERR_UNKNOWN_USER || x->other.v == x->by->who->user.v)
        return ERR_INVALID_RECIPIENTS;
    if (e == ERR_OK && other.bot && x->by->who->bot)
        return ERR_CANNOT_MESSAGE_USER;
    if (e == ERR_OK)
        e = dms_pair_find(tx_sql(tx), x->by->who->user, x->other, &id);
    if (e != ERR_OK)
        return e;
    return id.v != 0 ? open_existing(tx, x, id) : make_pair(tx, x);
}

enum err dm_open(struct core *c, const struct actor *by, struct user_id other, struct arena *arena,
                 struct dm_channel *out)
{
    struct opening x = {.by = by, .other = other, .arena = arena};
    enum err e = store_write(c->store, open_pair, &x);
    if (e == ERR_STORE_CONFLICT) /* the other has opened it at the same moment */
        e = store_write(c->store, open_pair, &x);
    if (e == ERR_OK)
        *out = x.dm;
    return e;
}

/* ---- closing ---- */

struct closing {
    const struct actor *by;
    const struct access *a;
};

static enum err close_pair(struct tx *tx, void *ctx)
{
    struct closing *x = ctx;
    struct user_id me = x->by->who->user;
    enum err e = access_recheck(tx, x->a, 0);
    if (e == ERR_OK && !x->a->dm->open[index_of(x->a->dm, me)])
        return ERR_OK;
    if (e == ERR_OK)
        e = dms_recipient_set_open(tx_sql(tx), x->a->dm->id, me, false);
    if (e != ERR_OK || x->by->who->bot)
        return e;
    return dm_tell_gone(tx, x->a->dm, me, x->by);
}

enum err dm_close(struct core *c, const struct actor *by, const struct access *a)
{
    struct closing x = {by, a};
    return store_write(c->store, close_pair, &x);
}

enum err dm_tell_gone(struct tx *tx, const struct dm_channel *d, struct user_id reader,
                      const struct actor *by)
{
    const char type = (char)('0' + (int)d->type); /* what its row in the log keeps */
    return core_emit_delta(
        tx, event_dm_channel_delete(d->id, d->type, reader, by->who == NULL ? 0 : by->who->user.v),
        by, slice_of(&type, 1));
}

/* ---- reading ---- */

struct list_read {
    struct user_id user;
    struct user_id other; /* of one pair; 0: all that are open */
    struct arena *arena;
    struct dm_channel *list;
    size_t count;
};

static enum err read_list(struct tx *tx, void *ctx)
{
    struct list_read *x = ctx;
    struct channel_id id;
    if (x->other.v == 0)
        return dms_open_of(tx_sql(tx), x->user, LIMIT_OPEN_DMS, x->arena, &x->list, &x->count);
    enum err e = dms_pair_find(tx_sql(tx), x->user, x->other, &id);
    if (e != ERR_OK)
        return e;
    if (id.v == 0 || (x->list = arena_zalloc(x->arena, sizeof *x->list)) == NULL)
        return id.v == 0 ? ERR_UNKNOWN_CHANNEL : ERR_NO_MEMORY;
    return dms_find(tx_sql(tx), id, x->arena, x->list);
}

enum err dm_list(struct core *c, struct user_id user, struct arena *arena, struct dm_channel **out,
                 size_t *count)
{
    struct list_read x = {.user = user, .arena = arena};
    enum err e = store_read(c->store, read_list, &x);
    if (e != ERR_OK)
        return e;
    *out = x.list;
    *count = x.count;
    return ERR_OK;
}

enum err dm_with(struct core *c, struct user_id user, struct user_id other, struct arena *arena,
                 struct dm_channel *out)
{
    struct list_read x = {.user = user, .other = other, .arena = arena};
    enum err e = other.v == 0 ? ERR_UNKNOWN_CHANNEL : store_read(c->store, read_list, &x);
    if (e == ERR_OK)
        *out = *x.list;
    return e;
}
