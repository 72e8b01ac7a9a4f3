/*
 * Recent mentions, in three steps: the newest rows that mention the user, which of their channels
 * the user may read (that is a question to views, outside of the transaction), and the messages.
 */

#include "core/recent_mentions.h"

#include <stdlib.h>

#include "base/limits.h"
#include "core/access.h"
#include "core/messages_priv.h"
#include "proto/read_state.h"
#include "store/id_list.h"
#include "store/members.h"
#include "store/read_states.h"
#include "store/rows.h"

enum { LOOKED_AT = 4, ROLES_LOOKED_AT = 50 };

struct listing {
    struct core *core;
    struct user_id user;
    const struct mention_query *q;
    struct arena *arena;
    struct rows rows; /* struct mention_row, then without those they may not read */
    struct message_record *messages;
    size_t message_count;
};

static uint64_t before_of(const struct listing *x)
{
    return x->q->before != 0 ? x->q->before : INT64_MAX;
}

static enum err keep(struct listing *x, const struct mention_row *list, size_t count,
                     struct guild_id guild)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t in = guild.v != 0 ? guild.v : list[i].guild.v;
        if (list[i].author.v == x->user.v || (x->q->guild.v != 0 && x->q->guild.v != in))
            continue;
        struct mention_row *row = rows_push(&x->rows, x->arena, sizeof *row);
        if (row == NULL)
            return ERR_NO_MEMORY;
        *row = list[i];
    }
    return ERR_OK;
}

static enum err take_role(struct tx *tx, struct listing *x, uint64_t role, struct guild_id guild)
{
    struct mention_row *list = NULL;
    size_t count = 0;
    enum err e =
        mentions_of_role(tx_sql(tx), role, 0, before_of(x), x->q->limit, x->arena, &list, &count);
    return e == ERR_OK ? keep(x, list, count, guild) : e;
}

/* Of those of the member's roles that are asked about. */
static enum err take_roles(struct tx *tx, struct listing *x, const struct member *m)
{
    enum err e = ERR_OK;
    if (x->q->guild.v != 0 && x->q->guild.v != m->guild.v)
        return ERR_OK;
    if (x->q->everyone)
        e = take_role(tx, x, m->guild.v, m->guild);
    for (size_t i = 0; x->q->roles && i < m->role_count && i < ROLES_LOOKED_AT && e == ERR_OK; i++)
        e = take_role(tx, x, m->roles[i].v, m->guild);
    return e;
}

static enum err read_rows(struct tx *tx, void *ctx)
{
    struct listing *x = ctx;
    struct mention_row *list = NULL;
    struct member *members = NULL;
    size_t count = 0;
    size_t member_count = 0;
    x->rows = (struct rows){0};
    enum err e = mentions_of_user(tx_sql(tx), x->user, before_of(x),
                                  (size_t)x->q->limit * LOOKED_AT, x->arena, &list, &count);
    if (e == ERR_OK)
        e = keep(x, list, count, (struct guild_id){0});
    if (e == ERR_OK && (x->q->roles || x->q->everyone))
        e = members_of_user(tx_sql(tx), x->user, x->arena, &members, &member_count);
    for (size_t i = 0; i < member_count && e == ERR_OK; i++)
        e = take_roles(tx, x, &members[i]);
    return e;
}

static int newest_first(const void *a, const void *b)
{
    const struct mention_row *x = a;
    const struct mention_row *y = b;
    if (x->message.v != y->message.v)
        return x->message.v > y->message.v ? -1 : 1;
    return 0;
}

static bool may_read(struct core *c, const struct principal *who, struct channel_id channel,
                     struct arena *arena)
{
    struct access a = {.view = NULL};
    bool may = access_channel(c, who, channel, arena, &a) == ERR_OK &&
               (a.permissions & PERMISSION_READ_MESSAGE_HISTORY) != 0;
    access_end(&a);
    return may;
}

/* The rows that stay, in order, each message once, and no more than are asked for. */
static void choose(struct listing *x, const struct principal *who)
{
    struct mention_row *list = x->rows.items;
    size_t kept = 0;
    if (x->rows.count > 1)
        qsort(list, x->rows.count, sizeof *list, newest_first);
    for (size_t i = 0; i < x->rows.count && kept < x->q->limit; i++) {
        bool again = i > 0 && list[i].message.v == list[i - 1].message.v;
        struct mention_row row = list[i];
        if (!again && may_read(x->core, who, row.channel, x->arena))
            list[kept++] = row;
    }
    x->rows.count = kept;
}

static enum err read_messages(struct tx *tx, void *ctx)
{
    struct listing *x = ctx;
    const struct mention_row *list = x->rows.items;
    x->message_count = 0;
    for (size_t i = 0; i < x->rows.count; i++) {
        enum err e = messages_find(tx_sql(tx), list[i].channel, list[i].message, x->arena,
                                   &x->messages[x->message_count]);
        if (e != ERR_OK && e != ERR_UNKNOWN_MESSAGE)
            return e;
        x->message_count += e == ERR_OK;
    }
    return messages_complete(x->core, tx_sql(tx), x->user, x->messages, x->message_count, x->arena);
}

enum err recent_mentions_list(struct core *c, const struct principal *who,
                              const struct mention_query *q, struct arena *arena,
                              struct message **out, size_t *count)
{
    struct listing x = {.core = c, .user = who->user, .q = q, .arena = arena};
    enum err e = store_read(c->store, read_rows, &x);
    if (e != ERR_OK)
        return e;
    choose(&x, who);
    x.messages = arena_array(arena, x.rows.count + 1, sizeof *x.messages);
    struct message *list = arena_array(arena, x.rows.count + 1, sizeof *list);
    if (x.messages == NULL || list == NULL)
        return ERR_NO_MEMORY;
    e = store_read(c->store, read_messages, &x);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < x.message_count; i++)
        list[i] = x.messages[i].message;
    *out = list;
    *count = x.message_count;
    return ERR_OK;
}

struct removal {
    const struct actor *by;
    struct message_id message;
};

static enum err remove_mention(struct tx *tx, void *ctx)
{
    const struct removal *x = ctx;
    struct user_id user = x->by->who->user;
    struct channel_id channel = {0};
    enum err e = tx_lock(tx, core_user_stream(user));
    if (e == ERR_OK)
        e = mentions_delete(tx_sql(tx), user, x->message, &channel);
    if (e == ERR_OK && channel.v == 0)
        e = ERR_UNKNOWN_MESSAGE;
    return e == ERR_OK
               ? core_emit(tx, event_recent_mention_delete(user, channel, x->message), x->by)
               : e;
}

enum err recent_mention_delete(struct core *c, const struct actor *by, struct message_id message)
{
    struct removal x = {by, message};
    return store_write(c->store, remove_mention, &x);
}
