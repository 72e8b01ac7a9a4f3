/* Pinned messages: two families of routes, of which the older one has no pages. */

#include "core/pins.h"

#include "api/message_write.h"

static enum err set_pin(struct request *r, bool pinned)
{
    struct message_id id;
    enum err e = request_param_id(r, "message_id", &id.v);
    return e == ERR_OK ? pin_set(request_core(r), &r->actor, &r->access, id, pinned) : e;
}

enum err route_pins_add(struct request *r)
{
    return set_pin(r, true);
}

enum err route_pins_remove(struct request *r)
{
    return set_pin(r, false);
}

struct page {
    struct pinned_message *list;
    size_t count;
    bool more;
};

static enum err read_pins(struct request *r, int64_t before_ms, int64_t limit, struct page *out)
{
    return pin_list(request_core(r), &r->actor, &r->access, before_ms, (size_t)limit, &r->arena,
                    &out->list, &out->count, &out->more);
}

static void read_before(struct request *r, int64_t *before_ms)
{
    struct slice text = request_query(r, "before");
    if (text.data != NULL && !clock_iso_parse(text, before_ms))
        request_form_error(r, "before", "DATE_TIME_TYPE_PARSE",
                           "Could not parse value as ISO8601 timestamp");
}

enum err route_pins_page(struct request *r)
{
    int64_t limit = LIMIT_PINS_PAGE;
    int64_t before_ms = INT64_MAX;
    struct page page;
    request_query_int(r, "limit", 1, LIMIT_PINS_PAGE, &limit);
    read_before(r, &before_ms);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = read_pins(r, before_ms, limit, &page);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_key(w, "items");
    json_array_begin(w);
    for (size_t i = 0; i < page.count; i++) {
        json_object_begin(w);
        json_kv_time(w, "pinned_at", page.list[i].at_ms);
        json_key(w, "message");
        message_write(r, w, &page.list[i].message);
        json_object_end(w);
    }
    json_array_end(w);
    json_kv_bool(w, "has_more", page.more);
    json_object_end(w);
    return ERR_OK;
}

enum err route_pins_list(struct request *r)
{
    struct page page;
    enum err e = read_pins(r, INT64_MAX, LIMIT_PINS_PAGE, &page);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < page.count; i++)
        message_write(r, w, &page.list[i].message);
    json_array_end(w);
    return ERR_OK;
}
