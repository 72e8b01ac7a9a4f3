/*
 * Group direct messages. Who is in one changes under its lock, and everybody's stream is locked in
 * ascending order before anything is told, so that two changes of two groups with the same people
 * wait for each other instead of meeting.
 */

#include "core/dm_groups.h"

#include "base/limits.h"
#include "core/dms_priv.h"
#include "core/system_messages.h"
#include "core/tasks_priv.h"
#include "core/user_erase.h"
#include "proto/dm.h"
#include "store/relationships.h"

static const struct slice NO_NICK = {NULL, 0};

/* Only friends are brought in: nobody finds themselves in a room with strangers. */
static enum err check_friend(struct tx *tx, const struct actor *by, struct user_id user,
                             struct arena *arena, struct user *out)
{
    struct relationship r;
    enum err e = user_find_staying(tx, user, arena, out);
    if (e == ERR_UNKNOWN_USER || (e == ERR_OK && (out->bot || user.v == by->who->user.v)))
        return ERR_INVALID_RECIPIENTS;
    if (e == ERR_OK)
        e = relationships_find(tx_sql(tx), by->who->user, user, arena, &r);
    if (e == ERR_OK && r.type != RELATIONSHIP_FRIEND)
        e = ERR_CANNOT_MESSAGE_USER;
    return e;
}

static enum err tell_all(struct tx *tx, const struct dm_channel *d, enum event_kind kind,
                         const struct actor *by)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < d->recipient_count && e == ERR_OK; i++)
        e = dm_tell(tx, d, kind, d->recipients[i].id, by);
    return e;
}

/* ---- making ---- */

struct making {
    const struct actor *by;
    struct user people[LIMIT_GROUP_RECIPIENTS];
    size_t count;
    struct arena *arena;
    struct dm_channel dm;
};

static enum err count_owned(struct tx *tx, void *ctx)
{
    const struct making *x = ctx;
    size_t owned;
    enum err e = dms_owned_groups(tx_sql(tx), x->by->who->user, LIMIT_GROUP_DMS, &owned);
    return e == ERR_OK && owned >= LIMIT_GROUP_DMS ? ERR_MAX_GROUP_DMS : e;
}

static enum err make(struct tx *tx, void *ctx)
{
    struct making *x = ctx;
    struct sql_conn *sql = tx_sql(tx);
    struct user_id me = x->by->who->user;
    const struct dm_channel all = {.recipients = x->people, .recipient_count = x->count};
    const struct dm_channel d = {.id.v = tx_id(tx), .type = CHANNEL_TYPE_GROUP_DM, .owner = me};
    enum err e = dm_lock_people(tx, &all, me);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = check_friend(tx, x->by, x->people[i].id, x->arena, &x->people[i]);
    if (e == ERR_OK)
        e = dms_insert(sql, &d);
    if (e == ERR_OK)
        e = dms_recipient_add(sql, d.id, me, tx_now_ms(tx), NO_NICK);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = dms_recipient_add(sql, d.id, x->people[i].id, tx_now_ms(tx), NO_NICK);
    if (e == ERR_OK)
        e = dms_find(sql, d.id, x->arena, &x->dm);
    return e == ERR_OK ? tell_all(tx, &x->dm, EVENT_DIRECT_CHANNEL_CREATE, x->by) : e;
}

static void add_once(struct making *x, uint64_t id)
{
    for (size_t i = 0; i < x->count; i++)
        if (x->people[i].id.v == id)
            return;
    x->people[x->count++].id.v = id;
}

enum err dm_group_make(struct core *c, const struct actor *by, const uint64_t *ids, size_t count,
                       struct arena *arena, struct dm_channel *out)
{
    struct making x = {.by = by, .arena = arena};
    if (count + 1 > LIMIT_GROUP_RECIPIENTS)
        return ERR_MAX_RECIPIENTS;
    for (size_t i = 0; i < count; i++)
        add_once(&x, ids[i]);
    enum err e = store_read(c->store, count_owned, &x);
    if (e == ERR_OK)
        e = store_write(c->store, make, &x);
    if (e == ERR_OK)
        *out = x.dm;
    return e;
}

/* ---- who is in it ---- */

struct change {
    const struct actor *by;
    const struct access *a;
    struct user_id user;
    const struct dm_group_edit *edit;
    bool gone; /* the group is */
};

static bool is_in(const struct dm_channel *d, struct user_id user)
{
    for (size_t i = 0; i < d->recipient_count; i++)
        if (d->recipients[i].id.v == user.v)
            return true;
    return false;
}

/* Holds the group, everybody in it and `more`; a->dm is as it is now. */
static enum err begin(struct tx *tx, const struct access *a, struct user_id more)
{
    enum err e = access_recheck(tx, a, 0);
    return e == ERR_OK ? dm_lock_people(tx, a->dm, more) : e;
}

