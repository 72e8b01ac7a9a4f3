#pragma once

/* Request bodies about messages (see bodies.h). A shape checks every field by itself; what holds
 * between fields, and what becomes of embeds and components, is proto/embeds.h's,
 * proto/components.h's and proto/poll_body.h's. */

#include "proto/bodies.h"

struct body_allowed_mentions {
    uint64_t present;
    uint64_t null;
    struct body_array parse; /* struct body_text_item */
    struct body_array users; /* struct body_id_item */
    struct body_array roles; /* struct body_id_item */
    bool replied_user;
};

enum body_message_reference_field { BODY_REFERENCE_FAIL_IF_NOT_EXISTS };

struct body_message_reference {
    uint64_t present;
    uint64_t null;
    int64_t type; /* enum message_reference_type */
    uint64_t message_id;
    uint64_t channel_id;
    uint64_t guild_id;
    bool fail_if_not_exists;
};

/* An image, thumbnail, footer, author: what has an address, and maybe a text. */
struct body_embed_part {
    uint64_t present;
    uint64_t null;
    struct slice text; /* footer: text; author: name; image and thumbnail: description */
    struct slice url;
    struct slice icon_url;
};

struct body_embed_field {
    uint64_t present;
    uint64_t null;
    struct slice name;
    struct slice value;
    bool is_inline;
};

enum body_embed_key { BODY_EMBED_COLOR, BODY_EMBED_TIMESTAMP };

struct body_embed {
    uint64_t present; /* enum body_embed_key */
    uint64_t null;
    struct slice title;
    struct slice description;
    struct slice url;
    int64_t color;
    int64_t timestamp; /* wall milliseconds */
    struct body_embed_part footer;
    struct body_embed_part author;
    struct body_embed_part image;
    struct body_embed_part thumbnail;
    struct body_array fields; /* struct body_embed_field */
};

enum body_attachment_key {
    BODY_ATTACHMENT_TITLE,
    BODY_ATTACHMENT_DESCRIPTION,
    BODY_ATTACHMENT_DURATION,
    BODY_ATTACHMENT_SPOILER
};

/* id: the n of files[n], of an upload sent ahead anything, in an edit that of a kept one. */
struct body_attachment {
    uint64_t present; /* enum body_attachment_key */
    uint64_t null;
    uint64_t id;
    struct slice filename;
    struct slice uploaded_filename;
    struct slice title;
    struct slice description;
    double duration_secs;
    struct slice waveform;
    bool is_spoiler;
};

struct body_poll_emoji {
    uint64_t present;
    uint64_t null;
    uint64_t id;
    struct slice name;
};

enum body_poll_media_key { BODY_POLL_EMOJI };

struct body_poll_media {
    uint64_t present; /* enum body_poll_media_key */
    uint64_t null;
    struct slice text;
    struct body_poll_emoji emoji;
};

struct body_poll_answer {
    uint64_t present;
    uint64_t null;
    struct body_poll_media poll_media;
};

enum body_poll_key { BODY_POLL_DURATION };

struct body_poll {
    uint64_t present; /* enum body_poll_key */
    uint64_t null;
    struct body_poll_media question;
    struct body_array answers; /* struct body_poll_answer */
    int64_t duration;          /* hours */
    bool allow_multiselect;
    int64_t layout_type;
};

enum body_message_field {
    BODY_MESSAGE_CONTENT,
    BODY_MESSAGE_FLAGS,
    BODY_MESSAGE_REFERENCE,
    BODY_MESSAGE_ALLOWED_MENTIONS,
    BODY_MESSAGE_EMBEDS,
    BODY_MESSAGE_EMBED, /* one, as old clients send it; only without embeds */
    BODY_MESSAGE_COMPONENTS,
    BODY_MESSAGE_ATTACHMENTS,
    BODY_MESSAGE_POLL
};

struct body_message_create {
    uint64_t present; /* enum body_message_field */
    uint64_t null;
    struct slice content;
    int64_t flags;
    struct body_nonce nonce;
    bool enforce_nonce;
    bool tts;
    struct body_message_reference message_reference;
    struct body_allowed_mentions allowed_mentions;
    struct body_array embeds; /* struct body_embed */
    struct body_embed embed;
    const struct json_t *components;
    struct body_array sticker_ids; /* struct body_id_item */
    struct body_array attachments; /* struct body_attachment */
    struct body_poll poll;
};

struct body_message_edit {
    uint64_t present; /* enum body_message_field */
    uint64_t null;
    struct slice content;
    int64_t flags;
    struct body_allowed_mentions allowed_mentions;
    struct body_array embeds; /* struct body_embed */
    struct body_embed embed;
    const struct json_t *components;
    struct body_array attachments; /* struct body_attachment */
};

extern const struct shape SHAPE_MESSAGE_CREATE;
extern const struct shape SHAPE_MESSAGE_EDIT;
/* For the bodies that carry messages: webhooks, interactions. */
extern const struct shape SHAPE_EMBED;
extern const struct shape SHAPE_ALLOWED_MENTIONS;
