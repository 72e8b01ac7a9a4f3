#pragma once

/* AutoMod rules as JSON: as the API shows them, as they are stored, and their events. */

#include "base/arena.h"
#include "model/automod.h"
#include "model/event.h"
#include "proto/bodies_automod.h"
#include "wire/json_write.h"

/* A decoded body's terms and actions as values; texts are borrowed, arrays are in the arena. */
MUST_CHECK enum err proto_automod_take_terms(const struct body_automod_terms *from,
                                             struct arena *arena, struct automod_terms *out);
/* At most AUTOMOD_ACTIONS_MAX items, which the shape saw to. */
void proto_automod_take_actions(const struct body_array *from, struct automod_rule *out);

/* One JSON value each: the keys that belong to the trigger, or the action. */
void proto_automod_terms(struct json_writer *w, enum automod_trigger trigger,
                         const struct automod_terms *terms);
void proto_automod_action(struct json_writer *w, const struct automod_action *a);
void proto_automod_actions(struct json_writer *w, const struct automod_rule *r);
/* The same as text in the arena; data NULL when memory is short. */
struct slice proto_automod_terms_text(const struct automod_rule *r, struct arena *arena);
struct slice proto_automod_actions_text(const struct automod_rule *r, struct arena *arena);
/* The reverse, from what is stored; everything lands in the arena. STORE if it is not what the
 * above wrote. */
MUST_CHECK enum err proto_automod_read(struct slice terms, struct slice actions,
                                       struct arena *arena, struct automod_rule *out);

/* The rule object. */
void proto_automod_rule(struct json_writer *w, const struct automod_rule *r);

/* AUTO_MODERATION_RULE_CREATE, _UPDATE or _DELETE. */
struct event *event_automod_rule(enum event_kind kind, const struct automod_rule *r,
                                 uint64_t actor);

/* What an action was taken for. */
struct automod_execution {
    struct guild_id guild;
    struct rule_id rule;
    enum automod_trigger trigger;
    const struct automod_action *action;
    struct user_id user;
    struct channel_id channel; /* 0: no channel (a profile) */
    struct message_id message; /* 0: blocked */
    struct message_id alert;   /* the alert's own message; 0: none */
    struct slice content;
    struct automod_match match;
};
/* AUTO_MODERATION_ACTION_EXECUTION; ephemeral. */
struct event *event_automod_execution(const struct automod_execution *x);

/* What an alert shows: the embeds of its message, a JSON array. untold: how many blocked messages
 * of the member and the rule had none since the last ("blocked_before", ours). */
void proto_automod_alert(struct json_writer *w, const struct automod_execution *x,
                         struct slice rule_name, uint32_t untold);
