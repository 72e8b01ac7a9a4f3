#include "gateway/handover_state.h"

#include <string.h>

enum { FORMAT = 1, GUILDS_MAX = 1 << 16, NUMBER_BYTES_MAX = 10 };

static void put(struct buf *out, uint64_t v)
{
    while (v >= 0x80) {
        buf_putc(out, (char)(v | 0x80));
        v >>= 7;
    }
    buf_putc(out, (char)v);
}

/* Differences, either way, in few bytes. */
static void put_step(struct buf *out, uint32_t from, uint32_t to)
{
    int64_t d = (int64_t)to - (int64_t)from;
    put(out, d < 0 ? (uint64_t)(-d) * 2 - 1 : (uint64_t)d * 2);
}

static void put_text(struct buf *out, struct slice s)
{
    put(out, s.len);
    buf_append_slice(out, s);
}

static bool get(struct slice *in, uint64_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < NUMBER_BYTES_MAX && i < in->len; i++) {
        uint8_t byte = (uint8_t)in->data[i];
        if (i == NUMBER_BYTES_MAX - 1 && byte > 1)
            return false;
        *v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *in = slice_of(in->data + i + 1, in->len - i - 1);
            return true;
        }
    }
    return false;
}

static bool get_u32(struct slice *in, uint32_t *v)
{
    uint64_t wide;
    if (!get(in, &wide) || wide > UINT32_MAX)
        return false;
    *v = (uint32_t)wide;
    return true;
}

static bool get_step(struct slice *in, uint32_t from, uint32_t *to)
{
    uint64_t d;
    if (!get(in, &d) || d > UINT64_C(2) * UINT32_MAX)
        return false;
    int64_t v = (int64_t)from + ((d & 1) != 0 ? -(int64_t)((d + 1) / 2) : (int64_t)(d / 2));
    if (v < 0 || v > UINT32_MAX)
        return false;
    *to = (uint32_t)v;
    return true;
}

static bool get_text(struct slice *in, struct slice *out)
{
    uint64_t len;
    if (!get(in, &len) || len > in->len)
        return false;
    *out = slice_of(in->data, (size_t)len);
    *in = slice_of(in->data + len, in->len - (size_t)len);
    return true;
}

void saved_session_write(struct buf *out, const struct saved_session *s)
{
    put(out, FORMAT);
    put_text(out, s->id);
    put(out, s->application_flags);
    put(out, s->bot);
    put(out, s->intents);
    put(out, s->shard_id);
    put(out, s->shard_count);
    put(out, s->large_threshold);
    put(out, s->version);
    put(out, s->capabilities);
    put(out, s->asked_seq);
    put(out, s->asked_bytes);
    put(out, s->user_position);
    put(out, s->seq);
    put(out, (uint64_t)s->seen_day_ms);
    put_text(out, s->more);
    put(out, s->guild_count);
    for (uint32_t i = 0; i < s->guild_count; i++) {
        put(out, s->guilds[i].id);
        put(out, s->guilds[i].position);
    }
    put(out, s->set);
    put(out, s->payload_count);
    for (uint32_t i = 0; i < s->payload_count; i++)
        put_step(out, i == 0 ? 0 : s->payloads[i - 1], s->payloads[i]);
}

static bool read_guilds(struct slice *in, struct arena *arena, struct saved_session *s)
{
    /* Each needs two bytes at least: a false count asks for no memory. */
    if (!get_u32(in, &s->guild_count) || s->guild_count > GUILDS_MAX || s->guild_count > in->len)
        return false;
    s->guilds = arena_array(arena, s->guild_count + 1, sizeof *s->guilds);
    if (s->guilds == NULL)
        return false;
    for (uint32_t i = 0; i < s->guild_count; i++) {
        if (!get(in, &s->guilds[i].id) || !get(in, &s->guilds[i].position))
            return false;
    }
    return true;
}

static bool read_payloads(struct slice *in, struct arena *arena, struct saved_session *s)
{
    if (!get_u32(in, &s->set) || s->set >= SAVED_SETS_MAX || !get_u32(in, &s->payload_count) ||
        s->payload_count > in->len || s->payload_count > s->seq)
        return false;
    s->payloads = arena_array(arena, (size_t)s->payload_count + 1, sizeof *s->payloads);
    if (s->payloads == NULL)
        return false;
    for (uint32_t i = 0; i < s->payload_count; i++) {
        if (!get_step(in, i == 0 ? 0 : s->payloads[i - 1], &s->payloads[i]))
            return false;
    }
    return true;
}

bool saved_session_read(struct slice in, struct arena *arena, struct saved_session *out)
{
    struct saved_session s = {0};
    uint64_t format;
    uint64_t bot;
    uint64_t seen;
    if (!get(&in, &format) || format != FORMAT || !get_text(&in, &s.id) ||
        !get(&in, &s.application_flags) || !get(&in, &bot) || bot > 1 || !get_u32(&in, &s.intents))
        return false;
    if (!get_u32(&in, &s.shard_id) || !get_u32(&in, &s.shard_count) ||
        s.shard_id >= s.shard_count || !get_u32(&in, &s.large_threshold) ||
        !get_u32(&in, &s.version) || !get(&in, &s.capabilities) || !get(&in, &s.asked_seq) ||
        !get(&in, &s.asked_bytes))
        return false;
    if (!get(&in, &s.user_position) || !get(&in, &s.seq) || !get(&in, &seen) ||
        !get_text(&in, &s.more))
        return false;
    s.bot = bot != 0;
    s.seen_day_ms = (int64_t)seen;
    if (!read_guilds(&in, arena, &s) || !read_payloads(&in, arena, &s) || in.len != 0)
        return false;
    *out = s;
    return true;
}

void saved_payloads_begin(struct buf *out, uint32_t set, uint32_t first)
{
    put(out, set);
    put(out, first);
}

bool saved_payloads_read(struct slice *in, uint32_t *set, uint32_t *first)
{
    return get_u32(in, set) && *set < SAVED_SETS_MAX && get_u32(in, first);
}

void saved_payload_length(struct buf *out, size_t len)
{
    put(out, len);
}

bool saved_payload_next(struct slice *in, struct slice *payload)
{
    return get_text(in, payload);
}
