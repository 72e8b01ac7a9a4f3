/* Voice states. */

#include "proto/voice_state.h"

#include "base/mem.h"
#include "proto/event_draft.h"
#include "proto/guild.h"

enum { MEMBER_BYTES_MAX = 64 * 1024 };

static void write_place(struct json_writer *w, const struct voice_state *s, bool with_guild_id)
{
    if (with_guild_id)
        json_kv_id(w, "guild_id", s->guild.v);
    json_kv_id_or_null(w, "channel_id", s->channel.v);
    json_kv_id(w, "user_id", s->user.v);
}

static void write_rest(struct json_writer *w, const struct voice_state *s)
{
    json_kv_cstr(w, "session_id", s->session);
    json_kv_bool(w, "deaf", s->deaf);
    json_kv_bool(w, "mute", s->mute);
    json_kv_bool(w, "self_deaf", s->self_deaf);
    json_kv_bool(w, "self_mute", s->self_mute);
    json_kv_bool(w, "self_stream", s->self_stream);
    json_kv_bool(w, "self_video", s->self_video);
    json_kv_bool(w, "suppress", s->suppress);
    json_kv_time_or_null(w, "request_to_speak_timestamp", s->request_to_speak_at_ms);
}

static void write_keys(struct json_writer *w, const struct voice_state *s, const struct member *m,
                       bool with_guild_id)
{
    write_place(w, s, with_guild_id);
    if (m != NULL) {
        json_key(w, "member");
        proto_member(w, m, true);
    }
    write_rest(w, s);
}

void proto_voice_state(struct json_writer *w, const struct voice_state *s, const struct member *m,
                       bool with_guild_id)
{
    json_object_begin(w);
    write_keys(w, s, m, with_guild_id);
    json_object_end(w);
}

static struct voice_state nowhere(const struct voice_state *s)
{
    return (struct voice_state){
        .guild = s->guild, .user = s->user, .deaf = s->deaf, .mute = s->mute};
}

struct bytes *voice_state_payload(const struct voice_state *s, const struct bytes *member,
                                  bool gone)
{
    struct voice_state shown = gone ? nowhere(s) : *s;
    struct event_draft d;
    event_draft_begin(&d, EVENT_VOICE_STATE_UPDATE);
    write_place(&d.w, &shown, true);
    if (member != NULL) {
        json_key(&d.w, "member");
        json_raw(&d.w, slice_of(member->data, member->len));
    }
    write_rest(&d.w, &shown);
    return event_draft_end(&d);
}

/* As those read it who are not to know where the user is now. */
static struct bytes *payload_gone(const struct voice_state *s, const struct member *m)
{
    struct voice_state gone = nowhere(s);
    struct event_draft d;
    event_draft_begin(&d, EVENT_VOICE_STATE_UPDATE);
    write_keys(&d.w, &gone, m, true);
    return event_draft_end(&d);
}

struct bytes *voice_member_json(const struct member *m)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, MEM_EVENTS, MEMBER_BYTES_MAX);
    json_begin(&w, &out);
    proto_member(&w, m, true);
    struct bytes *made = out.failed ? NULL : bytes_new(buf_slice(&out));
    buf_deinit(&out);
    return made;
}

/* Nobody asks for the member of somebody who has left. */
static bool carry_member(struct event *e, const struct voice_state *s, const struct member *m)
{
    if (s->channel.v == 0 || m == NULL)
        return true;
    e->voice->member = voice_member_json(m);
    return e->voice->member != NULL;
}

static bool carry(struct event *e, const struct voice_state *s, struct channel_id from,
                  const struct member *m)
{
    e->voice = mem_zalloc(MEM_EVENTS, sizeof *e->voice);
    if (e->voice == NULL)
        return false;
    e->voice->state = *s;
    if (!carry_member(e, s, m))
        return false;
    if (from.v == 0 || from.v == s->channel.v)
        return true;
    e->voice->from = from;
    if (s->channel.v == 0)
        return true; /* there is nothing to hide */
    e->voice->gone = payload_gone(s, m);
    return e->voice->gone != NULL;
}

struct event *event_voice_state(const struct voice_state *s, struct channel_id from,
                                const struct member *m, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_VOICE_STATE_UPDATE, s->guild, s->user.v, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    if (!carry(e, s, from, m)) {
        event_unref(&e);
        return NULL;
    }
    e->channel_id = s->channel.v;
    event_draft_begin(&d, EVENT_VOICE_STATE_UPDATE);
    write_keys(&d.w, s, m, true);
    return event_with_payload(e, &d);
}
