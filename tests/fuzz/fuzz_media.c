/* Uploads: whatever the bytes, telling what they are stays inside them, and what it says is inside
 * its limits. */

#include "fuzz/fuzz.h"
#include "media/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sniffed found = {0};
    if (!sniff((struct slice){(const char *)data, size}, &found))
        return 0;
    fuzz_check((unsigned)found.type < SNIFF_TYPE_COUNT);
    fuzz_check(found.width <= SNIFF_PIXELS_MAX && found.height <= SNIFF_PIXELS_MAX);
    fuzz_check((found.type == SNIFF_OGG || found.type == SNIFF_MP3) == (found.width == 0));
    fuzz_check(sniff_content_type(found.type) != NULL);
    return 0;
}
