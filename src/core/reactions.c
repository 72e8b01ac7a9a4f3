/*
 * Reactions. What a reaction needs depends on the message as it is in the closure: the first of a
 * kind takes a permission and an emoji that exists, whoever joins in takes neither.
 */

#include "core/reactions_priv.h"

#include "base/limits.h"
#include "core/dms.h"
#include "model/unicode_emoji.h"
#include "store/emojis.h"
#include "store/members.h"
#include "store/message_heads.h"
#include "store/relationships.h"

enum { EMOJI_NAME_BYTES = 32, CLEARED_AT_ONCE = 1000 };

/* ---- which emoji ---- */

static bool is_name(struct slice s)
{
    bool ok = s.len >= 1 && s.len <= EMOJI_NAME_BYTES;
    for (size_t i = 0; i < s.len && ok; i++) {
        char c = s.data[i];
        ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    }
    return ok;
}

/* [a:]name:id */
static bool read_custom(struct slice text, struct emoji_ref *out)
{
    struct slice name;
    struct slice rest = text;
    if (slice_starts_with(rest, SLICE("a:")) &&
        slice_find(slice_of(text.data + 2, text.len - 2), ':') < text.len - 2)
        rest = slice_of(text.data + 2, text.len - 2);
    uint64_t id;
    if (!slice_next(&rest, ':', &name) || !is_name(name) || !slice_to_u64(rest, &id) || id == 0 ||
        id > INT64_MAX)
        return false;
    *out = (struct emoji_ref){.id = id, .name = name};
    return true;
}

enum err reaction_emoji_read(struct slice text, struct arena *arena, struct emoji_ref *out)
{
    char bytes[UNICODE_EMOJI_BYTES];
    if (text.data == NULL)
        return ERR_UNKNOWN_EMOJI;
    if (read_custom(text, out))
        return ERR_OK;
    size_t len = unicode_emoji_normalise(text, bytes);
    if (len == 0)
        return ERR_UNKNOWN_EMOJI;
    struct slice name = arena_dup(arena, slice_of(bytes, len));
    if (name.data == NULL)
        return ERR_NO_MEMORY;
    *out = (struct emoji_ref){.name = name};
    return ERR_OK;
}

/* ---- adding ---- */

struct adding {
    const struct actor *by;
    const struct access *a;
    struct message_id message;
    const struct emoji_ref *asked;
    struct emoji_ref emoji; /* as it is stored; in the arena */
    enum reaction_type type;
    struct place place;
    struct arena arena;
};

static struct reaction_key key_of(struct channel_id channel, struct message_id message,
                                  const struct emoji_ref *emoji)
{
    struct reaction_key key = {.channel = channel, .message = message, .emoji = emoji->id};
    if (emoji->id == 0)
        key.text = emoji->name;
    return key;
}

