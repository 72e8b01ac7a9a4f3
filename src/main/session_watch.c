#include "main/session_watch.h"

#include "gateway/gateway.h"

struct screen {
    const struct ops_io *io;
};

static void write_lines(void *ctx, struct slice lines)
{
    const struct screen *s = ctx;
    s->io->write(s->io->ctx, lines.data, lines.len);
}

static bool is_stopped(void *ctx)
{
    const struct screen *s = ctx;
    return s->io->stopped(s->io->ctx);
}

enum err session_watch(void *gateway, const char *session_id, const struct ops_io *io)
{
    struct screen screen = {io};
    const struct gateway_watcher w = {&screen, write_lines, is_stopped};
    return gateway_inspect(gateway, slice_from(session_id), &w);
}
