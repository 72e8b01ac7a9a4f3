#pragma once

/* Templates of guilds, at most one each: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* *inserted false: the code is taken, or the guild has a template. */
MUST_CHECK enum err templates_insert(struct sql_conn *c, const struct guild_template *t,
                                     bool *inserted);
/* UNKNOWN_TEMPLATE, here and below. */
MUST_CHECK enum err templates_find(struct sql_conn *c, struct slice code, struct arena *arena,
                                   struct guild_template *out);
MUST_CHECK enum err templates_of_guild(struct sql_conn *c, struct guild_id guild,
                                       struct arena *arena, struct guild_template *out);
/* Name and description. */
MUST_CHECK enum err templates_rename(struct sql_conn *c, const struct guild_template *t);
/* The document, its position and when. */
MUST_CHECK enum err templates_sync(struct sql_conn *c, const struct guild_template *t);
/* Counts a use. */
MUST_CHECK enum err templates_use(struct sql_conn *c, struct slice code);
MUST_CHECK enum err templates_delete(struct sql_conn *c, struct guild_id guild, struct slice code);
