#pragma once

/* What the files of core share: the core itself, emitting events, guild views. */

#include "base/arena.h"
#include "base/cellmap.h"
#include "core/core.h"
#include "model/guild_view.h"

struct core {
    struct core_options o;
    struct store *store;
    struct cellmap *views; /* guild id -> struct guild_view (views.c) */
    struct automod_cache *automod;
    struct attachment_urls *urls;
    const struct online_source *online; /* NULL: nobody is (online.h) */
    struct guild_view *no_guild;        /* what accesses to direct messages have for a view */
    _Atomic unsigned searches;          /* under way (search.c) */
    /* The task that had the last turn (tasks.c). Relaxed: who is next matters little. */
    _Atomic uint64_t task_last;
    /* Who is told of new tasks. Release, after the context, which holds for it. */
    void (*_Atomic on_task)(void *ctx);
    void *on_task_ctx;
};

/* Small scratch memory of one use-case: a row or two. */
enum { SCRATCH_BYTES = 64 * 1024 };

struct stream core_guild_stream(struct guild_id id);
struct stream core_user_stream(struct user_id id);

/* tx_emit on behalf of `by`, whose request goes into the event. Takes over `e`; NULL is NO_MEMORY.
 */
MUST_CHECK enum err core_emit(struct tx *tx, struct event *e, const struct actor *by);
MUST_CHECK enum err core_emit_delta(struct tx *tx, struct event *e, const struct actor *by,
                                    struct slice delta);
/* As core_emit for the event that carries `view`: it must be the one that view->position names. */
MUST_CHECK enum err core_emit_structure(struct tx *tx, struct event *e, const struct actor *by,
                                        const struct guild_view *view);

/* The structure as this transaction sees it. UNKNOWN_GUILD. Owned reference. */
MUST_CHECK enum err views_load(struct sql_conn *sql, struct guild_id id, struct guild_view **out);
/* The same, from the cache if it holds just the view of `position` (guilds.structure_position as
 * this transaction read it). *missed: call views_warm after the transaction. */
MUST_CHECK enum err views_at(struct core *c, struct tx *tx, struct guild_id id, uint64_t position,
                             struct guild_view **out, bool *missed);
/* Loads the view of an existing guild into the cache. Not inside a transaction. */
void views_warm(struct core *c, struct guild_id id);
/* The view of `position` (guilds.structure_position as this transaction read it), without SQL: from
 * what its batch has emitted, or from the cache. NULL: load it. Owned reference. */
struct guild_view *views_known(struct tx *tx, struct guild_id id, uint64_t position);
/* views_known, else views_load: the structure as this transaction sees it. */
MUST_CHECK enum err views_now(struct tx *tx, struct guild_id id, struct guild_view **out);
/* After a commit, inside on_commit, for each event in order. */
void views_on_event(struct core *c, const struct event *e);
/* The view alone, as an event would bring it; for tests. */
void views_replace(struct core *c, const struct guild_view *v);
/* The guild is gone. */
void views_forget(struct core *c, struct guild_id id);
/* What of a view a closure changed. */
struct view_change {
    unsigned parts;            /* of enum view_part */
    struct channel_id channel; /* VIEW_CHANNELS: nothing but this one, made, changed or deleted; */
    const struct channel_id *channels; /* or these; neither: any of them */
    size_t channel_count;
};
/*
 * In a closure, after its last change of a guild's structure and before it emits anything into the
 * guild's stream: raises the permission generation and builds the view that the next event there
 * carries (core_emit_structure). Replaces *view (a closure may run again).
 */
MUST_CHECK enum err views_restructured(struct tx *tx, struct guild_id id, struct view_change change,
                                       struct guild_view **view);

/* For last_messages.c; `list` has an entry for each channel of the view. */
bool views_is_cached(struct core *c, const struct guild_view *v);
/* Whether what v knows of messages goes up to that position of the guild's stream. */
bool views_messages_reach(struct core *c, const struct guild_view *v, uint64_t position);
/* As read at `position`, in a read that began after v was found in the cache. */
void views_learn_messages(struct core *c, const struct guild_view *v, const struct message_id *list,
                          uint64_t position);
/* channel_last_messages (channels.h) inside a transaction, at its moment, which `position` of the
 * guild's stream names; without SQL if the view knows them up to there. */
MUST_CHECK enum err channel_last_messages_at(struct core *c, struct tx *tx,
                                             const struct guild_view *v, uint64_t position,
                                             struct arena *arena, struct message_id **out);
