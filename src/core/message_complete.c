/*
 * Making whole messages of rows. A page of a hundred could mean hundreds of look-ups: each kind of
 * thing is asked for once, for all messages and for those that they reply to, and messages.parts
 * says which kinds need not be asked for at all. With the page itself that makes six statements at
 * most, whatever it holds.
 */

#include <stdlib.h>

#include "base/limits.h"
#include "core/attachments.h"
#include "core/messages_priv.h"
#include "core/polls.h"
#include "core/reactions.h"
#include "store/id_list.h"
#include "store/users.h"

struct completion {
    struct core *core;
    struct sql_conn *sql;
    struct user_id reader;
    struct message_record *list;
    size_t count;
    struct message_record *replied; /* messages replied to, each once */
    size_t replied_count;
    struct arena *arena;
};

static bool is_reply(const struct message *m)
{
    return m->type == MESSAGE_TYPE_REPLY && m->reference.v != 0;
}

/* --- messages replied to ------------------------------------------------------------------------
 */

static const struct message *among(const struct message_record *list, size_t count,
                                   const struct message *reply)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].message.id.v == reply->reference.v &&
            list[i].message.channel.v == reply->channel.v)
            return &list[i].message;
    return NULL;
}

/* Replies are to messages of their own channel. The ids of those of list[from]'s channel that are
 * not on the page anyway: rows that belong to a message must find one of its id. */
static enum err ids_of_channel(struct completion *x, size_t from, struct slice *out)
{
    size_t n = 0;
    uint64_t *ids = arena_array(x->arena, x->count, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = from; i < x->count; i++) {
        const struct message *m = &x->list[i].message;
        bool seen = !is_reply(m) || m->channel.v != x->list[from].message.channel.v ||
                    among(x->list, x->count, m) != NULL;
        for (size_t k = 0; k < n && !seen; k++)
            seen = ids[k] == m->reference.v;
        if (!seen)
            ids[n++] = m->reference.v;
    }
    return id_list_pack(ids, n, x->arena, out);
}

/* Whether a reply before `i` was in the same channel. */
static bool channel_done(const struct completion *x, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (is_reply(&x->list[k].message) &&
            x->list[k].message.channel.v == x->list[i].message.channel.v)
            return true;
    return false;
}

/* One statement for each channel: one for a page of a channel, a few for what a search has found.
 */
static enum err read_replied(struct completion *x)
{
    enum err e = ERR_OK;
    size_t replies = 0;
    for (size_t i = 0; i < x->count; i++)
        replies += is_reply(&x->list[i].message);
    if (replies == 0)
        return ERR_OK;
    x->replied = arena_array(x->arena, replies, sizeof *x->replied);
    if (x->replied == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++) {
        struct slice ids;
        if (!is_reply(&x->list[i].message) || channel_done(x, i))
            continue;
        e = ids_of_channel(x, i, &ids);
        if (e == ERR_OK && ids.len > 0)
            e = messages_find_many(x->sql, x->list[i].message.channel, ids, x->arena, x->replied,
                                   &x->replied_count);
    }
    return e;
}

/* Of one that is on the page itself: a copy, which does not say what it replies to. */
static enum err link_one(struct completion *x, struct message *m)
{
    const struct message *found = among(x->replied, x->replied_count, m);
    const struct message *on_page = found == NULL ? among(x->list, x->count, m) : NULL;
    if (on_page != NULL) {
        struct message *copy = arena_alloc(x->arena, sizeof *copy);
        if (copy == NULL)
            return ERR_NO_MEMORY;
        *copy = *on_page;
        copy->referenced = NULL;
        copy->referenced_known = false;
        found = copy;
    }
    m->referenced = found;
    m->referenced_known = true;
    return ERR_OK;
}

static enum err link_replied(struct completion *x)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        if (is_reply(&x->list[i].message))
            e = link_one(x, &x->list[i].message);
    return e;
}

/* --- mentioned users ----------------------------------------------------------------------------
 */

struct people {
    struct user *list; /* ascending by id */
    size_t count;
};

static int by_id(const void *a, const void *b)
{
    const struct user *x = a;
    const struct user *y = b;
    return x->id.v < y->id.v ? -1 : x->id.v > y->id.v;
}

static size_t mention_total(const struct message_record *list, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += list[i].mention_count;
    return n;
}

