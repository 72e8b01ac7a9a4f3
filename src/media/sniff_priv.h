#pragma once

/* The kinds of files (sniff_*.c), and how they look at bytes. */

#include "media/sniff.h"

/* What is left to look at. Reading past the end gives zeros and sets `bad`, which sticks. */
struct sniff_cursor {
    const unsigned char *at;
    const unsigned char *end;
    bool bad;
};

struct sniff_cursor sniff_cursor_of(struct slice bytes);
size_t sniff_left(const struct sniff_cursor *c);
bool sniff_skip(struct sniff_cursor *c, uint64_t n);
uint32_t sniff_u8(struct sniff_cursor *c);
uint32_t sniff_be16(struct sniff_cursor *c);
uint32_t sniff_be32(struct sniff_cursor *c);
uint32_t sniff_le16(struct sniff_cursor *c);
uint32_t sniff_le24(struct sniff_cursor *c);
uint32_t sniff_le32(struct sniff_cursor *c);
/* True, and past them, if the literal comes next. */
bool sniff_take(struct sniff_cursor *c, const char *literal, size_t len);
bool sniff_sized(struct sniffed *out, uint32_t width, uint32_t height);

bool sniff_png(struct slice bytes, struct sniffed *out);
bool sniff_jpeg(struct slice bytes, struct sniffed *out);
bool sniff_gif(struct slice bytes, struct sniffed *out);
bool sniff_webp(struct slice bytes, struct sniffed *out);
bool sniff_avif(struct slice bytes, struct sniffed *out);
bool sniff_ogg(struct slice bytes, struct sniffed *out);
bool sniff_mp3(struct slice bytes, struct sniffed *out);
bool sniff_lottie(struct slice bytes, struct sniffed *out);
