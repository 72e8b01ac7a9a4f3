/* Bodies of messages as drafts: what create and edit have in common, and each of the two. Files and
 * their entries are paired in message_draft_files.c. */

#include "api/message_draft_priv.h"

#include "base/snowflake.h"
#include "core/channels.h"
#include "core/poll_emojis.h"
#include "core/polls.h"
#include "model/permissions.h"
#include "proto/components.h"
#include "proto/embeds.h"
#include "proto/poll_body.h"

enum {
    FLAGS_SETTABLE = MESSAGE_FLAG_SUPPRESS_EMBEDS | MESSAGE_FLAG_SUPPRESS_NOTIFICATIONS |
                     MESSAGE_FLAG_IS_VOICE_MESSAGE | MESSAGE_FLAG_IS_COMPONENTS_V2,
    FLAGS_EDITABLE = MESSAGE_FLAG_SUPPRESS_EMBEDS | MESSAGE_FLAG_IS_COMPONENTS_V2,
    POLL_HOURS_DEFAULT = 24
};

static bool given(uint64_t present, uint64_t null, unsigned bit)
{
    return (present >> bit & 1) && !(null >> bit & 1);
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

/* A reply names a message of the same channel; another channel's does not exist here. */
static enum err take_reference(struct request *r, const struct body_message_reference *from,
                               struct message_draft *d)
{
    bool is_forward = from->type == REFERENCE_FORWARD;
    bool elsewhere = from->channel_id != 0 && from->channel_id != r->access.channel->id.v;
    if (!is_forward && elsewhere)
        request_form_error(r, "message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
                           "Cannot reply to a message in a different channel");
    if (is_forward && from->channel_id == 0)
        request_form_error(r, "message_reference.channel_id", "BASE_TYPE_REQUIRED",
                           "This field is required");
    bool said = given(from->present, from->null, BODY_REFERENCE_FAIL_IF_NOT_EXISTS);
    d->reference = (struct message_id){from->message_id};
    d->reference_type = is_forward ? REFERENCE_FORWARD : REFERENCE_REPLY;
    d->reference_channel.v = elsewhere ? from->channel_id : 0;
    d->fail_if_not_exists = said ? from->fail_if_not_exists : true;
    return request_form_ok(r);
}

/* The list, or, where there is none, the one embed of old clients. */
static enum err take_embeds(struct request *r, uint64_t present, uint64_t null,
                            const struct body_array *list, struct body_embed *single,
                            struct slice *out)
{
    struct body_array one = {single, 1};
    bool is_single =
        !given(present, null, BODY_MESSAGE_EMBEDS) && given(present, null, BODY_MESSAGE_EMBED);
    return embeds_read(is_single ? &one : list, is_single ? "embed" : "embeds", r->errors,
                       &r->arena, out);
}

static enum components_rules rules_of(bool v2, bool is_edit)
{
    if (v2)
        return COMPONENTS_V2;
    return is_edit ? COMPONENTS_EITHER : COMPONENTS_LEGACY;
}

static enum err take_components(struct request *r, const struct json_t *list,
                                enum components_rules rules, struct components_draft *out)
{
    return components_read(list, rules, snowflake_at(request_now_ms(r)), r->errors, &r->arena, out);
}

static bool is_among(struct slice name, const struct attachment_draft *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct attachment_draft *d = &list[i];
        struct slice filename = d->filename;
        if (filename.data == NULL && d->file != NULL)
            filename = d->file->filename;
        /* What was sent ahead has its name in the store. */
        if (slice_eq(filename, name) || d->upload_name.data != NULL)
            return true;
    }
    return false;
}

/* A component that shows a file which does not come with the message. */
static enum err check_files(struct request *r, const struct components_draft *c,
                            const struct attachment_draft *list, size_t count)
{
    for (size_t i = 0; i < c->file_count; i++)
        if (!is_among(c->files[i].name, list, count))
            request_form_error(r, c->files[i].path,
                               "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
                               "The referenced attachment was not found");
    return request_form_ok(r);
}

static enum err resolve_poll(struct request *r, const struct body_poll *p, struct emoji_ref *emojis)
{
    const struct body_poll_answer *list = p->answers.items;
    for (size_t i = 0; i < p->answers.count; i++) {
        const struct body_poll_media *m = &list[i].poll_media;
        emojis[i] = (struct emoji_ref){.id = m->emoji.id, .name = {NULL, 0}};
        if (m->emoji.id == 0 && m->emoji.name.len > 0)
            emojis[i].name = m->emoji.name;
    }
    return poll_emojis_resolve(request_core(r), &r->actor, &r->access, emojis, p->answers.count,
                               &r->arena);
}

