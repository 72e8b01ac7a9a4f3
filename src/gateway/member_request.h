#pragma once

/*
 * Request Guild Members (op 8): what a session has asked for waits in a queue of its own and is
 * answered one chunk at a time. Loop thread, but for what a worker composes.
 *
 * member_request.c reads the command and decides whether it is answered; member_chunks.c does it.
 */

#include "core/member_pages.h"
#include "gateway/gateway_priv.h"

enum {
    MEMBER_REQUESTS_MAX = 128,      /* that wait in a session; further ones are told RATE_LIMITED */
    MEMBER_REQUEST_IDS_MAX = 100,   /* docs, also below */
    MEMBER_REQUEST_NONCE_MAX = 32,  /* bytes */
    MEMBER_REQUEST_NAMED_MAX = 100, /* answers to a prefix */
    MEMBER_CHUNK_MAX = 1000,        /* members in a chunk */
    /* Unsent bytes of a session from which on its next chunk has to wait (ours). */
    MEMBER_REQUEST_UNSENT_MAX = 256 * 1024
};

struct member_request {
    struct list node;
    struct arena arena; /* of ids, prefix, wrong */
    struct member_query query;
    bool whole; /* everybody, or the first so many: in chunks */
    bool presences;
    bool has_nonce;
    char nonce[MEMBER_REQUEST_NONCE_MAX];
    size_t nonce_len;
    struct slice wrong;   /* ids that are none, as JSON, with commas between them */
    uint64_t left;        /* members still wanted; of `whole` */
    uint32_t chunk_index; /* of the next one */
    uint32_t chunk_count; /* 0: not known before the first page */
    unsigned tries;       /* of this chunk */
};

/* NULL: no memory. */
struct member_request *member_request_new(void);
void member_request_free(struct member_request **r);
/* Takes it over; false when too many wait already, or memory is short. */
MUST_CHECK bool member_requests_add(struct session *s, struct member_request *r);
/* The session has room: it goes on, if there is anything. May be called at any time. */
void member_requests_continue(struct session *s);
/* In the order in which they are answered; the first after `r`, or of all. NULL: no more. */
const struct member_request *member_requests_next(const struct session *s,
                                                  const struct member_request *r);
/* The session goes. */
void member_requests_free(struct session *s);
/* All of a command but the guild; false: it is none. */
MUST_CHECK bool member_request_read(struct member_request *r, const json_t *d);

/* member_request_save.c: for the hand-over at a planned restart. NULL: there are none; a new
 * reference. restore: before anything else is asked for; what is not understood is left out. */
json_t *member_requests_save(const struct session *s);
void member_requests_restore(struct session *s, const json_t *all);
/* The command is refused for now. */
void member_request_refuse(struct session *s, const struct member_request *r, uint64_t retry_ms);
