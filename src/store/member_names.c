/* Names of members, folded. */

#include "store/member_names.h"

#include "store/users.h"

enum { NAMES_BYTES = 16384, NAMES_MAX = 3 };

struct slice member_name_fold(struct slice name, struct arena *arena)
{
    char *folded = arena_alloc(arena, name.len + 1);
    if (folded == NULL)
        return (struct slice){NULL, 0};
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return slice_of(folded, name.len);
}

static bool among(const struct slice *names, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(names[i], name))
            return true;
    return false;
}

static enum err insert(struct sql_conn *c, struct guild_id guild, struct user_id user,
                       struct slice name)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO member_names (guild_id, name, user_id) VALUES ($1, $2, $3)");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_text(s, 2, name);
    sql_bind_u64(s, 3, user.v);
    return sql_send(s);
}

/* Two that are alike are one. */
static enum err insert_all(struct sql_conn *c, struct guild_id guild, const struct user *u,
                           struct slice nick, struct arena *arena)
{
    const struct slice given[NAMES_MAX] = {u->username, u->global_name, nick};
    struct slice kept[NAMES_MAX];
    size_t count = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; i < NAMES_MAX && e == ERR_OK; i++) {
        if (given[i].len == 0)
            continue;
        struct slice name = member_name_fold(given[i], arena);
        if (name.data == NULL)
            return ERR_NO_MEMORY;
        if (among(kept, count, name))
            continue;
        kept[count++] = name;
        e = insert(c, guild, u->id, name);
    }
    return e;
}

static enum err clear(struct sql_conn *c, struct guild_id guild, struct user_id user)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM member_names WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    return sql_send(s);
}

enum err member_names_set(struct sql_conn *c, struct guild_id guild, struct user_id user,
                          struct slice nick)
{
    struct arena arena;
    struct user u;
    arena_init(&arena, MEM_STORE, NAMES_BYTES);
    enum err e = users_find(c, user, &arena, &u);
    if (e == ERR_OK)
        e = clear(c, guild, user);
    if (e == ERR_OK)
        e = insert_all(c, guild, &u, nick, &arena);
    arena_deinit(&arena);
    return e;
}
