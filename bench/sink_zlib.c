/*
 * The sink's side of a zlib-stream. To inflate a frame takes longer than to send it, so for the
 * rates only the beginning is read: wide events begin with a stored block that holds `{"s":N,`.
 */
#include "sink.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "io.h"

enum { STORED_HEAD = 5 };

struct sink_inflater {
    z_stream z;
};

static char text[SINK_BUFFER_BYTES];

void zlib_begin(struct session *s)
{
    zlib_end(s);
    s->inflater = io_alloc(1, sizeof *s->inflater);
    if (inflateInit(&s->inflater->z) != Z_OK)
        die("inflateInit");
}

void zlib_end(struct session *s)
{
    if (s->inflater == NULL)
        return;
    (void)inflateEnd(&s->inflater->z);
    free(s->inflater);
    s->inflater = NULL;
}

/* What the stored block says that the frame begins with. */
static const char *stored(const char *data, size_t len, size_t *text_len)
{
    size_t n = len < STORED_HEAD ? 0 : (size_t)(uint8_t)data[1] | (size_t)(uint8_t)data[2] << 8;
    if (len < STORED_HEAD || data[0] != 0 || n > len - STORED_HEAD)
        die("a frame that is not everybody's");
    *text_len = n;
    return data + STORED_HEAD;
}

const char *zlib_frame(struct session *s, const char *data, size_t len, size_t *text_len)
{
    if (s->inflater == NULL)
        return stored(data, len, text_len);
    z_stream *z = &s->inflater->z;
    z->next_in = (Bytef *)(uintptr_t)data;
    z->avail_in = (uInt)len;
    z->next_out = (Bytef *)text;
    z->avail_out = sizeof text;
    if (inflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in != 0)
        die("a frame that cannot be inflated");
    *text_len = sizeof text - z->avail_out;
    return text;
}
