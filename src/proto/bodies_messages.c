/* The shapes of messages (see bodies.c). Texts of embeds are counted after trimming; keys that are
 * the server's to know (proxies, sizes, providers, videos) are taken and dropped. */

#include "proto/bodies_messages.h"

#include "base/limits.h"
#include "model/entities.h"
#include "proto/body_rows.h"

#define URL(key, body, member, rule)                                                               \
    {                                                                                              \
        .name = key, .type = FIELD_URL, .flags = rule, .max = LIMIT_URL, .present = BIT_UNUSED,    \
        AT(body, member)                                                                           \
    }
#define JSON_P(key, body, member, rule, bit)                                                       \
    {                                                                                              \
        .name = key, .type = FIELD_JSON, .flags = rule, .present = bit, AT(body, member)           \
    }

static const struct field allowed_mentions_fields[] = {
    ARRAY("parse", body_allowed_mentions, parse, N, 3, &SHAPE_TEXT_ITEM),
    ARRAY("users", body_allowed_mentions, users, N, LIMIT_MENTIONS, &SHAPE_ID_ITEM),
    ARRAY("roles", body_allowed_mentions, roles, N, LIMIT_MENTIONS, &SHAPE_ID_ITEM),
    BOOL("replied_user", body_allowed_mentions, replied_user, N, BIT_UNUSED),
};
const struct shape SHAPE_ALLOWED_MENTIONS =
    SHAPE("Allowed mentions", allowed_mentions_fields, body_allowed_mentions);

static const int64_t reference_types[] = {REFERENCE_REPLY, REFERENCE_FORWARD, INT64_MIN};
static const struct field message_reference_fields[] = {
    ENUM("type", body_message_reference, type, N, reference_types),
    ID("message_id", body_message_reference, message_id, R),
    ID("channel_id", body_message_reference, channel_id, N),
    ID("guild_id", body_message_reference, guild_id, N),
    BOOL("fail_if_not_exists", body_message_reference, fail_if_not_exists, N,
         BODY_REFERENCE_FAIL_IF_NOT_EXISTS),
};
static const struct shape message_reference_shape =
    SHAPE("Message reference", message_reference_fields, body_message_reference);

static const struct field footer_fields[] = {
    STR("text", body_embed_part, text, NT, 0, LIMIT_EMBED_FOOTER),
    URL("icon_url", body_embed_part, icon_url, N | FIELD_ATTACHMENT_URL),
    IGNORED("proxy_icon_url"),
};
static const struct shape footer_shape = SHAPE("Embed footer", footer_fields, body_embed_part);
static const struct field author_fields[] = {
    STR("name", body_embed_part, text, NT, 0, LIMIT_EMBED_AUTHOR),
    URL("url", body_embed_part, url, N),
    URL("icon_url", body_embed_part, icon_url, N | FIELD_ATTACHMENT_URL),
    IGNORED("proxy_icon_url"),
};
static const struct shape author_shape = SHAPE("Embed author", author_fields, body_embed_part);
static const struct field image_fields[] = {
    URL("url", body_embed_part, url, N | FIELD_ATTACHMENT_URL),
    STR("description", body_embed_part, text, NT, 0, LIMIT_EMBED_DESCRIPTION),
    IGNORED("proxy_url"),
    IGNORED("width"),
    IGNORED("height"),
};
static const struct shape image_shape = SHAPE("Embed image", image_fields, body_embed_part);
static const struct field embed_field_fields[] = {
    STR("name", body_embed_field, name, RT, 1, LIMIT_EMBED_FIELD_NAME),
    STR("value", body_embed_field, value, RT, 1, LIMIT_EMBED_FIELD_VALUE),
    BOOL("inline", body_embed_field, is_inline, N, BIT_UNUSED),
};
static const struct shape embed_field_shape =
    SHAPE("Embed field", embed_field_fields, body_embed_field);

static const struct field embed_fields[] = {
    STR("title", body_embed, title, NT, 0, LIMIT_EMBED_TITLE),
    STR("description", body_embed, description, NT, 0, LIMIT_EMBED_DESCRIPTION),
    URL("url", body_embed, url, N),
    INT("color", body_embed, color, N | FIELD_NUMERIC_STRING, 0, 0xffffff, BODY_EMBED_COLOR),
    TIME_P("timestamp", body_embed, timestamp, N, BODY_EMBED_TIMESTAMP),
    OBJECT("footer", body_embed, footer, N, &footer_shape, BIT_UNUSED),
    OBJECT("author", body_embed, author, N, &author_shape, BIT_UNUSED),
    OBJECT("image", body_embed, image, N, &image_shape, BIT_UNUSED),
    OBJECT("thumbnail", body_embed, thumbnail, N, &image_shape, BIT_UNUSED),
    ARRAY("fields", body_embed, fields, N, LIMIT_EMBED_FIELDS, &embed_field_shape),
    IGNORED("type"),
    IGNORED("provider"),
    IGNORED("video"),
};
const struct shape SHAPE_EMBED = SHAPE("Embed", embed_fields, body_embed);

