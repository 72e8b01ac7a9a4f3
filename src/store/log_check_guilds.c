/*
 * Guilds: their counters, and their members and messages by the log. The tables are read first,
 * then the log is walked once (log_check_priv.h says how the two are brought to one moment). If the
 * beginning of the log was trimmed, only messages are compared that came after it: their ids ascend
 * with the positions of their events.
 */

#include "store/log_check_priv.h"

#include <inttypes.h>

#include "base/map.h"
#include "store/id_list.h"
#include "store/rows.h"

enum {
    GUILD_BYTES_MAX = 64 * 1024 * 1024, /* 500 channels, and the pages of millions of messages */
    CHANNELS_MAX = 1 << 16,
    LOG_TRIES = 3 /* when the log is trimmed meanwhile */
};

struct channel_check {
    struct id_set messages;
    uint64_t last_message; /* stored, as of guild_check.channels_head */
    uint64_t newest;       /* derived */
};

/* A channel or role that the log has made and that is not there; position 0: nor should it be. */
struct gone {
    bool role;
    uint64_t id;
    uint64_t position;
};

struct guild_check {
    struct log_check_run *run;
    struct arena arena;
    struct stream stream;
    uint64_t trimmed;
    uint64_t first_message; /* ids from here on are in the log; 0: all */
    struct id_set members;
    struct rows channels; /* of struct channel_check */
    struct map by_id;     /* channel id -> struct channel_check */
    uint64_t channels_head;
    struct rows gone;      /* of struct gone */
    struct map gone_by_id; /* id -> its place in `gone`, from 1 */
};

/* ---- the tables ---- */

static enum err read_channels(struct tx *tx, void *ctx)
{
    struct guild_check *g = ctx;
    g->channels = (struct rows){0};
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT c.id, c.last_message_id, (SELECT MAX(m.id) FROM messages m "
                              "WHERE m.channel_id = c.id) FROM channels c WHERE c.guild_id = $1 "
                              "ORDER BY c.id");
    sql_bind_u64(s, 1, g->stream.id);
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct channel_check *c = rows_push(&g->channels, &g->arena, sizeof *c);
        if (c == NULL) {
            e = ERR_NO_MEMORY;
            continue;
        }
        c->messages =
            (struct id_set){.owner = sql_u64(s, 0), .stream = g->stream, .arena = &g->arena};
        c->last_message = sql_u64(s, 1);
        c->newest = sql_u64(s, 2);
    }
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    return e == ERR_OK ? tx_stream_head(tx, g->stream, &g->channels_head) : e;
}

static enum err read_tables(struct guild_check *g)
{
    struct channel_check *channels;
    uint64_t after = g->first_message == 0 ? 0 : g->first_message - 1;
    enum err e = check_read(g->run, read_channels, g);
    channels = g->channels.items;
    for (size_t i = 0; i < g->channels.count && e == ERR_OK; i++) {
        e = id_set_read(g->run, &channels[i].messages, after);
        if (e == ERR_OK && !map_put(&g->by_id, channels[i].messages.owner, &channels[i]))
            e = ERR_NO_MEMORY;
    }
    g->members = (struct id_set){
        .owner = g->stream.id, .stream = g->stream, .members = true, .arena = &g->arena};
    return e == ERR_OK && g->trimmed == 0 ? id_set_read(g->run, &g->members, 0) : e;
}

/* ---- the log ---- */

static enum err read_bounds(struct tx *tx, void *ctx)
{
    struct guild_check *g = ctx;
    uint64_t head;
    return event_log_bounds(tx, g->stream, &g->trimmed, &head);
}

/* Ends the walk, with an error that no walk has otherwise, at the first message. */
static enum err on_first_message(struct log_walk *w, const struct event_row *row)
{
    struct guild_check *g = w->ctx;
    if (row->kind != EVENT_MESSAGE_CREATE)
        return ERR_OK;
    g->first_message = row->entity_id;
    return ERR_NOT_FOUND;
}

