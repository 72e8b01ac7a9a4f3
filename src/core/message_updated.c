/* MESSAGE_UPDATE of messages that are changed by others than their authors. */

#include "core/message_updated.h"

#include "core/messages_priv.h"
#include "proto/events.h"
#include "store/members.h"

/* The member, or of somebody who left or is gone what is known of them. */
static enum err find_author(struct tx *tx, const struct place *p, const struct message *m,
                            struct arena *arena, struct member *out, bool *is_member)
{
    struct member found;
    *is_member = false;
    *out = (struct member){.guild = p->guild, .user = m->author};
    if (p->dm != NULL)
        return ERR_OK;
    enum err e = members_find(tx_sql(tx), p->guild, m->author.id, arena, &found);
    if (e == ERR_UNKNOWN_MEMBER)
        return ERR_OK;
    if (e == ERR_OK) {
        *out = found;
        *is_member = true;
    }
    return e;
}

enum err message_updated(struct core *c, struct tx *tx, const struct place *p,
                         const struct actor *by, struct message_id id, struct arena *arena,
                         struct message *out, struct member *author)
{
    struct message m;
    struct member who;
    bool is_member;
    uint64_t actor = by->who != NULL ? by->who->user.v : 0;
    enum err e = message_read(c, tx_sql(tx), (struct user_id){0}, p->channel, id, arena, &m);
    if (e == ERR_OK)
        e = find_author(tx, p, &m, arena, &who, &is_member);
    if (e == ERR_OK)
        e = place_emit(tx, p, event_message_update(&m, is_member ? &who : NULL, p->type, actor), by,
                       LOG_NONE);
    if (e != ERR_OK)
        return e;
    if (out != NULL)
        *out = m;
    if (author != NULL)
        *author = who;
    return ERR_OK;
}
