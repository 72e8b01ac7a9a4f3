/*
 * Guild views. A view is replaced at every change of a guild's structure, by the thread that writes
 * for all guilds, and read at every request. So its parts are blocks of memory that successive
 * views share by reference: a change of a role copies the roles, a change of one channel of five
 * hundred copies the array of channels and that one's overwrites and text. Within a block, arrays
 * come first and text last, so nothing needs padding.
 *
 *   view ─▶ block of the guild's text
 *        ─▶ block of roles: ids, permissions, array, text
 *        ─▶ block of channels: array ──▶ a block each: overwrites, tags, text
 *        ─▶ block of emojis, stickers, sounds      ─▶ block of stages, scheduled events
 */

#include "model/guild_view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A last message that is not known: no id is as high. */
#define UNKNOWN UINT64_MAX

enum { PART_GUILD, PART_ROLES, PART_CHANNELS, PART_EXPRESSIONS, PART_EVENTS };
_Static_assert(1 << PART_EVENTS == VIEW_EVENTS && PART_EVENTS + 1 == VIEW_PART_COUNT,
               "parts are the bits of enum view_part");

/* --- blocks ------------------------------------------------------------------------------------
 */

struct view_block {
    _Atomic uint32_t refs;
    uint32_t child_count;
    struct view_block **children; /* owned references; in this block */
};
_Static_assert(sizeof(struct view_block) % 8 == 0, "what follows is aligned");

