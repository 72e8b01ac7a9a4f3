/* Integration objects. An application is an account of itself, as Discord has it. */

#include "proto/integration.h"

#include "proto/event_draft.h"
#include "proto/user.h"

static void account(struct json_writer *w, const struct integration *i)
{
    json_key(w, "account");
    json_object_begin(w);
    json_kv_id(w, "id", i->application.id.v);
    json_kv_str(w, "name", i->application.name);
    json_object_end(w);
}

static void identity(struct json_writer *w, const struct integration *i)
{
    json_kv_id(w, "id", i->id);
    json_kv_cstr(w, "type", "discord");
    json_kv_str(w, "name", i->application.name);
    account(w, i);
}

static void application(struct json_writer *w, const struct integration *i)
{
    json_key(w, "application");
    json_object_begin(w);
    json_kv_id(w, "id", i->application.id.v);
    json_kv_str(w, "name", i->application.name);
    json_kv_null(w, "icon");
    json_kv_str(w, "description", i->application.description);
    json_kv_null(w, "type");
    if (i->bot.id.v != 0) {
        json_key(w, "bot");
        proto_user(w, &i->bot);
    }
    json_object_end(w);
}

static void keys(struct json_writer *w, const struct integration *i)
{
    identity(w, i);
    json_kv_bool(w, "enabled", true);
    application(w, i);
    json_kv_raw(w, "scopes", "[\"bot\"]");
    if (i->added_by.id.v != 0) {
        json_key(w, "user");
        proto_user(w, &i->added_by);
    }
}

void proto_integration(struct json_writer *w, const struct integration *i)
{
    json_object_begin(w);
    keys(w, i);
    json_object_end(w);
}

void proto_integration_partial(struct json_writer *w, const struct integration *i)
{
    json_object_begin(w);
    identity(w, i);
    json_kv_id(w, "application_id", i->application.id.v);
    json_object_end(w);
}

struct event *event_integration_create(const struct integration *i, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_INTEGRATION_CREATE, i->guild, i->id, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_INTEGRATION_CREATE);
    keys(&d.w, i);
    json_kv_id(&d.w, "guild_id", i->guild.v);
    return event_with_payload(e, &d);
}

struct event *event_integration_delete(struct guild_id guild, uint64_t id, uint64_t application_id,
                                       uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_INTEGRATION_DELETE, guild, id, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_INTEGRATION_DELETE);
    json_kv_id(&d.w, "id", id);
    json_kv_id(&d.w, "guild_id", guild.v);
    if (application_id != 0)
        json_kv_id(&d.w, "application_id", application_id);
    return event_with_payload(e, &d);
}

struct event *event_integrations_update(struct guild_id guild, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_GUILD_INTEGRATIONS_UPDATE, guild, guild.v, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_GUILD_INTEGRATIONS_UPDATE);
    json_kv_id(&d.w, "guild_id", guild.v);
    return event_with_payload(e, &d);
}
