/*
 * Relations. Both sides' rows change in one transaction that holds both people's streams, the lower
 * id first: whoever looks at one side can rely on the other.
 */

#include "core/relationships.h"

#include "base/limits.h"
#include "core/core_priv.h"
#include "core/user_erase.h"
#include "model/validate.h"
#include "proto/relationship.h"
#include "store/privacy.h"
#include "store/relationships.h"
#include "store/users.h"

enum { END_PAGE = 128 };

struct two {
    const struct actor *by;
    struct user_id other;
    struct arena arena;
    struct user me;
    struct user them;
    struct relationship mine;   /* what they are to me */
    struct relationship theirs; /* what I am to them */
    struct slice text;          /* user name, nickname, note */
    bool flag;
};

static struct user_id me_of(const struct two *x)
{
    return x->by->who->user;
}

/* Both as they are now, and nobody else changes them. */
static enum err begin(struct tx *tx, struct two *x)
{
    struct sql_conn *sql = tx_sql(tx);
    struct user_id me = me_of(x), them = x->other;
    arena_reset(&x->arena);
    if (me.v == them.v)
        return ERR_RELATIONSHIP_SELF;
    enum err e = tx_lock(tx, core_user_stream(me.v < them.v ? me : them));
    if (e == ERR_OK)
        e = tx_lock(tx, core_user_stream(me.v < them.v ? them : me));
    if (e == ERR_OK)
        e = users_find(sql, me, &x->arena, &x->me);
    if (e == ERR_OK)
        e = user_find_staying(tx, them, &x->arena, &x->them);
    if (e == ERR_OK)
        e = relationships_find(sql, me, them, &x->arena, &x->mine);
    if (e == ERR_OK)
        e = relationships_find(sql, them, me, &x->arena, &x->theirs);
    x->mine.other = x->them;
    x->theirs.other = x->me;
    return e;
}

static enum err tell(struct tx *tx, const struct two *x, enum event_kind kind,
                     const struct relationship *r, struct user_id reader)
{
    return core_emit(tx, event_relationship(kind, r, reader, me_of(x).v), x->by);
}

static enum err tell_removed(struct tx *tx, const struct two *x, struct user_id other,
                             enum relationship_type was, struct user_id reader)
{
    const char type = (char)('0' + (int)was);
    return core_emit_delta(tx, event_relationship_remove(other, was, reader, me_of(x).v), x->by,
                           slice_of(&type, 1));
}

/* The row becomes of that type, and whoever's it is hears of it. */
static enum err become(struct tx *tx, const struct two *x, struct user_id whose,
                       struct relationship *r, enum relationship_type type)
{
    enum relationship_type was = r->type;
    if (was == type)
        return ERR_OK;
    r->type = type;
    r->since_ms = tx_now_ms(tx);
    if (type != RELATIONSHIP_FRIEND)
        r->nickname = (struct slice){NULL, 0};
    enum err e = relationships_set(tx_sql(tx), whose, r);
    if (e != ERR_OK)
        return e;
    return type == RELATIONSHIP_NONE ? tell_removed(tx, x, r->other.id, was, whose)
                                     : tell(tx, x, EVENT_RELATIONSHIP_ADD, r, whose);
}

/* Rows in the order of whose they are, as their streams were locked. */
static enum err both_become(struct tx *tx, struct two *x, enum relationship_type mine,
                            enum relationship_type theirs)
{
    bool me_first = me_of(x).v < x->other.v;
    enum err e = me_first ? become(tx, x, me_of(x), &x->mine, mine)
                          : become(tx, x, x->other, &x->theirs, theirs);
    if (e != ERR_OK)
        return e;
    return me_first ? become(tx, x, x->other, &x->theirs, theirs)
                    : become(tx, x, me_of(x), &x->mine, mine);
}

static enum err room(struct tx *tx, struct user_id user, enum relationship_type type, size_t max,
                     enum err full)
{
    size_t count;
    enum err e = relationships_count(tx_sql(tx), user, type, max, &count);
    return e == ERR_OK && count >= max ? full : e;
}

/* ---- asking ---- */

static enum err may_ask(struct tx *tx, struct two *x)
{
    struct sql_conn *sql = tx_sql(tx);
    struct user_privacy p;
    struct privacy_guilds g = {false, false};
    struct user *mutual;
    size_t count = 0;
    enum err e = privacy_find(sql, x->other, &p);
    if (e != ERR_OK || (p.friend_sources & FRIEND_SOURCE_ALL) != 0)
        return e;
    if ((p.friend_sources & FRIEND_SOURCE_MUTUAL_FRIENDS) != 0)
        e = relationships_mutual_friends(sql, me_of(x), x->other, 1, &x->arena, &mutual, &count);
    if (e == ERR_OK && count == 0 && (p.friend_sources & FRIEND_SOURCE_MUTUAL_GUILDS) != 0)
        e = privacy_common_guilds(sql, me_of(x), x->other, true, tx_now_ms(tx), &g);
    if (e != ERR_OK)
        return e;
    return count > 0 || g.common ? ERR_OK : ERR_RELATIONSHIP_INCOMING_DISABLED;
}

