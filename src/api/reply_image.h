#pragma once

/*
 * Pictures as clients want them: what a path's ending and its query ask for, and the reply, which
 * is the blob made that way, or the blob as it is if it cannot be made now. Handlers on workers.
 *
 *   ?size=        longest side, one of the sizes that Discord's own clients ask for
 *   ?width= ?height=  the box, of attachments
 *   ?format=      png, jpg, jpeg, webp, gif, avif; else the path's ending
 *   ?quality=lossless, ?animated=true
 */

#include "api/reply_blob.h"
#include "media/image_job.h"

struct image_asked {
    struct image_want want;
    bool original; /* nothing is asked of the picture: the blob as it is */
};

/* Of pictures by hash or id: `ending` of the path, data NULL: none. Form errors at size and format,
 * which the caller looks at (request_form_ok). */
void image_asked_of_asset(struct request *r, struct slice ending, struct image_asked *out);
/* Of attachments, whose names' endings say nothing. */
void image_asked_of_file(struct request *r, struct image_asked *out);

/*
 * As reply_blob, made as asked if the blob is a picture. *lasting: the same address will give the
 * same bytes for ever; else it is a substitute, to be cached briefly. UNSUPPORTED_MEDIA_TYPE: a GIF
 * is asked of a picture that does not move, as Discord answers.
 */
MUST_CHECK enum err reply_image(struct request *r, const struct reply_blob *b,
                                const struct image_asked *asked, bool *lasting);
