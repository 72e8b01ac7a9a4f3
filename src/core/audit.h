#pragma once

/* The audit log: an entry is written in the transaction of the change that it tells of. */

#include "base/arena.h"
#include "core/core.h"
#include "model/automod.h"
#include "model/entities.h"
#include "proto/audit.h"

/*
 * In a closure, after the events of the change itself: stores the entry with the actor's reason and
 * emits GUILD_AUDIT_LOG_ENTRY_CREATE. Ends `note` (NULL: nothing beside actor and target); the
 * caller still calls audit_note_deinit.
 */
MUST_CHECK enum err audit_write(struct tx *tx, const struct actor *by, struct guild_id guild,
                                enum audit_action action, uint64_t target, struct audit_note *note);

/* Which entries: of anybody, about anything, of any kind where the field is 0. */
struct audit_query {
    uint64_t user;
    uint64_t target;
    int action;
    uint64_t before;
    uint64_t after;
    bool oldest_first;
    size_t limit; /* at most LIMIT_AUDIT_PAGE */
};

/* Entries, and what they speak of as far as it still exists; each once. */
struct audit_page {
    struct audit_entry *entries;
    size_t entry_count;
    struct user *users;
    size_t user_count;
    struct integration *integrations;
    size_t integration_count;
    struct scheduled_event *scheduled;
    size_t scheduled_count;
    struct automod_rule *rules;
    size_t rule_count;
};

/* Upkeep: deletes some entries that are older than that; 0: none are. *more: there is more to do
 * now. */
MUST_CHECK enum err audit_expire_step(struct core *c, uint64_t keep_ms, bool *more);

/* What a page needs of an arena: long entries end a page early. */
enum { AUDIT_PAGE_BYTES = 16 * 1024 * 1024 };
/* One read. Everything in the arena, which has room for AUDIT_PAGE_BYTES. */
MUST_CHECK enum err audit_page_load(struct core *c, struct guild_id guild,
                                    const struct audit_query *q, struct arena *arena,
                                    struct audit_page *out);
