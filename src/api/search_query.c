/*
 * Parameters of a search. A table says what each is; the string is walked through once, so that
 * the work is bounded by its length whatever it repeats. Names that are not in the table are passed
 * over, as everywhere; what is in it is checked, and never taken for absent.
 */

#include "api/search_query.h"

#include <string.h>

#include "proto/message_words.h"
#include "wire/utf8.h"

enum { VALUES_MAX = 100, CHANNELS_MAX = 500, PATH_MAX_BYTES = 64 };

enum kind {
    KIND_ID,     /* of a filter */
    KIND_CHOICE, /* of a filter: one of some, "-" before it negates */
    KIND_TEXT,   /* of a filter, compared as a whole */
    KIND_FLAG,   /* of a filter: there or not */
    KIND_CHANNEL,
    KIND_CONTENT,
    KIND_SORT_BY,
    KIND_SORT_ORDER,
    KIND_ABOVE,
    KIND_BELOW,
    KIND_LIMIT,
    KIND_OFFSET,
    KIND_NSFW
};

static const char *const author_types[] = {"user", "bot", "webhook", NULL};
static const char *const has_kinds[] = {"link",  "embed",   "file", "image",    "video",
                                        "sound", "sticker", "poll", "snapshot", NULL};
static const char *const embed_types[] = {"image", "video", "gif", "sound", "article", NULL};

static const struct parameter {
    const char *name;
    enum kind kind;
    char term;
    bool negatable; /* CHOICE */
    const char *const *choices;
    size_t max; /* values, or code points of a text */
} parameters[] = {
    {"content", KIND_CONTENT, 0, false, NULL, 1024},
    {"author_id", KIND_ID, TERM_AUTHOR, false, NULL, VALUES_MAX},
    {"author_type", KIND_CHOICE, TERM_TYPE, true, author_types, 6},
    {"mentions", KIND_ID, TERM_USER, false, NULL, VALUES_MAX},
    {"mentions_role_id", KIND_ID, TERM_ROLE, false, NULL, VALUES_MAX},
    {"mention_everyone", KIND_FLAG, TERM_EVERYONE, false, NULL, 1},
    {"replied_to_user_id", KIND_ID, TERM_REPLIED, false, NULL, VALUES_MAX},
    {"replied_to_message_id", KIND_ID, TERM_REPLY, false, NULL, VALUES_MAX},
    {"has", KIND_CHOICE, TERM_HAS, true, has_kinds, 18},
    {"link_hostname", KIND_TEXT, TERM_HOST, false, NULL, 256},
    {"embed_provider", KIND_TEXT, TERM_PROVIDER, false, NULL, 256},
    {"embed_type", KIND_CHOICE, TERM_EMBED, false, embed_types, 5},
    {"attachment_extension", KIND_TEXT, TERM_EXTENSION, false, NULL, 256},
    {"attachment_filename", KIND_TEXT, TERM_FILE, false, NULL, 1024},
    {"pinned", KIND_FLAG, TERM_PINNED, false, NULL, 1},
    {"channel_id", KIND_CHANNEL, 0, false, NULL, CHANNELS_MAX},
    {"min_id", KIND_ABOVE, 0, false, NULL, 1},
    {"after", KIND_ABOVE, 0, false, NULL, 1},
    {"max_id", KIND_BELOW, 0, false, NULL, 1},
    {"before", KIND_BELOW, 0, false, NULL, 1},
    {"sort_by", KIND_SORT_BY, 0, false, NULL, 1},
    {"sort_order", KIND_SORT_ORDER, 0, false, NULL, 1},
    {"limit", KIND_LIMIT, 0, false, NULL, LIMIT_SEARCH_PAGE},
    {"offset", KIND_OFFSET, 0, false, NULL, LIMIT_SEARCH_OFFSET},
    {"include_nsfw", KIND_NSFW, 0, false, NULL, 1},
};
enum { PARAMETERS = sizeof parameters / sizeof parameters[0] };

struct reading {
    struct request *r;
    struct search_ask *ask;
    uint64_t *channels;
    unsigned values[PARAMETERS]; /* of each, so far */
    bool relevance;
    bool oldest;
    bool full; /* memory was short */
};

/* ---- errors ---- */

static void refuse(struct reading *x, const struct parameter *p, const char *code,
                   const char *message)
{
    request_form_error(x->r, p->name, code, message);
}

static void refuse_id(struct reading *x, const struct parameter *p)
{
    refuse(x, p, "NUMBER_TYPE_COERCE", "Value is not snowflake.");
}

static void refuse_choice(struct reading *x, const struct parameter *p)
{
    refuse(x, p, "BASE_TYPE_CHOICES", "Value must be one of those that the documentation names.");
}

/* ---- filters ---- */

