/* Changes of members. A change of what the member may do is stamped with the position of the event
 * that tells of it, which is what authorisations and the gateway go by. */

#include "core/member_change.h"

#include <string.h>

#include "core/audit.h"
#include "core/core_priv.h"
#include "core/integrations.h"
#include "core/media.h"
#include "core/voice_states.h"
#include "proto/events.h"
#include "proto/member_events.h"
#include "store/guilds.h"
#include "store/kept_timeouts.h"
#include "store/member_edit.h"
#include "store/member_names.h"
#include "store/members.h"
#include "store/scheduled_events.h"

static bool same_text(struct slice a, struct slice b)
{
    return (a.data == NULL) == (b.data == NULL) && slice_eq(a, b);
}

static bool same_roles(const struct member *a, const struct member *b)
{
    return a->role_count == b->role_count &&
           (a->role_count == 0 ||
            memcmp(a->roles, b->roles, a->role_count * sizeof *a->roles) == 0);
}

static bool same_standing(const struct member *a, const struct member *b)
{
    return a->timed_out_until_ms == b->timed_out_until_ms && a->pending == b->pending &&
           same_roles(a, b);
}

static bool same_rest(const struct member *a, const struct member *b)
{
    return same_text(a->nick, b->nick) && a->deaf == b->deaf && a->mute == b->mute &&
           a->temporary == b->temporary && a->flags == b->flags &&
           same_text(a->avatar, b->avatar) && same_text(a->banner, b->banner);
}

static bool holds(const struct member *m, struct role_id role)
{
    for (size_t i = 0; i < m->role_count && m->roles[i].v <= role.v; i++)
        if (m->roles[i].v == role.v)
            return true;
    return false;
}

static enum err write_roles(struct tx *tx, const struct member *before, const struct member *after)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < before->role_count && e == ERR_OK; i++)
        if (!holds(after, before->roles[i]))
            e = member_drop_role(tx_sql(tx), before->guild, before->user.id, before->roles[i]);
    for (size_t i = 0; i < after->role_count && e == ERR_OK; i++)
        if (!holds(before, after->roles[i]))
            e = members_add_role(tx_sql(tx), after->guild, after->user.id, after->roles[i]);
    return e;
}

static enum err stamp(struct tx *tx, struct member *m)
{
    uint64_t head;
    enum err e = tx_stream_head(tx, core_guild_stream(m->guild), &head);
    if (e == ERR_OK)
        m->standing = head + 1;
    return e;
}

static enum err write(struct tx *tx, const struct member *before, struct member *after,
                      bool restanding)
{
    enum err e = restanding ? stamp(tx, after) : ERR_OK;
    if (e == ERR_OK)
        e = write_roles(tx, before, after);
    if (e == ERR_OK)
        e = member_update(tx_sql(tx), after);
    if (e == ERR_OK && !same_text(before->nick, after->nick))
        e = member_names_set(tx_sql(tx), after->guild, after->user.id, after->nick);
    return e;
}

enum err member_change(struct tx *tx, const struct actor *by, const struct member *before,
                       struct member *after, bool *changed)
{
    bool restanding = !same_standing(before, after);
    bool any = restanding || !same_rest(before, after);
    uint64_t actor = by->who != NULL ? by->who->user.v : 0;
    if (changed != NULL)
        *changed = any;
    enum err e = any ? write(tx, before, after, restanding) : ERR_OK;
    if (e == ERR_OK && any)
        e = core_emit(tx, event_member_update(after, restanding, actor), by);
    if (e == ERR_OK && any)
        e = voice_state_follow(tx, by, before, after, restanding);
    return e;
}

/* ---- the audit log ---- */

static struct slice time_text(int64_t wall_ms, char out[CLOCK_ISO_LEN + 1])
{
    if (wall_ms == 0)
        return (struct slice){NULL, 0};
    clock_iso(wall_ms, out);
    return slice_of(out, CLOCK_ISO_LEN);
}

static enum err audit_member(struct tx *tx, const struct actor *by, const struct member *before,
                             const struct member *after)
{
    char was[CLOCK_ISO_LEN + 1];
    char is[CLOCK_ISO_LEN + 1];
    struct audit_note n;
    audit_note_init(&n);
    audit_text(&n, "nick", before->nick, after->nick);
    audit_text(&n, "communication_disabled_until", time_text(before->timed_out_until_ms, was),
               time_text(after->timed_out_until_ms, is));
    audit_flag(&n, "mute", before->mute, after->mute);
    audit_flag(&n, "deaf", before->deaf, after->deaf);
    audit_flag(&n, "pending", before->pending, after->pending);
    audit_number(&n, "flags", (int64_t)before->flags, (int64_t)after->flags);
    audit_text(&n, "avatar_hash", before->avatar, after->avatar);
    audit_text(&n, "banner_hash", before->banner, after->banner);
    enum err e = ERR_OK;
    if (n.any_change)
        e = audit_write(tx, by, after->guild, AUDIT_MEMBER_UPDATE, after->user.id.v, &n);
    audit_note_deinit(&n);
    return e;
}

