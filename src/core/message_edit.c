/* Editing and deleting messages. */

#include "base/limits.h"
#include "core/audit.h"
#include "core/automod_priv.h"
#include "core/messages_priv.h"
#include "proto/events.h"
#include "store/members.h"

/* The one flag that an edit may change (docs, "Edit Message"). */
#define FLAG_SUPPRESS_EMBEDS (UINT64_C(1) << 2)

/* access_recheck looks at the bits only if something moved, hence both. */
static enum err require(struct tx *tx, const struct access *a, uint64_t need)
{
    if ((a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    return access_recheck(tx, a, need);
}

static enum err confirm_rules(struct tx *tx, const struct access *a, struct automod_screening *s)
{
    uint64_t rules;
    enum err e = access_recheck_rules(tx, a, PERMISSION_VIEW_CHANNEL, &rules);
    return e == ERR_OK ? automod_confirm(s, rules) : e;
}

struct edit {
    const struct actor *by;
    const struct access *a;
    struct message_id id;
    const struct message_edit *e;
    struct arena *arena;
    struct mentions mentions;
    struct message m;
    struct automod_screening screening; /* of new content */
};

static enum err resolve(struct tx *tx, void *ctx)
{
    struct edit *x = ctx;
    struct message_draft d = {.content = x->e->content, .allowed = x->e->allowed};
    return mentions_resolve(tx_sql(tx), x->a, &d, NULL, x->arena, &x->mentions);
}

/* Content is the author's alone; flags also those who manage messages. */
static enum err check(struct tx *tx, const struct edit *x)
{
    if (x->m.type != MESSAGE_TYPE_DEFAULT && x->m.type != MESSAGE_TYPE_REPLY)
        return ERR_SYSTEM_MESSAGE;
    if (x->m.author.id.v == x->by->who->user.v)
        return require(tx, x->a, PERMISSION_VIEW_CHANNEL);
    if (x->e->has_content || !x->e->has_flags)
        return ERR_EDIT_OTHERS_MESSAGE;
    enum err e = require(tx, x->a, PERMISSION_VIEW_CHANNEL | PERMISSION_MANAGE_MESSAGES);
    return e == ERR_MISSING_PERMISSIONS ? ERR_EDIT_OTHERS_MESSAGE : e;
}

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

static enum err change(struct tx *tx, struct edit *x)
{
    if (x->e->has_content) {
        enum err e = keep_replied(x, &x->m);
        if (e != ERR_OK)
            return e;
        x->m.content = x->e->content;
        x->m.edited_at_ms = tx_now_ms(tx);
        mentions_apply(&x->mentions, &x->m);
    }
    if (x->e->has_flags)
        x->m.flags = (x->m.flags & ~FLAG_SUPPRESS_EMBEDS) | (x->e->flags & FLAG_SUPPRESS_EMBEDS);
    return messages_update(tx_sql(tx), &x->m);
}

static enum err announce(struct tx *tx, struct edit *x)
{
    struct member author;
    enum err e = members_find(tx_sql(tx), x->m.guild, x->m.author.id, x->arena, &author);
    if (e != ERR_OK && e != ERR_UNKNOWN_MEMBER)
        return e;
    return core_emit(tx,
                     event_message_update(&x->m, e == ERR_OK ? &author : NULL, x->a->channel->type,
                                          x->by->who->user.v),
                     x->by);
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct edit *x = ctx;
    enum err e = tx_lock(tx, core_guild_stream(x->a->view->guild.id));
    if (e == ERR_OK)
        e = message_read(tx_sql(tx), x->a->channel->id, x->id, x->arena, &x->m);
    if (e == ERR_OK)
        e = check(tx, x);
    if (e != ERR_OK || (!x->e->has_content && !x->e->has_flags))
        return e;
    if (x->e->has_content)
        e = confirm_rules(tx, x->a, &x->screening);
    if (e == ERR_OK)
        e = change(tx, x);
    if (e == ERR_OK)
        e = announce(tx, x);
    return e == ERR_OK ? automod_enforce(tx, x->by, x->a, &x->screening, x->id) : e;
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
    struct edit x = {.by = by, .a = a, .id = id, .e = &own, .arena = arena};
    if (own.has_content && (own.content = arena_dup(arena, e->content)).data == NULL)
        return ERR_NO_MEMORY;
    enum err failed = own.has_content ? store_read(c->store, resolve, &x) : ERR_OK;
    if (failed == ERR_OK)
        failed = store_edit(c, &x);
    if (failed == ERR_OK)
        *out = x.m;
    return failed;
}

struct deletion {
    const struct actor *by;
    const struct access *a;
    struct message_id id;
    struct arena arena;
};

/* Of what somebody else wrote. */
static enum err audit_deletion(struct tx *tx, const struct actor *by, const struct message *m)
{
    struct audit_note note;
    audit_note_init(&note);
    audit_option_id(&note, "channel_id", m->channel.v);
    audit_option_number(&note, "count", 1);
    enum err e = audit_write(tx, by, m->guild, AUDIT_MESSAGE_DELETE, m->author.id.v, &note);
    audit_note_deinit(&note);
    return e;
}

static enum err delete_message(struct tx *tx, void *ctx)
{
    struct deletion *x = ctx;
    struct message_record r;
    struct channel_id channel = x->a->channel->id;
    enum err e = tx_lock(tx, core_guild_stream(x->a->view->guild.id));
    if (e == ERR_OK)
        e = messages_find(tx_sql(tx), channel, x->id, &x->arena, &r);
    if (e != ERR_OK)
        return e;
    /* An alert of AutoMod is about whom it names, not theirs. */
    bool own =
        r.message.author.id.v == x->by->who->user.v && r.message.type != MESSAGE_TYPE_AUTOMOD;
    e = require(tx, x->a, PERMISSION_VIEW_CHANNEL | (own ? 0 : PERMISSION_MANAGE_MESSAGES));
    if (e == ERR_OK)
        e = messages_delete(tx_sql(tx), channel, x->id);
    if (e == ERR_OK)
        e = core_emit(tx, event_message_delete(r.message.guild, channel, x->id, x->by->who->user.v),
                      x->by);
    return e == ERR_OK && !own ? audit_deletion(tx, x->by, &r.message) : e;
}

enum err message_delete(struct core *c, const struct actor *by, const struct access *a,
                        struct message_id id)
{
    struct deletion x = {.by = by, .a = a, .id = id};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, delete_message, &x);
    arena_deinit(&x.arena);
    return e;
}
