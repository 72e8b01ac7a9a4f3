/*
 * What follows when a rule hits: in one transaction with the message that is let through, or in one
 * of its own when it is not. Each action is told by an event of its own
 * (AUTO_MODERATION_ACTION_EXECUTION) and an audit entry, whose author is nobody and whose target is
 * the member.
 *
 * Members cannot make this expensive: a message has at most AUTOMOD_RULES_MAX hits, messages have
 * their rate limit, and what is kept (alerts, audit entries) is left out of a hit that is quiet
 * (automod_screen.c).
 */

#include "core/audit.h"
#include "core/automod_priv.h"
#include "core/member_change.h"
#include "proto/automod.h"
#include "proto/events.h"
#include "store/channels.h"
#include "store/members.h"
#include "store/messages.h"

enum { ALERT_BYTES_MAX = 64 * 1024 };

struct enforcement {
    struct tx *tx;
    const struct access *a;
    const struct automod_screening *s;
    struct message_id message; /* 0: refused */
    struct actor nobody;
    struct arena *arena;
    struct message_id alert; /* of the rule at hand */
    bool told;               /* and whether there is one */
};

static struct automod_execution execution_of(const struct enforcement *x,
                                             const struct automod_hit *hit,
                                             const struct automod_action *action)
{
    return (struct automod_execution){
        .guild = x->a->view->guild.id,
        .rule = hit->rule->id,
        .trigger = hit->rule->trigger,
        .action = action,
        .user = x->a->subject.user,
        .channel = {x->a->channel == NULL ? 0 : x->a->channel->id.v},
        .message = x->message,
        .alert = x->alert,
        .content = x->s->content,
        .match = hit->match,
    };
}

static enum audit_action audit_of(enum automod_action_kind kind)
{
    switch (kind) {
    case AUTOMOD_BLOCK:
        return AUDIT_AUTOMOD_BLOCK;
    case AUTOMOD_ALERT:
        return AUDIT_AUTOMOD_ALERT;
    case AUTOMOD_TIMEOUT:
        return AUDIT_AUTOMOD_TIMEOUT;
    case AUTOMOD_QUARANTINE:
        break;
    }
    return AUDIT_AUTOMOD_QUARANTINE;
}

static enum err audit(struct enforcement *x, const struct automod_execution *done,
                      const struct automod_hit *hit)
{
    struct audit_note note;
    audit_note_init(&note);
    if (done->channel.v != 0)
        audit_option_id(&note, "channel_id", done->channel.v);
    audit_option_text(&note, "auto_moderation_rule_name", hit->rule->name);
    audit_option_number(&note, "auto_moderation_rule_trigger_type", (uint64_t)hit->rule->trigger);
    if (hit->untold > 0)
        audit_option_number(&note, "count", UINT64_C(1) + hit->untold);
    enum err e = audit_write(x->tx, &x->nobody, done->guild, audit_of(done->action->kind),
                             done->user.v, &note);
    audit_note_deinit(&note);
    return e;
}

/* The member may have left, or be silent already: for longer, or, if the hit is quiet, at all. */
static enum err time_out(struct enforcement *x, const struct automod_hit *hit,
                         const struct automod_action *action, bool *done)
{
    struct member before;
    int64_t now = tx_now_ms(x->tx);
    int64_t until = now + (int64_t)action->duration_s * 1000;
    enum err e =
        members_find(tx_sql(x->tx), x->a->view->guild.id, x->a->subject.user, x->arena, &before);
    if (e == ERR_OK)
        *done = before.timed_out_until_ms < (hit->quiet ? now : until);
    if (e != ERR_OK || !*done)
        return e == ERR_UNKNOWN_MEMBER ? ERR_OK : e;
    struct member after = before;
    after.timed_out_until_ms = until;
    return member_change(x->tx, &x->nobody, &before, &after, NULL);
}

static enum err store_alert(struct enforcement *x, const struct channel *to, struct message *m)
{
    m->id.v = tx_id(x->tx);
    enum err e = messages_insert(tx_sql(x->tx), m);
    if (e == ERR_OK)
        e = channels_set_last_message(tx_sql(x->tx), m->channel, m->id);
    if (e == ERR_OK)
        e = core_emit(x->tx, event_message_create(m, &x->a->member, to->type), &x->nobody);
    x->alert = m->id;
    return e;
}

