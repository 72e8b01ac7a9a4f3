/*
 * From the seats of a user to what others see. The most present session decides the status (online
 * before idle before do-not-disturb), each platform shows the most present of its own, the
 * activities are those of the session that said last that it has some. One session that wants to be
 * invisible hides all: it is the wish of a person, not of a device. Counts make all of that
 * independent of how many sessions somebody has.
 */
#include <string.h>

#include "gateway/presence_priv.h"

const char *presence_status_name(enum presence_status s)
{
    static const char *const NAMES[] = {"online", "idle", "dnd", "invisible", "unknown"};
    return NAMES[s];
}

const char *presence_client_name(enum client_kind c)
{
    static const char *const NAMES[] = {"desktop", "mobile", "web", "embedded"};
    return NAMES[c];
}

static void write_keys(struct buf *out, enum presence_status status, const struct bytes *first,
                       const struct bytes *second,
                       const enum presence_status by_client[CLIENT_KINDS])
{
    bool any = false;
    buf_printf(out, "\"status\":\"%s\",\"activities\":[", presence_status_name(status));
    if (first != NULL)
        buf_append(out, first->data, first->len);
    if (first != NULL && second != NULL)
        buf_putc(out, ',');
    if (second != NULL)
        buf_append(out, second->data, second->len);
    buf_append_cstr(out, "],\"client_status\":{");
    for (int c = 0; c < CLIENT_KINDS; c++) {
        if (by_client[c] >= PRESENCE_INVISIBLE)
            continue;
        buf_printf(out, "%s\"%s\":\"%s\"", any ? "," : "",
                   presence_client_name((enum client_kind)c), presence_status_name(by_client[c]));
        any = true;
    }
    buf_putc(out, '}');
}

static struct bytes *make_json(enum presence_status status, const struct bytes *first,
                               const struct bytes *second,
                               const enum presence_status by_client[CLIENT_KINDS])
{
    struct buf b;
    buf_init(&b, MEM_GATEWAY, 4 * ACTIVITIES_BYTES_MAX);
    write_keys(&b, status, first, second, by_client);
    struct bytes *made = b.failed ? NULL : bytes_new(buf_slice(&b));
    buf_deinit(&b);
    return made;
}

struct bytes *presence_plain_json(enum client_kind client, enum presence_status status)
{
    enum presence_status by_client[CLIENT_KINDS];
    for (int c = 0; c < CLIENT_KINDS; c++)
        by_client[c] = c == (int)client ? status : PRESENCE_UNKNOWN;
    return make_json(status, NULL, NULL, by_client);
}

/* The status of each platform, and of all; UNKNOWN: nobody there. Invisible: hidden. */
static enum presence_status survey(const struct presence_user *u,
                                   enum presence_status by_client[CLIENT_KINDS])
{
    enum presence_status best = PRESENCE_UNKNOWN;
    bool hidden = false;
    for (int c = 0; c < CLIENT_KINDS; c++) {
        by_client[c] = PRESENCE_UNKNOWN;
        for (int s = PRESENCE_INVISIBLE - 1; s >= 0; s--)
            if (u->counts[c][s] > 0)
                by_client[c] = (enum presence_status)s;
        hidden = hidden || u->counts[c][PRESENCE_INVISIBLE] > 0;
        if (by_client[c] < best)
            best = by_client[c];
    }
    return hidden ? PRESENCE_INVISIBLE : best;
}

/* With activities: at the front of the list. */
static const struct seat *leading_seat(const struct presence_user *u)
{
    if (list_empty(&u->seats))
        return NULL;
    const struct seat *first = LIST_OWNER(u->seats.next, struct seat, node);
    return first->activities != NULL ? first : NULL;
}

/* NULL when memory is short. */
static struct bytes *merged_json(struct presences *p, const struct presence_user *u,
                                 enum presence_status status,
                                 const enum presence_status by_client[CLIENT_KINDS])
{
    const struct seat *lead = leading_seat(u);
    const struct bytes *custom = lead != NULL && lead->custom ? NULL : u->custom;
    int clients = 0, client = 0;
    for (int c = 0; c < CLIENT_KINDS; c++) {
        if (by_client[c] >= PRESENCE_INVISIBLE)
            continue;
        clients++;
        client = c;
    }
    if (lead == NULL && custom == NULL && clients == 1)
        return bytes_ref(p->plain[client][status]);
    return make_json(status, custom, lead == NULL ? NULL : lead->activities, by_client);
}

static bool same(const struct presence *a, const struct bytes *json)
{
    return a != NULL && a->json->len == json->len &&
           memcmp(a->json->data, json->data, json->len) == 0;
}

static struct presence *make(uint64_t user, enum presence_status status, struct bytes *json)
{
    struct presence *made = mem_zalloc(MEM_GATEWAY, sizeof *made);
    if (made == NULL)
        return NULL;
    atomic_init(&made->refs, 1);
    made->status = status;
    made->user = user;
    made->json = bytes_ref(json);
    return made;
}

bool presence_merge(struct presences *p, struct presence_user *u)
{
    enum presence_status by_client[CLIENT_KINDS];
    enum presence_status status = survey(u, by_client);
    struct presence *now = NULL;
    if (status < PRESENCE_INVISIBLE) {
        struct bytes *json = merged_json(p, u, status, by_client);
        if (json != NULL && same(u->now, json)) {
            bytes_unref(&json);
            return false;
        }
        /* When memory is short: rather offline than something that is not so. */
        now = json == NULL ? NULL : make(u->id, status, json);
        bytes_unref(&json);
    }
    if (now == NULL && u->now == NULL)
        return false;
    presence_unref(&u->now);
    u->now = now;
    return true;
}

static void write_session(struct json_writer *w, const char *id, const char *status,
                          const struct bytes *activities, const char *os, const char *client)
{
    json_object_begin(w);
    json_kv_cstr(w, "session_id", id);
    json_kv_cstr(w, "status", status);
    json_key(w, "activities");
    json_array_begin(w);
    if (activities != NULL)
        json_raw(w, slice_of(activities->data, activities->len));
    json_array_end(w);
    json_kv_raw(w, "hidden_activities", "[]");
    json_key(w, "client_info");
    json_object_begin(w);
    json_kv_u64(w, "version", 0);
    json_kv_cstr(w, "os", os);
    json_kv_cstr(w, "client", client);
    json_object_end(w);
    json_kv_bool(w, "active", true);
    json_object_end(w);
}

/* "invisible can only be sent": the user's own sessions read it too, as userdoccers' examples do.
 */
void presence_write_seats(struct json_writer *w, const struct presence_user *u)
{
    unsigned written = 0;
    json_array_begin(w);
    if (u->seat_count > 1) {
        enum presence_status by_client[CLIENT_KINDS];
        const struct seat *lead = leading_seat(u);
        write_session(w, "all", presence_status_name(survey(u, by_client)),
                      lead == NULL ? u->custom : lead->activities, "unknown", "unknown");
    }
    LIST_FOREACH (it, &u->seats) {
        const struct seat *s = LIST_OWNER(it, struct seat, node);
        if (written++ == PRESENCE_SESSIONS_SHOWN)
            break;
        write_session(w, s->id, presence_status_name(s->status), s->activities, s->os,
                      presence_client_name(s->client));
    }
    json_array_end(w);
}
