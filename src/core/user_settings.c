/*
 * Settings. The document is what a client reads; which guilds' members may write is kept a row a
 * guild beside it, because every direct message asks for one of them, and goes with the guild. The
 * default counts for guilds that are joined later: when it changes, the guilds of now keep what
 * they have.
 */

#include "core/user_settings.h"

#include "core/core_priv.h"
#include "proto/body_write.h"
#include "proto/document.h"
#include "proto/user_events.h"
#include "store/id_list.h"
#include "store/privacy.h"

enum { DOCUMENT_BYTES_MAX = 256 * 1024 };

/* A settings document under way; `stored` and `defaults` hold what `s` points into. */
struct sheet {
    struct body_user_settings s;
    struct document defaults;
    struct document stored;
};

static void sheet_end(struct sheet *x)
{
    document_end(&x->defaults);
    document_end(&x->stored);
}

/* Which guilds are restricted is in rows. */
static enum err read_restricted(struct sql_conn *sql, struct user_id user, struct arena *arena,
                                struct sheet *x)
{
    struct guild_id *ids;
    size_t count;
    enum err e =
        guild_privacy_restricted(sql, user, x->s.default_guilds_restricted, arena, &ids, &count);
    if (e != ERR_OK)
        return e;
    struct body_id_item *items = arena_array(arena, count + 1, sizeof *items);
    if (items == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        items[i].value = ids[i].v;
    x->s.restricted_guilds = (struct body_array){items, count};
    return ERR_OK;
}

/* All of it: the defaults, and what was stored over them. Ends with sheet_end, also after an error.
 */
static enum err sheet_read(struct sql_conn *sql, struct user_id user, struct arena *arena,
                           struct sheet *x)
{
    struct slice text;
    struct body_user_settings stored;
    *x = (struct sheet){.defaults = {NULL}, .stored = {NULL}};
    enum err e = document_read(&x->defaults, slice_from(USER_SETTINGS_DEFAULT),
                               &SHAPE_USER_SETTINGS, arena, &x->s);
    if (e == ERR_OK)
        e = user_settings_find(sql, user, arena, &text);
    if (e == ERR_OK)
        e = document_read(&x->stored, text, &SHAPE_USER_SETTINGS, arena, &stored);
    if (e != ERR_OK)
        return e;
    body_merge(&SHAPE_USER_SETTINGS, &x->s, &stored);
    return read_restricted(sql, user, arena, x);
}

static enum err write_text(const struct body_user_settings *s, struct arena *arena,
                           struct slice *out)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_CORE, DOCUMENT_BYTES_MAX);
    json_begin(&w, &b);
    body_write(&w, &SHAPE_USER_SETTINGS, s);
    *out = b.failed ? (struct slice){NULL, 0} : arena_dup(arena, buf_slice(&b));
    buf_deinit(&b);
    return out->data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err user_settings_read(struct sql_conn *sql, struct user_id user, struct arena *arena,
                            struct slice *out)
{
    struct sheet *x = arena_zalloc(arena, sizeof *x);
    if (x == NULL)
        return ERR_NO_MEMORY;
    enum err e = sheet_read(sql, user, arena, x);
    if (e == ERR_OK)
        e = write_text(&x->s, arena, out);
    sheet_end(x);
    return e;
}

struct reading {
    struct user_id user;
    struct arena *arena;
    struct slice out;
};

static enum err read_settings(struct tx *tx, void *ctx)
{
    struct reading *x = ctx;
    return user_settings_read(tx_sql(tx), x->user, x->arena, &x->out);
}

enum err user_settings_get(struct core *c, struct user_id user, struct arena *arena,
                           struct slice *out)
{
    struct reading x = {.user = user, .arena = arena};
    enum err e = store_read(c->store, read_settings, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}

/* ---- changing ---- */

struct change {
    const struct actor *by;
    const struct body_user_settings *patch;
    struct arena *arena;
    struct slice out;
};

static enum err restrict_guilds(struct sql_conn *sql, struct user_id user,
                                const struct body_user_settings *s, struct arena *arena)
{
    const struct body_id_item *items = s->restricted_guilds.items;
    size_t count = s->restricted_guilds.count;
    struct slice packed;
    uint64_t *ids = arena_array(arena, count + 1, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        ids[i] = items[i].value;
    enum err e = id_list_pack(ids, count, arena, &packed);
    return e == ERR_OK ? guild_privacy_set(sql, user, packed) : e;
}

static struct user_privacy privacy_of(const struct body_user_settings *s)
{
    return (struct user_privacy){
        .guilds_restricted = s->default_guilds_restricted,
        .strangers_allowed = s->strangers_allowed,
        .friend_sources = (s->friend_sources.all ? FRIEND_SOURCE_ALL : 0U) |
                          (s->friend_sources.mutual_friends ? FRIEND_SOURCE_MUTUAL_FRIENDS : 0U) |
                          (s->friend_sources.mutual_guilds ? FRIEND_SOURCE_MUTUAL_GUILDS : 0U)};
}

static enum err keep(struct tx *tx, struct change *x, struct sheet *sheet)
{
    struct sql_conn *sql = tx_sql(tx);
    struct user_id me = x->by->who->user;
    struct slice stored;
    bool was_restricted = sheet->s.default_guilds_restricted;
    body_merge(&SHAPE_USER_SETTINGS, &sheet->s, x->patch);
    const struct user_privacy p = privacy_of(&sheet->s);
    enum err e = write_text(&sheet->s, x->arena, &stored);
    if (e == ERR_OK && p.guilds_restricted != was_restricted)
        e = guild_privacy_keep(sql, me, was_restricted);
    if (e == ERR_OK && BODY_SENT(*x->patch, BODY_SETTINGS_RESTRICTED_GUILDS))
        e = restrict_guilds(sql, me, &sheet->s, x->arena);
    if (e == ERR_OK)
        e = user_settings_set(sql, me, &p, stored);
    if (e == ERR_OK)
        e = read_restricted(sql, me, x->arena, sheet);
    return e == ERR_OK ? write_text(&sheet->s, x->arena, &x->out) : e;
}

static enum err change(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    struct sheet *sheet = arena_zalloc(x->arena, sizeof *sheet);
    struct user_id me = x->by->who->user;
    if (sheet == NULL)
        return ERR_NO_MEMORY;
    enum err e = tx_lock(tx, core_user_stream(me));
    if (e == ERR_OK)
        e = sheet_read(tx_sql(tx), me, x->arena, sheet);
    if (e == ERR_OK)
        e = keep(tx, x, sheet);
    sheet_end(sheet);
    return e == ERR_OK ? core_emit(tx, event_user_settings(x->out, me), x->by) : e;
}

enum err user_settings_change(struct core *c, const struct actor *by,
                              const struct body_user_settings *patch, struct arena *arena,
                              struct slice *out)
{
    struct change x = {.by = by, .patch = patch, .arena = arena};
    enum err e = store_write(c->store, change, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}
