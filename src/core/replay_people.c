/* Events of relations, notes, settings and the account itself, from the log of the reader's own
 * stream. */

#include "core/replay_priv.h"
#include "core/user_settings.h"
#include "proto/relationship.h"
#include "proto/user_events.h"
#include "store/relationships.h"
#include "store/users.h"

enum err replay_relationship(struct replay *x, const struct event_row *row, struct event **out)
{
    struct relationship r;
    struct user_id reader = {x->stream.id};
    enum err e =
        relationships_find(tx_sql(x->tx), reader, (struct user_id){row->entity_id}, &x->arena, &r);
    if (e == ERR_OK && r.type == RELATIONSHIP_NONE && !r.ignored)
        e = ERR_UNKNOWN_USER;
    if (e == ERR_OK)
        e = users_find(tx_sql(x->tx), (struct user_id){row->entity_id}, &x->arena, &r.other);
    return e == ERR_OK ? replay_made(event_relationship(row->kind, &r, reader, row->actor_id), out)
                       : e;
}

enum err replay_relationship_remove(struct replay *x, const struct event_row *row,
                                    struct event **out)
{
    unsigned type = row->delta.len == 1 ? (unsigned)(row->delta.data[0] - '0') : 0;
    return replay_made(event_relationship_remove((struct user_id){row->entity_id}, type,
                                                 (struct user_id){x->stream.id}, row->actor_id),
                       out);
}

enum err replay_note(struct replay *x, const struct event_row *row, struct event **out)
{
    struct slice note;
    struct user_id reader = {x->stream.id};
    enum err e =
        notes_find(tx_sql(x->tx), reader, (struct user_id){row->entity_id}, &x->arena, &note);
    return e == ERR_OK
               ? replay_made(event_note((struct user_id){row->entity_id}, note, reader), out)
               : e;
}

enum err replay_user_update(struct replay *x, const struct event_row *row, struct event **out)
{
    struct user user;
    (void)row;
    enum err e = users_find(tx_sql(x->tx), (struct user_id){x->stream.id}, &x->arena, &user);
    return e == ERR_OK ? replay_made(event_user_update(&user), out) : e;
}

enum err replay_user_settings(struct replay *x, const struct event_row *row, struct event **out)
{
    struct slice document;
    struct user_id reader = {x->stream.id};
    (void)row;
    enum err e = user_settings_read(tx_sql(x->tx), reader, &x->arena, &document);
    return e == ERR_OK ? replay_made(event_user_settings(document, reader), out) : e;
}
