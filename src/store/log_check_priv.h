#pragma once

/* What the checks share. Private to src/store/log_check*.c. */

#include "store/event_log.h"
#include "store/log_check.h"

enum {
    CHECK_ROWS = 2000, /* of the log, in one read */
    CHECK_IDS = 5000,  /* of entities, in one read */
    CHECK_OWNERS = 64, /* streams, guilds or users, in one read */
    CHECK_TRIES = 5    /* of a read that took too long */
};

/* The checks of the table. */
enum err log_check_streams(struct log_check_run *r);
enum err log_check_guilds(struct log_check_run *r);
enum err log_check_people(struct log_check_run *r);

/* store_read, again if it took too long; STOPPING. */
MUST_CHECK enum err check_read(struct log_check_run *r, store_fn fn, void *ctx);
void check_found(struct log_check_run *r, bool repaired, const char *kind, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* Whether the guild is being deleted, in steps: what is left of it then is nobody's damage. */
MUST_CHECK enum err check_guild_deleting(struct log_check_run *r, uint64_t guild, bool *deleting);
/* 0: the stream has no rows. */
MUST_CHECK enum err check_newest_row(struct tx *tx, struct stream s, uint64_t *position);
/* Raises the stream's head to at least `least`, and to its newest row. */
MUST_CHECK enum err check_raise_head(struct log_check_run *r, struct stream s, uint64_t least);

/* A walk through the rows of one stream, in reads of CHECK_ROWS; fn runs inside of them. */
struct log_walk {
    struct log_check_run *run;
    struct stream stream;
    uint64_t after;
    enum err (*fn)(struct log_walk *w, const struct event_row *row);
    void *ctx;
    struct tx *tx; /* of the read that fn runs in */
    unsigned rows; /* of the page */
};
/* To the end of the stream, or until fn returns an error. LOG_TRIMMED. */
MUST_CHECK enum err log_walk_run(struct log_walk *w);

/*
 * The ids of one owner: messages of a channel, members of a guild. They are read page by page while
 * others write, so each page is noted with the position of the stream at that moment, and rows of
 * the log count only as far as their page has seen them.
 */
struct id_page {
    uint64_t upto; /* the last id that it covers */
    uint64_t head;
};
struct id_set {
    uint64_t owner;
    struct stream stream;
    bool members;        /* of guild `owner`; else messages of channel `owner` */
    struct arena *arena; /* has the pages */
    struct id_page *pages;
    size_t page_count;
    size_t page_cap;
    uint64_t count; /* by the table */
    uint64_t hash;
    uint64_t log_count; /* by the log; modulo 2^64 while it is being counted */
    uint64_t log_hash;
};
/* Reads the ids above `after`. */
MUST_CHECK enum err id_set_read(struct log_check_run *r, struct id_set *s, uint64_t after);
/* A row of the log about `id`: it came, or went. */
void id_set_log(struct id_set *s, uint64_t id, uint64_t position, bool came);
bool id_set_agrees(const struct id_set *s);

/* member_count and structure_position of a guild. *found: false if it is gone. */
MUST_CHECK enum err check_guild_counters(struct log_check_run *r, uint64_t guild, bool *found);
/* Names messages of the channel that the log has after position `after`, and nobody else. */
MUST_CHECK enum err check_missing_messages(struct log_check_run *r, struct stream stream,
                                           uint64_t after, uint64_t channel);
