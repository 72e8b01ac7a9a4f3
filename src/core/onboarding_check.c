/* What onboarding may say: whose ids it names, and what must be open for it to be enabled. */

#include "base/limits.h"
#include "core/core_priv.h"
#include "core/onboarding_priv.h"
#include "proto/bodies.h"

/* docs, "Modify Guild Onboarding". */
enum { OPEN_CHANNELS_MIN = 7, WRITABLE_CHANNELS_MIN = 5 };

const struct body_onboarding_prompt *onboarding_prompt(const struct body_onboarding *b, uint64_t id)
{
    const struct body_onboarding_prompt *list = b->prompts.items;
    for (size_t i = 0; i < b->prompts.count; i++)
        if (id != 0 && list[i].id == id)
            return &list[i];
    return NULL;
}

static bool has_option(const struct body_onboarding_prompt *p, uint64_t id)
{
    const struct body_onboarding_option *list = p == NULL ? NULL : p->options.items;
    for (size_t i = 0; list != NULL && i < p->options.count; i++)
        if (id != 0 && list[i].id == id)
            return true;
    return false;
}

/* Twice the same id would make two of one. */
static bool is_taken(const struct body_onboarding *b, size_t until, uint64_t id)
{
    const struct body_onboarding_prompt *list = b->prompts.items;
    for (size_t i = 0; i < until; i++)
        if (list[i].id == id)
            return true;
    return false;
}

static void number_options(struct tx *tx, const struct body_onboarding_prompt *before,
                           struct body_onboarding_prompt *after)
{
    struct body_onboarding_option *list = after->options.items;
    for (size_t i = 0; i < after->options.count; i++) {
        bool known = has_option(before, list[i].id);
        for (size_t k = 0; known && k < i; k++)
            known = list[k].id != list[i].id;
        if (!known)
            list[i].id = tx_id(tx);
    }
}

void onboarding_number(struct tx *tx, const struct body_onboarding *before,
                       struct body_onboarding *after)
{
    struct body_onboarding_prompt *list = after->prompts.items;
    for (size_t i = 0; i < after->prompts.count; i++) {
        const struct body_onboarding_prompt *old = onboarding_prompt(before, list[i].id);
        if (old == NULL || is_taken(after, i, list[i].id)) {
            old = NULL;
            list[i].id = tx_id(tx);
        }
        number_options(tx, old, &list[i]);
    }
}

/* ---- whose ids ---- */

static enum err check_channels(const struct guild_view *view, const struct body_array *from)
{
    const struct body_id_item *list = from->items;
    for (size_t i = 0; i < from->count; i++)
        if (guild_view_channel(view, (struct channel_id){list[i].value}) == NULL)
            return ERR_UNKNOWN_CHANNEL;
    return ERR_OK;
}

static bool named(const struct body_array *from, uint64_t id)
{
    const struct body_id_item *list = from->items;
    for (size_t i = 0; i < from->count; i++)
        if (list[i].value == id)
            return true;
    return false;
}

/* What nobody could take is nothing that was given: else who turns it on would give for another. */
static bool gave_before(const struct body_onboarding *b, uint64_t role)
{
    if (!b->enabled)
        return false;
    const struct body_onboarding_prompt *prompts = b->prompts.items;
    for (size_t i = 0; i < b->prompts.count; i++) {
        const struct body_onboarding_option *options = prompts[i].options.items;
        for (size_t k = 0; k < prompts[i].options.count; k++)
            if (named(&options[k].role_ids, role))
                return true;
    }
    return false;
}

bool onboarding_gives(const struct role *role)
{
    return role != NULL && !role->managed && (role->permissions & PERMISSIONS_MODERATION) == 0;
}

static bool may_give(const struct access *now, const struct role *role)
{
    return permissions_meet(now->permissions, PERMISSION_MANAGE_ROLES) &&
           permissions_outranks_role(now->view, &now->subject, role) &&
           permissions_may_grant(now->permissions, 0, role->permissions);
}

