/*
 * Discord's permission algorithm (docs, "Permissions"; surface reference §3), in its steps. Checks
 * run on every request and, for each class of sessions, over every channel of a guild: so they walk
 * ascending arrays side by side and look roles up in the view's dense ids.
 */

#include "model/permissions.h"

#include "model/guild_view.h"

#define BIT(name) PERMISSION_OF(name)

const uint64_t PERMISSIONS_ALL = 0
#define X(name, bit, where) | UINT64_C(1) << (bit)
#include "model/permissions.def"
#undef X
    ;

const uint64_t PERMISSIONS_OVERWRITABLE = 0
#define X(name, bit, where) | (sizeof(where) > 1 ? UINT64_C(1) << (bit) : 0)
#include "model/permissions.def"
#undef X
    ;

/* 2107735977479745: what a guild made on Discord today gets, without the removed bit 47. */
const uint64_t PERMISSIONS_DEFAULT =
    BIT(CREATE_INSTANT_INVITE) | BIT(ADD_REACTIONS) | BIT(STREAM) | BIT(VIEW_CHANNEL) |
    BIT(SEND_MESSAGES) | BIT(EMBED_LINKS) | BIT(ATTACH_FILES) | BIT(READ_MESSAGE_HISTORY) |
    BIT(MENTION_EVERYONE) | BIT(USE_EXTERNAL_EMOJIS) | BIT(CONNECT) | BIT(SPEAK) | BIT(USE_VAD) |
    BIT(CHANGE_NICKNAME) | BIT(USE_APPLICATION_COMMANDS) | BIT(REQUEST_TO_SPEAK) |
    BIT(CREATE_PUBLIC_THREADS) | BIT(CREATE_PRIVATE_THREADS) | BIT(USE_EXTERNAL_STICKERS) |
    BIT(SEND_MESSAGES_IN_THREADS) | BIT(USE_EMBEDDED_ACTIVITIES) | BIT(USE_SOUNDBOARD) |
    BIT(CREATE_GUILD_EXPRESSIONS) | BIT(CREATE_EVENTS) | BIT(USE_EXTERNAL_SOUNDS) |
    BIT(SEND_VOICE_MESSAGES) | BIT(SET_VOICE_CHANNEL_STATUS) | BIT(SEND_POLLS) |
    BIT(USE_EXTERNAL_APPS);

const uint64_t PERMISSIONS_TIMED_OUT = BIT(VIEW_CHANNEL) | BIT(READ_MESSAGE_HISTORY);
const uint64_t PERMISSIONS_PENDING = BIT(VIEW_CHANNEL) | BIT(READ_MESSAGE_HISTORY);
const uint64_t PERMISSIONS_DM = BIT(VIEW_CHANNEL) | BIT(SEND_MESSAGES) | BIT(READ_MESSAGE_HISTORY) |
                                BIT(ADD_REACTIONS) | BIT(ATTACH_FILES) | BIT(EMBED_LINKS) |
                                BIT(USE_EXTERNAL_EMOJIS) | BIT(USE_EXTERNAL_STICKERS) |
                                BIT(SEND_TTS_MESSAGES) | BIT(SEND_VOICE_MESSAGES) |
                                BIT(SEND_POLLS) | BIT(PIN_MESSAGES) | BIT(USE_EXTERNAL_APPS);

/* What is meaningless without SEND_MESSAGES (step 3). */
static const uint64_t NEEDS_SEND =
    BIT(MENTION_EVERYONE) | BIT(SEND_TTS_MESSAGES) | BIT(ATTACH_FILES) | BIT(EMBED_LINKS);

const uint64_t PERMISSIONS_MODERATION =
    BIT(KICK_MEMBERS) | BIT(BAN_MEMBERS) | BIT(ADMINISTRATOR) | BIT(MANAGE_CHANNELS) |
    BIT(MANAGE_GUILD) | BIT(MANAGE_MESSAGES) | BIT(MANAGE_ROLES) | BIT(MANAGE_WEBHOOKS) |
    BIT(MANAGE_GUILD_EXPRESSIONS) | BIT(MANAGE_THREADS) | BIT(MODERATE_MEMBERS) |
    BIT(VIEW_CREATOR_MONETIZATION_ANALYTICS);