/* The filter of that term that takes further values, begun if there is none. NULL: no memory. */
static struct search_filter *filter_of(struct reading *x, const struct parameter *p, bool negated)
{
    struct search_ask *ask = x->ask;
    size_t item = p->kind == KIND_ID ? sizeof(uint64_t) : sizeof(struct slice);
    for (size_t i = 0; i < ask->filter_count; i++)
        if (ask->filters[i].term == p->term && ask->filters[i].negated == negated &&
            !(p->kind == KIND_CHOICE && p->term == TERM_HAS && !negated))
            return &ask->filters[i];
    void *values = arena_array(&x->r->arena, VALUES_MAX, item);
    if (values == NULL || ask->filter_count == SEARCH_FILTERS_MAX) {
        x->full = true;
        return NULL;
    }
    struct search_filter *f = &ask->filters[ask->filter_count++];
    *f = (struct search_filter){.term = p->term, .negated = negated};
    f->ids = p->kind == KIND_ID ? values : NULL;
    f->text = p->kind == KIND_ID ? NULL : values;
    f->is_name = p->kind == KIND_CHOICE || p->kind == KIND_FLAG;
    return f;
}

static void add_text(struct reading *x, const struct parameter *p, bool negated, struct slice text)
{
    struct search_filter *f = filter_of(x, p, negated);
    if (f != NULL)
        ((struct slice *)(uintptr_t)f->text)[f->count++] = text;
}

static void take_id(struct reading *x, const struct parameter *p, struct slice value)
{
    uint64_t id;
    struct search_filter *f = filter_of(x, p, false);
    if (!slice_to_u64(value, &id))
        refuse_id(x, p);
    else if (f != NULL)
        ((uint64_t *)(uintptr_t)f->ids)[f->count++] = id;
}

static void take_choice(struct reading *x, const struct parameter *p, struct slice value)
{
    bool negated = p->negatable && value.len > 0 && value.data[0] == '-';
    struct slice name = negated ? slice_of(value.data + 1, value.len - 1) : value;
    for (const char *const *c = p->choices; *c != NULL; c++) {
        if (slice_eq_cstr(name, *c)) {
            add_text(x, p, negated, slice_from(*c));
            return;
        }
    }
    refuse_choice(x, p);
}