/* `key` with the roles that `with` has and `without` has not: [{"name":...,"id":...}]. */
static bool note_roles(struct audit_note *n, const char *key, const struct guild_view *view,
                       const struct member *with, const struct member *without)
{
    struct buf list;
    struct json_writer w;
    bool any = false;
    buf_init(&list, MEM_CORE, SCRATCH_BYTES);
    json_begin(&w, &list);
    json_array_begin(&w);
    for (size_t i = 0; i < with->role_count; i++) {
        const struct role *role = guild_view_role(view, with->roles[i]);
        if (holds(without, with->roles[i]))
            continue;
        any = true;
        json_object_begin(&w);
        json_kv_str(&w, "name", role != NULL ? role->name : SLICE(""));
        json_kv_id(&w, "id", with->roles[i].v);
        json_object_end(&w);
    }
    json_array_end(&w);
    bool whole = !list.failed;
    if (any && whole)
        audit_json(n, key, (struct slice){NULL, 0}, buf_slice(&list));
    buf_deinit(&list);
    return whole;
}

static enum err audit_roles(struct tx *tx, const struct actor *by, const struct guild_view *view,
                            const struct member *before, const struct member *after)
{
    struct audit_note n;
    audit_note_init(&n);
    bool whole = note_roles(&n, "$add", view, after, before) &&
                 note_roles(&n, "$remove", view, before, after);
    enum err e =
        whole ? audit_write(tx, by, after->guild, AUDIT_MEMBER_ROLE_UPDATE, after->user.id.v, &n)
              : ERR_NO_MEMORY;
    audit_note_deinit(&n);
    return e;
}

enum err member_change_audit(struct tx *tx, const struct actor *by, const struct guild_view *view,
                             const struct member *before, const struct member *after)
{
    enum err e = audit_member(tx, by, before, after);
    if (e == ERR_OK && !same_roles(before, after))
        e = audit_roles(tx, by, view, before, after);
    return e;
}

/* ---- roles and leaving ---- */

enum err member_roles_with(const struct member *m, struct role_id added, struct role_id removed,
                           struct arena *arena, struct member *out)
{
    struct role_id *roles = arena_array(arena, m->role_count + 1, sizeof *roles);
    size_t count = 0;
    bool placed = added.v == 0;
    if (roles == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < m->role_count; i++) {
        if (!placed && m->roles[i].v >= added.v) {
            placed = true;
            if (m->roles[i].v != added.v)
                roles[count++] = added;
        }
        if (m->roles[i].v != removed.v)
            roles[count++] = m->roles[i];
    }
    if (!placed)
        roles[count++] = added;
    *out = *m;
    out->roles = roles;
    out->role_count = count;
    return ERR_OK;
}

static enum err release_images(struct tx *tx, const struct member *m)
{
    enum err e = ERR_OK;
    if (m->avatar.data != NULL)
        e = media_release(tx, MEDIA_MEMBER_AVATAR, m->guild, m->user.id.v);
    if (e == ERR_OK && m->banner.data != NULL)
        e = media_release(tx, MEDIA_MEMBER_BANNER, m->guild, m->user.id.v);
    return e;
}

/* Leaving is no way out of a time-out. */
static enum err keep_timeout(struct tx *tx, const struct member *m)
{
    int64_t now = tx_now_ms(tx);
    if (m->timed_out_until_ms <= now)
        return ERR_OK;
    return kept_timeouts_put(tx_sql(tx), m->guild, m->user.id, m->timed_out_until_ms, now);
}

enum err member_depart(struct tx *tx, const struct actor *by, const struct member *m)
{
    uint64_t actor = by->who != NULL ? by->who->user.v : 0;
    enum err e = voice_state_depart(tx, by, m);
    if (e == ERR_OK)
        e = release_images(tx, m);
    if (e == ERR_OK)
        e = scheduled_events_forget_user(tx_sql(tx), m->guild, m->user.id);
    if (e == ERR_OK && m->user.bot)
        e = integration_dissolve(tx, by, m->guild, m->user.id);
    if (e == ERR_OK)
        e = keep_timeout(tx, m);
    if (e == ERR_OK)
        e = members_remove(tx_sql(tx), m->guild, m->user.id);
    if (e == ERR_OK)
        e = guilds_count_member(tx_sql(tx), m->guild, -1);
    if (e == ERR_OK)
        e = core_emit(tx, event_member_remove(m, NULL, actor), by);
    if (e == ERR_OK)
        e = core_emit(tx, event_guild_left(m->user.id, m->guild), by);
    return e;
}
