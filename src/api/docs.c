/* docs/API.md, from the route table and the shapes: the page cannot say what the server does not
 * do. */

#include <stdio.h>

#include "api/api.h"
#include "api/routes.h"
#include "model/permissions.h"

enum { SHAPES_MAX = 160, PERMISSION_BITS = 64 };

/* Shapes in the order in which the page meets them. */
struct shape_list {
    const struct shape *items[SHAPES_MAX];
    size_t count;
};

static void list_add(struct shape_list *list, const struct shape *s)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == s)
            return;
    }
    if (list->count < SHAPES_MAX)
        list->items[list->count++] = s;
}

static const char *auth_text(enum route_auth auth)
{
    switch (auth) {
    case ROUTE_AUTH_NONE:
        return "-";
    case ROUTE_AUTH_USER:
        return "person";
    case ROUTE_AUTH_BOT:
        return "bot";
    case ROUTE_AUTH_ANY:
        break;
    }
    return "person, bot";
}

static void write_permissions(struct buf *out, uint64_t bits)
{
    const char *separator = "";
    const char *between = (bits & PERMISSIONS_ANY) != 0 ? " or " : ", ";
    bits &= ~(PERMISSIONS_ANY | PERMISSIONS_IN_GUILDS);
    if (bits == 0)
        buf_putc(out, '-');
    for (unsigned bit = 0; bit < PERMISSION_BITS; bit++) {
        if (!(bits >> bit & 1))
            continue;
        buf_append_cstr(out, separator);
        buf_append_cstr(out, permission_name(bit));
        separator = between;
    }
}

static void write_limit(struct buf *out, const struct route *r)
{
    if (r->bucket == NULL)
        buf_append_cstr(out, "none");
    else
        buf_printf(out, "%u / %llu s", r->limit, (unsigned long long)(r->window_ms / 1000));
}

static void write_route(struct buf *out, const struct route *r)
{
    buf_printf(out, "| %s | `%s` | %s | ", http_method_name(r->method), r->path,
               auth_text(r->auth));
    write_permissions(out, r->permissions);
    buf_append_cstr(out, " | ");
    buf_append_cstr(out, r->shape != NULL ? r->shape->name : "-");
    buf_append_cstr(out, " | ");
    write_limit(out, r);
    buf_printf(out, " | %d | %s |\n", r->status, r->summary);
}

static void write_routes(struct buf *out, enum route_base base)
{
    buf_append_cstr(out, "| Method | Path | Who | Permissions | Body | Limit | Success | |\n"
                         "|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].base == base)
            write_route(out, &routes[i]);
    }
}

static const char *type_text(enum field_type t)
{
    static const char *const names[] = {
        [FIELD_STRING] = "string",
        [FIELD_BOOL] = "boolean",
        [FIELD_INTEGER] = "integer",
        [FIELD_SNOWFLAKE] = "snowflake",
        [FIELD_BITS] = "permission set",
        [FIELD_NONCE] = "string or integer",
        [FIELD_OBJECT] = "object",
        [FIELD_ARRAY] = "array",
        [FIELD_ENUM] = "integer",
        [FIELD_TIME] = "time (ISO 8601)",
        [FIELD_NUMBER] = "number",
        [FIELD_FILE] = "file",
        [FIELD_URL] = "URL (http, https)",
        [FIELD_JSON] = "as Discord documents it",
        [FIELD_LATER] = "not yet: only empty or null",
        [FIELD_IGNORED] = "accepted, without effect",
    };
    return names[t];
}

static void write_limits(struct buf *out, const struct field *f)
{
    if (f->type == FIELD_ENUM) {
        for (const int64_t *c = f->choices; *c != INT64_MIN; c++)
            buf_printf(out, "%s%lld", c == f->choices ? "one of " : ", ", (long long)*c);
    } else if (f->type == FIELD_STRING && f->max > 0) {
        buf_printf(out, "%lld to %lld characters", (long long)f->min, (long long)f->max);
    } else if (f->type == FIELD_INTEGER) {
        buf_printf(out, "%lld to %lld", (long long)f->min, (long long)f->max);
    } else if (f->type == FIELD_NONCE) {
        buf_printf(out, "up to %lld characters", (long long)f->max);
    } else if (f->type == FIELD_ARRAY) {
        buf_printf(out, "up to %lld of %s", (long long)f->max, f->shape->name);
    } else if (f->type == FIELD_OBJECT) {
        buf_append_cstr(out, f->shape->name);
    }
}