/* A message of the server itself, in the name of the member. */
static enum err write_alert(struct enforcement *x, const struct automod_hit *hit,
                            const struct automod_action *action, const struct channel *to)
{
    struct automod_execution what = execution_of(x, hit, action);
    struct json_writer w;
    struct buf embeds;
    buf_init(&embeds, MEM_CORE, ALERT_BYTES_MAX);
    json_begin(&w, &embeds);
    proto_automod_alert(&w, &what, hit->rule->name, hit->untold);
    struct message m = {.channel = to->id,
                        .guild = x->a->view->guild.id,
                        .author = x->a->member.user,
                        .type = MESSAGE_TYPE_AUTOMOD,
                        .content = SLICE(""),
                        .embeds = buf_slice(&embeds)};
    enum err e = embeds.failed ? ERR_NO_MEMORY : store_alert(x, to, &m);
    buf_deinit(&embeds);
    return e;
}

/* A channel that is gone gets none: gone by now, not when the member was authorised. */
static enum err send_alert(struct enforcement *x, const struct automod_hit *hit,
                           const struct automod_action *action)
{
    struct guild_view *view = NULL;
    if (hit->quiet && x->message.v == 0)
        return ERR_OK;
    enum err e = views_now(x->tx, x->a->view->guild.id, &view);
    if (e != ERR_OK)
        return e;
    const struct channel *to = guild_view_channel(view, action->channel);
    x->told = to != NULL;
    e = x->told ? write_alert(x, hit, action, to) : ERR_OK;
    guild_view_unref(&view);
    return e;
}

/* Whether the action takes place at all. */
static enum err take(struct enforcement *x, const struct automod_hit *hit,
                     const struct automod_action *action, bool *done)
{
    *done = action->kind != AUTOMOD_ALERT || x->told;
    if (action->kind != AUTOMOD_TIMEOUT)
        return ERR_OK;
    *done = false;
    return time_out(x, hit, action, done);
}

/* What changed the member is told of each time. */
static enum err act(struct enforcement *x, const struct automod_hit *hit,
                    const struct automod_action *action)
{
    bool done;
    enum err e = take(x, hit, action, &done);
    if (e != ERR_OK || !done)
        return e;
    struct automod_execution what = execution_of(x, hit, action);
    e = core_emit(x->tx, event_automod_execution(&what), &x->nobody);
    bool kept = !hit->quiet || action->kind == AUTOMOD_TIMEOUT;
    return e == ERR_OK && kept ? audit(x, &what, hit) : e;
}

/* The alert first, because the events of the rule's other actions name it. */
static enum err enforce(struct enforcement *x, const struct automod_hit *hit)
{
    const struct automod_rule *r = hit->rule;
    enum err e = ERR_OK;
    x->alert.v = 0;
    x->told = false;
    for (size_t i = 0; i < r->action_count && e == ERR_OK; i++)
        if (r->actions[i].kind == AUTOMOD_ALERT)
            e = send_alert(x, hit, &r->actions[i]);
    for (size_t i = 0; i < r->action_count && e == ERR_OK; i++)
        e = act(x, hit, &r->actions[i]);
    return e;
}

enum err automod_enforce(struct tx *tx, const struct actor *by, const struct access *a,
                         const struct automod_screening *s, struct message_id message)
{
    struct arena arena;
    struct enforcement x = {.tx = tx,
                            .a = a,
                            .s = s,
                            .message = message,
                            .nobody = {.request_id = by->request_id},
                            .arena = &arena};
    if (s->hit_count == 0)
        return ERR_OK;
    arena_init(&arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = ERR_OK;
    for (size_t i = 0; i < s->hit_count && e == ERR_OK; i++)
        e = enforce(&x, &s->hits[i]);
    arena_deinit(&arena);
    return e;
}

struct refusal {
    const struct actor *by;
    const struct access *a;
    const struct automod_screening *s;
};

/* Who has left meanwhile, or may not write there any more, is nobody's business here. */
static enum err refuse(struct tx *tx, void *ctx)
{
    struct refusal *x = ctx;
    bool writes = x->a->channel != NULL;
    uint64_t need = writes ? PERMISSION_VIEW_CHANNEL | PERMISSION_SEND_MESSAGES : 0;
    enum err e = access_recheck(tx, x->a, need);
    return e == ERR_OK ? automod_enforce(tx, x->by, x->a, x->s, (struct message_id){0}) : e;
}

enum err automod_refuse(struct core *c, const struct actor *by, const struct access *a,
                        const struct automod_screening *s)
{
    struct refusal x = {by, a, s};
    enum err e = s->hit_count > 0 ? store_write(c->store, refuse, &x) : ERR_OK;
    return e == ERR_OK ? ERR_AUTOMOD_BLOCKED : e;
}
