#pragma once

/*
 * The admin socket of a running server: takes an operator's command from `guildhall WORD ...` and
 * runs it here, where the store is open. One thread waits for connections, each connection has a
 * thread of its own, at most ADMIN_CONNECTIONS_MAX at a time. Only root and the server's own user
 * are heard.
 */

#include "base/errors.h"
#include "ops/ops.h"

enum { ADMIN_CONNECTIONS_MAX = 8 };

struct admin_socket;

/* Made while the data folder's lock is held: what is left of an earlier server is removed. `ops` is
 * copied. IO, NO_MEMORY; `why` gets a sentence. */
MUST_CHECK enum err admin_socket_start(const struct ops *ops, struct admin_socket **out, char *why,
                                       size_t why_len);
/* Tells the commands to end and returns when they have: before the store is closed. NULL allowed.
 */
void admin_socket_stop(struct admin_socket **a);
