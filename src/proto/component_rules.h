#pragma once

/* What the files about components share: the reading under way, the rules of each type
 * (component_rules.c), the writing (component_write.c). */

#include "base/limits.h"
#include "proto/body_priv.h"
#include "proto/component_kinds.h"
#include "proto/components.h"

struct component_reading {
    struct body_walk w;
    size_t count; /* of components; beyond the limit they are only counted */
    size_t text;  /* code points of text displays */
    bool v2;
    struct slice custom_ids[LIMIT_COMPONENTS_V2];
    size_t custom_id_count;
    int64_t ids[LIMIT_COMPONENTS_V2];
    size_t id_count;
    struct component_file *files;
    size_t files_max;
    size_t file_count;
};

/* Errors of one component at the walk's path: fields that exclude or need one another. */
void component_check(struct component_reading *x, struct component *c);
/* Those that no second component may have. */
void component_note_custom_id(struct component_reading *x, const struct component *c);
void component_note_id(struct component_reading *x, const struct component *c);
/* Gives each component without an id the next one that is free, in reading order. */
void component_number(const struct component_reading *x, struct component *root);
/* The children of `root` as a JSON array. NO_MEMORY. */
MUST_CHECK enum err components_json(const struct component *root, uint64_t media_id,
                                    struct arena *arena, struct slice *out);
