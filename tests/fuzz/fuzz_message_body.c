/*
 * Embeds and components of a message: whatever is sent, what is taken is JSON, and, sent again, is
 * taken again and stored the same.
 */

#include "base/arena.h"
#include "fuzz/fuzz.h"
#include "proto/bodies_messages.h"
#include "proto/components.h"
#include "proto/embeds.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

enum { ARENA_MAX = 8 * 1024 * 1024, TEXT_MAX = 1 << 24, DEPTH_MAX = 32, FIRST_ID = 1000 };

/* The body that `text` is, stored, as a body again. False: it is refused. */
static bool store(struct slice text, struct buf *out)
{
    json_t *json = NULL;
    struct arena arena;
    struct body_message_create body = {0};
    struct slice embeds = {NULL, 0};
    struct components_draft components = {.json = {NULL, 0}};
    struct json_writer w;
    if (json_read(text, DEPTH_MAX, &json) != ERR_OK)
        return false;
    arena_init(&arena, MEM_API, ARENA_MAX);
    struct form_errors *errors = form_errors_new(&arena);
    fuzz_check(errors != NULL);
    enum err e = body_decode(&SHAPE_MESSAGE_CREATE, json, &arena, &body, errors);
    if (e == ERR_OK)
        e = embeds_read(&body.embeds, "embeds", errors, &arena, &embeds);
    if (e == ERR_OK)
        e = components_read(body.components, COMPONENTS_V2, FIRST_ID, errors, &arena, &components);
    fuzz_check((e == ERR_INVALID_FORM) == form_errors_any(errors) || e == ERR_NO_MEMORY);
    if (e == ERR_OK) {
        json_begin(&w, out);
        json_object_begin(&w);
        json_key(&w, "embeds");
        json_raw(&w, embeds.data != NULL ? embeds : SLICE("[]"));
        json_key(&w, "components");
        json_raw(&w, components.json.data != NULL ? components.json : SLICE("[]"));
        json_object_end(&w);
        fuzz_check(!out->failed);
    }
    json_decref(json);
    arena_deinit(&arena);
    return e == ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    struct buf once;
    struct buf twice;
    if (!started++)
        json_read_init(1);
    buf_init(&once, MEM_MAIN, TEXT_MAX);
    buf_init(&twice, MEM_MAIN, TEXT_MAX);
    if (store(slice_of((const char *)data, size), &once)) {
        fuzz_check(store(buf_slice(&once), &twice));
        fuzz_check(slice_eq(buf_slice(&once), buf_slice(&twice)));
    }
    buf_deinit(&once);
    buf_deinit(&twice);
    return 0;
}
