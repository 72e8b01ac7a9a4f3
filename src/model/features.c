/* Guild features: the table expanded. */

#include "model/features.h"

#include <stddef.h>

enum { OWNER = 1, SERVER = 0 };

static const char *const names[FEATURE_BITS] = {
#define X(name, bit, who) [bit] = #name,
#include "model/features.def"
#undef X
};

#define X(name, bit, who) | ((uint64_t)(who) << (bit))
const uint64_t FEATURES_OWNER = 0
#include "model/features.def"
    ;
#undef X

const char *feature_name(unsigned bit)
{
    return bit < FEATURE_BITS ? names[bit] : NULL;
}

bool feature_find(struct slice name, uint64_t *feature)
{
    for (unsigned bit = 0; bit < FEATURE_BITS; bit++)
        if (names[bit] != NULL && slice_eq_cstr(name, names[bit])) {
            *feature = UINT64_C(1) << bit;
            return true;
        }
    return false;
}

uint64_t features_shown(uint64_t stored)
{
    uint64_t everywhere = FEATURE_ANIMATED_ICON | FEATURE_BANNER | FEATURE_INVITE_SPLASH |
                          FEATURE_ROLE_ICONS | FEATURE_MORE_STICKERS;
    uint64_t news = (stored & FEATURE_COMMUNITY) != 0 ? FEATURE_NEWS : 0;
    return (stored | everywhere | news) & ~FEATURE_SOUNDBOARD;
}
