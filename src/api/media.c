/* Images in request bodies. */

#include "api/media.h"

enum err request_take_image(struct request *r, const char *name, struct slice data_uri,
                            enum media_kind kind, struct media_image *out)
{
    struct media_problem problem = {0};
    *out = (struct media_image){.kind = kind};
    if (data_uri.len == 0)
        return ERR_OK;
    enum err e = media_image_take(request_core(r), data_uri, kind, out, &problem);
    if (e == ERR_INVALID_FORM)
        request_form_error(r, name, problem.code, problem.message);
    return e;
}
