/*
 * Environment and flags. Both are strict: a misspelt name that was ignored would leave the operator
 * believing in a setting that is not there.
 */

#include <ctype.h>
#include <string.h>

#include "main/config_source.h"

static bool is_reserved(struct slice name)
{
    return slice_eq_cstr(name, "GUILDHALL_BIN") ||
           slice_starts_with(name, SLICE("GUILDHALL_TEST_")) ||
           slice_starts_with(name, SLICE("GUILDHALL_BENCH_"));
}

static size_t find_variable(struct config_table table, struct slice name)
{
    char variable[CONFIG_NAME_MAX];
    size_t i = 0;

    for (; i < table.count; i++) {
        config_row_variable(&table.rows[i], variable);
        if (slice_eq_cstr(name, variable))
            break;
    }
    return i;
}

/* The section that GUILDHALL_SECTION_... means, in small letters, written to out. */
static struct slice variable_section(struct slice name, char out[CONFIG_NAME_MAX])
{
    size_t skip = sizeof "GUILDHALL_" - 1;
    struct slice rest = slice_of(name.data + skip, name.len - skip);
    size_t len = slice_find(rest, '_');

    if (len >= CONFIG_NAME_MAX)
        len = CONFIG_NAME_MAX - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)tolower((unsigned char)rest.data[i]);
    return slice_of(out, len);
}

static bool apply_variable(struct config_set *set, const char *entry, struct config_error *error)
{
    char copy[CONFIG_LABEL_MAX];
    char section[CONFIG_NAME_MAX];
    struct slice name = slice_from(entry);

    name.len = slice_find(name, '=');
    if (!slice_starts_with(name, SLICE("GUILDHALL_")) || is_reserved(name))
        return true;
    (void)snprintf(copy, sizeof copy, "%.*s", (int)(name.len < 200 ? name.len : 200), name.data);
    struct config_source source = {CONFIG_ENVIRONMENT, copy, 0};
    size_t row = find_variable(set->table, name);
    if (row == set->table.count)
        return config_fail_unknown(error, source, set->table, variable_section(name, section),
                                   copy);
    return config_set_apply(set, row, entry + name.len + 1, source, error);
}

bool config_read_environment(struct config_set *set, const char *const *envp,
                             struct config_error *error)
{
    for (; *envp != NULL; envp++) {
        if (strchr(*envp, '=') != NULL && !apply_variable(set, *envp, error))
            return false;
    }
    return true;
}

/* One flag taken apart: "--name=value" or "--name" "value". */
struct flag {
    char name[CONFIG_NAME_MAX]; /* without the dashes */
    char written[CONFIG_NAME_MAX + 2];
    const char *value;
};

/* Takes one or two arguments from *at on. */
static bool next_flag(int argc, const char *const *argv, int *at, struct flag *out,
                      struct config_error *error)
{
    const char *arg = argv[*at];
    size_t len = strcspn(arg, "=");
    struct config_source source = {CONFIG_FLAG, out->written, 0};

    (void)snprintf(out->written, sizeof out->written, "%.*s", (int)(len < 90 ? len : 90), arg);
    if (strncmp(arg, "--", 2) != 0 || len < 3 || len > 90)
        return config_fail(error, source, "not a flag (flags are --section.key=value)");
    (void)snprintf(out->name, sizeof out->name, "%.*s", (int)(len - 2), arg + 2);
    (*at)++;
    if (arg[len] == '=') {
        out->value = arg + len + 1;
        return true;
    }
    if (*at >= argc || strncmp(argv[*at], "--", 2) == 0)
        return config_fail(error, source, "a value is missing (%s=value)", out->written);
    out->value = argv[(*at)++];
    return true;
}

static const struct {
    const char *brief;
    const char *full;
} SHORT[] = {{"data", "server.data"}, {"listen", "server.listen"}};

bool config_flag_is(const char *argument)
{
    struct slice name = slice_from(argument);

    name.len = slice_find(name, '=');
    if (!slice_starts_with(name, SLICE("--")))
        return false;
    name = slice_of(name.data + 2, name.len - 2);
    for (size_t i = 0; i < sizeof SHORT / sizeof SHORT[0]; i++) {
        if (slice_eq_cstr(name, SHORT[i].brief))
            return true;
    }
    return slice_eq_cstr(name, "config") || slice_find(name, '.') < name.len;
}

/* The short forms; any other name stands for itself. */
static struct slice full_name(const char *name)
{
    for (size_t i = 0; i < sizeof SHORT / sizeof SHORT[0]; i++) {
        if (strcmp(name, SHORT[i].brief) == 0)
            return slice_from(SHORT[i].full);
    }
    return slice_from(name);
}

static bool apply_flag(struct config_set *set, const struct flag *flag, struct config_error *error)
{
    struct slice key = full_name(flag->name);
    struct config_source source = {CONFIG_FLAG, flag->written, 0};
    struct slice section;
    bool dotted = slice_find(key, '.') < key.len;

    if (strcmp(flag->name, "config") == 0)
        return true;
    (void)slice_next(&key, '.', &section);
    size_t row = config_table_find(set->table, section, key);
    if (row == set->table.count)
        return config_fail_unknown(error, source, set->table, dotted ? section : SLICE(""),
                                   flag->name);
    return config_set_apply(set, row, flag->value, source, error);
}

bool config_read_flags(struct config_set *set, int argc, const char *const *argv,
                       struct config_error *error)
{
    struct flag flag;

    for (int at = 0; at < argc;) {
        if (!next_flag(argc, argv, &at, &flag, error) || !apply_flag(set, &flag, error))
            return false;
    }
    return true;
}

bool config_flag_file(int argc, const char *const *argv, const char **path,
                      struct config_error *error)
{
    struct flag flag;
    const char *found = NULL;

    for (int at = 0; at < argc;) {
        if (!next_flag(argc, argv, &at, &flag, error))
            return false;
        if (strcmp(flag.name, "config") == 0)
            found = flag.value;
    }
    *path = found;
    return true;
}
