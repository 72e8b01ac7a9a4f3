/*
 * Presence over a planned restart. Whoever comes back is told of again; whoever does not would be
 * shown as being there for good by those who come back. So whom a session may show goes over with
 * it: of a guild, with the first of its watchers on the loop; friends, with each person. When all
 * have come who will, those of them who have not are told of as gone.
 */
#include "gateway/presence_priv.h"

enum { RECALLED_MAX = 8000 }; /* of a session: it is to stay below HANDOVER_MORE_BYTES */

struct recall {
    struct list node; /* hub's */
    uint64_t session; /* whose friends they are; 0: of the guild */
    uint64_t guild;
    uint32_t count;
    uint64_t ids[];
};

/* ---- the way down: nothing is told any more, and the loops end one after the other ---- */

static bool append(json_t *list, uint64_t id, size_t *left)
{
    bool ok = *left > 0 && json_array_append_new(list, json_integer((json_int_t)id)) == 0;
    *left -= ok;
    return ok;
}

/* Those who are there, and those of whom the last word was not told. */
static bool list_shown(struct roster *r, struct presence_watch *w, json_t *list, size_t *left)
{
    size_t cursor = 0;
    uint64_t user;
    void *value;
    bool ok = true;
    while (ok && map_next(&r->members, &cursor, &user, &value))
        if (map_get(&r->hidden, user) == NULL && map_get(&w->dirty, user) == NULL)
            ok = append(list, user, left);
    for (cursor = 0; ok && map_next(&w->dirty, &cursor, &user, &value);)
        ok = append(list, user, left);
    return ok;
}

static bool list_guild(const struct guild_link *l, json_t *list, size_t *left)
{
    struct gateway *g = l->session->hub->gateway;
    uint64_t guild_id = l->guild->feed.stream.id;
    struct presence_part *part = presence_guild_part(g->presences, guild_id);
    struct roster *r = map_get(&part->map, guild_id);
    bool ok = r != NULL && list_shown(r, l->guild->presences, list, left);
    pthread_mutex_unlock(&part->lock);
    return ok;
}

static bool list_friends(const struct session *s, json_t *list, size_t *left)
{
    bool here, ok = true;
    struct friend_list *f = presence_friends(s->hub->gateway, s->who.user.v, &here);
    for (uint32_t i = 0; ok && f != NULL && i < f->count; i++) {
        struct presence *p = presence_get(s->hub->gateway, f->ids[i]);
        if (p != NULL || desk_knows(s->hub, f->ids[i]))
            ok = append(list, f->ids[i], left);
        presence_unref(&p);
    }
    friend_list_unref(&f);
    return ok;
}

/* A list that is not whole is left out. */
static void put(json_t *all, uint64_t guild, json_t *list, bool ok)
{
    char key[SLICE_U64_DIGITS + 1];
    key[slice_put_u64(key, guild)] = '\0';
    if (ok && json_array_size(list) > 0)
        (void)json_object_set(all, key, list);
    json_decref(list);
}

json_t *presence_recall_save(const struct session *s)
{
    json_t *all = json_object();
    size_t left = RECALLED_MAX;
    if (!s->who.bot) {
        json_t *list = json_array();
        put(all, 0, list, list_friends(s, list, &left));
    }
    for (uint32_t i = 0; i < s->link_count; i++) {
        const struct guild_link *l = s->links[i];
        if (l->watch_number != 1)
            continue;
        json_t *list = json_array();
        size_t before = left;
        bool ok = list_guild(l, list, &left);
        left = ok ? left : before;
        put(all, l->guild->feed.stream.id, list, ok);
    }
    return all;
}

/* ---- the way up ---- */

void presence_recall_take(struct session *s, const json_t *saved)
{
    const char *key;
    json_t *list;
    json_object_foreach((json_t *)(uintptr_t)saved, key, list)
    {
        size_t count = json_array_size(list);
        struct recall *x = mem_zalloc(MEM_GATEWAY, sizeof *x + count * sizeof x->ids[0]);
        if (x == NULL || !slice_to_u64(slice_from(key), &x->guild)) {
            mem_free(MEM_GATEWAY, x);
            continue;
        }
        x->session = x->guild == 0 ? s->key : 0;
        for (size_t i = 0; i < count; i++)
            x->ids[x->count++] = (uint64_t)json_integer_value(json_array_get(list, i));
        list_push_back(&s->hub->recalls, &x->node);
    }
}

static void tell_watchers(struct hub *h, const struct recall *x)
{
    struct presence_part *part = presence_guild_part(h->gateway->presences, x->guild);
    struct roster *r = map_get(&part->map, x->guild);
    for (uint32_t i = 0; r != NULL && i < x->count; i++)
        if (map_get(&r->members, x->ids[i]) == NULL || map_get(&r->hidden, x->ids[i]) != NULL)
            roster_dirty(r, x->ids[i]);
    pthread_mutex_unlock(&part->lock);
}

static void tell_friend(struct hub *h, const struct recall *x)
{
    struct session *s = map_get(&h->sessions, x->session);
    for (uint32_t i = 0; s != NULL && !s->failed && i < x->count; i++) {
        struct presence *p = presence_get(h->gateway, x->ids[i]);
        struct bytes *payload = p != NULL ? NULL : presence_update_payload(h, x->ids[i], NULL, 0);
        if (payload != NULL)
            session_push(s, payload);
        bytes_unref(&payload);
        presence_unref(&p);
    }
}

void presence_recall_end(struct hub *h)
{
    for (struct list *n; (n = list_pop_front(&h->recalls)) != NULL;) {
        struct recall *x = LIST_OWNER(n, struct recall, node);
        if (x->session != 0)
            tell_friend(h, x);
        else
            tell_watchers(h, x);
        mem_free(MEM_GATEWAY, x);
    }
}

void presence_recall_forget(struct hub *h)
{
    for (struct list *n; (n = list_pop_front(&h->recalls)) != NULL;)
        mem_free(MEM_GATEWAY, LIST_OWNER(n, struct recall, node));
}
