/*
 * AutoMod's rules, compiled. An allowed phrase takes back what it covers: a keyword counts unless a
 * place of an allowed phrase contains it whole. For each beginning the furthest end of the allowed
 * phrases that begin there or before is therefore noted first, which makes that question one
 * comparison.
 */

#include "model/automod_priv.h"

#include "base/regex.h"

enum {
    RULES_BYTES_MAX = 8 * 1024 * 1024,
    /* Places of one pattern that allowed phrases may take back, and what looking for the next ones
     * may cost in all (regex_set_cost, some 10 ms); then it counts. Keeps patterns that match
     * everywhere from being asked a thousand times, and slow ones from being asked often. */
    COVERED_MAX = 64,
    COVERED_COST_MAX = 5 * 1000 * 1000,
    WHY_BYTES = 160
};

struct automod_matcher {
    struct automod_words *words;
    struct regex_set *patterns;
    size_t pattern_count;
    struct slice *pattern_texts;
    bool has_allowed;
    size_t bytes;
    struct arena arena;
};

unsigned automod_rules_max(enum automod_trigger trigger)
{
    switch (trigger) {
    case AUTOMOD_KEYWORD:
        return 6;
    case AUTOMOD_SPAM:
    case AUTOMOD_PRESET:
    case AUTOMOD_MENTIONS:
    case AUTOMOD_PROFILE:
        return 1;
    }
    return 0;
}

bool automod_action_fits(enum automod_trigger trigger, enum automod_action_kind kind)
{
    switch (kind) {
    case AUTOMOD_BLOCK:
        return trigger != AUTOMOD_PROFILE;
    case AUTOMOD_ALERT:
        return true;
    case AUTOMOD_TIMEOUT:
        return trigger == AUTOMOD_KEYWORD || trigger == AUTOMOD_MENTIONS;
    case AUTOMOD_QUARANTINE:
        return trigger == AUTOMOD_PROFILE;
    }
    return false;
}

/* --- one rule ----------------------------------------------------------------------------------
 */

static const struct {
    unsigned list;
    struct slice keyword;
} preset_words[] = {
#define X(number, text) {number, {text, sizeof(text) - 1}},
#include "model/automod_presets.def"
#undef X
};
enum { PRESET_WORDS = sizeof preset_words / sizeof *preset_words };

static size_t preset_keywords(uint32_t presets, struct slice out[PRESET_WORDS])
{
    size_t count = 0;
    for (size_t i = 0; i < PRESET_WORDS; i++)
        if (presets >> preset_words[i].list & 1)
            out[count++] = preset_words[i].keyword;
    return count;
}

static enum err make_patterns(struct automod_matcher *m, const struct automod_terms *terms)
{
    size_t bad;
    char why[WHY_BYTES];
    m->pattern_count = terms->pattern_count;
    if (terms->pattern_count == 0)
        return ERR_OK;
    m->pattern_texts = arena_array(&m->arena, terms->pattern_count, sizeof *m->pattern_texts);
    if (m->pattern_texts == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < terms->pattern_count; i++)
        if ((m->pattern_texts[i] = arena_dup(&m->arena, terms->patterns[i])).data == NULL)
            return ERR_NO_MEMORY;
    m->bytes += (terms->pattern_count + 1) * REGEX_BYTES_MAX;
    return regex_set_new(terms->patterns, terms->pattern_count, REGEX_CASELESS, &m->patterns, &bad,
                         why, sizeof why);
}

static enum err make_words(struct automod_matcher *m, const struct automod_terms *terms)
{
    struct slice preset[PRESET_WORDS];
    const struct slice *keywords = terms->keywords;
    size_t count = terms->keyword_count;
    if (terms->presets != 0) {
        keywords = preset;
        count = preset_keywords(terms->presets, preset);
    }
    enum err e =
        automod_words_new(keywords, count, terms->allowed, terms->allowed_count, &m->words);
    if (e == ERR_OK)
        m->bytes += automod_words_bytes(m->words);
    return e;
}

