/* What the audit log says about channels: settings by a table (docs, "Audit Log Change Key"), and
 * an entry of its own for every overwrite. */

#include <stddef.h>

#include "core/channels_priv.h"
#include "proto/guild.h"

enum { LIST_BYTES_MAX = 512 * 1024 };

enum value { VALUE_TEXT, VALUE_U32, VALUE_I32, VALUE_FLAG, VALUE_ID };

#define ROW(label, kind, member)                                                                   \
    {                                                                                              \
        label, VALUE_##kind, offsetof(struct channel, member)                                      \
    }
static const struct {
    const char *key;
    enum value value;
    size_t at;
} keys[] = {
    ROW("name", TEXT, name),
    ROW("type", U32, type),
    ROW("position", I32, position),
    ROW("topic", TEXT, topic),
    ROW("nsfw", FLAG, nsfw),
    ROW("parent_id", ID, parent),
    ROW("rate_limit_per_user", U32, rate_limit_per_user),
    ROW("bitrate", U32, bitrate),
    ROW("user_limit", U32, user_limit),
    ROW("rtc_region", TEXT, rtc_region),
    ROW("video_quality_mode", U32, video_quality_mode),
    ROW("default_auto_archive_duration", U32, default_auto_archive_duration),
    ROW("default_thread_rate_limit_per_user", U32, default_thread_rate_limit_per_user),
    ROW("default_sort_order", I32, default_sort_order),
    ROW("default_forum_layout", U32, default_forum_layout),
};
enum { KEYS = sizeof keys / sizeof keys[0] };
_Static_assert(sizeof(enum channel_type) == sizeof(uint32_t), "the type is read as a number");
_Static_assert(sizeof(struct channel_id) == sizeof(uint64_t), "the parent is read as a number");

static const void *member(const struct channel *c, size_t i)
{
    return (const char *)c + keys[i].at;
}

static int64_t number_of(const struct channel *c, size_t i)
{
    if (keys[i].value == VALUE_I32)
        return *(const int32_t *)member(c, i);
    return (int64_t) * (const uint32_t *)member(c, i);
}

static void note_change(struct audit_note *n, size_t i, const struct channel *a,
                        const struct channel *b)
{
    switch (keys[i].value) {
    case VALUE_TEXT:
        audit_text(n, keys[i].key, *(const struct slice *)member(a, i),
                   *(const struct slice *)member(b, i));
        break;
    case VALUE_U32:
    case VALUE_I32:
        audit_number(n, keys[i].key, number_of(a, i), number_of(b, i));
        break;
    case VALUE_FLAG:
        audit_flag(n, keys[i].key, *(const bool *)member(a, i), *(const bool *)member(b, i));
        break;
    case VALUE_ID:
        audit_id(n, keys[i].key, *(const uint64_t *)member(a, i), *(const uint64_t *)member(b, i));
        break;
    }
}

/* A list as JSON, for one side of a change. */
static struct slice written(struct buf *out, const struct channel *c, bool tags)
{
    struct json_writer w;
    buf_init(out, MEM_CORE, LIST_BYTES_MAX);
    json_begin(&w, out);
    if (tags)
        proto_forum_tags(&w, c->tags, c->tag_count);
    else
        proto_overwrites(&w, c->overwrites, c->overwrite_count);
    return out->failed ? (struct slice){NULL, 0} : buf_slice(out);
}

static void note_tags(struct audit_note *n, const struct channel *a, const struct channel *b)
{
    struct buf before, after;
    audit_json(n, "available_tags", written(&before, a, true), written(&after, b, true));
    buf_deinit(&before);
    buf_deinit(&after);
}

static void note_reaction(struct audit_note *n, const struct channel *a, const struct channel *b)
{
    audit_id(n, "default_reaction_emoji_id", a->default_reaction_emoji, b->default_reaction_emoji);
    audit_text(n, "default_reaction_emoji_name", a->default_reaction_emoji_name,
               b->default_reaction_emoji_name);
}

static void note_settings(struct audit_note *n, const struct channel *a, const struct channel *b)
{
    for (size_t i = 0; i < KEYS; i++)
        note_change(n, i, a, b);
    audit_number(n, "flags", (int64_t)a->flags, (int64_t)b->flags);
    note_tags(n, a, b);
    note_reaction(n, a, b);
}

