/*
 * Messages of the server itself. They pass no rules (nobody wrote them), are not searched for, and
 * stand in the transaction of what they tell of, so that neither is there without the other.
 */

#include "core/system_messages.h"

#include "core/messages_priv.h"
#include "proto/events.h"
#include "store/message_mentions.h"

static struct message compose(struct tx *tx, const struct place *p, const struct system_message *s)
{
    struct message m = {
        .id = {tx_id(tx)},
        .channel = p->channel,
        .guild = p->guild,
        .author = s->author->user,
        .type = s->type,
        .content = s->content.data != NULL ? s->content : SLICE(""),
        .embeds = s->embeds,
        .reference = s->reference,
        .mentions = s->mention,
        .mention_count = s->mention != NULL,
    };
    if (message_mentions_any(&m))
        m.parts |= MESSAGE_PART_MENTIONS;
    return m;
}

enum err system_message_post(struct tx *tx, const struct place *p, const struct actor *by,
                             const struct system_message *s, struct arena *arena,
                             struct message *out)
{
    (void)arena;
    struct message m = compose(tx, p, s);
    enum err e = messages_insert(tx_sql(tx), &m);
    if (e == ERR_OK)
        e = message_mentions_insert(tx_sql(tx), &m);
    if (e == ERR_OK)
        e = message_set_last(tx, p, m.id);
    if (e == ERR_OK)
        e = place_emit(tx, p, event_message_create(&m, p->dm != NULL ? NULL : s->author, p->type),
                       by, LOG_NONE);
    if (e == ERR_OK && out != NULL)
        *out = m;
    return e;
}
