#pragma once

/*
 * From text to the words that it is found by. Used for messages, when they are indexed, and for
 * what somebody searches for: both go the same way, so that they meet. Pure and deterministic; what
 * comes out is bounded by the maximum of the buffer.
 *
 * Text is folded (Unicode NFKD with full case folding, UAX #15; accents of alphabetic scripts go:
 * "Éß" is "ess") and cut: runs of letters and digits are words, an apostrophe inside one is
 * dropped; scripts that are written without spaces (Han, Kana, Hangul, Thai ...) give each
 * character and each pair of neighbours; an emoji, however many code points make it up, is a word,
 * and so is what is left of it without the tone of its skin. Mentions give nothing, custom emojis
 * their name and id. No word contains a space or an underscore: terms that begin with one
 * (words_term) can be in no text.
 */

#include "base/buf.h"
#include "base/slice.h"

enum {
    WORDS_WORD_BYTES = 64,           /* the rest of a longer word does not count */
    WORDS_BYTES_MAX = 48 * 1024,     /* of a message; further words do not count */
    WORDS_QUERY_BYTES_MAX = 4 * 1024 /* of what is searched for */
};

enum words_use {
    WORDS_TO_INDEX,
    WORDS_TO_FIND /* pairs only, where a text has them: they say more than the characters */
};

struct words {
    struct buf out; /* with a space between any two */
    enum words_use use;
    unsigned count; /* words, without terms */
};

/* out.failed after anything: there was no memory. */
void words_init(struct words *w, enum words_use use);
void words_deinit(struct words *w);
/* Words of one text and those of the next are no neighbours. Not valid UTF-8: cut there. */
void words_add(struct words *w, struct slice text);
/* "_<kind><id>". */
void words_term(struct words *w, char kind, uint64_t id);
/* "_<kind><16 hex digits>" of a text that is compared as a whole, ASCII letters alike. */
void words_term_text(struct words *w, char kind, struct slice text);
/* "_<kind><name>"; name is of letters and digits. */
void words_term_name(struct words *w, char kind, const char *name);
