/* Messages of channels. */

#include "core/messages.h"

#include "api/handlers.h"
#include "model/permissions.h"
#include "proto/bodies.h"
#include "proto/message.h"

enum {
    FLAG_SUPPRESS_EMBEDS = 1 << 2,
    FLAG_SUPPRESS_NOTIFICATIONS = 1 << 12,
    FLAGS_SETTABLE = FLAG_SUPPRESS_EMBEDS | FLAG_SUPPRESS_NOTIFICATIONS,
    FLAG_IS_VOICE_MESSAGE = 1 << 13,
    FLAG_IS_COMPONENTS_V2 = 1 << 15,
    FLAGS_LATER = FLAG_IS_VOICE_MESSAGE | FLAG_IS_COMPONENTS_V2,
    PAGE_DEFAULT = 50
};

static bool takes_messages(enum channel_type type)
{
    return type != CHANNEL_TYPE_CATEGORY && type != CHANNEL_TYPE_FORUM &&
           type != CHANNEL_TYPE_MEDIA;
}

static enum err ids_of(struct request *r, const struct body_array *from, const uint64_t **out,
                       size_t *count)
{
    const struct body_id_item *items = from->items;
    if (from->count == 0)
        return ERR_OK;
    uint64_t *ids = arena_array(&r->arena, from->count, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++)
        ids[i] = items[i].value;
    *out = ids;
    *count = from->count;
    return ERR_OK;
}

static void take_parse(struct request *r, const struct body_array *parse,
                       struct allowed_mentions *d)
{
    const struct body_text_item *items = parse->items;
    for (size_t i = 0; i < parse->count; i++) {
        if (slice_eq(items[i].value, SLICE("users"))) {
            d->parse_users = true;
        } else if (slice_eq(items[i].value, SLICE("roles"))) {
            d->parse_roles = true;
        } else if (slice_eq(items[i].value, SLICE("everyone"))) {
            d->parse_everyone = true;
        } else {
            const char *path = arena_printf(&r->arena, "allowed_mentions.parse.%zu", i);
            request_form_error(r, path != NULL ? path : "allowed_mentions.parse",
                               "BASE_TYPE_CHOICES",
                               "Value must be one of ('users', 'roles', 'everyone').");
        }
    }
}

/* "parse all users" and "only these users" contradict each other (docs, "Allowed Mentions"). */
static void check_exclusive(struct request *r, const char *path, bool parsed, size_t listed)
{
    if (parsed && listed > 0)
        request_form_error(r, path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                           "Mutually exclusive with the same value in allowed_mentions.parse.");
}

static enum err take_mentions(struct request *r, const struct body_allowed_mentions *from,
                              struct allowed_mentions *out)
{
    out->given = true;
    out->replied_user = from->replied_user;
    take_parse(r, &from->parse, out);
    enum err e = ids_of(r, &from->users, &out->users, &out->user_count);
    if (e == ERR_OK)
        e = ids_of(r, &from->roles, &out->roles, &out->role_count);
    if (e != ERR_OK)
        return e;
    check_exclusive(r, "allowed_mentions.users", out->parse_users, out->user_count);
    check_exclusive(r, "allowed_mentions.roles", out->parse_roles, out->role_count);
    return request_form_ok(r);
}

static bool given(uint64_t present, uint64_t null, unsigned bit)
{
    return (present >> bit & 1) && !(null >> bit & 1);
}

/* A reply names a message of the same channel; another channel's does not exist here. */
static enum err take_reference(struct request *r, const struct body_message_reference *from,
                               struct message_draft *d)
{
    bool elsewhere = from->channel_id != 0 && from->channel_id != r->access.channel->id.v;
    if (elsewhere) {
        request_form_error(r, "message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
                           "Cannot reply to a message in a different channel");
        return ERR_INVALID_FORM;
    }
    bool said = given(from->present, from->null, BODY_REFERENCE_FAIL_IF_NOT_EXISTS);
    d->reply_to = (struct message_id){from->message_id};
    d->fail_if_not_exists = said ? from->fail_if_not_exists : true;
    return ERR_OK;
}

/* Flags that only the server sets are ignored, as on Discord; those of features to come are not. */
static void check_flags(struct request *r, int64_t flags)
{
    if (flags & FLAGS_LATER)
        request_form_error(r, "flags", "FEATURE_NOT_AVAILABLE",
                           "This server does not support these flags yet.");
}

