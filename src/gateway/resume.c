/* Resume: the same session on a new connection, from the number that the client has seen. */
#include <string.h>

#include "crypto/token.h"
#include "gateway/gateway_priv.h"

struct hub *gateway_hub_of(struct gateway *g, struct slice id)
{
    if (id.len != SESSION_ID_LEN)
        return NULL;
    unsigned index = 0;
    for (size_t i = 0; i < 2; i++) {
        char c = id.data[i];
        if (c >= '0' && c <= '9')
            index = index * 16 + (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            index = index * 16 + (unsigned)(c - 'a' + 10);
        else
            return NULL;
    }
    return &g->hubs[index % g->hub_count];
}

static bool owns(const struct session *s, struct slice token)
{
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(gw_token(token), hash);
    return memcmp(hash, s->who.token_hash, sizeof hash) == 0;
}

void gw_resume(struct gw_conn *g, struct slice token, struct slice session_id, uint64_t seq,
               struct slice text)
{
    struct hub *home = gateway_hub_of(g->hub->gateway, session_id);
    if (home != NULL && home != g->hub) {
        gw_conn_move(g, home, text);
        return;
    }
    struct session *s = home == NULL ? NULL : session_find(home, session_id);
    if (s == NULL || !owns(s, token)) {
        gw_invalid_session(g, false);
        return;
    }
    if (seq > s->replay.seq) {
        gw_conn_close(g, ERR_GW_INVALID_SEQ);
        return;
    }
    /* A Resume of before another one may come after it, out of a connection that its client has
     * given up: that must not take the session from where it goes on. */
    if (s->conn != NULL && !replay_reaches(&s->replay, seq)) {
        gw_invalid_session(g, false);
        return;
    }
    if (s->conn != NULL)
        gw_conn_close(s->conn, ERR_GW_UNKNOWN); /* one live connection a session: the newest */
    if (!replay_rewind(&s->replay, seq)) {
        session_free(s);
        gw_invalid_session(g, false);
        return;
    }
    replay_confirm(&s->replay, seq);
    session_attach(s, g);
    gw_conn_deadline(g, g->hub->gateway->options.heartbeat_interval_ms * 3 / 2);
    metrics_add(loop_metrics(g->hub->loop), METRIC_GATEWAY_RESUMES, 1);
    /* First what is owed, or RESUMED could pass the cap on unsent bytes, Resume after Resume. */
    session_flush(s);
    struct bytes *payload = resumed_payload(s);
    if (payload != NULL)
        session_push(s, payload);
    bytes_unref(&payload);
}
