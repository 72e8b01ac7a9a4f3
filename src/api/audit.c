/* The audit log. */

#include "core/audit.h"

#include "api/handlers.h"
#include "proto/automod.h"
#include "proto/integration.h"
#include "proto/scheduled_event.h"
#include "proto/user.h"

enum { PAGE_DEFAULT = 50, ACTION_MAX = 1000 };

static void write_entries(struct json_writer *w, const struct audit_page *p)
{
    json_key(w, "audit_log_entries");
    json_array_begin(w);
    for (size_t i = 0; i < p->entry_count; i++)
        proto_audit_entry(w, &p->entries[i]);
    json_array_end(w);
}

static void write_people(struct json_writer *w, const struct audit_page *p)
{
    json_key(w, "users");
    json_array_begin(w);
    for (size_t i = 0; i < p->user_count; i++)
        proto_user(w, &p->users[i]);
    json_array_end(w);
    json_key(w, "integrations");
    json_array_begin(w);
    for (size_t i = 0; i < p->integration_count; i++)
        proto_integration_partial(w, &p->integrations[i]);
    json_array_end(w);
}

static void write_plans(struct json_writer *w, const struct audit_page *p)
{
    static const struct scheduled_event_extras plain = {NULL, false};
    json_key(w, "guild_scheduled_events");
    json_array_begin(w);
    for (size_t i = 0; i < p->scheduled_count; i++)
        proto_scheduled_event(w, &p->scheduled[i], &plain);
    json_array_end(w);
    json_key(w, "auto_moderation_rules");
    json_array_begin(w);
    for (size_t i = 0; i < p->rule_count; i++)
        proto_automod_rule(w, &p->rules[i]);
    json_array_end(w);
}

/* What this server does not have has nothing to show: webhooks, threads, commands. */
static void write_page(struct json_writer *w, const struct audit_page *p)
{
    json_object_begin(w);
    write_entries(w, p);
    write_people(w, p);
    write_plans(w, p);
    json_kv_raw(w, "webhooks", "[]");
    json_kv_raw(w, "threads", "[]");
    json_kv_raw(w, "application_commands", "[]");
    json_object_end(w);
}

static enum err read_query(struct request *r, struct audit_query *q)
{
    int64_t limit = PAGE_DEFAULT;
    int64_t action = 0;
    request_query_id(r, "user_id", &q->user);
    request_query_id(r, "target_id", &q->target);
    request_query_int(r, "action_type", 1, ACTION_MAX, &action);
    request_query_id(r, "before", &q->before);
    request_query_id(r, "after", &q->after);
    /* Also with 0, which is how libraries ask for the log from its beginning. */
    q->oldest_first = request_query(r, "after").data != NULL;
    request_query_int(r, "limit", 1, LIMIT_AUDIT_PAGE, &limit);
    q->action = (int)action;
    q->limit = (size_t)limit;
    return request_form_ok(r);
}

/* An arena of its own: entries may be longer than what a request usually holds. */
enum err route_audit_list(struct request *r)
{
    struct audit_query q = {0};
    struct audit_page page;
    struct arena arena;
    enum err e = read_query(r, &q);
    if (e != ERR_OK)
        return e;
    arena_init(&arena, MEM_API, AUDIT_PAGE_BYTES);
    e = audit_page_load(request_core(r), r->access.view->guild.id, &q, &arena, &page);
    if (e == ERR_OK)
        write_page(reply_json(r), &page);
    arena_deinit(&arena);
    return e;
}
