#pragma once

/*
 * Records of TLS 1.3 after the handshake (RFC 8446 §5), sans I/O: application data both ways, close
 * and alerts, KeyUpdate. OpenSSL's own object keeps 14 KiB for each connection after it has done
 * the handshake; this keeps 3. The AEADs are OpenSSL's. Used by tls.c only.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "net/tls.h"

enum { TLS_SECRET_MAX = 48, TLS_RECORD_HEADER = 5 };

struct tls_records;

/* The secrets are the client's and the server's application_traffic_secret_0, `sent` the records
 * that were written with the latter already. NULL: a suite that is not known (then OpenSSL goes
 * on), or no memory. */
MUST_CHECK struct tls_records *tls_records_new(uint32_t suite, const uint8_t *client_secret,
                                               const uint8_t *server_secret, uint64_t sent);
void tls_records_free(struct tls_records **r);
/* One whole record, header included. *reason: static, of a failure. */
enum tls_state tls_records_read(struct tls_records *r, struct slice record, struct buf *plain,
                                struct buf *out, const char **reason);
MUST_CHECK bool tls_records_write(struct tls_records *r, struct slice plain, struct buf *out);
void tls_records_close(struct tls_records *r, struct buf *out);
