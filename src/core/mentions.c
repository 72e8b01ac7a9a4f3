/* Mentions: what a text names, cut down to what its author may name and what exists. */

#include "base/limits.h"
#include "core/messages_priv.h"
#include "model/validate.h"
#include "store/members.h"

static bool listed(uint64_t id, const uint64_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == id)
            return true;
    return false;
}

static bool add_user(struct mentions *out, const struct user *u)
{
    for (size_t i = 0; i < out->user_count; i++)
        if (out->users[i].id.v == u->id.v)
            return false;
    if (out->user_count == LIMIT_MENTIONS)
        return false;
    out->users[out->user_count++] = *u;
    return true;
}

/* Of those who hear of it: members of the guild, or recipients of the direct message. */
static enum err resolve_user(struct sql_conn *sql, const struct access *a, struct user_id id,
                             struct arena *arena, struct mentions *out)
{
    struct member m;
    if (a->dm == NULL) {
        enum err e = members_find(sql, a->view->guild.id, id, arena, &m);
        if (e == ERR_OK)
            add_user(out, &m.user);
        return e == ERR_UNKNOWN_MEMBER ? ERR_OK : e;
    }
    for (size_t i = 0; i < a->dm->recipient_count; i++)
        if (a->dm->recipients[i].id.v == id.v)
            add_user(out, &a->dm->recipients[i]);
    return ERR_OK;
}

static enum err resolve_users(struct sql_conn *sql, const struct access *a,
                              const struct message_draft *d, const struct mention_scan *scan,
                              struct arena *arena, struct mentions *out)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < scan->user_count && e == ERR_OK; i++) {
        uint64_t id = scan->users[i];
        bool allowed = !d->allowed.given || d->allowed.parse_users ||
                       listed(id, d->allowed.users, d->allowed.user_count);
        e = allowed ? resolve_user(sql, a, (struct user_id){id}, arena, out) : ERR_OK;
    }
    return e;
}

static void resolve_roles(const struct access *a, const struct message_draft *d,
                          const struct mention_scan *scan, struct mentions *out)
{
    bool any_role = (a->permissions & PERMISSION_MENTION_EVERYONE) != 0;
    for (size_t i = 0; i < scan->role_count; i++) {
        struct role_id id = {scan->roles[i]};
        const struct role *role = guild_view_role(a->view, id);
        bool allowed = !d->allowed.given || d->allowed.parse_roles ||
                       listed(id.v, d->allowed.roles, d->allowed.role_count);
        if (role != NULL && allowed && (role->mentionable || any_role))
            out->roles[out->role_count++] = id;
    }
}

enum err mentions_resolve(struct sql_conn *sql, const struct access *a,
                          const struct message_draft *d, const struct user *replied,
                          struct arena *arena, struct mentions *out)
{
    struct mention_scan scan;
    validate_mentions(d->content, &scan);
    *out = (struct mentions){0};
    if (scan.user_count > 0 || replied != NULL)
        out->users = arena_array(arena, LIMIT_MENTIONS, sizeof *out->users);
    if (scan.role_count > 0)
        out->roles = arena_array(arena, scan.role_count, sizeof *out->roles);
    if (((scan.user_count > 0 || replied != NULL) && out->users == NULL) ||
        (scan.role_count > 0 && out->roles == NULL))
        return ERR_NO_MEMORY;
    out->everyone = scan.everyone && (a->permissions & PERMISSION_MENTION_EVERYONE) &&
                    (!d->allowed.given || d->allowed.parse_everyone);
    resolve_roles(a, d, &scan, out);
    enum err e = resolve_users(sql, a, d, &scan, arena, out);
    if (e == ERR_OK && replied != NULL && (!d->allowed.given || d->allowed.replied_user))
        add_user(out, replied);
    return e;
}

uint64_t mentions_need(const struct access *a, const struct mentions *m)
{
    bool any = m->everyone;
    for (size_t i = 0; i < m->role_count && !any; i++) {
        const struct role *role = guild_view_role(a->view, m->roles[i]);
        any = role == NULL || !role->mentionable;
    }
    return any ? PERMISSION_MENTION_EVERYONE : 0;
}

bool mentions_possible(struct slice content)
{
    return slice_find(content, '<') < content.len || slice_find(content, '@') < content.len;
}

void mentions_apply(const struct mentions *from, struct message *to)
{
    to->mentions = from->users;
    to->mention_count = from->user_count;
    to->mention_roles = from->roles;
    to->mention_role_count = from->role_count;
    to->mention_everyone = from->everyone;
}
