#pragma once

/* What somebody has read, and how they want to be told of the rest. */

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "model/ids.h"

enum read_state_type {
    READ_STATE_CHANNEL = 0,
    READ_STATE_GUILD_EVENTS = 1,
    READ_STATE_NOTIFICATION_CENTER = 2,
    READ_STATE_GUILD_HOME = 3,
    READ_STATE_ONBOARDING = 4,
    READ_STATE_MESSAGE_REQUESTS = 5,
    READ_STATE_TYPES
};

struct read_state {
    enum read_state_type type;
    uint64_t entity;           /* channel, guild (of guild events, home, onboarding), or the user */
    struct guild_id guild;     /* 0: of no guild */
    uint64_t last_acked;       /* message, event, item; 0: nothing yet */
    int64_t last_pin_acked_ms; /* 0: never */
    uint64_t last_viewed;      /* days since 2015; 0: not said */
    uint64_t flags;
    uint64_t version; /* grows with each change */
    /* Not stored, computed when it is asked for (core/read_state_counts.h). */
    uint64_t mention_count;
};

/* Of one guild, or (guild 0) of direct messages. document: JSON object as the API shows it. */
struct notification_settings {
    struct guild_id guild;
    uint64_t version;
    struct slice document;
};

/* What READY says. */
struct read_summary {
    struct read_state *states; /* with mention counts */
    size_t count;
    uint64_t version; /* the highest of them */
    struct notification_settings *settings;
    size_t setting_count;
};
