/* A template's document read back. It was written by proto_template_document, or by that of another
 * version: what does not fit is an error of the store's, not of whoever asks. */

#include "proto/template_document.h"

#include "base/limits.h"
#include "wire/json_read.h"

enum err template_document_read(struct slice document, struct arena *arena, struct json_t **json,
                                struct body_guild_create *out)
{
    struct form_errors *errors = form_errors_new(arena);
    struct body_guild_create body = {0};
    json_t *root = NULL;
    if (errors == NULL)
        return ERR_NO_MEMORY;
    enum err e = json_read(document, LIMIT_JSON_DEPTH, &root);
    if (e == ERR_OK)
        e = body_decode(&SHAPE_GUILD_PLAN, root, arena, &body, errors);
    if (e != ERR_OK) {
        json_decref(root);
        return e == ERR_NO_MEMORY ? e : ERR_STORE;
    }
    *json = root;
    *out = body;
    return ERR_OK;
}

void template_document_free(struct json_t **json)
{
    json_decref(*json);
    *json = NULL;
}
