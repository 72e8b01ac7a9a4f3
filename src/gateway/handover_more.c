/* What goes over a restart with a session and belongs to others: presence, subscriptions. */
#include "gateway/handover.h"
#include "gateway/member_list.h"
#include "gateway/member_request.h"
#include "gateway/presence.h"

enum { MORE_JSON_DEPTH = 16 };

static json_t *subscriptions(const struct session *s)
{
    json_t *all = json_object();
    for (uint32_t i = 0; i < s->link_count; i++) {
        json_t *one = subscription_save(s->links[i]);
        char key[SLICE_U64_DIGITS + 1];
        if (one == NULL)
            continue;
        key[slice_put_u64(key, s->links[i]->guild->feed.stream.id)] = '\0';
        (void)json_object_set_new(all, key, one); /* left out when memory is short */
    }
    return all;
}

static int append(const char *text, size_t len, void *ctx)
{
    struct buf *out = ctx;
    buf_append(out, text, len);
    return out->failed ? -1 : 0;
}

bool handover_more(const struct session *s, struct buf *out)
{
    json_t *more = json_object();
    json_t *presence = json_object();
    presence_save((struct session *)(uintptr_t)s, presence);
    (void)json_object_set_new(more, "presence", presence);
    (void)json_object_set_new(more, "subscriptions", subscriptions(s));
    (void)json_object_set_new(more, "shown", presence_recall_save(s));
    if (s->requests != NULL)
        (void)json_object_set_new(more, "requests", member_requests_save(s));
    bool ok = json_dump_callback(more, append, out, JSON_COMPACT) == 0;
    json_decref(more);
    return ok && !out->failed;
}

void handover_more_restore(struct session *s, struct slice text)
{
    json_t *more = NULL;
    if (text.len == 0 || json_read(text, MORE_JSON_DEPTH, &more) != ERR_OK)
        return;
    presence_restore(s, json_object_get(more, "presence"));
    member_requests_restore(s, json_object_get(more, "requests"));
    presence_recall_take(s, json_object_get(more, "shown"));
    const char *key;
    json_t *one;
    json_object_foreach(json_object_get(more, "subscriptions"), key, one)
    {
        uint64_t guild = 0;
        struct guild_link *l =
            slice_to_u64(slice_from(key), &guild) ? session_link(s, guild) : NULL;
        if (l != NULL)
            subscription_restore(l, one);
    }
    json_decref(more);
}