static struct view_block *block_ref(struct view_block *b)
{
    /* Relaxed: the caller has a reference already. */
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

/* Blocks are two deep: children have none. */
static void block_unref(struct view_block *b)
{
    /* Acquire and release: whoever frees sees all that others read before they let go. */
    if (b == NULL || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < b->child_count; i++) {
        struct view_block *child = b->children[i];
        if (child != NULL && atomic_fetch_sub_explicit(&child->refs, 1, memory_order_acq_rel) == 1)
            mem_free(MEM_VIEWS, child);
    }
    mem_free(MEM_VIEWS, b);
}

/* A new block and where the next thing goes in it: arrays from the front, text behind them. */
struct cursor {
    struct view_block *block;
    char *array;
    char *text;
};

static struct cursor block_new(size_t arrays, size_t text)
{
    struct cursor at = {.block = mem_alloc(MEM_VIEWS, sizeof *at.block + arrays + text + 1)};
    if (at.block == NULL)
        return at;
    *at.block = (struct view_block){.refs = 1};
    at.array = (char *)(at.block + 1);
    at.text = at.array + arrays;
    return at;
}

static void *take_array(struct cursor *at, size_t count, size_t size)
{
    void *array = at->array;
    at->array += count * size;
    return array;
}

/* A slice without data means "none" and stays one; an empty one stays empty. */
static void copy_text(struct slice *s, struct cursor *at)
{
    if (s->data == NULL)
        return;
    if (s->len > 0)
        memcpy(at->text, s->data, s->len);
    s->data = at->text;
    at->text += s->len;
}

/* --- entities: where their text is --------------------------------------------------------------
 */

enum { TEXTS_MAX = 9 };

struct shape {
    size_t size;
    size_t text_count;
    size_t texts[TEXTS_MAX]; /* offsets of slices */
};
#define AT(type, field) offsetof(struct type, field)

static const struct shape guild_shape = {
    sizeof(struct guild),
    9,
    {AT(guild, name), AT(guild, description), AT(guild, preferred_locale), AT(guild, icon),
     AT(guild, banner), AT(guild, splash), AT(guild, discovery_splash), AT(guild, home_header),
     AT(guild, vanity_code)}};
static const struct shape role_shape = {
    sizeof(struct role), 3, {AT(role, name), AT(role, icon), AT(role, unicode_emoji)}};
static const struct shape channel_shape = {
    sizeof(struct channel),
    5,
    {AT(channel, name), AT(channel, topic), AT(channel, rtc_region),
     AT(channel, default_reaction_emoji_name), AT(channel, voice_status)}};
static const struct shape tag_shape = {
    sizeof(struct forum_tag), 2, {AT(forum_tag, name), AT(forum_tag, emoji_name)}};
static const struct shape emoji_shape = {
    sizeof(struct emoji), 2, {AT(emoji, name), AT(emoji, hash)}};
static const struct shape sticker_shape = {
    sizeof(struct sticker),
    4,
    {AT(sticker, name), AT(sticker, description), AT(sticker, tags), AT(sticker, hash)}};
static const struct shape sound_shape = {
    sizeof(struct sound), 3, {AT(sound, name), AT(sound, hash), AT(sound, emoji_name)}};
static const struct shape stage_shape = {
    sizeof(struct stage_instance), 1, {AT(stage_instance, topic)}};
static const struct shape scheduled_shape = {
    sizeof(struct scheduled_event),
    5,
    {AT(scheduled_event, name), AT(scheduled_event, description), AT(scheduled_event, location),
     AT(scheduled_event, image), AT(scheduled_event, recurrence)}};

/* All are sorted by the id that they begin with. */
_Static_assert(AT(role, id) == 0 && AT(channel, id) == 0 && AT(emoji, id) == 0 &&
                   AT(sticker, id) == 0 && AT(sound, id) == 0 && AT(stage_instance, id) == 0 &&
                   AT(scheduled_event, id) == 0 && AT(overwrite, id) == 0,
               "the id comes first");

static size_t text_bytes(const struct shape *shape, const void *items, size_t count)
{
    size_t n = 0;
    const char *item = items;
    for (size_t i = 0; i < count; i++, item += shape->size)
        for (size_t k = 0; k < shape->text_count; k++)
            n += ((const struct slice *)(const void *)(item + shape->texts[k]))->len;
    return n;
}

static void copy_texts(const struct shape *shape, void *items, size_t count, struct cursor *at)
{
    char *item = items;
    for (size_t i = 0; i < count; i++, item += shape->size)
        for (size_t k = 0; k < shape->text_count; k++)
            copy_text((struct slice *)(void *)(item + shape->texts[k]), at);
}

static uint64_t id_of(const void *item)
{
    return *(const uint64_t *)item;
}

static int compare_ids(const void *a, const void *b)
{
    return (id_of(a) > id_of(b)) - (id_of(a) < id_of(b));
}

/* Mostly it is in order already: the store reads by id. */
static void sort(void *items, size_t count, size_t size)
{
    const char *item = items;
    for (size_t i = 1; i < count; i++)
        if (id_of(item + i * size) < id_of(item + (i - 1) * size)) {
            qsort(items, count, size, compare_ids);
            return;
        }
}

/* The items with their text, sorted, as the next array of the block. */
static void *copy_items(const struct shape *shape, const void *items, size_t count,
                        struct cursor *at)
{
    void *to = take_array(at, count, shape->size);
    if (count == 0)
        return NULL;
    memcpy(to, items, count * shape->size);
    copy_texts(shape, to, count, at);
    sort(to, count, shape->size);
    return to;
}

/* --- parts --------------------------------------------------------------------------------------
 */

static bool make_guild(struct guild_view *v, const struct guild_contents *c)
{
    v->guild = *c->guild;
    struct cursor at = block_new(0, text_bytes(&guild_shape, c->guild, 1));
    if ((v->blocks[PART_GUILD] = at.block) == NULL)
        return false;
    copy_texts(&guild_shape, &v->guild, 1, &at);
    return true;
}

static bool make_roles(struct guild_view *v, const struct guild_contents *c)
{
    size_t n = c->role_count;
    struct cursor at = block_new(n * (sizeof(struct role) + 2 * sizeof(uint64_t)),
                                 text_bytes(&role_shape, c->roles, n));
    if ((v->blocks[PART_ROLES] = at.block) == NULL)
        return false;
    uint64_t *ids = take_array(&at, n, sizeof *ids);
    uint64_t *permissions = take_array(&at, n, sizeof *permissions);
    v->roles = copy_items(&role_shape, c->roles, n, &at);
    v->role_count = n;
    for (size_t i = 0; i < n; i++) {
        ids[i] = v->roles[i].id.v;
        permissions[i] = v->roles[i].permissions;
    }
    v->role_ids = ids;
    v->role_permissions = permissions;
    return true;
}

/* Moves what `to` borrows into a block of the channel's own. */
static struct view_block *own_channel(struct channel *to)
{
    struct cursor at = block_new(
        to->overwrite_count * sizeof *to->overwrites + to->tag_count * sizeof *to->tags,
        text_bytes(&channel_shape, to, 1) + text_bytes(&tag_shape, to->tags, to->tag_count));
    if (at.block == NULL)
        return NULL;
    struct overwrite *overwrites = take_array(&at, to->overwrite_count, sizeof *overwrites);
    struct forum_tag *tags = take_array(&at, to->tag_count, sizeof *tags);
    if (to->overwrite_count > 0)
        memcpy(overwrites, to->overwrites, to->overwrite_count * sizeof *overwrites);
    sort(overwrites, to->overwrite_count, sizeof *overwrites);
    to->overwrites = to->overwrite_count == 0 ? NULL : overwrites;
    if (to->tag_count > 0)
        memcpy(tags, to->tags, to->tag_count * sizeof *tags);
    copy_texts(&tag_shape, tags, to->tag_count, &at);
    to->tags = to->tag_count == 0 ? NULL : tags;
    copy_texts(&channel_shape, to, 1, &at);
    to->last_message = (struct message_id){0};
    return at.block;
}

/* A block for `count` channels, none of them there yet: child_count says how many are. */
static struct channel *channels_block(struct guild_view *v, size_t count)
{
    struct cursor at = block_new(count * (sizeof(struct channel) + sizeof(struct view_block *)), 0);
    if ((v->blocks[PART_CHANNELS] = at.block) == NULL)
        return NULL;
    at.block->children = take_array(&at, count, sizeof *at.block->children);
    struct channel *channels = take_array(&at, count, sizeof *channels);
    v->channels = channels;
    v->channel_count = count;
    return channels;
}

static bool add_channel(struct guild_view *v, struct channel *to, const struct channel *borrowed)
{
    struct view_block *b = v->blocks[PART_CHANNELS];
    *to = *borrowed;
    struct view_block *own = own_channel(to);
    if (own == NULL)
        return false;
    b->children[b->child_count++] = own;
    return true;
}

static bool make_channels(struct guild_view *v, const struct guild_contents *c)
{
    struct channel *channels = channels_block(v, c->channel_count);
    if (channels == NULL)
        return false;
    if (c->channel_count > 0)
        memcpy(channels, c->channels, c->channel_count * sizeof *channels);
    sort(channels, c->channel_count, sizeof *channels);
    for (size_t i = 0; i < c->channel_count; i++) {
        struct channel borrowed = channels[i];
        if (!add_channel(v, &channels[i], &borrowed))
            return false;
    }
    return true;
}

/* The channel at `i` of `from` and its block. */
static void share_channel(struct guild_view *v, struct channel *to, const struct guild_view *from,
                          size_t i)
{
    struct view_block *b = v->blocks[PART_CHANNELS];
    *to = from->channels[i];
    b->children[b->child_count++] = block_ref(from->blocks[PART_CHANNELS]->children[i]);
}

static bool is_listed(const struct guild_patch *p, struct channel_id id)
{
    for (size_t i = 0; i < p->channel_count; i++)
        if (p->channels[i].v == id.v)
            return true;
    return false;
}

/* Which of the channels of `from` stay as they are; how many. */
static size_t mark_kept(const struct guild_view *from, const struct guild_patch *p, bool *keep)
{
    size_t kept = 0;
    for (size_t i = 0; i < from->channel_count; i++) {
        keep[i] = !is_listed(p, from->channels[i].id);
        kept += keep[i];
    }
    return kept;
}

/* The channel of the contents with the lowest id that is not below `least`; NULL: none. */
static const struct channel *next_change(const struct guild_contents *c, uint64_t least)
{
    const struct channel *next = NULL;
    for (size_t i = 0; i < c->channel_count; i++)
        if (c->channels[i].id.v >= least && (next == NULL || c->channels[i].id.v < next->id.v))
            next = &c->channels[i];
    return next;
}

/* What stays and what changed, both ascending, into one array. */
static bool merge_channels(struct guild_view *v, const struct guild_view *from,
                           const struct guild_patch *p, const bool *keep, struct channel *to)
{
    const struct channel *change = next_change(&p->contents, 0);
    for (size_t i = 0; i < from->channel_count || change != NULL;) {
        bool old = i < from->channel_count;
        if (change != NULL && (!old || change->id.v < from->channels[i].id.v)) {
            if (!add_channel(v, to++, change))
                return false;
            change = next_change(&p->contents, change->id.v + 1);
        } else {
            if (keep[i])
                share_channel(v, to++, from, i);
            i++;
        }
    }
    return true;
}

/* All that `from` has, but for the channels listed: few, or a new part would be made instead. */
static bool patch_channels(struct guild_view *v, const struct guild_view *from,
                           const struct guild_patch *p)
{
    bool *keep = mem_array(MEM_VIEWS, from->channel_count + 1, sizeof *keep);
    if (keep == NULL)
        return false;
    size_t kept = mark_kept(from, p, keep);
    struct channel *to = channels_block(v, kept + p->contents.channel_count);
    bool made = to != NULL && merge_channels(v, from, p, keep, to);
    mem_free(MEM_VIEWS, keep);
    return made;
}

static size_t emoji_roles(const struct guild_contents *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->emoji_count; i++)
        n += c->emojis[i].role_count;
    return n;
}

