/* guildhall log tail: the newest rows of the event log. */

#include "ops/log_priv.h"
#include "ops/ops_commands.h"

enum { TAIL_DEFAULT = 20, TAIL_MAX = 1000, FOLLOW_ROWS = 1000 };

struct tail {
    struct stream stream; /* kind 0: all */
    uint64_t count;
    bool follow;
    bool json;
};

static bool parse(const struct ops_args *a, const struct ops_io *io, struct tail *out)
{
    const char *stream = ops_option(a, "stream");
    *out = (struct tail){.follow = ops_option(a, "follow") != NULL,
                         .json = ops_option(a, "json") != NULL};
    if (stream != NULL && !log_parse_stream(stream, io, &out->stream))
        return false;
    if (!ops_option_u64(a, "count", TAIL_DEFAULT, io, &out->count))
        return false;
    if (out->count >= 1 && out->count <= TAIL_MAX)
        return true;
    ops_printf(io, "--count must be from 1 to %d.\n", TAIL_MAX);
    return false;
}

static enum err follow(struct ops *o, const struct tail *t, struct log_heads *heads,
                       const struct ops_io *io)
{
    struct log_rows rows;
    enum err e = ERR_NO_MEMORY;
    if (log_rows_init(&rows, FOLLOW_ROWS))
        e = log_follow(o->store, t->stream, heads, t->json, io, &rows);
    log_rows_deinit(&rows);
    return e == ERR_STOPPING ? ERR_OK : e;
}

enum ops_result ops_log_tail(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    struct tail t;
    struct log_rows rows;
    if (!parse(a, io, &t))
        return OPS_USAGE;
    struct log_heads *heads = log_heads_new();
    enum err e = ERR_NO_MEMORY;
    if (heads != NULL && log_rows_init(&rows, t.count)) {
        e = log_newest(o->store, t.stream, io, t.follow ? log_heads_note : NULL, heads, &rows);
        if (e == ERR_OK)
            log_rows_print(&rows, t.json, io);
        log_rows_deinit(&rows);
    }
    if (e == ERR_OK && t.follow)
        e = follow(o, &t, heads, io);
    log_heads_free(&heads);
    return e == ERR_OK ? OPS_OK : log_failed(io, e);
}
