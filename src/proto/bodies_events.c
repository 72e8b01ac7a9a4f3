/* The shapes of bodies about scheduled events. */

#include "proto/bodies_events.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum {
    EVENT_NAME_MAX = 100,
    EVENT_DESCRIPTION_MAX = 1000,
    EVENT_LOCATION_MAX = 100,
    MONTH_DAYS_MAX = 33,
    YEAR_DAYS_MAX = 367
};

static const int64_t weekdays[] = {0, 1, 2, 3, 4, 5, 6, INT64_MIN};
static const int64_t months[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, INT64_MIN};
static const int64_t frequencies[] = {0, 1, 2, 3, INT64_MIN};

static const struct field weekday_fields[] = {ENUM(NULL, body_number_item, value, 0, weekdays)};
static const struct shape weekday_shape = SHAPE("Weekday", weekday_fields, body_number_item);
static const struct field month_fields[] = {ENUM(NULL, body_number_item, value, 0, months)};
static const struct shape month_shape = SHAPE("Month", month_fields, body_number_item);
static const struct field month_day_fields[] = {
    INT(NULL, body_number_item, value, 0, -1, 31, BIT_UNUSED)};
static const struct shape month_day_shape =
    SHAPE("Day of a month", month_day_fields, body_number_item);
static const struct field year_day_fields[] = {
    INT(NULL, body_number_item, value, 0, -1, 365, BIT_UNUSED)};
static const struct shape year_day_shape =
    SHAPE("Day of a year", year_day_fields, body_number_item);
static const struct field n_weekday_fields[] = {
    INT("n", body_n_weekday, n, R, 1, 5, BIT_UNUSED),
    ENUM("day", body_n_weekday, day, R, weekdays),
};
static const struct shape n_weekday_shape =
    SHAPE("Weekday of a month", n_weekday_fields, body_n_weekday);

#define TIME_ROW(key, body, member, rule, bit)                                                     \
    {                                                                                              \
        .name = key, .type = FIELD_TIME, .flags = rule, .present = bit, AT(body, member)           \
    }

static const struct field recurrence_fields[] = {
    TIME_ROW("start", body_recurrence, start, R, BIT_UNUSED),
    TIME_ROW("end", body_recurrence, end, N, BIT_UNUSED),
    ENUM("frequency", body_recurrence, frequency, R, frequencies),
    INT("interval", body_recurrence, interval, N, 1, 1000, BODY_RECURRENCE_INTERVAL),
    INT("count", body_recurrence, count, N, 1, 10000, BODY_RECURRENCE_COUNT),
    ARRAY("by_weekday", body_recurrence, by_weekday, N, 7, &weekday_shape),
    ARRAY("by_n_weekday", body_recurrence, by_n_weekday, N, 7, &n_weekday_shape),
    ARRAY("by_month", body_recurrence, by_month, N, 12, &month_shape),
    ARRAY("by_month_day", body_recurrence, by_month_day, N, MONTH_DAYS_MAX, &month_day_shape),
    ARRAY("by_year_day", body_recurrence, by_year_day, N, YEAR_DAYS_MAX, &year_day_shape),
};
static const struct shape recurrence_shape =
    SHAPE("Recurrence rule", recurrence_fields, body_recurrence);

static const struct field metadata_fields[] = {
    STR("location", body_event_metadata, location, NT, 1, EVENT_LOCATION_MAX),
};
static const struct shape metadata_shape =
    SHAPE("Event metadata", metadata_fields, body_event_metadata);

static const int64_t privacy_levels[] = {2, INT64_MIN};
static const int64_t statuses[] = {1, 2, 3, 4, INT64_MIN};
static const int64_t entity_types[] = {1, 2, 3, INT64_MIN};

/* What POST and PATCH have in common; `need` is what POST requires. */
#define EVENT_ROWS(need)                                                                           \
    STR_P("name", body_scheduled_event, name, (need) | FIELD_TRIM, 1, EVENT_NAME_MAX,              \
          BODY_EVENT_NAME),                                                                        \
        STR_P("description", body_scheduled_event, description, NT, 0, EVENT_DESCRIPTION_MAX,      \
              BODY_EVENT_DESCRIPTION),                                                             \
        IMAGE("image", body_scheduled_event, image, N, BODY_EVENT_IMAGE),                          \
        TIME_ROW("scheduled_start_time", body_scheduled_event, start, need, BODY_EVENT_START),     \
        TIME_ROW("scheduled_end_time", body_scheduled_event, end, N, BODY_EVENT_END),              \
        ENUM_P("privacy_level", body_scheduled_event, privacy_level, need, privacy_levels,         \
               BODY_EVENT_PRIVACY),                                                                \
        ID_P("channel_id", body_scheduled_event, channel_id, N, BODY_EVENT_CHANNEL),               \
        OBJECT("entity_metadata", body_scheduled_event, metadata, N, &metadata_shape,              \
               BODY_EVENT_METADATA),                                                               \
        OBJECT("recurrence_rule", body_scheduled_event, recurrence, N, &recurrence_shape,          \
               BODY_EVENT_RECURRENCE)

static const struct field create_fields[] = {
    EVENT_ROWS(R),
    ENUM_P("entity_type", body_scheduled_event, entity_type, R, entity_types,
           BODY_EVENT_ENTITY_TYPE),
};
const struct shape SHAPE_SCHEDULED_EVENT_CREATE =
    SHAPE("Scheduled event create", create_fields, body_scheduled_event);

static const struct field edit_fields[] = {
    EVENT_ROWS(0),
    ENUM_P("entity_type", body_scheduled_event, entity_type, N, entity_types,
           BODY_EVENT_ENTITY_TYPE),
    ENUM_P("status", body_scheduled_event, status, N, statuses, BODY_EVENT_STATUS),
};
const struct shape SHAPE_SCHEDULED_EVENT_EDIT =
    SHAPE("Scheduled event edit", edit_fields, body_scheduled_event);
