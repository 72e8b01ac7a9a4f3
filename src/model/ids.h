#pragma once

/* Each kind of id is its own one-field struct, so that a user id cannot be passed as a channel id.
 * All are snowflakes (base/snowflake.h); 0 means "none". */

#include <stdbool.h>
#include <stdint.h>

#define MODEL_ID(name)                                                                             \
    struct name {                                                                                  \
        uint64_t v;                                                                                \
    }
MODEL_ID(tenant_id);
MODEL_ID(user_id);
MODEL_ID(guild_id);
MODEL_ID(channel_id);
MODEL_ID(role_id);
MODEL_ID(message_id);
MODEL_ID(application_id);
MODEL_ID(emoji_id);
MODEL_ID(sticker_id);
MODEL_ID(sound_id);
MODEL_ID(stage_id);
MODEL_ID(scheduled_event_id);
MODEL_ID(rule_id);

/* The one tenant that exists until tenants are administered. */
#define TENANT_DEFAULT ((struct tenant_id){1})
