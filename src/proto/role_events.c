/* Events about roles. */

#include "proto/role_events.h"

#include "proto/event_draft.h"
#include "proto/guild.h"

static struct event *begin(enum event_kind kind, struct guild_id guild, struct role_id role,
                           struct guild_view *view, uint64_t actor)
{
    struct event *e = event_of_guild(kind, guild, role.v, actor);
    if (e != NULL && view != NULL)
        e->view = guild_view_ref(view);
    return e;
}

struct event *event_role_update(const struct role *r, struct guild_view *view, uint64_t actor)
{
    struct event *e = begin(EVENT_GUILD_ROLE_UPDATE, r->guild, r->id, view, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_GUILD_ROLE_UPDATE);
    json_kv_id(&d.w, "guild_id", r->guild.v);
    json_key(&d.w, "role");
    proto_role(&d.w, r);
    return event_with_payload(e, &d);
}

struct event *event_role_delete(struct guild_id guild, struct role_id role, struct guild_view *view,
                                uint64_t actor)
{
    struct event *e = begin(EVENT_GUILD_ROLE_DELETE, guild, role, view, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_GUILD_ROLE_DELETE);
    json_kv_id(&d.w, "guild_id", guild.v);
    json_kv_id(&d.w, "role_id", role.v);
    return event_with_payload(e, &d);
}
