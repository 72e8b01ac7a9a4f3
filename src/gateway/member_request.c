/*
 * Request Guild Members (op 8): the command. What it may ask for depends on who asks: bots need
 * intents, people permissions. What is not allowed is not answered, as Discord does it; what is no
 * such command ends the connection (4002).
 */
#include "gateway/member_request.h"

#include <string.h>

#include "model/permissions.h"

enum {
    REQUEST_BYTES_MAX = 32 * 1024, /* a command is 15 KiB at most */
    REQUEST_GUILDS_MAX = 100,      /* in one command of a person (ours) */
    WHOLE_WINDOW_MS = 30 * 1000,   /* docs: the whole list of a guild once in 30 s */
    BUSY_RETRY_MS = 5000
};

struct member_request *member_request_new(void)
{
    struct member_request *r = mem_zalloc(MEM_GATEWAY, sizeof *r);
    if (r != NULL)
        arena_init(&r->arena, MEM_GATEWAY, REQUEST_BYTES_MAX);
    return r;
}

void member_request_free(struct member_request **r)
{
    struct member_request *gone = *r;
    *r = NULL;
    if (gone == NULL)
        return;
    arena_deinit(&gone->arena);
    mem_free(MEM_GATEWAY, gone);
}

void member_request_refuse(struct session *s, const struct member_request *r, uint64_t retry_ms)
{
    struct json_writer w;
    struct buf *out = &s->hub->scratch;
    dispatch_begin(&w, out, DISPATCH_RATE_LIMITED);
    json_object_begin(&w);
    json_kv_u64(&w, "opcode", 8);
    json_key(&w, "retry_after");
    json_write_real(&w, (double)retry_ms / 1000.0, 3);
    json_key(&w, "meta");
    json_object_begin(&w);
    json_kv_id(&w, "guild_id", r->query.guild.v);
    if (r->has_nonce)
        json_kv_str(&w, "nonce", slice_of(r->nonce, r->nonce_len));
    json_object_end(&w);
    json_object_end(&w);
    struct bytes *payload = dispatch_end(out);
    if (payload != NULL)
        session_push(s, payload);
    bytes_unref(&payload);
}

/* --- reading --- */

/* A number, a string of digits, or another string, which is told back as not found. False: no id by
 * any reading. */
static bool add_id(struct member_request *r, const json_t *v, uint64_t *ids, struct buf *wrong)
{
    uint64_t id;
    if (json_read_snowflake(v, &id)) {
        ids[r->query.id_count++] = id;
        return true;
    }
    if (!json_is_string(v))
        return false;
    struct json_writer w;
    if (wrong->len > 0)
        buf_putc(wrong, ',');
    json_begin(&w, wrong);
    json_str(&w, json_read_str(v));
    return true;
}

static bool read_id_list(struct member_request *r, const json_t *v, struct buf *wrong)
{
    uint64_t *ids = arena_array(&r->arena, MEMBER_REQUEST_IDS_MAX, sizeof *ids);
    if (ids == NULL)
        return false;
    r->query.ids = ids;
    if (!json_is_array(v))
        return add_id(r, v, ids, wrong);
    if (json_array_size(v) > MEMBER_REQUEST_IDS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!add_id(r, json_array_get(v, i), ids, wrong))
            return false;
    return true;
}

static bool read_ids(struct member_request *r, const json_t *v)
{
    struct buf wrong;
    buf_init(&wrong, MEM_GATEWAY, REQUEST_BYTES_MAX);
    bool ok = read_id_list(r, v, &wrong) && !wrong.failed;
    r->query.kind = MEMBERS_AMONG;
    if (ok && wrong.len > 0) {
        r->wrong = arena_dup(&r->arena, buf_slice(&wrong));
        ok = r->wrong.data != NULL;
    }
    buf_deinit(&wrong);
    return ok;
}

/* A prefix; or, if it is empty, the list from its beginning. docs: limit is required; 0 means all
 * of an empty prefix, and client libraries send it with any other too. */
static bool read_query(struct member_request *r, const json_t *query, const json_t *limit)
{
    if (!json_is_string(query) || !json_is_integer(limit) || json_integer_value(limit) < 0)
        return false;
    uint64_t n = (uint64_t)json_integer_value(limit);
    struct slice prefix = json_read_str(query);
    r->whole = prefix.len == 0;
    r->query.kind = r->whole ? MEMBERS_AFTER : MEMBERS_NAMED;
    if (r->whole) {
        r->left = n == 0 ? UINT64_MAX : n;
        return true;
    }
    r->query.limit = n == 0 || n > MEMBER_REQUEST_NAMED_MAX ? MEMBER_REQUEST_NAMED_MAX : n;
    r->query.prefix = arena_dup(&r->arena, prefix);
    return r->query.prefix.data != NULL;
}

