/* Editing messages. What a body leaves out stays as it is; only the author changes what a message
 * says, and whoever manages messages may hide its embeds. */

#include "base/limits.h"
#include "core/automod_priv.h"
#include "core/channels.h"
#include "core/dms.h"
#include "core/messages_priv.h"
#include "core/reactions.h"
#include "core/search_index.h"
#include "proto/events.h"
#include "store/members.h"
#include "store/message_mentions.h"

struct edit {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    struct place place;
    struct message_id id;
    const struct message_edit *e;
    struct arena *arena;
    struct mentions mentions;
    struct attachment *added; /* prepared, not stored yet */
    size_t added_count;
    struct message m;
    struct member author; /* of a guild's message, if author_known */
    bool author_known;
    struct automod_screening screening; /* of new content */
};

/* Files without a list join those that there are. */
static bool has_files(const struct message_edit *e)
{
    return e->has_attachments || e->attachment_count > 0;
}

/* Whether anything of what the message says is to change, and not only how it is shown. */
static bool says(const struct message_edit *e)
{
    return e->has_content || e->has_embeds || e->has_components || has_files(e);
}

static enum err refuse(const struct edit *x, const char *field, const char *code,
                       const char *message)
{
    if (x->e->problem != NULL)
        *x->e->problem = (struct draft_problem){field, code, message};
    return ERR_INVALID_FORM;
}

/* --- who may ------------------------------------------------------------------------------------
 */

static uint64_t need_of(const struct edit *x)
{
    return PERMISSION_VIEW_CHANNEL |
           (x->e->has_embeds && x->e->embeds.data != NULL ? PERMISSION_EMBED_LINKS : 0) |
           (x->e->has_content ? mentions_need(x->a, &x->mentions) : 0) |
           (x->added_count > 0 ? PERMISSION_ATTACH_FILES : 0);
}

