#pragma once

/* Guild features as bits (features.def). */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define X(name, bit, who) static const uint64_t FEATURE_##name = UINT64_C(1) << (bit);
#include "model/features.def"
#undef X

/* Those that a request adds and removes. */
extern const uint64_t FEATURES_OWNER;
enum { FEATURE_BITS = 64 };
/* NULL if there is none of that bit. */
const char *feature_name(unsigned bit);
/* False if there is none of that name. */
bool feature_find(struct slice name, uint64_t *feature);
/* What a guild with these stored features has, and clients are told: some come with every guild
 * here, which on Discord have to be paid for, some with others. Names that Discord no longer lists
 * are left out. */
uint64_t features_shown(uint64_t stored);
