#pragma once

/* What goes over a gateway connection: see frames.c. */

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "gateway/forms.h"
#include "wire/ws.h"

/* The bytes of a dispatch that are its session's own; before them, the WebSocket header, the header
 * of the stream and that of a block. */
enum { FRAME_OWN_MAX = 32, FRAME_PREFIX_MAX = WS_HEADER_MAX + 16 + FRAME_OWN_MAX };

/* `{"s":N,`, or what ETF has in its place; returns its length. */
size_t frame_own(enum gw_encoding e, uint64_t seq, const struct bytes *encoded,
                 char out[FRAME_OWN_MAX]);