enum err automod_matcher_new(const struct automod_terms *terms, struct automod_matcher **out)
{
    struct automod_matcher *m = mem_zalloc(MEM_CORE, sizeof *m);
    if (m == NULL)
        return ERR_NO_MEMORY;
    arena_init(&m->arena, MEM_CORE, RULES_BYTES_MAX);
    m->has_allowed = terms->allowed_count > 0;
    m->bytes = sizeof *m;
    enum err e = make_words(m, terms);
    if (e == ERR_OK)
        e = make_patterns(m, terms);
    if (e != ERR_OK) {
        automod_matcher_free(&m);
        return e;
    }
    *out = m;
    return ERR_OK;
}

void automod_matcher_free(struct automod_matcher **m)
{
    if (*m == NULL)
        return;
    automod_words_free(&(*m)->words);
    regex_set_free(&(*m)->patterns);
    arena_deinit(&(*m)->arena);
    mem_free(MEM_CORE, *m);
    *m = NULL;
}

size_t automod_matcher_bytes(const struct automod_matcher *m)
{
    return m->bytes;
}

/* --- looking -----------------------------------------------------------------------------------
 */

struct search {
    const struct automod_text *text;
    uint32_t
        *reach;  /* by beginning: the furthest end of an allowed phrase; NULL: none are allowed */
    size_t cost; /* of asking again for patterns that were allowed in one place */
    bool found;
    struct automod_match match;
};

static bool on_allowed(void *ctx, const struct automod_word *word, size_t begin, size_t end)
{
    struct search *x = ctx;
    if (word->allowed && x->reach[begin] < end)
        x->reach[begin] = (uint32_t)end;
    return true;
}

static enum err find_allowed(struct search *x, const struct automod_matcher *m, struct arena *arena)
{
    if (!m->has_allowed)
        return ERR_OK;
    x->reach = arena_array(arena, x->text->len + 1, sizeof *x->reach);
    if (x->reach == NULL)
        return ERR_NO_MEMORY;
    automod_words_each(m->words, x->text, on_allowed, x);
    for (size_t i = 1; i <= x->text->len; i++)
        if (x->reach[i] < x->reach[i - 1])
            x->reach[i] = x->reach[i - 1];
    return ERR_OK;
}

static bool covered(const struct search *x, size_t begin, size_t end)
{
    return x->reach != NULL && x->reach[begin] >= end;
}

static bool on_word(void *ctx, const struct automod_word *word, size_t begin, size_t end)
{
    struct search *x = ctx;
    const struct automod_text *t = x->text;
    if (word->allowed || covered(x, begin, end))
        return true;
    x->found = true;
    x->match.keyword = word->text;
    x->match.content = slice_of(t->source.data + t->at[begin], t->at[end] - t->at[begin]);
    return false;
}

/* Where the search for a pattern goes on behind a place that was allowed. */
static size_t behind(struct slice source, struct regex_span at)
{
    size_t from = at.end > at.begin ? at.end : at.end + 1;
    while (from < source.len && ((unsigned char)source.data[from] & 0xc0) == 0x80)
        from++;
    return from;
}

/* An empty place is covered by what covers its surroundings. */
static bool find_pattern(struct search *x, const struct automod_matcher *m, size_t index)
{
    struct slice source = x->text->source;
    size_t cost = regex_set_cost(m->patterns, index);
    struct regex_span at = {0, 0};
    size_t from = 0;
    for (int n = 0; n < COVERED_MAX; n++) {
        if (n > 0 && from < source.len)
            x->cost += (source.len - from) * cost;
        if (x->cost > COVERED_COST_MAX)
            break;
        if (!regex_set_find(m->patterns, index, source, from, &at))
            return false;
        if (!covered(x, automod_text_index(x->text, at.begin), automod_text_index(x->text, at.end)))
            break;
        from = behind(source, at);
    }
    x->found = true;
    x->match.keyword = m->pattern_texts[index];
    x->match.content = slice_of(source.data + at.begin, at.end - at.begin);
    return true;
}

static void find_patterns(struct search *x, const struct automod_matcher *m)
{
    if (m->patterns == NULL || !regex_set_match(m->patterns, x->text->source))
        return;
    for (size_t i = 0; i < m->pattern_count; i++)
        if (find_pattern(x, m, i))
            return;
}

enum err automod_find(const struct automod_matcher *m, const struct automod_text *text,
                      struct arena *arena, bool *found, struct automod_match *out)
{
    struct search x = {.text = text};
    enum err e = find_allowed(&x, m, arena);
    if (e != ERR_OK)
        return e;
    automod_words_each(m->words, text, on_word, &x);
    if (!x.found)
        find_patterns(&x, m);
    *found = x.found;
    *out = x.match;
    return ERR_OK;
}

