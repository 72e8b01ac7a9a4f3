/* Events about an account. */

#include "proto/user_events.h"

#include "proto/event_draft.h"
#include "proto/user.h"

enum { SETTINGS_BYTES_MAX = 512 * 1024 };

static struct event *event_about(enum event_kind kind, struct user_id user)
{
    struct event *e = event_new(kind, (struct stream){STREAM_USER, user.v}, NULL, 0);
    if (e == NULL)
        return NULL;
    e->entity_id = user.v;
    e->actor_id = user.v;
    return e;
}

struct event *event_user_update(const struct user *u)
{
    struct event *e = event_about(EVENT_USER_UPDATE, u->id);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, EVENT_USER_UPDATE);
    proto_user_self_keys(&d.w, u);
    return event_with_payload(e, &d);
}

/* The document is the whole of "d". */
struct event *event_user_settings(struct slice document, struct user_id reader)
{
    struct event *e = event_about(EVENT_USER_SETTINGS_UPDATE, reader);
    struct buf b;
    if (e == NULL)
        return NULL;
    buf_init(&b, MEM_EVENTS, SETTINGS_BYTES_MAX);
    buf_append_cstr(&b, "\"t\":\"USER_SETTINGS_UPDATE\",\"op\":0,\"d\":");
    buf_append_slice(&b, document);
    buf_putc(&b, '}');
    e->payload = b.failed ? NULL : bytes_new(buf_slice(&b));
    buf_deinit(&b);
    if (e->payload == NULL)
        event_unref(&e);
    return e;
}