static enum err draft_of(struct request *r, struct message_draft *d)
{
    const struct body_message_create *body = r->body;
    *d = (struct message_draft){
        .content = body->content,
        .nonce = body->nonce.text,
        .nonce_is_number = body->nonce.is_number,
        .enforce_nonce = body->enforce_nonce,
        .tts = body->tts && (r->access.permissions & PERMISSION_SEND_TTS_MESSAGES),
        .flags = (uint64_t)body->flags & FLAGS_SETTABLE,
        .refusal = &r->refusal,
    };
    check_flags(r, body->flags);
    enum err e = request_form_ok(r);
    if (e == ERR_OK && given(body->present, body->null, BODY_MESSAGE_ALLOWED_MENTIONS))
        e = take_mentions(r, &body->allowed_mentions, &d->allowed);
    if (e == ERR_OK && given(body->present, body->null, BODY_MESSAGE_REFERENCE))
        e = take_reference(r, &body->message_reference, d);
    if (e != ERR_OK)
        return e;
    return d->content.len > 0 ? ERR_OK : ERR_EMPTY_MESSAGE;
}

enum err route_messages_create(struct request *r)
{
    struct message_draft draft;
    struct message message;
    if (!takes_messages(r->access.channel->type))
        return ERR_NON_TEXT_CHANNEL;
    enum err e = draft_of(r, &draft);
    if (e != ERR_OK)
        return e;
    e = message_post(request_core(r), &r->actor, &r->access, &draft, &r->arena, &message);
    if (e == ERR_UNKNOWN_MESSAGE) {
        request_form_error(r, "message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message");
        return ERR_INVALID_FORM;
    }
    if (e == ERR_OK)
        proto_message(reply_json(r), &message, false);
    return e;
}

static bool may_read_history(const struct request *r)
{
    return (r->access.permissions & PERMISSION_READ_MESSAGE_HISTORY) != 0;
}

static enum err read_page(struct request *r, struct message_page *page)
{
    int64_t limit = PAGE_DEFAULT;
    request_query_id(r, "before", &page->before.v);
    request_query_id(r, "after", &page->after.v);
    if (page->after.v == 0 && request_query(r, "after").data != NULL)
        page->after.v = 1; /* after=0 is the beginning, where pollers start, and no id is below 1 */
    request_query_id(r, "around", &page->around.v);
    request_query_int(r, "limit", 1, LIMIT_MESSAGES_PAGE, &limit);
    page->limit = (unsigned)limit;
    /* Of several, Discord takes one; so that the answer never depends on chance: this order. */
    if (page->around.v != 0)
        page->before.v = page->after.v = 0;
    else if (page->before.v != 0)
        page->after.v = 0;
    return request_form_ok(r);
}

/* The nonce was for the sender's ears, at the time. */
static void write_message(struct json_writer *w, struct message *m)
{
    m->nonce = (struct slice){NULL, 0};
    proto_message(w, m, false);
}

/* Without READ_MESSAGE_HISTORY the list is empty, not refused (docs, "Get Channel Messages"). */
enum err route_messages_list(struct request *r)
{
    struct message_page page = {0};
    struct message *messages = NULL;
    size_t count = 0;
    enum err e = read_page(r, &page);
    if (e == ERR_OK && may_read_history(r))
        e = message_list(request_core(r), &r->access, &page, &r->arena, &messages, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        write_message(w, &messages[i]);
    json_array_end(w);
    return ERR_OK;
}

enum err route_messages_get(struct request *r)
{
    struct message_id id;
    struct message message;
    enum err e = request_param_id(r, "message_id", &id.v);
    if (e == ERR_OK)
        e = message_get(request_core(r), &r->access, id, &r->arena, &message);
    if (e == ERR_OK)
        write_message(reply_json(r), &message);
    return e;
}

static enum err edit_of(struct request *r, struct message_edit *out)
{
    const struct body_message_edit *body = r->body;
    *out = (struct message_edit){
        .has_content = BODY_SENT(*body, BODY_MESSAGE_CONTENT),
        .content = body->content,
        .has_flags = given(body->present, body->null, BODY_MESSAGE_FLAGS),
        .flags = (uint64_t)body->flags & FLAG_SUPPRESS_EMBEDS,
        .refusal = &r->refusal,
    };
    check_flags(r, body->flags);
    enum err e = request_form_ok(r);
    if (e == ERR_OK && given(body->present, body->null, BODY_MESSAGE_ALLOWED_MENTIONS))
        e = take_mentions(r, &body->allowed_mentions, &out->allowed);
    return e;
}

/* Content is all that a message has so far, so one without it would be empty. */
enum err route_messages_edit(struct request *r)
{
    struct message_edit edit;
    struct message_id id;
    struct message message;
    enum err e = request_param_id(r, "message_id", &id.v);
    if (e == ERR_OK)
        e = edit_of(r, &edit);
    if (e == ERR_OK && edit.has_content && edit.content.len == 0)
        e = ERR_EMPTY_MESSAGE;
    if (e == ERR_OK)
        e = message_edit(request_core(r), &r->actor, &r->access, id, &edit, &r->arena, &message);
    if (e == ERR_OK)
        write_message(reply_json(r), &message);
    return e;
}

enum err route_messages_delete(struct request *r)
{
    struct message_id id;
    enum err e = request_param_id(r, "message_id", &id.v);
    return e != ERR_OK ? e : message_delete(request_core(r), &r->actor, &r->access, id);
}
