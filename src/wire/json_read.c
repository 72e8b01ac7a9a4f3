/*
 * jansson parses by recursion, and only limits it at 2048 levels: a hostile body would choose how
 * much stack a worker needs. So nesting is counted first, in one pass that knows only strings and
 * brackets; whatever else is wrong with the text is left to the parser.
 */

#include "wire/json_read.h"

#include <assert.h>
#include <stdbool.h>

#include "base/mem.h"

/* jansson calls a string that it has no memory for a syntax error, and its allocator has no context
 * to remember that in; so each thread notes a failure here for the length of one json_read. */
static _Thread_local bool short_of_memory;

static void *allocate(size_t size)
{
    void *p = mem_alloc(MEM_JSON, size);
    if (!p)
        short_of_memory = true;
    return p;
}

static void release(void *p)
{
    mem_free(MEM_JSON, p);
}

void json_read_init(uint32_t seed)
{
    json_set_alloc_funcs(allocate, release);
    json_object_seed(seed ? seed : 1); /* 0 would let jansson choose, and read a file for it */
}

/* The index of the quote that closes the string whose first character is at i, or the end. */
static size_t string_end(struct slice s, size_t i)
{
    while (i < s.len && s.data[i] != '"')
        i += s.data[i] == '\\' ? 2 : 1;
    return i;
}

static bool within_depth(struct slice s, size_t depth_max)
{
    size_t depth = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (c == '"')
            i = string_end(s, i + 1);
        else if ((c == '{' || c == '[') && ++depth > depth_max)
            return false;
        else if ((c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return true;
}

enum err json_read(struct slice text, size_t depth_max, json_t **out)
{
    if (text.len == 0 || !within_depth(text, depth_max))
        return ERR_INVALID_JSON;
    short_of_memory = false;
    json_t *v = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (!v)
        return short_of_memory ? ERR_NO_MEMORY : ERR_INVALID_JSON;
    *out = v;
    return ERR_OK;
}

bool json_read_snowflake(const json_t *v, uint64_t *out)
{
    uint64_t id = 0;
    if (json_is_integer(v)) {
        json_int_t n = json_integer_value(v);
        id = n > 0 ? (uint64_t)n : 0;
    } else if (!json_is_string(v) || !slice_to_u64(json_read_str(v), &id)) {
        return false;
    }
    if (id == 0)
        return false;
    *out = id;
    return true;
}

struct slice json_read_str(const json_t *v)
{
    assert(json_is_string(v));
    return slice_of(json_string_value(v), json_string_length(v));
}
