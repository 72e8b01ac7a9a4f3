#pragma once

/* Images in request bodies, as handlers of other resources take them. */

#include "api/request.h"
#include "core/media.h"

/* media_image_take for the field `name` of the body. An empty data_uri (absent, null, "") gives no
 * image and ERR_OK. INVALID_FORM: the form error is added. */
MUST_CHECK enum err request_take_image(struct request *r, const char *name, struct slice data_uri,
                                       enum media_kind kind, struct media_image *out);
