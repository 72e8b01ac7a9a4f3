#pragma once

/*
 * The configuration table as data: one row an option (config.def), and the rule that turns a text
 * into a value of a row's type. Knows neither files nor flags; config_set.h is the next step up.
 * Pure functions, any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/slice.h"

enum config_type {
    CONFIG_TYPE_BOOL,
    CONFIG_TYPE_U64,
    CONFIG_TYPE_STR,
    CONFIG_TYPE_ADDRESS,
    CONFIG_TYPE_URL,
    CONFIG_TYPE_ENUM,
};

enum config_flag { CONFIG_FLAG_0 = 0, CONFIG_FLAG_SECRET = 1 };

struct config_row {
    const char *section;
    const char *key;
    enum config_type type;
    const char *fallback; /* the default, as text */
    uint64_t min;         /* value (U64) or length in bytes (texts) */
    uint64_t max;
    const char *choices; /* "a|b|c" (ENUM), else "" */
    const char *unit;    /* "" if there is none */
    unsigned flags;
    const char *help;
};

struct config_table {
    const struct config_row *rows;
    size_t count;
};

union config_value {
    bool boolean;
    uint64_t u64;
    const char *str; /* texts and choices */
};

/* One per row of config.def, in its order. */
enum config_key {
#define X(section, key, ...) CONFIG_KEY_##section##_##key,
#include "main/config.def"
#undef X
    CONFIG_KEY_COUNT
};

/* config.def; static. */
struct config_table config_table_builtin(void);

/* Longest "section.key" or "GUILDHALL_SECTION_KEY", NUL included. */
enum { CONFIG_NAME_MAX = 96, CONFIG_PROBLEM_MAX = 512 };

/* Index of the row, or table.count. */
size_t config_table_find(struct config_table table, struct slice section, struct slice key);
bool config_table_has_section(struct config_table table, struct slice section);
void config_row_name(const struct config_row *row, char out[CONFIG_NAME_MAX]);
void config_row_variable(const struct config_row *row, char out[CONFIG_NAME_MAX]);
/* What a value may be, for people: "4 to 1024 threads", "open or closed". */
void config_row_allowed(const struct config_row *row, char out[CONFIG_PROBLEM_MAX]);
/*
 * Reads text as a value of the row. False writes to `problem` what is wrong with the text, without
 * quoting it. A str in *out borrows text.
 */
MUST_CHECK bool config_row_parse(const struct config_row *row, const char *text,
                                 union config_value *out, char problem[CONFIG_PROBLEM_MAX]);
