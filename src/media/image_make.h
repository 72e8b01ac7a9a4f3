#pragma once

/* One question about one picture, inside the process of images: what is done with its pixels. */

#include "base/attrs.h"
#include "base/slice.h"
#include "media/image_vips.h"
#include "media/image_wire.h"

/* What came of it; `body` is the library's, and is given back with image_result_release. */
struct image_result {
    struct image_said said;
    void *body; /* said.bytes of them; NULL: none */
};

void image_answer(const struct image_vips *v, const struct image_ask *ask, struct slice source,
                  struct image_result *out);
void image_result_release(const struct image_vips *v, struct image_result *r);
