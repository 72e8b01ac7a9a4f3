/* Changes of notification settings, out of requests and out of stored documents. Overrides come as
 * an object by channel from clients of today and as a list from older ones, and from the store. */

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "proto/body_priv.h"
#include "proto/notification_settings.h"

/* A key that is an id; false: it is told what is wrong. */
static bool read_key(struct body_walk *w, const char *key, uint64_t *out)
{
    if (slice_to_u64(slice_from(key), out) && *out != 0)
        return true;
    body_fail(w, "NUMBER_TYPE_COERCE", "Value \"%.32s\" is not snowflake.", key);
    return false;
}

/* Keys are a client's: those that are no id may be of any length, and leave no path. */
static size_t push_key(struct body_walk *w, const char *key)
{
    bool is_short = strlen(key) <= SLICE_U64_DIGITS && strchr(key, '.') == NULL && key[0] != '\0' &&
                    strspn(key, "0123456789@me") == strlen(key);
    return body_path_push(w, is_short ? key : "0");
}

static void read_one(struct body_walk *w, const json_t *v, uint64_t channel,
                     struct notification_override *out)
{
    out->removed = json_is_null(v);
    if (!out->removed)
        body_object(w, &SHAPE_CHANNEL_OVERRIDE, v, &out->values);
    if (channel != 0)
        out->values.channel_id = channel;
    if (!out->removed && out->values.channel_id == 0) {
        size_t before = body_path_push(w, "channel_id");
        body_fail(w, "BASE_TYPE_REQUIRED", "This field is required");
        body_path_pop(w, before);
    }
}

static void read_object(struct body_walk *w, const json_t *v, struct notification_change *out)
{
    json_t *object = (json_t *)(uintptr_t)v; /* jansson's iterators take no const */
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        uint64_t channel;
        size_t before = push_key(w, key);
        if (read_key(w, key, &channel))
            read_one(w, json_object_iter_value(at), channel,
                     &out->overrides[out->override_count++]);
        body_path_pop(w, before);
    }
}

static void read_list(struct body_walk *w, const json_t *v, struct notification_change *out)
{
    for (size_t i = 0; i < json_array_size(v); i++) {
        size_t before = body_path_push_index(w, i);
        read_one(w, json_array_get(v, i), 0, &out->overrides[out->override_count++]);
        body_path_pop(w, before);
    }
}

static void read_overrides(struct body_walk *w, const json_t *v, struct notification_change *out)
{
    size_t count = json_is_object(v) ? json_object_size(v) : json_array_size(v);
    size_t before = body_path_push(w, "channel_overrides");
    if (!json_is_object(v) && !json_is_array(v)) {
        body_fail(w, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
    } else if (count > LIMIT_CHANNEL_OVERRIDES) {
        body_fail(w, "BASE_TYPE_MAX_LENGTH", "Must be %d or fewer in length.",
                  LIMIT_CHANNEL_OVERRIDES);
    } else {
        out->overrides = arena_array(w->arena, count + 1, sizeof *out->overrides);
        w->short_of_memory |= out->overrides == NULL;
        if (out->overrides != NULL && json_is_object(v))
            read_object(w, v, out);
        else if (out->overrides != NULL)
            read_list(w, v, out);
    }
    body_path_pop(w, before);
}

static enum err ended(const struct body_walk *w)
{
    if (w->short_of_memory || form_errors_short_of_memory(w->errors))
        return ERR_NO_MEMORY;
    return form_errors_any(w->errors) ? ERR_INVALID_FORM : ERR_OK;
}

static void read_change(struct body_walk *w, const struct body_notification *body,
                        struct notification_change *out)
{
    out->values = *body;
    if (body->channel_overrides != NULL)
        read_overrides(w, body->channel_overrides, out);
}

enum err notification_change_read(const struct body_notification *body, const char *path,
                                  struct form_errors *errors, struct arena *arena,
                                  struct notification_change *out)
{
    struct body_walk w = {.arena = arena, .errors = errors};
    struct notification_change made = {.overrides = NULL};
    if (path[0] != '\0')
        body_path_push(&w, path);
    read_change(&w, body, &made);
    enum err e = ended(&w);
    if (e == ERR_OK)
        *out = made;
    return e;
}

static void read_guild(struct body_walk *w, const char *key, const json_t *v,
                       struct notification_change *out)
{
    struct body_notification *body = arena_zalloc(w->arena, sizeof *body);
    w->short_of_memory |= body == NULL;
    bool is_direct = strcmp(key, "@me") == 0;
    if (body == NULL || (!is_direct && !read_key(w, key, &out->guild.v)))
        return;
    body_object(w, &SHAPE_NOTIFICATION_SETTINGS, v, body);
    read_change(w, body, out);
}

enum err notification_changes_read(const json_t *guilds, struct form_errors *errors,
                                   struct arena *arena, struct notification_change **out,
                                   size_t *count)
{
    enum { GUILDS_MAX = 200 };
    struct body_walk w = {.arena = arena, .errors = errors};
    json_t *object = (json_t *)(uintptr_t)guilds;
    struct notification_change *list = arena_array(arena, GUILDS_MAX + 1, sizeof *list);
    size_t made = 0;
    if (list == NULL)
        return ERR_NO_MEMORY;
    body_path_push(&w, "guilds");
    if (!json_is_object(guilds))
        body_fail(&w, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
    else if (json_object_size(guilds) > GUILDS_MAX)
        body_fail(&w, "BASE_TYPE_MAX_LENGTH", "Must be %d or fewer in length.", GUILDS_MAX);
    else
        for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
            size_t before = push_key(&w, json_object_iter_key(at));
            read_guild(&w, json_object_iter_key(at), json_object_iter_value(at), &list[made++]);
            body_path_pop(&w, before);
        }
    enum err e = ended(&w);
    if (e == ERR_OK) {
        *out = list;
        *count = made;
    }
    return e;
}
