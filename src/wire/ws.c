/*
 * The decoder gets bytes cut anywhere and owns nothing between messages: ten thousand quiet
 * sessions must not hold ten thousand buffers. A frame's header is collected whole before it is
 * judged, except that its first two bytes are judged as soon as they are there.
 *
 *   header ──complete──▶ payload ──end──▶ control: item │ final: message │ else: next header
 */

#include "wire/ws.h"

#include <assert.h>
#include <openssl/sha.h>
#include <string.h>

#include "wire/base64.h"
#include "wire/utf8.h"

enum {
    BITS_RESERVED = 0x70,
    BITS_OPCODE = 0x0F,
    BIT_MASK = 0x80,
    BITS_LEN = 0x7F,
    CLOSE_NO_STATUS = 1005
};

void ws_decoder_init(struct ws_decoder *d, size_t message_bytes_max)
{
    assert(message_bytes_max > 0);
    *d = (struct ws_decoder){.message_bytes_max = message_bytes_max};
    buf_init(&d->message, MEM_WIRE, message_bytes_max);
}

void ws_decoder_deinit(struct ws_decoder *d)
{
    buf_deinit(&d->message);
    mem_free(MEM_WIRE, d->control);
    d->control = NULL;
}

static bool is_control(uint8_t opcode)
{
    return (opcode & 0x8) != 0;
}

/* The first two bytes (RFC 6455 §5.2, §5.4, §5.5). */
static enum err judge_start(const struct ws_decoder *d)
{
    uint8_t first = d->header[0];
    uint8_t second = d->header[1];
    uint8_t opcode = first & BITS_OPCODE;
    uint8_t reserved = first & BITS_RESERVED;
    bool starts = opcode == WS_TEXT || opcode == WS_BINARY;
    if (reserved != 0 && !(d->deflate && starts && reserved == WS_BIT_COMPRESSED))
        return ERR_WS_PROTOCOL;
    if (!(second & BIT_MASK))
        return ERR_WS_PROTOCOL;
    switch (opcode) {
    case WS_CLOSE:
    case WS_PING:
    case WS_PONG:
        return (first & WS_BIT_FIN) && (second & BITS_LEN) <= WS_CONTROL_MAX ? ERR_OK
                                                                             : ERR_WS_PROTOCOL;
    case WS_CONTINUATION:
        return d->message_opcode ? ERR_OK : ERR_WS_PROTOCOL;
    case WS_TEXT:
    case WS_BINARY:
        return d->message_opcode ? ERR_WS_PROTOCOL : ERR_OK;
    default:
        return ERR_WS_PROTOCOL;
    }
}

/* Bytes of the extended length that the second byte announces. */
static unsigned extended_len(uint8_t second)
{
    uint8_t len = second & BITS_LEN;
    return len == WS_LEN_16 ? 2 : len == WS_LEN_64 ? 8 : 0;
}

/* Moves header bytes; true when there are `want` of them. */
static bool fill_header(struct ws_decoder *d, unsigned want, const char *data, size_t len,
                        size_t *i)
{
    while (d->header_len < want && *i < len)
        d->header[d->header_len++] = (uint8_t)data[(*i)++];
    return d->header_len == want;
}

/* The payload length, which must be written in its shortest form. */
static enum err read_length(const struct ws_decoder *d, unsigned extended, uint64_t *out)
{
    uint64_t n = 0;
    for (unsigned k = 0; k < extended; k++)
        n = n << 8 | d->header[2 + k];
    if (extended == 0)
        n = d->header[1] & BITS_LEN;
    if ((extended == 2 && n < WS_LEN_16) || (extended == 8 && (n <= UINT16_MAX || n >> 63)))
        return ERR_WS_PROTOCOL;
    *out = n;
    return ERR_OK;
}

static void begin_message(struct ws_decoder *d)
{
    buf_reset(&d->message);
    d->message.max = d->message_bytes_max; /* the owner may have changed it since */
    d->message_opcode = d->opcode;
    d->compressed = (d->header[0] & WS_BIT_COMPRESSED) != 0;
    d->utf8_state = 0;
}