static enum err find_beginning(struct guild_check *g)
{
    g->first_message = 0;
    enum err e = check_read(g->run, read_bounds, g);
    if (e != ERR_OK || g->trimmed == 0)
        return e;
    g->first_message = INT64_MAX; /* if there is none */
    struct log_walk w = {
        .run = g->run, .stream = g->stream, .after = g->trimmed, .fn = on_first_message, .ctx = g};
    e = log_walk_run(&w);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void on_message(struct guild_check *g, const struct event_row *row, uint64_t id)
{
    struct channel_check *c = map_get(&g->by_id, row->channel_id);
    bool came = row->kind == EVENT_MESSAGE_CREATE;
    if (c == NULL || id < g->first_message)
        return;
    id_set_log(&c->messages, id, row->position, came);
    if (came && row->position <= g->channels_head && id > c->newest)
        c->newest = id;
}

/* What was made must be there at the moment that its row is read, unless a later row says that it
 * was deleted. */
static enum err on_structure(struct guild_check *g, struct tx *tx, const struct event_row *row)
{
    bool role = row->kind == EVENT_GUILD_ROLE_CREATE;
    struct sql_stmt *s = role ? sql_query(tx_sql(tx), "SELECT 1 FROM roles WHERE id = $1")
                              : sql_query(tx_sql(tx), "SELECT 1 FROM channels WHERE id = $1");
    sql_bind_u64(s, 1, row->entity_id);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e != ERR_OK || found)
        return e;
    struct gone *gone = rows_push(&g->gone, &g->arena, sizeof *gone);
    if (gone == NULL)
        return ERR_NO_MEMORY;
    *gone = (struct gone){role, row->entity_id, row->position};
    void *place = (void *)(uintptr_t)g->gone.count; /* rows move when they become more */
    return map_put(&g->gone_by_id, row->entity_id, place) ? ERR_OK : ERR_NO_MEMORY;
}

static void on_structure_gone(struct guild_check *g, const struct event_row *row)
{
    uintptr_t place = (uintptr_t)map_remove(&g->gone_by_id, row->entity_id);
    struct gone *list = g->gone.items;
    if (place != 0)
        list[place - 1].position = 0;
}

