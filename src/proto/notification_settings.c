/* Notification settings: one table says which fields there are, and is used to merge and to write.
 */

#include "proto/notification_settings.h"

#include <string.h>

#include "base/limits.h"
#include "proto/document.h"
#include "proto/event_draft.h"

enum { OF_GUILD = 1, OF_CHANNEL = 2, DOCUMENT_BYTES = 512 * 1024, LEVEL_INHERIT = 3 };

#define INT_ROW(key, bit, of)                                                                      \
    {                                                                                              \
#key, bit, of, false, offsetof(struct body_notification, key)                              \
    }
#define BOOL_ROW(key, bit, of)                                                                     \
    {                                                                                              \
#key, bit, of, true, offsetof(struct body_notification, key)                               \
    }

static const struct {
    const char *key;
    unsigned bit;
    unsigned of;
    bool is_bool;
    size_t offset;
} rows[] = {
    INT_ROW(flags, BODY_NOTIFICATION_FLAGS, OF_GUILD | OF_CHANNEL),
    INT_ROW(message_notifications, BODY_NOTIFICATION_LEVEL, OF_GUILD | OF_CHANNEL),
    INT_ROW(notify_highlights, BODY_NOTIFICATION_HIGHLIGHTS, OF_GUILD),
    BOOL_ROW(collapsed, BODY_NOTIFICATION_COLLAPSED, OF_CHANNEL),
    BOOL_ROW(hide_muted_channels, BODY_NOTIFICATION_HIDE_MUTED, OF_GUILD),
    BOOL_ROW(mobile_push, BODY_NOTIFICATION_MOBILE_PUSH, OF_GUILD),
    BOOL_ROW(muted, BODY_NOTIFICATION_MUTED, OF_GUILD | OF_CHANNEL),
    BOOL_ROW(mute_scheduled_events, BODY_NOTIFICATION_MUTE_EVENTS, OF_GUILD),
    BOOL_ROW(suppress_everyone, BODY_NOTIFICATION_SUPPRESS_EVERYONE, OF_GUILD),
    BOOL_ROW(suppress_roles, BODY_NOTIFICATION_SUPPRESS_ROLES, OF_GUILD),
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static const struct body_notification GUILD_DEFAULTS = {.message_notifications = LEVEL_INHERIT,
                                                        .mobile_push = true};
static const struct body_notification CHANNEL_DEFAULTS = {.message_notifications = LEVEL_INHERIT};

bool notification_settings_has(struct slice document, enum notification_flag flag)
{
    /* No string of a document is a client's, so a key stands nowhere else. */
    static const char *const keys[] = {
        [NOTIFICATION_SUPPRESS_EVERYONE] = "\"suppress_everyone\":true",
        [NOTIFICATION_SUPPRESS_ROLES] = "\"suppress_roles\":true",
    };
    return document.data != NULL &&
           memmem(document.data, document.len, keys[flag], strlen(keys[flag])) != NULL;
}

static bool given(const struct body_notification *b, unsigned bit)
{
    return BODY_SENT(*b, bit) && !BODY_NULL(*b, bit);
}

static void merge_values(struct body_notification *into, const struct body_notification *from)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (given(from, rows[i].bit))
            memcpy((char *)into + rows[i].offset, (const char *)from + rows[i].offset,
                   rows[i].is_bool ? sizeof(bool) : sizeof(int64_t));
    if (!BODY_SENT(*from, BODY_NOTIFICATION_MUTE_CONFIG))
        return;
    into->mute_config = from->mute_config;
    uint64_t bit = UINT64_C(1) << BODY_NOTIFICATION_MUTE_CONFIG;
    into->present = BODY_NULL(*from, BODY_NOTIFICATION_MUTE_CONFIG) ? into->present & ~bit
                                                                    : into->present | bit;
}

static void write_mute(struct json_writer *w, const struct body_notification *b)
{
    json_key(w, "mute_config");
    if (!(b->present >> BODY_NOTIFICATION_MUTE_CONFIG & 1)) {
        json_write_null(w);
        return;
    }
    json_object_begin(w);
    json_kv_time_or_null(w, "end_time", b->mute_config.end_time);
    json_kv_i64(w, "selected_time_window", b->mute_config.selected_time_window);
    json_object_end(w);
}

static void write_values(struct json_writer *w, const struct body_notification *b, unsigned of)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *at = (const char *)b + rows[i].offset;
        if (!(rows[i].of & of))
            continue;
        if (rows[i].is_bool)
            json_kv_bool(w, rows[i].key, *(const bool *)at);
        else
            json_kv_i64(w, rows[i].key, *(const int64_t *)(const void *)at);
    }
    write_mute(w, b);
}

