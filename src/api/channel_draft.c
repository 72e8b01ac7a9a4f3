/* From the body of a request about a channel to what the use-case takes. */

#include "api/channels_priv.h"
#include "base/limits.h"
#include "model/validate.h"
#include "proto/bodies_channels.h"
#include "wire/utf8.h"

static bool is_voice(enum channel_type type)
{
    return type == CHANNEL_TYPE_VOICE || type == CHANNEL_TYPE_STAGE;
}

static bool is_forum(enum channel_type type)
{
    return type == CHANNEL_TYPE_FORUM || type == CHANNEL_TYPE_MEDIA;
}

/* Text-like channels have names without spaces. A name of nothing but those is no name. */
static struct slice stored_name(struct request *r, enum channel_type type, struct slice name)
{
    if (is_voice(type) || type == CHANNEL_TYPE_CATEGORY)
        return name;
    struct slice folded = validate_text_channel_name(name, &r->arena);
    if (folded.len == 0)
        request_form_error(r, "name", "BASE_TYPE_REQUIRED", "This field is required");
    return folded;
}

static struct slice text_or_none(struct slice s)
{
    return s.len > 0 ? s : (struct slice){NULL, 0};
}

static void take_name_and_topic(struct request *r, enum channel_type type,
                                struct channel_draft *out)
{
    const struct body_channel *body = r->body;
    if (BODY_NULL(*body, BODY_CHANNEL_NAME)) /* for groups of people alone */
        request_form_error(r, "name", "BASE_TYPE_REQUIRED", "This field is required");
    else if (BODY_SENT(*body, BODY_CHANNEL_NAME))
        out->name = stored_name(r, type, body->name);
    out->topic = text_or_none(body->topic);
    if (!is_forum(type) && utf8_count(out->topic) > LIMIT_CHANNEL_TOPIC_MAX)
        request_form_error(r, "topic", "BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer in length.");
}

static enum err take_overwrites(struct request *r, const struct body_array *from,
                                struct channel_draft *out)
{
    const struct body_overwrite *items = from->items;
    struct overwrite *list = arena_array(&r->arena, from->count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++)
        list[i] = (struct overwrite){items[i].id, (enum overwrite_type)items[i].type,
                                     items[i].allow, items[i].deny};
    out->overwrites = list;
    out->overwrite_count = from->count;
    return ERR_OK;
}

static enum err take_tags(struct request *r, const struct body_array *from,
                          struct channel_draft *out)
{
    const struct body_forum_tag *items = from->items;
    struct forum_tag *list = arena_array(&r->arena, from->count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++)
        list[i] = (struct forum_tag){.id = items[i].id,
                                     .name = items[i].name,
                                     .moderated = items[i].moderated,
                                     .emoji = items[i].emoji_id,
                                     .emoji_name = text_or_none(items[i].emoji_name)};
    out->tags = list;
    out->tag_count = from->count;
    return ERR_OK;
}

/* Null means the default of the field, but where a number stands for a place or a rule that cannot
 * be none. */
static uint32_t fields_set(const struct body_channel *body)
{
    uint32_t set = (uint32_t)(body->present & ((UINT32_C(1) << BODY_CHANNEL_FIELDS) - 1));
    if (BODY_NULL(*body, BODY_CHANNEL_POSITION))
        set &= ~(UINT32_C(1) << BODY_CHANNEL_POSITION);
    if (BODY_NULL(*body, BODY_CHANNEL_TYPE))
        set &= ~(UINT32_C(1) << BODY_CHANNEL_TYPE);
    return set;
}

static void take_numbers(const struct body_channel *body, struct channel_draft *out)
{
    bool sorted =
        BODY_SENT(*body, BODY_CHANNEL_SORT_ORDER) && !BODY_NULL(*body, BODY_CHANNEL_SORT_ORDER);
    out->position = (int32_t)body->position;
    out->rate_limit_per_user = (uint32_t)body->rate_limit_per_user;
    out->bitrate = (uint32_t)body->bitrate;
    out->user_limit = (uint32_t)body->user_limit;
    out->flags = (uint64_t)body->flags;
    out->video_quality_mode = (uint32_t)body->video_quality_mode;
    out->default_auto_archive_duration = (uint32_t)body->default_auto_archive_duration;
    out->default_thread_rate_limit_per_user = (uint32_t)body->default_thread_rate_limit_per_user;
    out->default_sort_order = sorted ? (int32_t)body->default_sort_order : -1;
    out->default_forum_layout = (uint32_t)body->default_forum_layout;
}

enum err channel_draft_take(struct request *r, enum channel_type type, struct channel_draft *out)
{
    const struct body_channel *body = r->body;
    *out = (struct channel_draft){
        .set = fields_set(body),
        .type = (enum channel_type)body->type,
        .parent = {body->parent_id},
        .nsfw = body->nsfw,
        .rtc_region = text_or_none(body->rtc_region),
        .default_reaction_emoji = body->default_reaction_emoji.emoji_id,
        .default_reaction_emoji_name = text_or_none(body->default_reaction_emoji.emoji_name),
        .lock_permissions = body->lock_permissions,
    };
    take_name_and_topic(r, type, out);
    take_numbers(body, out);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = take_overwrites(r, &body->permission_overwrites, out);
    return e == ERR_OK ? take_tags(r, &body->available_tags, out) : e;
}