static const struct field attachment_fields[] = {
    BITS("id", body_attachment, id, R), /* unlike an id it may be 0 */
    STR("filename", body_attachment, filename, N, 1, 1024),
    STR("uploaded_filename", body_attachment, uploaded_filename, N, 1, 1024),
    STR_P("title", body_attachment, title, N, 0, LIMIT_ATTACHMENT_TEXT, BODY_ATTACHMENT_TITLE),
    STR_P("description", body_attachment, description, N, 0, LIMIT_ATTACHMENT_TEXT,
          BODY_ATTACHMENT_DESCRIPTION),
    REAL_P("duration_secs", body_attachment, duration_secs, N, 0, INT32_MAX,
           BODY_ATTACHMENT_DURATION),
    STR("waveform", body_attachment, waveform, N, 0, LIMIT_WAVEFORM),
    BOOL("is_spoiler", body_attachment, is_spoiler, N, BODY_ATTACHMENT_SPOILER),
    IGNORED("is_remix"),
};
static const struct shape attachment_shape =
    SHAPE("Message attachment", attachment_fields, body_attachment);

static const struct field poll_emoji_fields[] = {
    ID("id", body_poll_emoji, id, N),
    STR("name", body_poll_emoji, name, N, 0, 32),
    IGNORED("animated"),
};
static const struct shape poll_emoji_shape =
    SHAPE("Poll emoji", poll_emoji_fields, body_poll_emoji);
static const struct field poll_question_fields[] = {
    STR("text", body_poll_media, text, RT, 1, LIMIT_POLL_QUESTION),
    IGNORED("emoji"),
};
static const struct shape poll_question_shape =
    SHAPE("Poll question", poll_question_fields, body_poll_media);
static const struct field poll_media_fields[] = {
    STR("text", body_poll_media, text, RT, 1, LIMIT_POLL_ANSWER),
    OBJECT("emoji", body_poll_media, emoji, N, &poll_emoji_shape, BODY_POLL_EMOJI),
};
static const struct shape poll_media_shape =
    SHAPE("Poll media", poll_media_fields, body_poll_media);
static const struct field poll_answer_fields[] = {
    OBJECT("poll_media", body_poll_answer, poll_media, R, &poll_media_shape, BIT_UNUSED),
    IGNORED("answer_id"),
};
static const struct shape poll_answer_shape =
    SHAPE("Poll answer", poll_answer_fields, body_poll_answer);

static const int64_t poll_layouts[] = {1, INT64_MIN};
static const struct field poll_fields[] = {
    OBJECT("question", body_poll, question, R, &poll_question_shape, BIT_UNUSED),
    {.name = "answers",
     .type = FIELD_ARRAY,
     .flags = R,
     .min = 1,
     .max = LIMIT_POLL_ANSWERS,
     .shape = &poll_answer_shape,
     .present = BIT_UNUSED,
     AT(body_poll, answers)},
    INT("duration", body_poll, duration, N, 1, LIMIT_POLL_HOURS, BODY_POLL_DURATION),
    BOOL("allow_multiselect", body_poll, allow_multiselect, N, BIT_UNUSED),
    ENUM("layout_type", body_poll, layout_type, N, poll_layouts),
};
static const struct shape poll_shape = SHAPE("Poll", poll_fields, body_poll);

#define CONTENT(body)                                                                              \
    {                                                                                              \
        .name = "content", .type = FIELD_STRING, .flags = NT, .max = LIMIT_MESSAGE_CONTENT,        \
        .present = BODY_MESSAGE_CONTENT, AT(body, content)                                         \
    }
/* What a new message and an edit have in common. */
#define SHARED_FIELDS(body)                                                                        \
    CONTENT(body), INT("flags", body, flags, N, 0, INT32_MAX, BODY_MESSAGE_FLAGS),                 \
        OBJECT("allowed_mentions", body, allowed_mentions, N, &SHAPE_ALLOWED_MENTIONS,             \
               BODY_MESSAGE_ALLOWED_MENTIONS),                                                     \
        ARRAY_P("embeds", body, embeds, N, LIMIT_EMBEDS, &SHAPE_EMBED, BODY_MESSAGE_EMBEDS),       \
        OBJECT("embed", body, embed, N, &SHAPE_EMBED, BODY_MESSAGE_EMBED),                         \
        JSON_P("components", body, components, N, BODY_MESSAGE_COMPONENTS),                        \
        ARRAY_P("attachments", body, attachments, N, LIMIT_ATTACHMENTS, &attachment_shape,         \
                BODY_MESSAGE_ATTACHMENTS)

static const struct field message_create_fields[] = {
    SHARED_FIELDS(body_message_create),
    {.name = "nonce",
     .type = FIELD_NONCE,
     .flags = N,
     .max = LIMIT_NONCE,
     .present = BIT_UNUSED,
     AT(body_message_create, nonce)},
    BOOL("enforce_nonce", body_message_create, enforce_nonce, N, BIT_UNUSED),
    BOOL("tts", body_message_create, tts, N, BIT_UNUSED),
    OBJECT("message_reference", body_message_create, message_reference, N, &message_reference_shape,
           BODY_MESSAGE_REFERENCE),
    ARRAY("sticker_ids", body_message_create, sticker_ids, N, LIMIT_STICKERS, &SHAPE_ID_ITEM),
    OBJECT("poll", body_message_create, poll, N, &poll_shape, BODY_MESSAGE_POLL),
    LATER("shared_client_theme"),
    IGNORED("mobile_network_type"),
};
const struct shape SHAPE_MESSAGE_CREATE =
    SHAPE("Message create", message_create_fields, body_message_create);

static const struct field message_edit_fields[] = {
    SHARED_FIELDS(body_message_edit), IGNORED("sticker_ids"), /* stickers stay what they were */
};
const struct shape SHAPE_MESSAGE_EDIT =
    SHAPE("Message edit", message_edit_fields, body_message_edit);