static enum err accept(struct tx *tx, struct two *x)
{
    enum err e = room(tx, me_of(x), RELATIONSHIP_FRIEND, LIMIT_FRIENDS, ERR_MAX_FRIENDS);
    if (e == ERR_OK)
        e = room(tx, x->other, RELATIONSHIP_FRIEND, LIMIT_FRIENDS, ERR_MAX_FRIENDS);
    return e == ERR_OK ? both_become(tx, x, RELATIONSHIP_FRIEND, RELATIONSHIP_FRIEND) : e;
}

static enum err request(struct tx *tx, struct two *x)
{
    enum err e = may_ask(tx, x);
    if (e == ERR_OK)
        e = room(tx, me_of(x), RELATIONSHIP_FRIEND, LIMIT_FRIENDS, ERR_MAX_FRIENDS);
    if (e == ERR_OK)
        e = room(tx, me_of(x), RELATIONSHIP_OUTGOING, LIMIT_FRIENDS, ERR_MAX_FRIENDS);
    if (e == ERR_OK)
        e = room(tx, x->other, RELATIONSHIP_INCOMING, LIMIT_FRIENDS,
                 ERR_RELATIONSHIP_INCOMING_DISABLED);
    return e == ERR_OK ? both_become(tx, x, RELATIONSHIP_OUTGOING, RELATIONSHIP_INCOMING) : e;
}

static enum err ask(struct tx *tx, void *ctx)
{
    struct two *x = ctx;
    enum err e = begin(tx, x);
    if (e == ERR_OK && (x->them.bot || x->me.bot))
        e = ERR_RELATIONSHIP_BOT;
    if (e != ERR_OK)
        return e;
    if (x->mine.type == RELATIONSHIP_BLOCKED || x->theirs.type == RELATIONSHIP_BLOCKED)
        return ERR_RELATIONSHIP_INCOMING_BLOCKED;
    if (x->mine.type == RELATIONSHIP_FRIEND)
        return ERR_RELATIONSHIP_ALREADY_FRIENDS;
    if (x->mine.type == RELATIONSHIP_INCOMING)
        return accept(tx, x);
    return x->mine.type == RELATIONSHIP_OUTGOING ? ERR_OK : request(tx, x);
}

static enum err run(struct core *c, struct two *x, store_fn fn)
{
    arena_init(&x->arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, fn, x);
    arena_deinit(&x->arena);
    return e;
}

enum err relationship_ask(struct core *c, const struct actor *by, struct user_id other)
{
    struct two x = {.by = by, .other = other};
    return run(c, &x, ask);
}

static enum err find_name(struct tx *tx, void *ctx)
{
    struct two *x = ctx;
    return users_find_name(tx_sql(tx), TENANT_DEFAULT, x->text, &x->other);
}

