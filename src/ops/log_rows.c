/* Rows of the event log as lines: for people, or as JSON. Never what anybody wrote. */

#include "ops/log_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wire/json_write.h"

enum { ROW_BYTES_MAX = 1024, STREAM_NAME_MAX = 40 };

bool log_rows_init(struct log_rows *r, size_t max)
{
    *r = (struct log_rows){.items = mem_array(MEM_CORE, max, sizeof *r->items), .max = max};
    return r->items != NULL;
}

void log_rows_deinit(struct log_rows *r)
{
    mem_free(MEM_CORE, r->items);
    *r = (struct log_rows){0};
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int log_rows_compare(const struct event_row *x, const struct event_row *y)
{
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    int order = compare_u64(x->stream.kind, y->stream.kind);
    if (order == 0)
        order = compare_u64(x->stream.id, y->stream.id);
    return order != 0 ? order : compare_u64(x->position, y->position);
}

static int compare(const void *a, const void *b)
{
    return log_rows_compare(a, b);
}

void log_rows_sort(struct log_rows *r)
{
    if (r->count > 1)
        qsort(r->items, r->count, sizeof *r->items, compare);
}

static void name_stream(struct stream s, char out[STREAM_NAME_MAX])
{
    (void)snprintf(out, STREAM_NAME_MAX, "%s:%" PRIu64, stream_kind_name(s.kind), s.id);
}

/* A number that this version does not know stands for itself. */
static void name_kind(enum event_kind kind, char out[STREAM_NAME_MAX])
{
    const struct event_info *info = event_info(kind);
    if (info != NULL)
        (void)snprintf(out, STREAM_NAME_MAX, "%s", info->name);
    else
        (void)snprintf(out, STREAM_NAME_MAX, "%u", (unsigned)kind);
}

static void put_id(struct buf *b, const char *name, uint64_t id)
{
    if (id != 0)
        buf_printf(b, " %s=%" PRIu64, name, id);
}

static void put_text(struct buf *b, const struct event_row *row)
{
    char time[CLOCK_ISO_LEN + 1];
    char stream[STREAM_NAME_MAX];
    char kind[STREAM_NAME_MAX];
    clock_iso(row->at_ms, time);
    name_stream(row->stream, stream);
    name_kind(row->kind, kind);
    buf_printf(b, "%.23sZ %s %" PRIu64 " %s", time, stream, row->position, kind);
    put_id(b, "guild", row->guild_id);
    put_id(b, "channel", row->channel_id);
    put_id(b, "entity", row->entity_id);
    put_id(b, "actor", row->actor_id);
}

static void put_json(struct buf *b, const struct event_row *row)
{
    struct json_writer w;
    char stream[STREAM_NAME_MAX];
    char kind[STREAM_NAME_MAX];
    name_stream(row->stream, stream);
    name_kind(row->kind, kind);
    json_begin(&w, b);
    json_object_begin(&w);
    json_kv_time(&w, "at", row->at_ms);
    json_kv_cstr(&w, "stream", stream);
    json_kv_u64(&w, "position", row->position);
    json_kv_cstr(&w, "kind", kind);
    json_kv_id_or_null(&w, "guild_id", row->guild_id);
    json_kv_id_or_null(&w, "channel_id", row->channel_id);
    json_kv_id_or_null(&w, "entity_id", row->entity_id);
    json_kv_id_or_null(&w, "actor_id", row->actor_id);
    json_object_end(&w);
}

void log_rows_print(const struct log_rows *r, bool json, const struct ops_io *io)
{
    struct buf line;
    buf_init(&line, MEM_CORE, ROW_BYTES_MAX);
    for (size_t i = 0; i < r->count && !log_stopped(io); i++) {
        buf_reset(&line);
        if (json)
            put_json(&line, &r->items[i]);
        else
            put_text(&line, &r->items[i]);
        buf_putc(&line, '\n');
        if (!line.failed)
            io->write(io->ctx, line.data, line.len);
    }
    buf_deinit(&line);
}
