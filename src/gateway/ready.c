/* The payloads that begin a session, or its continuation: READY, RESUMED. */
#include "gateway/ready_priv.h"
#include "proto/user.h"
#include "wire/json_write.h"

enum { URL_BYTES_MAX = 512, NODE_BYTES_MAX = 32 };

void dispatch_begin(struct json_writer *w, struct buf *out, enum gw_dispatch what)
{
    static const char *const NAMES[] = {
#define X(name, when) [DISPATCH_##name] = #name,
#include "gateway/dispatches.def"
#undef X
    };
    buf_reset(out);
    buf_append_cstr(out, "\"t\":\"");
    buf_append_cstr(out, NAMES[what]);
    buf_append_cstr(out, "\",\"op\":0,\"d\":");
    json_begin(w, out);
}

struct bytes *dispatch_end(struct buf *out)
{
    buf_putc(out, '}');
    struct bytes *b = out->failed ? NULL : bytes_new(buf_slice(out));
    buf_shrink(out, LIMIT_PIPELINE_BYTES);
    return b;
}

static void write_trace(struct json_writer *w, const struct session *s)
{
    char node[NODE_BYTES_MAX];
    int n = snprintf(node, sizeof node, "guildhall-%u", s->hub->gateway->options.worker_id);
    json_key(w, "_trace");
    json_array_begin(w);
    json_str(w, slice_of(node, (size_t)n));
    json_str(w, slice_of(s->id, SESSION_ID_LEN));
    json_array_end(w);
}

struct bytes *resumed_payload(struct session *s)
{
    struct json_writer w;
    dispatch_begin(&w, &s->hub->scratch, DISPATCH_RESUMED);
    json_object_begin(&w);
    write_trace(&w, s);
    json_object_end(&w);
    return dispatch_end(&s->hub->scratch);
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
        buf_printf(&b, "%s://%s", conn_secure(s->conn->conn) ? "wss" : "ws", s->conn->host);
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

/* Bots read ids, and get GUILD_CREATE; people read whole guilds, with the members elsewhere if
 * their client can put them together. */
static void write_guilds(struct rope *r, struct json_writer *w, struct session *s,
                         const struct session_load *load)
{
    bool whole = !session_can(s, CAPABILITY_DEDUPE_USERS);
    json_key(w, "guilds");
    json_array_begin(w);
    if (s->who.bot)
        write_guild_ids(w, load);
    for (uint32_t i = 0; !s->who.bot && i < s->link_count; i++) {
        json_raw(w, SLICE("{")); /* with the comma before it */
        guild_payload_add(r, w->out, s->links[i], whole);
    }
    json_array_end(w);
}

/* What libraries expect to find, although bots have none of it. */
static void write_bot_keys(struct json_writer *w, const struct session *s)
{
    static const char *const ARRAYS[] = {"private_channels", "relationships", "presences",
                                         "guild_join_requests", "geo_ordered_rtc_regions"};
    for (size_t i = 0; i < sizeof ARRAYS / sizeof ARRAYS[0]; i++)
        json_kv_raw(w, ARRAYS[i], "[]");
    json_kv_raw(w, "user_settings", "{}");
    json_kv_raw(w, "auth", "{}");
    json_key(w, "application");
    json_object_begin(w);
    json_kv_id(w, "id", s->who.application.v);
    json_kv_u64(w, "flags", s->who.application_flags);
    json_object_end(w);
}

struct bytes *ready_payload(struct session *s, const struct session_load *load)
{
    struct json_writer w;
    struct rope r = {0};
    struct buf *out = &s->hub->scratch;
    dispatch_begin(&w, out, DISPATCH_READY);
    json_object_begin(&w);
    json_kv_u64(&w, "v", s->version);
    json_key(&w, "user");
    proto_user_self(&w, &load->snapshot.user);
    write_guilds(&r, &w, s, load);
    json_kv_cstr(&w, "session_id", s->id);
    json_kv_cstr(&w, "session_type", "normal");
    write_resume_url(&w, s);
    if (s->who.bot)
        write_bot_keys(&w, s);
    else
        ready_people_write(&w, s, load);
    json_key(&w, "shard");
    json_array_begin(&w);
    json_u64(&w, s->shard_id);
    json_u64(&w, s->shard_count);
    json_array_end(&w);
    write_trace(&w, s);
    json_object_end(&w);
    return rope_payload_end(&r, out);
}
