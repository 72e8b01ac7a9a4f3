/*
 * The automaton of words (Aho and Corasick 1975): one walk over the text finds every place of every
 * word. States are the prefixes of words, by character; where a word cannot go on, the walk goes on
 * from the longest suffix that is a prefix too. A thousand words of 60 characters are at most
 * 60,000 states, 28 bytes each. Which ends a word leaves open is looked at where it is found.
 */

#include "model/automod_priv.h"

#include <string.h>

#include "base/map.h"

/* 60 characters, and an allowed phrase of as many (base/limits.h), with room. */
enum { WORD_CHARACTERS_MAX = 256, SCRATCH_BYTES = 16 * 1024, ROOT = 0 };

struct state {
    uint32_t fail; /* the state of the longest suffix */
    uint32_t hit;  /* that state or the nearest suffix that ends a word; 0: none */
    uint32_t word; /* the first word that ends here: index + 1 */
};

struct edge {
    uint64_t key; /* from << 32 | character + 1; 0: free */
    uint32_t to;
};

struct automod_words {
    struct automod_word *words;
    size_t word_count;
    struct state *states;
    size_t state_count;
    struct edge *edges;
    size_t edge_mask;
    char *texts;
    size_t bytes;
};

static uint64_t edge_key(uint32_t from, uint32_t c)
{
    return (uint64_t)from << 32 | (c + 1);
}

static struct edge *edge_slot(const struct automod_words *w, uint64_t key)
{
    size_t i = (size_t)map_hash(0, key) & w->edge_mask;
    while (w->edges[i].key != 0 && w->edges[i].key != key)
        i = (i + 1) & w->edge_mask;
    return &w->edges[i];
}

/* 0, the root, to which no edge leads: none. */
static uint32_t follow(const struct automod_words *w, uint32_t from, uint32_t c)
{
    const struct edge *e = edge_slot(w, edge_key(from, c));
    return e->key == 0 ? ROOT : e->to;
}

static uint32_t follow_or_add(struct automod_words *w, uint32_t from, uint32_t c)
{
    struct edge *e = edge_slot(w, edge_key(from, c));
    if (e->key == 0) {
        e->key = edge_key(from, c);
        e->to = (uint32_t)w->state_count++;
    }
    return e->to;
}

/* Cuts the stars off. */
static struct slice strip(struct slice s, bool *open_left, bool *open_right)
{
    s = slice_trim(s);
    *open_left = s.len > 0 && s.data[0] == '*';
    if (*open_left)
        s = (struct slice){s.data + 1, s.len - 1};
    *open_right = s.len > 0 && s.data[s.len - 1] == '*';
    if (*open_right)
        s.len--;
    return slice_trim(s);
}

bool automod_keyword_valid(struct slice keyword)
{
    bool left, right;
    return automod_visible(strip(keyword, &left, &right));
}

static void add_word(struct automod_words *w, struct slice text, bool allowed,
                     struct arena *scratch)
{
    struct automod_word *word = &w->words[w->word_count];
    *word = (struct automod_word){.text = text, .allowed = allowed};
    struct automod_text *folded =
        automod_text_new(strip(text, &word->open_left, &word->open_right), scratch);
    if (folded == NULL || folded->len == 0 || folded->len > WORD_CHARACTERS_MAX)
        return;
    uint32_t at = ROOT;
    for (size_t i = 0; i < folded->len; i++)
        at = follow_or_add(w, at, folded->folded[i]);
    word->len = (uint32_t)folded->len;
    word->next = w->states[at].word;
    w->states[at].word = (uint32_t)++w->word_count;
}

/* Links of a state whose parent's are known. */
static void link_state(struct automod_words *w, uint32_t parent, uint32_t c, uint32_t child)
{
    struct state *s = &w->states[child];
    uint32_t at = parent;
    while (at != ROOT && s->fail == ROOT) {
        at = w->states[at].fail;
        s->fail = follow(w, at, c);
    }
    s->hit = s->word != 0 ? child : w->states[s->fail].hit;
}

/* The states by depth, so that a suffix is linked before what is longer. A child is numbered after
 * its parent, hence one pass finds all depths. */
static void sort_by_depth(const struct automod_words *w, const struct edge *into, uint32_t *depth,
                          uint32_t *order)
{
    uint32_t begin[WORD_CHARACTERS_MAX + 2] = {0};
    for (uint32_t s = 1; s < w->state_count; s++) {
        depth[s] = depth[into[s].key >> 32] + 1;
        begin[depth[s] + 1]++;
    }
    for (size_t d = 1; d < sizeof begin / sizeof *begin; d++)
        begin[d] += begin[d - 1];
    for (uint32_t s = 1; s < w->state_count; s++)
        order[begin[depth[s]]++] = s;
}