/* --- a guild's rules ---------------------------------------------------------------------------
 */

static bool copy_text(struct slice *s, struct arena *arena)
{
    if (s->data == NULL)
        return true;
    *s = arena_dup(arena, *s);
    return s->data != NULL;
}

static bool copy_texts(const struct slice **list, size_t count, struct arena *arena)
{
    if (count == 0)
        return true;
    struct slice *copy = arena_array(arena, count, sizeof *copy);
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        copy[i] = (*list)[i];
        if (!copy_text(&copy[i], arena))
            return false;
    }
    *list = copy;
    return true;
}

static bool copy_bytes(const void **list, size_t bytes, struct arena *arena)
{
    if (bytes == 0)
        return true;
    struct slice copy = arena_dup(arena, slice_of(*list, bytes));
    *list = copy.data;
    return copy.data != NULL;
}

static bool copy_exempt(struct automod_rule *r, struct arena *arena)
{
    const void *roles = r->exempt_roles;
    const void *channels = r->exempt_channels;
    bool fits = copy_bytes(&roles, r->exempt_role_count * sizeof *r->exempt_roles, arena) &&
                copy_bytes(&channels, r->exempt_channel_count * sizeof *r->exempt_channels, arena);
    r->exempt_roles = roles;
    r->exempt_channels = channels;
    return fits;
}

bool automod_rule_copy(const struct automod_rule *from, struct arena *arena,
                       struct automod_rule *out)
{
    struct automod_rule r = *from;
    bool fits = copy_text(&r.name, arena) && copy_exempt(&r, arena) &&
                copy_texts(&r.terms.keywords, r.terms.keyword_count, arena) &&
                copy_texts(&r.terms.patterns, r.terms.pattern_count, arena) &&
                copy_texts(&r.terms.allowed, r.terms.allowed_count, arena);
    for (size_t i = 0; fits && i < r.action_count; i++)
        fits = copy_text(&r.actions[i].custom_message, arena);
    if (fits)
        *out = r;
    return fits;
}

static void drop(struct snapshot *s)
{
    struct automod_rules *r = (struct automod_rules *)(void *)s;
    for (size_t i = 0; i < r->count; i++)
        automod_matcher_free(&r->matchers[i]);
    arena_deinit(&r->arena);
    mem_free(MEM_CORE, r);
}

static bool has_words(enum automod_trigger trigger)
{
    return trigger == AUTOMOD_KEYWORD || trigger == AUTOMOD_PRESET || trigger == AUTOMOD_PROFILE;
}

static enum err add_rule(struct automod_rules *r, const struct automod_rule *rule)
{
    if (!automod_rule_copy(rule, &r->arena, &r->rules[r->count]))
        return ERR_NO_MEMORY;
    size_t at = r->count++;
    if (!has_words(rule->trigger))
        return ERR_OK;
    enum err e = automod_matcher_new(&rule->terms, &r->matchers[at]);
    if (e == ERR_OK)
        r->bytes += automod_matcher_bytes(r->matchers[at]);
    return e;
}

enum err automod_rules_new(uint64_t position, const struct automod_rule *rules, size_t count,
                           struct automod_rules **out)
{
    struct automod_rules *r = mem_zalloc(MEM_CORE, sizeof *r);
    if (r == NULL)
        return ERR_NO_MEMORY;
    enum err e = ERR_OK;
    snapshot_init(&r->snapshot, drop);
    arena_init(&r->arena, MEM_CORE, RULES_BYTES_MAX);
    r->position = position;
    r->bytes = sizeof *r;
    for (size_t i = 0; i < count && r->count < AUTOMOD_RULES_MAX && e == ERR_OK; i++)
        if (rules[i].enabled)
            e = add_rule(r, &rules[i]);
    if (e != ERR_OK) {
        automod_rules_unref(&r);
        return e;
    }
    r->bytes += r->arena.used;
    *out = r;
    return ERR_OK;
}

void automod_rules_unref(struct automod_rules **r)
{
    if (*r != NULL)
        snapshot_unref(&(*r)->snapshot);
    *r = NULL;
}
