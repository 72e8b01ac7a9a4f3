/* Pages of members for the gateway: in one read transaction with the position that they are of, so
 * that whoever sends them knows which events came after. */

#include "core/member_pages.h"

#include <assert.h>

#include "core/core_priv.h"
#include "store/guilds.h"
#include "store/id_list.h"
#include "store/member_list.h"
#include "store/member_names.h"

struct page_read {
    const struct member_query *q;
    struct slice packed; /* ids */
    struct slice prefix; /* folded */
    struct arena *arena;
    struct member_page out;
};

static enum err read_members(struct tx *tx, struct page_read *x)
{
    const struct member_query *q = x->q;
    struct member_page *p = &x->out;
    switch (q->kind) {
    case MEMBERS_AFTER:
        return members_page(tx_sql(tx), q->guild, q->after, q->limit, x->arena, &p->list,
                            &p->count);
    case MEMBERS_NAMED:
        return members_named(tx_sql(tx), q->guild, x->prefix, q->limit, x->arena, &p->list,
                             &p->count);
    case MEMBERS_AMONG:
        if (q->id_count == 0)
            return ERR_OK;
        return members_among(tx_sql(tx), q->guild, x->packed, x->arena, &p->list, &p->count);
    }
    return ERR_OK;
}

static enum err read_page(struct tx *tx, void *ctx)
{
    struct page_read *x = ctx;
    x->out = (struct member_page){0};
    enum err e = tx_stream_head(tx, core_guild_stream(x->q->guild), &x->out.position);
    if (e == ERR_OK && x->q->counted)
        e = guilds_member_count(tx_sql(tx), x->q->guild, &x->out.member_count);
    return e == ERR_OK ? read_members(tx, x) : e;
}

enum err member_page_read(struct core *c, const struct member_query *q, struct arena *arena,
                          struct member_page *out)
{
    assert(q->id_count <= MEMBER_QUERY_IDS);
    struct page_read x = {.q = q, .arena = arena};
    enum err e = ERR_OK;
    if (q->kind == MEMBERS_AMONG && q->id_count > 0)
        e = id_list_pack(q->ids, q->id_count, arena, &x.packed);
    if (q->kind == MEMBERS_NAMED) {
        x.prefix = member_name_fold(q->prefix, arena);
        e = x.prefix.data == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    if (e == ERR_OK)
        e = store_read(c->store, read_page, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}
