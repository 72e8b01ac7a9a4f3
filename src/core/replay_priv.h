#pragma once

/* What the files that rebuild events from the log (replay.c, replay_<noun>.c) share. */

#include "base/arena.h"
#include "core/core_priv.h"
#include "store/event_log.h"

struct replay {
    struct core *core;
    struct tx *tx;
    struct stream stream;
    uint64_t after;
    unsigned max;
    void (*fn)(void *ctx, struct event *e);
    void *ctx;
    struct arena arena;
    struct dm_channel *dm;   /* of the row, if it is about a direct message (guild 0); else NULL */
    struct guild_view *view; /* of a guild's stream, as of this transaction; NULL: not loaded yet */
    bool missed;
};

/* Fills x->view: the structure as it is now. What was structure then is not kept; nobody gets to
 * see what the present structure hides. */
MUST_CHECK enum err replay_need_view(struct replay *x, struct guild_id guild);
/* *out = e; NO_MEMORY if that is NULL. */
MUST_CHECK enum err replay_made(struct event *e, struct event **out);

/*
 * A rebuilder: makes the event of a row again from its entity as it is now. An error of the kind
 * "unknown ..." says that the entity is gone; the row then gives an event without payload.
 */
typedef enum err replay_fn(struct replay *x, const struct event_row *row, struct event **out);

/* replay_guilds.c */
replay_fn replay_guild_update;
replay_fn replay_audit_entry;
replay_fn replay_integration_create;
replay_fn replay_integration_delete;
replay_fn replay_integrations_update;

/* replay_dms.c */
replay_fn replay_dm_channel;
replay_fn replay_dm_channel_delete;
replay_fn replay_dm_recipient;

/* replay_messages.c */
replay_fn replay_message;
replay_fn replay_message_delete;

/* replay_people.c */
replay_fn replay_relationship;
replay_fn replay_relationship_remove;
replay_fn replay_note;
replay_fn replay_user_update;
replay_fn replay_user_settings;

/* replay_read_states.c */
replay_fn replay_message_ack;
replay_fn replay_pins_ack;
replay_fn replay_item_ack;
replay_fn replay_notification_settings;
replay_fn replay_recent_mention_delete;

/* replay_joining.c */
replay_fn replay_invite_create;
replay_fn replay_invite_delete;
replay_fn replay_join_request;
replay_fn replay_join_request_delete;
/* replay_members.c */
replay_fn replay_member_add;
replay_fn replay_member_update;
replay_fn replay_member_remove;
replay_fn replay_ban;
replay_fn replay_messages_deleted;
/* replay_reactions.c */
replay_fn replay_reaction_add;
replay_fn replay_reaction_remove;
replay_fn replay_reactions_cleared;
replay_fn replay_reaction_kind_cleared;
replay_fn replay_poll_vote;
replay_fn replay_pins_update;
/* replay_automod.c */
replay_fn replay_automod_rule;
replay_fn replay_automod_rule_delete;
/* replay_channels.c */
replay_fn replay_channel_update;
replay_fn replay_channel_delete;
replay_fn replay_voice_status;
replay_fn replay_role_update;
replay_fn replay_role_delete;
replay_fn replay_stage;
replay_fn replay_stage_delete;
/* replay_voice.c */
replay_fn replay_voice_state;
/* replay_expressions.c */
replay_fn replay_emojis;
replay_fn replay_stickers;
replay_fn replay_sound;
replay_fn replay_sound_delete;
replay_fn replay_scheduled_event;
replay_fn replay_scheduled_delete;
replay_fn replay_scheduled_user;
