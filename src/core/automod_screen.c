/*
 * What a guild's rules say of a message, found out on the worker before the transaction: the writer
 * never matches anything. The closure then compares positions (access_recheck_rules): if a rule has
 * changed meanwhile, the message is screened again. So no message is accepted after a rule's reply
 * that the rule would have blocked.
 *
 * Counted over several messages, in bounded memory; our own measures where Discord has not told
 * its:
 *
 * - spam: the same text (in any case, invisible characters aside) more than SAME_MAX times in
 *   SAME_WINDOW_MS from one member, or one bulky message (automod_bulky)
 * - mention raids: more than RAID_MENTIONS mentions in RAID_WINDOW_MS, of all members of the guild
 *   that are not exempt
 * - profiles: names are looked at when a member changes the nick and when they write; with the
 * action "block member interaction" they can neither send nor edit messages until the name is
 * another one. Each name is told of once in ALERT_WINDOW_MS
 *
 * Who is blocked a thousand times does not fill the audit log and the channel of alerts: of one
 * rule, moderators are told once in TOLD_WINDOW_MS of one member, and TOLD_MAX times of all; the
 * next time says how often it was quiet for the member meanwhile. The event
 * (AUTO_MODERATION_ACTION_EXECUTION), which is not kept, tells each time of each block. A message
 * that is let through has its alert each time, being kept itself.
 */

#include "core/automod_priv.h"

#include "base/map.h"

enum {
    SAME_MAX = 5,
    SAME_WINDOW_MS = 15 * 1000,
    RAID_MENTIONS = 50,
    RAID_WINDOW_MS = 30 * 1000,
    ALERT_WINDOW_MS = 60 * 60 * 1000,
    TOLD_WINDOW_MS = 60 * 1000,
    TOLD_MAX = 20
};

struct screen {
    struct core *core;
    const struct access *a;
    struct arena *arena;
    struct automod_screening *s;
    struct automod_text *text; /* made when first needed */
    bool name_only;            /* nothing was written: profile rules alone */
};

static bool is_exempt(const struct access *a)
{
    uint64_t in_guild = permissions_base(a->view, &a->subject);
    return a->member.user.bot || (in_guild & (PERMISSION_MANAGE_GUILD | PERMISSION_ADMINISTRATOR));
}

static bool exempted_by(const struct automod_rule *r, const struct access *a)
{
    for (size_t i = 0; i < r->exempt_channel_count && a->channel != NULL; i++)
        if (r->exempt_channels[i].v == a->channel->id.v ||
            r->exempt_channels[i].v == a->channel->parent.v)
            return true;
    for (size_t i = 0; i < r->exempt_role_count; i++) {
        if (r->exempt_roles[i].v == a->view->guild.id.v)
            return true; /* @everyone */
        for (size_t k = 0; k < a->subject.role_count; k++)
            if (r->exempt_roles[i].v == a->subject.roles[k].v)
                return true;
    }
    return false;
}

static enum err need_text(struct screen *x)
{
    if (x->text == NULL)
        x->text = automod_text_new(x->s->content, x->arena);
    return x->text == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err find_words(struct screen *x, const struct automod_matcher *m, bool *found,
                           struct automod_match *match)
{
    enum err e = need_text(x);
    return e == ERR_OK ? automod_find(m, x->text, x->arena, found, match) : e;
}

/* A key for counting, which nobody outside can aim at. */
static uint64_t member_key(const struct access *a, uint64_t more)
{
    return map_hash(map_hash(a->view->guild.id.v, a->subject.user.v), more | 1);
}

static enum err find_spam(struct screen *x, bool *found)
{
    *found = automod_bulky(x->s->content);
    enum err e = *found || x->s->counted ? ERR_OK : need_text(x);
    if (e != ERR_OK || *found || x->s->counted)
        return e;
    uint64_t key = member_key(x->a, automod_digest(x->text, x->a->view->guild.id.v));
    *found = automod_cache_over(x->core->automod, "automod.same", key, SAME_MAX, SAME_WINDOW_MS);
    return ERR_OK;
}

static bool find_mentions(struct screen *x, const struct automod_terms *terms)
{
    size_t count = automod_mentions(x->s->content);
    if (count > terms->mention_limit)
        return true;
    bool over = false;
    for (size_t i = 0; terms->mention_raid && !x->s->counted && i < count; i++)
        over = automod_cache_over(x->core->automod, "automod.mentions", x->a->view->guild.id.v,
                                  RAID_MENTIONS, RAID_WINDOW_MS);
    return over;
}

/* The names by which others see the member. */
static enum err find_name(struct screen *x, const struct automod_matcher *m, bool *found,
                          struct automod_match *match)
{
    const struct member *who = &x->a->member;
    const struct slice names[] = {who->nick, who->user.global_name, who->user.username};
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && e == ERR_OK && !*found; i++) {
        if (names[i].data == NULL)
            continue;
        struct automod_text *text = automod_text_new(names[i], x->arena);
        e = text == NULL ? ERR_NO_MEMORY : automod_find(m, text, x->arena, found, match);
    }
    return e;
}

static enum err find(struct screen *x, size_t index, bool *found, struct automod_match *match)
{
    const struct automod_rule *r = &x->s->rules->rules[index];
    const struct automod_matcher *m = x->s->rules->matchers[index];
    switch (r->trigger) {
    case AUTOMOD_KEYWORD:
    case AUTOMOD_PRESET:
        return find_words(x, m, found, match);
    case AUTOMOD_SPAM:
        return find_spam(x, found);
    case AUTOMOD_MENTIONS:
        *found = find_mentions(x, &r->terms);
        return ERR_OK;
    case AUTOMOD_PROFILE:
        return find_name(x, m, found, match);
    }
    return ERR_OK;
}

