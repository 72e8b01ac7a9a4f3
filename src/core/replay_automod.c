/* Events of AutoMod rules, from the log. */

#include <string.h>

#include "core/automod_priv.h"
#include "core/replay_priv.h"
#include "proto/automod.h"

enum { DELTA_HEAD = 10 }; /* creator in 8 bytes, trigger, event; then the name */

struct slice automod_delta(const struct automod_rule *r, char out[AUTOMOD_DELTA_MAX])
{
    size_t len =
        r->name.len < AUTOMOD_DELTA_MAX - DELTA_HEAD ? r->name.len : AUTOMOD_DELTA_MAX - DELTA_HEAD;
    for (int i = 0; i < 8; i++)
        out[i] = (char)(unsigned char)(r->creator.v >> (8 * (7 - i)));
    out[8] = (char)r->trigger;
    out[9] = (char)r->event;
    memcpy(out + DELTA_HEAD, r->name.data, len);
    return slice_of(out, DELTA_HEAD + len);
}

void automod_of_delta(struct slice delta, struct automod_rule *out)
{
    if (delta.len < DELTA_HEAD)
        return;
    for (int i = 0; i < 8; i++)
        out->creator.v = out->creator.v << 8 | (unsigned char)delta.data[i];
    out->trigger = (enum automod_trigger)delta.data[8];
    out->event = (enum automod_event)delta.data[9];
    out->name = slice_of(delta.data + DELTA_HEAD, delta.len - DELTA_HEAD);
}

enum err replay_automod_rule(struct replay *x, const struct event_row *row, struct event **out)
{
    struct automod_row stored;
    struct automod_rule rule;
    struct guild_id guild = {row->guild_id};
    enum err e = automod_rules_find(tx_sql(x->tx), guild, (struct rule_id){row->entity_id},
                                    &x->arena, &stored);
    if (e == ERR_OK)
        e = automod_rule_of(&stored, &x->arena, &rule);
    return e == ERR_OK ? replay_made(event_automod_rule(row->kind, &rule, row->actor_id), out) : e;
}

/* Without what it looked for and did, which is gone. */
enum err replay_automod_rule_delete(struct replay *x, const struct event_row *row,
                                    struct event **out)
{
    struct automod_rule rule = {.id = {row->entity_id},
                                .guild = {row->guild_id},
                                .name = SLICE(""),
                                .trigger = AUTOMOD_SPAM,
                                .event = AUTOMOD_EVENT_MESSAGE_SEND};
    (void)x;
    automod_of_delta(row->delta, &rule);
    return replay_made(event_automod_rule(row->kind, &rule, row->actor_id), out);
}
