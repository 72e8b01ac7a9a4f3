/*
 * Every refusal of a value is phrased here, once, so that a mistake reads the same whether it was
 * made in the file, in the environment or on the command line.
 */

#include "main/config_table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "main/listen.h"

static const struct config_row BUILTIN[] = {
#define X(section, key, type, fallback, min, max, choices, unit, flags, help)                      \
    {#section, #key, CONFIG_TYPE_##type,  fallback, min, max,                                      \
     choices,  unit, CONFIG_FLAG_##flags, help},
#include "main/config.def"
#undef X
};

struct config_table config_table_builtin(void)
{
    return (struct config_table){BUILTIN, sizeof BUILTIN / sizeof BUILTIN[0]};
}

size_t config_table_find(struct config_table table, struct slice section, struct slice key)
{
    size_t i = 0;

    while (i < table.count && !(slice_eq_cstr(section, table.rows[i].section) &&
                                slice_eq_cstr(key, table.rows[i].key)))
        i++;
    return i;
}

bool config_table_has_section(struct config_table table, struct slice section)
{
    for (size_t i = 0; i < table.count; i++) {
        if (slice_eq_cstr(section, table.rows[i].section))
            return true;
    }
    return false;
}

void config_row_name(const struct config_row *row, char out[CONFIG_NAME_MAX])
{
    (void)snprintf(out, CONFIG_NAME_MAX, "%s.%s", row->section, row->key);
}

void config_row_variable(const struct config_row *row, char out[CONFIG_NAME_MAX])
{
    (void)snprintf(out, CONFIG_NAME_MAX, "GUILDHALL_%s_%s", row->section, row->key);
    for (char *c = out; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
}

/* "a|b|c" becomes "a, b or c". */
static void phrase_choices(const char *choices, char out[CONFIG_PROBLEM_MAX])
{
    struct slice rest = slice_from(choices);
    struct slice part;
    size_t used = 0;

    out[0] = '\0';
    while (slice_next(&rest, '|', &part) && used < CONFIG_PROBLEM_MAX) {
        const char *join = used == 0 ? "" : rest.len == 0 ? " or " : ", ";
        int n = snprintf(out + used, CONFIG_PROBLEM_MAX - used, "%s%.*s", join, SLICE_ARG(part));
        used += (size_t)n;
    }
}

static void phrase_text(const struct config_row *row, const char *what,
                        char out[CONFIG_PROBLEM_MAX])
{
    (void)snprintf(out, CONFIG_PROBLEM_MAX, "%s%s, at most %llu bytes", what,
                   row->min == 0 ? ", or nothing" : "", (unsigned long long)row->max);
}

void config_row_allowed(const struct config_row *row, char out[CONFIG_PROBLEM_MAX])
{
    switch (row->type) {
    case CONFIG_TYPE_BOOL:
        (void)snprintf(out, CONFIG_PROBLEM_MAX, "true or false");
        break;
    case CONFIG_TYPE_U64:
        (void)snprintf(out, CONFIG_PROBLEM_MAX, "%llu to %llu%s%s", (unsigned long long)row->min,
                       (unsigned long long)row->max, row->unit[0] == '\0' ? "" : " ", row->unit);
        break;
    case CONFIG_TYPE_ENUM:
        phrase_choices(row->choices, out);
        break;
    case CONFIG_TYPE_ADDRESS:
        phrase_text(row, "host:port, with an IPv6 host in brackets", out);
        break;
    case CONFIG_TYPE_URL:
        phrase_text(row, "http://host or https://host, without a slash at the end", out);
        break;
    case CONFIG_TYPE_STR:
        phrase_text(row, row->unit[0] == '\0' ? "text" : row->unit, out);
        break;
    }
}

static bool refuse(char problem[CONFIG_PROBLEM_MAX], const char *why)
{
    (void)snprintf(problem, CONFIG_PROBLEM_MAX, "%s", why);
    return false;
}

static bool parse_bool(struct slice text, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } WORDS[] = {{"true", true},   {"on", true},   {"yes", true}, {"1", true},
                 {"false", false}, {"off", false}, {"no", false}, {"0", false}};

    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (slice_eq_cstr(text, WORDS[i].word)) {
            *out = WORDS[i].value;
            return true;
        }
    }
    return false;
}

static bool is_choice(const char *choices, struct slice text)
{
    struct slice rest = slice_from(choices);
    struct slice part;

    while (slice_next(&rest, '|', &part)) {
        if (slice_eq(part, text))
            return true;
    }
    return false;
}

/* The name itself is resolved only when it is listened on. */
static bool is_address(struct slice text)
{
    struct listen_address address;

    return listen_parse(text, &address) && slice_find(text, ' ') == text.len;
}

static bool is_url(struct slice text)
{
    size_t scheme = slice_starts_with(text, SLICE("http://"))    ? 7
                    : slice_starts_with(text, SLICE("https://")) ? 8
                                                                 : 0;

    return scheme > 0 && text.len > scheme && text.data[scheme] != '/' &&
           text.data[text.len - 1] != '/' && slice_find(text, ' ') == text.len;
}

static bool check_text(const struct config_row *row, struct slice text,
                       char problem[CONFIG_PROBLEM_MAX])
{
    if (text.len < row->min)
        return refuse(problem, text.len == 0 ? "is empty" : "is too short");
    if (text.len > row->max)
        return refuse(problem, "is too long");
    for (size_t i = 0; i < text.len; i++) {
        if (iscntrl((unsigned char)text.data[i]))
            return refuse(problem, "has a control character");
    }
    if (text.len > 0 && row->type == CONFIG_TYPE_ADDRESS && !is_address(text))
        return refuse(problem, "is not an address");
    if (text.len > 0 && row->type == CONFIG_TYPE_URL && !is_url(text))
        return refuse(problem, "is not such a URL");
    return true;
}

bool config_row_parse(const struct config_row *row, const char *text, union config_value *out,
                      char problem[CONFIG_PROBLEM_MAX])
{
    struct slice s = slice_from(text);
    uint64_t number;

    switch (row->type) {
    case CONFIG_TYPE_BOOL:
        return parse_bool(s, &out->boolean) || refuse(problem, "is not a truth value");
    case CONFIG_TYPE_U64:
        if (!slice_to_u64(s, &number))
            return refuse(problem, "is not a whole number");
        if (number < row->min || number > row->max)
            return refuse(problem, "is out of range");
        out->u64 = number;
        return true;
    case CONFIG_TYPE_ENUM:
        if (!is_choice(row->choices, s))
            return refuse(problem, "is not one of the choices");
        break;
    case CONFIG_TYPE_STR:
    case CONFIG_TYPE_ADDRESS:
    case CONFIG_TYPE_URL:
        if (!check_text(row, s, problem))
            return false;
        break;
    }
    out->str = text;
    return true;
}
