/* Scheduled events of guilds. */

#include "core/scheduled_events.h"

#include "api/handlers.h"
#include "api/media.h"
#include "core/expressions.h"
#include "proto/bodies_events.h"
#include "proto/scheduled_event.h"

enum { USERS_PAGE_MAX = 100 };

static const char ID_PARAM[] = "guild_scheduled_event_id";

static enum err param(struct request *r, struct scheduled_event_id *id)
{
    return request_param_id(r, ID_PARAM, &id->v);
}

static enum err reply_event(struct request *r, const struct scheduled_event *x, bool with_count)
{
    struct user *creator;
    enum err e = users_get_many(request_core(r), &x->creator, 1, &r->arena, &creator);
    if (e != ERR_OK)
        return e;
    const struct scheduled_event_extras extras = {creator->id.v != 0 ? creator : NULL, with_count};
    proto_scheduled_event(reply_json(r), x, &extras);
    return ERR_OK;
}

/* ---- reading ---- */

struct listing {
    const struct guild_view *view;
    const struct user *creators;
    const uint64_t *interest; /* NULL: not asked for */
};

static void write_list(struct request *r, const struct listing *l)
{
    int64_t now_ms = request_now_ms(r);
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < l->view->scheduled_count; i++) {
        struct scheduled_event shown = l->view->scheduled[i];
        if (!scheduled_event_visible(&r->access, &shown, now_ms))
            continue;
        const struct user *creator = l->creators[i].id.v != 0 ? &l->creators[i] : NULL;
        const struct scheduled_event_extras extras = {creator, l->interest != NULL};
        shown.user_count = l->interest != NULL ? l->interest[i] : 0;
        proto_scheduled_event(w, &shown, &extras);
    }
    json_array_end(w);
}

enum err route_scheduled_events_list(struct request *r)
{
    struct listing l = {.view = r->access.view};
    struct user_id *ids = arena_array(&r->arena, l.view->scheduled_count + 1, sizeof *ids);
    struct user *creators;
    uint64_t *interest;
    bool with_count = false;
    request_query_bool(r, "with_user_count", &with_count);
    enum err e = ids == NULL ? ERR_NO_MEMORY : request_form_ok(r);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < l.view->scheduled_count; i++)
        ids[i] = l.view->scheduled[i].creator;
    e = users_get_many(request_core(r), ids, l.view->scheduled_count, &r->arena, &creators);
    if (e != ERR_OK)
        return e;
    l.creators = creators;
    if (with_count) {
        e = scheduled_event_interest(request_core(r), l.view, &r->arena, &interest);
        l.interest = e == ERR_OK ? interest : NULL;
    }
    if (e == ERR_OK)
        write_list(r, &l);
    return e;
}

static enum err find(struct request *r, struct scheduled_event *out)
{
    struct scheduled_event_id id;
    enum err e = param(r, &id);
    return e == ERR_OK ? scheduled_event_get(request_core(r), &r->access, id, &r->arena, out) : e;
}

enum err route_scheduled_events_get(struct request *r)
{
    struct scheduled_event found;
    bool with_count = false;
    request_query_bool(r, "with_user_count", &with_count);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = find(r, &found);
    return e == ERR_OK ? reply_event(r, &found, with_count) : e;
}

enum err route_scheduled_events_counts(struct request *r)
{
    struct scheduled_event found;
    enum err e = find(r, &found);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_u64(w, "guild_scheduled_event_count", found.user_count);
    json_kv_raw(w, "guild_scheduled_event_exception_counts", "{}");
    json_object_end(w);
    return ERR_OK;
}

/* ---- writing ---- */

static struct slice or_none(struct slice text)
{
    return text.len > 0 ? text : (struct slice){NULL, 0};
}

/* One row a field that both bodies and drafts have. */
static unsigned fields_set(const struct body_scheduled_event *body)
{
    static const struct {
        enum body_scheduled_event_field sent;
        enum scheduled_field sets;
    } rows[] = {
        {BODY_EVENT_NAME, SCHEDULED_SETS_NAME},
        {BODY_EVENT_DESCRIPTION, SCHEDULED_SETS_DESCRIPTION},
        {BODY_EVENT_IMAGE, SCHEDULED_SETS_IMAGE},
        {BODY_EVENT_START, SCHEDULED_SETS_START},
        {BODY_EVENT_END, SCHEDULED_SETS_END},
        {BODY_EVENT_CHANNEL, SCHEDULED_SETS_CHANNEL},
        {BODY_EVENT_METADATA, SCHEDULED_SETS_LOCATION},
        {BODY_EVENT_RECURRENCE, SCHEDULED_SETS_RECURRENCE},
    };
    unsigned set = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (BODY_SENT(*body, rows[i].sent))
            set |= (unsigned)rows[i].sets;
    /* null says nothing here. */
    if (body->entity_type != 0)
        set |= SCHEDULED_SETS_ENTITY_TYPE;
    if (body->status != 0)
        set |= SCHEDULED_SETS_STATUS;
    return set;
}

