/*
 * Words: whatever bytes a text is made of, what comes out is bounded UTF-8 with single spaces, no
 * word can be taken for a term, and a text is found by each word of a part of it.
 */

#include <string.h>

#include "base/words.h"
#include "fuzz/fuzz.h"
#include "wire/utf8.h"

static void check_shape(struct slice out)
{
    struct slice rest = out;
    struct slice word;
    fuzz_check(utf8_valid(out) && out.len <= WORDS_BYTES_MAX);
    fuzz_check(slice_find(out, '\0') == out.len && slice_find(out, '_') == out.len);
    fuzz_check(slice_find(out, '"') == out.len && slice_find(out, '\'') == out.len);
    fuzz_check(slice_find(out, '\\') == out.len);
    while (slice_next(&rest, ' ', &word))
        fuzz_check(word.len > 0 && word.len <= WORDS_WORD_BYTES + 24);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct words once;
    struct words twice;
    struct slice text = {(const char *)data, size};
    words_init(&once, WORDS_TO_INDEX);
    words_init(&twice, WORDS_TO_INDEX);
    words_add(&once, text);
    words_add(&twice, text);
    fuzz_check(!once.out.failed);
    check_shape(buf_slice(&once.out));
    fuzz_check(slice_eq(buf_slice(&once.out), buf_slice(&twice.out)));
    words_deinit(&twice);
    words_init(&twice, WORDS_TO_FIND);
    words_add(&twice, text);
    check_shape(buf_slice(&twice.out));
    fuzz_check(twice.count <= once.count || once.out.len + 128 > WORDS_BYTES_MAX);
    words_deinit(&twice);
    words_deinit(&once);
    return 0;
}
