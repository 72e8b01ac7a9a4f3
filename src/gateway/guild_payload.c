/*
 * Guild objects as one session reads them. What sessions of a class share (the guild with the
 * channels that they see) is serialised once and kept with the class until the guild changes; what
 * is the session's own follows it.
 */
#include "gateway/presence.h"
#include "gateway/ready_priv.h"
#include "gateway/voice_list.h"
#include "proto/expressions.h"
#include "proto/guild.h"
#include "proto/scheduled_event.h"
#include "proto/stage.h"

static void begin_named(struct json_writer *w, struct buf *out, const char *name)
{
    buf_reset(out);
    buf_append_cstr(out, "\"t\":\"");
    buf_append_cstr(out, name);
    buf_append_cstr(out, "\",\"op\":0,\"d\":");
    json_begin(w, out);
}

bool class_sees(const struct guild_sub *g, const struct audience_class *c, struct channel_id id)
{
    const struct channel *channel = guild_view_channel(g->view, id);
    return channel != NULL &&
           (c->permissions[channel - g->view->channels] & PERMISSION_VIEW_CHANNEL) != 0;
}

static void write_channels(struct json_writer *w, const struct guild_sub *g,
                           const struct audience_class *c)
{
    json_key(w, "channels");
    json_array_begin(w);
    for (size_t i = 0; i < g->view->channel_count; i++) {
        if ((c->permissions[i] & PERMISSION_VIEW_CHANNEL) == 0)
            continue;
        struct channel channel = g->view->channels[i];
        channel.last_message.v = g->last_messages == NULL ? 0 : g->last_messages[i];
        proto_channel(w, &channel, false);
    }
    json_array_end(w);
}

/* What takes place in a channel is for those who see it; what takes place elsewhere is for all. */
static void write_happenings(struct json_writer *w, const struct guild_sub *g,
                             const struct audience_class *c)
{
    const struct guild_view *v = g->view;
    static const struct scheduled_event_extras NO_EXTRAS = {0};
    json_key(w, "stage_instances");
    json_array_begin(w);
    for (size_t i = 0; i < v->stage_count; i++) {
        if (class_sees(g, c, v->stages[i].channel))
            proto_stage(w, &v->stages[i]);
    }
    json_array_end(w);
    json_key(w, "guild_scheduled_events");
    json_array_begin(w);
    for (size_t i = 0; i < v->scheduled_count; i++) {
        const struct scheduled_event *x = &v->scheduled[i];
        if (x->channel.v == 0 || class_sees(g, c, x->channel))
            proto_scheduled_event(w, x, &NO_EXTRAS);
    }
    json_array_end(w);
    json_key(w, "soundboard_sounds");
    proto_sounds(w, v);
    json_key(w, "voice_states");
    voice_list_write(w, g, c);
    json_kv_raw(w, "threads", "[]");
}

/* userdoccers, "Gateway Guild": the guild's own keys apart from its lists. */
static void write_keys_v2(struct json_writer *w, const struct guild_view *v)
{
    json_kv_id(w, "id", v->guild.id.v);
    json_kv_cstr(w, "data_mode", "full");
    json_key(w, "properties");
    json_object_begin(w);
    proto_guild_property_keys(w, &v->guild);
    json_object_end(w);
    proto_guild_list_keys(w, v);
    json_kv_u64(w, "premium_subscription_count", 0);
}

static struct bytes *make_json(const struct guild_sub *g, const struct audience_class *c, bool v2)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_GATEWAY, LIMIT_REPLY_BYTES);
    json_begin(&w, &b);
    json_object_begin(&w);
    if (v2)
        write_keys_v2(&w, g->view);
    else
        proto_guild_keys(&w, g->view);
    write_channels(&w, g, c);
    write_happenings(&w, g, c);
    json_kv_u64(&w, "member_count", g->member_count);
    json_kv_bool(&w, "unavailable", false);
    json_kv_bool(&w, "lazy", true);
    json_object_end(&w);
    struct bytes *made = NULL;
    if (!b.failed) /* without the braces: what is the session's own follows */
        made = bytes_new(slice_of(b.data + 1, b.len - 2));
    buf_deinit(&b);
    return made;
}