static void copy_emoji_roles(struct emoji *emojis, size_t count, struct cursor *at)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = emojis[i].role_count;
        struct role_id *roles = take_array(at, n, sizeof *roles);
        if (n > 0)
            memcpy(roles, emojis[i].roles, n * sizeof *roles);
        emojis[i].roles = n == 0 ? NULL : roles;
    }
}

static bool make_expressions(struct guild_view *v, const struct guild_contents *c)
{
    struct cursor at = block_new(
        c->emoji_count * sizeof(struct emoji) + c->sticker_count * sizeof(struct sticker) +
            c->sound_count * sizeof(struct sound) + emoji_roles(c) * sizeof(struct role_id),
        text_bytes(&emoji_shape, c->emojis, c->emoji_count) +
            text_bytes(&sticker_shape, c->stickers, c->sticker_count) +
            text_bytes(&sound_shape, c->sounds, c->sound_count));
    if ((v->blocks[PART_EXPRESSIONS] = at.block) == NULL)
        return false;
    struct emoji *emojis = copy_items(&emoji_shape, c->emojis, c->emoji_count, &at);
    v->stickers = copy_items(&sticker_shape, c->stickers, c->sticker_count, &at);
    v->sounds = copy_items(&sound_shape, c->sounds, c->sound_count, &at);
    copy_emoji_roles(emojis, c->emoji_count, &at);
    v->emojis = emojis;
    v->emoji_count = c->emoji_count;
    v->sticker_count = c->sticker_count;
    v->sound_count = c->sound_count;
    return true;
}

