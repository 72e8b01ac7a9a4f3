#pragma once

/*
 * The configuration of a server: one typed field per row of config.def, named section_key.
 * Sources: defaults < file < environment < flags. Loaded on the main thread before anything is
 * opened, handed on as const, and freed after everything that was given it has stopped.
 * Start reading at config.def, then config_load.
 */

#include <stdbool.h>
#include <stdint.h>

#include "main/config_set.h"

#define CONFIG_FIELD_BOOL(name) bool name;
#define CONFIG_FIELD_U64(name) uint64_t name;
#define CONFIG_FIELD_STR(name) const char *name;
#define CONFIG_FIELD_ADDRESS(name) const char *name;
#define CONFIG_FIELD_URL(name) const char *name;
#define CONFIG_FIELD_ENUM(name) const char *name;

/* Texts are owned by `set`; none is NULL. */
struct config {
#define X(section, key, type, ...) CONFIG_FIELD_##type(section##_##key)
#include "main/config.def"
#undef X
    struct config_set set; /* the same values with their sources */
};

/* The file that is read if --config names no other; it may be absent. */
#define CONFIG_FILE_DEFAULT "guildhall.conf"

/*
 * argv[0] is the first flag (the command's words are gone), envp ends with NULL. False: *error says
 * what is wrong, and *config is as after config_deinit.
 */
MUST_CHECK bool config_load(struct config *config, int argc, const char *const *argv,
                            const char *const *envp, struct config_error *error);
void config_deinit(struct config *config);
