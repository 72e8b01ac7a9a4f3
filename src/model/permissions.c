/* Discord's permission algorithm (docs, "Permissions"; surface reference §3), in its steps. */

#include "model/permissions.h"

#include "model/guild_view.h"

#define BIT(name) PERMISSION_OF(name)

const uint64_t PERMISSIONS_ALL = 0
#define X(name, bit, where) | UINT64_C(1) << (bit)
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

/* What is meaningless without SEND_MESSAGES (step 3). */
static const uint64_t NEEDS_SEND =
    BIT(MENTION_EVERYONE) | BIT(SEND_TTS_MESSAGES) | BIT(ATTACH_FILES) | BIT(EMBED_LINKS);

static const char *const names[64] = {
#define X(name, bit, where) [bit] = #name,
#include "model/permissions.def"
#undef X
};

/* Step 1. A held role that the view does not know (just deleted) gives nothing. */
static uint64_t guild_base(const struct guild_view *view, const struct subject *who)
{
    if (view->guild.owner.v != 0 && who->user.v == view->guild.owner.v)
        return PERMISSIONS_ALL;
    uint64_t base = 0;
    /* The @everyone role has the guild's id. */
    const struct role *role = guild_view_role(view, (struct role_id){view->guild.id.v});
    if (role != NULL)
        base = role->permissions;
    for (size_t i = 0; i < who->role_count; i++) {
        role = guild_view_role(view, who->roles[i]);
        if (role != NULL)
            base |= role->permissions;
    }
    return base & PERMISSION_ADMINISTRATOR ? PERMISSIONS_ALL : base;
}

/* Step 5. Owner and administrators are exempt. */
static uint64_t apply_timeout(uint64_t permissions, uint64_t base, const struct subject *who,
                              int64_t now_ms)
{
    if (who->timed_out_until_ms <= now_ms || (base & PERMISSION_ADMINISTRATOR))
        return permissions;
    return permissions & PERMISSIONS_TIMED_OUT;
}

/* Step 3. */
static uint64_t apply_implied(uint64_t permissions, enum channel_type type)
{
    if (!(permissions & PERMISSION_VIEW_CHANNEL))
        return 0;
    bool voice = type == CHANNEL_TYPE_VOICE || type == CHANNEL_TYPE_STAGE;
    if (voice && !(permissions & PERMISSION_CONNECT))
        return PERMISSION_VIEW_CHANNEL;
    if (!(permissions & PERMISSION_SEND_MESSAGES))
        permissions &= ~NEEDS_SEND;
    return permissions;
}

static bool holds(const struct subject *who, uint64_t role)
{
    size_t low = 0, high = who->role_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (who->roles[mid].v < role)
            low = mid + 1;
        else
            high = mid;
    }
    return low < who->role_count && who->roles[low].v == role;
}

struct change {
    uint64_t allow;
    uint64_t deny;
};

/* Which of the three steps an overwrite belongs to for this subject; NULL: none. */
static struct change *step_of(const struct overwrite *o, const struct guild_view *view,
                              const struct subject *who, struct change steps[3])
{
    if (o->type == OVERWRITE_MEMBER)
        return o->id == who->user.v ? &steps[2] : NULL;
    if (o->id == view->guild.id.v)
        return &steps[0];
    return holds(who, o->id) ? &steps[1] : NULL;
}

/* Step 2: @everyone; then all held roles together, so that their order cannot matter and an allow
 * of one beats a deny of another; then the member. Within a step deny comes first. */
uint64_t permissions_overwrite(uint64_t base, const struct guild_view *view,
                               const struct subject *who, const struct channel *channel)
{
    struct change steps[3] = {{0, 0}, {0, 0}, {0, 0}};
    if (base & PERMISSION_ADMINISTRATOR)
        return PERMISSIONS_ALL;
    for (size_t i = 0; i < channel->overwrite_count; i++) {
        struct change *step = step_of(&channel->overwrites[i], view, who, steps);
        if (step == NULL)
            continue;
        step->allow |= channel->overwrites[i].allow;
        step->deny |= channel->overwrites[i].deny;
    }
    for (int i = 0; i < 3; i++)
        base = (base & ~steps[i].deny) | steps[i].allow;
    return base;
}

uint64_t permissions_in_guild(const struct guild_view *view, const struct subject *who,
                              int64_t now_ms)
{
    uint64_t base = guild_base(view, who);
    return apply_timeout(base, base, who, now_ms);
}

uint64_t permissions_before_implied(const struct guild_view *view, const struct subject *who,
                                    const struct channel *channel)
{
    return permissions_overwrite(guild_base(view, who), view, who, channel);
}

uint64_t permissions_in_channel(const struct guild_view *view, const struct subject *who,
                                const struct channel *channel, int64_t now_ms)
{
    uint64_t base = guild_base(view, who);
    if (base & PERMISSION_ADMINISTRATOR)
        return PERMISSIONS_ALL;
    uint64_t permissions = permissions_overwrite(base, view, who, channel);
    return apply_timeout(apply_implied(permissions, channel->type), base, who, now_ms);
}

const char *permission_name(unsigned bit)
{
    return bit < 64 ? names[bit] : NULL;
}