static const char *const names[64] = {
#define X(name, bit, where) [bit] = #name,
#include "model/permissions.def"
#undef X
};

const char *permission_name(unsigned bit)
{
    return bit < 64 ? names[bit] : NULL;
}

struct subject subject_of(const struct member *m)
{
    return (struct subject){.user = m->user.id,
                            .roles = m->roles,
                            .role_count = m->role_count,
                            .timed_out_until_ms = m->timed_out_until_ms,
                            .pending = m->pending};
}

/* --- step 1
 * ---------------------------------------------------------------------------------------
 */

/* Index of the first id at `from` or later that is not below `id`. Without a branch that depends on
 * the ids, which a processor could only guess. */
static size_t seek(const uint64_t *ids, size_t from, size_t count, uint64_t id)
{
    const uint64_t *at = ids + from;
    size_t left = count - from;
    while (left > 1) {
        size_t half = left / 2;
        at = at[half - 1] < id ? at + half : at;
        left -= half;
    }
    return (size_t)(at - ids) + (left == 1 && *at < id);
}

/* The @everyone role has the guild's id. */
static uint64_t everyone_id(const struct guild_view *view)
{
    return view->guild.id.v;
}

static uint64_t role_permissions(const struct guild_view *view, size_t at, uint64_t id)
{
    return at < view->role_count && view->role_ids[at] == id ? view->role_permissions[at] : 0;
}

static bool is_owner(const struct guild_view *view, const struct subject *who)
{
    return view->guild.owner.v != 0 && who->user.v == view->guild.owner.v;
}

/* @everyone and the held roles. One that the view does not know (just deleted) gives nothing. */
static uint64_t roles_together(const struct guild_view *view, const struct subject *who)
{
    uint64_t everyone = everyone_id(view);
    uint64_t base =
        role_permissions(view, seek(view->role_ids, 0, view->role_count, everyone), everyone);
    size_t at = 0;
    for (size_t i = 0; i < who->role_count; i++) {
        at = seek(view->role_ids, at, view->role_count, who->roles[i].v);
        base |= role_permissions(view, at, who->roles[i].v);
    }
    return base;
}

uint64_t permissions_base(const struct guild_view *view, const struct subject *who)
{
    if (is_owner(view, who))
        return PERMISSIONS_ALL;
    uint64_t base = roles_together(view, who);
    return base & PERMISSION_ADMINISTRATOR ? PERMISSIONS_ALL : base;
}

/* --- step 2
 * ---------------------------------------------------------------------------------------
 */

enum { STEP_EVERYONE, STEP_ROLES, STEP_MEMBER, STEP_COUNT };

struct change {
    uint64_t allow;
    uint64_t deny;
};

/* Which of the steps an overwrite belongs to for this subject; STEP_COUNT: none. *held: the first
 * of the subject's roles that is not below those of the overwrites before; the next call goes on
 * from there. */
static int step_of(const struct overwrite *o, const struct guild_view *view,
                   const struct subject *who, size_t *held)
{
    if (o->type == OVERWRITE_MEMBER)
        return o->id == who->user.v ? STEP_MEMBER : STEP_COUNT;
    if (o->id == everyone_id(view))
        return STEP_EVERYONE;
    while (*held < who->role_count && who->roles[*held].v < o->id)
        ++*held;
    return *held < who->role_count && who->roles[*held].v == o->id ? STEP_ROLES : STEP_COUNT;
}

/* One slot more than there are steps: where overwrites of others go. Bits that are a guild's to
 * give have no meaning in an overwrite, whoever got them in there. */
static void gather(const struct guild_view *view, const struct subject *who,
                   const struct channel *channel, struct change steps[STEP_COUNT + 1])
{
    size_t held = 0;
    for (size_t i = 0; i < channel->overwrite_count; i++) {
        const struct overwrite *o = &channel->overwrites[i];
        struct change *step = &steps[step_of(o, view, who, &held)];
        step->allow |= o->allow & PERMISSIONS_OVERWRITABLE;
        step->deny |= o->deny & PERMISSIONS_OVERWRITABLE;
    }
}

/* @everyone; then all held roles together, so that their order cannot matter and an allow of one
 * beats a deny of another; then the member. Within a step deny comes first. */
