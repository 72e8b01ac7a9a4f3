/*
 * Attachments of messages, in transactions: a few statements a file. The blob is held and referred
 * to, the row is made; and the bytes are counted, which is also where a quota is full: two messages
 * at the same time cannot both take the last of it, because they change the same row.
 */

#include "core/attachments.h"

#include <string.h>

#include "base/limits.h"
#include "core/attachment_urls.h"
#include "core/core_priv.h"
#include "core/media.h"
#include "store/attachments.h"
#include "store/blobs.h"
#include "store/message_slots.h"
#include "store/uploads.h"

_Static_assert((int)ATTACHMENT_REFERENCE == (int)MEDIA_ATTACHMENT &&
                   (int)UPLOAD_REFERENCE == (int)MEDIA_UPLOAD,
               "the store knows the kinds by number");

static struct blob_reference reference_of(const struct attachment *a)
{
    return (struct blob_reference){a->hash, MEDIA_ATTACHMENT, a->id, a->guild.v};
}

static enum err refer(struct tx *tx, const struct attachment *a)
{
    const struct blob_reference r = reference_of(a);
    bool there = false;
    enum err e = blobs_hold(tx_sql(tx), a->hash, &there);
    if (e == ERR_OK && !there)
        e = ERR_RETRY; /* it was taken too long ago */
    return e == ERR_OK ? blobs_refer(tx_sql(tx), &r) : e;
}

/* What was sent ahead is used up; its reference becomes the attachment's. */
static enum err use_upload(struct tx *tx, const struct attachment *a)
{
    const struct blob_reference r = {a->hash, MEDIA_UPLOAD, a->upload, 0};
    bool there = false;
    enum err e = uploads_take(tx_sql(tx), a->upload, a->uploader, a->channel, a->hash, &there);
    if (e == ERR_OK && !there)
        e = ERR_UPLOAD_NOT_FOUND;
    return e == ERR_OK ? blobs_unrefer(tx_sql(tx), &r) : e;
}

static enum err store_one(struct tx *tx, const struct message *m, struct attachment *a,
                          struct arena *arena)
{
    a->id = tx_id(tx);
    a->channel = m->channel;
    a->message = m->id;
    a->guild = m->guild;
    a->uploader = m->author.id;
    enum err e = refer(tx, a);
    if (e == ERR_OK && a->upload != 0)
        e = use_upload(tx, a);
    if (e == ERR_OK)
        e = attachments_insert(tx_sql(tx), a);
    return e == ERR_OK ? attachment_url_sign(tx_context(tx), tx_sql(tx), a, arena) : e;
}

/* Changes of a message without author's guild count for the author alone. */
static enum err count_bytes(struct tx *tx, const struct message *m, int64_t change)
{
    const struct core *c = tx_context(tx);
    uint64_t user = 0, guild = 0;
    enum err e = usage_add(tx_sql(tx), USAGE_USER, m->author.id.v, change, &user);
    if (e == ERR_OK && m->guild.v != 0)
        e = usage_add(tx_sql(tx), USAGE_GUILD, m->guild.v, change, &guild);
    if (e != ERR_OK || change <= 0)
        return e;
    bool full = (c->o.user_bytes_max != 0 && user > c->o.user_bytes_max) ||
                (c->o.guild_bytes_max != 0 && guild > c->o.guild_bytes_max);
    return full ? ERR_QUOTA_FULL : ERR_OK;
}

enum err attachments_store(struct tx *tx, const struct message *m, struct attachment *list,
                           size_t count, struct arena *arena)
{
    uint64_t bytes = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = store_one(tx, m, &list[i], arena);
        bytes += list[i].size;
    }
    return e == ERR_OK && count > 0 ? count_bytes(tx, m, (int64_t)bytes) : e;
}

/* ---- edits ---- */

static enum err drop(struct tx *tx, const struct attachment *a)
{
    const struct blob_reference r = reference_of(a);
    enum err e = blobs_unrefer(tx_sql(tx), &r);
    if (e == ERR_OK)
        e = blobs_let_go(tx_sql(tx), a->hash, tx_now_ms(tx));
    return e == ERR_OK ? attachments_delete(tx_sql(tx), a) : e;
}

static enum err change(struct tx *tx, const struct attachment_draft *d, struct attachment *a)
{
    if (!d->has_title && !d->has_description && !d->has_spoiler)
        return ERR_OK;
    if (d->has_title)
        a->title = d->title;
    if (d->has_description)
        a->description = d->description;
    if (d->has_spoiler)
        a->flags = (a->flags & ~(uint64_t)ATTACHMENT_FLAG_IS_SPOILER) |
                   (d->spoiler ? ATTACHMENT_FLAG_IS_SPOILER : 0);
    return attachments_update(tx_sql(tx), a);
}

