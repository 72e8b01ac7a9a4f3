#pragma once

/* Request bodies about scheduled events (see bodies.h). */

#include "proto/bodies.h"

enum body_recurrence_field { BODY_RECURRENCE_INTERVAL, BODY_RECURRENCE_COUNT };

struct body_number_item {
    uint64_t present;
    uint64_t null;
    int64_t value;
};

struct body_n_weekday {
    uint64_t present;
    uint64_t null;
    int64_t n;
    int64_t day;
};

struct body_recurrence {
    uint64_t present; /* enum body_recurrence_field */
    uint64_t null;
    int64_t start;
    int64_t end; /* 0: none */
    int64_t frequency;
    int64_t interval;
    int64_t count;
    struct body_array by_weekday;   /* struct body_number_item */
    struct body_array by_n_weekday; /* struct body_n_weekday */
    struct body_array by_month;     /* struct body_number_item, also below */
    struct body_array by_month_day;
    struct body_array by_year_day;
};

struct body_event_metadata {
    uint64_t present;
    uint64_t null;
    struct slice location;
};

enum body_scheduled_event_field {
    BODY_EVENT_NAME,
    BODY_EVENT_DESCRIPTION,
    BODY_EVENT_IMAGE,
    BODY_EVENT_START,
    BODY_EVENT_END,
    BODY_EVENT_PRIVACY,
    BODY_EVENT_STATUS,
    BODY_EVENT_ENTITY_TYPE,
    BODY_EVENT_CHANNEL,
    BODY_EVENT_METADATA,
    BODY_EVENT_RECURRENCE
};

/* Of POST and PATCH. */
struct body_scheduled_event {
    uint64_t present; /* enum body_scheduled_event_field */
    uint64_t null;
    struct slice name;
    struct slice description;
    struct slice image; /* data URI */
    int64_t start;
    int64_t end;
    int64_t privacy_level;
    int64_t status;
    int64_t entity_type;
    uint64_t channel_id;
    struct body_event_metadata metadata;
    struct body_recurrence recurrence;
};

extern const struct shape SHAPE_SCHEDULED_EVENT_CREATE;
extern const struct shape SHAPE_SCHEDULED_EVENT_EDIT;