static bool make_events(struct guild_view *v, const struct guild_contents *c)
{
    struct cursor at =
        block_new(c->stage_count * sizeof(struct stage_instance) +
                      c->scheduled_count * sizeof(struct scheduled_event),
                  text_bytes(&stage_shape, c->stages, c->stage_count) +
                      text_bytes(&scheduled_shape, c->scheduled, c->scheduled_count));
    if ((v->blocks[PART_EVENTS] = at.block) == NULL)
        return false;
    v->stages = copy_items(&stage_shape, c->stages, c->stage_count, &at);
    struct scheduled_event *scheduled =
        copy_items(&scheduled_shape, c->scheduled, c->scheduled_count, &at);
    for (size_t i = 0; i < c->scheduled_count; i++)
        scheduled[i].user_count = 0;
    v->scheduled = scheduled;
    v->stage_count = c->stage_count;
    v->scheduled_count = c->scheduled_count;
    return true;
}

/* --- views --------------------------------------------------------------------------------------
 */

static void drop(struct snapshot *s)
{
    struct guild_view *v = (struct guild_view *)(void *)s;
    for (int i = 0; i < VIEW_PART_COUNT; i++)
        block_unref(v->blocks[i]);
    mem_free(MEM_VIEWS, (void *)(uintptr_t)v->last_messages);
    mem_free(MEM_VIEWS, v);
}

