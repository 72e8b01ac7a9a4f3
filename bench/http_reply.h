#pragma once

/* As much of HTTP/1.1 replies as a load generator needs: where one ends and what its status is. */

#include <stddef.h>

/* Length of the reply that starts at data, head and body, or 0 if its head is not complete yet.
 * Only replies with Content-Length are understood; anything else ends the program. */
size_t http_reply_length(const char *data, size_t len);
/* The status of a reply whose head is complete. */
int http_reply_status(const char *data);