static enum err begin_control(struct ws_decoder *d)
{
    if (d->control == NULL && d->payload_left > 0)
        d->control = mem_alloc(MEM_WIRE, WS_CONTROL_MAX);
    return d->control == NULL && d->payload_left > 0 ? ERR_NO_MEMORY : ERR_OK;
}

static enum err begin_payload(struct ws_decoder *d, unsigned extended)
{
    uint64_t n = 0;
    enum err e = read_length(d, extended, &n);
    if (e)
        return e;
    d->opcode = d->header[0] & BITS_OPCODE;
    d->fin = (d->header[0] & WS_BIT_FIN) != 0;
    memcpy(d->mask, d->header + 2 + extended, sizeof d->mask);
    d->mask_at = 0;
    d->payload_left = n;
    d->control_len = 0;
    d->header_len = 0;
    d->in_payload = true;
    if (is_control(d->opcode))
        return begin_control(d);
    if (d->opcode != WS_CONTINUATION)
        begin_message(d);
    return d->message.len > d->message.max || n > d->message.max - d->message.len ? ERR_WS_TOO_BIG
                                                                                  : ERR_OK;
}

/* Takes header bytes; in_payload is set once the header is complete. */
static enum err take_header(struct ws_decoder *d, const char *data, size_t len, size_t *i)
{
    if (d->header_len < 2) {
        if (!fill_header(d, 2, data, len, i))
            return ERR_OK;
        enum err e = judge_start(d);
        if (e)
            return e;
    }
    unsigned extended = extended_len(d->header[1]);
    if (!fill_header(d, 2 + extended + (unsigned)sizeof d->mask, data, len, i))
        return ERR_OK;
    return begin_payload(d, extended);
}

/* len ^ mask, eight bytes at a time; the key goes on where the piece before ended. */
static void unmask(struct ws_decoder *d, char *out, const char *in, size_t len)
{
    uint8_t key[8];
    uint64_t key_word;
    for (unsigned k = 0; k < 8; k++)
        key[k] = d->mask[(d->mask_at + k) & 3];
    memcpy(&key_word, key, sizeof key_word);

    size_t i = 0;
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, in + i, sizeof word);
        word ^= key_word;
        memcpy(out + i, &word, sizeof word);
    }
    for (; i < len; i++)
        out[i] = (char)((uint8_t)in[i] ^ key[i & 7]);
    d->mask_at = (uint8_t)((d->mask_at + len) & 3);
}

static enum err take_data(struct ws_decoder *d, const char *data, size_t n)
{
    if (n == 0)
        return ERR_OK;
    if (!buf_reserve(&d->message, n))
        return ERR_NO_MEMORY; /* the size was judged with the header */
    char *at = d->message.data + d->message.len;
    unmask(d, at, data, n);
    d->message.len += n;
    if (d->message_opcode == WS_TEXT && !d->compressed && !utf8_feed(&d->utf8_state, at, n))
        return ERR_WS_INVALID_UTF8;
    return ERR_OK;
}

static enum err take_payload(struct ws_decoder *d, const char *data, size_t len, size_t *i)
{
    size_t n = len - *i < d->payload_left ? len - *i : (size_t)d->payload_left;
    d->payload_left -= n;
    const char *from = data + *i;
    *i += n;
    if (!is_control(d->opcode))
        return take_data(d, from, n);
    if (n == 0)
        return ERR_OK;
    unmask(d, (char *)d->control + d->control_len, from, n);
    d->control_len = (uint8_t)(d->control_len + n);
    return ERR_OK;
}

