/* Events about a guild as a whole. */

#include "proto/guild_events.h"

#include "proto/event_draft.h"
#include "proto/guild.h"

struct event *event_guild_update(struct guild_view *view, uint64_t actor)
{
    struct guild_id id = view->guild.id;
    struct event *e = event_of_guild(EVENT_GUILD_UPDATE, id, id.v, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    e->view = guild_view_ref(view);
    event_draft_begin(&d, EVENT_GUILD_UPDATE);
    proto_guild_keys(&d.w, view);
    return event_with_payload(e, &d);
}
