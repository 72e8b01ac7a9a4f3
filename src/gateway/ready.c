/*
 * The payloads that are one session's own: READY, RESUMED, GUILD_CREATE. What sessions of a class
 * share (the guild with the channels that they see) is serialised once and kept with the class
 * until the guild changes.
 */
#include "gateway/gateway_priv.h"
#include "proto/dm.h"
#include "proto/expressions.h"
#include "proto/guild.h"
#include "proto/notification_settings.h"
#include "proto/read_state.h"
#include "proto/relationship.h"
#include "proto/scheduled_event.h"
#include "proto/stage.h"
#include "proto/user.h"
#include "wire/json_write.h"

enum { URL_BYTES_MAX = 512 };

static void begin_dispatch(struct json_writer *w, struct buf *out, const char *name)
{
    buf_reset(out);
    buf_append_cstr(out, "\"t\":\"");
    buf_append_cstr(out, name);
    buf_append_cstr(out, "\",\"op\":0,\"d\":");
    json_begin(w, out);
}

static struct bytes *end_dispatch(struct buf *out)
{
    buf_putc(out, '}');
    struct bytes *b = out->failed ? NULL : bytes_new(buf_slice(out));
    buf_shrink(out, LIMIT_PIPELINE_BYTES);
    return b;
}

static bool class_sees(const struct guild_sub *g, const struct audience_class *c,
                       struct channel_id id)
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
}

/* The keys that all sessions of the class read alike: the guild and its visible channels. */
static struct bytes *class_json(struct guild_sub *g, struct audience_class *c)
{
    if (c->guild_json != NULL && c->json_version == g->version)
        return c->guild_json;
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_GATEWAY, LIMIT_REPLY_BYTES);
    json_begin(&w, &b);
    json_object_begin(&w);
    proto_guild_keys(&w, g->view);
    write_channels(&w, g, c);
    write_happenings(&w, g, c);
    json_kv_u64(&w, "member_count", g->member_count);
    static const char *const EMPTY[] = {"threads", "presences", "voice_states"};
    for (size_t i = 0; i < sizeof EMPTY / sizeof EMPTY[0]; i++)
        json_kv_raw(&w, EMPTY[i], "[]");
    json_kv_bool(&w, "unavailable", false);
    json_object_end(&w);
    struct bytes *made = NULL;
    if (!b.failed) /* without the braces: what is the session's own follows */
        made = bytes_new(slice_of(b.data + 1, b.len - 2));
    buf_deinit(&b);
    bytes_unref(&c->guild_json);
    c->guild_json = made;
    c->json_version = g->version;
    return made;
}

/* What is the session's own in a guild object, from the comma after the shared keys to the end. */
static void write_own_keys(struct buf *out, const struct guild_link *l)
{
    struct json_writer w;
    struct buf own;
    buf_init(&own, MEM_GATEWAY, LIMIT_REPLY_BYTES);
    json_begin(&w, &own);
    json_object_begin(&w);
    json_kv_time(&w, "joined_at", l->joined_at_ms);
    json_kv_bool(&w, "large", l->guild->member_count > l->session->large_threshold);
    json_key(&w, "members");
    json_array_begin(&w);
    json_raw(&w, slice_of(l->member->data, l->member->len));
    json_array_end(&w);
    json_object_end(&w);
    if (own.failed) {
        out->failed = true;
    } else {
        own.data[0] = ','; /* instead of the opening brace, which stands before the shared keys */
        buf_append(out, own.data, own.len);
    }
    buf_deinit(&own);
}

/* A guild object whose opening brace is the last that `out` holds: what is in `out` goes into the
 * rope, then the keys that the class shares, by reference; the rest of the object is in `out` after
 * that. */
static void add_guild(struct rope *r, struct buf *out, struct guild_link *l)
{
    struct bytes *shared = class_json(l->guild, l->class);
    if (shared == NULL || l->member == NULL || out->failed) {
        r->failed = true;
        return;
    }
    rope_add(r, buf_slice(out), shared);
    buf_reset(out);
    write_own_keys(out, l);
}

/* The rest of the dispatch, which is in `out`, and its end. */
static struct bytes *end_rope(struct rope *r, struct buf *out)
{
    buf_putc(out, '}');
    if (out->failed)
        r->failed = true;
    rope_add(r, buf_slice(out), NULL);
    buf_shrink(out, LIMIT_PIPELINE_BYTES);
    return rope_end(r);
}

