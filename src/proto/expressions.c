/* Emojis, stickers and sounds. */

#include "proto/expressions.h"

#include "proto/event_draft.h"
#include "proto/user.h"

enum { STICKER_TYPE_GUILD = 2, VOLUME_WHOLE = 1000000, VOLUME_DECIMALS = 6 };

static void write_creator(struct json_writer *w, const struct user *creator)
{
    if (creator == NULL)
        return;
    json_key(w, "user");
    proto_user(w, creator);
}

void proto_emoji(struct json_writer *w, const struct emoji *e, const struct user *creator)
{
    json_object_begin(w);
    json_kv_id(w, "id", e->id.v);
    json_kv_str(w, "name", e->name);
    json_key(w, "roles");
    json_array_begin(w);
    for (size_t i = 0; i < e->role_count; i++)
        json_id(w, e->roles[i].v);
    json_array_end(w);
    json_kv_bool(w, "require_colons", true);
    json_kv_bool(w, "managed", false);
    json_kv_bool(w, "animated", e->animated);
    json_kv_bool(w, "available", e->available);
    write_creator(w, creator);
    json_object_end(w);
}

void proto_sticker(struct json_writer *w, const struct sticker *s, const struct user *creator)
{
    json_object_begin(w);
    json_kv_id(w, "id", s->id.v);
    json_kv_str(w, "name", s->name);
    json_kv_str(w, "tags", s->tags);
    json_kv_u64(w, "type", STICKER_TYPE_GUILD);
    json_kv_u64(w, "format_type", (uint64_t)s->format);
    json_kv_str_or_null(w, "description", s->description);
    json_kv_cstr(w, "asset", ""); /* deprecated, and always empty */
    json_kv_bool(w, "available", s->available);
    json_kv_id(w, "guild_id", s->guild.v);
    write_creator(w, creator);
    json_object_end(w);
}

static void sound_keys(struct json_writer *w, const struct sound *s, const struct user *creator)
{
    json_kv_str(w, "name", s->name);
    json_kv_id(w, "sound_id", s->id.v);
    json_key(w, "volume");
    json_write_real(w, (double)s->volume / VOLUME_WHOLE, VOLUME_DECIMALS);
    json_kv_id_or_null(w, "emoji_id", s->emoji);
    json_kv_str_or_null(w, "emoji_name", s->emoji_name);
    json_kv_id(w, "guild_id", s->guild.v);
    json_kv_bool(w, "available", s->available);
    write_creator(w, creator);
}

void proto_sound(struct json_writer *w, const struct sound *s, const struct user *creator)
{
    json_object_begin(w);
    sound_keys(w, s, creator);
    json_object_end(w);
}

void proto_emojis(struct json_writer *w, const struct guild_view *v)
{
    json_array_begin(w);
    for (size_t i = 0; i < v->emoji_count; i++)
        proto_emoji(w, &v->emojis[i], NULL);
    json_array_end(w);
}

void proto_stickers(struct json_writer *w, const struct guild_view *v)
{
    json_array_begin(w);
    for (size_t i = 0; i < v->sticker_count; i++)
        proto_sticker(w, &v->stickers[i], NULL);
    json_array_end(w);
}

void proto_sounds(struct json_writer *w, const struct guild_view *v)
{
    json_array_begin(w);
    for (size_t i = 0; i < v->sound_count; i++)
        proto_sound(w, &v->sounds[i], NULL);
    json_array_end(w);
}

/* ---- events ---- */

static struct event *list_event(enum event_kind kind, const struct guild_view *v, const char *key,
                                void (*write)(struct json_writer *, const struct guild_view *),
                                uint64_t entity, uint64_t actor)
{
    struct event *e = event_of_guild(kind, v->guild.id, entity, actor);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, kind);
    json_kv_id(&d.w, "guild_id", v->guild.id.v);
    json_key(&d.w, key);
    write(&d.w, v);
    return event_with_payload(e, &d);
}

struct event *event_emojis_update(const struct guild_view *v, uint64_t entity, uint64_t actor)
{
    return list_event(EVENT_GUILD_EMOJIS_UPDATE, v, "emojis", proto_emojis, entity, actor);
}

struct event *event_stickers_update(const struct guild_view *v, uint64_t entity, uint64_t actor)
{
    return list_event(EVENT_GUILD_STICKERS_UPDATE, v, "stickers", proto_stickers, entity, actor);
}

struct event *event_sound(enum event_kind kind, const struct sound *s, const struct user *creator,
                          uint64_t actor)
{
    struct event *e = event_of_guild(kind, s->guild, s->id.v, actor);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, kind);
    sound_keys(&d.w, s, creator);
    return event_with_payload(e, &d);
}

struct event *event_sound_delete(struct guild_id guild, struct sound_id sound, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_GUILD_SOUNDBOARD_SOUND_DELETE, guild, sound.v, actor);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, EVENT_GUILD_SOUNDBOARD_SOUND_DELETE);
    json_kv_id(&d.w, "sound_id", sound.v);
    json_kv_id(&d.w, "guild_id", guild.v);
    return event_with_payload(e, &d);
}
