#pragma once

/* What words.c knows of code points. Private to base. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WORDS_PIECE = 128,                   /* code points folded at once */
    WORDS_FOLDED = WORDS_PIECE * 18 + 32 /* U+FDFA becomes 18 */
};

enum words_class {
    WORDS_OTHER,      /* between words */
    WORDS_LETTER,     /* of a word: letters, digits, marks that stay */
    WORDS_MARK,       /* belongs to what is before it */
    WORDS_UNSPACED,   /* of a script without spaces */
    WORDS_APOSTROPHE, /* dropped inside a word */
    WORDS_NOTHING     /* as if it were not there */
};

enum words_class words_class(int32_t c);
/* Folds up to WORDS_PIECE code points in place of `out`; returns how many came of it. */
size_t words_fold(const int32_t *in, size_t count, int32_t out[WORDS_FOLDED]);
/* How many of the `count` code points make up the emoji at the front; 0: it is none. *plain: how
 * many are left in `out` (at most 16) without presentation selectors, *bare: also without the tone
 * of the skin, in `bare_out`. */
struct words_emoji {
    int32_t plain[16];
    size_t plain_len;
    int32_t bare[16];
    size_t bare_len;
};
/* Whether `c`, which is no digit, '#' or '*', can be the first. */
bool words_emoji_begins(int32_t c);
size_t words_emoji(const int32_t *in, size_t count, struct words_emoji *out);
