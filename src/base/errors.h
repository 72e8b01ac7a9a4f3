#pragma once

/* One table of errors for every layer: errors.def. Zero is success. Fallible functions return an
 * `enum err` and are MUST_CHECK; their out-parameters are untouched on failure. */

enum err {
    ERR_OK = 0,
#define X(name, json, status, close, text) ERR_##name,
#include "base/errors.def"
#undef X
    ERR_COUNT
};

struct err_info {
    const char *name; /* "UNKNOWN_CHANNEL" */
    int json_code;    /* Discord's JSON error code, 0 for plain HTTP errors */
    int http_status;  /* 0: not an HTTP error */
    int close_code;   /* WebSocket close code, 0: not a gateway error */
    const char *text; /* public */
};

/* Static; e in range, asserted. */
const struct err_info *err_info(enum err e);
