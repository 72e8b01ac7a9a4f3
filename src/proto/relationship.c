/* Relations and notes. */

#include "proto/relationship.h"

#include "proto/event_draft.h"
#include "proto/user.h"

static void own_keys(struct json_writer *w, const struct relationship *r)
{
    json_kv_id(w, "id", r->other.id.v);
    json_kv_u64(w, "type", (uint64_t)r->type);
    json_kv_str_or_null(w, "nickname", r->nickname);
    json_kv_bool(w, "is_spam_request", false);
    json_kv_bool(w, "stranger_request", false);
    json_kv_bool(w, "user_ignored", r->ignored);
    json_kv_time_or_null(w, "since", r->since_ms);
}

static void keys(struct json_writer *w, const struct relationship *r)
{
    own_keys(w, r);
    json_key(w, "user");
    proto_user(w, &r->other);
}

void proto_relationship_by_id(struct json_writer *w, const struct relationship *r)
{
    json_object_begin(w);
    own_keys(w, r);
    json_kv_id(w, "user_id", r->other.id.v);
    json_object_end(w);
}

void proto_relationship(struct json_writer *w, const struct relationship *r)
{
    json_object_begin(w);
    keys(w, r);
    json_object_end(w);
}

static struct event *event_about(enum event_kind kind, uint64_t entity, struct user_id reader,
                                 uint64_t actor)
{
    struct event *e = event_new(kind, (struct stream){STREAM_USER, reader.v}, NULL, 0);
    if (e == NULL)
        return NULL;
    e->entity_id = entity;
    e->actor_id = actor;
    return e;
}

struct event *event_relationship(enum event_kind kind, const struct relationship *r,
                                 struct user_id reader, uint64_t actor)
{
    struct event *e = event_about(kind, r->other.id.v, reader, actor);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, kind);
    keys(&d.w, r);
    if (kind == EVENT_RELATIONSHIP_ADD)
        json_kv_bool(&d.w, "should_notify", actor != reader.v);
    return event_with_payload(e, &d);
}

struct event *event_relationship_remove(struct user_id other, unsigned type, struct user_id reader,
                                        uint64_t actor)
{
    struct event *e = event_about(EVENT_RELATIONSHIP_REMOVE, other.v, reader, actor);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, EVENT_RELATIONSHIP_REMOVE);
    json_kv_id(&d.w, "id", other.v);
    json_kv_u64(&d.w, "type", type);
    json_kv_null(&d.w, "nickname");
    return event_with_payload(e, &d);
}

struct event *event_note(struct user_id about, struct slice note, struct user_id reader)
{
    struct event *e = event_about(EVENT_USER_NOTE_UPDATE, about.v, reader, reader.v);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, EVENT_USER_NOTE_UPDATE);
    json_kv_id(&d.w, "id", about.v);
    json_kv_str(&d.w, "note", note.data == NULL ? SLICE("") : note);
    return event_with_payload(e, &d);
}
