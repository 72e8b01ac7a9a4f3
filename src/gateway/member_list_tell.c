/* GUILD_MEMBER_LIST_UPDATE: what those who look at a list are told. Composed once for all who look
 * at the same ranges. */
#include "gateway/member_roster.h"

static void write_group(struct json_writer *w, const struct member_roster *r, uint32_t group,
                        uint32_t count)
{
    const struct member_group *g = &r->groups[group];
    json_object_begin(w);
    if (g->role != 0)
        json_kv_id(w, "id", g->role);
    else
        json_kv_cstr(w, "id", g->name);
    json_kv_u64(w, "count", count);
    json_object_end(w);
}

static void write_item(struct json_writer *w, const struct member_roster *r,
                       const struct member_place *place, uint32_t group, uint32_t count)
{
    if (place == NULL) {
        json_object_begin(w);
        json_key(w, "group");
        write_group(w, r, group, count);
        json_object_end(w);
        return;
    }
    const struct member_card *c = (const struct member_card *)(const void *)place;
    json_raw(w, SLICE("{\"member\":"));
    buf_append(w->out, c->json, c->json_len);
    buf_append_cstr(w->out, ",\"presence\":");
    struct json_writer inner;
    json_begin(&inner, w->out);
    presence_write(&inner, c->place.user, c->presence, 0);
    buf_append_cstr(w->out, "}}");
}

static void begin_op(struct json_writer *w, const char *op)
{
    json_object_begin(w);
    json_kv_cstr(w, "op", op);
}

static void write_range(struct json_writer *w, struct member_range x)
{
    json_key(w, "range");
    json_array_begin(w);
    json_u64(w, x.first);
    json_u64(w, x.last);
    json_array_end(w);
}

static void write_sync(struct json_writer *w, const struct member_list *l, struct member_range x)
{
    uint32_t total = member_rows_total(&l->rows);
    begin_op(w, "SYNC");
    write_range(w, x);
    json_key(w, "items");
    json_array_begin(w);
    for (uint32_t i = x.first; i <= x.last && i < total; i++) {
        struct member_row row = member_rows_at(&l->rows, i);
        write_item(w, l->roster, row.place, row.group, row.count);
    }
    json_array_end(w);
    json_object_end(w);
}

static void write_syncs(struct json_writer *w, const struct member_list *l,
                        const struct member_range *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        write_sync(w, l, list[i]);
}

static void write_invalid(struct json_writer *w, const struct member_ranges *ranges)
{
    for (uint32_t i = 0; i < ranges->count; i++) {
        begin_op(w, "INVALIDATE");
        write_range(w, ranges->list[i]);
        json_object_end(w);
    }
}

static void write_step(struct json_writer *w, const struct member_roster *r,
                       const struct member_step *s)
{
    static const char *const NAMES[] = {
        [MEMBER_INSERT] = "INSERT", [MEMBER_DELETE] = "DELETE", [MEMBER_UPDATE] = "UPDATE"};
    begin_op(w, NAMES[s->kind]);
    json_kv_u64(w, "index", s->index);
    if (s->kind != MEMBER_DELETE) {
        json_key(w, "item");
        write_item(w, r, s->place, s->group, s->count);
    }
    json_object_end(w);
}

static void write_groups(struct json_writer *w, const struct member_list *l)
{
    json_key(w, "groups");
    json_array_begin(w);
    for (uint32_t g = 0; g < l->rows.group_count; g++)
        if (l->rows.counts[g] > 0)
            write_group(w, l->roster, g, l->rows.counts[g]);
    json_array_end(w);
}

/* Up to the ops, which the caller writes. */
static void begin_update(struct json_writer *w, struct buf *out, const struct member_list *l)
{
    const struct guild_sub *s = l->roster->guild;
    dispatch_begin(w, out, DISPATCH_GUILD_MEMBER_LIST_UPDATE);
    json_object_begin(w);
    json_kv_id(w, "guild_id", s->feed.stream.id);
    json_kv_cstr(w, "id", l->id);
    json_kv_u64(w, "member_count", s->member_count);
    json_kv_u64(w, "online_count", presence_count(s->hub->gateway, s->feed.stream.id));
    write_groups(w, l);
    json_key(w, "ops");
    json_array_begin(w);
}

static struct bytes *end_update(struct json_writer *w, struct buf *out)
{
    json_array_end(w);
    json_object_end(w);
    return dispatch_end(out);
}

static struct bytes *anew(const struct member_look *x, struct buf *out)
{
    struct json_writer w;
    const struct member_list *l = x->list;
    begin_update(&w, out, l);
    if (l->told_total > 0)
        write_invalid(&w, &x->ranges);
    write_syncs(&w, l, x->ranges.list, x->ranges.count);
    return end_update(&w, out);
}

/* NULL, and *nothing: the change is none of theirs. */
static struct bytes *change_of(const struct member_look *x, struct buf *out, bool *nothing)
{
    const struct member_list *l = x->list;
    struct member_telling t;
    *nothing = false;
    if (!member_rows_tell(&l->rows, &x->ranges, l->told_total, &t))
        return NULL;
    *nothing = t.step_count == 0 && t.unknown_count == 0;
    if (*nothing)
        return NULL;
    struct json_writer w;
    begin_update(&w, out, l);
    for (uint32_t i = 0; i < l->rows.step_count; i++)
        if (t.steps[i])
            write_step(&w, l->roster, &l->rows.steps[i]);
    write_syncs(&w, l, t.unknown, t.unknown_count);
    return end_update(&w, out);
}

/* A session that is not told something once would show it wrongly for good: it begins anew. */
static void push(struct member_seat *seat, struct bytes *payload)
{
    if (seat->link->class == NULL)
        return; /* not in the guild any more */
    if (payload == NULL)
        session_fail(seat->link->session);
    else
        session_push(seat->link->session, payload);
}

static void tell_look(struct member_look *x)
{
    struct buf *out = &x->list->roster->guild->hub->scratch;
    bool nothing = false;
    struct bytes *payload = x->list->rows.lost ? anew(x, out) : change_of(x, out, &nothing);
    LIST_FOREACH (it, &x->seats)
        if (!nothing)
            push(LIST_OWNER(it, struct member_seat, node), payload);
    bytes_unref(&payload);
}

void member_list_tell(struct member_list *l)
{
    member_rows_count(&l->rows);
    if (!l->rows.lost && l->rows.step_count == 0)
        return;
    LIST_FOREACH (it, &l->looks)
        tell_look(LIST_OWNER(it, struct member_look, node));
    member_rows_told(&l->rows);
    l->told_total = member_rows_total(&l->rows);
}

void member_lists_tell(struct member_roster *r)
{
    LIST_FOREACH (it, &r->lists) {
        struct member_list *l = LIST_OWNER(it, struct member_list, node);
        if (l->filled)
            member_list_tell(l);
    }
}

void member_seat_tell(struct member_seat *seat, const struct member_ranges *gone,
                      const struct member_ranges *fresh)
{
    const struct member_list *l = seat->look->list;
    struct buf *out = &l->roster->guild->hub->scratch;
    struct json_writer w;
    if (gone->count == 0 && fresh->count == 0)
        return;
    begin_update(&w, out, l);
    write_invalid(&w, gone);
    write_syncs(&w, l, fresh->list, fresh->count);
    struct bytes *payload = end_update(&w, out);
    push(seat, payload);
    bytes_unref(&payload);
}
