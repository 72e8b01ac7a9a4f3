/* The invite object, and what is told about a guild to somebody who is not in it. */

#include "proto/guild.h"
#include "proto/user.h"

static void invite_guild(struct json_writer *w, const struct guild *g)
{
    json_key(w, "guild");
    json_object_begin(w);
    json_kv_id(w, "id", g->id.v);
    json_kv_str(w, "name", g->name);
    json_kv_str_or_null(w, "description", g->description);
    json_kv_null(w, "splash");
    json_kv_null(w, "banner");
    json_kv_null(w, "icon");
    json_kv_raw(w, "features", "[]");
    json_kv_u64(w, "verification_level", g->verification_level);
    json_kv_null(w, "vanity_url_code");
    json_kv_u64(w, "nsfw_level", 0);
    json_kv_bool(w, "nsfw", false);
    json_kv_u64(w, "premium_subscription_count", 0);
    json_object_end(w);
}

/* A channel that is gone from the view keeps its id: the reply must name one. */
static void invite_channel(struct json_writer *w, const struct invite *i,
                           const struct guild_view *v)
{
    const struct channel *c = guild_view_channel(v, i->channel);
    json_key(w, "channel");
    json_object_begin(w);
    json_kv_id(w, "id", i->channel.v);
    json_kv_u64(w, "type", c ? (uint64_t)c->type : CHANNEL_TYPE_TEXT);
    json_kv_str_or_null(w, "name", c ? c->name : (struct slice){NULL, 0});
    json_object_end(w);
}

void proto_invite_limits(struct json_writer *w, const struct invite *i)
{
    json_kv_u64(w, "uses", i->uses);
    json_kv_u64(w, "max_uses", i->max_uses);
    json_kv_u64(w, "max_age", i->max_age_s);
    json_kv_bool(w, "temporary", i->temporary);
    json_kv_time(w, "created_at", i->created_at_ms);
}

void proto_invite_keys(struct json_writer *w, const struct invite *i, const struct guild_view *v,
                       bool with_metadata)
{
    json_kv_u64(w, "type", 0);
    json_kv_str(w, "code", i->code);
    json_kv_id(w, "guild_id", i->guild.v);
    invite_guild(w, &v->guild);
    invite_channel(w, i, v);
    if (i->inviter.id.v != 0) {
        json_key(w, "inviter");
        proto_user(w, &i->inviter);
    }
    json_kv_time_or_null(w, "expires_at", i->expires_at_ms);
    if (with_metadata)
        proto_invite_limits(w, i);
}

void proto_invite(struct json_writer *w, const struct invite *i, const struct guild_view *v,
                  bool with_metadata)
{
    json_object_begin(w);
    proto_invite_keys(w, i, v, with_metadata);
    json_object_end(w);
}
