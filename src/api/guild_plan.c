/* A guild that is to be made: placeholders are resolved here, on the worker, so that the writer has
 * nothing to look for. */

#include "api/guild_plan.h"

#include <stdio.h>

#include "model/permissions.h"
#include "model/validate.h"

enum { PATH_MAX_BYTES = 96, ABSENT = -1, VOICE_USERS_MAX = 99 };

#define TYPE(name) (1u << CHANNEL_TYPE_##name)
#define VOICE_TYPES (TYPE(VOICE) | TYPE(STAGE))
#define FORUM_TYPES (TYPE(FORUM) | TYPE(MEDIA))
#define TEXT_TYPES (TYPE(TEXT) | TYPE(ANNOUNCEMENT) | FORUM_TYPES)

struct plan {
    struct request *r;
    const struct body_guild_create *body;
    struct arena *arena;
    const struct body_plan_role *roles;
    const struct body_plan_channel *channels;
};

static void refuse(struct plan *p, const char *list, size_t index, const char *field,
                   const char *code, const char *message)
{
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s.%zu.%s", list, index, field);
    request_form_error(p->r, path, code, message);
}

void guild_plan_check_locale(struct request *r, const char *path, struct slice locale)
{
    static const char *const known[] = {
        "ar",    "bg", "cs", "da",    "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr",
        "he",    "hi", "hr", "hu",    "id", "it", "ja",    "ko",    "lt",     "nl",    "no", "pl",
        "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk",    "vi",    "zh-CN",  "zh-TW"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_eq_cstr(locale, known[i]))
            return;
    request_form_error(r, path, "BASE_TYPE_CHOICES", "Not a locale that clients have");
}

/* ---- who is meant ---- */

static bool meant(uint64_t present, uint64_t null, unsigned bit)
{
    return (present >> bit & 1) != 0 && (null >> bit & 1) == 0;
}
#define MEANT(body, bit) meant((body).present, (body).null, bit)

/* By placeholder; without one a role is @everyone if it is the first, else nobody. */
static int64_t role_index(const struct plan *p, int64_t placeholder)
{
    for (size_t i = 0; i < p->body->roles.count; i++)
        if (MEANT(p->roles[i], BODY_PLAN_ID) && p->roles[i].id == placeholder)
            return (int64_t)i;
    return ABSENT;
}

static int64_t channel_index(const struct plan *p, int64_t placeholder)
{
    for (size_t i = 0; i < p->body->channels.count; i++)
        if (MEANT(p->channels[i], BODY_PLAN_ID) && p->channels[i].id == placeholder)
            return (int64_t)i;
    return ABSENT;
}

/* `first`: whom the placeholder of the one at `index` names. */
static void check_placeholder(struct plan *p, const char *list, size_t index, bool asked,
                              int64_t first)
{
    if (asked && first != (int64_t)index)
        refuse(p, list, index, "id", "BASE_TYPE_DUPLICATE", "Another one has this placeholder id");
}

static enum channel_type type_of(const struct body_plan_channel *c)
{
    return (enum channel_type)(MEANT(*c, BODY_PLAN_SOURCE_TYPE) ? c->source_type : c->type);
}

/* ---- roles ---- */

static uint32_t color_or_none(const struct body_plan_colors *c, unsigned bit, int64_t color)
{
    return MEANT(*c, bit) ? ROLE_COLOR_SET | (uint32_t)color : 0;
}

static struct role role_of(const struct body_plan_role *from, bool everyone)
{
    struct role r = {
        .name = from->name.len == 0 ? SLICE("new role") : from->name,
        .permissions = MEANT(*from, BODY_PLAN_PERMISSIONS) ? from->permissions & PERMISSIONS_ALL
                       : everyone                          ? PERMISSIONS_DEFAULT
                                                           : 0,
        .color = (uint32_t)from->color,
        .hoist = from->hoist,
        .mentionable = from->mentionable,
    };
    if (from->unicode_emoji.len > 0)
        r.unicode_emoji = from->unicode_emoji;
    if (MEANT(*from, BODY_PLAN_COLORS)) {
        if (MEANT(from->colors, BODY_PLAN_PRIMARY))
            r.color = (uint32_t)from->colors.primary_color;
        r.secondary_color =
            color_or_none(&from->colors, BODY_PLAN_SECONDARY, from->colors.secondary_color);
        r.tertiary_color =
            color_or_none(&from->colors, BODY_PLAN_TERTIARY, from->colors.tertiary_color);
    }
    if (everyone)
        r.name = SLICE("@everyone");
    return r;
}

static enum err take_roles(struct plan *p, struct guild_draft *out)
{
    size_t count = p->body->roles.count;
    struct role *list = arena_array(p->arena, count, sizeof *list);
    if (list == NULL && count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        list[i] = role_of(&p->roles[i], i == 0);
        check_placeholder(p, "roles", i, MEANT(p->roles[i], BODY_PLAN_ID),
                          role_index(p, p->roles[i].id));
    }
    out->roles = list;
    out->role_count = count;
    return ERR_OK;
}

