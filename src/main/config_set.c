/*
 * A value is copied and judged in one place, so that no source can slip in something that another
 * would have refused. Secrets are never quoted: an error message ends up in logs.
 */

#include "main/config_set.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void config_set_init(struct config_set *set, struct config_table table)
{
    char problem[CONFIG_PROBLEM_MAX];

    assert(table.count <= CONFIG_ROWS_MAX);
    *set = (struct config_set){.table = table};
    arena_init(&set->texts, MEM_MAIN, CONFIG_TEXT_BYTES_MAX);
    for (size_t i = 0; i < table.count; i++) {
        bool ok = config_row_parse(&table.rows[i], table.rows[i].fallback, &set->settings[i].value,
                                   problem);
        assert(ok);
        (void)ok;
    }
}

void config_set_deinit(struct config_set *set)
{
    arena_deinit(&set->texts);
}

static const char *keep(struct config_set *set, const char *text)
{
    return arena_dup(&set->texts, slice_from(text)).data;
}

bool config_set_apply(struct config_set *set, size_t row, const char *text,
                      struct config_source source, struct config_error *error)
{
    const struct config_row *r = &set->table.rows[row];
    bool secret = (r->flags & CONFIG_FLAG_SECRET) != 0;
    char name[CONFIG_NAME_MAX];
    char problem[CONFIG_PROBLEM_MAX];
    char allowed[CONFIG_PROBLEM_MAX];
    struct config_setting setting = {.source = source};
    const char *copy = keep(set, text);

    config_row_name(r, name);
    setting.source.name = keep(set, source.name);
    if (copy == NULL || setting.source.name == NULL)
        return config_fail(error, source, "%s: out of memory", name);
    if (!config_row_parse(r, copy, &setting.value, problem)) {
        config_row_allowed(r, allowed);
        return secret ? config_fail(error, source, "%s: the value %s (allowed: %s)", name, problem,
                                    allowed)
                      : config_fail(error, source, "%s: \"%.100s\" %s (allowed: %s)", name, text,
                                    problem, allowed);
    }
    set->settings[row] = setting;
    return true;
}

void config_source_label(struct config_source source, char out[CONFIG_LABEL_MAX])
{
    switch (source.origin) {
    case CONFIG_DEFAULT:
        (void)snprintf(out, CONFIG_LABEL_MAX, "default");
        break;
    case CONFIG_FILE:
        if (source.line == 0)
            (void)snprintf(out, CONFIG_LABEL_MAX, "%.200s", source.name);
        else
            (void)snprintf(out, CONFIG_LABEL_MAX, "%.200s:%u", source.name, source.line);
        break;
    case CONFIG_ENVIRONMENT:
        (void)snprintf(out, CONFIG_LABEL_MAX, "environment %.200s", source.name);
        break;
    case CONFIG_FLAG:
        (void)snprintf(out, CONFIG_LABEL_MAX, "flag %.200s", source.name);
        break;
    }
}

void config_set_text(const struct config_set *set, size_t row, char *out, size_t max)
{
    const struct config_row *r = &set->table.rows[row];
    const union config_value *v = &set->settings[row].value;

    switch (r->type) {
    case CONFIG_TYPE_BOOL:
        (void)snprintf(out, max, "%s", v->boolean ? "true" : "false");
        break;
    case CONFIG_TYPE_U64:
        (void)snprintf(out, max, "%llu", (unsigned long long)v->u64);
        break;
    case CONFIG_TYPE_STR:
    case CONFIG_TYPE_ADDRESS:
    case CONFIG_TYPE_URL:
    case CONFIG_TYPE_ENUM:
        if ((r->flags & CONFIG_FLAG_SECRET) != 0 && v->str[0] != '\0')
            (void)snprintf(out, max, "********");
        else
            (void)snprintf(out, max, "%s", v->str);
        break;
    }
}

bool config_fail(struct config_error *error, struct config_source source, const char *fmt, ...)
{
    char label[CONFIG_LABEL_MAX];
    char message[sizeof error->text - CONFIG_LABEL_MAX - 2];
    va_list args;

    config_source_label(source, label);
    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    (void)snprintf(error->text, sizeof error->text, "%s: %s", label, message);
    return false;
}

/* The keys of `section`, or the sections if it is empty; "a, b, c". */
static void list_names(struct config_table table, struct slice section, char *out, size_t max)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < table.count; i++) {
        const struct config_row *r = &table.rows[i];
        bool first = i == 0 || strcmp(r->section, table.rows[i - 1].section) != 0;
        if (section.len == 0 ? !first : !slice_eq_cstr(section, r->section))
            continue;
        int n = snprintf(out + used, max - used, "%s%s", used == 0 ? "" : ", ",
                         section.len == 0 ? r->section : r->key);
        used += (size_t)n;
        if (used >= max)
            return;
    }
}

bool config_fail_unknown(struct config_error *error, struct config_source source,
                         struct config_table table, struct slice section, const char *name)
{
    char names[512];

    if (config_table_has_section(table, section)) {
        list_names(table, section, names, sizeof names);
        return config_fail(error, source, "unknown key \"%.100s\" (section %.*s has: %s)", name,
                           SLICE_ARG(section), names);
    }
    list_names(table, SLICE(""), names, sizeof names);
    return config_fail(error, source, "unknown key \"%.100s\" (sections are: %s)", name, names);
}
