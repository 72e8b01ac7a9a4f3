/* Channels of guilds. */

#include "core/channels.h"

#include "base/limits.h"
#include "core/core_priv.h"
#include "proto/events.h"
#include "store/channels.h"

enum {
    BITRATE_DEFAULT = 64000,
    CATEGORY_CHANNELS_MAX = 50 /* docs, "Guild Category": children of one category */
};

struct channel_creation {
    const struct actor *by;
    const struct access *a;
    const struct channel_draft *d;
    struct draft_problem problem;
    struct arena arena;
    struct channel_id id;
    struct guild_view *view;
};

static enum err invalid(struct draft_problem *p, const char *field, const char *code,
                        const char *message)
{
    *p = (struct draft_problem){field, code, message};
    return ERR_INVALID_FORM;
}

/* Nobody hands out what they do not have; MANAGE_ROLES in a channel is the administrators' to give
 * (docs, "Create Guild Channel"). */
static enum err check_overwrites(const struct access *a, const struct channel_draft *d,
                                 struct draft_problem *p)
{
    uint64_t named = 0;
    if (d->overwrite_count > LIMIT_CHANNEL_OVERWRITES)
        return ERR_MAX_OVERWRITES;
    for (size_t i = 0; i < d->overwrite_count; i++) {
        const struct overwrite *o = &d->overwrites[i];
        named |= o->allow | o->deny;
        if (o->type == OVERWRITE_ROLE && guild_view_role(a->view, (struct role_id){o->id}) == NULL)
            return invalid(p, "permission_overwrites", "INVALID_ROLE", "Unknown role or member.");
    }
    if (named & PERMISSION_MANAGE_ROLES)
        named |= PERMISSION_ADMINISTRATOR;
    return (a->permissions & named) == named ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

static enum err check_parent(struct tx *tx, struct channel_creation *x, uint64_t children)
{
    const struct channel_draft *d = x->d;
    struct channel parent;
    if (d->parent.v == 0)
        return ERR_OK;
    if (d->type == CHANNEL_TYPE_CATEGORY)
        return invalid(&x->problem, "parent_id", "CHANNEL_PARENT_INVALID_PARENT",
                       "Categories cannot have subcategories");
    enum err e = channels_find(tx_sql(tx), d->parent, &x->arena, &parent);
    if (e == ERR_UNKNOWN_CHANNEL || (e == ERR_OK && parent.guild.v != x->a->view->guild.id.v))
        return invalid(&x->problem, "parent_id", "CHANNEL_PARENT_INVALID",
                       "Category does not exist");
    if (e != ERR_OK)
        return e;
    if (parent.type != CHANNEL_TYPE_CATEGORY)
        return invalid(&x->problem, "parent_id", "CHANNEL_PARENT_INVALID_TYPE", "Not a category");
    if (children >= CATEGORY_CHANNELS_MAX)
        return invalid(&x->problem, "parent_id", "CHANNEL_PARENT_MAX_CHANNELS",
                       "Maximum number of channels in category reached (50)");
    return ERR_OK;
}

static enum err compose(struct tx *tx, struct channel_creation *x, int32_t position_next,
                        struct channel *out)
{
    const struct channel_draft *d = x->d;
    bool voice = d->type == CHANNEL_TYPE_VOICE || d->type == CHANNEL_TYPE_STAGE;
    *out = (struct channel){
        .id = {tx_id(tx)},
        .guild = x->a->view->guild.id,
        .type = d->type,
        .position = d->has_position ? d->position : position_next,
        .name = d->name,
        .topic = d->topic,
        .parent = d->parent,
        .nsfw = d->nsfw,
        .rate_limit_per_user = d->rate_limit_per_user,
        .bitrate = voice && d->bitrate == 0 ? BITRATE_DEFAULT : d->bitrate,
        .user_limit = d->user_limit,
        .overwrites = d->overwrites,
        .overwrite_count = d->overwrite_count,
    };
    if (d->overwrite_count > 0 || d->parent.v == 0)
        return ERR_OK;
    /* Without overwrites of its own a channel starts in step with its category, as on Discord: what
     * is made in a private category is private. */
    struct overwrite *inherited = NULL;
    enum err e =
        channels_overwrites(tx_sql(tx), d->parent, &x->arena, &inherited, &out->overwrite_count);
    out->overwrites = inherited;
    return e;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct channel_creation *x = ctx;
    struct guild_id guild = x->a->view->guild.id;
    struct channel_counts counts = {0};
    struct channel ch = {0};
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_CHANNELS);
    if (e == ERR_OK)
        e = channels_counts(tx_sql(tx), guild, x->d->parent, &counts);
    if (e == ERR_OK && counts.channels >= LIMIT_GUILD_CHANNELS)
        e = ERR_MAX_CHANNELS;
    if (e == ERR_OK)
        e = check_parent(tx, x, counts.children);
    if (e == ERR_OK)
        e = compose(tx, x, counts.position_next, &ch);
    if (e == ERR_OK)
        e = channels_insert(tx_sql(tx), &ch);
    if (e == ERR_OK)
        e = views_restructured(tx, guild, &x->view);
    if (e != ERR_OK)
        return e;
    x->id = ch.id;
    return core_emit_structure(
        tx, event_channel_create(guild_view_channel(x->view, ch.id), x->view, x->by->who->user.v),
        x->by, x->view);
}