enum err relationship_ask_name(struct core *c, const struct actor *by, struct slice username)
{
    struct two x = {.by = by};
    struct arena arena;
    arena_init(&arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = validate_username(username, &arena, &x.text) ? ERR_OK : ERR_UNKNOWN_USER;
    if (e == ERR_OK)
        e = store_read(c->store, find_name, &x);
    arena_deinit(&arena);
    if (e == ERR_UNKNOWN_USER)
        return ERR_RELATIONSHIP_NO_TAG;
    return e == ERR_OK ? run(c, &x, ask) : e;
}

/* ---- blocking ---- */

/* The other side learns of nothing but the end of what was there. */
static enum err block(struct tx *tx, void *ctx)
{
    struct two *x = ctx;
    enum err e = begin(tx, x);
    if (e != ERR_OK || x->mine.type == RELATIONSHIP_BLOCKED)
        return e;
    e = room(tx, me_of(x), RELATIONSHIP_BLOCKED, LIMIT_BLOCKED, ERR_MAX_BLOCKED);
    bool kept = x->theirs.type == RELATIONSHIP_BLOCKED;
    return e == ERR_OK ? both_become(tx, x, RELATIONSHIP_BLOCKED,
                                     kept ? RELATIONSHIP_BLOCKED : RELATIONSHIP_NONE)
                       : e;
}

enum err relationship_block(struct core *c, const struct actor *by, struct user_id other)
{
    struct two x = {.by = by, .other = other};
    return run(c, &x, block);
}

/* ---- ending ---- */

static enum err end(struct tx *tx, void *ctx)
{
    struct two *x = ctx;
    enum err e = begin(tx, x);
    if (e == ERR_RELATIONSHIP_SELF)
        return ERR_OK;
    bool theirs_stays =
        x->mine.type == RELATIONSHIP_BLOCKED || x->theirs.type == RELATIONSHIP_BLOCKED;
    return e == ERR_OK ? both_become(tx, x, RELATIONSHIP_NONE,
                                     theirs_stays ? x->theirs.type : RELATIONSHIP_NONE)
                       : e;
}

enum err relationship_end(struct core *c, const struct actor *by, struct user_id other)
{
    struct two x = {.by = by, .other = other};
    return run(c, &x, end);
}

struct list_read {
    struct user_id user;
    struct user_id other;
    uint64_t after;
    size_t max;
    struct arena *arena;
    struct relationship *list;
    struct user *users;
    struct note *notes;
    struct slice note;
    size_t count;
};

static enum err read_list(struct tx *tx, void *ctx)
{
    struct list_read *x = ctx;
    return relationships_of(tx_sql(tx), x->user, x->after, x->max, x->arena, &x->list, &x->count);
}

static enum err end_page(struct core *c, const struct actor *by, enum relationship_type type,
                         struct list_read *page)
{
    enum err e = store_read(c->store, read_list, page);
    for (size_t i = 0; i < page->count && e == ERR_OK; i++)
        if (page->list[i].type == type)
            e = relationship_end(c, by, page->list[i].other.id);
    if (e == ERR_OK && page->count > 0)
        page->after = page->list[page->count - 1].other.id.v;
    return e;
}

/* A transaction each: there are a thousand at most, and nobody waits for all of them to be gone. */
enum err relationship_end_all(struct core *c, const struct actor *by, enum relationship_type type)
{
    struct arena arena;
    struct list_read page = {
        .user = by->who->user, .max = END_PAGE, .arena = &arena, .count = END_PAGE};
    enum err e = ERR_OK;
    arena_init(&arena, MEM_CORE, SCRATCH_BYTES * 2);
    while (e == ERR_OK && page.count == END_PAGE) {
        arena_reset(&arena);
        e = end_page(c, by, type, &page);
    }
    arena_deinit(&arena);
    return e;
}

/* ---- what is the caller's alone ---- */

static enum err nickname(struct tx *tx, void *ctx)
{
    struct two *x = ctx;
    enum err e = begin(tx, x);
    if (e == ERR_OK && x->mine.type != RELATIONSHIP_FRIEND)
        e = ERR_UNKNOWN_USER;
    if (e != ERR_OK || slice_eq(x->mine.nickname, x->text))
        return e;
    x->mine.nickname = x->text;
    e = relationships_set(tx_sql(tx), me_of(x), &x->mine);
    return e == ERR_OK ? tell(tx, x, EVENT_RELATIONSHIP_UPDATE, &x->mine, me_of(x)) : e;
}

enum err relationship_nickname(struct core *c, const struct actor *by, struct user_id other,
                               struct slice text)
{
    struct two x = {.by = by, .other = other, .text = text};
    return run(c, &x, nickname);
}

static enum err ignore(struct tx *tx, void *ctx)
{
    struct two *x = ctx;
    enum err e = begin(tx, x);
    if (e != ERR_OK || x->mine.ignored == x->flag)
        return e;
    bool nothing_else = x->mine.type == RELATIONSHIP_NONE;
    x->mine.ignored = x->flag;
    if (x->mine.since_ms == 0)
        x->mine.since_ms = tx_now_ms(tx);
    e = relationships_set(tx_sql(tx), me_of(x), &x->mine);
    if (e != ERR_OK)
        return e;
    if (nothing_else && !x->flag)
        return tell_removed(tx, x, x->other, RELATIONSHIP_NONE, me_of(x));
    return tell(tx, x, nothing_else ? EVENT_RELATIONSHIP_ADD : EVENT_RELATIONSHIP_UPDATE, &x->mine,
                me_of(x));
}

enum err relationship_ignore(struct core *c, const struct actor *by, struct user_id other,
                             bool ignored)
{
    struct two x = {.by = by, .other = other, .flag = ignored};
    return run(c, &x, ignore);
}

/* ---- reading ---- */

enum err relationship_list(struct core *c, struct user_id user, struct arena *arena,
                           struct relationship **out, size_t *count)
{
    struct list_read x = {.user = user, .max = LIMIT_RELATIONSHIPS, .arena = arena};
    enum err e = store_read(c->store, read_list, &x);
    if (e != ERR_OK)
        return e;
    *out = x.list;
    *count = x.count;
    return ERR_OK;
}

static enum err read_mutual(struct tx *tx, void *ctx)
{
    struct list_read *x = ctx;
    struct user other;
    enum err e = users_find(tx_sql(tx), x->other, x->arena, &other);
    return e == ERR_OK ? relationships_mutual_friends(tx_sql(tx), x->user, x->other, LIMIT_FRIENDS,
                                                      x->arena, &x->users, &x->count)
                       : e;
}

enum err relationship_mutual(struct core *c, struct user_id user, struct user_id other,
                             struct arena *arena, struct user **out, size_t *count)
{
    struct list_read x = {.user = user, .other = other, .arena = arena};
    enum err e = store_read(c->store, read_mutual, &x);
    if (e != ERR_OK)
        return e;
    *out = x.users;
    *count = x.count;
    return ERR_OK;
}