static enum err take_poll(struct request *r, const struct body_poll *p,
                          const struct poll_draft **out)
{
    struct emoji_ref emojis[LIMIT_POLL_ANSWERS];
    struct poll_draft *d = arena_zalloc(&r->arena, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    bool has_duration = given(p->present, p->null, BODY_POLL_DURATION);
    int64_t hours = has_duration ? p->duration : POLL_HOURS_DEFAULT;
    d->answer_count = (unsigned)p->answers.count;
    d->multiselect = p->allow_multiselect;
    d->duration_ms = hours * 3600 * 1000;
    enum err e = resolve_poll(r, p, emojis);
    if (e == ERR_OK)
        e = poll_body_json(p, emojis, &r->arena, &d->json);
    if (e == ERR_OK)
        *out = d;
    return e;
}

static void check_legacy(struct request *r, bool used, const char *key)
{
    const char *text = arena_printf(
        &r->arena, "The '%s' field cannot be used when using MessageFlags.IS_COMPONENTS_V2", key);
    if (used)
        request_form_error(r, key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                           text != NULL ? text : "Cannot be used here");
}

/* With the flag a message is its components. */
static enum err check_v2(struct request *r, const struct message_draft *d)
{
    if (!(d->flags & MESSAGE_FLAG_IS_COMPONENTS_V2))
        return ERR_OK;
    check_legacy(r, d->content.len > 0, "content");
    check_legacy(r, d->embeds.data != NULL, "embeds");
    check_legacy(r, d->sticker_count > 0, "sticker_ids");
    check_legacy(r, d->poll != NULL, "poll");
    if (d->components.data == NULL)
        request_form_error(r, "components", "BASE_TYPE_REQUIRED", "This field is required");
    return request_form_ok(r);
}

static enum err check_not_empty(const struct message_draft *d)
{
    bool is_forward = d->reference.v != 0 && d->reference_type == REFERENCE_FORWARD;
    bool has_any = d->content.len > 0 || d->embeds.data != NULL || d->components.data != NULL ||
                   d->sticker_count > 0 || d->attachment_count > 0 || d->poll != NULL || is_forward;
    return has_any ? ERR_OK : ERR_EMPTY_MESSAGE;
}

static enum err take_parts(struct request *r, struct body_message_create *body,
                           struct message_draft *d)
{
    struct components_draft components;
    enum components_rules rules = rules_of(d->flags & MESSAGE_FLAG_IS_COMPONENTS_V2, false);
    enum err e = take_embeds(r, body->present, body->null, &body->embeds, &body->embed, &d->embeds);
    if (e == ERR_OK)
        e = take_components(r, body->components, rules, &components);
    if (e == ERR_OK)
        e = message_draft_files(r, &body->attachments, false, &d->attachments,
                                &d->attachment_count);
    if (e != ERR_OK)
        return e;
    d->components = components.json;
    e = check_files(r, &components, d->attachments, d->attachment_count);
    if (e == ERR_OK)
        e = ids_of(r, &body->sticker_ids, &d->sticker_ids, &d->sticker_count);
    if (e == ERR_OK && given(body->present, body->null, BODY_MESSAGE_POLL))
        e = take_poll(r, &body->poll, &d->poll);
    return e;
}

enum err message_draft_read(struct request *r, struct message_draft *d)
{
    struct body_message_create *body = r->body;
    struct draft_problem *problem = arena_zalloc(&r->arena, sizeof *problem);
    enum err e = ERR_OK;
    *d = (struct message_draft){
        .content = body->content,
        .nonce = body->nonce.text,
        .nonce_is_number = body->nonce.is_number,
        .enforce_nonce = body->enforce_nonce,
        .tts = body->tts && (r->access.permissions & PERMISSION_SEND_TTS_MESSAGES),
        .flags = (uint64_t)body->flags & FLAGS_SETTABLE,
        .refusal = &r->refusal,
        .problem = problem,
    };
    if (problem == NULL)
        return ERR_NO_MEMORY;
    if (given(body->present, body->null, BODY_MESSAGE_ALLOWED_MENTIONS))
        e = take_mentions(r, &body->allowed_mentions, &d->allowed);
    if (e == ERR_OK && given(body->present, body->null, BODY_MESSAGE_REFERENCE))
        e = take_reference(r, &body->message_reference, d);
    if (e == ERR_OK)
        e = take_parts(r, body, d);
    if (e == ERR_OK)
        e = check_v2(r, d);
    return e == ERR_OK ? check_not_empty(d) : e;
}

static enum err edit_parts(struct request *r, struct body_message_edit *body,
                           struct message_edit *out)
{
    struct components_draft components;
    bool v2 = out->has_flags && (out->flags & MESSAGE_FLAG_IS_COMPONENTS_V2);
    out->has_embeds = BODY_SENT(*body, BODY_MESSAGE_EMBEDS) || BODY_SENT(*body, BODY_MESSAGE_EMBED);
    out->has_components = BODY_SENT(*body, BODY_MESSAGE_COMPONENTS);
    out->has_attachments = BODY_SENT(*body, BODY_MESSAGE_ATTACHMENTS);
    enum err e =
        take_embeds(r, body->present, body->null, &body->embeds, &body->embed, &out->embeds);
    if (e == ERR_OK)
        e = take_components(r, body->components, rules_of(v2, true), &components);
    if (e == ERR_OK)
        e = message_draft_files(r, &body->attachments, true, &out->attachments,
                                &out->attachment_count);
    if (e != ERR_OK)
        return e;
    out->components = components.json;
    out->components_v2 = components.v2;
    return ERR_OK;
}

enum err message_edit_read(struct request *r, struct message_edit *out)
{
    struct body_message_edit *body = r->body;
    struct draft_problem *problem = arena_zalloc(&r->arena, sizeof *problem);
    enum err e = ERR_OK;
    *out = (struct message_edit){
        .has_content = BODY_SENT(*body, BODY_MESSAGE_CONTENT),
        .content = body->content,
        .has_flags = given(body->present, body->null, BODY_MESSAGE_FLAGS),
        .flags = (uint64_t)body->flags & FLAGS_EDITABLE,
        .refusal = &r->refusal,
        .problem = problem,
    };
    if (problem == NULL)
        return ERR_NO_MEMORY;
    if (given(body->present, body->null, BODY_MESSAGE_ALLOWED_MENTIONS))
        e = take_mentions(r, &body->allowed_mentions, &out->allowed);
    return e == ERR_OK ? edit_parts(r, body, out) : e;
}

void message_draft_problem(struct request *r, enum err e, const struct draft_problem *problem)
{
    if (e == ERR_INVALID_FORM && problem != NULL && problem->field != NULL)
        request_form_error(r, problem->field, problem->code, problem->message);
}
