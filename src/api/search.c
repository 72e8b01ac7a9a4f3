/*
 * Searching. What a search costs is known only afterwards: time that it took counts against its
 * caller, beside the requests, and who has used up theirs waits.
 */

#include "core/search.h"

#include "api/api_priv.h"
#include "api/handlers.h"
#include "api/search_query.h"
#include "model/permissions.h"
#include "proto/message.h"

enum {
    COST_UNIT_MS = 50, /* of a worker's time */
    COST_UNITS = 100,  /* a minute */
    COST_WINDOW_MS = 60000,
    RETRY_AFTER_S = 5
};

#define BUCKET_COST "search.cost"

static struct ratelimit_verdict take_cost(const struct request *r, uint64_t ms)
{
    const struct api_options *o = &r->api->o;
    uint64_t key = ratelimit_key(BUCKET_COST, r->principal.user.v);
    struct ratelimit_verdict v = {.allowed = true};
    for (uint64_t i = 0; i < ms / COST_UNIT_MS; i++)
        v = ratelimit_take(o->ratelimit, key, COST_UNITS, COST_WINDOW_MS);
    return v;
}

static enum err check_cost(struct request *r)
{
    const struct api_options *o = &r->api->o;
    uint64_t key = ratelimit_key(BUCKET_COST, r->principal.user.v);
    struct ratelimit_verdict v = ratelimit_peek(o->ratelimit, key, COST_UNITS, COST_WINDOW_MS);
    if (!o->limits_enabled || v.allowed)
        return ERR_OK;
    r->limit = REQUEST_LIMIT_BUCKET;
    r->verdict = v;
    return ERR_RATE_LIMITED;
}

/* OpenAPI, SearchIndexNotReadyResponse. */
static enum err write_not_ready(struct request *r, const struct search_result *found)
{
    const struct err_info *info = err_info(ERR_NOT_INDEXED);
    struct json_writer *w = reply_json(r);
    r->x->status = info->http_status;
    json_object_begin(w);
    json_kv_cstr(w, "message", info->text);
    json_kv_i64(w, "code", info->json_code);
    json_kv_u64(w, "documents_indexed", found->indexed);
    json_kv_u64(w, "retry_after", RETRY_AFTER_S);
    json_object_end(w);
    return ERR_OK;
}

static void write_hit(struct json_writer *w, const struct message *m)
{
    json_array_begin(w);
    json_object_begin(w);
    proto_message_keys(w, m, false);
    json_kv_bool(w, "hit", true);
    json_object_end(w);
    json_array_end(w);
}

/* OpenAPI, GuildSearchResponse. There are no threads yet. */
static void write_found(struct request *r, const struct search_result *found)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_bool(w, "doing_deep_historical_index", false);
    json_kv_u64(w, "total_results", found->total);
    json_key(w, "messages");
    json_array_begin(w);
    for (size_t i = 0; i < found->count; i++)
        write_hit(w, &found->messages[i]);
    json_array_end(w);
    json_object_end(w);
}

/* Whether a word is in a message is its content: bots need the intent (docs, "Search Guild
 * Messages"). */
static bool may_search(const struct principal *who)
{
    return !who->bot || (who->application_flags & APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT) != 0;
}

static enum err search(struct request *r)
{
    struct search_ask ask;
    struct search_result found = {0};
    uint64_t took_ms = 0;
    if (!may_search(&r->principal))
        return ERR_MISSING_ACCESS;
    enum err e = search_query_read(r, &ask);
    if (e == ERR_OK)
        e = check_cost(r);
    if (e != ERR_OK)
        return e;
    e = search_messages(request_core(r), &r->principal, &r->access, &ask, &r->arena, &found,
                        &took_ms);
    (void)take_cost(r, took_ms);
    if (e == ERR_NOT_INDEXED)
        return write_not_ready(r, &found);
    if (e == ERR_OK)
        write_found(r, &found);
    return e;
}

enum err route_search_guild(struct request *r)
{
    return search(r);
}

enum err route_search_channel(struct request *r)
{
    return search(r);
}
