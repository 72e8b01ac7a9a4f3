/* Forms: the first line of the input is the Content-Type, the rest the body. Every part lies inside
 * the body, in order, and none of them holds a delimiter. */

#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/multipart.h"

static void check_inside(struct slice part, struct slice whole)
{
    fuzz_check(part.data == NULL ||
               (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    struct slice all = {(const char *)data, size};
    struct slice boundary;
    size_t line = slice_find(all, '\n');
    size_t count = 0;
    if (line == size || !multipart_boundary(slice_of(all.data, line), &boundary))
        return 0;
    struct slice body = slice_of(all.data + line + 1, size - line - 1);
    if (multipart_parse(body, boundary, parts, &count) != ERR_OK)
        return 0;
    fuzz_check(count <= MULTIPART_PARTS_MAX);
    for (size_t i = 0; i < count; i++) {
        check_inside(parts[i].name, body);
        check_inside(parts[i].filename, body);
        check_inside(parts[i].content_type, body);
        check_inside(parts[i].body, body);
        fuzz_check(i == 0 || parts[i].name.data > parts[i - 1].body.data);
    }
    return 0;
}
