/*
 * Polls and votes. A vote is a set of answers, so that sending it again changes nothing: what is
 * told is the difference.
 */

#include "core/polls_priv.h"

#include <stdio.h>

#include "base/limits.h"
#include "core/dms.h"
#include "proto/poll_events.h"
#include "store/message_heads.h"
#include "store/relationships.h"

/* ---- asking ---- */

enum err poll_check(const struct access *a)
{
    enum channel_type type = a->channel->type;
    bool takes = type == CHANNEL_TYPE_TEXT || type == CHANNEL_TYPE_ANNOUNCEMENT ||
                 type == CHANNEL_TYPE_VOICE || type == CHANNEL_TYPE_STAGE ||
                 type == CHANNEL_TYPE_DM || type == CHANNEL_TYPE_GROUP_DM;
    if (!takes)
        return ERR_POLL_CHANNEL_TYPE;
    return (a->permissions & PERMISSION_SEND_POLLS) != 0 ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

enum err polls_store(struct tx *tx, const struct message *m, const struct poll_draft *d)
{
    const struct poll p = {.channel = m->channel,
                           .message = m->id,
                           .guild = m->guild,
                           .author = m->author.id,
                           .expires_at_ms = tx_now_ms(tx) + d->duration_ms,
                           .multiselect = d->multiselect,
                           .answers = d->answer_count};
    return polls_insert(tx_sql(tx), &p);
}

enum err polls_of_messages(struct sql_conn *sql, struct user_id reader,
                           struct message *const *messages, size_t count, struct arena *arena)
{
    return poll_states_read(sql, reader, messages, count, arena);
}

/* ---- voting ---- */

struct voting {
    const struct actor *by;
    const struct access *a;
    struct message_id message;
    const uint64_t *answers;
    size_t count;
    size_t wrong;
};

static bool is_bit(uint64_t bits, unsigned n)
{
    return (bits >> n & 1) != 0;
}

/* The answers as bits, each once. */
static enum err wanted_answers(struct voting *x, const struct poll *p, uint64_t *out)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < x->count; i++) {
        x->wrong = i;
        if (x->answers[i] == 0 || x->answers[i] > p->answers)
            return ERR_INVALID_FORM;
        uint64_t bit = UINT64_C(1) << x->answers[i];
        if (!p->multiselect && (bits & ~bit) != 0)
            return ERR_INVALID_FORM;
        bits |= bit;
    }
    *out = bits;
    return ERR_OK;
}

static enum err emit_vote(struct tx *tx, const struct place *p, const struct actor *by,
                          enum event_kind kind, const struct poll_vote *v)
{
    char delta[8 + SLICE_U64_DIGITS];
    const struct poll_vote_note n = {p->guild, v->channel, v->message, v->user, v->answer};
    int len = snprintf(delta, sizeof delta, "%u %llu", v->answer, (unsigned long long)v->user.v);
    return place_emit(tx, p, event_poll_vote(kind, &n), by, slice_of(delta, (size_t)len));
}

enum err poll_take_back(struct tx *tx, const struct place *p, const struct actor *by,
                        const struct poll_vote *v)
{
    bool changed = false;
    enum err e = poll_votes_delete(tx_sql(tx), v, &changed);
    return e == ERR_OK && changed ? emit_vote(tx, p, by, EVENT_MESSAGE_POLL_VOTE_REMOVE, v) : e;
}

static enum err give(struct tx *tx, const struct place *p, const struct actor *by,
                     const struct poll_vote *v)
{
    bool changed = false;
    enum err e = poll_votes_insert(tx_sql(tx), v, &changed);
    return e == ERR_OK && changed ? emit_vote(tx, p, by, EVENT_MESSAGE_POLL_VOTE_ADD, v) : e;
}