uint64_t permissions_overwrite(uint64_t base, const struct guild_view *view,
                               const struct subject *who, const struct channel *channel)
{
    struct change steps[STEP_COUNT + 1] = {{0, 0}};
    if (base & PERMISSION_ADMINISTRATOR)
        return PERMISSIONS_ALL;
    gather(view, who, channel, steps);
    for (int i = 0; i < STEP_COUNT; i++)
        base = (base & ~steps[i].deny) | steps[i].allow;
    return base;
}

/* --- steps 3 and 5
 * ---------------------------------------------------------------------------------
 */

/* Which bits are lost in step 3, and because of which bit, in this order. */
static uint64_t implied_denials(uint64_t permissions, enum channel_type type, unsigned *because)
{
    bool voice = type == CHANNEL_TYPE_VOICE || type == CHANNEL_TYPE_STAGE;
    if (!(permissions & PERMISSION_VIEW_CHANNEL)) {
        *because = PERMISSION_BIT_VIEW_CHANNEL;
        return permissions;
    }
    if (voice && !(permissions & PERMISSION_CONNECT)) {
        *because = PERMISSION_BIT_CONNECT;
        return permissions & ~PERMISSION_VIEW_CHANNEL;
    }
    *because = PERMISSION_BIT_SEND_MESSAGES;
    return permissions & PERMISSION_SEND_MESSAGES ? 0 : permissions & NEEDS_SEND;
}

/* Step 5. Owner and administrators are exempt; all bits are theirs (step 1). */
static uint64_t kept_by_standing(uint64_t base, const struct subject *who, int64_t now_ms)
{
    uint64_t kept = PERMISSIONS_ALL;
    if (base & PERMISSION_ADMINISTRATOR)
        return kept;
    if (who->timed_out_until_ms > now_ms)
        kept &= PERMISSIONS_TIMED_OUT;
    if (who->pending)
        kept &= PERMISSIONS_PENDING;
    return kept;
}

bool permissions_is_waiting(const struct guild_view *view, const struct subject *who)
{
    return who->pending && (permissions_base(view, who) & PERMISSION_ADMINISTRATOR) == 0;
}

uint64_t permissions_in_guild(const struct guild_view *view, const struct subject *who,
                              int64_t now_ms)
{
    uint64_t base = permissions_base(view, who);
    return base & kept_by_standing(base, who, now_ms);
}

uint64_t permissions_before_implied(const struct guild_view *view, const struct subject *who,
                                    const struct channel *channel)
{
    return permissions_overwrite(permissions_base(view, who), view, who, channel);
}

uint64_t permissions_in_channel_from(uint64_t base, const struct guild_view *view,
                                     const struct subject *who, const struct channel *channel,
                                     int64_t now_ms)
{
    unsigned because;
    if (base & PERMISSION_ADMINISTRATOR)
        return PERMISSIONS_ALL;
    uint64_t permissions = permissions_overwrite(base, view, who, channel);
    permissions &= ~implied_denials(permissions, channel->type, &because);
    return permissions & kept_by_standing(base, who, now_ms);
}

uint64_t permissions_in_channel(const struct guild_view *view, const struct subject *who,
                                const struct channel *channel, int64_t now_ms)
{
    return permissions_in_channel_from(permissions_base(view, who), view, who, channel, now_ms);
}

bool permissions_visible(const struct guild_view *view, const struct subject *who,
                         const struct channel *channel, int64_t now_ms)
{
    return (permissions_in_channel(view, who, channel, now_ms) & PERMISSION_VIEW_CHANNEL) != 0;
}

/* --- step 6
 * ----------------------------------------------------------------------------------------
 */

int role_compare(const struct role *a, const struct role *b)
{
    if (a->position != b->position)
        return a->position > b->position ? 1 : -1;
    return (a->id.v < b->id.v) - (a->id.v > b->id.v);
}

static const struct role *higher(const struct role *a, const struct role *b)
{
    return a == NULL || (b != NULL && role_compare(b, a) > 0) ? b : a;
}