static enum err draft_of(struct request *r, struct media_image *image, struct scheduled_draft *out)
{
    const struct body_scheduled_event *body = r->body;
    *out = (struct scheduled_draft){
        .set = fields_set(body),
        .name = body->name,
        .description = or_none(body->description),
        .start_ms = body->start,
        .end_ms = body->end,
        .status = (enum scheduled_status)body->status,
        .entity_type = (enum scheduled_entity)body->entity_type,
        .channel = {body->channel_id},
        .location = or_none(body->metadata.location),
    };
    if (BODY_SENT(*body, BODY_EVENT_RECURRENCE) && !BODY_NULL(*body, BODY_EVENT_RECURRENCE)) {
        out->recurrence = proto_recurrence(&body->recurrence, &r->arena);
        if (out->recurrence.data == NULL)
            return ERR_NO_MEMORY;
    }
    out->image = image;
    return request_take_image(r, "image", body->image, MEDIA_EVENT_IMAGE, image);
}

static enum err tell(struct request *r, enum err e, const struct draft_problem *problem)
{
    if (e == ERR_INVALID_FORM && problem->field != NULL)
        request_form_error(r, problem->field, problem->code, problem->message);
    return e;
}

enum err route_scheduled_events_create(struct request *r)
{
    struct media_image image;
    struct scheduled_draft draft;
    struct draft_problem problem = {0};
    struct scheduled_event made;
    enum err e = draft_of(r, &image, &draft);
    if (e == ERR_OK)
        e = tell(r,
                 scheduled_event_create(request_core(r), &r->actor, &r->access, &draft, &r->arena,
                                        &made, &problem),
                 &problem);
    return e == ERR_OK ? reply_event(r, &made, false) : e;
}

enum err route_scheduled_events_edit(struct request *r)
{
    struct media_image image;
    struct scheduled_draft draft;
    struct draft_problem problem = {0};
    struct scheduled_event_id id;
    struct scheduled_event now;
    enum err e = param(r, &id);
    if (e == ERR_OK)
        e = draft_of(r, &image, &draft);
    if (e == ERR_OK)
        e = tell(r,
                 scheduled_event_edit(request_core(r), &r->actor, &r->access, id, &draft, &r->arena,
                                      &now, &problem),
                 &problem);
    return e == ERR_OK ? reply_event(r, &now, false) : e;
}

enum err route_scheduled_events_delete(struct request *r)
{
    struct scheduled_event_id id;
    enum err e = param(r, &id);
    return e == ERR_OK ? scheduled_event_delete(request_core(r), &r->actor, &r->access, id) : e;
}

/* ---- who is interested ---- */

enum err route_scheduled_events_users(struct request *r)
{
    struct scheduled_followers_query q = {.limit = USERS_PAGE_MAX};
    struct scheduled_follower *list;
    size_t count;
    int64_t limit = USERS_PAGE_MAX;
    request_query_int(r, "limit", 1, USERS_PAGE_MAX, &limit);
    request_query_bool(r, "with_member", &q.with_member);
    request_query_id(r, "before", &q.before);
    request_query_id(r, "after", &q.after);
    q.limit = (unsigned)limit;
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = param(r, &q.event);
    if (e == ERR_OK)
        e = scheduled_event_followers(request_core(r), &r->access, &q, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_scheduled_user(w, q.event, &list[i].user, list[i].is_member ? &list[i].member : NULL);
    json_array_end(w);
    return ERR_OK;
}

enum err route_scheduled_events_follow(struct request *r)
{
    struct scheduled_event_id id;
    enum err e = param(r, &id);
    if (e == ERR_OK)
        e = scheduled_event_follow(request_core(r), &r->actor, &r->access, id, true);
    if (e == ERR_OK)
        proto_scheduled_user(reply_json(r), id, &r->access.member.user, &r->access.member);
    return e;
}

enum err route_scheduled_events_unfollow(struct request *r)
{
    struct scheduled_event_id id;
    enum err e = param(r, &id);
    return e == ERR_OK ? scheduled_event_follow(request_core(r), &r->actor, &r->access, id, false)
                       : e;
}
