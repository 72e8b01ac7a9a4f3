/* What a channel may be: which settings each type has, where it may stand, whom its overwrites may
 * name. Everything is judged on the view of the transaction. */

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "core/channels_priv.h"
#include "model/features.h"
#include "store/users.h"

enum { VOICE_USERS_MAX = 99 };

void channel_change_init(struct channel_change *x)
{
    arena_init(&x->arena, MEM_CORE, CHANNEL_CHANGE_BYTES);
}

void channel_change_deinit(struct channel_change *x)
{
    access_end(&x->now);
    arena_deinit(&x->arena);
}

enum err channel_change_begin(struct tx *tx, struct channel_change *x, uint64_t need)
{
    access_end(&x->now);
    arena_reset(&x->arena);
    x->problem = (struct draft_problem){0};
    return access_renew(tx, x->a, need, &x->arena, &x->now);
}

enum err channel_problem(struct draft_problem *p, const char *field, const char *code,
                         const char *message)
{
    *p = (struct draft_problem){field, code, message};
    return ERR_INVALID_FORM;
}

/* ---- settings ---- */

#define TEXT (1u << CHANNEL_TYPE_TEXT)
#define NEWS (1u << CHANNEL_TYPE_ANNOUNCEMENT)
#define CATEGORY (1u << CHANNEL_TYPE_CATEGORY)
#define VOICE (1u << CHANNEL_TYPE_VOICE | 1u << CHANNEL_TYPE_STAGE)
#define FORUM (1u << CHANNEL_TYPE_FORUM | 1u << CHANNEL_TYPE_MEDIA)
#define ANY (TEXT | NEWS | CATEGORY | VOICE | FORUM)

/* What is copied from the draft, and the types that have it (docs, "Modify Channel"). */
#define ROW(bit, which, member)                                                                    \
    {                                                                                              \
        .field = CHANNEL_SETS(bit), .types = (which),                                              \
        .from = offsetof(struct channel_draft, member), .to = offsetof(struct channel, member),    \
        .size = sizeof(((struct channel *)NULL)->member)                                           \
    }
static const struct {
    uint32_t field;
    uint32_t types;
    size_t from;
    size_t to;
    size_t size;
} settings[] = {
    ROW(NAME, ANY, name),
    ROW(TYPE, TEXT | NEWS, type),
    ROW(POSITION, ANY, position),
    ROW(TOPIC, TEXT | NEWS | FORUM, topic),
    ROW(NSFW, TEXT | NEWS | VOICE | FORUM, nsfw),
    ROW(RATE_LIMIT, TEXT | VOICE | FORUM, rate_limit_per_user),
    ROW(BITRATE, VOICE, bitrate),
    ROW(USER_LIMIT, VOICE, user_limit),
    ROW(PARENT, TEXT | NEWS | VOICE | FORUM, parent),
    ROW(RTC_REGION, VOICE, rtc_region),
    ROW(VIDEO_QUALITY, VOICE, video_quality_mode),
    ROW(AUTO_ARCHIVE, TEXT | NEWS | FORUM, default_auto_archive_duration),
    ROW(THREAD_RATE_LIMIT, TEXT | NEWS | FORUM, default_thread_rate_limit_per_user),
    ROW(SORT_ORDER, FORUM, default_sort_order),
    ROW(FORUM_LAYOUT, FORUM, default_forum_layout),
    ROW(REACTION, FORUM, default_reaction_emoji),
    ROW(REACTION, FORUM, default_reaction_emoji_name),
};

static void copy_settings(const struct channel_draft *d, uint32_t set, struct channel *ch)
{
    uint32_t type = 1u << ch->type;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if ((set & settings[i].field) == 0 || (type & settings[i].types) == 0)
            continue;
        memcpy((char *)ch + settings[i].to, (const char *)d + settings[i].from, settings[i].size);
    }
}

/* Of the flags, those that requests may set; the others stay. */
static void copy_flags(const struct channel_draft *d, uint32_t set, struct channel *ch)
{
    uint64_t open = CHANNEL_FLAG_REQUIRE_TAG | CHANNEL_FLAG_HIDE_MEDIA_DOWNLOAD_OPTIONS;
    if ((set & CHANNEL_SETS(FLAGS)) != 0 && ((1u << ch->type) & FORUM) != 0)
        ch->flags = (ch->flags & ~open) | (d->flags & open);
}

