/* Requests to join a guild. */

#include "proto/join_request.h"

#include "base/snowflake.h"
#include "proto/event_draft.h"
#include "proto/user.h"

static const char *const names[] = {
    [JOIN_REQUEST_SUBMITTED] = "SUBMITTED",
    [JOIN_REQUEST_APPROVED] = "APPROVED",
    [JOIN_REQUEST_REJECTED] = "REJECTED",
};
enum { NAME_COUNT = sizeof names / sizeof *names };

const char *join_request_status_name(enum join_request_status s)
{
    return names[s];
}

bool join_request_status_of(struct slice name, enum join_request_status *out)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (slice_eq_cstr(name, names[i])) {
            *out = (enum join_request_status)i;
            return true;
        }
    }
    return false;
}

static void decision(struct json_writer *w, const struct join_request *r)
{
    json_kv_str_or_null(w, "rejection_reason", r->rejection_reason);
    if (r->status == JOIN_REQUEST_SUBMITTED)
        return;
    json_kv_id(w, "actioned_at", snowflake_at(r->decided_at_ms));
    json_kv_time(w, "reviewed_at", r->decided_at_ms);
}

void proto_join_request(struct json_writer *w, const struct join_request *r)
{
    json_object_begin(w);
    json_kv_id(w, "id", r->id);
    json_kv_id(w, "join_request_id", r->id);
    json_kv_id(w, "guild_id", r->guild.v);
    json_kv_id(w, "user_id", r->user.id.v);
    json_key(w, "user");
    proto_user(w, &r->user);
    json_kv_time(w, "created_at", r->created_at_ms);
    json_kv_cstr(w, "application_status", names[r->status]);
    json_key(w, "form_responses");
    if (r->responses.data != NULL)
        json_raw(w, r->responses);
    else
        json_write_null(w);
    decision(w, r);
    json_kv_null(w, "last_seen");
    json_kv_null(w, "interview_channel_id");
    json_object_end(w);
}

struct event *event_join_request(enum event_kind kind, const struct join_request *r, uint64_t actor)
{
    struct event *e = event_of_guild(kind, r->guild, r->id, actor);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, kind);
    json_kv_id(&d.w, "guild_id", r->guild.v);
    json_kv_cstr(&d.w, "status", names[r->status]);
    json_key(&d.w, "request");
    proto_join_request(&d.w, r);
    return event_with_payload(e, &d);
}

/* Only its maker takes a request away: the actor is the user. */
struct event *event_join_request_delete(struct guild_id guild, uint64_t id, struct user_id user)
{
    struct event *e = event_of_guild(EVENT_GUILD_JOIN_REQUEST_DELETE, guild, id, user.v);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, EVENT_GUILD_JOIN_REQUEST_DELETE);
    json_kv_id(&d.w, "guild_id", guild.v);
    json_kv_id(&d.w, "id", id);
    json_kv_id(&d.w, "user_id", user.v);
    return event_with_payload(e, &d);
}
