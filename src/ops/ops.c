/*
 * The table of the operator's commands, and what all of them share: arguments taken apart and
 * checked by the row's usage text, so that no command has an option that its help does not name.
 */

#include "ops/ops.h"
#include "ops/ops_commands.h"
#include "ops/ops_usage.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

const struct ops_command ops_commands[] = {
#define X(word, second, fn, place, usage, help)                                                    \
    {#word, sizeof(second) > 1 ? second : NULL, fn, OPS_PLACE_##place, usage, help},
#include "ops/commands.def"
#undef X
};
const size_t ops_command_count = sizeof ops_commands / sizeof ops_commands[0];

const struct ops_command *ops_find(const char *word, const char *second)
{
    for (size_t i = 0; i < ops_command_count; i++) {
        const struct ops_command *c = &ops_commands[i];
        if (strcmp(c->word, word) != 0)
            continue;
        if (c->second == NULL || (second != NULL && strcmp(c->second, second) == 0))
            return c;
    }
    return NULL;
}

void ops_printf(const struct ops_io *io, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len <= 0)
        return;
    bool cut = (size_t)len >= sizeof line;
    io->write(io->ctx, line, cut ? sizeof line - 1 : (size_t)len);
    if (cut)
        io->write(io->ctx, "\n", 1);
}

/* ---- what was asked ---- */

const char *ops_option(const struct ops_args *a, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < a->option_count; i++) {
        if (strcmp(a->options[i].name, name) == 0)
            found = a->options[i].value;
    }
    return found;
}

bool ops_option_u64(const struct ops_args *a, const char *name, uint64_t fallback,
                    const struct ops_io *io, uint64_t *out)
{
    const char *text = ops_option(a, name);
    uint64_t number = fallback;
    if (text != NULL && !slice_to_u64(slice_from(text), &number)) {
        ops_printf(io, "--%s must be a whole number.\n", name);
        return false;
    }
    *out = number;
    return true;
}

bool ops_path(const struct ops_args *a, const char *word, char out[OPS_PATH_MAX],
              const struct ops_io *io)
{
    char here[OPS_PATH_MAX];
    const char *cwd = a->cwd != NULL ? a->cwd : getcwd(here, sizeof here);
    bool absolute = word[0] == '/';
    int len = -1;
    /* Not so when the folder was deleted, or lies out of sight. */
    if (absolute || (cwd != NULL && cwd[0] == '/'))
        len = snprintf(out, OPS_PATH_MAX, "%s%s%s", absolute ? "" : cwd, absolute ? "" : "/", word);
    if (len > 0 && len < OPS_PATH_MAX && word[0] != '\0')
        return true;
    ops_printf(io, "The path %.100s cannot be used.\n", word);
    return false;
}

static struct slice option_name(const char *argument)
{
    struct slice name = slice_from(argument + 2);
    name.len = slice_find(name, '=');
    return name;
}

static bool is_option(const char *argument)
{
    return strncmp(argument, "--", 2) == 0 && argument[2] != '\0';
}

bool ops_takes_next(const struct ops_command *c, const char *argument)
{
    struct ops_usage_item item;
    return is_option(argument) && strchr(argument, '=') == NULL &&
           ops_usage_option(c->usage, option_name(argument), &item) && item.has_value;
}

static bool parse_option(const struct ops_command *c, const char *argument, const char *next,
                         struct ops_parsed *out, char why[OPS_WHY_MAX])
{
    struct slice name = option_name(argument);
    size_t n = out->args.option_count;
    if (n == OPS_OPTIONS_MAX || name.len >= sizeof out->names[0]) {
        snprintf(why, OPS_WHY_MAX, "there are too many options, or one has too long a name");
        return false;
    }
    const char *value = strchr(argument, '=');
    bool takes_next = ops_takes_next(c, argument);
    if (takes_next && (next == NULL || is_option(next))) {
        snprintf(why, OPS_WHY_MAX, "--%.*s needs a value", SLICE_ARG(name));
        return false;
    }
    snprintf(out->names[n], sizeof out->names[n], "%.*s", SLICE_ARG(name));
    out->options[n].name = out->names[n];
    out->options[n].value = value != NULL ? value + 1 : takes_next ? next : "";
    out->args.option_count++;
    return true;
}

