#pragma once

/* The components of a body (docs, "Component Reference"): checked, numbered, and written in their
 * form in the store, which is that of the API but for files: attachment:// addresses become those
 * of the files when the message is written out (proto/media_refs.h). */

#include "base/arena.h"
#include "proto/body.h"

struct json_t;

enum components_rules {
    COMPONENTS_LEGACY, /* up to five action rows */
    COMPONENTS_V2,     /* of a message with the flag IS_COMPONENTS_V2 */
    COMPONENTS_EITHER  /* of an edit: the message as it is decides */
};

struct components_draft {
    struct slice json; /* in the arena; data NULL: none */
    bool v2;           /* EITHER: they are only for messages with the flag */
    /* Names of the files that they show, in the arena: attachment://<name>. */
    struct component_file {
        struct slice name;
        const char *path; /* where errors point */
    } * files;
    size_t file_count;
};

/* media_id: media items are numbered from this snowflake on. Errors at "components" and below:
 * INVALID_FORM. NO_MEMORY. */
MUST_CHECK enum err components_read(const struct json_t *list, enum components_rules rules,
                                    uint64_t media_id, struct form_errors *errors,
                                    struct arena *arena, struct components_draft *out);
