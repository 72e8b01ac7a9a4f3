/* Scheduled events. */

#include "proto/scheduled_event.h"

#include "proto/event_draft.h"
#include "proto/guild.h"
#include "proto/user.h"

enum { RECURRENCE_BYTES_MAX = 8192, RESPONSE_INTERESTED = 1 };

static void write_metadata(struct json_writer *w, const struct scheduled_event *x)
{
    if (x->entity_type != SCHEDULED_EXTERNAL) {
        json_kv_null(w, "entity_metadata");
        return;
    }
    json_key(w, "entity_metadata");
    json_object_begin(w);
    json_kv_str(w, "location", x->location.data != NULL ? x->location : SLICE(""));
    json_object_end(w);
}

static void event_keys(struct json_writer *w, const struct scheduled_event *x,
                       const struct scheduled_event_extras *extras)
{
    json_kv_id(w, "id", x->id.v);
    json_kv_id(w, "guild_id", x->guild.v);
    json_kv_id_or_null(w, "channel_id", x->channel.v);
    json_kv_id_or_null(w, "creator_id", x->creator.v);
    json_kv_str(w, "name", x->name);
    json_kv_str_or_null(w, "description", x->description);
    json_kv_str_or_null(w, "image", x->image);
    json_kv_time(w, "scheduled_start_time", x->start_ms);
    json_kv_time_or_null(w, "scheduled_end_time", x->end_ms);
    json_kv_u64(w, "privacy_level", x->privacy_level);
    json_kv_u64(w, "status", (uint64_t)x->status);
    json_kv_u64(w, "entity_type", (uint64_t)x->entity_type);
    json_kv_id_or_null(w, "entity_id", x->entity);
    write_metadata(w, x);
    json_key(w, "recurrence_rule");
    if (x->recurrence.data != NULL)
        json_raw(w, x->recurrence);
    else
        json_write_null(w);
    json_kv_raw(w, "guild_scheduled_event_exceptions", "[]");
    if (extras->with_user_count)
        json_kv_u64(w, "user_count", x->user_count);
    if (extras->creator != NULL) {
        json_key(w, "creator");
        proto_user(w, extras->creator);
    }
}

void proto_scheduled_event(struct json_writer *w, const struct scheduled_event *x,
                           const struct scheduled_event_extras *extras)
{
    json_object_begin(w);
    event_keys(w, x, extras);
    json_object_end(w);
}

void proto_scheduled_user(struct json_writer *w, struct scheduled_event_id event,
                          const struct user *u, const struct member *member)
{
    json_object_begin(w);
    json_kv_id(w, "guild_scheduled_event_id", event.v);
    json_kv_id(w, "user_id", u->id.v);
    json_kv_u64(w, "response", RESPONSE_INTERESTED);
    json_key(w, "user");
    proto_user(w, u);
    if (member != NULL) {
        json_key(w, "member");
        proto_member(w, member, true);
    }
    json_object_end(w);
}

struct event *event_scheduled_event(enum event_kind kind, const struct scheduled_event *x,
                                    uint64_t actor)
{
    static const struct scheduled_event_extras none = {NULL, false};
    struct event *e = event_of_guild(kind, x->guild, x->id.v, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = x->channel.v;
    struct event_draft d;
    event_draft_begin(&d, kind);
    event_keys(&d.w, x, &none);
    return event_with_payload(e, &d);
}

struct event *event_scheduled_gone(struct guild_id guild, struct channel_id channel,
                                   struct scheduled_event_id event, uint64_t actor,
                                   struct slice object)
{
    struct event *e = event_of_guild(EVENT_GUILD_SCHEDULED_EVENT_DELETE, guild, event.v, actor);
    if (e == NULL || object.len < 2)
        event_unref(&e);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    struct event_draft d;
    event_draft_begin(&d, EVENT_GUILD_SCHEDULED_EVENT_DELETE);
    /* The draft is inside the object already. */
    buf_append(&d.out, object.data + 1, object.len - 2);
    return event_with_payload(e, &d);
}

struct event *event_scheduled_user(enum event_kind kind, struct guild_id guild,
                                   struct channel_id channel, struct scheduled_event_id event,
                                   struct user_id user)
{
    struct event *e = event_of_guild(kind, guild, event.v, user.v);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    struct event_draft d;
    event_draft_begin(&d, kind);
    json_kv_id(&d.w, "guild_scheduled_event_id", event.v);
    json_kv_id(&d.w, "user_id", user.v);
    json_kv_id(&d.w, "guild_id", guild.v);
    return event_with_payload(e, &d);
}

/* ---- what recurs ---- */

/* Sets are shown once each, in the order sent. */
static bool seen_before(const struct body_number_item *items, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (items[k].value == items[i].value)
            return true;
    return false;
}

static void write_numbers(struct json_writer *w, const char *key, const struct body_array *list)
{
    const struct body_number_item *items = list->items;
    if (list->count == 0) {
        json_kv_null(w, key);
        return;
    }
    json_key(w, key);
    json_array_begin(w);
    for (size_t i = 0; i < list->count; i++)
        if (!seen_before(items, i))
            json_i64(w, items[i].value);
    json_array_end(w);
}

static void write_n_weekdays(struct json_writer *w, const struct body_array *list)
{
    const struct body_n_weekday *items = list->items;
    if (list->count == 0) {
        json_kv_null(w, "by_n_weekday");
        return;
    }
    json_key(w, "by_n_weekday");
    json_array_begin(w);
    for (size_t i = 0; i < list->count; i++) {
        json_object_begin(w);
        json_kv_i64(w, "n", items[i].n);
        json_kv_i64(w, "day", items[i].day);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_recurrence(struct json_writer *w, const struct body_recurrence *r)
{
    json_object_begin(w);
    json_kv_time(w, "start", r->start);
    json_kv_time_or_null(w, "end", r->end);
    json_kv_i64(w, "frequency", r->frequency);
    json_kv_i64(w, "interval", r->interval > 0 ? r->interval : 1);
    write_numbers(w, "by_weekday", &r->by_weekday);
    write_n_weekdays(w, &r->by_n_weekday);
    write_numbers(w, "by_month", &r->by_month);
    write_numbers(w, "by_month_day", &r->by_month_day);
    write_numbers(w, "by_year_day", &r->by_year_day);
    if (r->count > 0)
        json_kv_i64(w, "count", r->count);
    else
        json_kv_null(w, "count");
    json_object_end(w);
}

struct slice proto_recurrence(const struct body_recurrence *r, struct arena *arena)
{
    struct buf out;
    struct json_writer w;
    struct slice kept = {NULL, 0};
    buf_init(&out, MEM_JSON, RECURRENCE_BYTES_MAX);
    json_begin(&w, &out);
    write_recurrence(&w, r);
    if (!out.failed)
        kept = arena_dup(arena, buf_slice(&out));
    buf_deinit(&out);
    return kept;
}