struct bytes *guild_create_payload(struct guild_link *l)
{
    struct audience_class *c = l->class;
    uint64_t user = l->session->who.user.v;
    /* Many sessions of one user (shards, load tests) read the very same bytes. */
    uint32_t threshold = l->session->large_threshold;
    if (c->create != NULL && c->create_user == user && c->create_threshold == threshold &&
        c->create_version == l->guild->version)
        return bytes_ref(c->create);
    struct buf *out = &l->session->hub->scratch;
    struct json_writer w;
    struct rope r = {0};
    begin_dispatch(&w, out, "GUILD_CREATE");
    buf_putc(out, '{');
    add_guild(&r, out, l);
    struct bytes *made = end_rope(&r, out);
    if (made == NULL)
        return NULL;
    bytes_unref(&c->create);
    c->create = bytes_ref(made);
    c->create_user = user;
    c->create_threshold = threshold;
    c->create_version = l->guild->version;
    return made;
}

struct bytes *guild_delete_payload(struct hub *h, uint64_t guild_id)
{
    struct json_writer w;
    begin_dispatch(&w, &h->scratch, "GUILD_DELETE");
    json_object_begin(&w);
    json_kv_id(&w, "id", guild_id);
    json_object_end(&w);
    return end_dispatch(&h->scratch);
}

static void write_trace(struct json_writer *w, const struct session *s)
{
    json_key(w, "_trace");
    json_array_begin(w);
    json_cstr(w, "guildhall");
    json_str(w, slice_of(s->id, SESSION_ID_LEN));
    json_array_end(w);
}

struct bytes *resumed_payload(struct session *s)
{
    struct json_writer w;
    begin_dispatch(&w, &s->hub->scratch, "RESUMED");
    json_object_begin(&w);
    write_trace(&w, s);
    json_object_end(&w);
    return end_dispatch(&s->hub->scratch);
}

/* ws:// or wss:// and the host that clients reach us by. */
static void write_resume_url(struct json_writer *w, const struct session *s)
{
    const char *public_url = s->hub->gateway->options.public_url;
    struct buf b;
    buf_init(&b, MEM_GATEWAY, URL_BYTES_MAX);
    struct slice rest = slice_from(public_url);
    if (slice_starts_with(rest, SLICE("https://")))
        buf_printf(&b, "wss://%.*s", (int)rest.len - 8, rest.data + 8);
    else if (slice_starts_with(rest, SLICE("http://")))
        buf_printf(&b, "ws://%.*s", (int)rest.len - 7, rest.data + 7);
    else if (s->conn != NULL && s->conn->host != NULL)
        buf_printf(&b, "ws://%s", s->conn->host);
    json_kv_str(w, "resume_gateway_url", buf_slice(&b));
    buf_deinit(&b);
}

static void write_guild_ids(struct json_writer *w, const struct session_load *load)
{
    for (size_t i = 0; i < load->snapshot.membership_count; i++) {
        json_object_begin(w);
        json_kv_id(w, "id", load->snapshot.memberships[i].guild.v);
        json_kv_bool(w, "unavailable", true);
        json_object_end(w);
    }
}

/* Bots read ids, and get GUILD_CREATE; people read whole guilds. */
static void write_guilds(struct rope *r, struct json_writer *w, struct session *s,
                         const struct session_load *load)
{
    json_key(w, "guilds");
    json_array_begin(w);
    if (s->who.bot)
        write_guild_ids(w, load);
    for (uint32_t i = 0; !s->who.bot && i < s->link_count; i++) {
        json_raw(w, SLICE("{")); /* with the comma before it */
        add_guild(r, w->out, s->links[i]);
    }
    json_array_end(w);
}

static void write_notes(struct json_writer *w, const struct session_people *p)
{
    json_key(w, "notes");
    json_object_begin(w);
    for (size_t i = 0; i < p->note_count; i++) {
        char id[SLICE_U64_DIGITS + 1];
        id[slice_put_u64(id, p->notes[i].about.v)] = '\0';
        json_kv_str(w, id, p->notes[i].text);
    }
    json_object_end(w);
}

/* Direct messages and relations; bots have none, and read empty lists. */
static void write_people(struct json_writer *w, const struct session *s,
                         const struct session_people *p)
{
    json_key(w, "private_channels");
    json_array_begin(w);
    for (size_t i = 0; i < p->dm_count; i++)
        proto_dm_channel(w, &p->dms[i], s->who.user);
    json_array_end(w);
    json_key(w, "relationships");
    json_array_begin(w);
    for (size_t i = 0; i < p->relationship_count; i++)
        proto_relationship(w, &p->relationships[i]);
    json_array_end(w);
    json_key(w, "user_settings");
    json_raw(w, p->settings.data != NULL ? p->settings : SLICE("{}"));
}