/* access_recheck looks at the bits only if something moved, hence both. */
static enum err require(struct tx *tx, struct edit *x, uint64_t need)
{
    uint64_t rules;
    if ((x->a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    enum err e = access_recheck_rules(tx, x->a, need, &rules);
    return e == ERR_OK && x->e->has_content ? automod_confirm(&x->screening, rules) : e;
}

/* Whoever is timed out, or has yet to pass the screening, says nothing new; nor does an edit pass a
 * block, or reach somebody who wants no messages. */
static enum err check_silenced(struct tx *tx, const struct edit *x)
{
    bool silent =
        x->author_known && (x->author.timed_out_until_ms > tx_now_ms(tx) || x->author.pending);
    if (x->place.dm != NULL)
        return dm_before_edit(tx, x->a);
    return silent && !(x->a->permissions & PERMISSION_ADMINISTRATOR) ? ERR_MISSING_PERMISSIONS
                                                                     : ERR_OK;
}

static enum err check_kind(const struct edit *x)
{
    const struct message *m = &x->m;
    if (m->type != MESSAGE_TYPE_DEFAULT && m->type != MESSAGE_TYPE_REPLY)
        return ERR_SYSTEM_MESSAGE;
    if (!says(x->e))
        return ERR_OK;
    if (m->snapshots.data != NULL)
        return ERR_SYSTEM_MESSAGE;
    if (m->poll.data != NULL)
        return ERR_POLL_EDIT;
    return m->flags & MESSAGE_FLAG_IS_VOICE_MESSAGE ? ERR_VOICE_MESSAGE_EDIT : ERR_OK;
}

static enum err check_author(struct tx *tx, struct edit *x)
{
    enum err e = require(tx, x, need_of(x));
    return e == ERR_OK && says(x->e) ? check_silenced(tx, x) : e;
}

/* Of others: flags alone. */
static enum err check_manager(struct tx *tx, struct edit *x)
{
    if (says(x->e) || !x->e->has_flags)
        return ERR_EDIT_OTHERS_MESSAGE;
    enum err e = require(tx, x, PERMISSION_VIEW_CHANNEL | PERMISSION_MANAGE_MESSAGES);
    return e == ERR_MISSING_PERMISSIONS ? ERR_EDIT_OTHERS_MESSAGE : e;
}

static bool is_own(const struct edit *x)
{
    return x->m.author.id.v == x->by->who->user.v;
}

static enum err check(struct tx *tx, struct edit *x)
{
    enum err e = check_kind(x);
    if (e != ERR_OK)
        return e;
    return is_own(x) ? check_author(tx, x) : check_manager(tx, x);
}

/* --- what changes -------------------------------------------------------------------------------
 */

/* The author replied to stays mentioned through an edit, since no text names him. */
static enum err keep_replied(struct edit *x, const struct message *old)
{
    struct mentions *now = &x->mentions;
    if (old->referenced == NULL)
        return ERR_OK;
    const struct user *replied = &old->referenced->author;
    bool was = false;
    for (size_t i = 0; i < old->mention_count; i++)
        was = was || old->mentions[i].id.v == replied->id.v;
    for (size_t i = 0; i < now->user_count; i++)
        was = was && now->users[i].id.v != replied->id.v;
    if (!was || now->user_count == LIMIT_MENTIONS)
        return ERR_OK;
    if (now->users == NULL)
        now->users = arena_array(x->arena, 1, sizeof *now->users);
    if (now->users == NULL)
        return ERR_NO_MEMORY;
    now->users[now->user_count++] = *replied;
    return ERR_OK;
}

/* Nobody is mentioned anew by what nobody changed: the rows follow the content alone. */
static enum err change_content(struct tx *tx, struct edit *x)
{
    if (!x->e->has_content)
        return ERR_OK;
    bool had = message_mentions_any(&x->m);
    enum err e = keep_replied(x, &x->m);
    if (e != ERR_OK)
        return e;
    x->m.content = x->e->content;
    mentions_apply(&x->mentions, &x->m);
    bool has = message_mentions_any(&x->m);
    if (has)
        x->m.parts |= MESSAGE_PART_MENTIONS;
    return had || has ? message_mentions_replace(tx_sql(tx), &x->m) : ERR_OK;
}

/* The drafts that there would be if the list named all that the message has. */
static enum err append_files(struct tx *tx, struct edit *x)
{
    size_t kept = x->m.attachment_count;
    size_t count = kept + x->e->attachment_count;
    if (count > LIMIT_ATTACHMENTS)
        return ERR_MAX_ATTACHMENTS;
    struct attachment_draft *drafts = arena_array(x->arena, count, sizeof *drafts);
    if (drafts == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < kept; i++)
        drafts[i] = (struct attachment_draft){.keep = x->m.attachments[i].id, .duration_ms = -1};
    for (size_t i = kept; i < count; i++)
        drafts[i] = x->e->attachments[i - kept];
    return attachments_replace(tx, &x->m, drafts, count, x->added, x->added_count, x->arena);
}

static enum err change_files(struct tx *tx, struct edit *x)
{
    if (!has_files(x->e))
        return ERR_OK;
    if (!x->e->has_attachments)
        return append_files(tx, x);
    return attachments_replace(tx, &x->m, x->e->attachments, x->e->attachment_count, x->added,
                               x->added_count, x->arena);
}

/* SUPPRESS_EMBEDS is the one flag that goes to and fro; IS_COMPONENTS_V2 comes and stays. */
static void change_flags(struct edit *x)
{
    if (!x->e->has_flags)
        return;
    uint64_t suppress = MESSAGE_FLAG_SUPPRESS_EMBEDS;
    x->m.flags = (x->m.flags & ~suppress) | (x->e->flags & suppress);
    if (is_own(x) && x->e->has_components)
        x->m.flags |= x->e->flags & MESSAGE_FLAG_IS_COMPONENTS_V2;
}

static enum err check_whole(const struct edit *x)
{
    const struct message *m = &x->m;
    bool rich = m->content.len > 0 || m->embeds.data != NULL || m->stickers.data != NULL;
    if ((m->flags & MESSAGE_FLAG_IS_COMPONENTS_V2) && rich)
        return refuse(x, "flags", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                      "Content, embeds, stickers and polls cannot be used with IS_COMPONENTS_V2");
    if (x->e->has_components && x->e->components_v2 && !(m->flags & MESSAGE_FLAG_IS_COMPONENTS_V2))
        return refuse(x, "components", "UNION_TYPE_CHOICES",
                      "These components need the flag IS_COMPONENTS_V2");
    if ((x->e->has_embeds || x->e->has_components) && !message_rich_fits(m->embeds, m->components))
        return refuse(x, MESSAGE_RICH_FIELD(x->e->embeds), MESSAGE_RICH_CODE, MESSAGE_RICH_TEXT);
    return rich || m->components.data != NULL || m->attachment_count > 0 ? ERR_OK
                                                                         : ERR_EMPTY_MESSAGE;
}

static enum err change_words(struct tx *tx, struct edit *x)
{
    if (x->e->has_embeds)
        x->m.embeds = x->e->embeds;
    if (x->e->has_components)
        x->m.components = x->e->components;
    x->m.edited_at_ms = tx_now_ms(tx);
    enum err e = change_content(tx, x);
    if (e == ERR_OK)
        e = change_files(tx, x);
    return e == ERR_OK ? check_whole(x) : e;
}

static enum err change(struct tx *tx, struct edit *x)
{
    change_flags(x);
    enum err e = says(x->e) ? change_words(tx, x) : ERR_OK;
    if (e == ERR_OK)
        e = messages_update(tx_sql(tx), &x->m);
    return e == ERR_OK && says(x->e) ? search_index(tx, &x->m, true) : e;
}

static enum err read_author(struct tx *tx, struct edit *x)
{
    if (x->place.dm != NULL)
        return ERR_OK;
    enum err e = members_find(tx_sql(tx), x->m.guild, x->m.author.id, x->arena, &x->author);
    x->author_known = e == ERR_OK;
    return e == ERR_UNKNOWN_MEMBER ? ERR_OK : e;
}

/* What everybody hears has nobody's own reactions; what the editor gets has theirs. */
static enum err mark_own(struct tx *tx, struct edit *x)
{
    struct message *one = &x->m;
    return x->m.parts & MESSAGE_PART_REACTIONS
               ? reactions_of_messages(tx_sql(tx), x->by->who->user, &one, 1, x->arena)
               : ERR_OK;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct edit *x = ctx;
    enum err e = place_lock(tx, &x->place);
    if (e == ERR_OK)
        e = message_read(x->core, tx_sql(tx), (struct user_id){0}, x->place.channel, x->id,
                         x->arena, &x->m);
    if (e == ERR_OK)
        e = read_author(tx, x);
    if (e == ERR_OK)
        e = check(tx, x);
    if (e != ERR_OK || (!says(x->e) && !x->e->has_flags))
        return e;
    e = change(tx, x);
    if (e == ERR_OK)
        e = place_emit(tx, &x->place,
                       event_message_update(&x->m, x->author_known ? &x->author : NULL,
                                            x->place.type, x->by->who->user.v),
                       x->by, LOG_NONE);
    if (e == ERR_OK)
        e = automod_enforce(tx, x->by, x->a, &x->screening, x->id);
    return e == ERR_OK ? mark_own(tx, x) : e;
}

/* --- before -------------------------------------------------------------------------------------
 */

static enum err resolve(struct tx *tx, void *ctx)
{
    struct edit *x = ctx;
    struct message_draft d = {.content = x->e->content, .allowed = x->e->allowed};
    return mentions_resolve(tx_sql(tx), x->a, &d, NULL, x->arena, &x->mentions);
}

static enum err prepare(struct edit *x)
{
    enum err e = ERR_OK;
    if (has_files(x->e))
        e = attachments_prepare(x->core, x->by, x->a, x->e->attachments, x->e->attachment_count,
                                x->arena, &x->added, &x->added_count, x->e->problem);
    if (e == ERR_OK && x->e->has_content && mentions_possible(x->e->content))
        e = store_read(x->core->store, resolve, x);
    return e;
}

/* New content passes the guild's rules as a new message does. */
static enum err store_edit(struct core *c, struct edit *x)
{
    const struct automod_gate gate = {x->by,    x->a,          x->e->content,
                                      x->arena, &x->screening, x->e->refusal};
    return x->e->has_content ? automod_pass(c, &gate, edit, x) : store_write(c->store, edit, x);
}

enum err message_edit(struct core *c, const struct actor *by, const struct access *a,
                      struct message_id id, const struct message_edit *e, struct arena *arena,
                      struct message *out)
{
    struct message_edit own = *e;
    struct edit x = {
        .core = c, .by = by, .a = a, .place = place_of(a), .id = id, .e = &own, .arena = arena};
    if (own.has_content && (own.content = arena_dup(arena, e->content)).data == NULL)
        return ERR_NO_MEMORY;
    enum err failed = prepare(&x);
    if (failed == ERR_OK)
        failed = store_edit(c, &x);
    if (failed == ERR_OK)
        *out = x.m;
    return failed;
}
