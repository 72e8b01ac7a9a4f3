/*
 * What clients say of themselves: Identify's presence and op 3 (docs and userdoccers, "Update
 * Presence", "Activity"). Everything that is shown to others is checked against a table and written
 * anew, field by field: what is not in the table is left out, as are the secrets and metadata that
 * only an application may read. Bots have a few fields, people all.
 */
#include <string.h>

#include "gateway/presence_priv.h"
#include "wire/utf8.h"

enum { ACTIVITY_CUSTOM = 4, ACTIVITY_STREAMING = 1, ACTIVITY_TYPE_MAX = 6 };
enum { NAME_MAX_CHARS = 128, URL_MAX_CHARS = 512, INTEGER_MAX = INT32_MAX };

enum value_kind {
    VALUE_TEXT,   /* up to max characters */
    VALUE_NUMBER, /* 0 to max */
    VALUE_TIME,   /* ms since 1970, also as a string of digits */
    VALUE_ID,
    VALUE_BOOL,
    VALUE_TEXTS, /* up to max of them, of 128 characters */
    VALUE_PAIR,  /* of numbers */
    VALUE_OBJECT
};

struct value_rule {
    const char *key;
    enum value_kind kind;
    int64_t max;
    bool bots; /* may say it too */
    const struct value_rule *inside;
};

static const struct value_rule TIMESTAMPS[] = {
    {.key = "start", .kind = VALUE_TIME},
    {.key = "end", .kind = VALUE_TIME},
    {.key = NULL},
};
static const struct value_rule EMOJI[] = {
    {.key = "name", .kind = VALUE_TEXT, .max = 64},
    {.key = "id", .kind = VALUE_ID},
    {.key = "animated", .kind = VALUE_BOOL},
    {.key = NULL},
};
static const struct value_rule PARTY[] = {
    {.key = "id", .kind = VALUE_TEXT, .max = 128},
    {.key = "size", .kind = VALUE_PAIR},
    {.key = NULL},
};
static const struct value_rule ASSETS[] = {
    {.key = "large_image", .kind = VALUE_TEXT, .max = 313},
    {.key = "large_text", .kind = VALUE_TEXT, .max = 128},
    {.key = "large_url", .kind = VALUE_TEXT, .max = 256},
    {.key = "small_image", .kind = VALUE_TEXT, .max = 313},
    {.key = "small_text", .kind = VALUE_TEXT, .max = 128},
    {.key = "small_url", .kind = VALUE_TEXT, .max = 256},
    {.key = NULL},
};
static const struct value_rule ACTIVITY[] = {
    {.key = "state", .kind = VALUE_TEXT, .max = 128, .bots = true},
    {.key = "details", .kind = VALUE_TEXT, .max = 128},
    {.key = "details_url", .kind = VALUE_TEXT, .max = 256},
    {.key = "state_url", .kind = VALUE_TEXT, .max = 256},
    {.key = "application_id", .kind = VALUE_ID},
    {.key = "parent_application_id", .kind = VALUE_ID},
    {.key = "status_display_type", .kind = VALUE_NUMBER, .max = 2},
    {.key = "platform", .kind = VALUE_TEXT, .max = 32},
    {.key = "supported_platforms", .kind = VALUE_TEXTS, .max = 10},
    {.key = "sync_id", .kind = VALUE_TEXT, .max = 128},
    {.key = "flags", .kind = VALUE_NUMBER, .max = INTEGER_MAX},
    {.key = "buttons", .kind = VALUE_TEXTS, .max = 2},
    {.key = "timestamps", .kind = VALUE_OBJECT, .inside = TIMESTAMPS},
    {.key = "emoji", .kind = VALUE_OBJECT, .inside = EMOJI},
    {.key = "party", .kind = VALUE_OBJECT, .inside = PARTY},
    {.key = "assets", .kind = VALUE_OBJECT, .inside = ASSETS},
    {.key = NULL},
};

/* ---- values ---- */

static bool is_text(const json_t *v, size_t max)
{
    return json_is_string(v) && utf8_count(json_read_str(v)) <= max;
}

static bool read_number(const json_t *v, int64_t max, int64_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > max)
        return false;
    *out = json_integer_value(v);
    return true;
}

static bool write_time(struct json_writer *w, const json_t *v)
{
    int64_t ms;
    uint64_t digits;
    if (read_number(v, INT64_MAX, &ms))
        json_i64(w, ms);
    else if (json_is_string(v) && slice_to_u64(json_read_str(v), &digits))
        json_u64(w, digits);
    else if (json_is_real(v) && json_real_value(v) >= 0 && json_real_value(v) < 1e15)
        json_i64(w, (int64_t)json_real_value(v)); /* as some clients divide */
    else
        return false;
    return true;
}

