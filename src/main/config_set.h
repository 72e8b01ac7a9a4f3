#pragma once

/*
 * The values of a table's options, each with the source that it came from: what the file, the
 * environment and the flags are poured into, in this order, the later winning (config_source.h).
 * Made on the main thread before anything is opened; read-only afterwards.
 */

#include "base/arena.h"
#include "main/config_table.h"

enum config_origin { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_FLAG };

struct config_source {
    enum config_origin origin;
    const char
        *name;     /* file, variable or flag, as the operator wrote it; NULL for CONFIG_DEFAULT */
    unsigned line; /* CONFIG_FILE: from 1 */
};

struct config_setting {
    union config_value value;
    struct config_source source;
};

/* One line for the operator, without a newline; empty if nothing went wrong. */
struct config_error {
    char text[1024];
};

enum { CONFIG_ROWS_MAX = 128, CONFIG_TEXT_BYTES_MAX = 4 * 1024 * 1024, CONFIG_LABEL_MAX = 256 };

/* Texts and source names live in `texts`, as long as the set. */
struct config_set {
    struct config_table table;
    struct config_setting settings[CONFIG_ROWS_MAX];
    struct arena texts;
};

/* Every option at its default. table.count <= CONFIG_ROWS_MAX and valid defaults are asserted. */
void config_set_init(struct config_set *set, struct config_table table);
void config_set_deinit(struct config_set *set);
/* Gives option `row` the value that text says; text and source.name are copied. */
MUST_CHECK bool config_set_apply(struct config_set *set, size_t row, const char *text,
                                 struct config_source source, struct config_error *error);
/* "guildhall.conf:12", "environment GUILDHALL_X", "flag --x.y", "default". */
void config_source_label(struct config_source source, char out[CONFIG_LABEL_MAX]);
/* The value as text; a secret that is not empty is masked. At most max bytes, NUL included. */
void config_set_text(const struct config_set *set, size_t row, char *out, size_t max);
/* Fills *error with "<source>: <message>" and returns false, so that a caller can return it. */
bool config_fail(struct config_error *error, struct config_source source, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* As config_fail, for a name that no row has: says which names there are. */
bool config_fail_unknown(struct config_error *error, struct config_source source,
                         struct config_table table, struct slice section, const char *name);