/* Text and announcement channels become one another where there are announcements. */
static enum err check_type(const struct channel_change *x, enum channel_type before,
                           struct draft_problem *p)
{
    enum channel_type after = x->d->type;
    uint32_t both = 1u << before | 1u << after;
    if (after == before)
        return ERR_OK;
    if ((both & ~(TEXT | NEWS)) != 0)
        return channel_problem(p, "type", "CHANNEL_TYPE_CONVERT_INVALID",
                               "Cannot convert between those channel types");
    if ((x->now.view->guild.features & (FEATURE_COMMUNITY | FEATURE_NEWS)) == 0)
        return channel_problem(p, "type", "GUILD_FEATURE_REQUIRED",
                               "The guild needs the feature COMMUNITY or NEWS");
    return ERR_OK;
}

static enum err check_settings(const struct channel *ch, struct draft_problem *p)
{
    if (ch->type == CHANNEL_TYPE_VOICE && ch->user_limit > VOICE_USERS_MAX)
        return channel_problem(p, "user_limit", "NUMBER_TYPE_MAX",
                               "int value should be less than or equal to 99.");
    return ERR_OK;
}

/* ---- the category ---- */

static size_t count_children(const struct guild_view *view, struct channel_id parent,
                             struct channel_id but)
{
    size_t n = 0;
    for (size_t i = 0; i < view->channel_count; i++)
        n += view->channels[i].parent.v == parent.v && view->channels[i].id.v != but.v;
    return n;
}

/* What is put into a category takes over its overwrites, and may be given what is held there: so it
 * takes the right to arrange the category. */
static enum err may_arrange(struct tx *tx, const struct access *now, const struct channel *category)
{
    uint64_t held = permissions_in_channel(now->view, &now->subject, category, tx_now_ms(tx));
    if (!(held & PERMISSION_VIEW_CHANNEL))
        return ERR_MISSING_ACCESS;
    return held & PERMISSION_MANAGE_CHANNELS ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

enum err channel_check_parent(struct tx *tx, const struct access *now, const struct channel *ch,
                              struct draft_problem *p)
{
    const struct guild_view *view = now->view;
    if (ch->parent.v == 0)
        return ERR_OK;
    if (ch->type == CHANNEL_TYPE_CATEGORY)
        return channel_problem(p, "parent_id", "CHANNEL_PARENT_INVALID_PARENT",
                               "Categories cannot have subcategories");
    const struct channel *parent = guild_view_channel(view, ch->parent);
    if (parent == NULL)
        return channel_problem(p, "parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist");
    if (parent->type != CHANNEL_TYPE_CATEGORY)
        return channel_problem(p, "parent_id", "CHANNEL_PARENT_INVALID_TYPE", "Not a category");
    if (count_children(view, ch->parent, ch->id) >= LIMIT_CATEGORY_CHANNELS)
        return channel_problem(p, "parent_id", "CHANNEL_PARENT_MAX_CHANNELS",
                               "Maximum number of channels in category reached (50)");
    return may_arrange(tx, now, parent);
}

/* ---- tags ---- */

/* Custom emojis are the guild's own. */
static bool has_emoji(const struct guild_view *view, uint64_t id)
{
    return id == 0 || guild_view_emoji(view, (struct emoji_id){id}) != NULL;
}

static const struct forum_tag *find_tag(const struct channel *ch, uint64_t id)
{
    for (size_t i = 0; i < ch->tag_count; i++)
        if (ch->tags[i].id == id)
            return &ch->tags[i];
    return NULL;
}

static enum err check_tag(const struct guild_view *view, const struct channel_draft *d, size_t at,
                          const struct channel *ch)
{
    const struct forum_tag *t = &d->tags[at];
    const struct forum_tag *known = t->id == 0 ? NULL : find_tag(ch, t->id);
    if (t->id != 0 && known == NULL)
        return ERR_UNKNOWN_TAG;
    if ((known == NULL || known->emoji != t->emoji) && !has_emoji(view, t->emoji))
        return ERR_UNKNOWN_EMOJI;
    for (size_t i = 0; i < at; i++) {
        if (slice_eq_nocase(d->tags[i].name, t->name))
            return ERR_TAG_NAMES;
        if (t->id != 0 && d->tags[i].id == t->id)
            return ERR_UNKNOWN_TAG; /* the same one twice */
    }
    return ERR_OK;
}

/* Tags keep their ids, new ones get one. */
static enum err compose_tags(struct tx *tx, struct channel_change *x, struct channel *ch)
{
    const struct channel_draft *d = x->d;
    struct forum_tag *list = arena_array(&x->arena, d->tag_count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    if (d->tag_count > LIMIT_FORUM_TAGS)
        return ERR_MAX_TAGS;
    for (size_t i = 0; i < d->tag_count; i++) {
        enum err e = check_tag(x->now.view, d, i, ch);
        if (e != ERR_OK)
            return e;
        list[i] = d->tags[i];
        if (list[i].id == 0)
            list[i].id = tx_id(tx);
    }
    ch->tags = list;
    ch->tag_count = d->tag_count;
    return ERR_OK;
}

/* ---- overwrites ---- */

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct overwrite *)a)->id, y = ((const struct overwrite *)b)->id;
    return (x > y) - (x < y);
}

