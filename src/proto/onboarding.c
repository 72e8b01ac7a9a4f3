/* Onboarding. What is kept has an emoji as it was sent; what is shown has it as an object. */

#include "proto/bodies.h"
#include "proto/welcome.h"

typedef bool exists_fn(const struct guild_view *view, uint64_t id);

static bool has_channel(const struct guild_view *view, uint64_t id)
{
    return guild_view_channel(view, (struct channel_id){id}) != NULL;
}

static bool has_role(const struct guild_view *view, uint64_t id)
{
    return guild_view_role(view, (struct role_id){id}) != NULL;
}

/* Each once: clients take them for sets. */
static bool is_first(const struct body_id_item *list, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (list[k].value == list[i].value)
            return false;
    return true;
}

static void ids(struct json_writer *w, const char *key, const struct body_array *from,
                const struct guild_view *view, exists_fn *exists)
{
    const struct body_id_item *list = from->items;
    json_key(w, key);
    json_array_begin(w);
    for (size_t i = 0; i < from->count; i++)
        if (is_first(list, i) && (view == NULL || exists(view, list[i].value)))
            json_id(w, list[i].value);
    json_array_end(w);
}

static void emoji(struct json_writer *w, const struct body_onboarding_option *o, enum proto_how how)
{
    if (how == PROTO_KEPT) {
        json_kv_id_or_null(w, "emoji_id", o->emoji_id);
        json_kv_str_or_null(w, "emoji_name", o->emoji_name);
        json_kv_bool(w, "emoji_animated", o->emoji_animated);
        return;
    }
    json_key(w, "emoji");
    json_object_begin(w);
    json_kv_id_or_null(w, "id", o->emoji_id);
    json_kv_str_or_null(w, "name", o->emoji_name);
    json_kv_bool(w, "animated", o->emoji_animated);
    json_object_end(w);
}

static void option(struct json_writer *w, const struct body_onboarding_option *o,
                   enum proto_how how, const struct guild_view *view)
{
    json_object_begin(w);
    json_kv_id(w, "id", o->id);
    json_kv_str(w, "title", o->title);
    json_kv_str(w, "description", o->description.data != NULL ? o->description : SLICE(""));
    emoji(w, o, how);
    ids(w, "role_ids", &o->role_ids, view, has_role);
    ids(w, "channel_ids", &o->channel_ids, view, has_channel);
    json_object_end(w);
}

void proto_onboarding_prompt(struct json_writer *w, const struct body_onboarding_prompt *p,
                             enum proto_how how, const struct guild_view *view)
{
    const struct body_onboarding_option *options = p->options.items;
    json_object_begin(w);
    json_kv_id(w, "id", p->id);
    json_kv_str(w, "title", p->title);
    json_kv_bool(w, "single_select", p->single_select);
    json_kv_bool(w, "required", p->required);
    json_kv_bool(w, "in_onboarding", p->in_onboarding);
    json_kv_i64(w, "type", p->type);
    json_key(w, "options");
    json_array_begin(w);
    for (size_t i = 0; i < p->options.count; i++)
        option(w, &options[i], how, view);
    json_array_end(w);
    json_object_end(w);
}

void proto_onboarding(struct json_writer *w, const struct body_onboarding *b, struct guild_id guild,
                      enum proto_how how, const struct guild_view *view)
{
    const struct body_onboarding_prompt *prompts = b->prompts.items;
    json_object_begin(w);
    json_kv_id(w, "guild_id", guild.v);
    json_key(w, "prompts");
    json_array_begin(w);
    for (size_t i = 0; i < b->prompts.count; i++)
        proto_onboarding_prompt(w, &prompts[i], how, view);
    json_array_end(w);
    ids(w, "default_channel_ids", &b->default_channel_ids, view, has_channel);
    json_kv_bool(w, "enabled", b->enabled);
    json_kv_i64(w, "mode", b->mode);
    json_object_end(w);
}