static enum err change_votes(struct tx *tx, const struct voting *x, const struct poll *p,
                             uint64_t had, uint64_t wanted)
{
    struct place place = place_of(x->a);
    enum err e = ERR_OK;
    for (unsigned n = 1; n <= p->answers && e == ERR_OK; n++) {
        const struct poll_vote v = {p->channel, p->message, n, x->by->who->user};
        if (is_bit(had, n) && !is_bit(wanted, n))
            e = poll_take_back(tx, &place, x->by, &v);
    }
    for (unsigned n = 1; n <= p->answers && e == ERR_OK; n++) {
        const struct poll_vote v = {p->channel, p->message, n, x->by->who->user};
        if (is_bit(wanted, n) && !is_bit(had, n))
            e = give(tx, &place, x->by, &v);
    }
    return e;
}

/* access_recheck looks at the bits only if something moved, hence both. */
static enum err require(struct tx *tx, const struct access *a)
{
    const uint64_t need = PERMISSION_VIEW_CHANNEL | PERMISSION_READ_MESSAGE_HISTORY;
    if ((a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    return access_recheck_part(tx, a, need);
}

static enum err find_poll(struct tx *tx, struct channel_id channel, struct message_id message,
                          struct poll *p)
{
    bool found = false;
    enum err e = polls_find(tx_sql(tx), channel, message, p, &found);
    return e == ERR_OK && !found ? ERR_UNKNOWN_MESSAGE : e;
}

static enum err vote(struct tx *tx, void *ctx)
{
    struct voting *x = ctx;
    struct poll p;
    bool blocked = false;
    uint64_t had = 0;
    uint64_t wanted = 0;
    enum err e = require(tx, x->a);
    if (e == ERR_OK)
        e = find_poll(tx, x->a->channel->id, x->message, &p);
    if (e == ERR_OK && (p.finalized || p.expires_at_ms <= tx_now_ms(tx)))
        e = ERR_POLL_EXPIRED;
    if (e == ERR_OK)
        e = relationships_blocked(tx_sql(tx), p.author, x->by->who->user, &blocked);
    if (e == ERR_OK && !blocked && x->a->dm != NULL)
        e = dm_is_blocked(tx, x->a, &blocked);
    if (e == ERR_OK && blocked)
        e = ERR_POLL_VOTING_BLOCKED;
    if (e == ERR_OK)
        e = wanted_answers(x, &p, &wanted);
    if (e == ERR_OK)
        e = poll_votes_own(tx_sql(tx), &p, x->by->who->user, &had);
    return e == ERR_OK ? change_votes(tx, x, &p, had, wanted) : e;
}

enum err poll_vote(struct core *c, const struct actor *by, const struct access *a,
                   struct message_id message, const uint64_t *answers, size_t count, size_t *wrong)
{
    struct voting x = {.by = by, .a = a, .message = message, .answers = answers, .count = count};
    if (by->who->bot)
        return ERR_POLL_VOTING_BLOCKED;
    enum err e = store_write(c->store, vote, &x);
    if (e == ERR_INVALID_FORM && wrong != NULL)
        *wrong = x.wrong;
    return e;
}

/* ---- who voted ---- */

struct voters_read {
    struct poll_vote from;
    size_t limit;
    struct arena *arena;
    struct user *list;
    size_t count;
};

static enum err read_voters(struct tx *tx, void *ctx)
{
    struct voters_read *x = ctx;
    struct poll p;
    enum err e = find_poll(tx, x->from.channel, x->from.message, &p);
    if (e == ERR_OK && (x->from.answer == 0 || x->from.answer > p.answers))
        e = ERR_UNKNOWN_MESSAGE;
    return e != ERR_OK
               ? e
               : poll_votes_users(tx_sql(tx), &x->from, x->limit, x->arena, &x->list, &x->count);
}

enum err poll_voters(struct core *c, const struct access *a, struct message_id message,
                     uint64_t answer, struct user_id after, size_t limit, struct arena *arena,
                     struct user **out, size_t *count)
{
    struct voters_read x = {
        .from = {a->channel->id, message, 0, after}, .limit = limit, .arena = arena};
    if (answer > 0 && answer <= LIMIT_POLL_ANSWERS)
        x.from.answer = (unsigned)answer;
    enum err e = store_read(c->store, read_voters, &x);
    if (e != ERR_OK)
        return e;
    *out = x.list;
    *count = x.count;
    return ERR_OK;
}