static enum err reread(struct tx *tx, const struct access *a)
{
    return dms_find(tx_sql(tx), a->dm->id, a->arena, a->dm);
}

static enum err say(struct tx *tx, const struct change *x, enum message_type type,
                    const struct user *about, struct slice content)
{
    struct place p = place_of(x->a);
    struct system_message s = {
        .type = type, .author = &x->a->member, .mention = about, .content = content};
    return system_message_post(tx, &p, x->by, &s, x->a->arena, NULL);
}

static enum err tell_recipient(struct tx *tx, const struct dm_channel *d, enum event_kind kind,
                               const struct user *who, const struct actor *by)
{
    uint64_t actor = by->who == NULL ? 0 : by->who->user.v;
    enum err e = ERR_OK;
    for (size_t i = 0; i < d->recipient_count && e == ERR_OK; i++)
        if (d->recipients[i].id.v != who->id.v)
            e = core_emit(tx, event_dm_recipient(kind, d->id, who, d->recipients[i].id, actor), by);
    return e;
}

static enum err add(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    struct user friend;
    struct dm_channel *d = x->a->dm;
    enum err e = begin(tx, x->a, x->user);
    if (e == ERR_OK && is_in(d, x->user))
        return ERR_OK;
    if (e == ERR_OK)
        e = check_friend(tx, x->by, x->user, x->a->arena, &friend);
    if (e == ERR_OK && d->recipient_count >= LIMIT_GROUP_RECIPIENTS)
        e = ERR_MAX_RECIPIENTS;
    if (e == ERR_OK)
        e = dms_recipient_add(tx_sql(tx), d->id, x->user, tx_now_ms(tx), NO_NICK);
    if (e == ERR_OK)
        e = reread(tx, x->a);
    if (e == ERR_OK)
        e = tell_recipient(tx, d, EVENT_CHANNEL_RECIPIENT_ADD, &friend, x->by);
    if (e == ERR_OK)
        e = dm_tell(tx, d, EVENT_DIRECT_CHANNEL_CREATE, x->user, x->by);
    return e == ERR_OK ? say(tx, x, MESSAGE_TYPE_RECIPIENT_ADD, &friend, NO_NICK) : e;
}

/* The two of a pair and a third: a room of its own, what the two said stays between them. */
static enum err widen(struct core *c, const struct actor *by, const struct access *a,
                      struct user_id user, struct arena *arena, struct dm_channel *made)
{
    uint64_t ids[2];
    size_t count = 0;
    for (size_t i = 0; i < a->dm->recipient_count && count < 1; i++)
        if (a->dm->recipients[i].id.v != by->who->user.v)
            ids[count++] = a->dm->recipients[i].id.v;
    ids[count++] = user.v;
    return dm_group_make(c, by, ids, count, arena, made);
}

enum err dm_group_add(struct core *c, const struct actor *by, const struct access *a,
                      struct user_id user, struct arena *arena, struct dm_channel *made)
{
    struct change x = {.by = by, .a = a, .user = user};
    *made = (struct dm_channel){0};
    if (a->dm == NULL)
        return ERR_CHANNEL_TYPE;
    return a->dm->type == CHANNEL_TYPE_DM ? widen(c, by, a, user, arena, made)
                                          : store_write(c->store, add, &x);
}

static enum err pass_on(struct tx *tx, struct dm_channel *d, struct user_id from,
                        const struct actor *by)
{
    if (d->owner.v != from.v)
        return ERR_OK;
    enum err e = dms_eldest(tx_sql(tx), d->id, &d->owner);
    if (e == ERR_OK)
        e = dms_update(tx_sql(tx), d);
    return e == ERR_OK ? tell_all(tx, d, EVENT_DIRECT_CHANNEL_UPDATE, by) : e;
}

/* Nobody is left; the messages are the task's. */
static enum err drop(struct tx *tx, struct channel_id id)
{
    struct task t = {.id = tx_id(tx),
                     .kind = TASK_CHANNEL_DELETE,
                     .subject = id.v,
                     .created_at_ms = tx_now_ms(tx)};
    bool inserted;
    enum err e = media_release(tx, MEDIA_DM_ICON, (struct guild_id){0}, id.v);
    if (e == ERR_OK)
        e = dms_delete(tx_sql(tx), id);
    return e == ERR_OK ? tasks_insert(tx_sql(tx), &t, &inserted) : e;
}

