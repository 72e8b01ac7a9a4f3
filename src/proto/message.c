/* Message objects. A reply carries the message replied to, one level deep, as Discord does. */

#include "proto/message.h"

#include "base/snowflake.h"
#include "proto/attachment.h"
#include "proto/media_refs.h"
#include "proto/message_snapshot.h"
#include "proto/poll.h"
#include "proto/reaction.h"
#include "proto/user.h"

/* Those of a forward are its snapshot's. */
static void mentions(struct json_writer *w, const struct message *m)
{
    bool own = m->reference_type != REFERENCE_FORWARD;
    json_kv_bool(w, "mention_everyone", m->mention_everyone);
    json_key(w, "mentions");
    json_array_begin(w);
    for (size_t i = 0; own && i < m->mention_count; i++)
        proto_user(w, &m->mentions[i]);
    json_array_end(w);
    json_key(w, "mention_roles");
    json_array_begin(w);
    for (size_t i = 0; own && i < m->mention_role_count; i++)
        json_id(w, m->mention_roles[i].v);
    json_array_end(w);
}

static void nonce(struct json_writer *w, const struct message *m)
{
    if (m->nonce.data == NULL)
        return;
    json_key(w, "nonce");
    if (m->nonce_is_number)
        json_raw(w, m->nonce);
    else
        json_str(w, m->nonce);
}

static void reference(struct json_writer *w, const struct message *m)
{
    if (m->reference.v == 0)
        return;
    bool elsewhere = m->reference_channel.v != 0;
    uint64_t guild = elsewhere ? m->reference_guild.v : m->guild.v;
    json_key(w, "message_reference");
    json_object_begin(w);
    json_kv_u64(w, "type", (uint64_t)m->reference_type);
    json_kv_id(w, "message_id", m->reference.v);
    json_kv_id(w, "channel_id", elsewhere ? m->reference_channel.v : m->channel.v);
    if (guild != 0)
        json_kv_id(w, "guild_id", guild);
    json_object_end(w);
}

void proto_with_files(struct json_writer *w, struct slice json, const struct message *m)
{
    media_refs_write(w, json, m->attachments, m->attachment_count);
}

static void list(struct json_writer *w, const char *key, struct slice json, const struct message *m,
                 bool blank)
{
    json_key(w, key);
    if (blank || json.data == NULL)
        json_raw(w, SLICE("[]"));
    else
        proto_with_files(w, json, m);
}

/* What the MESSAGE_CONTENT intent guards. A forward's files are its snapshot's. */
static void content(struct json_writer *w, const struct message *m, bool blank)
{
    json_kv_str(w, "content", blank ? SLICE("") : m->content);
    proto_attachments(w, m, blank || m->snapshots.data != NULL);
    list(w, "embeds", m->embeds, m, blank);
    list(w, "components", m->components, m, blank);
    if (m->poll.data != NULL && !blank) {
        json_key(w, "poll");
        proto_poll(w, m);
    }
}

/* What a message and the one inside a reply have in common. */
static void basic_keys(struct json_writer *w, const struct message *m, bool blank)
{
    json_kv_id(w, "id", m->id.v);
    json_kv_id(w, "channel_id", m->channel.v);
    json_kv_u64(w, "type", (uint64_t)m->type);
    json_key(w, "author");
    proto_user(w, &m->author);
    content(w, m, blank);
    json_kv_time(w, "timestamp", snowflake_ms(m->id.v));
    json_kv_time_or_null(w, "edited_timestamp", m->edited_at_ms);
    json_kv_u64(w, "flags", m->flags);
    json_kv_bool(w, "tts", m->tts);
    json_kv_bool(w, "pinned", m->pinned_at_ms != 0);
    mentions(w, m);
    if (m->stickers.data != NULL) {
        json_key(w, "sticker_items");
        json_raw(w, m->stickers);
    }
    if (m->reaction_count > 0) {
        json_key(w, "reactions");
        proto_reactions(w, m);
    }
    reference(w, m);
    proto_snapshots(w, m, blank);
}

bool proto_message_has_own_content(const struct message *m)
{
    return m->content.len > 0 || m->embeds.data != NULL || m->components.data != NULL ||
           m->poll.data != NULL || m->snapshots.data != NULL || m->attachment_count > 0;
}

bool proto_message_has_content(const struct message *m)
{
    return proto_message_has_own_content(m) ||
           (m->referenced != NULL && proto_message_has_own_content(m->referenced));
}

/* Null says "deleted"; a message that was not fetched leaves the key out (docs, "Message Object").
 */
static void referenced(struct json_writer *w, const struct message *m, bool blank)
{
    if (m->referenced != NULL) {
        json_key(w, "referenced_message");
        json_object_begin(w);
        basic_keys(w, m->referenced, blank);
        json_object_end(w);
    } else if (m->reference.v != 0 && m->referenced_known) {
        json_kv_null(w, "referenced_message");
    }
}

void proto_message_keys(struct json_writer *w, const struct message *m, enum message_shown shown)
{
    basic_keys(w, m, shown == MESSAGE_SHOWN_BLANK);
    nonce(w, m);
    referenced(w, m, shown != MESSAGE_SHOWN_WHOLE);
}

void proto_message(struct json_writer *w, const struct message *m, enum message_shown shown)
{
    json_object_begin(w);
    proto_message_keys(w, m, shown);
    json_object_end(w);
}
