/*
 * Posting messages: the hottest write there is. Everything that can be read beforehand is read
 * beforehand; the closure has five statements (recheck, insert, last_message_id, and the two of the
 * event log), six with a nonce.
 */

#include "core/messages.h"

#include <string.h>

#include "base/limits.h"
#include "core/automod_priv.h"
#include "core/messages_priv.h"
#include "core/seen.h"
#include "core/verification.h"
#include "proto/events.h"
#include "store/channels.h"

enum {
    NONCE_WINDOW_MS = 3 * 60 * 1000, /* docs: "the past few minutes" */
    NONCE_BYTES_MAX = LIMIT_NONCE * 4,
    FORGET_ONE_IN = 16 /* posts with a nonce, of which one clears old nonces away */
};

struct post {
    const struct actor *by;
    const struct access *a;
    const struct message_draft *d;
    struct arena *arena;
    struct message m;
    struct message replied;
    bool has_replied;
    uint64_t need;
    struct message_id earlier; /* the message that the nonce was used for; 0: none */
    struct automod_screening screening;
};

/* The message replied to; m becomes a reply if there is one. */
static enum err read_replied(struct sql_conn *sql, struct post *x)
{
    struct message_record r;
    enum err e = messages_find(sql, x->a->channel->id, x->d->reply_to, x->arena, &r);
    if (e == ERR_UNKNOWN_MESSAGE && !x->d->fail_if_not_exists)
        return ERR_OK;
    if (e == ERR_OK && r.message.type != MESSAGE_TYPE_DEFAULT &&
        r.message.type != MESSAGE_TYPE_REPLY)
        e = ERR_SYSTEM_MESSAGE;
    if (e == ERR_OK)
        e = message_complete(sql, &r, false, x->arena, &x->replied);
    x->has_replied = e == ERR_OK;
    return e;
}

static enum err read_before(struct tx *tx, void *ctx)
{
    struct post *x = ctx;
    struct mentions mentions;
    enum err e = x->d->reply_to.v != 0 ? read_replied(tx_sql(tx), x) : ERR_OK;
    if (e == ERR_OK)
        e = mentions_resolve(tx_sql(tx), x->a, x->d, x->has_replied ? &x->replied.author : NULL,
                             x->arena, &mentions);
    if (e == ERR_OK)
        mentions_apply(&mentions, &x->m);
    return e;
}

