/*
 * What is asked about a guild and answered from its view: soundboard sounds (op 31, docs "Request
 * Soundboard Sounds"), and what of its voice channels changes often (op 43, docs "Request Channel
 * Info"). A guild that the session is not in gets no answer, as if there were none of that id.
 */
#include "gateway/gateway_priv.h"
#include "gateway/voice_list.h"
#include "model/permissions.h"
#include "proto/expressions.h"

enum { SOUND_GUILDS_MAX = 100 }; /* asked for at once (ours): 48 sounds each */

/* The link to a guild whose id is sent so; NULL: there is none that has begun. */
static struct guild_link *link_named(struct session *s, const json_t *v)
{
    uint64_t id;
    if (!json_read_snowflake(v, &id))
        return NULL;
    struct guild_link *l = session_link(s, id);
    return l != NULL && l->class != NULL ? l : NULL;
}

static void answer(struct session *s)
{
    struct bytes *payload = dispatch_end(&s->hub->scratch);
    if (payload != NULL)
        session_push(s, payload);
    bytes_unref(&payload);
}

static void decode_error(struct session *s)
{
    if (s->conn != NULL)
        gw_conn_close(s->conn, ERR_GW_DECODE);
}

static void send_sounds(struct session *s, const struct guild_link *l)
{
    struct json_writer w;
    dispatch_begin(&w, &s->hub->scratch, DISPATCH_SOUNDBOARD_SOUNDS);
    json_object_begin(&w);
    json_kv_id(&w, "guild_id", l->guild->feed.stream.id);
    json_key(&w, "soundboard_sounds");
    proto_sounds(&w, l->guild->view);
    json_object_end(&w);
    answer(s);
}

/* A guild that is named twice is answered once. */
static bool named_before(const json_t *ids, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (json_equal(json_array_get(ids, k), json_array_get(ids, i)))
            return true;
    return false;
}

void gw_op_soundboard_sounds(struct session *s, const json_t *d)
{
    const json_t *ids = json_object_get(d, "guild_ids");
    if (!json_is_array(ids) || json_array_size(ids) > SOUND_GUILDS_MAX) {
        decode_error(s);
        return;
    }
    for (size_t i = 0; i < json_array_size(ids); i++) {
        uint64_t id;
        if (!json_read_snowflake(json_array_get(ids, i), &id)) {
            decode_error(s);
            return;
        }
    }
    for (size_t i = 0; i < json_array_size(ids) && !s->failed; i++) {
        const struct guild_link *l = link_named(s, json_array_get(ids, i));
        if (l != NULL && !named_before(ids, i))
            send_sounds(s, l);
    }
}

enum { FIELD_STATUS = 1, FIELD_VOICE_START = 2 };

/* Fields that are not known are left out of the answer. */
static unsigned read_fields(const json_t *fields)
{
    unsigned wanted = 0;
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *name = json_array_get(fields, i);
        if (json_is_string(name) && slice_eq_cstr(json_read_str(name), "status"))
            wanted |= FIELD_STATUS;
        else if (json_is_string(name) && slice_eq_cstr(json_read_str(name), "voice_start_time"))
            wanted |= FIELD_VOICE_START;
    }
    return wanted;
}

static void write_channel(struct json_writer *w, const struct channel *c, unsigned fields,
                          int64_t began_ms)
{
    json_object_begin(w);
    json_kv_id(w, "id", c->id.v);
    if ((fields & FIELD_STATUS) != 0)
        json_kv_str_or_null(w, "status", c->voice_status);
    if ((fields & FIELD_VOICE_START) != 0 && began_ms == 0)
        json_kv_null(w, "voice_start_time");
    else if ((fields & FIELD_VOICE_START) != 0)
        json_kv_i64(w, "voice_start_time", began_ms / 1000);
    json_object_end(w);
}

static void write_channels(struct json_writer *w, const struct guild_link *l, unsigned fields)
{
    const struct guild_view *v = l->guild->view;
    int64_t *began_ms = mem_array(MEM_GATEWAY, v->channel_count + 1, sizeof *began_ms);
    if (began_ms == NULL) {
        w->out->failed = true;
        return;
    }
    voice_list_began(l->guild, began_ms);
    json_array_begin(w);
    for (size_t i = 0; i < v->channel_count; i++) {
        const struct channel *c = &v->channels[i];
        bool voice = c->type == CHANNEL_TYPE_VOICE || c->type == CHANNEL_TYPE_STAGE;
        if (voice && (l->class->permissions[i] & PERMISSION_VIEW_CHANNEL) != 0)
            write_channel(w, c, fields, began_ms[i]);
    }
    json_array_end(w);
    mem_free(MEM_GATEWAY, began_ms);
}

void gw_op_channel_info(struct session *s, const json_t *d)
{
    struct json_writer w;
    const json_t *fields = json_object_get(d, "fields");
    const json_t *guild_id = json_object_get(d, "guild_id");
    uint64_t id;
    if (!json_is_array(fields) || !json_read_snowflake(guild_id, &id)) {
        decode_error(s);
        return;
    }
    const struct guild_link *l = link_named(s, guild_id);
    if (l == NULL)
        return;
    dispatch_begin(&w, &s->hub->scratch, DISPATCH_CHANNEL_INFO);
    json_object_begin(&w);
    json_kv_id(&w, "guild_id", id);
    json_key(&w, "channels");
    write_channels(&w, l, read_fields(fields));
    if (!w.out->failed)
        json_object_end(&w);
    answer(s);
}