/* The keys that all sessions of the class read alike: the guild and its visible channels. */
static struct bytes *class_json(struct guild_sub *g, struct audience_class *c, bool v2)
{
    struct bytes **json = v2 ? &c->guild_json_v2 : &c->guild_json;
    uint64_t *version = v2 ? &c->json_v2_version : &c->json_version;
    if (*json != NULL && *version == g->version)
        return *json;
    bytes_unref(json);
    *json = make_json(g, c, v2);
    *version = g->version;
    return *json;
}

/* What is the session's own in a guild object, from the comma after the shared keys to the end. */
static void write_own_keys(struct buf *out, const struct guild_link *l, bool whole)
{
    struct json_writer w;
    struct buf own;
    buf_init(&own, MEM_GATEWAY, LIMIT_REPLY_BYTES);
    json_begin(&w, &own);
    json_object_begin(&w);
    json_kv_time(&w, "joined_at", l->entry->joined_at_ms);
    json_kv_bool(&w, "large", l->guild->member_count > l->session->large_threshold);
    json_key(&w, "members");
    json_array_begin(&w);
    if (whole) {
        json_raw(&w, slice_of(l->entry->member->data, l->entry->member->len));
        voice_list_write_members(&w, l);
    }
    json_array_end(&w);
    json_key(&w, "presences");
    presences_write_guild(&w, l);
    json_object_end(&w);
    if (own.failed) {
        out->failed = true;
    } else {
        own.data[0] = ','; /* instead of the opening brace, which stands before the shared keys */
        buf_append(out, own.data, own.len);
    }
    buf_deinit(&own);
}

void guild_payload_add(struct rope *r, struct buf *out, struct guild_link *l, bool whole)
{
    bool v2 = session_can(l->session, CAPABILITY_CLIENT_STATE_V2);
    struct bytes *shared = class_json(l->guild, l->class, v2);
    if (shared == NULL || l->entry == NULL || out->failed) {
        r->failed = true;
        return;
    }
    rope_add(r, buf_slice(out), shared);
    buf_reset(out);
    write_own_keys(out, l, whole);
}

struct bytes *rope_payload_end(struct rope *r, struct buf *out)
{
    buf_putc(out, '}');
    if (out->failed)
        r->failed = true;
    rope_add(r, buf_slice(out), NULL);
    buf_shrink(out, LIMIT_PIPELINE_BYTES);
    return rope_end(r);
}

static struct bytes *make_create(struct guild_link *l)
{
    struct buf *out = &l->session->hub->scratch;
    struct json_writer w;
    struct rope r = {0};
    begin_named(&w, out, "GUILD_CREATE");
    buf_putc(out, '{');
    guild_payload_add(&r, out, l, true);
    return rope_payload_end(&r, out);
}

struct bytes *guild_create_payload(struct guild_link *l)
{
    struct audience_class *c = l->class;
    struct session *s = l->session;
    if (!s->who.bot) /* people's clients differ */
        return make_create(l);
    /* Presences come and go without the guild's version. */
    uint64_t presences = (s->intents & INTENT_GUILD_PRESENCES) == 0
                             ? 0
                             : presences_version(s->hub->gateway, l->guild->feed.stream.id);
    /* Many sessions of one bot (shards, load tests) read the very same bytes. */
    if (c->create != NULL && c->create_user == s->who.user.v &&
        c->create_threshold == s->large_threshold && c->create_version == l->guild->version &&
        c->create_presences == presences)
        return bytes_ref(c->create);
    struct bytes *made = make_create(l);
    if (made == NULL)
        return NULL;
    bytes_unref(&c->create);
    c->create = bytes_ref(made);
    c->create_user = s->who.user.v;
    c->create_threshold = s->large_threshold;
    c->create_version = l->guild->version;
    c->create_presences = presences;
    return made;
}

struct bytes *guild_delete_payload(struct hub *h, uint64_t guild_id)
{
    struct json_writer w;
    begin_named(&w, &h->scratch, "GUILD_DELETE");
    json_object_begin(&w);
    json_kv_id(&w, "id", guild_id);
    json_object_end(&w);
    return dispatch_end(&h->scratch);
}
