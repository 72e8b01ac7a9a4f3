/*
 * What a file is. Its type is decided by its bytes alone. How a picture looks is asked of the
 * process that decodes pictures, which has a time of its own and may fail; then there is what the
 * header says, and no placeholder.
 */

#include "core/attachments_priv.h"
#include "core/images.h"
#include "core/media_files.h"
#include "media/sniff_file.h"

enum { PICTURES_MS_MAX = 2500 /* for all of a message together: its author waits */ };

struct blob_source {
    struct core *core;
    const char *blob;
};

static enum err read_blob(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    const struct blob_source *s = ctx;
    return media_read_at(s->core, s->blob, offset, into, len, got);
}

uint64_t attachment_describe_until(const struct core *c)
{
    return clock_mono_ms(c->o.clock) + PICTURES_MS_MAX;
}

/* Anything that goes wrong here is nothing to the message. */
static enum err look_at_picture(struct core *c, const char *blob, struct arena *arena,
                                struct attachment *a, bool *animated)
{
    struct image_facts facts;
    if (image_describe(c, blob, &facts) != ERR_OK)
        return ERR_OK;
    *animated = facts.animated;
    if (facts.width > 0 && facts.height > 0) {
        a->width = facts.width;
        a->height = facts.height;
    }
    if (facts.placeholder[0] == '\0')
        return ERR_OK;
    a->placeholder = arena_dup(arena, slice_from(facts.placeholder));
    return a->placeholder.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err attachment_describe(struct core *c, const char *blob, uint64_t size, uint64_t until_ms,
                             struct arena *arena, struct attachment *a)
{
    struct blob_source from = {c, blob};
    const struct sniff_source source = {&from, size, read_blob};
    struct sniffed_file found;
    enum err e = sniff_file(&source, &found);
    if (e != ERR_OK)
        return e;
    a->content_type = slice_from(found.content_type);
    a->width = found.width;
    a->height = found.height;
    if (found.class == SNIFF_CLASS_IMAGE && clock_mono_ms(c->o.clock) < until_ms)
        e = look_at_picture(c, blob, arena, a, &found.animated);
    if (found.class == SNIFF_CLASS_IMAGE && found.animated)
        a->flags |= ATTACHMENT_FLAG_IS_ANIMATED;
    return e;
}
