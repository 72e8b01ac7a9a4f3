/* Deleting a message. */

#include "core/audit.h"
#include "core/messages_priv.h"
#include "core/pins.h"
#include "proto/events.h"

struct deletion {
    const struct actor *by;
    const struct access *a;
    struct place place;
    struct message_id id;
    struct arena arena;
};

/* What tells of a channel or a thread stays as long as that does (docs, "Message Types"). */
static bool stays(enum message_type type)
{
    return (type >= MESSAGE_TYPE_RECIPIENT_ADD && type <= MESSAGE_TYPE_CHANNEL_ICON) ||
           type == MESSAGE_TYPE_THREAD_STARTER;
}

/* An alert of AutoMod is about whom it names, not theirs. */
static bool is_own(const struct deletion *x, const struct message *m)
{
    return m->author.id.v == x->by->who->user.v && m->type != MESSAGE_TYPE_AUTOMOD;
}

/* access_recheck looks at the bits only if something moved, hence both. */
static enum err check(struct tx *tx, const struct deletion *x, const struct message *m)
{
    bool own = is_own(x, m);
    uint64_t need = PERMISSION_VIEW_CHANNEL | (own ? 0 : PERMISSION_MANAGE_MESSAGES);
    if (stays(m->type))
        return ERR_SYSTEM_MESSAGE;
    if (!own && x->place.dm != NULL)
        return ERR_DM_CHANNEL;
    if ((x->a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    return access_recheck(tx, x->a, need);
}

/* Of what somebody else wrote. */
static enum err audit_deletion(struct tx *tx, const struct actor *by, const struct message *m)
{
    struct audit_note note;
    audit_note_init(&note);
    audit_option_id(&note, "channel_id", m->channel.v);
    audit_option_number(&note, "count", 1);
    enum err e = audit_write(tx, by, m->guild, AUDIT_MESSAGE_DELETE, m->author.id.v, &note);
    audit_note_deinit(&note);
    return e;
}

static enum err delete_message(struct tx *tx, void *ctx)
{
    struct deletion *x = ctx;
    struct message_record r;
    struct channel_id channel = x->place.channel;
    enum err e = place_lock(tx, &x->place);
    if (e == ERR_OK)
        e = messages_find(tx_sql(tx), channel, x->id, &x->arena, &r);
    if (e == ERR_OK)
        e = check(tx, x, &r.message);
    if (e == ERR_OK)
        e = messages_delete(tx_sql(tx), channel, x->id, tx_now_ms(tx));
    if (e == ERR_OK && r.message.pinned_at_ms != 0)
        e = pins_deleted(tx, &x->place, x->by);
    if (e == ERR_OK)
        e = place_emit(tx, &x->place,
                       event_message_delete(r.message.guild, channel, x->id, x->by->who->user.v),
                       x->by, LOG_NONE);
    return e == ERR_OK && !is_own(x, &r.message) ? audit_deletion(tx, x->by, &r.message) : e;
}

enum err message_delete(struct core *c, const struct actor *by, const struct access *a,
                        struct message_id id)
{
    struct deletion x = {.by = by, .a = a, .place = place_of(a), .id = id};
    arena_init(&x.arena, MEM_CORE, MESSAGE_BYTES_MAX);
    enum err e = store_write(c->store, delete_message, &x);
    arena_deinit(&x.arena);
    return e;
}
