/* Brackets mean optional, a name in front of which stand two dashes is an option, and what follows
 * it before the bracket closes, or before the next item, is its value. */

#include "ops/ops_usage.h"

static bool takes_value(struct slice rest, bool bracketed, bool closed)
{
    if (bracketed)
        return !closed;
    return rest.len > 0 && rest.data[0] != '[' && rest.data[0] != '-';
}

bool ops_usage_next(struct slice *rest, struct ops_usage_item *out)
{
    struct slice token;
    if (!slice_next(rest, ' ', &token) || token.len == 0)
        return false;
    bool bracketed = token.data[0] == '[';
    if (bracketed)
        token = slice_of(token.data + 1, token.len - 1);
    bool closed = token.len > 0 && token.data[token.len - 1] == ']';
    if (closed)
        token.len--;
    *out = (struct ops_usage_item){.name = token, .required = !bracketed};
    out->is_option = slice_starts_with(token, SLICE("--"));
    if (!out->is_option)
        return true;
    out->name = slice_of(token.data + 2, token.len - 2);
    out->has_value = takes_value(*rest, bracketed, closed);
    struct slice value;
    return !out->has_value || slice_next(rest, ' ', &value);
}

bool ops_usage_option(const char *usage, struct slice name, struct ops_usage_item *out)
{
    struct slice rest = slice_from(usage);
    struct ops_usage_item item;
    while (ops_usage_next(&rest, &item)) {
        if (item.is_option && slice_eq(item.name, name)) {
            *out = item;
            return true;
        }
    }
    return false;
}

void ops_usage_words(const char *usage, size_t *most, size_t *least)
{
    struct slice rest = slice_from(usage);
    struct ops_usage_item item;
    *most = *least = 0;
    while (ops_usage_next(&rest, &item)) {
        *most += !item.is_option;
        *least += !item.is_option && item.required;
    }
}
