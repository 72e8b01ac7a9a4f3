/*
 * Attachments before the transaction of their message: all that takes time. What a file is has to
 * be read from it, what it looks like to be asked of another process, and what was sent ahead
 * looked up.
 */

#include "core/attachment_names.h"
#include "core/attachment_urls.h"
#include "core/attachments_priv.h"

#include "base/limits.h"
#include "core/channels.h"
#include "store/uploads.h"

struct attachment_limits attachment_limits(const struct core *c)
{
    return (struct attachment_limits){c->o.file_bytes_max, c->o.message_bytes_max};
}

struct preparing {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    const struct attachment_draft *drafts;
    size_t count;
    struct arena *arena;
    struct draft_problem *problem;
    struct upload_row *uploads; /* by draft; id 0: of none */
    struct attachment *list;    /* the new ones */
    size_t made;
    uint64_t bytes;
    uint64_t until_ms;
};

static enum err problem_at(struct preparing *x, const struct attachment_draft *d, const char *key,
                           const char *code, const char *message)
{
    const char *field = arena_printf(x->arena, "%s%s%s", d->field, key[0] == '\0' ? "" : ".", key);
    if (field == NULL)
        return ERR_NO_MEMORY;
    *x->problem = (struct draft_problem){field, code, message};
    return ERR_INVALID_FORM;
}

/* Base64 of at most so many samples. */
static bool is_waveform(struct slice s)
{
    size_t padding = 0;
    if (s.len == 0 || s.len % 4 != 0 || s.len > (ATTACHMENT_WAVEFORM_MAX + 2) / 3 * 4)
        return false;
    while (padding < 2 && s.data[s.len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < s.len - padding; i++) {
        char c = s.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/'))
            return false;
    }
    return s.len / 4 * 3 - padding <= ATTACHMENT_WAVEFORM_MAX;
}

static enum err check_draft(struct preparing *x, const struct attachment_draft *d)
{
    if (d->waveform.data != NULL && !is_waveform(d->waveform))
        return problem_at(x, d, "waveform", "ATTACHMENT_WAVEFORM_INVALID",
                          "Must be base64 of up to 256 samples.");
    if (d->keep == 0 && d->file == NULL && d->upload_name.data == NULL)
        return problem_at(x, d, "id", "ATTACHMENT_NOT_FOUND",
                          "No file of the request has this number.");
    return ERR_OK;
}

static enum err find_upload(struct tx *tx, struct preparing *x, size_t i)
{
    struct upload_row *u = &x->uploads[i];
    enum err e = uploads_find(tx_sql(tx), x->drafts[i].upload_name, x->arena, u);
    if (e != ERR_OK)
        return e;
    bool usable = u->user.v == x->by->who->user.v && u->channel.v == x->a->channel->id.v &&
                  u->hash.data != NULL && u->expires_at_ms > tx_now_ms(tx);
    for (size_t k = 0; k < i && usable; k++)
        usable = x->uploads[k].id != u->id;
    return usable ? ERR_OK : ERR_UPLOAD_NOT_FOUND;
}

static enum err find_uploads(struct tx *tx, void *ctx)
{
    struct preparing *x = ctx;
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        if (x->drafts[i].keep == 0 && x->drafts[i].upload_name.data != NULL)
            e = find_upload(tx, x, i);
    return e;
}

static bool any_uploads(const struct preparing *x)
{
    for (size_t i = 0; i < x->count; i++)
        if (x->drafts[i].keep == 0 && x->drafts[i].upload_name.data != NULL)
            return true;
    return false;
}

static void take_upload(const struct upload_row *u, struct attachment *a)
{
    a->upload = u->id;
    a->size = u->size;
    a->width = u->width;
    a->height = u->height;
    a->hash = u->hash;
    a->content_type = u->content_type;
    a->placeholder = u->placeholder;
}

static enum err take_file(struct preparing *x, const struct upload_file *f, struct attachment *a)
{
    a->size = f->size;
    a->hash = arena_dup(x->arena, slice_from(f->blob));
    if (a->hash.data == NULL)
        return ERR_NO_MEMORY;
    return attachment_describe(x->core, f->blob, f->size, x->until_ms, x->arena, a);
}

/* What the client says about it. */
static enum err take_words(struct preparing *x, const struct attachment_draft *d,
                           struct slice filename, struct attachment *a)
{
    struct slice raw = d->filename.data != NULL ? d->filename : filename;
    a->filename = attachment_name_clean(raw, d->spoiler, x->arena);
    a->title = d->title;
    a->description = d->description;
    a->waveform = d->waveform;
    a->duration_ms = d->duration_ms;
    if (a->filename.data == NULL)
        return ERR_NO_MEMORY;
    if (attachment_name_is_spoiler(a->filename))
        a->flags |= ATTACHMENT_FLAG_IS_SPOILER;
    return ERR_OK;
}

static enum err check_size(struct preparing *x, uint64_t size)
{
    const struct core_options *o = &x->core->o;
    if (o->file_bytes_max != 0 && size > o->file_bytes_max)
        return ERR_FILE_TOO_LARGE;
    x->bytes += size;
    return o->message_bytes_max != 0 && x->bytes > o->message_bytes_max ? ERR_ENTITY_TOO_LARGE
                                                                        : ERR_OK;
}

static enum err prepare_one(struct preparing *x, size_t i)
{
    const struct attachment_draft *d = &x->drafts[i];
    struct attachment *a = &x->list[x->made];
    *a = (struct attachment){.duration_ms = -1};
    enum err e = check_size(x, d->file != NULL ? d->file->size : x->uploads[i].size);
    if (e == ERR_OK && d->file != NULL)
        e = take_file(x, d->file, a);
    else if (e == ERR_OK)
        take_upload(&x->uploads[i], a);
    if (e == ERR_OK)
        e = take_words(x, d, d->file != NULL ? d->file->filename : x->uploads[i].filename, a);
    x->made += e == ERR_OK;
    return e;
}

static enum err prepare(struct preparing *x)
{
    enum err e = attachment_urls_open(x->core);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = check_draft(x, &x->drafts[i]);
    if (e == ERR_OK && any_uploads(x))
        e = store_read(x->core->store, find_uploads, x);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        if (x->drafts[i].keep == 0)
            e = prepare_one(x, i);
    return e;
}

enum err attachments_prepare(struct core *c, const struct actor *by, const struct access *a,
                             const struct attachment_draft *drafts, size_t count,
                             struct arena *arena, struct attachment **out, size_t *out_count,
                             struct draft_problem *problem)
{
    struct preparing x = {.core = c,
                          .by = by,
                          .a = a,
                          .drafts = drafts,
                          .count = count,
                          .arena = arena,
                          .problem = problem};
    *out = NULL;
    *out_count = 0;
    if (count == 0)
        return ERR_OK;
    if (count > LIMIT_ATTACHMENTS)
        return ERR_MAX_ATTACHMENTS;
    x.until_ms = attachment_describe_until(c);
    x.uploads = arena_array(arena, count, sizeof *x.uploads);
    x.list = arena_array(arena, count, sizeof *x.list);
    if (x.uploads == NULL || x.list == NULL)
        return ERR_NO_MEMORY;
    enum err e = prepare(&x);
    if (e == ERR_OK) {
        *out = x.list;
        *out_count = x.made;
    }
    return e;
}