enum err channel_create(struct core *c, const struct actor *by, const struct access *a,
                        const struct channel_draft *d, struct channel_id *id,
                        struct guild_view **view, struct draft_problem *problem)
{
    struct channel_creation x = {.by = by, .a = a, .d = d};
    if (!(a->permissions & PERMISSION_MANAGE_CHANNELS))
        return ERR_MISSING_PERMISSIONS;
    enum err e = check_overwrites(a, d, &x.problem);
    if (e == ERR_OK) {
        /* The overwrites of the category may be copied through it. */
        arena_init(&x.arena, MEM_CORE, (size_t)LIMIT_CHANNEL_OVERWRITES * 1024);
        e = store_write(c->store, create, &x);
        arena_deinit(&x.arena);
    }
    if (e == ERR_INVALID_FORM)
        *problem = x.problem;
    if (e != ERR_OK) {
        guild_view_unref(&x.view);
        return e;
    }
    *id = x.id;
    *view = x.view;
    return ERR_OK;
}

enum err channel_last_messages_at(struct tx *tx, const struct guild_view *v, struct arena *arena,
                                  struct message_id **out)
{
    struct channel_last *last = NULL;
    size_t count = 0;
    enum err e = channels_last_messages(tx_sql(tx), v->guild.id, arena, &last, &count);
    if (e != ERR_OK)
        return e;
    struct message_id *list = arena_array(arena, v->channel_count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    /* Both ascend by channel; the view may be of another moment, so either may have more. */
    for (size_t i = 0, k = 0; i < v->channel_count; i++) {
        while (k < count && last[k].channel.v < v->channels[i].id.v)
            k++;
        if (k < count && last[k].channel.v == v->channels[i].id.v)
            list[i] = last[k].message;
    }
    *out = list;
    return ERR_OK;
}

struct last_read {
    const struct guild_view *view;
    struct arena *arena;
    struct message_id **out;
};

static enum err read_last(struct tx *tx, void *ctx)
{
    struct last_read *x = ctx;
    return channel_last_messages_at(tx, x->view, x->arena, x->out);
}

enum err channel_last_messages(struct core *c, const struct guild_view *v, struct arena *arena,
                               struct message_id **out)
{
    struct last_read x = {v, arena, out};
    return store_read(c->store, read_last, &x);
}

enum err channel_typing(struct core *c, const struct access *a)
{
    struct event *e = event_typing_start(&a->member, a->channel->id, clock_wall_ms(c->o.clock));
    if (e == NULL)
        return ERR_NO_MEMORY;
    core_publish_ephemeral(c, e);
    return ERR_OK;
}