static enum err on_row(struct log_walk *w, const struct event_row *row)
{
    struct guild_check *g = w->ctx;
    switch (row->kind) {
    case EVENT_MESSAGE_CREATE:
    case EVENT_MESSAGE_DELETE:
        on_message(g, row, row->entity_id);
        return ERR_OK;
    case EVENT_MESSAGE_DELETE_BULK:
        for (size_t i = 0; i < id_list_count(row->delta); i++)
            on_message(g, row, id_list_at(row->delta, i));
        return ERR_OK;
    case EVENT_GUILD_MEMBER_ADD:
    case EVENT_GUILD_MEMBER_REMOVE:
        if (g->trimmed == 0)
            id_set_log(&g->members, row->entity_id, row->position,
                       row->kind == EVENT_GUILD_MEMBER_ADD);
        return ERR_OK;
    case EVENT_CHANNEL_CREATE:
    case EVENT_GUILD_ROLE_CREATE:
        return on_structure(g, w->tx, row);
    case EVENT_CHANNEL_DELETE:
    case EVENT_GUILD_ROLE_DELETE:
        on_structure_gone(g, row);
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

/* LOG_TRIMMED: trimmed meanwhile, or not whole. */
static enum err gather(struct guild_check *g)
{
    arena_reset(&g->arena);
    map_deinit(&g->by_id);
    map_init(&g->by_id, MEM_STORE, CHANNELS_MAX, 0);
    map_deinit(&g->gone_by_id);
    map_init(&g->gone_by_id, MEM_STORE, CHANNELS_MAX, 0);
    g->channels = g->gone = (struct rows){0};
    enum err e = find_beginning(g);
    if (e == ERR_OK)
        e = read_tables(g);
    struct log_walk w = {
        .run = g->run, .stream = g->stream, .after = g->trimmed, .fn = on_row, .ctx = g};
    return e == ERR_OK ? log_walk_run(&w) : e;
}

/* ---- what disagrees ---- */

struct last_message {
    uint64_t guild;
    uint64_t channel;
    uint64_t stored;
    uint64_t derived;
};

/* Unless a message has come since. */
static enum err set_last_message(struct tx *tx, void *ctx)
{
    const struct last_message *x = ctx;
    enum err e = tx_lock(tx, (struct stream){STREAM_GUILD, x->guild});
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s = sql_query(tx_sql(tx), "UPDATE channels SET last_message_id = $3 "
                                               "WHERE id = $1 AND last_message_id = $2");
    sql_bind_u64(s, 1, x->channel);
    sql_bind_u64(s, 2, x->stored);
    sql_bind_u64(s, 3, x->derived);
    return sql_run(s);
}

/* Of a whole log the last message is known, deleted or not; else it is at least the newest there
 * is.
 */
static enum err check_last_message(struct guild_check *g, const struct channel_check *c, bool whole)
{
    struct log_check_run *r = g->run;
    struct last_message x = {g->stream.id, c->messages.owner, c->last_message, c->newest};
    if (x.stored == x.derived || (x.stored > x.derived && !whole))
        return ERR_OK;
    enum err e = r->repair ? store_write(r->store, set_last_message, &x) : ERR_OK;
    if (e == ERR_OK)
        check_found(r, r->repair, "last_message",
                    "channel:%" PRIu64 ": last_message_id is %" PRIu64 ", should be %" PRIu64,
                    x.channel, x.stored, x.derived);
    return e;
}

static enum err check_messages(struct guild_check *g, const struct channel_check *c)
{
    const struct id_set *s = &c->messages;
    if (id_set_agrees(s))
        return ERR_OK;
    check_found(g->run, false, "messages",
                "channel:%" PRIu64 ": %" PRIu64 " messages, by the log %" PRId64 "%s", s->owner,
                s->count, (int64_t)s->log_count,
                s->count == s->log_count ? ", and not the same ones" : "");
    return check_missing_messages(g->run, g->stream, g->trimmed, s->owner);
}

static void check_structures(struct guild_check *g)
{
    const struct gone *gone = g->gone.items;
    for (size_t i = 0; i < g->gone.count; i++) {
        if (gone[i].position == 0)
            continue;
        check_found(g->run, false, "entity",
                    "guild:%" PRIu64 ": %s %" PRIu64 ", made at position %" PRIu64 ", is gone",
                    g->stream.id, gone[i].role ? "role" : "channel", gone[i].id, gone[i].position);
    }
}

static enum err judge(struct guild_check *g, bool log_is_whole)
{
    bool deleting;
    bool complete = log_is_whole && g->trimmed == 0;
    const struct channel_check *channels = g->channels.items;
    enum err e = check_guild_deleting(g->run, g->stream.id, &deleting);
    if (e != ERR_OK || deleting)
        return e;
    for (size_t i = 0; i < g->channels.count && e == ERR_OK; i++) {
        e = check_last_message(g, &channels[i], complete);
        if (e == ERR_OK && log_is_whole)
            e = check_messages(g, &channels[i]);
    }
    if (log_is_whole)
        check_structures(g);
    if (e == ERR_OK && complete && !id_set_agrees(&g->members))
        check_found(g->run, false, "members",
                    "guild:%" PRIu64 ": %" PRIu64 " members, by the log %" PRId64 "%s",
                    g->stream.id, g->members.count, (int64_t)g->members.log_count,
                    g->members.count == g->members.log_count ? ", and not the same ones" : "");
    return e;
}

/* A log that has holes, which the check of streams tells, says nothing about entities. */
static enum err check_guild(struct guild_check *g)
{
    bool found;
    enum err e = check_guild_counters(g->run, g->stream.id, &found);
    if (e != ERR_OK || !found)
        return e;
    e = ERR_LOG_TRIMMED;
    for (int i = 0; i < LOG_TRIES && e == ERR_LOG_TRIMMED; i++)
        e = gather(g);
    bool whole = e == ERR_OK;
    if (e == ERR_LOG_TRIMMED)
        e = check_read(g->run, read_channels, g);
    return e == ERR_OK ? judge(g, whole) : e;
}

struct guild_page {
    uint64_t after;
    uint64_t ids[CHECK_OWNERS];
    unsigned count;
};

static enum err read_guilds(struct tx *tx, void *ctx)
{
    struct guild_page *p = ctx;
    p->count = 0;
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT id FROM guilds WHERE id > $1 ORDER BY id LIMIT $2");
    sql_bind_u64(s, 1, p->after);
    sql_bind_u64(s, 2, CHECK_OWNERS);
    while (sql_step(s))
        p->ids[p->count++] = sql_u64(s, 0);
    return sql_done(s);
}

static enum err check_all(struct guild_check *g)
{
    struct guild_page p = {.count = CHECK_OWNERS};
    enum err e = ERR_OK;
    while (e == ERR_OK && p.count == CHECK_OWNERS) {
        e = check_read(g->run, read_guilds, &p);
        for (unsigned i = 0; i < p.count && e == ERR_OK; i++) {
            g->stream.id = p.ids[i];
            e = check_guild(g);
            g->run->looked_at++;
        }
        p.after = p.count > 0 ? p.ids[p.count - 1] : 0;
    }
    return e;
}

enum err log_check_guilds(struct log_check_run *r)
{
    struct guild_check g = {.run = r, .stream = {STREAM_GUILD, 0}};
    arena_init(&g.arena, MEM_STORE, GUILD_BYTES_MAX);
    map_init(&g.by_id, MEM_STORE, CHANNELS_MAX, 0);
    map_init(&g.gone_by_id, MEM_STORE, CHANNELS_MAX, 0);
    enum err e = check_all(&g);
    map_deinit(&g.by_id);
    map_deinit(&g.gone_by_id);
    arena_deinit(&g.arena);
    return e;
}