static bool link_states(struct automod_words *w)
{
    struct edge *into = mem_array(MEM_CORE, w->state_count, sizeof *into);
    uint32_t *depth = mem_array(MEM_CORE, w->state_count, sizeof *depth);
    uint32_t *order = mem_array(MEM_CORE, w->state_count, sizeof *order);
    bool fits = into != NULL && depth != NULL && order != NULL;
    for (size_t i = 0; fits && i <= w->edge_mask; i++)
        if (w->edges[i].key != 0)
            into[w->edges[i].to] = w->edges[i];
    if (fits)
        sort_by_depth(w, into, depth, order);
    for (size_t i = 0; fits && i + 1 < w->state_count; i++) {
        const struct edge *e = &into[order[i]];
        link_state(w, (uint32_t)(e->key >> 32), (uint32_t)e->key - 1, order[i]);
    }
    mem_free(MEM_CORE, into);
    mem_free(MEM_CORE, depth);
    mem_free(MEM_CORE, order);
    return fits;
}

/* Room for every character of every word: the most states there can be. */
static bool reserve(struct automod_words *w, size_t words, size_t characters)
{
    size_t slots = 16;
    while (slots < characters * 2)
        slots *= 2;
    w->words = mem_array(MEM_CORE, words + 1, sizeof *w->words);
    w->states = mem_array(MEM_CORE, characters + 1, sizeof *w->states);
    w->edges = mem_array(MEM_CORE, slots, sizeof *w->edges);
    w->edge_mask = slots - 1;
    w->state_count = 1;
    w->bytes = words * sizeof *w->words + characters * sizeof *w->states + slots * sizeof *w->edges;
    return w->words != NULL && w->states != NULL && w->edges != NULL;
}

static size_t characters_of(const struct slice *list, size_t count)
{
    size_t characters = 0;
    for (size_t i = 0; i < count; i++)
        characters += automod_text_characters(list[i]);
    return characters;
}

static size_t bytes_of(const struct slice *list, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += list[i].len;
    return bytes;
}

/* Copies the texts behind one another and adds them. */
static void add_all(struct automod_words *w, char **at, const struct slice *list, size_t count,
                    bool allowed, struct arena *scratch)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].len > 0)
            memcpy(*at, list[i].data, list[i].len);
        arena_reset(scratch);
        add_word(w, slice_of(*at, list[i].len), allowed, scratch);
        *at += list[i].len;
    }
}

enum err automod_words_new(const struct slice *keywords, size_t keyword_count,
                           const struct slice *allowed, size_t allowed_count,
                           struct automod_words **out)
{
    size_t texts = bytes_of(keywords, keyword_count) + bytes_of(allowed, allowed_count);
    struct automod_words *w = mem_zalloc(MEM_CORE, sizeof *w);
    struct arena scratch;
    arena_init(&scratch, MEM_CORE, SCRATCH_BYTES);
    size_t characters =
        characters_of(keywords, keyword_count) + characters_of(allowed, allowed_count);
    bool fits = w != NULL && reserve(w, keyword_count + allowed_count, characters) &&
                (w->texts = mem_alloc(MEM_CORE, texts + 1)) != NULL;
    if (fits) {
        char *at = w->texts;
        add_all(w, &at, keywords, keyword_count, false, &scratch);
        add_all(w, &at, allowed, allowed_count, true, &scratch);
        w->bytes += texts;
        fits = link_states(w);
    }
    arena_deinit(&scratch);
    if (!fits) {
        automod_words_free(&w);
        return ERR_NO_MEMORY;
    }
    *out = w;
    return ERR_OK;
}

void automod_words_free(struct automod_words **w)
{
    if (*w == NULL)
        return;
    mem_free(MEM_CORE, (*w)->words);
    mem_free(MEM_CORE, (*w)->states);
    mem_free(MEM_CORE, (*w)->edges);
    mem_free(MEM_CORE, (*w)->texts);
    mem_free(MEM_CORE, *w);
    *w = NULL;
}

size_t automod_words_bytes(const struct automod_words *w)
{
    return sizeof *w + w->bytes;
}

/* Whether a word begins or ends at index i of the text. */
static bool at_boundary(const struct automod_text *text, size_t i)
{
    return i == 0 || i == text->len || !automod_word_character(text->folded[i - 1]) ||
           !automod_word_character(text->folded[i]);
}

static bool stands(const struct automod_word *word, const struct automod_text *text, size_t begin,
                   size_t end)
{
    return (word->open_left || at_boundary(text, begin)) &&
           (word->open_right || at_boundary(text, end));
}

static uint32_t advance(const struct automod_words *w, uint32_t state, uint32_t c)
{
    uint32_t to = follow(w, state, c);
    while (to == ROOT && state != ROOT) {
        state = w->states[state].fail;
        to = follow(w, state, c);
    }
    return to;
}

void automod_words_each(const struct automod_words *w, const struct automod_text *text,
                        bool (*fn)(void *ctx, const struct automod_word *word, size_t begin,
                                   size_t end),
                        void *ctx)
{
    uint32_t state = ROOT;
    for (size_t i = 0; i < text->len; i++) {
        state = advance(w, state, text->folded[i]);
        for (uint32_t s = w->states[state].hit; s != 0; s = w->states[w->states[s].fail].hit) {
            for (uint32_t n = w->states[s].word; n != 0; n = w->words[n - 1].next) {
                const struct automod_word *word = &w->words[n - 1];
                size_t begin = i + 1 - word->len;
                if (stands(word, text, begin, i + 1) && !fn(ctx, word, begin, i + 1))
                    return;
            }
        }
    }
}
