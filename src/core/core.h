#pragma once

/*
 * The use-cases: what Guildhall does, one noun a file (accounts, guilds, channels, members,
 * messages, invites, applications). Callers are HTTP handlers on workers and gateway jobs on
 * workers; all functions here may block on the store, except where a header says otherwise.
 *
 * Who may do it is decided twice: on a guild view before the transaction, and inside it if the
 * guild's permission generation has moved meanwhile (design §6, "Authorise, then commit").
 */

#include <stdbool.h>

#include "base/attrs.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "bus/bus.h"
#include "store/store.h"

struct core;

struct core_options {
    struct bus *bus;
    const struct clock *clock;
    const struct random *random;
    const struct log *log;
    struct metrics *metrics;
    struct blob_store *blobs; /* where uploads lie (media/blob.h); NULL: none are taken */
    struct images *images;    /* who makes pictures (core/images.h); NULL: nobody */
    const char *public_url;   /* NULL, "": see core_set_public_url (core/attachment_urls.h) */
    bool registration_open;
    bool privileged_intents;    /* of new applications */
    uint64_t guilds_per_user;   /* most that somebody may be in; 0: no limit, also below */
    uint64_t members_per_guild; /* most that may be in a guild */
    uint64_t file_bytes_max;    /* of an attachment; 0: no limit, also below */
    uint64_t message_bytes_max; /* of all attachments of a message */
    uint64_t user_bytes_max;    /* of all attachments of somebody, */
    uint64_t guild_bytes_max;   /* and of all in a guild */
    uint64_t search_ms_max;     /* of one search; 0: the default, also below */
    unsigned searches_max;      /* at once */
};

MUST_CHECK enum err core_new(const struct core_options *o, struct core **out);
/* Between core_new and any use: the store is opened with core_on_commit, then given here. */
void core_attach_store(struct core *c, struct store *store);
void core_free(struct core **c);
/* store_options.on_commit with ctx = the core: replaces views, then publishes. Writer thread. */
void core_on_commit(void *ctx, struct event *const *events, size_t count);
/* Any thread, never blocks: an event that is not in the log (typing). Drops the reference. */
void core_publish_ephemeral(struct core *c, struct event *e);

const struct clock *core_clock(const struct core *c);
struct store *core_store(struct core *c);

/* The request on whose behalf a use-case runs; goes into its events. */
struct actor {
    const struct principal *who;
    struct slice request_id;
    struct slice reason;  /* for the audit log; data NULL: none */
    struct slice address; /* of the client, as text; data NULL: not known (a gateway job, a task) */
};
