#pragma once

/*
 * Addresses of attachments: signed, so that whoever has seen one can read the file and nobody can
 * guess one, and expiring, so that an address that was passed on stops working. In Discord's form:
 *
 *   {base}/attachments/{channel}/{attachment}/{filename}?ex={hex}&is={hex}&hm={hex}&
 *
 * ex and is are seconds since 1970 in hexadecimal: until when, since when; hm is the HMAC-SHA-256
 * of path, ex and is. They are made when a message is read or told, never stored. `is` is cut to
 * the hour, so that what is read twice within it reads the same, and caches work.
 *
 * The key is a secret of the installation (store/secrets.h), made before the first attachment and
 * known to the core from then on.
 */

#include "base/arena.h"
#include "core/core.h"
#include "model/entities.h"

enum { ATTACHMENT_URL_STEP_S = 3600, ATTACHMENT_URL_LIFE_S = 24 * 3600 };

struct attachment_urls;
struct sql_conn;

/* Of core_new and core_free. NULL when memory is short; `base` as core_set_public_url, may be "".
 */
MUST_CHECK struct attachment_urls *attachment_urls_new(const char *base);
void attachment_urls_free(struct attachment_urls **u);

/* Where clients reach this server, "http://host:port" with or without a slash at the end; copied.
 * Once, when main knows it and the configuration does not. */
void core_set_public_url(struct core *c, const char *url);
/* Without a slash at the end; lives as long as the core. */
struct slice core_public_url(const struct core *c);

/* Makes the key if there is none. At start, and before the first attachment; not inside a
 * transaction. What a small transaction can fail with. */
MUST_CHECK enum err attachment_urls_open(struct core *c);

/* Sets a->url and a->url_base (a's channel, id and filename are set), in the arena. Inside any
 * transaction: `sql` is for reading the key, once. NO_MEMORY, STORE. */
MUST_CHECK enum err attachment_url_sign(struct core *c, struct sql_conn *sql, struct attachment *a,
                                        struct arena *arena);

/* What an address says. */
struct attachment_link {
    struct channel_id channel;
    uint64_t id;
    struct slice filename; /* decoded */
    uint64_t ex;           /* seconds */
    uint64_t is;
    struct slice hm; /* hex */
};
/* Whether it was made here, expired or not. Not inside a transaction. */
bool attachment_link_signed(struct core *c, const struct attachment_link *link);
/* The whole seconds that a link still holds for; 0: it has expired. */
uint64_t attachment_link_seconds_left(struct core *c, const struct attachment_link *link);
/* attachment_url_sign outside of a transaction. */
MUST_CHECK enum err attachment_url_renew(struct core *c, struct attachment *a, struct arena *arena);