static bool forget_messages(struct guild_view *v)
{
    v->last_messages = mem_alloc(MEM_VIEWS, (v->channel_count + 1) * sizeof *v->last_messages);
    if (v->last_messages == NULL)
        return false;
    for (size_t i = 0; i < v->channel_count; i++)
        atomic_init(&v->last_messages[i], UNKNOWN);
    return true;
}

/* The parts that changed; v is a copy of the view before, with references to the others' blocks. */
static bool apply(struct guild_view *v, const struct guild_view *from, const struct guild_patch *p)
{
    const struct guild_contents *c = &p->contents;
    if ((p->parts & VIEW_GUILD) && !make_guild(v, c))
        return false;
    if ((p->parts & VIEW_ROLES) && !make_roles(v, c))
        return false;
    if ((p->parts & VIEW_CHANNELS) &&
        !(p->channel_count == 0 ? make_channels(v, c) : patch_channels(v, from, p)))
        return false;
    if ((p->parts & VIEW_EXPRESSIONS) && !make_expressions(v, c))
        return false;
    if ((p->parts & VIEW_EVENTS) && !make_events(v, c))
        return false;
    return forget_messages(v);
}

struct guild_view *guild_view_patch(const struct guild_view *from, const struct guild_patch *p,
                                    uint64_t position, uint64_t permission_generation)
{
    struct guild_view *v = mem_zalloc(MEM_VIEWS, sizeof *v);
    if (v == NULL)
        return NULL;
    /* Not the reference count, which others change meanwhile. */
    if (from != NULL)
        memcpy(&v->position, &from->position, sizeof *v - offsetof(struct guild_view, position));
    snapshot_init(&v->snapshot, drop);
    v->position = position;
    v->permission_generation = permission_generation;
    v->last_messages = NULL;
    for (int i = 0; i < VIEW_PART_COUNT; i++) {
        bool shared = from != NULL && !(p->parts & (1U << i));
        v->blocks[i] = shared ? block_ref(from->blocks[i]) : NULL;
    }
    if (!apply(v, from, p))
        guild_view_unref(&v);
    return v;
}

struct guild_view *guild_view_make(const struct guild_contents *c, uint64_t position,
                                   uint64_t permission_generation)
{
    struct guild_patch p = {.parts = VIEW_ALL, .contents = *c};
    return guild_view_patch(NULL, &p, position, permission_generation);
}

struct guild_view *guild_view_new(const struct guild *guild, uint64_t position,
                                  uint64_t permission_generation, const struct role *roles,
                                  size_t role_count, const struct channel *channels,
                                  size_t channel_count)
{
    struct guild_contents c = {.guild = guild,
                               .roles = roles,
                               .role_count = role_count,
                               .channels = channels,
                               .channel_count = channel_count};
    return guild_view_make(&c, position, permission_generation);
}