/* Codes that may travel (RFC 6455 §7.4, and what IANA registered since). */
static bool close_code_valid(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static enum err end_close(struct ws_decoder *d, struct ws_item *item)
{
    d->closed = true;
    item->close_code = CLOSE_NO_STATUS;
    item->data = SLICE("");
    if (d->control_len == 0)
        return ERR_OK;
    if (d->control_len == 1)
        return ERR_WS_PROTOCOL;
    uint16_t code = (uint16_t)(d->control[0] << 8 | d->control[1]);
    struct slice reason = {(const char *)d->control + 2, (size_t)d->control_len - 2};
    if (!close_code_valid(code))
        return ERR_WS_PROTOCOL;
    if (!utf8_valid(reason))
        return ERR_WS_INVALID_UTF8;
    item->close_code = code;
    item->data = reason;
    return ERR_OK;
}

static enum err end_control(struct ws_decoder *d, struct ws_item *item, enum ws_event *event)
{
    item->opcode = (enum ws_opcode)d->opcode;
    item->data =
        d->control_len == 0 ? SLICE("") : slice_of((const char *)d->control, d->control_len);
    if (d->opcode == WS_CLOSE) {
        *event = WS_EVENT_CLOSE;
        return end_close(d, item);
    }
    *event = d->opcode == WS_PING ? WS_EVENT_PING : WS_EVENT_PONG;
    return ERR_OK;
}

/* *event stays MORE if the message goes on in another frame. */
static enum err end_frame(struct ws_decoder *d, struct ws_item *item, enum ws_event *event)
{
    d->in_payload = false;
    if (is_control(d->opcode))
        return end_control(d, item, event);
    if (!d->fin)
        return ERR_OK;
    if (d->message_opcode == WS_TEXT && d->utf8_state != 0)
        return ERR_WS_INVALID_UTF8;
    item->opcode = (enum ws_opcode)d->message_opcode;
    item->compressed = d->compressed;
    item->data = buf_slice(&d->message);
    d->message_opcode = 0;
    *event = WS_EVENT_MESSAGE;
    return ERR_OK;
}

/* One step: some header or some payload, and the end of the frame if it is reached. */
static enum err step(struct ws_decoder *d, const char *data, size_t len, size_t *i,
                     struct ws_item *item, enum ws_event *event)
{
    enum err e = d->in_payload ? take_payload(d, data, len, i) : take_header(d, data, len, i);
    if (!e && d->in_payload && d->payload_left == 0)
        e = end_frame(d, item, event);
    return e;
}

static enum ws_event fail(struct ws_decoder *d, enum err e, struct ws_item *item)
{
    d->closed = true;
    item->error = e;
    ws_decoder_deinit(d);
    return WS_EVENT_ERROR;
}

enum ws_event ws_decoder_feed(struct ws_decoder *d, const char *data, size_t len, size_t *taken,
                              struct ws_item *item)
{
    enum ws_event event = WS_EVENT_MORE;
    size_t i = 0;
    *item = (struct ws_item){0};
    while (!d->closed && event == WS_EVENT_MORE && i < len) {
        enum err e = step(d, data, len, &i, item, &event);
        *taken = i;
        if (e)
            return fail(d, e, item);
    }
    *taken = d->closed && event == WS_EVENT_MORE ? len : i;
    if (event == WS_EVENT_MORE && d->message_opcode == 0)
        buf_deinit(&d->message);
    if (event == WS_EVENT_MORE && d->control != NULL && !(d->in_payload && is_control(d->opcode))) {
        mem_free(MEM_WIRE, d->control);
        d->control = NULL;
    }
    return event;
}

/* The longest part of valid text that fits: never half a character. */
static size_t cut_text(struct slice s, size_t max)
{
    if (s.len <= max)
        return s.len;
    while (max > 0 && ((uint8_t)s.data[max] & 0xC0) == 0x80)
        max--;
    return max;
}

size_t ws_close_encode(uint8_t out[2 + WS_CONTROL_MAX], uint16_t code, struct slice reason)
{
    size_t n = cut_text(reason, WS_CONTROL_MAX - 2);
    size_t at = ws_header_encode(out, WS_CLOSE, 2 + n);
    out[at++] = (uint8_t)(code >> 8);
    out[at++] = (uint8_t)code;
    if (n > 0)
        memcpy(out + at, reason.data, n);
    return at + n;
}

void ws_accept_key(struct slice key, char out[WS_ACCEPT_LEN + 1])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 §1.3 */
    char text[24 + sizeof guid];
    uint8_t digest[SHA_DIGEST_LENGTH];
    assert(key.len == 24); /* http.h: upgrade_websocket says so */
    memcpy(text, key.data, key.len);
    memcpy(text + key.len, guid, sizeof guid - 1);
    SHA1((const uint8_t *)text, key.len + sizeof guid - 1, digest);
    base64_encode(digest, sizeof digest, out);
}
