/* Guilds: reading what is known of one at one moment. */

#include "core/guilds.h"

#include <assert.h>

#include "base/limits.h"
#include "core/core_priv.h"
#include "proto/events.h"
#include "store/channels.h"
#include "store/guilds.h"
#include "store/id_list.h"
#include "store/member_list.h"
#include "store/members.h"
#include "store/roles.h"
#include "store/voice_states.h"

struct snapshot_read {
    struct core *core;
    struct guild_id id;
    struct arena *arena;
    struct guild_snapshot out;
    bool missed;
};

static enum err read_voice(struct tx *tx, struct snapshot_read *x)
{
    struct guild_snapshot *s = &x->out;
    struct slice ids;
    s->voice_member_count = 0;
    enum err e = voice_states_of_guild(tx_sql(tx), x->id, LIMIT_GUILD_VOICE_STATES, x->arena,
                                       &s->voice, &s->voice_count);
    size_t n = s->voice_count < VOICE_MEMBERS_MAX ? s->voice_count : VOICE_MEMBERS_MAX;
    uint64_t *users = e == ERR_OK && n > 0 ? arena_array(x->arena, n, sizeof *users) : NULL;
    if (e != ERR_OK || n == 0)
        return e;
    if (users == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        users[i] = s->voice[i].user.v;
    e = id_list_pack(users, n, x->arena, &ids);
    return e == ERR_OK ? members_among(tx_sql(tx), x->id, ids, x->arena, &s->voice_members,
                                       &s->voice_member_count)
                       : e;
}

static enum err read_snapshot(struct tx *tx, void *ctx)
{
    struct snapshot_read *x = ctx;
    struct guild_snapshot *s = &x->out;
    struct guild_record r;
    guild_view_unref(&s->view);
    enum err e = guilds_find(tx_sql(tx), x->id, x->arena, &r);
    if (e == ERR_OK)
        e = tx_stream_head(tx, core_guild_stream(x->id), &s->position);
    if (e == ERR_OK)
        e = views_at(x->core, tx, x->id, r.structure_position, &s->view, &x->missed);
    if (e == ERR_OK)
        e = channel_last_messages_at(x->core, tx, s->view, s->position, x->arena,
                                     &s->last_messages);
    if (e == ERR_OK)
        e = read_voice(tx, x);
    if (e == ERR_OK)
        s->member_count = r.member_count;
    return e;
}

enum err guild_snapshot_load(struct core *c, struct guild_id id, struct arena *arena,
                             struct guild_snapshot *out)
{
    struct snapshot_read x = {.core = c, .id = id, .arena = arena};
    enum err e = store_read(c->store, read_snapshot, &x);
    if (e != ERR_OK) {
        guild_view_unref(&x.out.view);
        return e;
    }
    if (x.missed)
        views_warm(c, id);
    *out = x.out;
    return ERR_OK;
}

struct count_read {
    struct guild_id id;
    uint64_t count;
};

static enum err read_count(struct tx *tx, void *ctx)
{
    struct count_read *x = ctx;
    return guilds_member_count(tx_sql(tx), x->id, &x->count);
}

enum err guild_member_count(struct core *c, struct guild_id id, uint64_t *count)
{
    struct count_read x = {.id = id};
    enum err e = store_read(c->store, read_count, &x);
    if (e == ERR_OK)
        *count = x.count;
    return e;
}

struct own_read {
    struct user_id user;
    struct guild_range range;
    struct arena *arena;
    struct own_guild *list;
    size_t count;
};

static enum err read_own(struct tx *tx, void *ctx)
{
    struct own_read *x = ctx;
    struct guild_of_user found[OWN_GUILDS_PAGE];
    size_t count = 0;
    enum err e = guilds_of_user(tx_sql(tx), x->user, &x->range, found, &count);
    x->list = arena_array(x->arena, count, sizeof *x->list);
    if (e == ERR_OK && x->list == NULL && count > 0)
        e = ERR_NO_MEMORY;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        x->list[i].member_count = found[i].member_count;
        e = members_find(tx_sql(tx), found[i].id, x->user, x->arena, &x->list[i].member);
    }
    x->count = count;
    return e;
}

enum err guilds_list_own(struct core *c, struct user_id user, uint64_t before, uint64_t after,
                         size_t limit, struct arena *arena, struct own_guild **out, size_t *count)
{
    struct own_read x = {
        .user = user,
        .range = {after, before == 0 ? INT64_MAX : before, before != 0 && after == 0, limit},
        .arena = arena};
    assert(limit <= OWN_GUILDS_PAGE);
    enum err e = store_read(c->store, read_own, &x);
    if (e == ERR_OK) {
        *out = x.list;
        *count = x.count;
    }
    return e;
}
