/* Which file of a form belongs to which entry of "attachments". */

#include <stdio.h>

#include "api/message_draft_priv.h"
#include "api/request_upload.h"

struct pairing {
    struct request *r;
    struct attachment_draft *drafts; /* room for LIMIT_ATTACHMENTS entries and all files */
    size_t count;
    bool taken[REQUEST_FILES_MAX]; /* of r->uploads->files */
};

static size_t file_count(const struct request *r)
{
    return r->uploads != NULL ? r->uploads->count : 0;
}

/* The text of an entry is written over what the file says of itself. */
static struct attachment_draft draft_of(const struct body_attachment *b, size_t index)
{
    bool has_duration =
        BODY_SENT(*b, BODY_ATTACHMENT_DURATION) && !BODY_NULL(*b, BODY_ATTACHMENT_DURATION);
    struct attachment_draft d = {
        .filename = b->filename,
        .upload_name = b->uploaded_filename,
        .has_title = BODY_SENT(*b, BODY_ATTACHMENT_TITLE),
        .title = b->title,
        .has_description = BODY_SENT(*b, BODY_ATTACHMENT_DESCRIPTION),
        .description = b->description,
        .duration_ms = has_duration ? (int64_t)(b->duration_secs * 1000.0) : -1,
        .waveform = b->waveform,
        .has_spoiler = BODY_SENT(*b, BODY_ATTACHMENT_SPOILER),
        .spoiler = b->is_spoiler,
    };
    snprintf(d.field, sizeof d.field, "attachments.%u", (unsigned)index);
    return d;
}

/* The file of that number, unless another entry has it; NULL: none. */
static const struct request_file *take_file(struct pairing *p, uint64_t id)
{
    const struct request_file *f = p->r->uploads != NULL ? request_file_at(p->r, id) : NULL;
    if (f == NULL)
        return NULL;
    size_t at = (size_t)(f - p->r->uploads->files);
    if (p->taken[at])
        return NULL;
    p->taken[at] = true;
    return f;
}

static void pair_entry(struct pairing *p, const struct body_attachment *b, size_t index,
                       bool is_edit)
{
    struct attachment_draft d = draft_of(b, index);
    const struct request_file *f = d.upload_name.data == NULL ? take_file(p, b->id) : NULL;
    if (f != NULL)
        d.file = &f->file;
    else if (d.upload_name.data == NULL && is_edit)
        d.keep = b->id;
    if (d.file == NULL && d.upload_name.data == NULL && d.keep == 0)
        request_form_error(p->r, d.field, "ATTACHMENT_NOT_FOUND", "Attachment data not found");
    p->drafts[p->count++] = d;
}

static void add_rest(struct pairing *p)
{
    for (size_t i = 0; i < file_count(p->r); i++) {
        const struct request_file *f = &p->r->uploads->files[i];
        if (p->taken[i])
            continue;
        struct attachment_draft d = {.file = &f->file, .duration_ms = -1};
        snprintf(d.field, sizeof d.field, "%.*s",
                 (int)(f->field.len < sizeof d.field ? f->field.len : sizeof d.field - 1),
                 f->field.data);
        p->drafts[p->count++] = d;
    }
}

enum err message_draft_files(struct request *r, const struct body_array *from, bool is_edit,
                             const struct attachment_draft **out, size_t *count)
{
    const struct body_attachment *list = from->items;
    struct pairing p = {.r = r};
    if (from->count + file_count(r) == 0)
        return ERR_OK;
    p.drafts = arena_array(&r->arena, from->count + file_count(r), sizeof *p.drafts);
    if (p.drafts == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++)
        pair_entry(&p, &list[i], i, is_edit);
    add_rest(&p);
    if (p.count > LIMIT_ATTACHMENTS)
        return ERR_MAX_ATTACHMENTS;
    *out = p.drafts;
    *count = p.count;
    return request_form_ok(r);
}