static enum err compose(struct post *x)
{
    const struct message_draft *d = x->d;
    const struct access *a = x->a;
    x->m = (struct message){
        .channel = a->channel->id,
        .guild = a->view->guild.id,
        .author = a->member.user,
        .content = arena_dup(x->arena, d->content),
        .flags = d->flags,
        .tts = d->tts && (a->permissions & PERMISSION_SEND_TTS_MESSAGES),
        .nonce_is_number = d->nonce_is_number,
    };
    if (d->nonce.data != NULL && d->nonce.len > 0 && d->nonce.len <= NONCE_BYTES_MAX)
        x->m.nonce = arena_dup(x->arena, d->nonce);
    return x->m.content.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* Text without '<' and '@' mentions nobody, and needs no read of its own. */
static enum err prepare(struct core *c, struct post *x)
{
    bool may_mention = slice_find(x->d->content, '<') < x->d->content.len ||
                       slice_find(x->d->content, '@') < x->d->content.len;
    enum err e = compose(x);
    if (e != ERR_OK || (!may_mention && x->d->reply_to.v == 0))
        return e;
    e = store_read(c->store, read_before, x);
    if (e == ERR_OK && x->has_replied) {
        x->m.type = MESSAGE_TYPE_REPLY;
        x->m.reference = x->replied.id;
        x->m.referenced = &x->replied;
        x->m.referenced_known = true;
    }
    return e;
}

/* What the log keeps of a nonce, to replay it: its kind and its text. */
static struct slice nonce_delta(const struct message *m, char out[1 + NONCE_BYTES_MAX])
{
    if (m->nonce.data == NULL)
        return LOG_NONE;
    out[0] = m->nonce_is_number ? 'n' : 's';
    memcpy(out + 1, m->nonce.data, m->nonce.len);
    return slice_of(out, 1 + m->nonce.len);
}

void message_nonce_from_delta(struct slice delta, struct message *m)
{
    if (delta.len < 2)
        return;
    m->nonce_is_number = delta.data[0] == 'n';
    m->nonce = slice_of(delta.data + 1, delta.len - 1);
}

/* Sets x->earlier if the nonce was used already; its message may have been deleted since, and then
 * the nonce is free again. */
static enum err use_nonce(struct tx *tx, struct post *x)
{
    struct message_id first;
    struct message_record r;
    struct sql_conn *sql = tx_sql(tx);
    uint64_t since = snowflake_at(tx_now_ms(tx) - NONCE_WINDOW_MS);
    enum err e = nonces_use(sql, &x->m, since, x->d->enforce_nonce, &first);
    if (e != ERR_OK)
        return e;
    if (first.v != x->m.id.v) {
        e = messages_find(sql, x->m.channel, first, x->arena, &r);
        if (e == ERR_OK)
            x->earlier = first;
        return e == ERR_UNKNOWN_MESSAGE ? nonces_use(sql, &x->m, since, false, &first) : e;
    }
    if (snowflake_ms(x->m.id.v) % FORGET_ONE_IN == 0)
        e = nonces_forget(sql, since);
    return e;
}

static enum err post(struct tx *tx, void *ctx)
{
    struct post *x = ctx;
    char delta[1 + NONCE_BYTES_MAX];
    uint64_t rules;
    x->earlier.v = 0;
    enum err e = access_recheck_rules(tx, x->a, x->need, &rules);
    if (e == ERR_OK)
        e = automod_confirm(&x->screening, rules);
    if (e != ERR_OK)
        return e;
    x->m.id.v = tx_id(tx);
    if (x->m.nonce.data != NULL)
        e = use_nonce(tx, x);
    if (e != ERR_OK || x->earlier.v != 0)
        return e;
    e = messages_insert(tx_sql(tx), &x->m);
    if (e == ERR_OK)
        e = channels_set_last_message(tx_sql(tx), x->m.channel, x->m.id);
    if (e == ERR_OK)
        e = core_emit_delta(tx, event_message_create(&x->m, &x->a->member, x->a->channel->type),
                            x->by, nonce_delta(&x->m, delta));
    return e == ERR_OK ? automod_enforce(tx, x->by, x->a, &x->screening, x->m.id) : e;
}

static bool takes_messages(enum channel_type type)
{
    return type == CHANNEL_TYPE_TEXT || type == CHANNEL_TYPE_ANNOUNCEMENT ||
           type == CHANNEL_TYPE_VOICE || type == CHANNEL_TYPE_STAGE;
}

static enum err check(const struct post *x)
{
    if (!takes_messages(x->a->channel->type))
        return ERR_NON_TEXT_CHANNEL;
    if (x->d->reply_to.v != 0 && !(x->a->permissions & PERMISSION_READ_MESSAGE_HISTORY))
        return ERR_REPLY_NEEDS_HISTORY;
    return (x->a->permissions & x->need) == x->need ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

/* Who writes is there, with or without a session: what pruning goes by. Known from the
 * authorisation, so that it is written once a day; if that fails, the next message does it. */
static void note_seen(struct core *c, const struct member *author)
{
    int64_t today = seen_day_ms(clock_wall_ms(c->o.clock));
    if (author->user.seen_at_ms < today && account_seen(c, author->user.id) != ERR_OK)
        log_debug(c->o.log, "messages", "a day could not be noted",
                  LOG_U("user", author->user.id.v));
}

enum err message_post(struct core *c, const struct actor *by, const struct access *a,
                      const struct message_draft *d, struct arena *arena, struct message *out)
{
    struct post *x = arena_zalloc(arena, sizeof *x);
    if (x == NULL)
        return ERR_NO_MEMORY;
    *x = (struct post){.by = by, .a = a, .d = d, .arena = arena};
    x->need = PERMISSION_VIEW_CHANNEL | PERMISSION_SEND_MESSAGES;
    if (d->reply_to.v != 0)
        x->need |= PERMISSION_READ_MESSAGE_HISTORY;
    const struct automod_gate gate = {by, a, d->content, arena, &x->screening, d->refusal};
    enum err e = check(x);
    if (e == ERR_OK)
        e = verification_check(c, a);
    if (e == ERR_OK)
        e = prepare(c, x);
    if (e == ERR_OK)
        e = automod_pass(c, &gate, post, x);
    if (e == ERR_OK && x->earlier.v != 0) {
        struct slice nonce = x->m.nonce;
        e = message_get(c, a, x->earlier, arena, &x->m);
        x->m.nonce = nonce;
        x->m.nonce_is_number = d->nonce_is_number;
    }
    if (e != ERR_OK)
        return e;
    note_seen(c, &a->member);
    *out = x->m;
    return ERR_OK;
}