static bool present(const json_t *v)
{
    return v != NULL && !json_is_null(v);
}

/* docs: a nonce that is too long is ignored. */
static bool read_nonce(struct member_request *r, const json_t *v)
{
    if (!present(v))
        return true;
    if (!json_is_string(v))
        return false;
    struct slice nonce = json_read_str(v);
    r->has_nonce = nonce.len <= MEMBER_REQUEST_NONCE_MAX;
    if (!r->has_nonce)
        return true;
    memcpy(r->nonce, nonce.data, nonce.len);
    r->nonce_len = nonce.len;
    return true;
}

bool member_request_read(struct member_request *r, const json_t *d)
{
    const json_t *presences = json_object_get(d, "presences");
    const json_t *ids = json_object_get(d, "user_ids");
    if (present(presences) && !json_is_boolean(presences))
        return false;
    r->presences = json_is_true(presences);
    if (!read_nonce(r, json_object_get(d, "nonce")))
        return false;
    return present(ids) ? read_ids(r, ids)
                        : read_query(r, json_object_get(d, "query"), json_object_get(d, "limit"));
}

/* --- who may --- */

/* userdoccers: people need one of these for the whole list. */
static bool may_list(const struct session *s, const struct guild_link *l)
{
    if (s->who.bot)
        return (s->intents & INTENT_GUILD_MEMBERS) != 0;
    uint64_t held = l->class->permissions[l->guild->view->channel_count];
    return (held & (PERMISSION_MANAGE_ROLES | PERMISSION_KICK_MEMBERS | PERMISSION_BAN_MEMBERS)) !=
           0;
}

/* The whole list of a guild is for a user what it is for all the user's sessions, on any loop. */
static uint64_t whole_wait_ms(const struct session *s, const struct member_request *r)
{
    const struct gateway_options *o = &s->hub->gateway->options;
    if (!o->limits_enabled)
        return 0;
    uint64_t key = map_hash(ratelimit_key("gateway.members", s->who.user.v), r->query.guild.v);
    struct ratelimit_verdict v = ratelimit_take(o->ratelimit, key, 1, WHOLE_WINDOW_MS);
    return v.allowed ? 0 : v.reset_after_ms > 0 ? v.reset_after_ms : 1;
}

/* docs: of a guild that the session is not in there is no answer. */
static bool allowed(struct session *s, const struct member_request *r)
{
    const struct guild_link *l = session_link(s, r->query.guild.v);
    return l != NULL && l->class != NULL && (!r->whole || may_list(s, l));
}

static void request_guild(struct session *s, uint64_t guild, const json_t *d)
{
    struct member_request *r = member_request_new();
    if (r == NULL)
        return;
    r->query.guild.v = guild;
    if (!member_request_read(r, d)) {
        if (s->conn != NULL)
            gw_conn_close(s->conn, ERR_GW_DECODE);
    } else if (allowed(s, r)) {
        /* docs: without the intent presences are always false. */
        r->presences = r->presences && (s->intents & INTENT_GUILD_PRESENCES) != 0;
        uint64_t wait_ms = r->whole ? whole_wait_ms(s, r) : 0;
        if (wait_ms > 0)
            member_request_refuse(s, r, wait_ms);
        else if (member_requests_add(s, r))
            r = NULL;
        else
            member_request_refuse(s, r, BUSY_RETRY_MS);
    }
    member_request_free(&r);
}

void gw_op_request_members(struct session *s, const json_t *d)
{
    const json_t *guild = json_object_get(d, "guild_id");
    uint64_t id = 0;
    bool many = json_is_array(guild);
    /* docs: bots name one guild. */
    if (many ? s->who.bot || json_array_size(guild) > REQUEST_GUILDS_MAX
             : !json_read_snowflake(guild, &id)) {
        gw_conn_close(s->conn, ERR_GW_DECODE);
        return;
    }
    if (!many)
        request_guild(s, id, d);
    for (size_t i = 0; many && i < json_array_size(guild) && s->conn != NULL; i++) {
        if (json_read_snowflake(json_array_get(guild, i), &id))
            request_guild(s, id, d);
        else
            gw_conn_close(s->conn, ERR_GW_DECODE);
    }
    member_requests_continue(s);
}
