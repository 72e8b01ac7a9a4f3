/* Onboarding. The settings are one document; the difficulty is that it names roles which it gives
 * to whoever answers, so it is checked on what is there in the transaction that writes it. */

#include "core/onboarding.h"

#include "base/limits.h"
#include "core/access_renew.h"
#include "core/core_priv.h"
#include "core/member_change.h"
#include "core/onboarding_priv.h"
#include "proto/bodies.h"
#include "store/members.h"

enum err onboarding_get(struct core *c, const struct access *a, struct arena *arena,
                        struct onboarding *out)
{
    enum err e = paper_get(c, a->view->guild.id, GUILD_DOCUMENT_ONBOARDING, &SHAPE_ONBOARDING,
                           arena, &out->paper, &out->settings);
    bool manages = permissions_meet(a->permissions, PERMISSION_MANAGE_GUILD);
    return e == ERR_OK && !out->settings.enabled && !manages ? ERR_MISSING_PERMISSIONS : e;
}

/* ---- changing it ---- */

struct onboarding_edit {
    const struct actor *by;
    const struct access *a;
    const struct body_onboarding *change;
    struct arena *arena;
    struct onboarding before;
    struct body_onboarding after;
    struct access now;
};

static void write_settings(struct json_writer *w, const void *value, struct guild_id guild)
{
    proto_onboarding(w, value, guild, PROTO_KEPT, NULL);
}

static void write_prompt(struct json_writer *w, const void *value, struct guild_id guild)
{
    (void)guild;
    proto_onboarding_prompt(w, value, PROTO_KEPT, NULL);
}

static void merge(struct body_onboarding *to, const struct body_onboarding *from)
{
    if (BODY_SENT(*from, BODY_ONBOARDING_PROMPTS))
        to->prompts = from->prompts;
    if (BODY_SENT(*from, BODY_ONBOARDING_CHANNELS))
        to->default_channel_ids = from->default_channel_ids;
    if (BODY_SENT(*from, BODY_ONBOARDING_ENABLED))
        to->enabled = from->enabled;
    if (BODY_SENT(*from, BODY_ONBOARDING_MODE))
        to->mode = from->mode;
}

