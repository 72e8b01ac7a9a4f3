/* Uploads: whatever the bytes, telling what they are stays inside them, and what it says is inside
 * its limits. */

#include "fuzz/fuzz.h"
#include "media/sniff.h"
#include "media/sniff_file.h"

#include <string.h>

struct bytes {
    const uint8_t *data;
    size_t size;
    unsigned reads;
};

static enum err read_bytes(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct bytes *b = ctx;
    b->reads++;
    *got = offset >= b->size ? 0 : b->size - (size_t)offset;
    if (*got > len)
        *got = len;
    if (*got > 0)
        memcpy(into, b->data + offset, *got);
    return ERR_OK;
}

/* Never refuses, never reads much. */
static void any_file(const uint8_t *data, size_t size)
{
    struct bytes b = {data, size, 0};
    struct sniff_source source = {&b, size, read_bytes};
    struct sniffed_file found;
    fuzz_check(sniff_file(&source, &found) == ERR_OK);
    fuzz_check(b.reads <= 100 && found.content_type != NULL);
    fuzz_check((found.width == 0) == (found.height == 0));
    fuzz_check(found.width <= INT32_MAX && found.height <= INT32_MAX);
    fuzz_check(strstr(found.content_type, "html") == NULL &&
               strstr(found.content_type, "svg") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sniffed found = {0};
    any_file(data, size);
    if (!sniff((struct slice){(const char *)data, size}, &found))
        return 0;
    fuzz_check((unsigned)found.type < SNIFF_TYPE_COUNT);
    fuzz_check(found.width <= SNIFF_PIXELS_MAX && found.height <= SNIFF_PIXELS_MAX);
    fuzz_check((found.type == SNIFF_OGG || found.type == SNIFF_MP3) == (found.width == 0));
    fuzz_check(sniff_content_type(found.type) != NULL);
    return 0;
}
