/*
 * The end of a poll, by time or by its author. Polls whose time has come are found by an index, so
 * nothing needs to be remembered: after a restart those that ended meanwhile are simply due. What
 * they became is in one transaction with the message that says it, which is posted once.
 */

#include "core/message_updated.h"
#include "core/messages.h"
#include "core/polls_priv.h"
#include "core/system_messages.h"
#include "proto/poll.h"
#include "store/message_heads.h"

enum {
    ENDED_AT_ONCE = 32,
    END_ARENA_BYTES = 1024 * 1024, /* a message with all that it may hold, and the result */
    RESULT_BYTES_MAX = 16 * 1024
};

static enum err post_result(struct tx *tx, const struct place *p, const struct message *m,
                            const struct member *author, struct arena *arena)
{
    struct buf embeds;
    buf_init(&embeds, MEM_CORE, RESULT_BYTES_MAX);
    enum err e = proto_poll_result(&embeds, m);
    if (e == ERR_OK) {
        const struct system_message s = {.type = MESSAGE_TYPE_POLL_RESULT,
                                         .author = author,
                                         .reference = m->id,
                                         .embeds = buf_slice(&embeds)};
        e = system_message_post(tx, p, &(struct actor){0}, &s, arena, NULL);
    }
    buf_deinit(&embeds);
    return e;
}

/* In a closure that holds the place's stream. */
static enum err end_poll(struct core *c, struct tx *tx, const struct place *p,
                         const struct actor *by, const struct poll *poll, struct arena *arena,
                         struct message *out)
{
    struct member author;
    int64_t now_ms = tx_now_ms(tx);
    enum err e = polls_finalize(tx_sql(tx), poll,
                                poll->expires_at_ms < now_ms ? poll->expires_at_ms : now_ms);
    if (e == ERR_OK)
        e = message_updated(c, tx, p, by, poll->message, arena, out, &author);
    return e == ERR_OK ? post_result(tx, p, out, &author, arena) : e;
}

/* ---- by its author ---- */

struct ending {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    struct message_id message;
    struct arena *arena;
    struct message *out;
};

static enum err end_by_author(struct tx *tx, void *ctx)
{
    struct ending *x = ctx;
    struct place p = place_of(x->a);
    struct message_head m;
    struct poll poll;
    bool found = false;
    enum err e = access_recheck(tx, x->a, PERMISSION_VIEW_CHANNEL);
    if (e == ERR_OK)
        e = message_heads_find(tx_sql(tx), p.channel, x->message, &m);
    if (e == ERR_OK)
        e = polls_find(tx_sql(tx), p.channel, x->message, &poll, &found);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_NOT_A_POLL;
    if (poll.author.v != x->by->who->user.v)
        return ERR_EDIT_OTHERS_MESSAGE;
    if (poll.finalized)
        return ERR_POLL_EXPIRED;
    return end_poll(x->core, tx, &p, x->by, &poll, x->arena, x->out);
}

enum err poll_end(struct core *c, const struct actor *by, const struct access *a,
                  struct message_id message, struct arena *arena, struct message *out)
{
    struct message ended;
    struct ending x = {c, by, a, message, arena, &ended};
    enum err e = store_write(c->store, end_by_author, &x);
    if (e == ERR_OK)
        e = message_get(c, a, message, arena, &ended); /* with the author's own votes */
    if (e == ERR_OK)
        *out = ended;
    return e;
}

/* ---- by time ---- */

struct due {
    struct core *core;
    struct poll polls[ENDED_AT_ONCE];
    size_t count;
    size_t at; /* the one under way */
    int64_t now_ms;
    struct arena arena;
};

static enum err read_due(struct tx *tx, void *ctx)
{
    struct due *x = ctx;
    return polls_due(tx_sql(tx), x->now_ms, ENDED_AT_ONCE, x->polls, &x->count);
}

static enum err end_due(struct tx *tx, void *ctx)
{
    struct due *x = ctx;
    const struct poll *seen = &x->polls[x->at];
    struct dm_channel dm;
    struct place p;
    struct poll now;
    struct message ended;
    bool there;
    bool found = false;
    arena_reset(&x->arena);
    enum err e = place_find(tx, seen->channel, &x->arena, &dm, &p, &there);
    if (e != ERR_OK)
        return e;
    if (!there) /* being deleted, with all that is in it */
        return polls_finalize(tx_sql(tx), seen, seen->expires_at_ms);
    e = place_lock(tx, &p);
    if (e == ERR_OK)
        e = polls_find(tx_sql(tx), seen->channel, seen->message, &now, &found);
    if (e != ERR_OK || !found || now.finalized)
        return e; /* deleted or ended since it was looked at */
    const struct actor nobody = {0};
    return end_poll(x->core, tx, &p, &nobody, &now, &x->arena, &ended);
}

enum err poll_end_step(struct core *c, bool *more)
{
    struct due *x = mem_zalloc(MEM_CORE, sizeof *x);
    if (x == NULL)
        return ERR_NO_MEMORY;
    x->core = c;
    x->now_ms = clock_wall_ms(c->o.clock);
    arena_init(&x->arena, MEM_CORE, END_ARENA_BYTES);
    enum err failed = ERR_OK;
    enum err e = store_read(c->store, read_due, x);
    for (x->at = 0; e == ERR_OK && x->at < x->count; x->at++) {
        enum err one = store_write(c->store, end_due, x);
        if (failed == ERR_OK)
            failed = one; /* one that cannot end does not hold up the others */
    }
    *more = e == ERR_OK && failed == ERR_OK && x->count == ENDED_AT_ONCE;
    arena_deinit(&x->arena);
    mem_free(MEM_CORE, x);
    return e != ERR_OK ? e : failed;
}
