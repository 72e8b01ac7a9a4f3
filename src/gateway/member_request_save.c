/* Requests of members over a planned restart: each as the command it came as, and how far it was.
 * The new server goes on where the old one stopped; the chunks before are in the client's hands, or
 * in what is sent again on Resume. */
#include "base/limits.h"
#include "gateway/member_request.h"

static json_t *saved_ids(const struct member_request *r)
{
    json_t *ids = NULL;
    struct buf text;
    buf_init(&text, MEM_GATEWAY, LIMIT_PERSON_COMMAND_BYTES * 2);
    buf_putc(&text, '[');
    buf_append_slice(&text, r->wrong);
    for (size_t i = 0; i < r->query.id_count; i++) {
        buf_append_cstr(&text, text.len > 1 ? ",\"" : "\"");
        buf_u64(&text, r->query.ids[i]);
        buf_putc(&text, '"');
    }
    buf_putc(&text, ']');
    if (text.failed || json_read(buf_slice(&text), 2, &ids) != ERR_OK)
        ids = NULL;
    buf_deinit(&text);
    return ids;
}

static json_t *saved(const struct member_request *r)
{
    struct slice prefix = r->query.prefix;
    json_t *one = json_object();
    char guild[SLICE_U64_DIGITS + 1];
    guild[slice_put_u64(guild, r->query.guild.v)] = '\0';
    (void)json_object_set_new(one, "guild_id", json_string(guild));
    if (r->query.kind == MEMBERS_AMONG)
        (void)json_object_set_new(one, "user_ids", saved_ids(r));
    else
        (void)json_object_set_new(one, "query",
                                  json_stringn(prefix.len == 0 ? "" : prefix.data, prefix.len));
    uint64_t limit = !r->whole ? r->query.limit : r->left == UINT64_MAX ? 0 : r->left;
    (void)json_object_set_new(one, "limit", json_integer((json_int_t)limit));
    (void)json_object_set_new(one, "presences", json_boolean(r->presences));
    if (r->has_nonce)
        (void)json_object_set_new(one, "nonce", json_stringn(r->nonce, r->nonce_len));
    (void)json_object_set_new(one, "after", json_integer((json_int_t)r->query.after));
    (void)json_object_set_new(one, "chunk_index", json_integer(r->chunk_index));
    (void)json_object_set_new(one, "chunk_count", json_integer(r->chunk_count));
    return one;
}

json_t *member_requests_save(const struct session *s)
{
    json_t *all = NULL;
    for (const struct member_request *r = member_requests_next(s, NULL); r != NULL;
         r = member_requests_next(s, r)) {
        if (all == NULL)
            all = json_array();
        (void)json_array_append_new(all, saved(r)); /* left out when memory is short */
    }
    return all;
}

static uint64_t number(const json_t *d, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(d, key));
    return n < 0 ? 0 : (uint64_t)n;
}

void member_requests_restore(struct session *s, const json_t *all)
{
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *d = json_array_get(all, i);
        struct member_request *r = member_request_new();
        bool ok = r != NULL &&
                  json_read_snowflake(json_object_get(d, "guild_id"), &r->query.guild.v) &&
                  member_request_read(r, d);
        if (ok && r->whole) {
            r->query.after = number(d, "after");
            r->chunk_index = (uint32_t)number(d, "chunk_index");
            r->chunk_count = (uint32_t)number(d, "chunk_count");
        }
        if (!ok || !member_requests_add(s, r))
            member_request_free(&r);
    }
}