/* Ascending, each target once: of two the later. */
static enum err compose_overwrites(struct channel_change *x, struct channel *ch)
{
    const struct channel_draft *d = x->d;
    size_t n = 0;
    if (d->overwrite_count > LIMIT_CHANNEL_OVERWRITES)
        return ERR_MAX_OVERWRITES;
    struct overwrite *list = arena_array(&x->arena, d->overwrite_count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = d->overwrite_count; i-- > 0;) {
        const struct overwrite *o = &d->overwrites[i];
        struct overwrite *same = list;
        while (same < list + n && same->id != o->id)
            same++;
        if (same == list + n)
            list[n++] = (struct overwrite){o->id, o->type, o->allow & PERMISSIONS_ALL,
                                           o->deny & PERMISSIONS_ALL};
    }
    if (n > 1)
        qsort(list, n, sizeof *list, by_id);
    ch->overwrites = list;
    ch->overwrite_count = n;
    return ERR_OK;
}

enum err channel_mask_overwrites(struct channel_change *x, struct channel *ch)
{
    struct overwrite *list = arena_array(&x->arena, ch->overwrite_count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < ch->overwrite_count; i++) {
        list[i] = ch->overwrites[i];
        list[i].allow &= PERMISSIONS_OVERWRITABLE;
        list[i].deny &= PERMISSIONS_OVERWRITABLE;
    }
    ch->overwrites = list;
    return ERR_OK;
}

static bool same_overwrite(const struct overwrite *a, const struct overwrite *b)
{
    return a->id == b->id && a->type == b->type && a->allow == b->allow && a->deny == b->deny;
}

bool channel_in_step(const struct channel *a, const struct channel *b)
{
    if (a->overwrite_count != b->overwrite_count)
        return false;
    for (size_t i = 0; i < a->overwrite_count; i++)
        if (!same_overwrite(&a->overwrites[i], &b->overwrites[i]))
            return false;
    return true;
}

enum err overwrites_compare(const struct channel *before, const struct channel *after,
                            overwrite_fn fn, void *ctx)
{
    enum err e = ERR_OK;
    size_t i = 0, k = 0;
    while (e == ERR_OK && (i < before->overwrite_count || k < after->overwrite_count)) {
        const struct overwrite *b = i < before->overwrite_count ? &before->overwrites[i] : NULL;
        const struct overwrite *a = k < after->overwrite_count ? &after->overwrites[k] : NULL;
        if (a != NULL && b != NULL && a->id != b->id) {
            if (a->id < b->id)
                b = NULL;
            else
                a = NULL;
        }
        i += b != NULL;
        k += a != NULL;
        if (a == NULL || b == NULL || !same_overwrite(a, b))
            e = fn(ctx, b, a);
    }
    return e;
}

struct overwrite_check {
    struct tx *tx;
    struct channel_change *x;
    const struct channel *channel;
    const struct channel *parent;
};

/* An overwrite may outlive a membership, but it is made for an account that exists. */
static enum err check_target(struct overwrite_check *c, const struct overwrite *o)
{
    struct user user;
    const struct guild_view *view = c->x->now.view;
    if (o->type == OVERWRITE_ROLE)
        return guild_view_role(view, (struct role_id){o->id}) != NULL ? ERR_OK : ERR_UNKNOWN_ROLE;
    return users_find(tx_sql(c->tx), (struct user_id){o->id}, &c->x->arena, &user);
}