static uint64_t *copy_ids(const struct message_record *list, size_t count, uint64_t *to)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < list[i].mention_count; k++)
            *to++ = list[i].mention_ids[k];
    }
    return to;
}

static enum err read_people(struct completion *x, size_t total, struct people *out)
{
    struct slice packed;
    uint64_t *ids = arena_array(x->arena, total, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    copy_ids(x->replied, x->replied_count, copy_ids(x->list, x->count, ids));
    enum err e = id_list_pack(ids, total, x->arena, &packed);
    if (e == ERR_OK)
        e = users_find_many(x->sql, packed, x->arena, &out->list, &out->count);
    if (e == ERR_OK && out->count > 1)
        qsort(out->list, out->count, sizeof *out->list, by_id);
    return e;
}

/* Those who are gone are left out. */
static enum err set_mentions(const struct people *people, struct message_record *r,
                             struct arena *arena)
{
    struct user *users = NULL;
    size_t n = 0;
    if (r->mention_count > 0 &&
        (users = arena_array(arena, r->mention_count, sizeof *users)) == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < r->mention_count; i++) {
        struct user key = {.id = {r->mention_ids[i]}};
        const struct user *u = people->count == 0
                                   ? NULL
                                   : bsearch(&key, people->list, people->count, sizeof key, by_id);
        if (u != NULL)
            users[n++] = *u;
    }
    r->message.mentions = users;
    r->message.mention_count = n;
    return ERR_OK;
}

static enum err complete_mentions(struct completion *x)
{
    struct people people = {0};
    size_t total = mention_total(x->list, x->count) + mention_total(x->replied, x->replied_count);
    enum err e = total > 0 ? read_people(x, total, &people) : ERR_OK;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = set_mentions(&people, &x->list[i], x->arena);
    for (size_t i = 0; i < x->replied_count && e == ERR_OK; i++)
        e = set_mentions(&people, &x->replied[i], x->arena);
    return e;
}

/* --- what has tables of its own -----------------------------------------------------------------
 */

/* The messages that have the part, in `to`. */
static size_t with_part(struct completion *x, unsigned part, struct message **to)
{
    size_t n = 0;
    for (size_t i = 0; i < x->count; i++)
        if (x->list[i].message.parts & part)
            to[n++] = &x->list[i].message;
    for (size_t i = 0; i < x->replied_count; i++)
        if (x->replied[i].message.parts & part)
            to[n++] = &x->replied[i].message;
    return n;
}

static enum err complete_parts(struct completion *x)
{
    struct message **some = arena_array(x->arena, x->count + x->replied_count, sizeof *some);
    if (some == NULL)
        return ERR_NO_MEMORY;
    enum err e = ERR_OK;
    size_t n = with_part(x, MESSAGE_PART_ATTACHMENTS, some);
    if (n > 0)
        e = attachments_of_messages(x->core, x->sql, some, n, x->arena);
    n = with_part(x, MESSAGE_PART_REACTIONS, some);
    if (e == ERR_OK && n > 0)
        e = reactions_of_messages(x->sql, x->reader, some, n, x->arena);
    n = with_part(x, MESSAGE_PART_POLL, some);
    if (e == ERR_OK && n > 0)
        e = polls_of_messages(x->sql, x->reader, some, n, x->arena);
    return e;
}

enum err messages_complete(struct core *c, struct sql_conn *sql, struct user_id reader,
                           struct message_record *list, size_t count, struct arena *arena)
{
    struct completion x = {
        .core = c, .sql = sql, .reader = reader, .list = list, .count = count, .arena = arena};
    if (count == 0)
        return ERR_OK;
    enum err e = read_replied(&x);
    if (e == ERR_OK)
        e = complete_mentions(&x);
    if (e == ERR_OK)
        e = complete_parts(&x);
    return e == ERR_OK ? link_replied(&x) : e;
}

enum err message_read(struct core *c, struct sql_conn *sql, struct user_id reader,
                      struct channel_id channel, struct message_id id, struct arena *arena,
                      struct message *out)
{
    struct message_record r;
    enum err e = messages_find(sql, channel, id, arena, &r);
    if (e == ERR_OK)
        e = messages_complete(c, sql, reader, &r, 1, arena);
    if (e == ERR_OK)
        *out = r.message;
    return e;
}
