/* guildhall log replay: the events of a stream as a client would get them now. What people wrote is
 * shown: it is what was asked for. */

#include <inttypes.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "core/guilds.h"
#include "ops/log_priv.h"
#include "ops/ops_commands.h"
#include "wire/json_write.h"

enum { REPLAY_DEFAULT = 100, PAGE_EVENTS = 64, LINE_BYTES_MAX = 4 * 1024 * 1024 };

struct replay {
    struct stream stream;
    uint64_t after;
    uint64_t left;
    struct event *page[PAGE_EVENTS];
    size_t count;
};

static void on_event(void *ctx, struct event *e)
{
    struct replay *r = ctx;
    r->page[r->count++] = e;
}

static void put_payload(struct buf *b, const struct bytes *payload)
{
    if (payload == NULL) {
        buf_append_cstr(b, "null");
    } else if (buf_reserve(b, (size_t)payload->total + 1)) {
        buf_putc(b, '{'); /* the gateway would put {"s":N, here */
        bytes_copy(payload, b->data + b->len);
        b->len += payload->total;
    }
}

static void print_event(const struct event *e, struct buf *line, const struct ops_io *io)
{
    struct json_writer w;
    const struct event_info *info = event_info(e->kind);
    buf_reset(line);
    json_begin(&w, line);
    json_object_begin(&w);
    json_kv_u64(&w, "position", e->position);
    json_kv_time(&w, "at", e->at_ms);
    json_kv_cstr(&w, "kind", info != NULL ? info->name : "");
    json_kv_id_or_null(&w, "guild_id", e->guild_id);
    json_kv_id_or_null(&w, "channel_id", e->channel_id);
    json_kv_id_or_null(&w, "entity_id", e->entity_id);
    json_kv_id_or_null(&w, "actor_id", e->actor_id);
    json_key(&w, "event");
    put_payload(line, e->payload);
    buf_append_cstr(line, "}\n");
    if (!line->failed)
        io->write(io->ctx, line->data, line->len);
}

/* Also after an error: what came before it. */
static void print_page(struct replay *r, struct buf *line, const struct ops_io *io)
{
    for (size_t i = 0; i < r->count; i++) {
        if (!log_stopped(io))
            print_event(r->page[i], line, io);
        r->after = r->page[i]->position;
        r->left--;
        event_unref(&r->page[i]);
    }
}

static enum err replay_all(struct ops *o, struct replay *r, const struct ops_io *io)
{
    struct buf line;
    unsigned max;
    enum err e;
    buf_init(&line, MEM_CORE, LINE_BYTES_MAX);
    do {
        max = r->left < PAGE_EVENTS ? (unsigned)r->left : PAGE_EVENTS;
        r->count = 0;
        e = events_replay(o->core, r->stream, r->after, max, on_event, r);
        print_page(r, &line, io);
        if (e == ERR_RETRY && r->count > 0)
            e = ERR_OK; /* a page that took long: on from where it came to */
        else if (r->count < max)
            break;
    } while (e == ERR_OK && r->left > 0 && !log_stopped(io));
    buf_deinit(&line);
    return e;
}

struct bounds {
    struct stream stream;
    uint64_t trimmed;
    uint64_t head;
};

static enum err read_bounds(struct tx *tx, void *ctx)
{
    struct bounds *b = ctx;
    return event_log_bounds(tx, b->stream, &b->trimmed, &b->head);
}

static enum ops_result tell_trimmed(struct ops *o, const struct replay *r, const struct ops_io *io)
{
    struct bounds b = {.stream = r->stream};
    enum err e = store_read(o->store, read_bounds, &b);
    if (e != ERR_OK)
        return log_failed(io, e);
    ops_printf(io,
               "The log has no longer what follows position %" PRIu64 ". It goes from %" PRIu64
               " to %" PRIu64 "; try --after %" PRIu64 ".\n",
               r->after, b.trimmed + 1, b.head, b.trimmed);
    return OPS_FAILED;
}

static bool parse(const struct ops_args *a, const struct ops_io *io, uint64_t first,
                  struct replay *r)
{
    return ops_option_u64(a, "after", first, io, &r->after) &&
           ops_option_u64(a, "count", REPLAY_DEFAULT, io, &r->left);
}

enum ops_result ops_log_replay(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    struct replay r = {.count = 0};
    struct bounds b = {0};
    const char *stream = ops_option(a, "stream");
    if (!log_parse_stream(stream != NULL ? stream : "", io, &b.stream))
        return OPS_USAGE;
    enum err e = store_read(o->store, read_bounds, &b);
    if (e != ERR_OK)
        return log_failed(io, e);
    r.stream = b.stream;
    if (!parse(a, io, b.trimmed, &r))
        return OPS_USAGE;
    if (r.left > 0)
        e = replay_all(o, &r, io);
    if (e == ERR_LOG_TRIMMED)
        return tell_trimmed(o, &r, io);
    return e == ERR_OK ? OPS_OK : log_failed(io, e);
}