/* A channel that begins or ends: what says what it was. */
static void note_whole(struct audit_note *n, const struct channel *c, bool is_new)
{
    struct buf list;
    struct slice none = {NULL, 0};
    struct slice overwrites = written(&list, c, false);
    audit_text_only(n, "name", c->name, is_new);
    audit_number_only(n, "type", (int64_t)c->type, is_new);
    audit_json(n, "permission_overwrites", is_new ? none : overwrites, is_new ? overwrites : none);
    audit_flag_only(n, "nsfw", c->nsfw, is_new);
    audit_number_only(n, "rate_limit_per_user", c->rate_limit_per_user, is_new);
    audit_number_only(n, "flags", (int64_t)c->flags, is_new);
    audit_text_only(n, "topic", c->topic, is_new);
    if (c->bitrate != 0)
        audit_number_only(n, "bitrate", c->bitrate, is_new);
    buf_deinit(&list);
}

bool channel_settings_differ(const struct channel *a, const struct channel *b)
{
    struct audit_note n;
    audit_note_init(&n);
    note_settings(&n, a, b);
    bool differ = n.any_change;
    audit_note_deinit(&n);
    return differ;
}

enum err channel_audit(struct tx *tx, const struct actor *by, const struct channel *before,
                       const struct channel *after)
{
    const struct channel *c = after != NULL ? after : before;
    enum audit_action action = AUDIT_CHANNEL_UPDATE;
    struct audit_note n;
    audit_note_init(&n);
    if (before == NULL || after == NULL) {
        note_whole(&n, c, before == NULL);
        action = before == NULL ? AUDIT_CHANNEL_CREATE : AUDIT_CHANNEL_DELETE;
    } else {
        note_settings(&n, before, after);
    }
    enum err e = n.any_change ? audit_write(tx, by, c->guild, action, c->id.v, &n) : ERR_OK;
    audit_note_deinit(&n);
    return e;
}

/* ---- overwrites ---- */

struct overwrite_audit {
    struct tx *tx;
    const struct actor *by;
    const struct guild_view *view;
    struct channel_id channel;
};

static void note_overwrite(struct audit_note *n, const struct overwrite *before,
                           const struct overwrite *after)
{
    const struct overwrite *o = after != NULL ? after : before;
    if (before != NULL && after != NULL) {
        audit_number(n, "type", (int64_t)before->type, (int64_t)after->type);
        audit_bits(n, "allow", before->allow, after->allow);
        audit_bits(n, "deny", before->deny, after->deny);
        return;
    }
    bool is_new = after != NULL;
    audit_bits_only(n, "id", o->id, is_new);
    audit_number_only(n, "type", (int64_t)o->type, is_new);
    audit_bits_only(n, "allow", o->allow, is_new);
    audit_bits_only(n, "deny", o->deny, is_new);
}

/* docs, "Optional Audit Entry Info": whose it is, by kind, and the name of a role. */
static void note_target(struct audit_note *n, const struct guild_view *view,
                        const struct overwrite *o)
{
    audit_option_id(n, "id", o->id);
    audit_option_number(n, "type", (uint64_t)o->type);
    const struct role *role =
        o->type == OVERWRITE_ROLE ? guild_view_role(view, (struct role_id){o->id}) : NULL;
    if (role != NULL)
        audit_option_text(n, "role_name", role->name);
}

static enum err audit_one(void *ctx, const struct overwrite *before, const struct overwrite *after)
{
    const struct overwrite_audit *x = ctx;
    enum audit_action action = after == NULL    ? AUDIT_OVERWRITE_DELETE
                               : before == NULL ? AUDIT_OVERWRITE_CREATE
                                                : AUDIT_OVERWRITE_UPDATE;
    struct audit_note n;
    audit_note_init(&n);
    note_overwrite(&n, before, after);
    note_target(&n, x->view, after != NULL ? after : before);
    enum err e = audit_write(x->tx, x->by, x->view->guild.id, action, x->channel.v, &n);
    audit_note_deinit(&n);
    return e;
}

enum err channel_audit_overwrites(struct tx *tx, const struct actor *by,
                                  const struct guild_view *view, const struct channel *before,
                                  const struct channel *after)
{
    struct overwrite_audit x = {.tx = tx, .by = by, .view = view, .channel = after->id};
    return overwrites_compare(before, after, audit_one, &x);
}