/* access_recheck looks at the bits only if something moved, hence both. */
static enum err require(struct tx *tx, const struct access *a, uint64_t need)
{
    if ((a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    return access_recheck(tx, a, need);
}

static bool holds_one(const struct member *m, const struct emoji *e)
{
    bool held = e->role_count == 0;
    for (size_t i = 0; i < e->role_count && !held; i++)
        for (size_t k = 0; k < m->role_count && !held; k++)
            held = m->roles[k].v == e->roles[i].v;
    return held;
}

/* The emoji that nobody has used on the message yet: it exists, and they may use it. */
static enum err use_custom(struct tx *tx, struct adding *x)
{
    struct emoji emoji;
    struct member there;
    const struct access *a = x->a;
    const struct member *m = &a->member;
    enum err e = emojis_find_any(tx_sql(tx), (struct emoji_id){x->emoji.id}, &x->arena, &emoji);
    if (e == ERR_OK && !emoji.available)
        e = ERR_UNKNOWN_EMOJI;
    if (e != ERR_OK)
        return e;
    if (x->place.guild.v != emoji.guild.v) {
        if ((a->permissions & PERMISSION_USE_EXTERNAL_EMOJIS) == 0)
            return ERR_MISSING_PERMISSIONS;
        e = members_find(tx_sql(tx), emoji.guild, x->by->who->user, &x->arena, &there);
        if (e != ERR_OK)
            return e == ERR_UNKNOWN_MEMBER ? ERR_UNKNOWN_EMOJI : e;
        m = &there;
    }
    if (!holds_one(m, &emoji))
        return ERR_UNKNOWN_EMOJI;
    x->emoji.name = emoji.name;
    x->emoji.animated = emoji.animated;
    return ERR_OK;
}

static enum err begin_kind(struct tx *tx, struct adding *x, const struct reaction_standing *now)
{
    enum err e = require(tx, x->a, PERMISSION_ADD_REACTIONS);
    if (e == ERR_OK && now->kinds >= LIMIT_REACTIONS)
        e = ERR_MAX_REACTIONS;
    return e == ERR_OK && x->emoji.id != 0 ? use_custom(tx, x) : e;
}

static enum err blocked_by(struct tx *tx, struct user_id by, struct user_id whom)
{
    bool blocked = false;
    enum err e = by.v != whom.v ? relationships_blocked(tx_sql(tx), by, whom, &blocked) : ERR_OK;
    return e == ERR_OK && blocked ? ERR_REACTION_BLOCKED : e;
}

/* Whom the message's author has blocked; between two people, whom the other one has. */
static enum err check_blocked(struct tx *tx, const struct adding *x, struct user_id author)
{
    bool blocked = false;
    enum err e = blocked_by(tx, author, x->by->who->user);
    if (e == ERR_OK && x->place.dm != NULL)
        e = dm_is_blocked(tx, x->a, &blocked);
    return blocked ? ERR_REACTION_BLOCKED : e;
}

static struct reaction_note note_of(const struct place *p, const struct reaction *r,
                                    const struct emoji_ref *emoji)
{
    return (struct reaction_note){.guild = p->guild,
                                  .channel = p->channel,
                                  .message = r->key.message,
                                  .user = r->user,
                                  .emoji = *emoji,
                                  .burst = r->type == REACTION_BURST};
}

static enum err store_reaction(struct tx *tx, struct adding *x, const struct message_head *m,
                               const struct reaction_standing *now)
{
    struct reaction r = {.key = key_of(x->place.channel, x->message, &x->emoji),
                         .type = x->type,
                         .user = x->by->who->user};
    char delta[REACTION_DELTA_BYTES];
    bool added = false;
    enum err e = reactions_insert(tx_sql(tx), &r, &added);
    if (e != ERR_OK || !added)
        return e;
    e = now->found
            ? reaction_counts_move(tx_sql(tx), &r.key, r.type, 1)
            : reaction_counts_insert(tx_sql(tx), &r.key, &x->emoji, now->next_ordinal, r.type);
    if (e == ERR_OK)
        e = message_heads_add_part(tx_sql(tx), x->place.channel, m, MESSAGE_PART_REACTIONS);
    if (e != ERR_OK)
        return e;
    struct reaction_note n = note_of(&x->place, &r, &x->emoji);
    return place_emit(tx, &x->place,
                      event_reaction_add(&n, x->place.dm == NULL ? &x->a->member : NULL, m->author),
                      x->by, reaction_delta(&n, delta));
}

static enum err add(struct tx *tx, void *ctx)
{
    struct adding *x = ctx;
    struct message_head m;
    struct reaction_standing now;
    const uint64_t need = PERMISSION_VIEW_CHANNEL | PERMISSION_READ_MESSAGE_HISTORY;
    arena_reset(&x->arena);
    x->emoji = *x->asked;
    enum err e = (x->a->permissions & need) == need ? access_recheck_part(tx, x->a, need)
                                                    : ERR_MISSING_PERMISSIONS;
    if (e == ERR_OK)
        e = message_heads_find(tx_sql(tx), x->place.channel, x->message, &m);
    if (e == ERR_OK)
        e = check_blocked(tx, x, m.author);
    struct reaction_key key = key_of(x->place.channel, x->message, &x->emoji);
    if (e == ERR_OK)
        e = reaction_counts_find(tx_sql(tx), &key, &x->arena, &now);
    if (e != ERR_OK)
        return e;
    if (now.found)
        x->emoji = now.emoji;
    else
        e = begin_kind(tx, x, &now);
    return e == ERR_OK ? store_reaction(tx, x, &m, &now) : e;
}

enum err reaction_add(struct core *c, const struct actor *by, const struct access *a,
                      struct message_id message, const struct emoji_ref *emoji,
                      enum reaction_type type)
{
    struct adding x = {
        .by = by, .a = a, .message = message, .asked = emoji, .type = type, .place = place_of(a)};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, add, &x);
    arena_deinit(&x.arena);
    return e;
}

/* ---- taking back ---- */

enum err reaction_take_back(struct tx *tx, const struct place *p, const struct actor *by,
                            const struct reaction *r, struct arena *arena, bool *removed)
{
    struct reaction_standing now;
    char delta[REACTION_DELTA_BYTES];
    enum err e = reaction_counts_find(tx_sql(tx), &r->key, arena, &now);
    *removed = false;
    if (e == ERR_OK)
        e = reactions_delete(tx_sql(tx), r, removed);
    if (e != ERR_OK || !*removed || !now.found)
        return e; /* not counted: of a message that is gone (store/message_removal.h) */
    e = reaction_counts_move(tx_sql(tx), &r->key, r->type, -1);
    if (e != ERR_OK)
        return e;
    struct reaction_note n = note_of(p, r, &now.emoji);
    uint64_t actor = by->who != NULL ? by->who->user.v : 0;
    return place_emit(tx, p, event_reaction_remove(&n, actor), by, reaction_delta(&n, delta));
}

struct removing {
    const struct actor *by;
    const struct access *a;
    struct message_id message;
    const struct emoji_ref *emoji; /* NULL: all kinds */
    enum reaction_type type;
    struct user_id user;
    bool more; /* out: some are left */
    struct arena arena;
};

static enum err remove_reaction(struct tx *tx, void *ctx)
{
    struct removing *x = ctx;
    struct place p = place_of(x->a);
    struct message_head m;
    bool own = x->user.v == x->by->who->user.v;
    bool removed;
    arena_reset(&x->arena);
    enum err e =
        require(tx, x->a, PERMISSION_VIEW_CHANNEL | (own ? 0 : PERMISSION_MANAGE_MESSAGES));
    if (e == ERR_OK)
        e = message_heads_find(tx_sql(tx), p.channel, x->message, &m);
    for (int type = 0; type < REACTION_TYPES && e == ERR_OK; type++) {
        struct reaction r = {.key = key_of(p.channel, x->message, x->emoji),
                             .type = (enum reaction_type)type,
                             .user = x->user};
        if (x->type == REACTION_TYPES || x->type == r.type)
            e = reaction_take_back(tx, &p, x->by, &r, &x->arena, &removed);
    }
    return e;
}

static enum err run_removing(struct core *c, struct removing *x, store_fn fn)
{
    arena_init(&x->arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, fn, x);
    arena_deinit(&x->arena);
    return e;
}

enum err reaction_remove(struct core *c, const struct actor *by, const struct access *a,
                         struct message_id message, const struct emoji_ref *emoji,
                         enum reaction_type type, struct user_id user)
{
    struct removing x = {
        .by = by, .a = a, .message = message, .emoji = emoji, .type = type, .user = user};
    return run_removing(c, &x, remove_reaction);
}

static enum err end_kind(struct tx *tx, struct removing *x, const struct place *p,
                         const struct reaction_key *key, const struct reaction_standing *now)
{
    char delta[REACTION_DELTA_BYTES];
    struct reaction_note n = {
        .guild = p->guild, .channel = p->channel, .message = x->message, .emoji = now->emoji};
    enum err e = reactions_delete_kind(tx_sql(tx), key);
    return e != ERR_OK ? e
                       : place_emit(tx, p, event_reaction_kind_cleared(&n, x->by->who->user.v),
                                    x->by, reaction_delta(&n, delta));
}

static enum err clear_kind(struct tx *tx, struct removing *x, const struct place *p)
{
    struct reaction_standing now;
    uint64_t rows = 0;
    struct reaction_key key = key_of(p->channel, x->message, x->emoji);
    enum err e = reaction_counts_find(tx_sql(tx), &key, &x->arena, &now);
    if (e != ERR_OK || !now.found)
        return e;
    if (now.normal + now.burst <= CLEARED_AT_ONCE)
        return end_kind(tx, x, p, &key, &now);
    e = reactions_delete_some(tx_sql(tx), &key,
                              now.normal >= now.burst ? REACTION_NORMAL : REACTION_BURST,
                              CLEARED_AT_ONCE, &rows);
    x->more = rows > 0;
    return e;
}

static enum err clear_all(struct tx *tx, struct removing *x, const struct place *p)
{
    struct reaction_total t;
    uint64_t rows = 0;
    const struct reaction_note n = {
        .guild = p->guild, .channel = p->channel, .message = x->message};
    enum err e = reaction_counts_total(tx_sql(tx), p->channel, x->message, &x->arena, &t);
    if (e != ERR_OK)
        return e;
    if (t.total > CLEARED_AT_ONCE) {
        e = reactions_delete_some(tx_sql(tx), &t.most, t.type, CLEARED_AT_ONCE, &rows);
        x->more = rows > 0;
        return e;
    }
    e = reactions_delete_all(tx_sql(tx), p->channel, x->message);
    return e != ERR_OK ? e
                       : place_emit(tx, p, event_reactions_cleared(&n, x->by->who->user.v), x->by,
                                    slice_of(NULL, 0));
}

static enum err clear(struct tx *tx, void *ctx)
{
    struct removing *x = ctx;
    struct place p = place_of(x->a);
    struct message_head m;
    arena_reset(&x->arena);
    x->more = false;
    enum err e = require(tx, x->a, PERMISSION_VIEW_CHANNEL | PERMISSION_MANAGE_MESSAGES);
    if (e == ERR_OK)
        e = message_heads_find(tx_sql(tx), p.channel, x->message, &m);
    if (e != ERR_OK || (m.parts & MESSAGE_PART_REACTIONS) == 0)
        return e;
    return x->emoji != NULL ? clear_kind(tx, x, &p) : clear_all(tx, x, &p);
}

/* Many go in several closures, so that none holds the writer for long. Only the last one tells; if
 * the server ends before, some are gone and nobody was told, and whoever asks again ends it. */
enum err reactions_clear(struct core *c, const struct actor *by, const struct access *a,
                         struct message_id message, const struct emoji_ref *emoji)
{
    struct removing x = {.by = by, .a = a, .message = message, .emoji = emoji};
    enum err e;
    do {
        e = run_removing(c, &x, clear);
    } while (e == ERR_OK && x.more);
    return e;
}
