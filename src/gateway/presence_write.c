/* Presences as clients read them. */
#include "gateway/presence_priv.h"

static const char OFFLINE[] = "\"status\":\"offline\",\"activities\":[],\"client_status\":{}";

static void write_state(struct json_writer *w, const struct presence *p)
{
    json_raw(w, p == NULL ? SLICE(OFFLINE) : slice_of(p->json->data, p->json->len));
}

void presence_write(struct json_writer *w, uint64_t user, const struct presence *p,
                    uint64_t guild_id)
{
    json_object_begin(w);
    json_key(w, "user");
    json_object_begin(w);
    json_kv_id(w, "id", user);
    json_object_end(w);
    if (guild_id != 0)
        json_kv_id(w, "guild_id", guild_id);
    write_state(w, p);
    json_object_end(w);
}

void presence_write_merged(struct json_writer *w, const struct presence *p)
{
    json_object_begin(w);
    json_kv_id(w, "user_id", p->user);
    write_state(w, p);
    json_object_end(w);
}

struct bytes *presence_update_payload(struct hub *h, uint64_t user, const struct presence *p,
                                      uint64_t guild_id)
{
    struct json_writer w;
    buf_reset(&h->scratch);
    buf_append_cstr(&h->scratch, "\"t\":\"PRESENCE_UPDATE\",\"op\":0,\"d\":");
    json_begin(&w, &h->scratch);
    presence_write(&w, user, p, guild_id);
    return dispatch_end(&h->scratch);
}

struct bytes *presence_sessions_payload(struct hub *h, uint64_t user, uint32_t *version)
{
    struct json_writer w;
    buf_reset(&h->scratch);
    buf_append_cstr(&h->scratch, "\"t\":\"SESSIONS_REPLACE\",\"op\":0,\"d\":");
    json_begin(&w, &h->scratch);
    struct presence_part *part = presence_user_part(h->gateway->presences, user);
    const struct presence_user *u = map_get(&part->map, user);
    if (u != NULL) {
        *version = u->version;
        presence_write_seats(&w, u);
    }
    pthread_mutex_unlock(&part->lock);
    return u == NULL ? NULL : dispatch_end(&h->scratch);
}

void presence_write_sessions(struct json_writer *w, struct session *s)
{
    struct presence_part *part = presence_user_part(s->hub->gateway->presences, s->who.user.v);
    const struct presence_user *u = map_get(&part->map, s->who.user.v);
    if (u == NULL) {
        json_array_begin(w);
        json_array_end(w);
    } else {
        presence_write_seats(w, u);
        if (s->seat != NULL)
            s->seat->sessions_version = u->version;
    }
    pthread_mutex_unlock(&part->lock);
}

static void write_friends(struct json_writer *w, struct session *s, bool merged)
{
    struct gateway *g = s->hub->gateway;
    bool here;
    struct friend_list *f = presence_friends(g, s->who.user.v, &here);
    for (uint32_t i = 0; f != NULL && i < f->count; i++) {
        struct presence *p = presence_get(g, f->ids[i]);
        if (p != NULL && merged)
            presence_write_merged(w, p);
        else if (p != NULL)
            presence_write(w, p->user, p, 0);
        presence_unref(&p);
    }
    friend_list_unref(&f);
}

void presence_write_friends(struct json_writer *w, struct session *s)
{
    write_friends(w, s, true);
}

void presence_write_friend_list(struct json_writer *w, struct session *s)
{
    write_friends(w, s, false);
}
