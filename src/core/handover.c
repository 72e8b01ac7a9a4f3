/* Gateway sessions over a restart (handover.h). */

#include "core/handover.h"

#include "core/core_priv.h"
#include "store/members.h"

enum { PAGE_BYTES = 4 * 1024 * 1024 };

struct put {
    unsigned worker;
    const struct gateway_session_row *sessions;
    size_t session_count;
    const struct gateway_payload_row *payloads;
    size_t payload_count;
};

static enum err put_rows(struct tx *tx, void *ctx)
{
    const struct put *p = ctx;
    enum err e = ERR_OK;
    for (size_t i = 0; i < p->payload_count && e == ERR_OK; i++)
        e = gateway_payloads_insert(tx_sql(tx), p->worker, &p->payloads[i]);
    for (size_t i = 0; i < p->session_count && e == ERR_OK; i++)
        e = gateway_sessions_insert(tx_sql(tx), p->worker, &p->sessions[i]);
    return e;
}

enum err handover_put(struct core *c, unsigned worker, const struct gateway_session_row *sessions,
                      size_t session_count, const struct gateway_payload_row *payloads,
                      size_t payload_count)
{
    struct put p = {worker, sessions, session_count, payloads, payload_count};
    return store_write(c->store, put_rows, &p);
}

struct page {
    unsigned worker;
    uint32_t from;
    struct arena *arena;
    struct gateway_session_row *sessions;
    struct gateway_payload_row *payloads;
    size_t count;
};

static enum err read_sessions(struct tx *tx, void *ctx)
{
    struct page *p = ctx;
    return gateway_sessions_page(tx_sql(tx), p->worker, p->from, tx_now_ms(tx), PAGE_BYTES,
                                 p->arena, p->sessions, &p->count);
}

enum err handover_sessions(struct core *c, unsigned worker, uint32_t from, struct arena *arena,
                           struct gateway_session_row rows[GATEWAY_ROWS_PAGE], size_t *count)
{
    struct page p = {.worker = worker, .from = from, .arena = arena, .sessions = rows};
    enum err e = store_read(c->store, read_sessions, &p);
    *count = e == ERR_OK ? p.count : 0;
    return e;
}

static enum err read_payloads(struct tx *tx, void *ctx)
{
    struct page *p = ctx;
    return gateway_payloads_page(tx_sql(tx), p->worker, p->from, PAGE_BYTES, p->arena, p->payloads,
                                 &p->count);
}

enum err handover_payloads(struct core *c, unsigned worker, uint32_t from, struct arena *arena,
                           struct gateway_payload_row rows[GATEWAY_ROWS_PAGE], size_t *count)
{
    struct page p = {.worker = worker, .from = from, .arena = arena, .payloads = rows};
    enum err e = store_read(c->store, read_payloads, &p);
    *count = e == ERR_OK ? p.count : 0;
    return e;
}

struct clearing {
    unsigned worker;
    bool more;
};

static enum err clear_sessions(struct tx *tx, void *ctx)
{
    const struct clearing *x = ctx;
    return gateway_sessions_clear(tx_sql(tx), x->worker, tx_now_ms(tx));
}

static enum err clear_payloads(struct tx *tx, void *ctx)
{
    struct clearing *x = ctx;
    return gateway_payloads_clear(tx_sql(tx), x->worker, tx_now_ms(tx), &x->more);
}

enum err handover_clear(struct core *c, unsigned worker)
{
    struct clearing x = {.worker = worker, .more = true};
    enum err e = store_write(c->store, clear_sessions, &x);
    while (e == ERR_OK && x.more)
        e = store_write(c->store, clear_payloads, &x);
    return e;
}

struct standing_read {
    const struct token_id *token;
    struct arena *arena;
    struct session_standing out;
};

static enum err read_standing(struct tx *tx, void *ctx)
{
    struct standing_read *x = ctx;
    struct member *members = NULL;
    size_t count = 0;
    enum err e = tokens_principal(tx_sql(tx), x->token, &x->out.who);
    if (e == ERR_OK)
        e = tx_stream_head(tx, core_user_stream(x->out.who.user), &x->out.user_position);
    if (e == ERR_OK)
        e = members_of_user(tx_sql(tx), x->out.who.user, x->arena, &members, &count);
    if (e != ERR_OK)
        return e;
    struct membership *list = arena_array(x->arena, count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        list[i] = (struct membership){.guild = members[i].guild, .member = members[i]};
        e = tx_stream_head(tx, core_guild_stream(list[i].guild), &list[i].position);
    }
    x->out.memberships = list;
    x->out.membership_count = count;
    return e;
}

enum err session_standing_load(struct core *c, const struct token_id *token, struct arena *arena,
                               struct session_standing *out)
{
    struct standing_read x = {.token = token, .arena = arena};
    enum err e = store_read(c->store, read_standing, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}
