/*
 * Bulk deletion. A bounded number of messages, hence one closure: whoever cleans a channel is
 * either told that all are gone or that none is.
 */

#include "core/bulk_delete.h"

#include "base/limits.h"
#include "core/audit.h"
#include "core/message_removal.h"
#include "proto/member_events.h"

struct bulk {
    const struct actor *by;
    const struct access *a;
    uint64_t ids[LIMIT_BULK_DELETE]; /* each once */
    size_t count;
    struct message_head found[LIMIT_BULK_DELETE];
    size_t found_count;
    struct arena arena;
};

/* Some kinds of system messages are not for deleting (docs, "Message Types"). */
static bool is_deletable(const struct message_head *m)
{
    return m->type == MESSAGE_TYPE_DEFAULT ||
           (m->type > MESSAGE_TYPE_CHANNEL_ICON && m->type != MESSAGE_TYPE_THREAD_STARTER);
}

static enum err find(struct tx *tx, struct bulk *x, const struct place *p)
{
    struct message_head all[LIMIT_BULK_DELETE];
    size_t count = 0;
    x->found_count = 0;
    enum err e = messages_find_heads(tx, p, x->ids, x->count, &x->arena, all, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        if (is_deletable(&all[i]))
            x->found[x->found_count++] = all[i];
    return e;
}

static enum err tell(struct tx *tx, struct bulk *x, const struct place *p, struct slice delta)
{
    uint64_t ids[LIMIT_BULK_DELETE];
    struct audit_note note;
    for (size_t i = 0; i < x->found_count; i++)
        ids[i] = x->found[i].id.v;
    enum err e = place_emit(
        tx, p,
        event_messages_deleted(p->guild, p->channel, ids, x->found_count, x->by->who->user.v),
        x->by, delta);
    if (e != ERR_OK)
        return e;
    audit_note_init(&note);
    audit_option_number(&note, "count", x->found_count);
    e = audit_write(tx, x->by, p->guild, AUDIT_MESSAGE_BULK_DELETE, p->channel.v, &note);
    audit_note_deinit(&note);
    return e;
}

static enum err bulk_delete(struct tx *tx, void *ctx)
{
    struct bulk *x = ctx;
    const uint64_t need = PERMISSION_VIEW_CHANNEL | PERMISSION_MANAGE_MESSAGES;
    struct place p = place_of(x->a);
    struct slice ids;
    arena_reset(&x->arena);
    enum err e = access_recheck(tx, x->a, need);
    if (e == ERR_OK)
        e = find(tx, x, &p);
    if (e != ERR_OK || x->found_count == 0)
        return e;
    e = messages_remove(tx, &p, x->by, x->found, x->found_count, &x->arena, &ids);
    return e == ERR_OK ? tell(tx, x, &p, ids) : e;
}

/* Ids are times: what is too old is known without looking it up. */
static enum err take_ids(struct bulk *x, const uint64_t *ids, size_t count, int64_t now_ms)
{
    uint64_t oldest = snowflake_at(now_ms - (int64_t)LIMIT_BULK_DELETE_AGE_S * 1000);
    if (count > LIMIT_BULK_DELETE)
        return ERR_BULK_DELETE_COUNT;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t k = 0; k < x->count && !seen; k++)
            seen = x->ids[k] == ids[i];
        if (!seen)
            x->ids[x->count++] = ids[i];
    }
    if (x->count < LIMIT_BULK_DELETE_MIN)
        return ERR_BULK_DELETE_COUNT;
    for (size_t i = 0; i < x->count; i++)
        if (x->ids[i] < oldest)
            return ERR_BULK_DELETE_AGE;
    return ERR_OK;
}

enum err messages_bulk_delete(struct core *c, const struct actor *by, const struct access *a,
                              const uint64_t *ids, size_t count)
{
    const uint64_t need = PERMISSION_VIEW_CHANNEL | PERMISSION_MANAGE_MESSAGES;
    struct bulk x = {.by = by, .a = a};
    if (a->dm != NULL)
        return ERR_DM_CHANNEL;
    if ((a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    enum err e = take_ids(&x, ids, count, clock_wall_ms(c->o.clock));
    if (e != ERR_OK)
        return e;
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    e = store_write(c->store, bulk_delete, &x);
    arena_deinit(&x.arena);
    return e;
}