/* @everyone is the lowest whatever its position says. Only roles with one of `bits`, if not 0. */
static const struct role *highest_with(const struct guild_view *view, const struct subject *who,
                                       uint64_t bits)
{
    const struct role *best = NULL;
    for (size_t i = 0; i < who->role_count; i++) {
        const struct role *role = guild_view_role(view, who->roles[i]);
        if (role != NULL && (bits == 0 || (role->permissions & bits) != 0))
            best = higher(best, role);
    }
    return best;
}

const struct role *permissions_highest_role(const struct guild_view *view,
                                            const struct subject *who)
{
    const struct role *best = highest_with(view, who, 0);
    return best != NULL ? best : guild_view_role(view, (struct role_id){everyone_id(view)});
}

bool permissions_outranks(const struct guild_view *view, const struct subject *actor,
                          const struct subject *target)
{
    if (actor->user.v == target->user.v || is_owner(view, target))
        return false;
    if (is_owner(view, actor))
        return true;
    const struct role *above = highest_with(view, actor, 0);
    const struct role *below = highest_with(view, target, 0);
    return above != NULL && (below == NULL || role_compare(above, below) > 0);
}

bool permissions_outranks_role(const struct guild_view *view, const struct subject *who,
                               const struct role *role)
{
    if (is_owner(view, who))
        return true;
    const struct role *above = highest_with(view, who, 0);
    bool lowest = role->id.v == everyone_id(view);
    return above != NULL && (lowest || role_compare(above, role) > 0);
}

bool permissions_may_grant(uint64_t held, uint64_t before, uint64_t after)
{
    return (after & ~before & ~held) == 0;
}

/* Whether MANAGE_ROLES in the channel is there because an overwrite says so. */
static bool manages_by_overwrite(const struct guild_view *view, const struct subject *who,
                                 const struct channel *channel)
{
    struct change steps[STEP_COUNT + 1] = {{0, 0}};
    bool allowed = false;
    gather(view, who, channel, steps);
    for (int i = 0; i < STEP_COUNT; i++) {
        if (steps[i].deny & PERMISSION_MANAGE_ROLES)
            allowed = false;
        if (steps[i].allow & PERMISSION_MANAGE_ROLES)
            allowed = true;
    }
    return allowed;
}

/* Bits that are in another state after than before; an overwrite that is not there, or is
 * another's, leaves all to inherit. */
static uint64_t bits_changed(const struct overwrite *before, const struct overwrite *after)
{
    static const struct overwrite none = {0};
    const struct overwrite *a = before == NULL ? &none : before;
    const struct overwrite *b = after == NULL ? &none : after;
    return (a->allow ^ b->allow) | (a->deny ^ b->deny);
}

bool permissions_may_overwrite(const struct guild_view *view, const struct subject *who,
                               const struct channel *channel, const struct channel *parent,
                               const struct overwrite *before, const struct overwrite *after,
                               int64_t now_ms)
{
    uint64_t base = permissions_base(view, who);
    uint64_t changed = bits_changed(before, after);
    uint64_t held = base & kept_by_standing(base, who, now_ms);
    if (base & PERMISSION_ADMINISTRATOR)
        return true;
    if (changed & PERMISSION_MANAGE_ROLES)
        return false;
    if (parent != NULL)
        held |= permissions_in_channel_from(base, view, who, parent, now_ms);
    if ((changed & ~held) == 0)
        return true;
    uint64_t here =
        channel == NULL ? 0 : permissions_in_channel_from(base, view, who, channel, now_ms);
    return (here & PERMISSION_MANAGE_ROLES) != 0 && manages_by_overwrite(view, who, channel);
}

/* --- why
 * ------------------------------------------------------------------------------------------
 */

static void explain_all(struct permission_explanation *out, enum permission_reason reason,
                        uint64_t id)
{
    out->permissions = out->before_implied = PERMISSIONS_ALL;
    for (unsigned bit = 0; bit < 64; bit++)
        out->bits[bit] = (struct permission_verdict){names[bit] != NULL, reason, id, 0, 0};
}

/* Which role makes an administrator: the highest that does, @everyone if no other. */
static uint64_t administrator_role(const struct guild_view *view, const struct subject *who)
{
    const struct role *role = highest_with(view, who, PERMISSION_ADMINISTRATOR);
    return role != NULL ? role->id.v : everyone_id(view);
}