enum err dm_depart(struct tx *tx, struct dm_channel *d, const struct user *who,
                   const struct actor *by, struct arena *arena, bool *gone)
{
    *gone = d->recipient_count == 1;
    enum err e = dms_recipient_remove(tx_sql(tx), d->id, who->id);
    if (e == ERR_OK && d->type == CHANNEL_TYPE_DM)
        e = dms_pair_delete(tx_sql(tx), d->id);
    if (e != ERR_OK || *gone)
        return e == ERR_OK ? drop(tx, d->id) : e;
    e = dms_find(tx_sql(tx), d->id, arena, d);
    if (e != ERR_OK || d->type == CHANNEL_TYPE_DM)
        return e;
    e = pass_on(tx, d, who->id, by);
    return e == ERR_OK ? tell_recipient(tx, d, EVENT_CHANNEL_RECIPIENT_REMOVE, who, by) : e;
}

static enum err take_out(struct tx *tx, struct change *x, const struct user *who)
{
    struct dm_channel *d = x->a->dm;
    enum err e = dm_tell_gone(tx, d, who->id, x->by);
    if (e == ERR_OK)
        e = dm_depart(tx, d, who, x->by, x->a->arena, &x->gone);
    return e == ERR_OK && !x->gone ? say(tx, x, MESSAGE_TYPE_RECIPIENT_REMOVE, who, NO_NICK) : e;
}

static enum err take(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    struct user who = {.id = {0}};
    x->gone = false;
    enum err e = begin(tx, x->a, (struct user_id){0});
    const struct dm_channel *d = x->a->dm;
    if (e != ERR_OK)
        return e;
    if (x->user.v != x->by->who->user.v && d->owner.v != x->by->who->user.v)
        return ERR_MISSING_PERMISSIONS;
    for (size_t i = 0; i < d->recipient_count; i++)
        if (d->recipients[i].id.v == x->user.v)
            who = d->recipients[i];
    return who.id.v == 0 ? ERR_UNKNOWN_USER : take_out(tx, x, &who);
}

enum err dm_group_remove(struct core *c, const struct actor *by, const struct access *a,
                         struct user_id user)
{
    struct change x = {.by = by, .a = a, .user = user};
    if (a->dm == NULL || a->dm->type != CHANNEL_TYPE_GROUP_DM)
        return ERR_CHANNEL_TYPE;
    enum err e = store_write(c->store, take, &x);
    if (e == ERR_OK && x.gone)
        tasks_begun(c);
    return e;
}

/* ---- what it is called, and whose it is ---- */

static enum err check_edit(const struct change *x)
{
    const struct dm_channel *d = x->a->dm;
    struct user_id owner = x->edit->owner;
    if (owner.v == 0 || owner.v == d->owner.v)
        return ERR_OK;
    if (d->owner.v != x->by->who->user.v)
        return ERR_MISSING_PERMISSIONS;
    return is_in(d, owner) ? ERR_OK : ERR_INVALID_RECIPIENTS;
}

static bool apply_edit(const struct change *x)
{
    struct dm_channel *d = x->a->dm;
    const struct dm_group_edit *edit = x->edit;
    struct dm_channel before = *d;
    if (edit->has_name)
        d->name = edit->name;
    if (edit->has_icon)
        d->icon = media_hash(edit->icon);
    if (edit->owner.v != 0)
        d->owner = edit->owner;
    return !slice_eq(before.name, d->name) || !slice_eq(before.icon, d->icon) ||
           before.owner.v != d->owner.v;
}

static enum err edit_group(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    struct dm_channel *d = x->a->dm;
    enum err e = begin(tx, x->a, (struct user_id){0});
    if (e == ERR_OK) /* also what another has called it meanwhile */
        e = reread(tx, x->a);
    if (e == ERR_OK)
        e = check_edit(x);
    if (e != ERR_OK)
        return e;
    struct slice name = d->name, icon = d->icon;
    if (!apply_edit(x))
        return ERR_OK;
    if (x->edit->has_icon)
        e = media_replace(tx, x->edit->icon, MEDIA_DM_ICON, (struct guild_id){0}, d->id.v);
    if (e == ERR_OK)
        e = dms_update(tx_sql(tx), d);
    if (e == ERR_OK)
        e = tell_all(tx, d, EVENT_DIRECT_CHANNEL_UPDATE, x->by);
    if (e == ERR_OK && !slice_eq(name, d->name))
        e = say(tx, x, MESSAGE_TYPE_CHANNEL_NAME, NULL, d->name);
    if (e == ERR_OK && !slice_eq(icon, d->icon))
        e = say(tx, x, MESSAGE_TYPE_CHANNEL_ICON, NULL, NO_NICK);
    return e;
}

enum err dm_group_change(struct core *c, const struct actor *by, const struct access *a,
                         const struct dm_group_edit *edit)
{
    struct change x = {.by = by, .a = a, .edit = edit};
    if (a->dm->type != CHANNEL_TYPE_GROUP_DM)
        return ERR_DM_CHANNEL;
    return store_write(c->store, edit_group, &x);
}
