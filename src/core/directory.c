/*
 * The directory. A guild that is not listed takes the same way as one that there is not: one
 * question, whose parts are asked whatever the other part says (directory_shows). Nothing else of a
 * guild is read before its answer.
 */

#include "core/directory.h"

#include <string.h>

#include "core/core_priv.h"
#include "core/guild_settings.h"
#include "core/join_requests.h"
#include "core/joining.h"
#include "core/screening.h"
#include "model/features.h"
#include "store/guilds.h"
#include "store/joining.h"
#include "store/members.h"

enum { QUERY_BYTES_MAX = 256 };

static bool is_listed(const struct guild *g, struct tenant_id tenant)
{
    return (g->features & FEATURE_DISCOVERABLE) != 0 && g->tenant.v == tenant.v;
}

/* ---- searching ---- */

struct search {
    struct tenant_id tenant;
    struct slice pattern;
    size_t limit;
    size_t offset;
    struct arena *arena;
    struct directory_result out;
};

/* "%query%" in small letters, with '!' before what LIKE would take for itself. */
static enum err make_pattern(struct slice query, struct arena *arena, struct slice *out)
{
    if (query.data == NULL || query.len == 0)
        return ERR_OK;
    size_t take = query.len < QUERY_BYTES_MAX ? query.len : QUERY_BYTES_MAX;
    while (take < query.len && take > 0 && ((unsigned char)query.data[take] & 0xC0) == 0x80)
        take--; /* not in the middle of a letter */
    char *text = arena_alloc(arena, take * 2 + 2);
    size_t len = 0;
    if (text == NULL)
        return ERR_NO_MEMORY;
    text[len++] = '%';
    for (size_t i = 0; i < take; i++) {
        char c = query.data[i];
        if (c == '%' || c == '_' || c == '!')
            text[len++] = '!';
        text[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    text[len++] = '%';
    *out = slice_of(text, len);
    return ERR_OK;
}

static enum err fill_entries(struct sql_conn *sql, struct search *x, const struct guild_id *ids,
                             size_t count)
{
    struct guild_record g;
    enum err e = ERR_OK;
    x->out.entries = arena_array(x->arena, count, sizeof *x->out.entries);
    if (x->out.entries == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = guilds_find(sql, ids[i], x->arena, &g);
        if (e == ERR_OK)
            x->out.entries[x->out.count++] = (struct directory_entry){g.guild, g.member_count};
    }
    return e;
}

static enum err read_page(struct tx *tx, void *ctx)
{
    struct search *x = ctx;
    struct guild_id *ids = NULL;
    size_t count = 0;
    x->out.count = 0;
    enum err e = directory_list(tx_sql(tx), x->tenant, x->pattern, x->arena, &ids, &count);
    x->out.total = count;
    if (e != ERR_OK || count <= x->offset)
        return e;
    size_t left = count - x->offset;
    return fill_entries(tx_sql(tx), x, ids + x->offset, left < x->limit ? left : x->limit);
}

enum err directory_search(struct core *c, const struct principal *who, struct slice query,
                          size_t limit, size_t offset, struct arena *arena,
                          struct directory_result *out)
{
    struct search x = {.tenant = who->tenant, .limit = limit, .offset = offset, .arena = arena};
    enum err e = make_pattern(query, arena, &x.pattern);
    if (e == ERR_OK)
        e = store_read(c->store, read_page, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}

/* ---- looking at one ---- */

struct preview {
    struct core *core;
    const struct principal *who;
    struct guild_id guild;
    struct arena arena;
    struct guild_view *view;
    uint64_t members;
    bool missed;
};

static enum err may_look(struct sql_conn *sql, const struct preview *x)
{
    bool shown = false;
    enum err e = directory_shows(sql, x->guild, x->who->tenant, x->who->user, &shown);
    return e == ERR_OK && !shown ? ERR_UNKNOWN_GUILD : e;
}

static enum err read_preview(struct tx *tx, void *ctx)
{
    struct preview *x = ctx;
    struct guild_record g;
    guild_view_unref(&x->view);
    arena_reset(&x->arena);
    enum err e = may_look(tx_sql(tx), x);
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->guild, &x->arena, &g);
    if (e == ERR_OK)
        e = views_at(x->core, tx, x->guild, g.structure_position, &x->view, &x->missed);
    if (e == ERR_OK)
        x->members = g.member_count;
    return e;
}

enum err directory_preview(struct core *c, const struct principal *who, struct guild_id guild,
                           struct guild_view **view, uint64_t *members)
{
    struct preview x = {.core = c, .who = who, .guild = guild};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_read(c->store, read_preview, &x);
    arena_deinit(&x.arena);
    if (e != ERR_OK) {
        guild_view_unref(&x.view);
        return e;
    }
    if (x.missed)
        views_warm(c, guild);
    *view = x.view;
    *members = x.members;
    return ERR_OK;
}

/* ---- listing oneself ---- */

struct listing {
    const struct actor *by;
    const struct access *a;
    const struct directory_change *d;
    struct directory_change now;
    struct arena arena;
    struct guild_view *view;
};

static enum err write_listing(struct tx *tx, struct listing *x, const struct guild *g)
{
    struct audit_note n;
    struct sql_conn *sql = tx_sql(tx);
    bool was = (g->features & FEATURE_DISCOVERABLE) != 0;
    uint64_t add = x->now.listed ? FEATURE_DISCOVERABLE : 0;
    if (was == x->now.listed && g->join_policy == x->now.policy)
        return ERR_OK;
    enum err e = joining_set_features(sql, g->id, add, FEATURE_DISCOVERABLE & ~add);
    if (e == ERR_OK)
        e = directory_set_policy(sql, g->id, x->now.policy);
    if (e != ERR_OK)
        return e;
    audit_note_init(&n);
    audit_flag(&n, "discoverable", was, x->now.listed);
    audit_number(&n, "join_policy", g->join_policy, x->now.policy);
    e = guild_settings_tell(tx, x->by, g->id, AUDIT_GUILD_UPDATE, &n, &x->view);
    audit_note_deinit(&n);
    return e;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct listing *x = ctx;
    struct guild_record g;
    arena_reset(&x->arena);
    enum err e = access_recheck(tx, x->a, PERMISSION_ADMINISTRATOR);
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->a->view->guild.id, &x->arena, &g);
    if (e != ERR_OK)
        return e;
    bool was = (g.guild.features & FEATURE_DISCOVERABLE) != 0;
    x->now = (struct directory_change){
        .listed = x->d->has_listed ? x->d->listed : was,
        .policy = x->d->has_policy ? x->d->policy : g.guild.join_policy,
    };
    return write_listing(tx, x, &g.guild);
}

enum err directory_edit(struct core *c, const struct actor *by, const struct access *a,
                        const struct directory_change *d, struct directory_change *now)
{
    struct listing x = {.by = by, .a = a, .d = d};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, edit, &x);
    guild_view_unref(&x.view);
    arena_deinit(&x.arena);
    if (e == ERR_OK)
        *now = x.now;
    return e;
}

