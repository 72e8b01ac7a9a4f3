#pragma once

/*
 * WebSocket frames (RFC 6455), sans I/O, server side. The decoder takes bytes, unmasks them into
 * its message buffer, joins fragments, lets control frames interleave, validates UTF-8 of text as
 * it arrives, and gives whole messages. It holds no memory between messages.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/slice.h"

enum ws_opcode {
    WS_CONTINUATION = 0x0,
    WS_TEXT = 0x1,
    WS_BINARY = 0x2,
    WS_CLOSE = 0x8,
    WS_PING = 0x9,
    WS_PONG = 0xA
};

/* Of the first byte of a frame: it is its message's last; its message is deflated (RSV1, RFC 7692
 * §6). */
enum { WS_BIT_FIN = 0x80, WS_BIT_COMPRESSED = 0x40 };
/* Of the second: the length follows in two bytes, in eight (RFC 6455 §5.2). */
enum { WS_LEN_16 = 126, WS_LEN_64 = 127 };

enum { WS_HEADER_MAX = 10, WS_CONTROL_MAX = 125, WS_ACCEPT_LEN = 28 };

struct ws_decoder {
    size_t message_bytes_max;
    bool deflate;       /* permessage-deflate was agreed to: messages may be compressed */
    struct buf message; /* data frames of the current message, unmasked */
    uint8_t header[14];
    uint8_t header_len;
    uint8_t opcode;         /* of the frame being read */
    uint8_t message_opcode; /* of the message under way, 0: none */
    bool compressed;        /* it is: given as it came, and not yet judged as UTF-8 */
    bool fin;
    bool in_payload;
    uint8_t mask[4];
    uint8_t mask_at;
    uint8_t *control; /* payload of the control frame under way; NULL mostly */
    uint8_t control_len;
    uint32_t utf8_state;
    uint64_t payload_left;
    bool closed; /* after a close frame nothing more is read */
};

enum ws_event {
    WS_EVENT_MORE,    /* all bytes taken */
    WS_EVENT_MESSAGE, /* text or binary complete: item->data valid until the next call */
    WS_EVENT_PING,    /* answer with a pong that carries item->data */
    WS_EVENT_PONG,
    WS_EVENT_CLOSE, /* item->close_code (1005 if none was sent) and reason in item->data */
    WS_EVENT_ERROR  /* item->error: WS_PROTOCOL, WS_INVALID_UTF8, WS_TOO_BIG, NO_MEMORY */
};

struct ws_item {
    enum ws_opcode opcode;
    bool compressed; /* a message whose data is deflated */
    struct slice data;
    uint16_t close_code;
    enum err error;
};

void ws_decoder_init(struct ws_decoder *d, size_t message_bytes_max);
void ws_decoder_deinit(struct ws_decoder *d);
/* *taken bytes were used; call again with the rest after each item. `data` is not written to.
 * Errors: an unmasked client frame, reserved bits (but for WS_BIT_COMPRESSED where it may be),
 * unknown opcode, fragmented or long control frame, non-minimal length, continuation without a
 * start, new message inside one (WS_PROTOCOL); invalid close codes and 1-byte close payloads
 * (WS_PROTOCOL); text or close reason not UTF-8 (WS_INVALID_UTF8); message beyond its maximum
 * (WS_TOO_BIG), known from the header before any payload is kept. After an error as after a close,
 * further bytes are taken and dropped. A message's memory is given back by the next call that ends
 * in MORE (len 0 will do). */
enum ws_event ws_decoder_feed(struct ws_decoder *d, const char *data, size_t len, size_t *taken,
                              struct ws_item *item);

/* The header of an unmasked, final server frame; returns its length (2, 4 or 10). Inline, for every
 * frame of a fan-out has one. */
static inline size_t ws_header_encode(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode,
                                      uint64_t payload_len)
{
    out[0] = (uint8_t)(WS_BIT_FIN | (unsigned)opcode);
    if (payload_len < WS_LEN_16) {
        out[1] = (uint8_t)payload_len;
        return 2;
    }
    if (payload_len <= UINT16_MAX) {
        out[1] = WS_LEN_16;
        out[2] = (uint8_t)(payload_len >> 8);
        out[3] = (uint8_t)payload_len;
        return 4;
    }
    out[1] = WS_LEN_64;
    for (unsigned k = 0; k < 8; k++)
        out[2 + k] = (uint8_t)(payload_len >> (8 * (7 - k)));
    return WS_HEADER_MAX;
}
/* A close frame (header and payload) into out; reason cut to what fits. Returns its length. */
size_t ws_close_encode(uint8_t out[2 + WS_CONTROL_MAX], uint16_t code, struct slice reason);
/* Sec-WebSocket-Accept of a key (RFC 6455 §4.2.2), WS_ACCEPT_LEN characters and a NUL. */
void ws_accept_key(struct slice key, char out[WS_ACCEPT_LEN + 1]);
