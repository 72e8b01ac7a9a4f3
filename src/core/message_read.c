/* Reading messages: one, and pages of a channel. message_complete.c makes them whole. */

#include "base/limits.h"
#include "core/messages_priv.h"

bool message_is_guarded(const struct principal *who, const struct message *m)
{
    if (!who->bot || (who->application_flags & APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT) ||
        m->guild.v == 0 || m->author.id.v == who->user.v)
        return false;
    for (size_t i = 0; i < m->mention_count && m->reference_type != REFERENCE_FORWARD; i++)
        if (m->mentions[i].id.v == who->user.v)
            return false;
    return true;
}

enum message_shown message_shown(const struct principal *who, const struct message *m)
{
    if (message_is_guarded(who, m))
        return MESSAGE_SHOWN_BLANK;
    bool blank = m->referenced != NULL && message_is_guarded(who, m->referenced);
    return blank ? MESSAGE_SHOWN_OWN : MESSAGE_SHOWN_WHOLE;
}

struct one_read {
    struct core *core;
    struct user_id reader;
    struct channel_id channel;
    struct message_id id;
    struct arena *arena;
    struct message *out;
};

static enum err read_one(struct tx *tx, void *ctx)
{
    struct one_read *x = ctx;
    return message_read(x->core, tx_sql(tx), x->reader, x->channel, x->id, x->arena, x->out);
}

enum err message_get(struct core *c, const struct access *a, struct message_id id,
                     struct arena *arena, struct message *out)
{
    struct message m;
    struct one_read x = {c, a->member.user.id, a->channel->id, id, arena, &m};
    enum err e = store_read(c->store, read_one, &x);
    if (e == ERR_OK)
        *out = m;
    return e;
}

struct page_read {
    struct core *core;
    struct user_id reader;
    struct channel_id channel;
    const struct message_page *page;
    size_t limit;
    struct arena *arena;
    struct message_record *records; /* room for limit */
    struct message *list;
    size_t count;
};

static void reverse(struct message_record *list, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct message_record kept = list[i];
        list[i] = list[count - 1 - i];
        list[count - 1 - i] = kept;
    }
}

/* Newest first for the client. `around`: one half of the page is older than the message, the
 * message itself is in the other. */
static enum err read_records(struct sql_conn *sql, struct page_read *x)
{
    const struct message_page *p = x->page;
    x->count = 0;
    if (p->around.v != 0)
        return messages_around(sql, x->channel, p->around.v, x->limit / 2, x->limit - x->limit / 2,
                               x->arena, x->records, &x->count);
    if (p->after.v == 0)
        return messages_before(sql, x->channel, p->before.v != 0 ? p->before.v : UINT64_MAX,
                               x->limit, x->arena, x->records, &x->count);
    uint64_t from = p->after.v < UINT64_MAX ? p->after.v + 1 : p->after.v;
    enum err e = messages_from(sql, x->channel, from, x->limit, x->arena, x->records, &x->count);
    reverse(x->records, x->count);
    return e;
}

static enum err read_page(struct tx *tx, void *ctx)
{
    struct page_read *x = ctx;
    enum err e = read_records(tx_sql(tx), x);
    if (e == ERR_OK)
        e = messages_complete(x->core, tx_sql(tx), x->reader, x->records, x->count, x->arena);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        x->list[i] = x->records[i].message;
    return e;
}

enum err message_list(struct core *c, const struct access *a, const struct message_page *page,
                      struct arena *arena, struct message **out, size_t *count)
{
    struct page_read x = {.core = c,
                          .reader = a->member.user.id,
                          .channel = a->channel->id,
                          .page = page,
                          .arena = arena};
    x.limit = page->limit < 1 ? 1 : page->limit;
    if (x.limit > LIMIT_MESSAGES_PAGE)
        x.limit = LIMIT_MESSAGES_PAGE;
    x.records = arena_array(arena, x.limit, sizeof *x.records);
    x.list = arena_array(arena, x.limit, sizeof *x.list);
    if (x.records == NULL || x.list == NULL)
        return ERR_NO_MEMORY;
    /* As Discord: without the permission there is no history, which is no error. */
    enum err e = (a->permissions & PERMISSION_READ_MESSAGE_HISTORY)
                     ? store_read(c->store, read_page, &x)
                     : ERR_OK;
    if (e == ERR_OK) {
        *out = x.list;
        *count = x.count;
    }
    return e;
}
