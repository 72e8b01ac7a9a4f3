/* The fields: pubs.opengroup.org, pax, "ustar Interchange Format". */

#include "ops/archive.h"

#include <stdio.h>
#include <string.h>

struct field {
    size_t at;
    size_t len;
};

static const struct field NAME = {0, 100};
static const struct field MODE = {100, 8};
static const struct field UID = {108, 8};
static const struct field GID = {116, 8};
static const struct field SIZE = {124, 12};
static const struct field MTIME = {136, 12};
static const struct field SUM = {148, 8};
static const struct field TYPE = {156, 1};
static const struct field MAGIC = {257, 8};
static const struct field PREFIX = {345, 155};

static const uint64_t OCTAL_MAX = UINT64_C(1) << 33; /* eleven octal digits */

static bool part_is_good(struct slice part)
{
    if (part.len == 0 || part.data[0] == '.')
        return false;
    for (size_t i = 0; i < part.len; i++) {
        unsigned char c = (unsigned char)part.data[i];
        if (c < 0x20 || c == 0x7f || c == '\\')
            return false;
    }
    return true;
}

bool archive_name_is_good(const char *name)
{
    struct slice rest = slice_from(name);
    struct slice part;
    if (rest.len == 0 || rest.len >= ARCHIVE_NAME_MAX || rest.data[rest.len - 1] == '/')
        return false;
    while (slice_next(&rest, '/', &part)) {
        if (!part_is_good(part))
            return false;
    }
    return true;
}

/* The slash that parts prefix and name; 0: the whole is the name. False: there is none that fits.
 */
static bool split_name(const char *name, size_t *slash)
{
    size_t len = strlen(name);
    *slash = 0;
    if (len <= NAME.len)
        return true;
    for (size_t i = len - NAME.len - 1; i < len && i <= PREFIX.len; i++) {
        if (name[i] == '/') {
            *slash = i;
            return true;
        }
    }
    return false;
}

/* So many octal digits as the field has room for, and a NUL. */
static void put_octal(unsigned char *block, struct field f, uint64_t v)
{
    block[f.at + f.len - 1] = '\0';
    for (size_t i = f.len - 1; i > 0; i--) {
        block[f.at + i - 1] = (unsigned char)('0' + (v & 7));
        v >>= 3;
    }
}

static void put_size(unsigned char *block, uint64_t v)
{
    if (v < OCTAL_MAX) {
        put_octal(block, SIZE, v);
        return;
    }
    memset(block + SIZE.at, 0, SIZE.len);
    block[SIZE.at] = 0x80;
    for (size_t i = 0; i < 8; i++)
        block[SIZE.at + SIZE.len - 1 - i] = (unsigned char)(v >> (8 * i));
}

/* Of all bytes, with its own field as spaces; six digits, NUL, space. */
static void put_sum(unsigned char *block)
{
    uint64_t sum = 0;
    memset(block + SUM.at, ' ', SUM.len);
    for (size_t i = 0; i < ARCHIVE_BLOCK_BYTES; i++)
        sum += block[i];
    put_octal(block, (struct field){SUM.at, SUM.len - 1}, sum);
}

bool archive_header(const struct archive_entry *e, unsigned char out[ARCHIVE_BLOCK_BYTES])
{
    size_t slash;
    if (!archive_name_is_good(e->name) || !split_name(e->name, &slash) || e->mtime_s >= OCTAL_MAX)
        return false;
    memset(out, 0, ARCHIVE_BLOCK_BYTES);
    const char *name = slash == 0 ? e->name : e->name + slash + 1;
    memcpy(out + NAME.at, name, strlen(name));
    memcpy(out + PREFIX.at, e->name, slash);
    put_octal(out, MODE, 0600);
    put_octal(out, UID, 0);
    put_octal(out, GID, 0);
    put_size(out, e->bytes);
    put_octal(out, MTIME, e->mtime_s);
    out[TYPE.at] = '0';
    memcpy(out + MAGIC.at,
           "ustar\0"
           "00",
           MAGIC.len);
    put_sum(out);
    return true;
}

static bool get_octal(const unsigned char *block, struct field f, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i + 1 < f.len; i++) {
        unsigned char c = block[f.at + i];
        if (c < '0' || c > '7')
            return false;
        v = v << 3 | (uint64_t)(c - '0');
    }
    *out = v;
    return true;
}

static bool get_size(const unsigned char *block, uint64_t *out)
{
    if (block[SIZE.at] != 0x80)
        return get_octal(block, SIZE, out);
    uint64_t v = 0;
    for (size_t i = SIZE.len - 8; i < SIZE.len; i++)
        v = v << 8 | block[SIZE.at + i];
    *out = v;
    return v <= INT64_MAX;
}

bool archive_parse(const unsigned char block[ARCHIVE_BLOCK_BYTES], struct archive_entry *out)
{
    struct archive_entry e;
    unsigned char again[ARCHIVE_BLOCK_BYTES];
    const char *text = (const char *)block;
    int prefix = (int)strnlen(text + PREFIX.at, PREFIX.len);
    int name = (int)strnlen(text + NAME.at, NAME.len);
    snprintf(e.name, sizeof e.name, "%.*s%s%.*s", prefix, text + PREFIX.at, prefix > 0 ? "/" : "",
             name, text + NAME.at);
    if (!get_size(block, &e.bytes) || !get_octal(block, MTIME, &e.mtime_s))
        return false;
    /* Whatever is not as we write it makes the two differ. */
    if (!archive_header(&e, again) || memcmp(block, again, sizeof again) != 0)
        return false;
    *out = e;
    return true;
}

uint64_t archive_padding(uint64_t bytes)
{
    uint64_t over = bytes % ARCHIVE_BLOCK_BYTES;
    return over == 0 ? 0 : ARCHIVE_BLOCK_BYTES - over;
}