/* Of channels that the session does not see, nothing is said of either. *near: the link of the
 * state before, which is mostly that of this one too: there may be a hundred guilds, and tens of
 * thousands of states. */
static bool shows_state(const struct session *s, const struct read_state *x, uint32_t *near)
{
    if (x->type != READ_STATE_CHANNEL || x->guild.v == 0)
        return true;
    for (uint32_t i = 0; i < s->link_count; i++, *near = (*near + 1) % s->link_count) {
        const struct guild_link *l = s->links[*near];
        if (l->guild->view->guild.id.v == x->guild.v)
            return class_sees(l->guild, l->class, (struct channel_id){x->entity});
    }
    return false;
}

static void begin_entries(struct json_writer *w, const char *key, uint64_t version)
{
    json_key(w, key);
    json_object_begin(w);
    json_kv_u64(w, "version", version);
    json_kv_bool(w, "partial", false);
    json_key(w, "entries");
    json_array_begin(w);
}

static void end_entries(struct json_writer *w)
{
    json_array_end(w);
    json_object_end(w);
}

static void write_read_states(struct json_writer *w, const struct session *s,
                              const struct read_summary *r)
{
    uint64_t version = 0;
    uint32_t near = 0;
    begin_entries(w, "read_state", r->version);
    for (size_t i = 0; i < r->count; i++)
        if (shows_state(s, &r->states[i], &near))
            proto_read_state(w, &r->states[i]);
    end_entries(w);
    for (size_t i = 0; i < r->setting_count; i++)
        version = r->settings[i].version > version ? r->settings[i].version : version;
    begin_entries(w, "user_guild_settings", version);
    for (size_t i = 0; i < r->setting_count; i++)
        proto_notification_settings(w, &r->settings[i]);
    end_entries(w);
}

static void write_person_keys(struct json_writer *w)
{
    static const char *const ARRAYS[] = {
        "connected_accounts", "sessions",          "users",    "merged_members",
        "experiments",        "guild_experiments", "tutorial", "game_relationships"};
    for (size_t i = 0; i < sizeof ARRAYS / sizeof ARRAYS[0]; i++)
        json_kv_raw(w, ARRAYS[i], "[]");
    json_kv_raw(w, "notification_settings", "{\"flags\":0}");
    json_kv_raw(w, "consents", "{}");
    json_kv_u64(w, "friend_suggestion_count", 0);
    json_kv_cstr(w, "country_code", "");
    json_kv_u64(w, "api_code_version", 1);
}

struct bytes *ready_payload(struct session *s, const struct session_load *load)
{
    struct json_writer w;
    struct rope r = {0};
    struct buf *out = &s->hub->scratch;
    begin_dispatch(&w, out, "READY");
    json_object_begin(&w);
    json_kv_u64(&w, "v", s->version);
    json_key(&w, "user");
    proto_user_self(&w, &load->snapshot.user);
    write_guilds(&r, &w, s, load);
    write_people(&w, s, &load->snapshot.people);
    static const char *const ARRAYS[] = {"presences", "guild_join_requests",
                                         "geo_ordered_rtc_regions"};
    for (size_t i = 0; i < sizeof ARRAYS / sizeof ARRAYS[0]; i++)
        json_kv_raw(&w, ARRAYS[i], "[]");
    json_kv_raw(&w, "auth", "{}");
    json_kv_cstr(&w, "session_id", s->id);
    json_kv_cstr(&w, "session_type", "normal");
    write_resume_url(&w, s);
    if (s->who.bot) {
        json_key(&w, "application");
        json_object_begin(&w);
        json_kv_id(&w, "id", s->who.application.v);
        json_kv_u64(&w, "flags", s->who.application_flags);
        json_object_end(&w);
    } else {
        write_person_keys(&w);
        write_read_states(&w, s, &load->snapshot.people.read);
        write_notes(&w, &load->snapshot.people);
    }
    json_key(&w, "shard");
    json_array_begin(&w);
    json_u64(&w, s->shard_id);
    json_u64(&w, s->shard_count);
    json_array_end(&w);
    write_trace(&w, s);
    json_object_end(&w);
    return end_rope(&r, out);
}
