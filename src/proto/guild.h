#pragma once

/* Guild, role, channel, overwrite and member objects (docs, "Guild", "Channel", "Permissions"). */

#include "model/entities.h"
#include "model/guild_view.h"
#include "wire/json_write.h"

void proto_role(struct json_writer *w, const struct role *r);
/* with_guild_id: HTTP replies and events carry guild_id, channels inside GUILD_CREATE do not. */
void proto_channel(struct json_writer *w, const struct channel *c, bool with_guild_id);
/* Without the braces, for events. */
void proto_channel_keys(struct json_writer *w, const struct channel *c, bool with_guild_id);
void proto_overwrites(struct json_writer *w, const struct overwrite *list, size_t count);
void proto_forum_tags(struct json_writer *w, const struct forum_tag *list, size_t count);
/* The keys of the guild object (GuildResponse: all 40 required ones, roles included), without the
 * braces, so that callers add theirs (channels, members, joined_at ...). */
void proto_guild_keys(struct json_writer *w, const struct guild_view *v);
/* Its two halves: what is the guild's own; roles, emojis, stickers. */
void proto_guild_property_keys(struct json_writer *w, const struct guild *g);
void proto_guild_list_keys(struct json_writer *w, const struct guild_view *v);
/* The whole guild object of HTTP replies. */
void proto_guild(struct json_writer *w, const struct guild_view *v);
/* with_user: member objects inside messages have no user. */
void proto_member(struct json_writer *w, const struct member *m, bool with_user);
/* Without the braces, for events that add keys. */
void proto_member_keys(struct json_writer *w, const struct member *m, bool with_user);
/* Without the braces. For GET /users/@me/guilds: id, name, icon, banner, features, and what the
 * caller is there. */
void proto_guild_partial_keys(struct json_writer *w, const struct guild_view *v, bool owner,
                              uint64_t permissions);
/* owner and bot may be NULL: their keys are left out. */
void proto_application(struct json_writer *w, const struct application *a, const struct user *owner,
                       const struct user *bot);