static enum err check_role(const struct access *now, const struct body_onboarding *before,
                           uint64_t id)
{
    const struct role *role = guild_view_role(now->view, (struct role_id){id});
    if (role == NULL || role->managed || id == now->view->guild.id.v)
        return ERR_INVALID_ROLE;
    if (gave_before(before, id))
        return ERR_OK;
    if (!may_give(now, role))
        return ERR_MISSING_PERMISSIONS;
    return onboarding_gives(role) ? ERR_OK : ERR_INVALID_ROLE;
}

static enum err check_option(const struct access *now, const struct body_onboarding *before,
                             const struct body_onboarding_option *o)
{
    const struct body_id_item *roles = o->role_ids.items;
    enum err e = check_channels(now->view, &o->channel_ids);
    for (size_t i = 0; i < o->role_ids.count && e == ERR_OK; i++)
        e = check_role(now, before, roles[i].value);
    return e;
}

enum err onboarding_check_targets(const struct access *now, const struct body_onboarding *before,
                                  const struct body_onboarding *after)
{
    const struct body_onboarding_prompt *prompts = after->prompts.items;
    enum err e = check_channels(now->view, &after->default_channel_ids);
    for (size_t i = 0; i < after->prompts.count; i++) {
        const struct body_onboarding_option *options = prompts[i].options.items;
        for (size_t k = 0; k < prompts[i].options.count && e == ERR_OK; k++)
            e = check_option(now, before, &options[k]);
    }
    return e;
}

static bool may_give_all(const struct access *now, const struct body_array *from)
{
    const struct body_id_item *list = from->items;
    for (size_t i = 0; i < from->count; i++) {
        const struct role *role = guild_view_role(now->view, (struct role_id){list[i].value});
        if (onboarding_gives(role) && !may_give(now, role))
            return false;
    }
    return true;
}

enum err onboarding_check_kept(const struct access *now, const struct body_onboarding *kept)
{
    const struct body_onboarding_prompt *prompts = kept->prompts.items;
    for (size_t i = 0; i < kept->prompts.count; i++) {
        const struct body_onboarding_option *options = prompts[i].options.items;
        for (size_t k = 0; k < prompts[i].options.count; k++)
            if (!may_give_all(now, &options[k].role_ids))
                return ERR_MISSING_PERMISSIONS;
    }
    return ERR_OK;
}

/* ---- what is open ---- */

struct opened {
    const struct guild_view *view;
    int64_t now_ms;
    uint64_t seen[LIMIT_GUILD_CHANNELS]; /* each counts once */
    size_t channels;
    size_t writable;
};

static void count_one(struct opened *o, uint64_t id)
{
    const struct subject everyone = {0};
    const struct channel *ch = guild_view_channel(o->view, (struct channel_id){id});
    for (size_t i = 0; i < o->channels; i++)
        if (o->seen[i] == id)
            return;
    if (ch == NULL || o->channels == LIMIT_GUILD_CHANNELS)
        return;
    uint64_t held = permissions_in_channel(o->view, &everyone, ch, o->now_ms);
    if (!(held & PERMISSION_VIEW_CHANNEL))
        return;
    o->seen[o->channels++] = id;
    o->writable += (held & PERMISSION_SEND_MESSAGES) != 0;
}

static void count_list(struct opened *o, const struct body_array *from)
{
    const struct body_id_item *list = from->items;
    for (size_t i = 0; i < from->count; i++)
        count_one(o, list[i].value);
}

static void count_prompts(struct opened *o, const struct body_onboarding *b)
{
    const struct body_onboarding_prompt *prompts = b->prompts.items;
    for (size_t i = 0; i < b->prompts.count; i++) {
        const struct body_onboarding_option *options = prompts[i].options.items;
        for (size_t k = 0; k < prompts[i].options.count; k++)
            count_list(o, &options[k].channel_ids);
    }
}

enum err onboarding_check_open(const struct guild_view *view, const struct body_onboarding *b,
                               int64_t now_ms)
{
    struct opened o = {.view = view, .now_ms = now_ms};
    count_list(&o, &b->default_channel_ids);
    if (b->mode == 1)
        count_prompts(&o, b);
    return o.channels >= OPEN_CHANNELS_MIN && o.writable >= WRITABLE_CHANNELS_MIN
               ? ERR_OK
               : ERR_ONBOARDING_REQUIREMENTS;
}