static void explain_roles(const struct guild_view *view, const struct subject *who,
                          struct permission_explanation *out)
{
    const struct role *everyone = guild_view_role(view, (struct role_id){everyone_id(view)});
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t one = UINT64_C(1) << bit;
        const struct role *role = highest_with(view, who, one);
        struct permission_verdict *v = &out->bits[bit];
        if (everyone != NULL && (everyone->permissions & one))
            *v =
                (struct permission_verdict){true, PERMISSION_REASON_EVERYONE, everyone->id.v, 0, 0};
        else if (role != NULL)
            *v = (struct permission_verdict){true, PERMISSION_REASON_ROLE, role->id.v, 0, 0};
    }
}

/* Of the overwrites of one step, which speaks for the bit: in the step of roles the highest ranking
 * role of those that allow it, or of those that deny it if none allows. */
static const struct overwrite *speaker(const struct guild_view *view, const struct subject *who,
                                       const struct channel *channel, int step, uint64_t one,
                                       bool allow)
{
    const struct overwrite *best = NULL;
    const struct role *rank = NULL;
    size_t held = 0;
    for (size_t i = 0; i < channel->overwrite_count; i++) {
        const struct overwrite *o = &channel->overwrites[i];
        if (step_of(o, view, who, &held) != step || !((allow ? o->allow : o->deny) & one))
            continue;
        const struct role *role =
            step == STEP_ROLES ? guild_view_role(view, (struct role_id){o->id}) : NULL;
        if (best == NULL || (role != NULL && higher(rank, role) == role)) {
            best = o;
            rank = role;
        }
    }
    return best;
}

/* The last step that says something about the bit decides. */
static void explain_overwrites(const struct guild_view *view, const struct subject *who,
                               const struct channel *channel, struct permission_explanation *out)
{
    struct change steps[STEP_COUNT + 1] = {{0, 0}};
    gather(view, who, channel, steps);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t one = UINT64_C(1) << bit;
        for (int step = STEP_COUNT - 1; step >= 0; step--) {
            if (!((steps[step].allow | steps[step].deny) & one))
                continue;
            bool allow = (steps[step].allow & one) != 0;
            const struct overwrite *o = speaker(view, who, channel, step, one, allow);
            out->bits[bit] =
                (struct permission_verdict){allow, PERMISSION_REASON_OVERWRITE, o->id, o->type, 0};
            break;
        }
    }
}

/* Takes away what is in `lost`, for a reason; what was not there keeps the reason that it had. */
static void explain_loss(struct permission_explanation *out, uint64_t lost,
                         enum permission_reason reason, unsigned because)
{
    for (unsigned bit = 0; bit < 64; bit++)
        if ((lost >> bit & 1) && out->bits[bit].allowed)
            out->bits[bit] = (struct permission_verdict){false, reason, 0, 0, because};
}

static uint64_t allowed_bits(const struct permission_explanation *out)
{
    uint64_t bits = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        bits |= (uint64_t)out->bits[bit].allowed << bit;
    return bits;
}

void permissions_explain(const struct guild_view *view, const struct subject *who,
                         const struct channel *channel, int64_t now_ms,
                         struct permission_explanation *out)
{
    unsigned because = 0;
    *out = (struct permission_explanation){.owner = is_owner(view, who)};
    uint64_t base = permissions_base(view, who);
    if (out->owner) {
        explain_all(out, PERMISSION_REASON_OWNER, 0);
        return;
    }
    if (base & PERMISSION_ADMINISTRATOR) {
        explain_all(out, PERMISSION_REASON_ADMINISTRATOR, administrator_role(view, who));
        return;
    }
    explain_roles(view, who, out);
    if (channel != NULL)
        explain_overwrites(view, who, channel, out);
    out->before_implied = allowed_bits(out);
    if (channel != NULL) {
        uint64_t lost = implied_denials(out->before_implied, channel->type, &because);
        explain_loss(out, lost, PERMISSION_REASON_IMPLIED, because);
    }
    if (who->timed_out_until_ms > now_ms)
        explain_loss(out, ~PERMISSIONS_TIMED_OUT, PERMISSION_REASON_TIMED_OUT, 0);
    if (who->pending)
        explain_loss(out, ~PERMISSIONS_PENDING, PERMISSION_REASON_PENDING, 0);
    out->permissions = allowed_bits(out);
}
