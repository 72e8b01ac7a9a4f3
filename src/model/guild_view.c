/*
 * Guild views. A view is replaced at every change of a guild's structure and read at every request,
 * so it is one block of memory: the size is added up first, then everything is copied in order
 * (roles, channels, overwrites, text), and freeing it is one call.
 */

#include "model/guild_view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void drop(struct snapshot *s)
{
    mem_free(MEM_VIEWS, s);
}

struct sizes {
    size_t overwrites;
    size_t text;
};

static struct sizes measure(const struct guild *guild, const struct role *roles, size_t role_count,
                            const struct channel *channels, size_t channel_count)
{
    struct sizes n = {0, guild->name.len + guild->description.len + guild->preferred_locale.len};
    for (size_t i = 0; i < role_count; i++)
        n.text += roles[i].name.len;
    for (size_t i = 0; i < channel_count; i++) {
        n.text += channels[i].name.len + channels[i].topic.len;
        n.overwrites += channels[i].overwrite_count;
    }
    return n;
}

/* Where the next text and the next overwrites go. */
struct cursor {
    char *text;
    struct overwrite *overwrites;
};

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

static void copy_roles(struct role *to, const struct role *from, size_t count, struct cursor *at)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
        copy_text(&to[i].name, at);
    }
}

static void copy_channels(struct channel *to, const struct channel *from, size_t count,
                          struct cursor *at)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
        copy_text(&to[i].name, at);
        copy_text(&to[i].topic, at);
        to[i].last_message = (struct message_id){0};
        to[i].overwrites = from[i].overwrite_count == 0 ? NULL : at->overwrites;
        for (size_t k = 0; k < from[i].overwrite_count; k++)
            *at->overwrites++ = from[i].overwrites[k];
    }
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_roles(const void *a, const void *b)
{
    return compare(((const struct role *)a)->id.v, ((const struct role *)b)->id.v);
}

static int compare_channels(const void *a, const void *b)
{
    return compare(((const struct channel *)a)->id.v, ((const struct channel *)b)->id.v);
}

struct guild_view *guild_view_new(const struct guild *guild, uint64_t position,
                                  uint64_t permission_generation, const struct role *roles,
                                  size_t role_count, const struct channel *channels,
                                  size_t channel_count)
{
    struct sizes n = measure(guild, roles, role_count, channels, channel_count);
    /* No alignment gaps: every part before the text is made of 8-byte aligned structs. */
    struct guild_view *v = mem_zalloc(
        MEM_VIEWS, sizeof *v + role_count * sizeof *roles + channel_count * sizeof *channels +
                       n.overwrites * sizeof(struct overwrite) + n.text + 1);
    if (v == NULL)
        return NULL;
    struct role *own_roles = (struct role *)(void *)(v + 1);
    struct channel *own_channels = (struct channel *)(void *)(own_roles + role_count);
    struct cursor at = {.overwrites = (struct overwrite *)(void *)(own_channels + channel_count)};
    at.text = (char *)(at.overwrites + n.overwrites);
    snapshot_init(&v->snapshot, drop);
    v->position = position;
    v->permission_generation = permission_generation;
    v->guild = *guild;
    copy_text(&v->guild.name, &at);
    copy_text(&v->guild.description, &at);
    copy_text(&v->guild.preferred_locale, &at);
    copy_roles(own_roles, roles, role_count, &at);
    copy_channels(own_channels, channels, channel_count, &at);
    if (role_count > 1)
        qsort(own_roles, role_count, sizeof *own_roles, compare_roles);
    if (channel_count > 1)
        qsort(own_channels, channel_count, sizeof *own_channels, compare_channels);
    v->roles = own_roles;
    v->role_count = role_count;
    v->channels = own_channels;
    v->channel_count = channel_count;
    return v;
}

/* The count is the one part of a view that changes; readers hold views as const. */
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

const struct channel *guild_view_channel(const struct guild_view *v, struct channel_id id)
{
    struct channel key = {.id = id};
    if (v->channel_count == 0)
        return NULL;
    return bsearch(&key, v->channels, v->channel_count, sizeof key, compare_channels);
}

const struct role *guild_view_role(const struct guild_view *v, struct role_id id)
{
    struct role key = {.id = id};
    if (v->role_count == 0)
        return NULL;
    return bsearch(&key, v->roles, v->role_count, sizeof key, compare_roles);
}
