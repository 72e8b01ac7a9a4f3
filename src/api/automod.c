/* AutoMod rules. */

#include "core/automod.h"

#include "api/handlers.h"
#include "proto/automod.h"

/* Each id once. */
static enum err take_ids(struct request *r, const struct body_array *from, uint64_t **out,
                         size_t *count)
{
    const struct body_id_item *items = from->items;
    size_t n = 0;
    uint64_t *ids = arena_array(&r->arena, from->count + 1, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++) {
        size_t k = 0;
        while (k < n && ids[k] != items[i].value)
            k++;
        if (k == n)
            ids[n++] = items[i].value;
    }
    *out = ids;
    *count = n;
    return ERR_OK;
}

_Static_assert(sizeof(struct role_id) == sizeof(uint64_t), "ids are lists of integers");
_Static_assert(sizeof(struct channel_id) == sizeof(uint64_t), "ids are lists of integers");

static enum err take_exempt(struct request *r, const struct body_automod_rule *body,
                            struct automod_rule *out)
{
    uint64_t *roles = NULL;
    uint64_t *channels = NULL;
    enum err e = take_ids(r, &body->exempt_roles, &roles, &out->exempt_role_count);
    if (e == ERR_OK)
        e = take_ids(r, &body->exempt_channels, &channels, &out->exempt_channel_count);
    out->exempt_roles = (const struct role_id *)(const void *)roles;
    out->exempt_channels = (const struct channel_id *)(const void *)channels;
    return e;
}

/* What was sent; null stands for nothing of it, and for a name or a list of actions it is refused
 * by the shape. */
static unsigned parts_of(const struct body_automod_rule *body)
{
    static const unsigned parts[] = {
        [BODY_AUTOMOD_NAME] = AUTOMOD_PART_NAME,
        [BODY_AUTOMOD_EVENT] = AUTOMOD_PART_EVENT,
        [BODY_AUTOMOD_TERMS] = AUTOMOD_PART_TERMS,
        [BODY_AUTOMOD_ACTIONS] = AUTOMOD_PART_ACTIONS,
        [BODY_AUTOMOD_ENABLED] = AUTOMOD_PART_ENABLED,
        [BODY_AUTOMOD_ROLES] = AUTOMOD_PART_ROLES,
        [BODY_AUTOMOD_CHANNELS] = AUTOMOD_PART_CHANNELS,
    };
    unsigned sent = 0;
    for (unsigned bit = 0; bit < sizeof parts / sizeof *parts; bit++)
        if (BODY_SENT(*body, bit))
            sent |= parts[bit];
    return sent;
}

static enum err draft_of(struct request *r, struct automod_draft *d)
{
    const struct body_automod_rule *body = r->body;
    *d = (struct automod_draft){
        .parts = parts_of(body),
        .rule = {.name = body->name,
                 .event = (enum automod_event)body->event_type,
                 .trigger = (enum automod_trigger)body->trigger_type,
                 .enabled = body->enabled},
    };
    proto_automod_take_actions(&body->actions, &d->rule);
    enum err e = proto_automod_take_terms(&body->trigger_metadata, &r->arena, &d->rule.terms);
    return e == ERR_OK ? take_exempt(r, body, &d->rule) : e;
}

static enum err answer(struct request *r, enum err e, const struct draft_problem *problem,
                       const struct automod_rule *rule)
{
    if (e == ERR_INVALID_FORM && problem->field != NULL)
        request_form_error(r, problem->field, problem->code, problem->message);
    if (e == ERR_OK)
        proto_automod_rule(reply_json(r), rule);
    return e;
}

enum err route_automod_list(struct request *r)
{
    struct automod_rule *rules = NULL;
    size_t count = 0;
    enum err e = automod_rule_list(request_core(r), &r->access, &r->arena, &rules, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_automod_rule(w, &rules[i]);
    json_array_end(w);
    return ERR_OK;
}

/* All parts are meant: what was not sent is what a new rule begins with. */
enum err route_automod_create(struct request *r)
{
    struct automod_draft draft;
    struct automod_rule rule;
    struct draft_problem problem = {0};
    enum err e = draft_of(r, &draft);
    if (e != ERR_OK)
        return e;
    draft.parts = AUTOMOD_PART_ALL;
    e = automod_rule_create(request_core(r), &r->actor, &r->access, &draft, &r->arena, &rule,
                            &problem);
    return answer(r, e, &problem, &rule);
}

enum err route_automod_get(struct request *r)
{
    struct rule_id id;
    struct automod_rule rule;
    enum err e = request_param_id(r, "rule_id", &id.v);
    if (e == ERR_OK)
        e = automod_rule_get(request_core(r), &r->access, id, &r->arena, &rule);
    if (e == ERR_OK)
        proto_automod_rule(reply_json(r), &rule);
    return e;
}

enum err route_automod_edit(struct request *r)
{
    struct automod_draft draft;
    struct automod_rule rule;
    struct draft_problem problem = {0};
    struct rule_id id;
    enum err e = request_param_id(r, "rule_id", &id.v);
    if (e == ERR_OK)
        e = draft_of(r, &draft);
    if (e != ERR_OK)
        return e;
    e = automod_rule_edit(request_core(r), &r->actor, &r->access, id, &draft, &r->arena, &rule,
                          &problem);
    return answer(r, e, &problem, &rule);
}

enum err route_automod_delete(struct request *r)
{
    struct rule_id id;
    enum err e = request_param_id(r, "rule_id", &id.v);
    return e == ERR_OK ? automod_rule_delete(request_core(r), &r->actor, &r->access, id) : e;
}