/* Whether the name was told of a while ago already. */
static bool was_told(struct screen *x, const struct automod_rule *r,
                     const struct automod_match *match)
{
    struct automod_text *name = automod_text_new(match->content, x->arena);
    uint64_t key = name == NULL ? r->id.v : automod_digest(name, r->id.v);
    return automod_cache_over(x->core->automod, "automod.profile", member_key(x->a, key), 1,
                              ALERT_WINDOW_MS);
}

static void note(struct screen *x, const struct automod_rule *r, const struct automod_match *match)
{
    struct automod_screening *s = x->s;
    for (size_t i = 0; i < r->action_count; i++) {
        const struct automod_action *a = &r->actions[i];
        s->blocked = s->blocked || a->kind == AUTOMOD_BLOCK || a->kind == AUTOMOD_QUARANTINE;
        if (a->kind == AUTOMOD_BLOCK && s->custom_message.data == NULL)
            s->custom_message = a->custom_message;
    }
    /* A refusal stands each time. */
    if (r->trigger != AUTOMOD_PROFILE || s->counted || !was_told(x, r, match))
        s->hits[s->hit_count++] = (struct automod_hit){.rule = r, .match = *match};
}

/* Whether moderators have heard enough of it for now. */
static void temper(struct screen *x, struct automod_hit *hit)
{
    struct automod_cache *cache = x->core->automod;
    uint32_t ignored;
    hit->quiet = automod_cache_over_since(cache, "automod.told", member_key(x->a, hit->rule->id.v),
                                          1, TOLD_WINDOW_MS, &hit->untold) ||
                 automod_cache_over_since(cache, "automod.told_of_rule", hit->rule->id.v, TOLD_MAX,
                                          TOLD_WINDOW_MS, &ignored);
    if (hit->quiet)
        metrics_add(x->core->o.metrics, METRIC_AUTOMOD_QUIET, 1);
}

static enum err look(struct screen *x)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->s->rules->count && e == ERR_OK; i++) {
        const struct automod_rule *r = &x->s->rules->rules[i];
        struct automod_match match = {0};
        bool found = false;
        if ((x->name_only && r->trigger != AUTOMOD_PROFILE) || exempted_by(r, x->a))
            continue;
        e = find(x, i, &found, &match);
        if (e == ERR_OK && found)
            note(x, r, &match);
    }
    return e;
}

static enum err screen(struct screen *x, struct slice content)
{
    struct automod_screening *s = x->s;
    uint64_t wanted = s->position != 0 ? s->position : x->a->automod_position;
    automod_rules_unref(&s->rules);
    *s = (struct automod_screening){.position = wanted, .content = content, .counted = s->counted};
    if (wanted == 0)
        return ERR_OK;
    enum err e = automod_cache_get(x->core, x->a->view->guild.id, wanted, &s->rules);
    if (e != ERR_OK)
        return e;
    s->position = s->rules->position;
    if (s->rules->count == 0 || is_exempt(x->a))
        return ERR_OK;
    e = look(x);
    for (size_t i = 0; i < s->hit_count && !s->counted; i++)
        temper(x, &s->hits[i]);
    s->counted = true;
    return e;
}

enum err automod_screen(struct core *c, const struct access *a, struct slice content,
                        struct arena *arena, struct automod_screening *s)
{
    struct screen x = {.core = c, .a = a, .arena = arena, .s = s};
    return screen(&x, content);
}

/* The change is done, so that failing to tell of it is not the member's trouble. */
void automod_renamed(struct core *c, const struct actor *by, const struct access *a,
                     const struct member *now, struct arena *arena)
{
    struct automod_screening s = {.position = 0};
    struct access named = *a;
    struct screen x = {.core = c, .a = &named, .arena = arena, .s = &s, .name_only = true};
    named.member = *now;
    named.channel = NULL;
    if (now->nick.data == NULL)
        return;
    enum err e = screen(&x, now->nick);
    if (e == ERR_OK && s.hit_count > 0)
        e = automod_refuse(c, by, &named, &s);
    if (e != ERR_OK && e != ERR_AUTOMOD_BLOCKED)
        log_warn(c->o.log, "automod", "a name was not told of", LOG_U("user_id", now->user.id.v),
                 LOG_S("error", err_info(e)->name));
    automod_screening_end(&s);
}

enum err automod_confirm(struct automod_screening *s, uint64_t automod_position)
{
    s->moved = s->position != automod_position;
    s->position = automod_position;
    return s->moved ? ERR_OVERLOADED : ERR_OK;
}

static enum err try_pass(struct core *c, const struct automod_gate *g, store_fn fn, void *ctx)
{
    struct automod_screening *s = g->screening;
    enum err e = automod_screen(c, g->a, g->content, g->arena, s);
    if (e != ERR_OK)
        return e;
    if (!s->blocked)
        return store_write(c->store, fn, ctx);
    if (g->refusal != NULL && s->custom_message.data != NULL)
        *g->refusal = arena_dup(g->arena, s->custom_message);
    return automod_refuse(c, g->by, g->a, s);
}

enum err automod_pass(struct core *c, const struct automod_gate *g, store_fn fn, void *ctx)
{
    enum err e = ERR_OK;
    for (int i = 0; i < AUTOMOD_TRIES; i++) {
        e = try_pass(c, g, fn, ctx);
        if (!g->screening->moved)
            break;
    }
    automod_screening_end(g->screening);
    return e;
}

void automod_screening_end(struct automod_screening *s)
{
    automod_rules_unref(&s->rules);
    s->hit_count = 0;
}
