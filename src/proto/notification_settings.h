#pragma once

/*
 * Notification settings of a guild or of direct messages (userdoccers, "User Guild Settings
 * Object"). They are stored as the API shows them, without what their row says of itself (guild_id,
 * version), and read back by the shape of the requests that change them.
 */

#include "base/arena.h"
#include "model/event.h"
#include "model/read_state.h"
#include "proto/bodies_read_states.h"
#include "wire/json_write.h"

enum notification_flag { NOTIFICATION_SUPPRESS_EVERYONE, NOTIFICATION_SUPPRESS_ROLES };
/* Of a stored document; data NULL: no. */
bool notification_settings_has(struct slice document, enum notification_flag flag);

/* What a request changes: the fields of `values` that it sends, and overrides of channels. */
struct notification_change {
    struct guild_id guild; /* 0: direct messages */
    struct body_notification values;
    struct notification_override {
        struct body_notification values; /* with channel_id */
        bool removed;
    } * overrides;
    size_t override_count;
};
/* Of a body (SHAPE_NOTIFICATION_SETTINGS); `path`: where it stands in the request, "" or
 * "guilds.<id>". INVALID_FORM, NO_MEMORY. */
MUST_CHECK enum err notification_change_read(const struct body_notification *body, const char *path,
                                             struct form_errors *errors, struct arena *arena,
                                             struct notification_change *out);
/* Of a body that has settings by guild (SHAPE_NOTIFICATIONS); "@me" is direct messages. */
MUST_CHECK enum err notification_changes_read(const struct json_t *guilds,
                                              struct form_errors *errors, struct arena *arena,
                                              struct notification_change **out, size_t *count);
/* The document `now` (data NULL: defaults) with the change, in the arena. INVALID_FORM: more
 * overrides than LIMIT_CHANNEL_OVERRIDES. STORE, NO_MEMORY. */
MUST_CHECK enum err notification_settings_merge(struct slice now,
                                                const struct notification_change *change,
                                                struct arena *arena, struct slice *out);
/* The object of replies and READY; without a document with the defaults. */
void proto_notification_settings(struct json_writer *w, const struct notification_settings *s);
struct event *event_notification_settings(struct user_id reader,
                                          const struct notification_settings *s);
