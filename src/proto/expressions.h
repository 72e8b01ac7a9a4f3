#pragma once

/* Emojis, stickers and sounds of guilds (docs, "Emoji", "Sticker", "Soundboard"): objects and
 * events. `creator` NULL: no "user" key. */

#include "model/entities.h"
#include "model/event.h"
#include "model/guild_view.h"
#include "wire/json_write.h"

void proto_emoji(struct json_writer *w, const struct emoji *e, const struct user *creator);
void proto_sticker(struct json_writer *w, const struct sticker *s, const struct user *creator);
void proto_sound(struct json_writer *w, const struct sound *s, const struct user *creator);
/* The arrays of a guild object and of GUILD_CREATE, as values of keys that the caller wrote. */
void proto_emojis(struct json_writer *w, const struct guild_view *v);
void proto_stickers(struct json_writer *w, const struct guild_view *v);
void proto_sounds(struct json_writer *w, const struct guild_view *v);

/* The payload of one is the whole list of the view. `entity`: what changed. Views are not taken
 * over (core_emit_structure adds them). */
struct event *event_emojis_update(const struct guild_view *v, uint64_t entity, uint64_t actor);
struct event *event_stickers_update(const struct guild_view *v, uint64_t entity, uint64_t actor);
/* kind: GUILD_SOUNDBOARD_SOUND_CREATE or _UPDATE. */
struct event *event_sound(enum event_kind kind, const struct sound *s, const struct user *creator,
                          uint64_t actor);
struct event *event_sound_delete(struct guild_id guild, struct sound_id sound, uint64_t actor);
