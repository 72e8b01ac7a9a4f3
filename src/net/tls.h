#pragma once

/*
 * TLS 1.2 and 1.3 for connections that were accepted (RFC 5246, RFC 8446; OpenSSL 3), sans I/O: a
 * stream takes the peer's bytes and gives plaintext, and takes plaintext and gives bytes for the
 * peer. No socket, no log, no time. conn_tls.c puts it on connections.
 *
 * A context (certificate, key, rules) is immutable and shared by all loops; a stream belongs to one
 * thread at a time and keeps its context alive. Idle, a stream holds no record buffers.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/slice.h"

struct tls_context;
struct tls_stream;

struct tls_files {
    const char *certificate; /* PEM: the certificate, then those between it and the root */
    const char *key;         /* PEM, without a passphrase */
};

enum {
    TLS_RECORD_BYTES = 16 * 1024, /* plaintext of a record at most */
    TLS_RECORD_EXTRA = 512,       /* and what a record adds to it, generously */
};

/* Any thread. IO with `why` naming the option and the reason: a file that cannot be read or is
 * none, a key with a passphrase, a key that is another certificate's. On success `why` is a
 * warning, or empty: a certificate that is not valid today is served all the same. */
MUST_CHECK enum err tls_context_new(const struct tls_files *files, struct tls_context **out,
                                    char *why, size_t why_len);
struct tls_context *tls_context_ref(struct tls_context *c);
void tls_context_unref(struct tls_context **c);

enum tls_state {
    TLS_OPEN,  /* everything was taken; more may come */
    TLS_ENDED, /* the peer will send no more (close_notify); writing goes on */
    TLS_FAILED /* the stream is of no more use; `out` may hold the alert that says why */
};

/* NULL: no memory. */
MUST_CHECK struct tls_stream *tls_stream_new(struct tls_context *c);
void tls_stream_free(struct tls_stream **s);
/* The handshake is over: plaintext may be written. */
bool tls_stream_ready(const struct tls_stream *s);
/* Takes all of `bytes`; appends what it says to `plain` (which needs room for bytes.len and a
 * record more), and what must be sent, if only of the handshake, to `out`. */
enum tls_state tls_stream_read(struct tls_stream *s, struct slice bytes, struct buf *plain,
                               struct buf *out);
/* Appends the records of `plain` to `out`; false if it cannot be, after which the stream has
 * failed. Only when ready. */
MUST_CHECK bool tls_stream_write(struct tls_stream *s, struct slice plain, struct buf *out);
/* The farewell (close_notify), if one is due. */
void tls_stream_close(struct tls_stream *s, struct buf *out);
/* Why it failed: OpenSSL's words, static; never of the peer's making. */
const char *tls_stream_reason(const struct tls_stream *s);