static bool read_flag(struct reading *x, const struct parameter *p, struct slice value, bool *out)
{
    bool yes = slice_eq_nocase(value, SLICE("true")) || slice_eq(value, SLICE("1"));
    bool no = slice_eq_nocase(value, SLICE("false")) || slice_eq(value, SLICE("0"));
    if (!yes && !no)
        refuse(x, p, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
    *out = yes;
    return yes || no;
}

static void take_flag(struct reading *x, const struct parameter *p, struct slice value)
{
    bool on;
    if (read_flag(x, p, value, &on))
        add_text(x, p, !on, SLICE("1"));
}

/* Extensions are asked for with and without the point. */
static void take_text(struct reading *x, const struct parameter *p, struct slice value)
{
    if (p->term == TERM_EXTENSION && value.len > 0 && value.data[0] == '.')
        value = slice_of(value.data + 1, value.len - 1);
    if (value.len == 0 || utf8_count(value) > p->max)
        refuse(x, p, "BASE_TYPE_BAD_LENGTH", "The value is empty or too long.");
    else
        add_text(x, p, false, value);
}

/* ---- the rest ---- */

static void take_content(struct reading *x, const struct parameter *p, struct slice value)
{
    if (utf8_count(value) > p->max)
        refuse(x, p, "BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer in length.");
    else if (utf8_trim(value).len > 0)
        x->ask->content = value;
}

static void take_channel(struct reading *x, const struct parameter *p, struct slice value)
{
    uint64_t id;
    if (!slice_to_u64(value, &id)) {
        refuse_id(x, p);
        return;
    }
    if (x->channels == NULL)
        x->channels = arena_array(&x->r->arena, CHANNELS_MAX, sizeof *x->channels);
    x->full |= x->channels == NULL;
    if (x->channels != NULL)
        x->channels[x->ask->channel_count++] = id;
    x->ask->channels = x->channels;
}

static void take_bound(struct reading *x, const struct parameter *p, struct slice value)
{
    uint64_t id;
    if (!slice_to_u64(value, &id))
        refuse_id(x, p);
    else if (p->kind == KIND_ABOVE)
        x->ask->above = id;
    else
        x->ask->below = id == 0 ? 1 : id; /* nothing is below the first */
}

static void take_number(struct reading *x, const struct parameter *p, struct slice value)
{
    uint64_t n;
    uint64_t least = p->kind == KIND_LIMIT ? 1 : 0;
    if (!slice_to_u64(value, &n))
        refuse(x, p, "NUMBER_TYPE_COERCE", "Value is not int.");
    else if (n < least)
        refuse(x, p, "NUMBER_TYPE_MIN", "int value should be greater than or equal to 1.");
    else if (n > p->max)
        refuse(x, p, "NUMBER_TYPE_MAX", "int value is too large.");
    else if (p->kind == KIND_LIMIT)
        x->ask->limit = (unsigned)n;
    else
        x->ask->offset = (unsigned)n;
}

static void take_sort(struct reading *x, const struct parameter *p, struct slice value)
{
    bool by = p->kind == KIND_SORT_BY;
    bool second = slice_eq_cstr(value, by ? "relevance" : "asc");
    if (!second && !slice_eq_cstr(value, by ? "timestamp" : "desc"))
        refuse_choice(x, p);
    else if (by)
        x->relevance = second;
    else
        x->oldest = second;
}

static void take(struct reading *x, const struct parameter *p, struct slice value)
{
    switch (p->kind) {
    case KIND_ID:
        take_id(x, p, value);
        break;
    case KIND_CHOICE:
        take_choice(x, p, value);
        break;
    case KIND_TEXT:
        take_text(x, p, value);
        break;
    case KIND_FLAG:
        take_flag(x, p, value);
        break;
    case KIND_CHANNEL:
        take_channel(x, p, value);
        break;
    case KIND_CONTENT:
        take_content(x, p, value);
        break;
    case KIND_SORT_BY:
    case KIND_SORT_ORDER:
        take_sort(x, p, value);
        break;
    case KIND_ABOVE:
    case KIND_BELOW:
        take_bound(x, p, value);
        break;
    case KIND_LIMIT:
    case KIND_OFFSET:
        take_number(x, p, value);
        break;
    case KIND_NSFW:
        (void)read_flag(x, p, value, &x->ask->nsfw);
        break;
    }
}

/* ---- the string ---- */

/* "has", and "has[0]" or "has[]" as some libraries write lists. -1: not ours. */
static int parameter_of(struct slice name)
{
    size_t end = slice_find(name, '[');
    struct slice plain = slice_of(name.data, end);
    for (int i = 0; i < PARAMETERS; i++)
        if (slice_eq_cstr(plain, parameters[i].name))
            return i;
    return -1;
}

static bool takes_many(const struct parameter *p)
{
    return p->kind == KIND_ID || p->kind == KIND_CHOICE || p->kind == KIND_TEXT ||
           p->kind == KIND_CHANNEL;
}

static size_t most_values(const struct parameter *p)
{
    if (!takes_many(p))
        return 1;
    return p->kind == KIND_TEXT ? VALUES_MAX : p->max;
}

/* '+' is a space; data NULL: it cannot be read. */
static struct slice decoded(struct reading *x, struct slice raw)
{
    size_t len = 0;
    char *plain = arena_alloc(&x->r->arena, raw.len + 1);
    char *spaced = arena_alloc(&x->r->arena, raw.len + 1);
    x->full |= plain == NULL || spaced == NULL;
    if (plain == NULL || spaced == NULL)
        return slice_of(NULL, 0);
    for (size_t i = 0; i < raw.len; i++)
        spaced[i] = raw.data[i] == '+' ? ' ' : raw.data[i];
    if (!http_percent_decode(slice_of(spaced, raw.len), plain, raw.len + 1, &len))
        return slice_of(NULL, 0);
    struct slice text = slice_of(plain, len);
    return utf8_valid(text) && slice_find(text, '\0') == len ? text : slice_of(NULL, 0);
}

static void take_pair(struct reading *x, struct slice pair)
{
    size_t eq = slice_find(pair, '=');
    struct slice name = decoded(x, slice_of(pair.data, eq));
    int i = name.data == NULL ? -1 : parameter_of(name);
    if (i < 0)
        return;
    const struct parameter *p = &parameters[i];
    size_t from = eq < pair.len ? eq + 1 : eq;
    struct slice value = decoded(x, slice_of(pair.data + from, pair.len - from));
    if (++x->values[i] > most_values(p)) {
        if (takes_many(p))
            refuse(x, p, "BASE_TYPE_BAD_LENGTH", "There are too many of them.");
        return; /* of a single one the first counts */
    }
    if (value.data == NULL)
        refuse(x, p, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
    else
        take(x, p, value);
}

/* A search for everything is no search. */
static bool asks_nothing(const struct search_ask *ask)
{
    return ask->content.data == NULL && ask->filter_count == 0 && ask->channels == NULL &&
           ask->above == 0 && ask->below == 0;
}

enum err search_query_read(struct request *r, struct search_ask *out)
{
    struct reading x = {.r = r, .ask = out};
    struct slice rest = r->x->request->query;
    struct slice pair;
    *out = (struct search_ask){.limit = LIMIT_SEARCH_PAGE};
    while (slice_next(&rest, '&', &pair))
        take_pair(&x, pair);
    out->order = x.relevance ? SEARCH_SHORTEST : x.oldest ? SEARCH_OLDEST : SEARCH_NEWEST;
    if (x.full)
        return ERR_NO_MEMORY;
    enum err e = request_form_ok(r);
    if (e == ERR_OK && asks_nothing(out))
        request_form_error(r, "content", "BASE_TYPE_REQUIRED",
                           "Say what to search for: a text, or a filter.");
    return request_form_ok(r);
}
