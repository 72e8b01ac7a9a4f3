/* Reading messages. Rows hold ids of mentioned users and of the message replied to; both are looked
 * up as they are now. */

#include "base/limits.h"
#include "core/messages_priv.h"
#include "store/users.h"

/* Mentioned users who are gone are left out. */
static enum err complete_mentions(struct sql_conn *sql, const struct message_record *r,
                                  struct arena *arena, struct message *m)
{
    struct user *users = NULL;
    size_t n = 0;
    if (r->mention_count > 0 &&
        (users = arena_array(arena, r->mention_count, sizeof *users)) == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < r->mention_count; i++) {
        enum err e = users_find(sql, (struct user_id){r->mention_ids[i]}, arena, &users[n]);
        if (e == ERR_OK)
            users[n++].email = LOG_NONE; /* for the user's own eyes only */
        else if (e != ERR_UNKNOWN_USER)
            return e;
    }
    m->mentions = users;
    m->mention_count = n;
    return ERR_OK;
}

static enum err complete_reference(struct sql_conn *sql, struct arena *arena, struct message *m)
{
    struct message_record r;
    m->referenced_known = true;
    enum err e = messages_find(sql, m->channel, m->reference, arena, &r);
    if (e == ERR_UNKNOWN_MESSAGE)
        return ERR_OK;
    struct message *referenced = e == ERR_OK ? arena_alloc(arena, sizeof *referenced) : NULL;
    if (e == ERR_OK && referenced == NULL)
        e = ERR_NO_MEMORY;
    if (e == ERR_OK)
        e = message_complete(sql, &r, false, arena, referenced);
    m->referenced = referenced;
    return e;
}

enum err message_complete(struct sql_conn *sql, const struct message_record *r, bool with_reference,
                          struct arena *arena, struct message *out)
{
    *out = r->message;
    enum err e = complete_mentions(sql, r, arena, out);
    if (e == ERR_OK && with_reference && out->reference.v != 0)
        e = complete_reference(sql, arena, out);
    return e;
}

enum err message_read(struct sql_conn *sql, struct channel_id channel, struct message_id id,
                      struct arena *arena, struct message *out)
{
    struct message_record r;
    enum err e = messages_find(sql, channel, id, arena, &r);
    return e == ERR_OK ? message_complete(sql, &r, true, arena, out) : e;
}

struct one_read {
    struct channel_id channel;
    struct message_id id;
    struct arena *arena;
    struct message *out;
};

static enum err read_one(struct tx *tx, void *ctx)
{
    struct one_read *x = ctx;
    return message_read(tx_sql(tx), x->channel, x->id, x->arena, x->out);
}

enum err message_get(struct core *c, const struct access *a, struct message_id id,
                     struct arena *arena, struct message *out)
{
    struct message m;
    struct one_read x = {a->channel->id, id, arena, &m};
    enum err e = store_read(c->store, read_one, &x);
    if (e == ERR_OK)
        *out = m;
    return e;
}

struct page_read {
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

/* Oldest first from the store, newest first for the client. `around`: one half of the page is older
 * than the message, the message itself is in the other. */
static enum err read_records(struct sql_conn *sql, struct page_read *x)
{
    const struct message_page *p = x->page;
    x->count = 0;
    if (p->after.v != 0 || p->around.v != 0) {
        size_t older = p->after.v != 0 ? 0 : x->limit / 2;
        uint64_t from = p->after.v == 0 ? p->around.v : p->after.v;
        if (p->after.v != 0 && from < UINT64_MAX)
            from++;
        enum err e =
            messages_from(sql, x->channel, from, x->limit - older, x->arena, x->records, &x->count);
        reverse(x->records, x->count);
        if (e != ERR_OK || older == 0)
            return e;
        return messages_before(sql, x->channel, from, older, x->arena, x->records, &x->count);
    }
    return messages_before(sql, x->channel, p->before.v != 0 ? p->before.v : UINT64_MAX, x->limit,
                           x->arena, x->records, &x->count);
}

static enum err read_page(struct tx *tx, void *ctx)
{
    struct page_read *x = ctx;
    enum err e = read_records(tx_sql(tx), x);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = message_complete(tx_sql(tx), &x->records[i], true, x->arena, &x->list[i]);
    return e;
}

enum err message_list(struct core *c, const struct access *a, const struct message_page *page,
                      struct arena *arena, struct message **out, size_t *count)
{
    struct page_read x = {.channel = a->channel->id, .page = page, .arena = arena};
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
