/* The audit log, read by pages. An entry names ids; whoever shows it wants the names, so that a
 * page comes with what its entries speak of. */

#include "base/limits.h"
#include "core/audit.h"
#include "core/audit_priv.h"
#include "core/automod_priv.h"
#include "core/core_priv.h"
#include "store/integrations.h"
#include "store/scheduled_events.h"
#include "store/users.h"

/* An entry has a user and a target. */
enum { TEXT_BYTES_MAX = AUDIT_PAGE_BYTES / 2, IDS_MAX = 2 * LIMIT_AUDIT_PAGE };

struct audit_entry audit_entry_of(const struct audit_row *r)
{
    return (struct audit_entry){.id = r->id,
                                .guild = r->guild,
                                .user = r->user,
                                .target = r->target,
                                .action = (enum audit_action)r->action,
                                .options = r->options,
                                .changes = r->changes,
                                .reason = r->reason};
}

/* What the target of an action is, as far as pages come with it. */
enum target {
    TARGET_OTHER,
    TARGET_USER,
    TARGET_INTEGRATION,
    TARGET_SCHEDULED_EVENT,
    TARGET_AUTOMOD_RULE
};

static enum target target_of(enum audit_action action)
{
    switch (action) {
    case AUDIT_MEMBER_KICK:
    case AUDIT_BAN_ADD:
    case AUDIT_BAN_REMOVE:
    case AUDIT_MEMBER_UPDATE:
    case AUDIT_MEMBER_ROLE_UPDATE:
    case AUDIT_BOT_ADD:
    case AUDIT_MESSAGE_DELETE:
    case AUDIT_AUTOMOD_BLOCK:
    case AUDIT_AUTOMOD_ALERT:
    case AUDIT_AUTOMOD_TIMEOUT:
        return TARGET_USER;
    case AUDIT_INTEGRATION_CREATE:
    case AUDIT_INTEGRATION_UPDATE:
    case AUDIT_INTEGRATION_DELETE:
        return TARGET_INTEGRATION;
    case AUDIT_SCHEDULED_EVENT_CREATE:
    case AUDIT_SCHEDULED_EVENT_UPDATE:
    case AUDIT_SCHEDULED_EVENT_DELETE:
        return TARGET_SCHEDULED_EVENT;
    case AUDIT_AUTOMOD_RULE_CREATE:
    case AUDIT_AUTOMOD_RULE_UPDATE:
    case AUDIT_AUTOMOD_RULE_DELETE:
        return TARGET_AUTOMOD_RULE;
    default:
        return TARGET_OTHER;
    }
}

struct id_set {
    uint64_t list[IDS_MAX];
    size_t count;
};

static void add(struct id_set *set, uint64_t id)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i] == id)
            return;
    if (id != 0)
        set->list[set->count++] = id;
}

/* The ids of one kind that the entries name. */
static void collect(const struct audit_page *p, enum target kind, struct id_set *out)
{
    out->count = 0;
    for (size_t i = 0; i < p->entry_count; i++) {
        if (kind == TARGET_USER)
            add(out, p->entries[i].user);
        if (target_of(p->entries[i].action) == kind)
            add(out, p->entries[i].target);
    }
}

struct page_read {
    struct guild_id guild;
    const struct audit_query *q;
    struct arena *arena;
    struct audit_page page;
};

