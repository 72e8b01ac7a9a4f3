/* Reading reactions, and what the log keeps of them. */

#include <string.h>

#include "core/reactions_priv.h"
#include "store/message_heads.h"

enum err reactions_of_messages(struct sql_conn *sql, struct user_id reader,
                               struct message *const *messages, size_t count, struct arena *arena)
{
    return reaction_counts_read(sql, reader, messages, count, arena);
}

struct users_read {
    struct reaction_key key;
    enum reaction_type type;
    struct user_id after;
    size_t limit;
    struct arena *arena;
    struct user *list;
    size_t count;
};

static enum err read_users(struct tx *tx, void *ctx)
{
    struct users_read *x = ctx;
    struct message_head m;
    enum err e = message_heads_find(tx_sql(tx), x->key.channel, x->key.message, &m);
    return e != ERR_OK ? e
                       : reactions_users(tx_sql(tx), &x->key, x->type, x->after, x->limit, x->arena,
                                         &x->list, &x->count);
}

enum err reaction_users(struct core *c, const struct access *a, struct message_id message,
                        const struct emoji_ref *emoji, enum reaction_type type,
                        struct user_id after, size_t limit, struct arena *arena, struct user **out,
                        size_t *count)
{
    struct users_read x = {.key = {a->channel->id, message, emoji->id,
                                   emoji->id == 0 ? emoji->name : slice_of(NULL, 0)},
                           .type = type,
                           .after = after,
                           .limit = limit,
                           .arena = arena};
    enum err e = store_read(c->store, read_users, &x);
    if (e != ERR_OK)
        return e;
    *out = x.list;
    *count = x.count;
    return ERR_OK;
}

/* ---- the log: a byte of flags, the user, the custom emoji, and the emoji's name ---- */

enum {
    DELTA_BURST = 1,
    DELTA_ANIMATED = 2,
    DELTA_HEAD = 17,
    DELTA_NAME = REACTION_DELTA_BYTES - 17
};

static void put_id(char *out, uint64_t id)
{
    for (int i = 0; i < 8; i++)
        out[i] = (char)(unsigned char)(id >> (8 * (7 - i)));
}

static uint64_t get_id(const char *from)
{
    uint64_t id = 0;
    for (int i = 0; i < 8; i++)
        id = id << 8 | (unsigned char)from[i];
    return id;
}

struct slice reaction_delta(const struct reaction_note *n, char out[REACTION_DELTA_BYTES])
{
    size_t len = n->emoji.name.len < DELTA_NAME ? n->emoji.name.len : DELTA_NAME;
    out[0] = (char)((n->burst ? DELTA_BURST : 0) | (n->emoji.animated ? DELTA_ANIMATED : 0));
    put_id(out + 1, n->user.v);
    put_id(out + 9, n->emoji.id);
    if (len > 0)
        memcpy(out + DELTA_HEAD, n->emoji.name.data, len);
    return slice_of(out, DELTA_HEAD + len);
}

bool reaction_from_delta(struct slice delta, struct reaction_note *n)
{
    if (delta.len < DELTA_HEAD)
        return false;
    n->burst = (delta.data[0] & DELTA_BURST) != 0;
    n->user.v = get_id(delta.data + 1);
    n->emoji = (struct emoji_ref){.id = get_id(delta.data + 9),
                                  .animated = (delta.data[0] & DELTA_ANIMATED) != 0};
    if (delta.len > DELTA_HEAD)
        n->emoji.name = slice_of(delta.data + DELTA_HEAD, delta.len - DELTA_HEAD);
    return true;
}
