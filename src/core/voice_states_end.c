/* Voice states that end without anybody's asking for it: with the session, with the permission to
 * be there, with the membership, with the channel, and with the server. */

#include "core/voice_states_priv.h"

#include <string.h>

#include "core/access_renew.h"
#include "core/tasks_priv.h"
#include "store/members.h"

enum {
    PAGE = 32, /* each may lock a stream, see tx_lock */
    PAGE_BYTES = 256 * 1024,
};

/* ---- several of them ---- */

struct ending {
    struct user_id user; /* 0: all users */
    const char *session; /* NULL: all sessions but those that are kept */
    bool (*keep)(void *ctx, const char *session);
    void *keep_ctx;
    struct arena arena; /* of the page */
    struct arena row;
    struct voice_state *page;
    size_t count;
    struct voice_state last; /* of the page before */
};

static enum err read_page(struct tx *tx, void *ctx)
{
    struct ending *x = ctx;
    arena_reset(&x->arena);
    if (x->session != NULL)
        return voice_states_of_user(tx_sql(tx), x->user, x->last.guild, PAGE, &x->arena, &x->page,
                                    &x->count);
    return voice_states_after(tx_sql(tx), x->last.guild, x->last.user, PAGE, &x->arena, &x->page,
                              &x->count);
}

static bool ends(const struct ending *x, const struct voice_state *s)
{
    if (x->session != NULL)
        return strcmp(s->session, x->session) == 0;
    return x->keep == NULL || !x->keep(x->keep_ctx, s->session);
}

/* The pages ascend by guild, and so do the locks. */
static enum err end_page(struct tx *tx, void *ctx)
{
    struct ending *x = ctx;
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++) {
        struct voice_state now;
        bool found = false;
        if (!ends(x, &x->page[i]))
            continue;
        arena_reset(&x->row);
        e = tx_lock(tx, core_guild_stream(x->page[i].guild));
        if (e == ERR_OK)
            e = voice_states_find(tx_sql(tx), x->page[i].guild, x->page[i].user, &now, &found);
        if (e == ERR_OK && found && strcmp(now.session, x->page[i].session) == 0)
            e = voice_out_found(tx, &task_actor, &now, &x->row);
    }
    return e;
}

static enum err end_all(struct core *c, struct ending *x)
{
    enum err e;
    arena_init(&x->arena, MEM_CORE, PAGE_BYTES);
    arena_init(&x->row, MEM_CORE, PAGE_BYTES);
    do {
        e = store_read(c->store, read_page, x);
        if (e == ERR_OK && x->count > 0) {
            x->last = x->page[x->count - 1];
            e = store_write(c->store, end_page, x);
        }
    } while (e == ERR_OK && x->count == PAGE);
    arena_deinit(&x->row);
    arena_deinit(&x->arena);
    return e;
}

enum err voice_session_ended(struct core *c, struct user_id user, const char *session)
{
    struct ending x = {.user = user, .session = session};
    return end_all(c, &x);
}

enum err voice_states_sweep(struct core *c, bool (*keep)(void *ctx, const char *session), void *ctx)
{
    struct ending x = {.keep = keep, .keep_ctx = ctx};
    return end_all(c, &x);
}

/* ---- one of them ---- */

static uint64_t permissions_of(struct tx *tx, const struct guild_view *v, const struct member *m,
                               const struct channel *ch)
{
    struct subject who = subject_of(m);
    return ch == NULL ? 0 : permissions_in_channel(v, &who, ch, tx_now_ms(tx));
}

/* What is heard of the member in the channel follows from what the member may do there. */
static bool suppressed_by(const struct guild_view *v, const struct channel *ch,
                          const struct voice_state *s, uint64_t permissions)
{
    return ch->type == CHANNEL_TYPE_STAGE ? s->suppress : voice_is_suppressed(v, ch, permissions);
}

struct recheck {
    struct guild_id guild;
    struct user_id user;
    struct arena arena;
    struct guild_view *view;
};