static void write_field(struct buf *out, const struct field *f)
{
    buf_printf(out, "| `%s` | %s | ", f->name, type_text(f->type));
    write_limits(out, f);
    buf_printf(out, " | %s%s |\n", f->flags & FIELD_REQUIRED ? "required" : "",
               f->flags & FIELD_NULLABLE ? "may be null" : "");
}

static bool is_bare(const struct shape *s)
{
    return s->field_count == 1 && s->fields[0].name == NULL;
}

/* Nested shapes join the end of the list, so the caller's loop reaches them. */
static void write_shape(struct buf *out, const struct shape *s, struct shape_list *list)
{
    if (is_bare(s) && s->fields[0].shape == NULL)
        return;
    if (is_bare(s)) {
        list_add(list, s->fields[0].shape);
        buf_printf(out, "\n### %s\n\nA list: ", s->name);
        write_limits(out, &s->fields[0]);
        buf_append_cstr(out, "\n");
        return;
    }
    buf_printf(out, "\n### %s\n\n| Field | Type | Limits | |\n|---|---|---|---|\n", s->name);
    for (size_t i = 0; i < s->field_count; i++) {
        write_field(out, &s->fields[i]);
        if (s->fields[i].shape != NULL)
            list_add(list, s->fields[i].shape);
    }
}

/* What of AutoMod is our own, because Discord has not told its measures. */
static void write_automod(struct buf *out)
{
    buf_append_cstr(
        out,
        "\n## AutoMod\n\n"
        "Rules are Discord's; regular expressions are RE2's (linear time, no look-around, no "
        "back-references), without regard to case. Exempt are bots and whoever has MANAGE_GUILD or "
        "ADMINISTRATOR. A rule is in force with its reply: no message is accepted after it that "
        "the "
        "rule blocks. A blocked message is answered with code 200000, and `message` is the rule's "
        "`custom_message` if it has one. Our own measures:\n\n"
        "- spam (trigger 3): the same text more than 5 times in 15 s from one member in the guild, "
        "or "
        "more than 10 links or 60 lines in one message\n"
        "- mention raids: more than 50 mentions in 30 s from all members who are not exempt\n"
        "- presets (trigger 4): three short English lists, `src/model/automod_presets.def`\n"
        "- block member interaction (action 4 of trigger 6): whose nick, display name or user name "
        "the "
        "rule finds can neither send nor edit messages until the name is another one; told once an "
        "hour\n"
        "- keywords are looked for in folded text: Unicode's NFKC and lower case of each "
        "character, without marks strewn over letters and without what nobody sees\n"
        "- the regular expressions of one rule are 6,000 instructions together, as RE2 compiles "
        "them (most are below 100; a class of all letters is 1,200)\n"
        "- who is blocked again and again: of one rule there is one alert and one audit entry in "
        "60 s for each member, and 20 for all of them; the next alert says how many there were "
        "(`blocked_before`), and so does the entry (`count`). AUTO_MODERATION_ACTION_EXECUTION "
        "tells each time, and so does the audit log of time-outs\n");
}

void api_docs_write(struct buf *out)
{
    struct shape_list list = {0};
    buf_append_cstr(out, "# HTTP API\n\nGenerated by `guildhall docs api` from the route table "
                         "(`src/api/routes.def`) and the body shapes (`src/proto/bodies.c`). Do "
                         "not edit.\n\nThese routes answer below `/api/v10`, `/api/v9` and "
                         "`/api`. Objects, errors and headers are those of Discord's API v10. "
                         "`Authorization` carries `Bot <token>` for bots and the bare token for "
                         "people.\n\n");
    write_routes(out, ROUTE_BASE_API);
    buf_append_cstr(out, "\nOutside of the API:\n\n");
    write_routes(out, ROUTE_BASE_ROOT);
    buf_append_cstr(out, "\n## Bodies\n");
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].shape != NULL)
            list_add(&list, routes[i].shape);
    }
    for (size_t i = 0; i < list.count; i++)
        write_shape(out, list.items[i], &list);
    write_automod(out);
}
