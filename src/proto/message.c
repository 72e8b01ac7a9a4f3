/* Message objects. A reply carries the message replied to, one level deep, as Discord does. */

#include "proto/message.h"

#include "base/snowflake.h"
#include "proto/user.h"

static void mentions(struct json_writer *w, const struct message *m)
{
    json_kv_bool(w, "mention_everyone", m->mention_everyone);
    json_key(w, "mentions");
    json_array_begin(w);
    for (size_t i = 0; i < m->mention_count; i++)
        proto_user(w, &m->mentions[i]);
    json_array_end(w);
    json_key(w, "mention_roles");
    json_array_begin(w);
    for (size_t i = 0; i < m->mention_role_count; i++)
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
    json_key(w, "message_reference");
    json_object_begin(w);
    json_kv_u64(w, "type", 0);
    json_kv_id(w, "message_id", m->reference.v);
    json_kv_id(w, "channel_id", m->channel.v);
    if (m->guild.v != 0)
        json_kv_id(w, "guild_id", m->guild.v);
    json_object_end(w);
}

/* What a message and the one inside a reply have in common. */
static void basic_keys(struct json_writer *w, const struct message *m, bool blank)
{
    json_kv_id(w, "id", m->id.v);
    json_kv_id(w, "channel_id", m->channel.v);
    json_kv_u64(w, "type", (uint64_t)m->type);
    json_key(w, "author");
    proto_user(w, &m->author);
    json_kv_str(w, "content", blank ? SLICE("") : m->content);
    json_kv_time(w, "timestamp", snowflake_ms(m->id.v));
    json_kv_time_or_null(w, "edited_timestamp", m->edited_at_ms);
    json_kv_u64(w, "flags", m->flags);
    json_kv_bool(w, "tts", m->tts);
    json_kv_bool(w, "pinned", false);
    mentions(w, m);
    json_kv_raw(w, "attachments", "[]");
    json_key(w, "embeds");
    json_raw(w, blank || m->embeds.data == NULL ? SLICE("[]") : m->embeds);
    json_kv_raw(w, "components", "[]");
    reference(w, m);
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

void proto_message_keys(struct json_writer *w, const struct message *m, bool blank)
{
    basic_keys(w, m, blank);
    nonce(w, m);
    referenced(w, m, blank);
}

void proto_message(struct json_writer *w, const struct message *m, bool blank)
{
    json_object_begin(w);
    proto_message_keys(w, m, blank);
    json_object_end(w);
}