/* ---- channels ---- */

static void refuse_overwrite(struct plan *p, size_t index, bool twice)
{
    if (twice)
        refuse(p, "channels", index, "permission_overwrites", "BASE_TYPE_DUPLICATE",
               "There is one overwrite for each role");
    else
        refuse(p, "channels", index, "permission_overwrites", "INVALID_OVERWRITE",
               "Overwrites name roles of this request");
}

/* An overwrite for a member can name nobody yet. */
static enum err take_overwrites(struct plan *p, size_t index, struct channel *out)
{
    const struct body_array *from = &p->channels[index].permission_overwrites;
    const struct body_plan_overwrite *items = from->items;
    struct overwrite *list = arena_array(p->arena, from->count, sizeof *list);
    bool seen[LIMIT_GUILD_ROLES] = {false};
    size_t count = 0;
    if (list == NULL && from->count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++) {
        int64_t role = role_index(p, items[i].id);
        bool known = items[i].type == OVERWRITE_ROLE && role != ABSENT;
        if (known && !seen[role]) {
            seen[role] = true;
            list[count++] =
                (struct overwrite){(uint64_t)role, OVERWRITE_ROLE, items[i].allow & PERMISSIONS_ALL,
                                   items[i].deny & PERMISSIONS_ALL};
        } else {
            refuse_overwrite(p, index, known);
        }
    }
    out->overwrites = list;
    out->overwrite_count = count;
    return ERR_OK;
}

static enum err take_tags(struct plan *p, size_t index, struct channel *out)
{
    const struct body_array *from = &p->channels[index].available_tags;
    const struct body_plan_tag *items = from->items;
    if ((1u << out->type & FORUM_TYPES) == 0)
        return ERR_OK;
    struct forum_tag *list = arena_array(p->arena, from->count, sizeof *list);
    if (list == NULL && from->count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++) {
        list[i] = (struct forum_tag){.name = items[i].name, .moderated = items[i].moderated};
        if (items[i].emoji_name.len > 0)
            list[i].emoji_name = items[i].emoji_name;
    }
    out->tags = list;
    out->tag_count = from->count;
    return ERR_OK;
}

static void take_parent(struct plan *p, size_t index, struct channel *out)
{
    const struct body_plan_channel *from = &p->channels[index];
    if (!MEANT(*from, BODY_PLAN_PARENT) || out->type == CHANNEL_TYPE_CATEGORY)
        return;
    int64_t parent = channel_index(p, from->parent_id);
    if (parent == ABSENT)
        refuse(p, "channels", index, "parent_id", "CHANNEL_PARENT_INVALID",
               "Category does not exist");
    else if (type_of(&p->channels[parent]) != CHANNEL_TYPE_CATEGORY)
        refuse(p, "channels", index, "parent_id", "CHANNEL_PARENT_INVALID_TYPE", "Not a category");
    else
        out->parent.v = (uint64_t)parent + 1;
}

/* Categories as much as voice keep their names as they are. */
static void take_name(struct plan *p, size_t index, struct channel *out)
{
    out->name = p->channels[index].name;
    if ((1u << out->type & TEXT_TYPES) == 0)
        return;
    out->name = validate_text_channel_name(out->name, p->arena);
    if (out->name.len == 0)
        refuse(p, "channels", index, "name", "BASE_TYPE_REQUIRED", "This field is required");
}

static void take_text(const struct body_plan_channel *from, struct channel *out)
{
    if (from->topic.len > 0)
        out->topic = from->topic;
    out->default_auto_archive_duration = (uint32_t)from->default_auto_archive_duration;
    out->default_thread_rate_limit_per_user = (uint32_t)from->default_thread_rate_limit_per_user;
}

static void take_forum(const struct body_plan_channel *from, struct channel *out)
{
    if (MEANT(*from, BODY_PLAN_SORT_ORDER))
        out->default_sort_order = (int32_t)from->default_sort_order;
    out->default_forum_layout = (uint32_t)from->default_forum_layout;
    if (from->default_reaction_emoji.emoji_name.len > 0)
        out->default_reaction_emoji_name = from->default_reaction_emoji.emoji_name;
    out->flags = (uint64_t)from->flags &
                 (CHANNEL_FLAG_REQUIRE_TAG | CHANNEL_FLAG_HIDE_MEDIA_DOWNLOAD_OPTIONS);
}

static void take_voice(struct plan *p, size_t index, struct channel *out)
{
    const struct body_plan_channel *from = &p->channels[index];
    out->bitrate = (uint32_t)from->bitrate;
    out->user_limit = (uint32_t)from->user_limit;
    out->video_quality_mode = (uint32_t)from->video_quality_mode;
    if (from->rtc_region.len > 0)
        out->rtc_region = from->rtc_region;
    if (out->type == CHANNEL_TYPE_VOICE && out->user_limit > VOICE_USERS_MAX)
        refuse(p, "channels", index, "user_limit", "NUMBER_TYPE_MAX",
               "int value should be less than or equal to 99.");
}