static bool write_texts(struct json_writer *w, const json_t *v, int64_t max)
{
    if (!json_is_array(v) || json_array_size(v) > (size_t)max)
        return false;
    bool ok = true;
    json_array_begin(w);
    for (size_t i = 0; i < json_array_size(v) && ok; i++) {
        ok = is_text(json_array_get(v, i), NAME_MAX_CHARS);
        if (ok)
            json_str(w, json_read_str(json_array_get(v, i)));
    }
    json_array_end(w);
    return ok;
}

static bool write_pair(struct json_writer *w, const json_t *v)
{
    int64_t a, b;
    if (json_array_size(v) != 2 || !read_number(json_array_get(v, 0), INTEGER_MAX, &a) ||
        !read_number(json_array_get(v, 1), INTEGER_MAX, &b))
        return false;
    json_array_begin(w);
    json_i64(w, a);
    json_i64(w, b);
    json_array_end(w);
    return true;
}

static bool write_rules(struct json_writer *w, const json_t *d, const struct value_rule *rules,
                        bool bot);

/* Objects nest no deeper than the tables do. */
static bool write_plain(struct json_writer *w, const json_t *v, const struct value_rule *r)
{
    int64_t number;
    uint64_t id;
    switch (r->kind) {
    case VALUE_TEXT:
        if (!is_text(v, (size_t)r->max))
            return false;
        json_str(w, json_read_str(v));
        return true;
    case VALUE_NUMBER:
        if (!read_number(v, r->max, &number))
            return false;
        json_i64(w, number);
        return true;
    case VALUE_ID:
        if (!json_read_snowflake(v, &id))
            return false;
        json_id(w, id);
        return true;
    case VALUE_BOOL:
        json_bool(w, json_is_true(v));
        return json_is_boolean(v);
    case VALUE_TIME:
        return write_time(w, v);
    case VALUE_TEXTS:
        return write_texts(w, v, r->max);
    case VALUE_PAIR:
        return write_pair(w, v);
    case VALUE_OBJECT:
        break;
    }
    if (!json_is_object(v))
        return false;
    json_object_begin(w);
    if (!write_rules(w, v, r->inside, false))
        return false;
    json_object_end(w);
    return true;
}

static bool write_rules(struct json_writer *w, const json_t *d, const struct value_rule *rules,
                        bool bot)
{
    for (const struct value_rule *r = rules; r->key != NULL; r++) {
        const json_t *v = json_object_get(d, r->key);
        if (v == NULL || json_is_null(v) || (bot && !r->bots))
            continue;
        json_key(w, r->key);
        if (!write_plain(w, v, r))
            return false;
    }
    return true;
}

/* ---- activities ---- */

static bool is_url(const json_t *v)
{
    struct slice s = json_read_str(v);
    return utf8_count(s) <= URL_MAX_CHARS &&
           (slice_starts_with(s, SLICE("https://")) || slice_starts_with(s, SLICE("http://")));
}

/* Unique among the activities of a user as long as no two have the same name and type. */
static void write_id(struct json_writer *w, struct slice name, int64_t type)
{
    char id[20];
    uint64_t h = 1469598103934665603u;
    if (type == ACTIVITY_CUSTOM) {
        json_kv_cstr(w, "id", "custom");
        return;
    }
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.data[i]) * 1099511628211u;
    h = map_hash(h, (uint64_t)type);
    for (int i = 0; i < 16; i++)
        id[i] = "0123456789abcdef"[h >> (60 - 4 * i) & 15];
    id[16] = '\0';
    json_kv_cstr(w, "id", id);
}

static bool write_activity(struct json_writer *w, const json_t *a, bool bot, int64_t at_ms,
                           bool *custom)
{
    const json_t *name = json_object_get(a, "name");
    const json_t *url = json_object_get(a, "url");
    const json_t *type = json_object_get(a, "type");
    int64_t number = 0;
    if (!json_is_object(a) || !is_text(name, NAME_MAX_CHARS) || json_string_length(name) == 0 ||
        (type != NULL &&
         !read_number(type, bot ? ACTIVITY_TYPE_MAX - 1 : ACTIVITY_TYPE_MAX, &number)))
        return false;
    *custom = *custom || number == ACTIVITY_CUSTOM;
    json_object_begin(w);
    write_id(w, json_read_str(name), number);
    json_kv_str(w, "name", json_read_str(name));
    json_kv_i64(w, "type", number);
    json_kv_i64(w, "created_at", at_ms);
    bool ok = url == NULL || json_is_null(url) || json_is_string(url);
    if (ok && number == ACTIVITY_STREAMING && json_is_string(url) && json_string_length(url) > 0) {
        ok = is_url(url);
        json_kv_str(w, "url", json_read_str(url));
    }
    if (!ok || !write_rules(w, a, ACTIVITY, bot))
        return false; /* in the middle: what was written is thrown away */
    json_object_end(w);
    return true;
}