static enum err recheck(struct tx *tx, void *ctx)
{
    struct recheck *x = ctx;
    struct voice_state s;
    struct member m;
    bool found = false;
    arena_reset(&x->arena);
    guild_view_unref(&x->view);
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    if (e == ERR_OK)
        e = voice_states_find(tx_sql(tx), x->guild, x->user, &s, &found);
    if (e != ERR_OK || !found)
        return e;
    e = members_find(tx_sql(tx), x->guild, x->user, &x->arena, &m);
    if (e == ERR_OK)
        e = views_now(tx, x->guild, &x->view);
    if (e != ERR_OK)
        return e;
    const struct channel *ch = guild_view_channel(x->view, s.channel);
    uint64_t held = permissions_of(tx, x->view, &m, ch);
    if (ch == NULL || !voice_may_be_in(held))
        return voice_out(tx, &task_actor, &s, &m);
    bool suppress = suppressed_by(x->view, ch, &s, held);
    if (suppress == s.suppress)
        return ERR_OK;
    s.suppress = suppress;
    e = voice_states_put(tx_sql(tx), &s);
    return e == ERR_OK ? voice_tell(tx, &task_actor, &s, s.channel, &m) : e;
}

enum err voice_state_recheck(struct core *c, struct guild_id guild, struct user_id user)
{
    struct recheck x = {.guild = guild, .user = user};
    arena_init(&x.arena, MEM_CORE, PAGE_BYTES);
    enum err e = store_write(c->store, recheck, &x);
    guild_view_unref(&x.view);
    arena_deinit(&x.arena);
    /* Gone with the guild or the membership. */
    return e == ERR_UNKNOWN_MEMBER || e == ERR_UNKNOWN_GUILD ? ERR_OK : e;
}

enum err voice_state_depart(struct tx *tx, const struct actor *by, const struct member *m)
{
    struct voice_state s;
    bool found = false;
    enum err e = voice_states_find(tx_sql(tx), m->guild, m->user.id, &s, &found);
    return e == ERR_OK && found ? voice_out(tx, by, &s, m) : e;
}

static enum err follow_standing(struct tx *tx, const struct member *before,
                                const struct member *after, struct voice_state *s, bool *stays)
{
    struct guild_view *v = NULL;
    enum err e = views_now(tx, after->guild, &v);
    if (e != ERR_OK)
        return e;
    const struct channel *ch = guild_view_channel(v, s->channel);
    uint64_t had = permissions_of(tx, v, before, ch);
    uint64_t has = permissions_of(tx, v, after, ch);
    /* Who was put there by a moderator may never have had it, and stays. */
    *stays = !voice_may_be_in(had) || voice_may_be_in(has);
    if (ch != NULL)
        s->suppress = suppressed_by(v, ch, s, has);
    guild_view_unref(&v);
    return ERR_OK;
}

enum err voice_state_follow(struct tx *tx, const struct actor *by, const struct member *before,
                            const struct member *after, bool restanding)
{
    struct voice_state s;
    bool found = false;
    bool stays = true;
    bool heard = before->mute == after->mute && before->deaf == after->deaf;
    if (heard && !restanding)
        return ERR_OK;
    enum err e = voice_states_find(tx_sql(tx), after->guild, after->user.id, &s, &found);
    if (e != ERR_OK || !found)
        return e;
    bool suppress = s.suppress;
    if (restanding)
        e = follow_standing(tx, before, after, &s, &stays);
    if (e != ERR_OK)
        return e;
    s.mute = after->mute;
    s.deaf = after->deaf;
    if (!stays)
        return voice_out(tx, by, &s, after);
    if (s.suppress != suppress)
        e = voice_states_put(tx_sql(tx), &s);
    bool same = heard && s.suppress == suppress;
    return e == ERR_OK && !same ? voice_tell(tx, by, &s, s.channel, after) : e;
}

enum err voice_states_clear(struct tx *tx, const struct actor *by, struct channel_id channel,
                            uint64_t limit, struct arena *arena, uint64_t *count)
{
    struct voice_state *list = NULL;
    size_t n = 0;
    enum err e = voice_states_of_channel(tx_sql(tx), channel, limit, arena, &list, &n);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        e = voice_out_found(tx, by, &list[i], arena);
    *count = n;
    return e;
}
