/*
 * guildhall.conf.sample and docs/CONFIG.md are committed outputs of this file; a check compares
 * them. Nothing here may depend on the machine or on the moment.
 */

#include "main/config_docs.h"

#include <string.h>

static bool opens_section(struct config_table table, size_t i)
{
    return i == 0 || strcmp(table.rows[i].section, table.rows[i - 1].section) != 0;
}

static const char *shown_default(const struct config_row *row)
{
    if (row->fallback[0] == '\0')
        return "(empty)";
    return (row->flags & CONFIG_FLAG_SECRET) != 0 ? "********" : row->fallback;
}

void config_docs_help(struct config_table table, FILE *out)
{
    char allowed[CONFIG_PROBLEM_MAX];

    for (size_t i = 0; i < table.count; i++) {
        const struct config_row *r = &table.rows[i];
        if (opens_section(table, i))
            (void)fprintf(out, "\n%s\n", r->section);
        config_row_allowed(r, allowed);
        (void)fprintf(out, "  --%s.%s=%s\n      %s (%s)\n", r->section, r->key, shown_default(r),
                      r->help, allowed);
    }
}

void config_docs_sample(struct config_table table, FILE *out)
{
    char allowed[CONFIG_PROBLEM_MAX];
    char variable[CONFIG_NAME_MAX];

    (void)fputs(
        "# Guildhall's configuration. Every option is here at its default, switched off by a\n"
        "# leading '#'. The server reads ./guildhall.conf, or the file named by --config.\n"
        "# Written by `guildhall config sample`.\n",
        out);
    for (size_t i = 0; i < table.count; i++) {
        const struct config_row *r = &table.rows[i];
        if (opens_section(table, i))
            (void)fprintf(out, "\n[%s]\n", r->section);
        config_row_allowed(r, allowed);
        config_row_variable(r, variable);
        (void)fprintf(out, "\n# %s\n# Allowed: %s. Environment: %s\n#%s =%s%s\n", r->help, allowed,
                      variable, r->key, r->fallback[0] == '\0' ? "" : " ", r->fallback);
    }
}

static void page_opening(FILE *out)
{
    (void)fputs(
        "# Configuration\n"
        "\n"
        "Written by `guildhall config docs` from the table in `src/main/config.def`; do not edit.\n"
        "\n"
        "Guildhall starts without any configuration. An option is set in one of three places; the\n"
        "later one wins:\n"
        "\n"
        "1. a file: `./guildhall.conf` if there is one, or the one named by `--config=FILE` (INI:\n"
        "   `[section]`, then `key = value`; comments begin with `#`, `;`, or ` ;` behind a "
        "value),\n"
        "2. the environment: `GUILDHALL_SECTION_KEY`,\n"
        "3. flags: `--section.key=value`. `--data DIR` and `--listen HOST:PORT` are short for\n"
        "   `--server.data` and `--server.listen`.\n"
        "\n"
        "An unknown name, a value outside its range or a file that cannot be read ends the start "
        "with\n"
        "exit code 2 and a line that names the source, the key and what is allowed, before "
        "anything\n"
        "is opened. Truth values are written true, on, yes or 1, and false, off, no or 0.\n"
        "`guildhall config check` only looks; `guildhall config print` shows every value in force "
        "and\n"
        "where it came from; `guildhall config sample` prints a file to start from.\n",
        out);
}

void config_docs_page(struct config_table table, FILE *out)
{
    char allowed[CONFIG_PROBLEM_MAX];

    page_opening(out);
    for (size_t i = 0; i < table.count; i++) {
        const struct config_row *r = &table.rows[i];
        if (opens_section(table, i))
            (void)fprintf(out,
                          "\n## %s\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n",
                          r->section);
        config_row_allowed(r, allowed);
        (void)fprintf(out, "| `%s.%s` | `%s` | %s | %s%s |\n", r->section, r->key, shown_default(r),
                      allowed, r->help, (r->flags & CONFIG_FLAG_SECRET) != 0 ? " Secret." : "");
    }
}

void config_docs_print(const struct config_set *set, FILE *out)
{
    char value[5000]; /* the longest text option is 4096 bytes */
    char label[CONFIG_LABEL_MAX];

    for (size_t i = 0; i < set->table.count; i++) {
        const struct config_row *r = &set->table.rows[i];
        if (opens_section(set->table, i))
            (void)fprintf(out, "%s[%s]\n", i == 0 ? "" : "\n", r->section);
        config_set_text(set, i, value, sizeof value);
        config_source_label(set->settings[i].source, label);
        (void)fprintf(out, "%s = %s ; %s\n", r->key, value, label);
    }
}
