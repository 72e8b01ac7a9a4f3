/* Lists of members: the members of a page are chosen first, by one walk along a key, and only then
 * joined with roles, which multiply the rows. */

#include "store/member_list.h"

#include "store/members_priv.h"

enum { NAMES_OF_A_MEMBER = 3 };

#define PAGE                                                                                       \
    "JOIN members m ON m.guild_id = $1 AND m.user_id = p.user_id JOIN users u ON u.id = "          \
    "p.user_id "                                                                                   \
    "" MEMBERS_ROLES_JOIN "ORDER BY m.user_id, r.role_id"

/* One more row: of a new member, or a further role of the last. The array of roles moves while it
 * grows. */
static enum err add_row(struct sql_stmt *s, struct arena *arena, struct rows *list,
                        struct rows *roles)
{
    struct member *all = list->items;
    uint64_t user = sql_u64(s, MEMBERS_COLUMN_USER);
    if (list->count == 0 || all[list->count - 1].user.id.v != user) {
        struct member *m = rows_push(list, arena, sizeof *m);
        if (m == NULL)
            return ERR_NO_MEMORY;
        members_read(s, 0, arena, m);
        *roles = (struct rows){0};
        all = list->items;
    }
    if (!members_push_role(roles, arena, sql_u64(s, MEMBERS_COLUMN_ROLE)))
        return ERR_NO_MEMORY;
    all[list->count - 1].roles = roles->items;
    all[list->count - 1].role_count = roles->count;
    return ERR_OK;
}

static enum err read_list(struct sql_stmt *s, struct arena *arena, struct member **out,
                          size_t *count)
{
    struct rows list = {0};
    struct rows roles = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s))
        e = add_row(s, arena, &list, &roles);
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e == ERR_OK) {
        *out = list.items;
        *count = list.count;
    }
    return e;
}

enum err members_page(struct sql_conn *c, struct guild_id guild, uint64_t after, uint64_t limit,
                      struct arena *arena, struct member **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " MEMBERS_COLUMNS " FROM (SELECT user_id FROM members WHERE "
                     "guild_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3) p " PAGE);
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, limit);
    return read_list(s, arena, out, count);
}

/* Names of one prefix stand together. A member has three at most, so that thrice the limit of names
 * are enough for the limit of members, whoever they belong to. */
enum err members_named(struct sql_conn *c, struct guild_id guild, struct slice prefix,
                       uint64_t limit, struct arena *arena, struct member **out, size_t *count)
{
    char *end = arena_printf(arena, "%.*s\xf4\x8f\xbf\xbf", SLICE_ARG(prefix)); /* U+10FFFF */
    if (end == NULL)
        return ERR_NO_MEMORY;
    struct sql_stmt *s = sql_query(
        c, "SELECT " MEMBERS_COLUMNS " FROM (SELECT DISTINCT n.user_id FROM (SELECT user_id FROM "
           "member_names WHERE guild_id = $1 AND name >= $2 AND name <= $3 ORDER BY name, user_id "
           "LIMIT $4) n LIMIT $5) p " PAGE);
    sql_bind_u64(s, 1, guild.v);
    sql_bind_text(s, 2, prefix);
    sql_bind_text(s, 3, slice_from(end));
    sql_bind_u64(s, 4, limit * NAMES_OF_A_MEMBER);
    sql_bind_u64(s, 5, limit);
    return read_list(s, arena, out, count);
}

enum err members_among(struct sql_conn *c, struct guild_id guild, struct slice ids,
                       struct arena *arena, struct member **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " MEMBERS_COLUMNS
                                      " FROM (SELECT user_id FROM members WHERE guild_id = $1 AND "
                                      "user_id IN (SELECT value FROM ids($2))) p " PAGE);
    sql_bind_u64(s, 1, guild.v);
    sql_bind_blob(s, 2, ids);
    return read_list(s, arena, out, count);
}
