#pragma once

/*
 * Bodies with files, streamed to the disk while they come. A route takes them if it has a row in
 * request_uploads.def; its handler finds what came in r->uploads, as blobs that are durable and
 * that nobody refers to yet: attachments refer to them, or they go by themselves after an hour.
 *
 *   FORM  JSON, or multipart/form-data: `payload_json` is the JSON that the row's shape judges
 * (loose fields "content", "nonce", "tts" ... if there is none), every part with a file name is a
 * file RAW   the body is the bytes of one file (PUT)
 *
 * The row's admit function, upload_admit_<name>, runs on a worker when the head has come and before
 * anything of a large body is read, after the caller and their permissions were looked at: it says
 * how much may come, or refuses; *out is filled with the server's own limits and one file. The path
 * (request_param), the headers (r->x->request), r->principal and r->access are there; r->body is
 * not. It runs once more before the handler if the body was small.
 *
 * Errors before the handler runs: ENTITY_TOO_LARGE (a file beyond file_bytes_max, a body beyond the
 * limits: 413, at the head if the length is declared, in the middle otherwise), MAX_ATTACHMENTS
 * (more than files_max), BAD_REQUEST (no well-formed form, two parts of one name), INVALID_FORM,
 * STORE_FULL, STORE_IO, OVERLOADED.
 */

#include "api/request.h"
#include "core/attachments.h"

enum { REQUEST_FILES_MAX = 16 };

struct upload_limits {
    uint64_t file_bytes_max; /* of one file */
    uint64_t body_bytes_max; /* of the whole body; the server's own limit holds too */
    unsigned files_max;      /* at most REQUEST_FILES_MAX */
    enum err files_refused;  /* what the first file is answered with; ERR_OK: files may come */
    struct user_id owner;    /* whose they are; the caller, if there is one */
};

/* A file of the request, in the order in which they came. */
struct request_file {
    struct slice field;      /* the part's name: "files[0]", "file"; RAW: "" */
    int64_t index;           /* n of "files[n]"; -1: another name */
    struct upload_file file; /* file.content_type as the client says */
};

struct request_uploads {
    struct request_file *files;
    size_t count;
};
/* In struct request: `const struct request_uploads *uploads`, never NULL in a handler whose route
 * has a row here (count 0: JSON, or a form without files), NULL in others. */

/* clang-format off */
#define X(name, kind, judge) \
    MUST_CHECK enum err upload_admit_##judge(struct request *r, struct upload_limits *out);
#include "api/request_uploads.def"
#undef X
/* clang-format on */

/* The file whose part is named files[index] (also "file" and "file<n>", as old clients have it);
 * NULL: none. */
const struct request_file *request_file_at(const struct request *r, uint64_t index);