static bool may_change(const struct overwrite_check *c, const struct overwrite *before,
                       const struct overwrite *after)
{
    const struct access *now = &c->x->now;
    return permissions_may_overwrite(now->view, &now->subject, c->channel, c->parent, before, after,
                                     tx_now_ms(c->tx));
}

/* One that names somebody else from now on (a role's becomes a member's) takes away what the old
 * one said: that is removing it and setting another. */
static enum err check_one(void *ctx, const struct overwrite *before, const struct overwrite *after)
{
    struct overwrite_check *c = ctx;
    bool other = before != NULL && after != NULL && before->type != after->type;
    if (before == NULL || other) {
        enum err e = check_target(c, after);
        if (e != ERR_OK)
            return e;
    }
    bool may = other ? may_change(c, before, NULL) && may_change(c, NULL, after)
                     : may_change(c, before, after);
    return may ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

enum err channel_check_overwrites(struct tx *tx, struct channel_change *x,
                                  const struct channel *channel, const struct channel *before,
                                  const struct channel *after)
{
    struct overwrite_check c = {.tx = tx, .x = x, .channel = channel};
    c.parent = after->parent.v == 0 ? NULL : guild_view_channel(x->now.view, after->parent);
    return overwrites_compare(before, after, check_one, &c);
}

/* In a list a bad target is a mistake in the form. */
static enum err name_target(enum err e, struct draft_problem *p)
{
    if (e == ERR_UNKNOWN_ROLE || e == ERR_UNKNOWN_USER)
        return channel_problem(p, "permission_overwrites", "INVALID_ROLE",
                               "Unknown role or member.");
    return e;
}

static enum err compose_permissions(struct tx *tx, struct channel_change *x, uint32_t set,
                                    bool made, struct channel *ch)
{
    const struct channel before = *ch;
    const struct channel *parent =
        ch->parent.v == 0 ? NULL : guild_view_channel(x->now.view, ch->parent);
    enum err e = ERR_OK;
    if (set & CHANNEL_SETS(OVERWRITES))
        e = compose_overwrites(x, ch);
    if (e != ERR_OK)
        return e;
    /* Without overwrites of its own a channel starts in step with its category, as on Discord: what
     * is made in a private category is private. That grants nothing, and needs no leave. */
    if (parent != NULL && (made ? ch->overwrite_count == 0 : x->d->lock_permissions)) {
        ch->overwrites = parent->overwrites;
        ch->overwrite_count = parent->overwrite_count;
        if (made)
            return ERR_OK;
    }
    e = name_target(channel_check_overwrites(tx, x, made ? NULL : x->now.channel, &before, ch),
                    &x->problem);
    return e == ERR_OK ? channel_mask_overwrites(x, ch) : e;
}

enum err channel_compose(struct tx *tx, struct channel_change *x, uint32_t set, bool made,
                         struct channel *ch)
{
    enum err e = ERR_OK;
    if (!made && (set & CHANNEL_SETS(TYPE)) != 0)
        e = check_type(x, ch->type, &x->problem);
    if (e != ERR_OK)
        return e;
    struct channel_id stood = ch->parent;
    uint64_t reaction = ch->default_reaction_emoji;
    copy_settings(x->d, set, ch);
    copy_flags(x->d, set, ch);
    e = check_settings(ch, &x->problem);
    if (e == ERR_OK && ch->default_reaction_emoji != reaction &&
        !has_emoji(x->now.view, ch->default_reaction_emoji))
        e = ERR_UNKNOWN_EMOJI;
    /* A category that was given to a category is refused, though categories have no such setting.
     */
    if (ch->type == CHANNEL_TYPE_CATEGORY && (set & CHANNEL_SETS(PARENT)) != 0)
        ch->parent = x->d->parent;
    if (e == ERR_OK && (made || ch->parent.v != stood.v))
        e = channel_check_parent(tx, &x->now, ch, &x->problem);
    if (e == ERR_OK && (set & CHANNEL_SETS(TAGS)) != 0 && ((1u << ch->type) & FORUM) != 0)
        e = compose_tags(tx, x, ch);
    if (e == ERR_OK)
        e = compose_permissions(tx, x, set, made, ch);
    return e;
}
