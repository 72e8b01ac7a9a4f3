/* Voice, as far as there is data about it: one region, status lines, and who is where. */

#include "api/handlers.h"
#include "core/channels.h"
#include "core/voice_states.h"
#include "proto/bodies_channels.h"
#include "proto/voice_state.h"

enum err route_voice_regions(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    json_object_begin(w);
    json_kv_cstr(w, "id", "local");
    json_kv_cstr(w, "name", "This server");
    json_kv_bool(w, "optimal", true);
    json_kv_bool(w, "deprecated", false);
    json_kv_bool(w, "custom", false);
    json_object_end(w);
    json_array_end(w);
    return ERR_OK;
}

static enum err write_state(struct request *r, struct user_id user)
{
    struct voice_state s;
    struct member m;
    enum err e = voice_state_get(request_core(r), &r->access, user, &r->arena, &s, &m);
    if (e == ERR_OK)
        proto_voice_state(reply_json(r), &s, &m, true);
    return e;
}

enum err route_voice_state_me(struct request *r)
{
    return write_state(r, r->principal.user);
}

enum err route_voice_state(struct request *r)
{
    struct user_id user;
    enum err e = request_param_id(r, "user_id", &user.v);
    return e == ERR_OK ? write_state(r, user) : e;
}

static enum err edit(struct request *r, struct user_id user)
{
    const struct body_voice_state *body = r->body;
    struct voice_edit d = {.channel = {body->channel_id},
                           .suppress = body->suppress,
                           .request_to_speak_at_ms = body->request_to_speak_at_ms};
    if (BODY_SENT(*body, BODY_VOICE_CHANNEL) && !BODY_NULL(*body, BODY_VOICE_CHANNEL))
        d.parts |= VOICE_EDIT_CHANNEL;
    if (BODY_SENT(*body, BODY_VOICE_SUPPRESS) && !BODY_NULL(*body, BODY_VOICE_SUPPRESS))
        d.parts |= VOICE_EDIT_SUPPRESS;
    if (BODY_SENT(*body, BODY_VOICE_REQUEST))
        d.parts |= VOICE_EDIT_REQUEST;
    return voice_state_edit(request_core(r), &r->actor, &r->access, user, &d);
}

enum err route_voice_state_edit_me(struct request *r)
{
    return edit(r, r->principal.user);
}

enum err route_voice_state_edit(struct request *r)
{
    struct user_id user;
    enum err e = request_param_id(r, "user_id", &user.v);
    return e == ERR_OK ? edit(r, user) : e;
}

enum err route_voice_status(struct request *r)
{
    const struct body_voice_status *body = r->body;
    return channel_voice_status(request_core(r), &r->actor, &r->access, body->status);
}
