#pragma once

/* Events about an account, for its own sessions. */

#include "model/entities.h"
#include "model/event.h"

/* With what is for the user's own eyes. */
struct event *event_user_update(const struct user *u);
/* document: the settings as the API shows them. */
struct event *event_user_settings(struct slice document, struct user_id reader);
