#pragma once

/*
 * Files that are sent ahead of their message. POST /channels/{id}/attachments announces them and
 * gives a token each (begin); who has the token sends the bytes (find, receive); the message names
 * the token and uses the file up (core/attachments.h), once, in that channel, by that author. What
 * is not used goes after a day (upkeep). A row refers to its blob as MEDIA_UPLOAD.
 */

#include "core/access.h"
#include "core/attachments.h"

enum { UPLOAD_TOKEN_LEN = 32, UPLOADS_PENDING_MAX = 100, UPLOAD_LIFE_MS = 24 * 3600 * 1000 };

struct upload_draft {
    struct slice filename; /* as the client says */
    uint64_t size;
};

struct upload_ticket {
    char token[UPLOAD_TOKEN_LEN + 1];
};

/* A ticket for each, in order. MAX_ATTACHMENTS (of one message, or announced and not used yet),
 * FILE_TOO_LARGE, QUOTA_FULL. */
MUST_CHECK enum err uploads_begin(struct core *c, const struct actor *by, const struct access *a,
                                  const struct upload_draft *drafts, size_t count,
                                  struct upload_ticket *tickets);
/* How many bytes the token is for, and whose it is. UPLOAD_NOT_FOUND, also when it has expired. */
MUST_CHECK enum err uploads_size(struct core *c, struct slice token, uint64_t *bytes,
                                 struct user_id *owner);
/* The bytes have come; again: these take the place of those before. UPLOAD_NOT_FOUND,
 * FILE_TOO_LARGE (more than announced), RETRY. */
MUST_CHECK enum err uploads_receive(struct core *c, struct slice token,
                                    const struct upload_file *f);
/* By who announced it: it is not wanted any more. UPLOAD_NOT_FOUND. */
MUST_CHECK enum err uploads_discard(struct core *c, const struct actor *by, struct slice token);

/* Upkeep: some that have expired. */
MUST_CHECK enum err uploads_expire_step(struct core *c, bool *more);
/* A step of erasing a user, in its closure: some of theirs; *gone less than max: none are left. */
MUST_CHECK enum err uploads_release_user(struct tx *tx, struct user_id user, unsigned max,
                                         unsigned *gone);
