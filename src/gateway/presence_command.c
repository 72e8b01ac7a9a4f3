/* Presence Update (op 3), and a seat on its way to another process. */
#include "gateway/presence_priv.h"

/* docs: 5 in 20 s. What is over that is dropped, as Discord does: the client has been told so, and
 * to close its connection would make an Identify of it. */
static bool within_rate(struct session *s)
{
    struct seat *seat = s->seat;
    uint64_t now_ms = loop_now_ms(s->hub->loop);
    if (!s->hub->gateway->options.limits_enabled || seat == NULL)
        return true;
    if (seat->window_updates == 0 || now_ms - seat->window_start_ms >= PRESENCE_UPDATES_MS) {
        seat->window_start_ms = now_ms;
        seat->window_updates = 0;
    }
    if (seat->window_updates == PRESENCE_UPDATES_MAX)
        return false;
    seat->window_updates++;
    return true;
}

void gw_op_presence(struct session *s, const json_t *d)
{
    if (!within_rate(s)) {
        log_debug(loop_log(s->hub->loop), "gateway", "presence update over the limit",
                  LOG_S("session", s->id));
        return;
    }
    enum err e = presence_change(s, d);
    if (e != ERR_OK && s->conn != NULL)
        gw_conn_close(s->conn, e);
}

/* ---- hand-over ---- */

/* Activities go as they were written, inside brackets: they have been checked. */
void presence_save(struct session *s, json_t *out)
{
    const struct seat *seat = s->seat;
    if (seat == NULL)
        return;
    bool ok = json_object_set_new(out, "status", json_integer(seat->status)) == 0 &&
              json_object_set_new(out, "client", json_integer(seat->client)) == 0 &&
              json_object_set_new(out, "os", json_string(seat->os)) == 0 &&
              json_object_set_new(out, "since", json_integer(seat->since_ms)) == 0 &&
              json_object_set_new(out, "afk", json_boolean(seat->afk)) == 0 &&
              json_object_set_new(out, "custom", json_boolean(seat->custom)) == 0 &&
              json_object_set_new(out, "at", json_integer(seat->activities_at_ms)) == 0;
    if (ok && seat->activities != NULL)
        ok = json_object_set_new(out, "activities",
                                 json_stringn(seat->activities->data, seat->activities->len)) == 0;
    if (!ok)
        log_warn(loop_log(s->hub->loop), "gateway", "a presence is not handed over",
                 LOG_S("session", s->id));
}

static bool in_range(const json_t *v, json_int_t end)
{
    return json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) < end;
}

/* What does not read as a seat is one that has said nothing. */
void presence_restore(struct session *s, const json_t *saved)
{
    const json_t *status = json_object_get(saved, "status");
    const json_t *client = json_object_get(saved, "client");
    const json_t *activities = json_object_get(saved, "activities");
    json_t *properties = json_pack("{s:O?}", "os", json_object_get(saved, "os"));
    enum err e = presence_sit(s, properties, NULL);
    json_decref(properties);
    struct seat *seat = s->seat;
    if (e != ERR_OK || seat == NULL)
        return;
    if (in_range(status, PRESENCE_UNKNOWN + 1))
        seat->status = (enum presence_status)json_integer_value(status);
    if (in_range(client, CLIENT_KINDS))
        seat->client = (enum client_kind)json_integer_value(client);
    seat->since_ms = json_integer_value(json_object_get(saved, "since"));
    seat->afk = json_is_true(json_object_get(saved, "afk"));
    seat->custom = json_is_true(json_object_get(saved, "custom"));
    seat->activities_at_ms = json_integer_value(json_object_get(saved, "at"));
    if (json_string_length(activities) > 0)
        seat->activities = bytes_new(json_read_str(activities));
    presence_join(s, PRESENCE_ONLINE, NULL, NULL);
    for (uint32_t i = 0; i < s->link_count; i++)
        if (s->links[i]->class != NULL)
            presence_link_enters(s->links[i]);
    if (!s->who.bot)
        presence_read_person(s->user, s->who.user.v);
}