static struct notification_override *find(struct notification_override *list, size_t count,
                                          uint64_t channel)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].values.channel_id == channel)
            return &list[i];
    return NULL;
}

/* The overrides that there are, and room for those that come. */
static enum err merge_overrides(struct notification_change *now,
                                const struct notification_change *change, struct arena *arena)
{
    size_t count = now->override_count;
    struct notification_override *list =
        arena_array(arena, count + change->override_count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        list[i].values = CHANNEL_DEFAULTS;
        list[i].values.channel_id = now->overrides[i].values.channel_id;
        merge_values(&list[i].values, &now->overrides[i].values);
    }
    for (size_t i = 0; i < change->override_count; i++) {
        const struct notification_override *c = &change->overrides[i];
        struct notification_override *at = find(list, count, c->values.channel_id);
        if (at == NULL && c->removed)
            continue;
        if (at == NULL) {
            at = &list[count++];
            at->values = CHANNEL_DEFAULTS;
            at->values.channel_id = c->values.channel_id;
        }
        at->removed = c->removed;
        merge_values(&at->values, &c->values);
    }
    now->overrides = list;
    now->override_count = count;
    return ERR_OK;
}

static enum err write_document(const struct notification_change *now, struct arena *arena,
                               struct slice *out)
{
    struct buf text;
    struct json_writer w;
    size_t written = 0;
    struct slice kept = {NULL, 0};
    buf_init(&text, MEM_CORE, DOCUMENT_BYTES);
    json_begin(&w, &text);
    json_object_begin(&w);
    write_values(&w, &now->values, OF_GUILD);
    json_key(&w, "channel_overrides");
    json_array_begin(&w);
    for (size_t i = 0; i < now->override_count; i++) {
        if (now->overrides[i].removed)
            continue;
        written++;
        json_object_begin(&w);
        json_kv_id(&w, "channel_id", now->overrides[i].values.channel_id);
        write_values(&w, &now->overrides[i].values, OF_CHANNEL);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    if (!text.failed)
        kept = arena_dup(arena, buf_slice(&text));
    buf_deinit(&text);
    if (written > LIMIT_CHANNEL_OVERRIDES)
        return ERR_INVALID_FORM;
    if (kept.data == NULL)
        return ERR_NO_MEMORY;
    *out = kept;
    return ERR_OK;
}

enum err notification_settings_merge(struct slice now, const struct notification_change *change,
                                     struct arena *arena, struct slice *out)
{
    struct document d = {.json = NULL};
    struct body_notification stored;
    struct notification_change whole = {.overrides = NULL};
    struct form_errors *errors = form_errors_new(arena);
    enum err e = errors == NULL
                     ? ERR_NO_MEMORY
                     : document_read(&d, now, &SHAPE_NOTIFICATION_SETTINGS, arena, &stored);
    if (e == ERR_OK)
        e = notification_change_read(&stored, "", errors, arena, &whole);
    if (e == ERR_OK) {
        whole.values = GUILD_DEFAULTS;
        merge_values(&whole.values, &stored);
        merge_values(&whole.values, &change->values);
        e = merge_overrides(&whole, change, arena);
    }
    if (e == ERR_OK)
        e = write_document(&whole, arena, out);
    document_end(&d);
    return e;
}

static void write_keys(struct json_writer *w, const struct notification_settings *s)
{
    json_kv_id_or_null(w, "guild_id", s->guild.v);
    json_kv_u64(w, "version", s->version);
    if (s->document.data != NULL && s->document.len > 2) {
        json_raw(w, slice_of(s->document.data + 1, s->document.len - 2));
        return;
    }
    write_values(w, &GUILD_DEFAULTS, OF_GUILD);
    json_kv_raw(w, "channel_overrides", "[]");
}

void proto_notification_settings(struct json_writer *w, const struct notification_settings *s)
{
    json_object_begin(w);
    write_keys(w, s);
    json_object_end(w);
}

struct event *event_notification_settings(struct user_id reader,
                                          const struct notification_settings *s)
{
    struct event *e = event_new(EVENT_USER_GUILD_SETTINGS_UPDATE,
                                (struct stream){STREAM_USER, reader.v}, NULL, 0);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    e->entity_id = s->guild.v;
    e->actor_id = reader.v;
    event_draft_begin(&d, EVENT_USER_GUILD_SETTINGS_UPDATE);
    write_keys(&d.w, s);
    return event_with_payload(e, &d);
}
