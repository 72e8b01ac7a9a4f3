/* AutoMod rules. A guild has a handful of them, so that they are read all at once. */

#include "store/automod_rules.h"

#include "store/rows.h"

enum { ID_BYTES = 8, EXEMPT_MAX = 50 };

_Static_assert(sizeof(struct role_id) == sizeof(uint64_t), "ids are read as arrays of integers");
_Static_assert(sizeof(struct channel_id) == sizeof(uint64_t), "ids are read as arrays of integers");

/* Ids as a blob: 8 bytes each, big-endian. */
struct packed {
    char bytes[EXEMPT_MAX * ID_BYTES];
    size_t len;
};

static struct slice pack(const uint64_t *ids, size_t count, struct packed *p)
{
    p->len = 0;
    for (size_t i = 0; i < count && i < EXEMPT_MAX; i++)
        for (int k = ID_BYTES - 1; k >= 0; k--)
            p->bytes[p->len++] = (char)(unsigned char)(ids[i] >> (8 * k));
    return p->len == 0 ? slice_of(NULL, 0) : slice_of(p->bytes, p->len);
}

static const uint64_t *unpack(struct slice blob, struct arena *arena, size_t *count, bool *failed)
{
    size_t n = blob.len / ID_BYTES;
    *count = 0;
    if (n == 0)
        return NULL;
    uint64_t *ids = arena_array(arena, n, sizeof *ids);
    if (ids == NULL) {
        *failed = true;
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < ID_BYTES; k++)
            ids[i] = ids[i] << 8 | (unsigned char)blob.data[i * ID_BYTES + k];
    *count = n;
    return ids;
}

static const uint64_t *role_ids(const struct automod_row *r)
{
    return (const uint64_t *)(const void *)r->exempt_roles;
}

static const uint64_t *channel_ids(const struct automod_row *r)
{
    return (const uint64_t *)(const void *)r->exempt_channels;
}

enum err automod_rules_insert(struct sql_conn *c, const struct automod_row *r)
{
    struct packed roles, channels;
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO automod_rules (id, guild_id, creator_id, event_type, trigger_type, "
           "enabled, name, trigger_metadata, actions, exempt_roles, exempt_channels) "
           "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    sql_bind_u64(s, 1, r->id.v);
    sql_bind_u64(s, 2, r->guild.v);
    sql_bind_u64(s, 3, r->creator.v);
    sql_bind_i64(s, 4, r->event);
    sql_bind_i64(s, 5, r->trigger);
    sql_bind_bool(s, 6, r->enabled);
    sql_bind_text(s, 7, r->name);
    sql_bind_text(s, 8, r->terms);
    sql_bind_text(s, 9, r->actions);
    sql_bind_blob(s, 10, pack(role_ids(r), r->exempt_role_count, &roles));
    sql_bind_blob(s, 11, pack(channel_ids(r), r->exempt_channel_count, &channels));
    return sql_run(s);
}

static enum err changed_one(struct sql_conn *c, struct sql_stmt *s)
{
    enum err e = sql_run(s);
    if (e == ERR_OK && sql_changes(c) == 0)
        e = ERR_UNKNOWN_AUTOMOD_RULE;
    return e;
}

enum err automod_rules_update(struct sql_conn *c, const struct automod_row *r)
{
    struct packed roles, channels;
    struct sql_stmt *s =
        sql_query(c, "UPDATE automod_rules SET event_type = $3, enabled = $4, name = $5, "
                     "trigger_metadata = $6, actions = $7, exempt_roles = $8, exempt_channels = $9 "
                     "WHERE id = $1 AND guild_id = $2");
    sql_bind_u64(s, 1, r->id.v);
    sql_bind_u64(s, 2, r->guild.v);
    sql_bind_i64(s, 3, r->event);
    sql_bind_bool(s, 4, r->enabled);
    sql_bind_text(s, 5, r->name);
    sql_bind_text(s, 6, r->terms);
    sql_bind_text(s, 7, r->actions);
    sql_bind_blob(s, 8, pack(role_ids(r), r->exempt_role_count, &roles));
    sql_bind_blob(s, 9, pack(channel_ids(r), r->exempt_channel_count, &channels));
    return changed_one(c, s);
}

enum err automod_rules_delete(struct sql_conn *c, struct guild_id guild, struct rule_id id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM automod_rules WHERE id = $1 AND guild_id = $2");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, guild.v);
    return changed_one(c, s);
}

#define COLUMNS                                                                                    \
    "SELECT id, guild_id, creator_id, event_type, trigger_type, enabled, name, trigger_metadata, " \
    "actions, exempt_roles, exempt_channels FROM automod_rules "

static enum err read_rule(struct sql_stmt *s, struct arena *arena, struct automod_row *out)
{
    bool failed = false;
    *out = (struct automod_row){.id = {sql_u64(s, 0)},
                                .guild = {sql_u64(s, 1)},
                                .creator = {sql_u64(s, 2)},
                                .event = (int)sql_i64(s, 3),
                                .trigger = (int)sql_i64(s, 4),
                                .enabled = sql_bool(s, 5)};
    out->name = sql_text(s, 6, arena);
    out->terms = sql_text(s, 7, arena);
    out->actions = sql_text(s, 8, arena);
    out->exempt_roles = (const struct role_id *)(const void *)unpack(
        sql_blob(s, 9), arena, &out->exempt_role_count, &failed);
    out->exempt_channels = (const struct channel_id *)(const void *)unpack(
        sql_blob(s, 10), arena, &out->exempt_channel_count, &failed);
    return failed ? ERR_NO_MEMORY : ERR_OK;
}

enum err automod_rules_find(struct sql_conn *c, struct guild_id guild, struct rule_id id,
                            struct arena *arena, struct automod_row *out)
{
    struct sql_stmt *s = sql_query(c, COLUMNS "WHERE id = $1 AND guild_id = $2");
    struct automod_row r;
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, guild.v);
    bool found = sql_step(s);
    if (found)
        e = read_rule(s, arena, &r);
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_AUTOMOD_RULE;
    *out = r;
    return ERR_OK;
}

enum err automod_rules_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                struct automod_row **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, COLUMNS "WHERE guild_id = $1 ORDER BY id");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, guild.v);
    while (e == ERR_OK && sql_step(s)) {
        struct automod_row *r = rows_push(&rows, arena, sizeof *r);
        e = r == NULL ? ERR_NO_MEMORY : read_rule(s, arena, r);
    }
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e != ERR_OK)
        return e;
    *out = rows.items;
    *count = rows.count;
    return ERR_OK;
}

enum err automod_rules_position(struct sql_conn *c, struct guild_id guild, uint64_t *position)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT automod_position FROM guilds WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    bool found = sql_step(s);
    uint64_t v = found ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK && !found)
        e = ERR_UNKNOWN_GUILD;
    if (e == ERR_OK)
        *position = v;
    return e;
}

enum err automod_rules_set_position(struct sql_conn *c, struct guild_id guild, uint64_t position)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE guilds SET automod_position = $2 WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, position);
    enum err e = sql_run(s);
    if (e == ERR_OK && sql_changes(c) == 0)
        e = ERR_UNKNOWN_GUILD;
    return e;
}