static enum err read_entries(struct sql_conn *sql, struct page_read *x)
{
    const struct audit_query *q = x->q;
    const struct audit_filter f = {q->user,  q->target,       q->action, q->before,
                                   q->after, q->oldest_first, q->limit};
    struct audit_row rows[LIMIT_AUDIT_PAGE];
    size_t count = 0;
    enum err e = audit_list(sql, x->guild, &f, TEXT_BYTES_MAX, x->arena, rows, &count);
    if (e != ERR_OK)
        return e;
    x->page.entries = arena_array(x->arena, count, sizeof *x->page.entries);
    if (x->page.entries == NULL && count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        x->page.entries[i] = audit_entry_of(&rows[i]);
    x->page.entry_count = count;
    return ERR_OK;
}

static enum err read_users(struct sql_conn *sql, struct page_read *x, const struct id_set *ids)
{
    struct audit_page *p = &x->page;
    p->users = arena_array(x->arena, ids->count, sizeof *p->users);
    if (p->users == NULL && ids->count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < ids->count; i++) {
        enum err e =
            users_find(sql, (struct user_id){ids->list[i]}, x->arena, &p->users[p->user_count]);
        if (e == ERR_OK)
            p->user_count++;
        else if (e != ERR_UNKNOWN_USER)
            return e;
    }
    return ERR_OK;
}

static enum err read_integrations(struct sql_conn *sql, struct page_read *x,
                                  const struct id_set *ids)
{
    struct audit_page *p = &x->page;
    p->integrations = arena_array(x->arena, ids->count, sizeof *p->integrations);
    if (p->integrations == NULL && ids->count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < ids->count; i++) {
        enum err e = integrations_find(sql, x->guild, ids->list[i], x->arena,
                                       &p->integrations[p->integration_count]);
        if (e == ERR_OK)
            p->integration_count++;
        else if (e != ERR_UNKNOWN_INTEGRATION)
            return e;
    }
    return ERR_OK;
}

static enum err read_scheduled(struct sql_conn *sql, struct page_read *x, const struct id_set *ids)
{
    struct audit_page *p = &x->page;
    p->scheduled = arena_array(x->arena, ids->count, sizeof *p->scheduled);
    if (p->scheduled == NULL && ids->count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < ids->count; i++) {
        enum err e = scheduled_events_find(sql, x->guild, (struct scheduled_event_id){ids->list[i]},
                                           x->arena, &p->scheduled[p->scheduled_count]);
        if (e == ERR_OK)
            p->scheduled_count++;
        else if (e != ERR_UNKNOWN_SCHEDULED_EVENT)
            return e;
    }
    return ERR_OK;
}

static enum err read_rule(struct sql_conn *sql, struct page_read *x, uint64_t id)
{
    struct audit_page *p = &x->page;
    struct automod_row row;
    enum err e = automod_rules_find(sql, x->guild, (struct rule_id){id}, x->arena, &row);
    if (e == ERR_UNKNOWN_AUTOMOD_RULE)
        return ERR_OK;
    if (e == ERR_OK)
        e = automod_rule_of(&row, x->arena, &p->rules[p->rule_count]);
    if (e == ERR_OK)
        p->rule_count++;
    return e;
}

static enum err read_rules(struct sql_conn *sql, struct page_read *x, const struct id_set *ids)
{
    enum err e = ERR_OK;
    x->page.rules = arena_array(x->arena, ids->count, sizeof *x->page.rules);
    if (x->page.rules == NULL && ids->count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < ids->count && e == ERR_OK; i++)
        e = read_rule(sql, x, ids->list[i]);
    return e;
}

static enum err read_page(struct tx *tx, void *ctx)
{
    struct page_read *x = ctx;
    struct id_set ids;
    arena_reset(x->arena);
    x->page = (struct audit_page){0};
    enum err e = read_entries(tx_sql(tx), x);
    if (e != ERR_OK)
        return e;
    collect(&x->page, TARGET_USER, &ids);
    e = read_users(tx_sql(tx), x, &ids);
    collect(&x->page, TARGET_INTEGRATION, &ids);
    if (e == ERR_OK)
        e = read_integrations(tx_sql(tx), x, &ids);
    collect(&x->page, TARGET_SCHEDULED_EVENT, &ids);
    if (e == ERR_OK)
        e = read_scheduled(tx_sql(tx), x, &ids);
    collect(&x->page, TARGET_AUTOMOD_RULE, &ids);
    return e == ERR_OK ? read_rules(tx_sql(tx), x, &ids) : e;
}

enum err audit_page_load(struct core *c, struct guild_id guild, const struct audit_query *q,
                         struct arena *arena, struct audit_page *out)
{
    struct page_read x = {.guild = guild, .q = q, .arena = arena};
    enum err e = store_read(c->store, read_page, &x);
    if (e == ERR_OK)
        *out = x.page;
    return e;
}