/* The count of references is no part of what readers hold as const. */
struct guild_view *guild_view_ref(const struct guild_view *v)
{
    struct guild_view *own = (struct guild_view *)(uintptr_t)v;
    snapshot_ref(&own->snapshot);
    return own;
}

void guild_view_unref(struct guild_view **v)
{
    struct guild_view *gone = *v;
    *v = NULL;
    if (gone != NULL)
        snapshot_unref(&gone->snapshot);
}

static const void *find(const void *items, size_t count, size_t size, uint64_t id)
{
    const char *base = items;
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (id_of(base + mid * size) < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < count && id_of(base + low * size) == id ? base + low * size : NULL;
}

const struct channel *guild_view_channel(const struct guild_view *v, struct channel_id id)
{
    return find(v->channels, v->channel_count, sizeof *v->channels, id.v);
}

/* By the dense ids: the roles themselves are spread over far more memory. */
const struct role *guild_view_role(const struct guild_view *v, struct role_id id)
{
    const uint64_t *at = find(v->role_ids, v->role_count, sizeof *at, id.v);
    return at == NULL ? NULL : &v->roles[at - v->role_ids];
}

const struct emoji *guild_view_emoji(const struct guild_view *v, struct emoji_id id)
{
    return find(v->emojis, v->emoji_count, sizeof *v->emojis, id.v);
}

const struct sticker *guild_view_sticker(const struct guild_view *v, struct sticker_id id)
{
    return find(v->stickers, v->sticker_count, sizeof *v->stickers, id.v);
}

const struct sound *guild_view_sound(const struct guild_view *v, struct sound_id id)
{
    return find(v->sounds, v->sound_count, sizeof *v->sounds, id.v);
}

const struct scheduled_event *guild_view_scheduled(const struct guild_view *v,
                                                   struct scheduled_event_id id)
{
    return find(v->scheduled, v->scheduled_count, sizeof *v->scheduled, id.v);
}

const struct stage_instance *guild_view_stage(const struct guild_view *v, struct channel_id channel)
{
    for (size_t i = 0; i < v->stage_count; i++)
        if (v->stages[i].channel.v == channel.v)
            return &v->stages[i];
    return NULL;
}

/* --- the newest messages ------------------------------------------------------------------------
 * Relaxed throughout: a value stands for itself, nothing else is read because of it. */

bool guild_view_last_message(const struct guild_view *v, size_t i, struct message_id *out)
{
    assert(i < v->channel_count);
    uint64_t id = atomic_load_explicit(&v->last_messages[i], memory_order_relaxed);
    if (id == UNKNOWN)
        return false;
    out->v = id;
    return true;
}

/* Ids of a channel grow: the later one stays, whoever comes last. */
static void raise_to(_Atomic uint64_t *last, uint64_t id)
{
    uint64_t now = atomic_load_explicit(last, memory_order_relaxed);
    while ((now == UNKNOWN || now < id) &&
           !atomic_compare_exchange_weak_explicit(last, &now, id, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void guild_view_note_message(const struct guild_view *v, struct channel_id channel,
                             struct message_id message)
{
    const struct channel *c = guild_view_channel(v, channel);
    if (c != NULL)
        raise_to(&v->last_messages[c - v->channels], message.v);
}

void guild_view_learn_message(const struct guild_view *v, size_t i, struct message_id message)
{
    assert(i < v->channel_count);
    raise_to(&v->last_messages[i], message.v);
}

void guild_view_inherit_messages(const struct guild_view *v, const struct guild_view *old)
{
    for (size_t i = 0, k = 0; i < v->channel_count; i++) {
        struct message_id last = {0};
        while (k < old->channel_count && old->channels[k].id.v < v->channels[i].id.v)
            k++;
        bool both = k < old->channel_count && old->channels[k].id.v == v->channels[i].id.v;
        if (!both || guild_view_last_message(old, k, &last))
            guild_view_learn_message(v, i, last);
    }
}
