#pragma once

/* Bytes on their way, in one direction. Header-only. */

#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct pipe {
    char *data;
    size_t start;
    size_t len;
    size_t capacity;
};

static inline void pipe_put(struct pipe *p, const void *data, size_t len)
{
    if (p->start + p->len + len > p->capacity) {
        size_t capacity = 256;
        while (capacity < p->len + len)
            capacity *= 2;
        char *grown = malloc(capacity);
        if (grown == NULL)
            abort();
        if (p->len > 0)
            memcpy(grown, p->data + p->start, p->len);
        free(p->data);
        *p = (struct pipe){grown, 0, p->len, capacity};
    }
    memcpy(p->data + p->start + p->len, data, len);
    p->len += len;
}

static inline void pipe_drop(struct pipe *p, size_t len)
{
    p->start += len;
    p->len -= len;
    if (p->len > 0)
        return;
    free(p->data);
    *p = (struct pipe){0};
}

/* What was sent last is lost. */
static inline void pipe_cut(struct pipe *p)
{
    size_t lost = p->len == 0 ? 0 : sim_below(p->len + 1);
    p->len -= lost;
    pipe_drop(p, 0);
}

static inline size_t pipe_get(struct pipe *p, char *out, size_t max)
{
    size_t n = p->len < max ? p->len : max;
    if (n == 0)
        return 0;
    memcpy(out, p->data + p->start, n);
    pipe_drop(p, n);
    return n;
}