static enum err take_channel(struct plan *p, size_t index, struct channel *out)
{
    const struct body_plan_channel *from = &p->channels[index];
    *out = (struct channel){
        .type = type_of(from),
        .position = MEANT(*from, BODY_PLAN_POSITION) ? (int32_t)from->position : (int32_t)index,
        .default_sort_order = -1,
    };
    unsigned type = 1u << out->type;
    bool asked = MEANT(*from, BODY_PLAN_ID);
    check_placeholder(p, "channels", index, asked, channel_index(p, from->id));
    take_name(p, index, out);
    take_parent(p, index, out);
    if (out->type != CHANNEL_TYPE_CATEGORY) {
        out->nsfw = from->nsfw;
        out->rate_limit_per_user = (uint32_t)from->rate_limit_per_user;
    }
    if ((type & TEXT_TYPES) != 0)
        take_text(from, out);
    if ((type & FORUM_TYPES) != 0)
        take_forum(from, out);
    if ((type & VOICE_TYPES) != 0)
        take_voice(p, index, out);
    enum err e = take_overwrites(p, index, out);
    return e == ERR_OK ? take_tags(p, index, out) : e;
}

/* As many as a category may have; counted by the parent's place. */
static void check_categories(struct plan *p, const struct guild_draft *d)
{
    uint16_t children[LIMIT_GUILD_CHANNELS + 1] = {0};
    for (size_t i = 0; i < d->channel_count; i++) {
        size_t parent = (size_t)d->channels[i].parent.v;
        if (parent != 0 && ++children[parent] == LIMIT_CATEGORY_CHANNELS + 1)
            refuse(p, "channels", i, "parent_id", "CHANNEL_PARENT_MAX_CHANNELS",
                   "Maximum number of channels in category reached (50)");
    }
}

static enum err take_channels(struct plan *p, struct guild_draft *out)
{
    size_t count = p->body->channels.count;
    struct channel *list = arena_array(p->arena, count, sizeof *list);
    enum err e = list == NULL && count > 0 ? ERR_NO_MEMORY : ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = take_channel(p, i, &list[i]);
    if (e != ERR_OK)
        return e;
    out->channels = list;
    out->channel_count = count;
    check_categories(p, out);
    return ERR_OK;
}

/* A channel that is something to the guild: its place, 0 if none is meant. */
static size_t place_of(struct plan *p, bool asked, int64_t placeholder, unsigned types,
                       const char *field)
{
    if (!asked)
        return 0;
    int64_t index = channel_index(p, placeholder);
    if (index != ABSENT && (1u << type_of(&p->channels[index]) & types) != 0)
        return (size_t)index + 1;
    request_form_error(p->r, field, "CHANNEL_UNKNOWN", "There is no such channel in this request");
    return 0;
}

static struct guild_draft settings_of(const struct body_guild_create *b)
{
    return (struct guild_draft){
        .name = b->name,
        .description = b->description.len > 0 ? b->description : (struct slice){NULL, 0},
        .preferred_locale = b->preferred_locale,
        .verification_level = (uint32_t)b->verification_level,
        .default_message_notifications = (uint32_t)b->default_message_notifications,
        .explicit_content_filter = (uint32_t)b->explicit_content_filter,
        .afk_timeout = (uint32_t)b->afk_timeout,
        .system_channel_flags = (uint32_t)b->system_channel_flags,
    };
}

enum err guild_plan_draft(struct request *r, const struct body_guild_create *body,
                          struct arena *arena, struct guild_draft *out)
{
    struct plan p = {r, body, arena, body->roles.items, body->channels.items};
    struct guild_draft d = settings_of(body);
    if (body->preferred_locale.data != NULL)
        guild_plan_check_locale(r, "preferred_locale", body->preferred_locale);
    enum err e = take_roles(&p, &d);
    if (e == ERR_OK)
        e = take_channels(&p, &d);
    if (e == ERR_NO_MEMORY || (e == ERR_OK && arena->full)) /* a name that did not fit */
        return arena_short(arena);
    if (e != ERR_OK)
        return e;
    d.afk_channel = place_of(&p, MEANT(*body, BODY_PLAN_AFK_CHANNEL), body->afk_channel_id,
                             TYPE(VOICE), "afk_channel_id");
    d.system_channel = place_of(&p, MEANT(*body, BODY_PLAN_SYSTEM_CHANNEL), body->system_channel_id,
                                TYPE(TEXT) | TYPE(ANNOUNCEMENT), "system_channel_id");
    e = request_form_ok(r);
    if (e == ERR_OK)
        *out = d;
    return e;
}
