/* Forms: the first line of the input is the Content-Type, the rest the body. Every part lies inside
 * the body, in order; and read in pieces, the form holds the same. */

#include <string.h>

#include "fuzz/fuzz.h"
#include "unit/wire/multipart_trace.h"

static void check_inside(struct slice part, struct slice whole)
{
    fuzz_check(part.data == NULL ||
               (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

static void check_pieces(struct slice body, struct slice boundary, size_t first, size_t step)
{
    size_t room = body.len * 2 + 4096;
    struct multipart_trace whole = {malloc(room), 0, room}, pieces = {malloc(room), 0, room};
    fuzz_check(whole.text != NULL && pieces.text != NULL);
    enum err expected = trace_whole(&whole, body, boundary);
    fuzz_check(trace_pieces(&pieces, body, boundary, first, step) == expected);
    fuzz_check(expected != ERR_OK ||
               (whole.len == pieces.len && memcmp(whole.text, pieces.text, whole.len) == 0));
    free(whole.text);
    free(pieces.text);
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
    check_pieces(body, boundary, fuzz_first(data, size), body.len + 1);
    check_pieces(body, boundary, 0, 1);
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