enum err presence_read_activities(const json_t *d, bool bot, int64_t at_ms, struct buf *out,
                                  bool *custom)
{
    struct json_writer w;
    const json_t *list = json_object_get(d, "activities");
    *custom = false;
    if (list == NULL || json_is_null(list))
        return ERR_OK;
    if (!json_is_array(list) || json_array_size(list) > PRESENCE_ACTIVITIES_MAX)
        return ERR_GW_DECODE;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i > 0)
            buf_putc(out, ',');
        json_begin(&w, out);
        if (!write_activity(&w, json_array_get(list, i), bot, at_ms, custom))
            return ERR_GW_DECODE;
    }
    return ERR_OK;
}

/* ---- the rest of op 3 ---- */

bool presence_status_parse(struct slice text, enum presence_status *out)
{
    static const struct {
        const char *text;
        enum presence_status status;
    } STATUSES[] = {
        {"online", PRESENCE_ONLINE},     {"idle", PRESENCE_IDLE},
        {"dnd", PRESENCE_DND},           {"invisible", PRESENCE_INVISIBLE},
        {"offline", PRESENCE_INVISIBLE}, {"unknown", PRESENCE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        if (slice_eq_cstr(text, STATUSES[i].text)) {
            *out = STATUSES[i].status;
            return true;
        }
    }
    return false;
}

static bool absent(const json_t *v)
{
    return v == NULL || json_is_null(v);
}

enum err presence_read_wish(const json_t *d, struct presence_wish *out)
{
    const json_t *status = json_object_get(d, "status");
    const json_t *since = json_object_get(d, "since");
    const json_t *afk = json_object_get(d, "afk");
    *out = (struct presence_wish){.status = PRESENCE_UNKNOWN};
    if (!json_is_object(d) || (!absent(since) && !json_is_number(since)) ||
        (!absent(afk) && !json_is_boolean(afk)))
        return ERR_GW_DECODE;
    if (!absent(status) &&
        (!json_is_string(status) || !presence_status_parse(json_read_str(status), &out->status)))
        return ERR_GW_DECODE;
    double since_ms = json_number_value(since); /* 0 of what is no number */
    if (since_ms < 0 || since_ms > 1e15)
        return ERR_GW_DECODE;
    out->since_ms = (int64_t)since_ms;
    out->afk = json_is_true(afk);
    return ERR_OK;
}

/* ---- client properties ---- */

/* "$os" is how clients of old say it. */
static struct slice property(const json_t *properties, const char *key, const char *old)
{
    const json_t *v = json_object_get(properties, key);
    if (!json_is_string(v))
        v = json_object_get(properties, old);
    return json_is_string(v) ? json_read_str(v) : SLICE("");
}

/* Does it begin so? Case is the client's own affair. */
static bool says(struct slice s, const char *word)
{
    size_t n = strlen(word);
    return s.len >= n && slice_eq_nocase(slice_of(s.data, n), slice_of(word, n));
}

static const char *os_name(struct slice os)
{
    static const struct {
        const char *said;
        const char *name;
    } NAMES[] = {
        {"windows", "windows"}, {"win32", "windows"}, {"mac", "osx"},
        {"darwin", "osx"},      {"osx", "osx"},       {"linux", "linux"},
        {"android", "android"}, {"ios", "ios"},       {"playstation", "playstation"},
        {"xbox", "xbox"},
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (says(os, NAMES[i].said))
            return NAMES[i].name;
    return "unknown";
}

/* Web is "the default when the platform is not known" (userdoccers), and what bots are. */
void presence_read_client(const json_t *properties, struct seat *seat)
{
    struct slice browser = property(properties, "browser", "$browser");
    struct slice os = property(properties, "os", "$os");
    seat->os = os_name(os);
    if (says(browser, "discord android") || says(browser, "discord ios"))
        seat->client = CLIENT_MOBILE;
    else if (says(browser, "discord embedded"))
        seat->client = CLIENT_EMBEDDED;
    else if (says(browser, "discord client"))
        seat->client = CLIENT_DESKTOP;
    else
        seat->client = CLIENT_WEB;
}
