#pragma once

/* HTTP servers by the configuration: their limits, and TLS. Main thread. */

#include <stddef.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/log.h"
#include "main/config.h"
#include "net/http_server.h"
#include "net/tls.h"

struct listeners_options {
    const struct config *config;
    struct loop *const *loops;
    unsigned loop_count;
    const struct log *log;
    struct metrics *metrics;
    /* Whether limits of one address are not meant for this one; ctx is the handler's. May be NULL.
     */
    bool (*is_proxy)(void *ctx, const char *peer);
};

/* server.tls_certificate and server.tls_key; *out is NULL, and all is well, if neither is set. IO
 * with `why`. */
MUST_CHECK enum err listeners_tls(const struct listeners_options *o, struct tls_context **out,
                                  char *why, size_t why_len);
/* tls may be NULL: plain. IO with `why`. */
MUST_CHECK enum err listeners_open(const struct listeners_options *o, const char *address,
                                   struct http_handler handler, struct tls_context *tls,
                                   struct http_server **out, char *why, size_t why_len);
/* SIGHUP: the certificate is read again; one that cannot be used is said in the log, and the one
 * before stays. */
void listeners_reload(const struct listeners_options *o, struct http_server *s);
