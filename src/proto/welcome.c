/* Welcome screen and new member welcome. */

#include "proto/welcome.h"

#include "proto/bodies.h"

static bool shows(struct welcome_reader reader, uint64_t channel)
{
    if (reader.view == NULL)
        return true;
    const struct channel *c = guild_view_channel(reader.view, (struct channel_id){channel});
    return c != NULL && (reader.who == NULL || permissions_visible(reader.view, reader.who, c, 0));
}

static void welcome_channel(struct json_writer *w, const struct body_welcome_channel *c)
{
    json_object_begin(w);
    json_kv_id(w, "channel_id", c->channel_id);
    json_kv_str(w, "description", c->description);
    json_kv_id_or_null(w, "emoji_id", c->emoji_id);
    json_kv_str_or_null(w, "emoji_name", c->emoji_name);
    json_object_end(w);
}

void proto_welcome_screen(struct json_writer *w, const struct body_welcome *b,
                          struct welcome_reader reader)
{
    const struct body_welcome_channel *list = b->welcome_channels.items;
    json_object_begin(w);
    json_kv_str_or_null(w, "description", b->description);
    json_key(w, "welcome_channels");
    json_array_begin(w);
    for (size_t i = 0; i < b->welcome_channels.count; i++)
        if (shows(reader, list[i].channel_id))
            welcome_channel(w, &list[i]);
    json_array_end(w);
    json_object_end(w);
}

static struct slice or_empty(struct slice s)
{
    return s.data != NULL ? s : SLICE("");
}

static void actions(struct json_writer *w, const struct body_array *from,
                    struct welcome_reader reader)
{
    const struct body_member_action *list = from->items;
    json_key(w, "new_member_actions");
    json_array_begin(w);
    for (size_t i = 0; i < from->count; i++) {
        if (!shows(reader, list[i].channel_id))
            continue;
        json_object_begin(w);
        json_kv_id(w, "channel_id", list[i].channel_id);
        json_kv_i64(w, "action_type", list[i].action_type);
        json_kv_str(w, "title", list[i].title);
        json_kv_str(w, "description", or_empty(list[i].description));
        json_object_end(w);
    }
    json_array_end(w);
}

static void resources(struct json_writer *w, const struct body_array *from,
                      struct welcome_reader reader)
{
    const struct body_resource_channel *list = from->items;
    json_key(w, "resource_channels");
    json_array_begin(w);
    for (size_t i = 0; i < from->count; i++) {
        if (!shows(reader, list[i].channel_id))
            continue;
        json_object_begin(w);
        json_kv_id(w, "channel_id", list[i].channel_id);
        json_kv_str(w, "title", list[i].title);
        json_kv_str(w, "description", or_empty(list[i].description));
        json_object_end(w);
    }
    json_array_end(w);
}

static void welcome_message(struct json_writer *w, const struct body_welcome_message *m)
{
    const struct body_id_item *authors = m->author_ids.items;
    json_key(w, "welcome_message");
    json_object_begin(w);
    json_key(w, "author_ids");
    json_array_begin(w);
    for (size_t i = 0; i < m->author_ids.count; i++)
        json_id(w, authors[i].value);
    json_array_end(w);
    json_kv_str(w, "message", or_empty(m->message));
    json_object_end(w);
}

void proto_new_member(struct json_writer *w, const struct body_new_member *b, struct guild_id guild,
                      struct welcome_reader reader)
{
    json_object_begin(w);
    json_kv_id(w, "guild_id", guild.v);
    json_kv_bool(w, "enabled", b->enabled);
    if (b->welcome_message.message.data != NULL)
        welcome_message(w, &b->welcome_message);
    actions(w, &b->new_member_actions, reader);
    resources(w, &b->resource_channels, reader);
    json_object_end(w);
}