static const struct attachment_draft *draft_of(const struct attachment_draft *drafts, size_t count,
                                               uint64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (drafts[i].keep == id)
            return &drafts[i];
    return NULL;
}

/* Every one that is to be kept is there. */
static bool all_known(const struct message *m, const struct attachment_draft *drafts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool known = drafts[i].keep == 0;
        for (size_t k = 0; k < m->attachment_count && !known; k++)
            known = m->attachments[k].id == drafts[i].keep;
        if (!known)
            return false;
    }
    return true;
}

/* Those that stay, changed, into `list`; *gone: bytes of those that go. */
static enum err keep_some(struct tx *tx, const struct message *m,
                          const struct attachment_draft *drafts, size_t draft_count,
                          struct attachment *list, size_t *kept, uint64_t *gone)
{
    size_t n = 0;
    uint64_t bytes = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; i < m->attachment_count && e == ERR_OK; i++) {
        const struct attachment_draft *d = draft_of(drafts, draft_count, m->attachments[i].id);
        if (d == NULL) {
            bytes += m->attachments[i].size;
            e = drop(tx, &m->attachments[i]);
            continue;
        }
        list[n] = m->attachments[i];
        e = change(tx, d, &list[n++]);
    }
    *kept = n;
    *gone = bytes;
    return e;
}

enum err attachments_replace(struct tx *tx, struct message *m,
                             const struct attachment_draft *drafts, size_t draft_count,
                             struct attachment *added, size_t added_count, struct arena *arena)
{
    size_t kept = 0, room = m->attachment_count + added_count;
    uint64_t gone = 0;
    struct attachment *list = room == 0 ? NULL : arena_array(arena, room, sizeof *list);
    if (room > 0 && list == NULL)
        return ERR_NO_MEMORY;
    if (!all_known(m, drafts, draft_count))
        return ERR_UPLOAD_NOT_FOUND;
    enum err e = keep_some(tx, m, drafts, draft_count, list, &kept, &gone);
    if (e == ERR_OK && kept + added_count > LIMIT_ATTACHMENTS)
        e = ERR_MAX_ATTACHMENTS;
    if (e == ERR_OK && gone > 0)
        e = count_bytes(tx, m, -(int64_t)gone);
    if (e == ERR_OK)
        e = attachments_store(tx, m, added, added_count, arena);
    if (e != ERR_OK)
        return e;
    if (added_count > 0)
        memcpy(list + kept, added, added_count * sizeof *added);
    m->attachments = list;
    m->attachment_count = kept + added_count;
    m->parts = m->attachment_count > 0 ? m->parts | MESSAGE_PART_ATTACHMENTS
                                       : m->parts & ~(unsigned)MESSAGE_PART_ATTACHMENTS;
    return ERR_OK;
}

/* ---- reading ---- */

/* The rows of each message stand together. */
static void give_to(struct message *m, struct attachment *all, size_t count)
{
    size_t first = 0;
    while (first < count && all[first].message.v != m->id.v)
        first++;
    size_t end = first;
    while (end < count && all[end].message.v == m->id.v)
        end++;
    m->attachments = end > first ? all + first : NULL;
    m->attachment_count = end - first;
}

static enum err read_channel(struct core *c, struct sql_conn *sql,
                             const struct message_slots *slots, struct arena *arena)
{
    struct attachment *all = NULL;
    size_t n = 0;
    enum err e = attachments_of(sql, slots->channel, slots->ids, arena, &all, &n);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        e = attachment_url_sign(c, sql, &all[i], arena);
    for (size_t i = 0; i < slots->count && e == ERR_OK; i++)
        if (slots->messages[i]->channel.v == slots->channel.v)
            give_to(slots->messages[i], all, n);
    return e;
}

enum err attachments_of_messages(struct core *c, struct sql_conn *sql,
                                 struct message *const *messages, size_t count, struct arena *arena)
{
    struct message_slots slots = {.messages = messages, .count = count};
    bool found = false;
    enum err e = message_slots_next(&slots, arena, &found);
    while (e == ERR_OK && found) {
        e = read_channel(c, sql, &slots, arena);
        if (e == ERR_OK)
            e = message_slots_next(&slots, arena, &found);
    }
    return e;
}

struct finding {
    uint64_t id;
    struct arena *arena;
    struct attachment *out;
};

static enum err find(struct tx *tx, void *ctx)
{
    const struct finding *x = ctx;
    return attachments_find(tx_sql(tx), x->id, x->arena, x->out);
}

enum err attachment_find(struct core *c, uint64_t id, struct arena *arena, struct attachment *out)
{
    struct finding x = {id, arena, out};
    return store_read(c->store, find, &x);
}
