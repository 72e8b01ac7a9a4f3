#pragma once

/*
 * Files of messages, from an upload to a row. In three steps, as core/media.h: (1) the bytes lie in
 * the blob store already, streamed there while they came (an upload_file), or were sent ahead
 * (upload_name); attachments_prepare, before the transaction, finds out what they are; (2) in the
 * closure that stores the message, attachments_store makes rows, refers to the blobs and counts
 * them against the quotas; (3) what nobody refers to goes by itself.
 */

#include "core/access.h"
#include "model/entities.h"

/* A file as it was received: a blob without a reference yet. */
struct upload_file {
    struct slice filename;     /* as the client says */
    struct slice content_type; /* as the client says; data NULL: nothing */
    char blob[65];             /* SHA-256 of the bytes, in hex */
    uint64_t size;
};

/* One entry of a message's attachments as its author sends it. */
struct attachment_draft {
    uint64_t keep;                   /* PATCH: id of an attachment that stays; 0: a new one */
    const struct upload_file *file;  /* new, sent with the request; NULL: */
    struct slice upload_name;        /* new, sent ahead: uploaded_filename */
    struct slice filename;           /* data NULL: that of the file */
    bool has_title, has_description; /* PATCH of one that stays: change them */
    struct slice title;
    struct slice description;
    int64_t duration_ms; /* of voice messages; -1: none */
    struct slice waveform;
    bool has_spoiler; /* PATCH of one that stays: change it */
    bool spoiler;
    char field[32]; /* where errors point: "attachments.0", "files[0]" */
};

struct draft_problem;

/* Attachment flags (docs, "Attachment Flags"). */
enum { ATTACHMENT_FLAG_IS_SPOILER = 1 << 3, ATTACHMENT_FLAG_IS_ANIMATED = 1 << 5 };
/* Samples of a voice message's waveform, a byte each. */
enum { ATTACHMENT_WAVEFORM_MAX = 256 };

/* What may come at once; 0: no limit but the server's own. */
struct attachment_limits {
    uint64_t file_bytes_max;
    uint64_t message_bytes_max;
};
struct attachment_limits attachment_limits(const struct core *c);

/*
 * What the new ones among `drafts` are: type by content, dimensions, placeholder, clean names;
 * in the arena, in order, without message. Checks limits per file and message. INVALID_FORM with
 * *problem, FILE_TOO_LARGE, MAX_ATTACHMENTS, UPLOAD_NOT_FOUND, INVALID_FILE.
 */
MUST_CHECK enum err attachments_prepare(struct core *c, const struct actor *by,
                                        const struct access *a,
                                        const struct attachment_draft *drafts, size_t count,
                                        struct arena *arena, struct attachment **out,
                                        size_t *out_count, struct draft_problem *problem);
/* In the closure: gives each its id, its place in `m`, its URL (in the arena), makes the rows and
 * refers to the blobs. Also for copies of another message's (forwards). UPLOAD_NOT_FOUND,
 * QUOTA_FULL, RETRY. */
MUST_CHECK enum err attachments_store(struct tx *tx, const struct message *m,
                                      struct attachment *list, size_t count, struct arena *arena);
/* In the closure of an edit: of `m->attachments` those go that no draft keeps, titles and
 * descriptions change; the new ones are stored. m->attachments becomes the new list. */
MUST_CHECK enum err attachments_replace(struct tx *tx, struct message *m,
                                        const struct attachment_draft *drafts, size_t draft_count,
                                        struct attachment *added, size_t added_count,
                                        struct arena *arena);
/* Of the messages with these ids (ascending or not), in one statement a channel, into their
 * `attachments`, with signed URLs. `c` for the URLs. */
MUST_CHECK enum err attachments_of_messages(struct core *c, struct sql_conn *sql,
                                            struct message *const *messages, size_t count,
                                            struct arena *arena);
/* By its id, without URL. UNKNOWN_ASSET. */
MUST_CHECK enum err attachment_find(struct core *c, uint64_t id, struct arena *arena,
                                    struct attachment *out);
