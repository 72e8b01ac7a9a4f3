/*
 * Posting messages: the hottest write there is. Everything that can be read beforehand is read
 * beforehand (message_prepare.c); for a plain text the closure has five statements (recheck,
 * insert, last message, and the two of the event log) and what the search index takes, one more
 * with a nonce or in slow mode.
 */

#include "core/messages.h"

#include <string.h>

#include "base/limits.h"
#include "core/dms.h"
#include "core/message_post_priv.h"
#include "core/search_index.h"
#include "core/seen.h"
#include "core/verification.h"
#include "proto/events.h"
#include "store/channels.h"
#include "store/dms.h"
#include "store/message_mentions.h"

enum {
    NONCE_WINDOW_MS = 3 * 60 * 1000, /* docs: "the past few minutes" */
    NONCE_BYTES_MAX = LIMIT_NONCE * 4,
    FORGET_ONE_IN = 16 /* posts with a nonce, of which one clears old nonces away */
};

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

enum err message_set_last(struct tx *tx, const struct place *p, struct message_id id)
{
    return p->dm != NULL ? dms_set_last_message(tx_sql(tx), p->channel, id)
                         : channels_set_last_message(tx_sql(tx), p->channel, id);
}

static enum err store_files(struct tx *tx, struct post *x)
{
    x->m.attachments = x->files;
    x->m.attachment_count = x->file_count;
    return attachments_store(tx, &x->m, x->files, x->file_count, x->arena);
}

static enum err store_poll(struct tx *tx, struct post *x)
{
    static const uint64_t no_votes[LIMIT_POLL_ANSWERS];
    static const bool not_mine[LIMIT_POLL_ANSWERS];
    x->poll = (struct poll_state){.expires_at_ms = tx_now_ms(tx) + x->d->poll->duration_ms,
                                  .answer_count = x->d->poll->answer_count,
                                  .votes = no_votes,
                                  .me = not_mine};
    x->m.poll_state = &x->poll;
    return polls_store(tx, &x->m, x->d->poll);
}

static enum err store_parts(struct tx *tx, struct post *x)
{
    enum err e = ERR_OK;
    if (x->m.parts & MESSAGE_PART_MENTIONS)
        e = message_mentions_insert(tx_sql(tx), &x->m);
    if (e == ERR_OK && x->file_count > 0)
        e = store_files(tx, x);
    if (e == ERR_OK && x->d->poll != NULL)
        e = store_poll(tx, x);
    return e;
}

static enum err store_message(struct tx *tx, struct post *x)
{
    char delta[1 + NONCE_BYTES_MAX];
    const struct member *author = x->a->dm != NULL ? NULL : &x->a->member;
    enum err e = messages_insert(tx_sql(tx), &x->m);
    if (e == ERR_OK)
        e = store_parts(tx, x);
    if (e == ERR_OK)
        e = message_set_last(tx, &x->place, x->m.id);
    if (e == ERR_OK)
        e = search_index(tx, &x->m, false);
    return e == ERR_OK
               ? place_emit(tx, &x->place, event_message_create(&x->m, author, x->place.type),
                            x->by, nonce_delta(&x->m, delta))
               : e;
}

/* The source of a forward may have been closed to its author meanwhile; its guild's stream is not
 * locked, for two guilds' would have to be locked in one order. */
static enum err post(struct tx *tx, void *ctx)
{
    struct post *x = ctx;
    uint64_t rules;
    x->earlier.v = 0;
    enum err e = access_recheck_rules(tx, x->a, x->need, &rules);
    if (e == ERR_OK)
        e = automod_confirm(&x->screening, rules);
    if (e == ERR_OK && x->a->dm != NULL)
        e = dm_before_message(tx, x->a, x->by);
    if (e != ERR_OK)
        return e;
    x->m.id.v = tx_id(tx);
    if (x->m.nonce.data != NULL)
        e = use_nonce(tx, x);
    if (e != ERR_OK || x->earlier.v != 0)
        return e;
    e = slow_mode_take(tx, x->a, x->d->wait_ms);
    if (e == ERR_OK)
        e = store_message(tx, x);
    return e == ERR_OK ? automod_enforce(tx, x->by, x->a, &x->screening, x->m.id) : e;
}

static bool takes_messages(enum channel_type type)
{
    return type != CHANNEL_TYPE_CATEGORY && type != CHANNEL_TYPE_FORUM &&
           type != CHANNEL_TYPE_MEDIA;
}

/* Embeds without EMBED_LINKS are refused, not dropped, as Discord does with bots (50013). */
static uint64_t need_of(const struct message_draft *d)
{
    bool is_reply = d->reference.v != 0 && d->reference_type == REFERENCE_REPLY;
    return PERMISSION_VIEW_CHANNEL | PERMISSION_SEND_MESSAGES |
           (is_reply ? PERMISSION_READ_MESSAGE_HISTORY : 0) |
           (d->attachment_count > 0 ? PERMISSION_ATTACH_FILES : 0) |
           (d->embeds.data != NULL ? PERMISSION_EMBED_LINKS : 0) |
           (d->poll != NULL ? PERMISSION_SEND_POLLS : 0) |
           (d->flags & MESSAGE_FLAG_IS_VOICE_MESSAGE ? PERMISSION_SEND_VOICE_MESSAGES : 0);
}

static enum err check(const struct post *x)
{
    uint64_t held = x->a->permissions;
    if (!takes_messages(x->place.type))
        return ERR_NON_TEXT_CHANNEL;
    if ((x->need & ~held) & PERMISSION_READ_MESSAGE_HISTORY)
        return ERR_REPLY_NEEDS_HISTORY;
    if ((x->need & ~held) & PERMISSION_SEND_VOICE_MESSAGES)
        return ERR_VOICE_MESSAGE_FORBIDDEN;
    return (held & x->need) == x->need ? ERR_OK : ERR_MISSING_PERMISSIONS;
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

/* The message that was posted with the nonce before. */
static enum err read_earlier(struct post *x)
{
    struct slice nonce = x->m.nonce;
    enum err e = message_get(x->core, x->a, x->earlier, x->arena, &x->m);
    x->m.nonce = nonce;
    x->m.nonce_is_number = x->d->nonce_is_number;
    return e;
}

static enum err run(struct post *x)
{
    enum err e = check(x);
    if (e == ERR_OK && x->a->dm == NULL)
        e = verification_check(x->core, x->a);
    if (e == ERR_OK)
        e = message_prepare(x);
    if (e != ERR_OK)
        return e;
    const struct automod_gate gate = {x->by, x->a, x->text, x->arena, &x->screening, x->d->refusal};
    e = automod_pass(x->core, &gate, post, x);
    return e == ERR_OK && x->earlier.v != 0 ? read_earlier(x) : e;
}

enum err message_post(struct core *c, const struct actor *by, const struct access *a,
                      const struct message_draft *d, struct arena *arena, struct message *out)
{
    struct post *x = arena_zalloc(arena, sizeof *x);
    if (x == NULL)
        return ERR_NO_MEMORY;
    *x = (struct post){.core = c, .by = by, .a = a, .d = d, .arena = arena, .place = place_of(a)};
    x->need = need_of(d);
    enum err e = run(x);
    access_end(&x->source);
    if (e != ERR_OK)
        return e;
    note_seen(c, &a->member);
    *out = x->m;
    return ERR_OK;
}
