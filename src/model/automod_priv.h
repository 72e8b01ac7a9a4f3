#pragma once

/* What the files of AutoMod share: folded text and the automaton of words. */

#include "base/mem.h"
#include "model/automod.h"

struct automod_text {
    struct slice source;
    uint32_t *folded; /* characters: lower case, invisible ones left out */
    uint32_t *at;     /* byte in source where each began; [len]: the end */
    size_t len;
};

/* What a word is made of: letters, digits, marks, '_'. */
bool automod_word_character(uint32_t c);
/* Whether the text has anything but stars, spaces and what cannot be seen. */
bool automod_visible(struct slice text);
/* How many characters automod_text_new finds at most. */
size_t automod_text_characters(struct slice text);
/* The index of the character that byte `at` belongs to or comes before. */
size_t automod_text_index(const struct automod_text *text, size_t at);

struct automod_words;

/* A keyword as it is looked for. */
struct automod_word {
    struct slice text; /* as configured */
    bool allowed;      /* of the allow list */
    bool open_left;
    bool open_right;
    uint32_t len;  /* characters between the stars */
    uint32_t next; /* another word of the same characters: index + 1 */
};

/* Owns copies of the words. Words without characters are left out. */
MUST_CHECK enum err automod_words_new(const struct slice *keywords, size_t keyword_count,
                                      const struct slice *allowed, size_t allowed_count,
                                      struct automod_words **out);
void automod_words_free(struct automod_words **w);
size_t automod_words_bytes(const struct automod_words *w);
/* Each place of a word: [begin, end) in characters. Ends when `fn` returns false. */
void automod_words_each(const struct automod_words *w, const struct automod_text *text,
                        bool (*fn)(void *ctx, const struct automod_word *word, size_t begin,
                                   size_t end),
                        void *ctx);