/* One of the two may be NULL: made, or deleted. Nothing is written for what stays as it is. */
static enum err audit_prompt(struct tx *tx, struct onboarding_edit *x,
                             const struct body_onboarding_prompt *old,
                             const struct body_onboarding_prompt *new)
{
    struct audit_note n;
    struct slice was = {NULL, 0}, is = {NULL, 0};
    struct guild_id guild = x->a->view->guild.id;
    enum err e = old == NULL ? ERR_OK : paper_format(write_prompt, old, guild, x->arena, &was);
    if (e == ERR_OK && new != NULL)
        e = paper_format(write_prompt, new, guild, x->arena, &is);
    if (e != ERR_OK || (old != NULL && new != NULL &&slice_eq(was, is)))
        return e;
    audit_note_init(&n);
    audit_text(&n, "title", old == NULL ? (struct slice){NULL, 0} : old->title,
               new == NULL ? (struct slice){NULL, 0} : new->title);
    audit_json(&n, "prompt", was, is);
    e = audit_write(tx, x->by, guild,
                    old == NULL   ? AUDIT_ONBOARDING_PROMPT_CREATE
                    : new == NULL ? AUDIT_ONBOARDING_PROMPT_DELETE
                                  : AUDIT_ONBOARDING_PROMPT_UPDATE,
                    new != NULL ? new->id : old->id, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err audit_prompts(struct tx *tx, struct onboarding_edit *x)
{
    const struct body_onboarding *before = &x->before.settings;
    const struct body_onboarding_prompt *old = before->prompts.items;
    const struct body_onboarding_prompt *new = x->after.prompts.items;
    enum err e = ERR_OK;
    for (size_t i = 0; i < before->prompts.count && e == ERR_OK; i++)
        if (onboarding_prompt(&x->after, old[i].id) == NULL)
            e = audit_prompt(tx, x, &old[i], NULL);
    for (size_t i = 0; i < x->after.prompts.count && e == ERR_OK; i++)
        e = audit_prompt(tx, x, onboarding_prompt(before, new[i].id), &new[i]);
    return e;
}

static enum err audit_settings(struct tx *tx, struct onboarding_edit *x, struct slice after)
{
    struct audit_note n;
    const struct body_onboarding *before = &x->before.settings;
    bool existed = x->before.paper.exists;
    struct guild_id guild = x->a->view->guild.id;
    if (existed && slice_eq(x->before.paper.text, after))
        return ERR_OK;
    audit_note_init(&n);
    audit_flag(&n, "enabled", before->enabled, x->after.enabled);
    audit_number(&n, "mode", before->mode, x->after.mode);
    audit_json(&n, "onboarding", x->before.paper.text, after);
    enum err e = audit_write(
        tx, x->by, guild, existed ? AUDIT_ONBOARDING_UPDATE : AUDIT_ONBOARDING_CREATE, guild.v, &n);
    audit_note_deinit(&n);
    return e == ERR_OK ? audit_prompts(tx, x) : e;
}

static enum err check(struct tx *tx, struct onboarding_edit *x)
{
    enum err e = onboarding_check_targets(&x->now, &x->before.settings, x->change);
    if (e == ERR_OK && x->after.enabled && !x->before.settings.enabled)
        e = onboarding_check_kept(&x->now, &x->after);
    if (e == ERR_OK && x->after.enabled)
        e = onboarding_check_open(x->now.view, &x->after, tx_now_ms(tx));
    return e;
}

static enum err change_settings(struct tx *tx, void *ctx)
{
    struct onboarding_edit *x = ctx;
    struct slice text;
    access_end(&x->now);
    enum err e = access_renew(tx, x->a, PERMISSION_MANAGE_GUILD | PERMISSION_MANAGE_ROLES, x->arena,
                              &x->now);
    if (e == ERR_OK)
        e = paper_read(tx, x->now.view->guild.id, GUILD_DOCUMENT_ONBOARDING, &SHAPE_ONBOARDING,
                       x->arena, &x->before.paper, &x->before.settings);
    if (e != ERR_OK)
        return e;
    x->after = x->before.settings;
    merge(&x->after, x->change);
    e = check(tx, x);
    if (e != ERR_OK)
        return e;
    onboarding_number(tx, &x->before.settings, &x->after);
    e = paper_format(write_settings, &x->after, x->now.view->guild.id, x->arena, &text);
    if (e == ERR_OK)
        e = guild_documents_put(tx_sql(tx), x->now.view->guild.id, GUILD_DOCUMENT_ONBOARDING, text);
    return e == ERR_OK ? audit_settings(tx, x, text) : e;
}

enum err onboarding_change(struct core *c, const struct actor *by, const struct access *a,
                           const struct body_onboarding *change, struct arena *arena,
                           struct onboarding *out, struct guild_view **view)
{
    struct onboarding_edit x = {.by = by, .a = a, .change = change, .arena = arena};
    enum err e = store_write(c->store, change_settings, &x);
    out->paper = x.before.paper; /* what was not changed points into it */
    out->settings = x.after;
    if (e == ERR_OK)
        *view = guild_view_ref(x.now.view);
    access_end(&x.now);
    return e;
}

/* ---- answering ---- */

struct onboarding_reply {
    const struct actor *by;
    const struct access *a;
    const struct onboarding_answer *d;
    struct arena *arena;
    struct onboarding now;
    struct guild_view *view;
    struct role_id roles[LIMIT_GUILD_ROLES]; /* of the member afterwards, ascending */
    size_t role_count;
    size_t found;  /* of the chosen options */
    bool answered; /* everything that must be */
};

static bool chosen(const struct onboarding_answer *d, uint64_t id)
{
    for (size_t i = 0; i < d->option_count && d->options[i] <= id; i++)
        if (d->options[i] == id)
            return true;
    return false;
}

static size_t place_of(const struct onboarding_reply *x, uint64_t role)
{
    size_t i = 0;
    while (i < x->role_count && x->roles[i].v < role)
        i++;
    return i;
}

static void hold(struct onboarding_reply *x, uint64_t id)
{
    size_t at = place_of(x, id);
    const struct role *role = guild_view_role(x->view, (struct role_id){id});
    bool held = at < x->role_count && x->roles[at].v == id;
    if (held || !onboarding_gives(role) || x->role_count == LIMIT_GUILD_ROLES)
        return;
    for (size_t i = x->role_count++; i > at; i--)
        x->roles[i] = x->roles[i - 1];
    x->roles[at].v = id;
}

static void drop(struct onboarding_reply *x, uint64_t id)
{
    size_t at = place_of(x, id);
    const struct role *role = guild_view_role(x->view, (struct role_id){id});
    if (at == x->role_count || x->roles[at].v != id || !onboarding_gives(role))
        return;
    x->role_count--;
    for (size_t i = at; i < x->role_count; i++)
        x->roles[i] = x->roles[i + 1];
}

static void apply(struct onboarding_reply *x, const struct body_array *from,
                  void (*fn)(struct onboarding_reply *x, uint64_t id))
{
    const struct body_id_item *list = from->items;
    for (size_t i = 0; i < from->count; i++)
        fn(x, list[i].value);
}

/* First what is not chosen goes: a role may belong to several options. */
static enum err take_prompts(struct onboarding_reply *x, bool giving)
{
    const struct body_onboarding_prompt *prompts = x->now.settings.prompts.items;
    for (size_t i = 0; i < x->now.settings.prompts.count; i++) {
        const struct body_onboarding_option *options = prompts[i].options.items;
        size_t taken = 0;
        for (size_t k = 0; k < prompts[i].options.count; k++) {
            bool is = chosen(x->d, options[k].id);
            taken += is;
            if (giving && is)
                apply(x, &options[k].role_ids, hold);
            else if (!giving && !is && x->d->replace)
                apply(x, &options[k].role_ids, drop);
        }
        if (prompts[i].single_select && taken > 1)
            return ERR_INVALID_FORM;
        x->found += giving ? taken : 0;
        if (prompts[i].required && prompts[i].in_onboarding && taken == 0)
            x->answered = false;
    }
    return ERR_OK;
}

static enum err new_roles(struct onboarding_reply *x, const struct member *m)
{
    x->role_count = 0;
    x->found = 0;
    x->answered = true;
    for (size_t i = 0; i < m->role_count && i < LIMIT_GUILD_ROLES; i++)
        x->roles[x->role_count++] = m->roles[i];
    enum err e = take_prompts(x, false);
    if (e == ERR_OK)
        e = take_prompts(x, true);
    return e == ERR_OK && x->found != x->d->option_count ? ERR_INVALID_FORM : e;
}

static enum err give(struct tx *tx, struct onboarding_reply *x)
{
    struct member before;
    enum err e = members_find(tx_sql(tx), x->view->guild.id, x->by->who->user, x->arena, &before);
    if (e == ERR_OK)
        e = new_roles(x, &before);
    if (e != ERR_OK)
        return e;
    struct member after = before;
    after.roles = x->roles;
    after.role_count = x->role_count;
    after.flags |= MEMBER_FLAG_STARTED_ONBOARDING;
    if (x->answered)
        after.flags |= MEMBER_FLAG_COMPLETED_ONBOARDING;
    e = member_change(tx, x->by, &before, &after, NULL);
    return e == ERR_OK ? member_change_audit(tx, x->by, x->view, &before, &after) : e;
}

static enum err respond(struct tx *tx, void *ctx)
{
    struct onboarding_reply *x = ctx;
    struct guild_id guild = x->a->view->guild.id;
    guild_view_unref(&x->view);
    enum err e = access_recheck(tx, x->a, 0);
    if (e == ERR_OK)
        e = views_now(tx, guild, &x->view);
    if (e == ERR_OK)
        e = paper_read(tx, guild, GUILD_DOCUMENT_ONBOARDING, &SHAPE_ONBOARDING, x->arena,
                       &x->now.paper, &x->now.settings);
    if (e == ERR_OK && !x->now.settings.enabled)
        e = ERR_MISSING_ACCESS;
    return e == ERR_OK ? give(tx, x) : e;
}

enum err onboarding_respond(struct core *c, const struct actor *by, const struct access *a,
                            const struct onboarding_answer *d, struct arena *arena)
{
    struct onboarding_reply x = {.by = by, .a = a, .d = d, .arena = arena};
    enum err e = store_write(c->store, respond, &x);
    paper_end(&x.now.paper);
    guild_view_unref(&x.view);
    return e;
}