bool ops_parse(const struct ops_command *c, size_t argc, const char *const *argv,
               struct ops_parsed *out, char why[OPS_WHY_MAX])
{
    out->args = (struct ops_args){.words = out->words, .options = out->options};
    for (size_t i = 0; i < argc; i++) {
        if (is_option(argv[i])) {
            const char *next = i + 1 < argc ? argv[i + 1] : NULL;
            if (!parse_option(c, argv[i], next, out, why))
                return false;
            i += ops_takes_next(c, argv[i]);
        } else if (out->args.word_count == OPS_WORDS_MAX) {
            snprintf(why, OPS_WHY_MAX, "\"%.100s\" is one word too many", argv[i]);
            return false;
        } else {
            out->words[out->args.word_count++] = argv[i];
        }
    }
    return true;
}

/* ---- running ---- */

static bool check_words(const struct ops_command *c, const struct ops_args *a,
                        char why[OPS_WHY_MAX])
{
    size_t most;
    size_t least;
    ops_usage_words(c->usage, &most, &least);
    if (a->word_count > most)
        snprintf(why, OPS_WHY_MAX, "\"%.100s\" is one word too many", a->words[most]);
    else if (a->word_count < least)
        snprintf(why, OPS_WHY_MAX, "something is missing");
    return a->word_count <= most && a->word_count >= least;
}

static bool check_options(const struct ops_command *c, const struct ops_args *a,
                          char why[OPS_WHY_MAX])
{
    struct ops_usage_item item;
    for (size_t i = 0; i < a->option_count; i++) {
        const struct ops_option *o = &a->options[i];
        bool known = ops_usage_option(c->usage, slice_from(o->name), &item);
        if (known && item.has_value == (o->value[0] != '\0'))
            continue;
        snprintf(why, OPS_WHY_MAX,
                 known ? item.has_value ? "--%.40s needs a value" : "--%.40s has no value"
                       : "there is no option --%.40s",
                 o->name);
        return false;
    }
    return true;
}

static bool check_required(const struct ops_command *c, const struct ops_args *a,
                           char why[OPS_WHY_MAX])
{
    struct slice rest = slice_from(c->usage);
    struct ops_usage_item item;
    while (ops_usage_next(&rest, &item)) {
        if (!item.is_option || !item.required)
            continue;
        char name[40];
        snprintf(name, sizeof name, "%.*s", SLICE_ARG(item.name));
        if (ops_option(a, name) == NULL) {
            snprintf(why, OPS_WHY_MAX, "--%s is missing", name);
            return false;
        }
    }
    return true;
}

bool ops_check(const struct ops_command *c, const struct ops_args *a, char why[OPS_WHY_MAX])
{
    return check_words(c, a, why) && check_options(c, a, why) && check_required(c, a, why);
}

void ops_say_usage(const struct ops_command *c, const struct ops_io *io, const char *why)
{
    ops_printf(io, "guildhall: %s\nusage: guildhall %s%s%s%s%s\n", why, c->word,
               c->second != NULL ? " " : "", c->second != NULL ? c->second : "",
               c->usage[0] != '\0' ? " " : "", c->usage);
}

enum ops_result ops_run(const struct ops_command *c, struct ops *o, const struct ops_args *a,
                        const struct ops_io *io)
{
    char why[OPS_WHY_MAX];
    if (!ops_check(c, a, why)) {
        ops_say_usage(c, io, why);
        return OPS_USAGE;
    }
    assert(c->place != OPS_PLACE_STORE || o->store != NULL);
    assert(c->place != OPS_PLACE_SERVER || o->inspect != NULL);
    return c->fn(o, a, io);
}
