/* Incident actions. */

#include "core/incidents.h"

#include "core/acting.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "proto/guild_events.h"
#include "store/incidents.h"

struct setting {
    const struct actor *by;
    const struct access *a;
    const struct incidents_wish *wish;
    struct arena arena;
    struct access now;
    struct guild_view *view;
};

static struct slice time_text(int64_t wall_ms, char out[CLOCK_ISO_LEN + 1])
{
    if (wall_ms == 0)
        return (struct slice){NULL, 0};
    clock_iso(wall_ms, out);
    return slice_of(out, CLOCK_ISO_LEN);
}

static void note_time(struct audit_note *n, const char *key, int64_t before, int64_t after)
{
    char was[CLOCK_ISO_LEN + 1];
    char is[CLOCK_ISO_LEN + 1];
    audit_text(n, key, time_text(before, was), time_text(after, is));
}

static enum err tell(struct tx *tx, struct setting *x)
{
    const struct guild *before = &x->now.view->guild;
    const struct guild *after = &x->view->guild;
    struct audit_note n;
    audit_note_init(&n);
    note_time(&n, "invites_disabled_until", before->invites_disabled_until_ms,
              after->invites_disabled_until_ms);
    note_time(&n, "dms_disabled_until", before->dms_disabled_until_ms,
              after->dms_disabled_until_ms);
    enum err e =
        core_emit_structure(tx, event_guild_update(x->view, x->by->who->user.v), x->by, x->view);
    if (e == ERR_OK)
        e = audit_write(tx, x->by, after->id, AUDIT_GUILD_UPDATE, after->id.v, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err set(struct tx *tx, void *ctx)
{
    struct setting *x = ctx;
    guild_view_unref(&x->view);
    enum err e = acting_begin(tx, x->a, PERMISSION_MANAGE_GUILD, &x->arena, &x->now);
    if (e != ERR_OK)
        return e;
    const struct guild *was = &x->now.view->guild;
    int64_t invites =
        x->wish->invites ? x->wish->invites_disabled_until_ms : was->invites_disabled_until_ms;
    int64_t dms = x->wish->dms ? x->wish->dms_disabled_until_ms : was->dms_disabled_until_ms;
    if (invites == was->invites_disabled_until_ms && dms == was->dms_disabled_until_ms) {
        x->view = guild_view_ref(x->now.view);
        return ERR_OK;
    }
    e = incidents_update(tx_sql(tx), was->id, invites, dms);
    if (e == ERR_OK)
        e = views_restructured(tx, was->id, (struct view_change){.parts = VIEW_GUILD}, &x->view);
    return e == ERR_OK ? tell(tx, x) : e;
}

enum err incidents_set(struct core *c, const struct actor *by, const struct access *a,
                       const struct incidents_wish *wish, struct guild_view **view)
{
    struct setting x = {.by = by, .a = a, .wish = wish};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, set, &x);
    access_end(&x.now);
    arena_deinit(&x.arena);
    if (e == ERR_OK)
        *view = x.view;
    else
        guild_view_unref(&x.view);
    return e;
}
