#pragma once

/*
 * What goes over the admin socket, <data>/admin.sock, a Unix stream socket: one command a
 * connection. The client sends a frame 'q': the folder it runs in and then the command's arguments,
 * each ended by a NUL. The server answers with frames 'o' (a piece of output) and at last 'x' (one
 * byte, the exit code). A frame is its letter, its length in four bytes, big-endian, and so many
 * bytes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"

enum {
    ADMIN_REQUEST_BYTES_MAX = 64 * 1024,
    ADMIN_OUTPUT_BYTES_MAX = 16 * 1024, /* of one frame; longer output is several */
    ADMIN_ARGUMENTS_MAX = 64
};

enum admin_frame { ADMIN_REQUEST = 'q', ADMIN_OUTPUT = 'o', ADMIN_EXIT = 'x' };

struct sockaddr_un;
/*
 * The socket's address by way of an open folder, since a path may be longer than an address holds.
 * False if the folder cannot be opened (errno); else the caller closes *folder after use.
 */
MUST_CHECK bool admin_address(const char *data, struct sockaddr_un *out, int *folder);

/* Blocking, both: false when the other side is gone, too slow (the socket's timeouts), or wrote
 * what is no frame of this kind, or a longer one than max. */
MUST_CHECK bool admin_send(int fd, enum admin_frame kind, const char *data, size_t len);
MUST_CHECK bool admin_receive(int fd, char *kind, char *data, size_t max, size_t *len);