/* ---- going in ---- */

struct entering {
    struct core *core;
    const struct actor *by;
    struct guild_id guild;
    struct arena *arena;
    struct directory_entrance out;
};

static enum err join(struct tx *tx, struct entering *x)
{
    struct member m;
    const struct joining j = {
        .core = x->core, .by = x->by, .guild = x->guild, .user = x->by->who->user};
    enum err e = joining_admit(tx, &j, x->arena, &m);
    x->out.how = DIRECTORY_JOINED;
    x->out.pending = e == ERR_OK && m.pending;
    return e;
}

static enum err ask(struct tx *tx, struct entering *x)
{
    x->out.how = DIRECTORY_ASKED;
    enum err e = screening_may_ask(tx, x->core, x->by, x->guild, x->arena);
    if (e == ERR_OK)
        e = screening_needs_no_answers(tx, x->guild, x->arena);
    return e == ERR_OK ? join_request_submit(tx, x->by, x->guild, (struct slice){NULL, 0}, x->arena,
                                             &x->out.request)
                       : e;
}

static enum err enter(struct tx *tx, void *ctx)
{
    struct entering *x = ctx;
    struct guild_record g;
    bool member;
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->guild, x->arena, &g);
    if (e == ERR_OK)
        e = members_exists(tx_sql(tx), x->guild, x->by->who->user, &member);
    if (e != ERR_OK)
        return e;
    x->out.how = DIRECTORY_MEMBER;
    if (member)
        return ERR_OK;
    if (!is_listed(&g.guild, x->by->who->tenant))
        return ERR_UNKNOWN_GUILD;
    if (g.guild.join_policy == JOIN_BY_INVITE)
        return ERR_MISSING_ACCESS;
    return g.guild.join_policy == JOIN_OPEN ? join(tx, x) : ask(tx, x);
}

/* Looked at first in a read, so that guesses at ids neither lock anything nor differ by it. */
enum err directory_enter(struct core *c, const struct actor *by, struct guild_id guild,
                         struct arena *arena, struct directory_entrance *out)
{
    struct entering x = {.core = c, .by = by, .guild = guild, .arena = arena};
    struct guild_view *view = NULL;
    uint64_t members;
    enum err e = directory_preview(c, by->who, guild, &view, &members);
    if (e == ERR_OK)
        e = store_write(c->store, enter, &x);
    if (e != ERR_OK || x.out.how == DIRECTORY_MEMBER) {
        guild_view_unref(&view);
        if (e == ERR_OK)
            *out = x.out;
        return e;
    }
    x.out.view = view;
    *out = x.out;
    return ERR_OK;
}
