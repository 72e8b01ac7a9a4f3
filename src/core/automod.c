/*
 * AutoMod rules: making, changing and deleting them. What a draft says by itself (patterns that are
 * none, keywords of nothing but stars) is checked before the transaction; what depends on the
 * rule's trigger, which an edit does not name, inside. Whoever changes the rules moves the guild's
 * automod_position to the event that tells of it, which is how screening notices.
 */

#include <string.h>

#include "base/limits.h"
#include "base/regex.h"
#include "core/audit.h"
#include "core/automod_priv.h"
#include "proto/automod.h"

enum { RULES_BYTES_MAX = 16 * 1024 * 1024, WHY_BYTES = 160 };

enum err automod_rule_of(const struct automod_row *row, struct arena *arena,
                         struct automod_rule *out)
{
    struct automod_rule r = {.id = row->id,
                             .guild = row->guild,
                             .creator = row->creator,
                             .name = row->name,
                             .event = (enum automod_event)row->event,
                             .trigger = (enum automod_trigger)row->trigger,
                             .enabled = row->enabled,
                             .exempt_roles = row->exempt_roles,
                             .exempt_role_count = row->exempt_role_count,
                             .exempt_channels = row->exempt_channels,
                             .exempt_channel_count = row->exempt_channel_count};
    enum err e = proto_automod_read(row->terms, row->actions, arena, &r);
    if (e == ERR_OK)
        *out = r;
    return e;
}

/* --- what a rule may say -----------------------------------------------------------------------
 */

struct change {
    const struct actor *by;
    const struct access *a;
    struct rule_id id; /* 0: a new one */
    const struct automod_draft *d;
    struct arena *arena;  /* results */
    struct arena scratch; /* of one run of the closure */
    struct draft_problem problem;
    struct automod_rule before;
    struct automod_rule rule;
};

static enum err invalid(struct change *x, const char *field, const char *code, const char *message)
{
    x->problem = (struct draft_problem){field, code, message};
    return ERR_INVALID_FORM;
}

static enum err invalid_at(struct change *x, const char *list, size_t index, const char *code,
                           const char *message)
{
    const char *path = arena_printf(x->arena, "trigger_metadata.%s.%zu", list, index);
    const char *text = arena_printf(x->arena, "%s", message);
    return path == NULL || text == NULL ? ERR_NO_MEMORY : invalid(x, path, code, text);
}

static enum err check_keywords(struct change *x, const char *name, const struct slice *list,
                               size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!automod_keyword_valid(list[i]))
            return invalid_at(x, name, i, "AUTO_MODERATION_INVALID_KEYWORD",
                              "Must have more than wildcards.");
    return ERR_OK;
}

static enum err check_patterns(struct change *x, const struct automod_terms *terms)
{
    struct regex_set *set = NULL;
    size_t bad = 0;
    char why[WHY_BYTES] = "";
    enum err e = regex_set_new(terms->patterns, terms->pattern_count, REGEX_CASELESS, &set, &bad,
                               why, sizeof why);
    regex_set_free(&set);
    if (e == ERR_INVALID_FORM)
        e = invalid_at(x, "regex_patterns", bad, "AUTO_MODERATION_INVALID_REGEX", why);
    return e;
}

static enum err check_terms(struct change *x)
{
    const struct automod_terms *t = &x->d->rule.terms;
    if (!(x->d->parts & AUTOMOD_PART_TERMS))
        return ERR_OK;
    enum err e = check_keywords(x, "keyword_filter", t->keywords, t->keyword_count);
    if (e == ERR_OK)
        e = check_keywords(x, "allow_list", t->allowed, t->allowed_count);
    return e == ERR_OK ? check_patterns(x, t) : e;
}

/* The channel of the rule as it was may be hidden from whoever changes something else. */
static bool was_alerted(const struct change *x, struct channel_id id)
{
    for (size_t i = 0; i < x->before.action_count; i++)
        if (x->before.actions[i].kind == AUTOMOD_ALERT && x->before.actions[i].channel.v == id.v)
            return true;
    return false;
}

/* Nobody has messages written where they do not see them; and what is there is not told. */
static bool takes_alerts(const struct change *x, struct channel_id id, int64_t now_ms)
{
    const struct access *a = x->a;
    const struct channel *c = guild_view_channel(a->view, id);
    if (c == NULL || (c->type != CHANNEL_TYPE_TEXT && c->type != CHANNEL_TYPE_ANNOUNCEMENT))
        return false;
    return was_alerted(x, id) || permissions_visible(a->view, &a->subject, c, now_ms);
}

static enum err check_action(struct change *x, const struct automod_rule *r, size_t index,
                             int64_t now_ms)
{
    const struct automod_action *action = &r->actions[index];
    if (!automod_action_fits(r->trigger, action->kind))
        return invalid(x, "actions", "AUTO_MODERATION_INVALID_ACTION_TYPE",
                       "A rule of this trigger cannot have this action.");
    for (size_t i = 0; i < index; i++)
        if (r->actions[i].kind == action->kind)
            return invalid(x, "actions", "AUTO_MODERATION_DUPLICATE_ACTION",
                           "Only one action of each type.");
    if (action->kind == AUTOMOD_ALERT && !takes_alerts(x, action->channel, now_ms))
        return invalid(x, "actions", "AUTO_MODERATION_INVALID_CHANNEL",
                       "channel_id must be a text channel of the guild.");
    if (action->kind != AUTOMOD_TIMEOUT)
        return ERR_OK;
    if (action->duration_s == 0)
        return invalid(x, "actions", "NUMBER_TYPE_MIN",
                       "duration_seconds should be greater than or equal to 1.");
    /* Who could not do it by hand does not have it done. */
    bool may = (permissions_base(x->a->view, &x->a->subject) &
                (PERMISSION_MODERATE_MEMBERS | PERMISSION_ADMINISTRATOR)) != 0;
    return may ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

static enum err check_rule(struct change *x, const struct automod_rule *r, int64_t now_ms)
{
    bool profile = r->trigger == AUTOMOD_PROFILE;
    if (profile != (r->event == AUTOMOD_EVENT_MEMBER_UPDATE))
        return invalid(x, "event_type", "AUTO_MODERATION_INVALID_EVENT_TYPE",
                       "A rule of this trigger cannot have this event.");
    if (r->action_count == 0)
        return invalid(x, "actions", "BASE_TYPE_REQUIRED", "This field is required");
    for (size_t i = 0; i < r->action_count; i++) {
        enum err e = check_action(x, r, i, now_ms);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void apply(const struct automod_draft *d, struct automod_rule *r)
{
    const struct automod_rule *from = &d->rule;
    if (d->parts & AUTOMOD_PART_NAME)
        r->name = from->name;
    if (d->parts & AUTOMOD_PART_EVENT)
        r->event = from->event;
    if (d->parts & AUTOMOD_PART_TERMS)
        r->terms = from->terms;
    if (d->parts & AUTOMOD_PART_ENABLED)
        r->enabled = from->enabled;
    if (d->parts & AUTOMOD_PART_ACTIONS) {
        memcpy(r->actions, from->actions, sizeof r->actions);
        r->action_count = from->action_count;
    }
    if (d->parts & AUTOMOD_PART_ROLES) {
        r->exempt_roles = from->exempt_roles;
        r->exempt_role_count = from->exempt_role_count;
    }
    if (d->parts & AUTOMOD_PART_CHANNELS) {
        r->exempt_channels = from->exempt_channels;
        r->exempt_channel_count = from->exempt_channel_count;
    }
}

static enum err row_of(const struct automod_rule *r, struct arena *arena, struct automod_row *out)
{
    *out = (struct automod_row){.id = r->id,
                                .guild = r->guild,
                                .creator = r->creator,
                                .event = (int)r->event,
                                .trigger = (int)r->trigger,
                                .enabled = r->enabled,
                                .name = r->name,
                                .terms = proto_automod_terms_text(r, arena),
                                .actions = proto_automod_actions_text(r, arena),
                                .exempt_roles = r->exempt_roles,
                                .exempt_role_count = r->exempt_role_count,
                                .exempt_channels = r->exempt_channels,
                                .exempt_channel_count = r->exempt_channel_count};
    return out->terms.data == NULL || out->actions.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* Announces the change: the next event of the stream is the rule's. Of a deletion the log keeps
 * what its payload is made of when it is read back. */
static enum err announce(struct tx *tx, struct change *x, enum event_kind kind,
                         const struct automod_rule *r)
{
    uint64_t head;
    char delta[AUTOMOD_DELTA_MAX];
    struct slice kept =
        kind == EVENT_AUTO_MODERATION_RULE_DELETE ? automod_delta(r, delta) : LOG_NONE;
    enum err e = tx_stream_head(tx, core_guild_stream(r->guild), &head);
    if (e == ERR_OK)
        e = automod_rules_set_position(tx_sql(tx), r->guild, head + 1);
    if (e == ERR_OK)
        e = core_emit_delta(tx, event_automod_rule(kind, r, x->by->who->user.v), x->by, kept);
    return e;
}

/* --- the audit log -----------------------------------------------------------------------------
 */

static enum err audit(struct tx *tx, struct change *x, enum audit_action action)
{
    struct audit_note note;
    audit_note_init(&note);
    if (action == AUDIT_AUTOMOD_RULE_UPDATE)
        automod_audit_edit(&note, &x->before, &x->rule, &x->scratch);
    else
        automod_audit_whole(&note, &x->rule, action == AUDIT_AUTOMOD_RULE_CREATE);
    audit_option_text(&note, "auto_moderation_rule_name", x->rule.name);
    audit_option_number(&note, "auto_moderation_rule_trigger_type", (uint64_t)x->rule.trigger);
    enum err e = audit_write(tx, x->by, x->rule.guild, action, x->rule.id.v, &note);
    audit_note_deinit(&note);
    return e;
}

/* --- the use-cases -----------------------------------------------------------------------------
 */

static enum err check_room(struct tx *tx, struct change *x)
{
    struct automod_row *rows = NULL;
    size_t count = 0;
    unsigned same = 0;
    enum err e = automod_rules_of_guild(tx_sql(tx), x->rule.guild, &x->scratch, &rows, &count);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++)
        same += rows[i].trigger == (int)x->rule.trigger;
    return same >= automod_rules_max(x->rule.trigger) ? ERR_MAX_AUTOMOD_RULES : ERR_OK;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    struct automod_row row;
    arena_reset(&x->scratch);
    x->rule = (struct automod_rule){
        .guild = x->a->view->guild.id, .creator = x->by->who->user, .trigger = x->d->rule.trigger};
    apply(x->d, &x->rule);
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = check_rule(x, &x->rule, tx_now_ms(tx));
    if (e == ERR_OK)
        e = check_room(tx, x);
    if (e != ERR_OK)
        return e;
    x->rule.id.v = tx_id(tx);
    e = row_of(&x->rule, &x->scratch, &row);
    if (e == ERR_OK)
        e = automod_rules_insert(tx_sql(tx), &row);
    if (e == ERR_OK)
        e = announce(tx, x, EVENT_AUTO_MODERATION_RULE_CREATE, &x->rule);
    return e == ERR_OK ? audit(tx, x, AUDIT_AUTOMOD_RULE_CREATE) : e;
}

static enum err find(struct tx *tx, struct change *x)
{
    struct automod_row row;
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = automod_rules_find(tx_sql(tx), x->a->view->guild.id, x->id, &x->scratch, &row);
    if (e == ERR_OK)
        e = automod_rule_of(&row, &x->scratch, &x->before);
    if (e == ERR_OK)
        x->rule = x->before;
    return e;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    struct automod_row row;
    arena_reset(&x->scratch);
    enum err e = find(tx, x);
    if (e != ERR_OK)
        return e;
    apply(x->d, &x->rule);
    e = check_rule(x, &x->rule, tx_now_ms(tx));
    if (e == ERR_OK)
        e = row_of(&x->rule, &x->scratch, &row);
    if (e == ERR_OK)
        e = automod_rules_update(tx_sql(tx), &row);
    if (e == ERR_OK)
        e = announce(tx, x, EVENT_AUTO_MODERATION_RULE_UPDATE, &x->rule);
    return e == ERR_OK ? audit(tx, x, AUDIT_AUTOMOD_RULE_UPDATE) : e;
}

static enum err erase(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    arena_reset(&x->scratch);
    enum err e = find(tx, x);
    if (e == ERR_OK)
        e = automod_rules_delete(tx_sql(tx), x->rule.guild, x->id);
    if (e == ERR_OK)
        e = announce(tx, x, EVENT_AUTO_MODERATION_RULE_DELETE, &x->rule);
    return e == ERR_OK ? audit(tx, x, AUDIT_AUTOMOD_RULE_DELETE) : e;
}

static enum err run(struct core *c, struct change *x, store_fn fn, struct automod_rule *out)
{
    if (!permissions_meet(x->a->permissions, PERMISSION_MANAGE_GUILD))
        return ERR_MISSING_PERMISSIONS;
    arena_init(&x->scratch, MEM_CORE, RULES_BYTES_MAX);
    enum err e = store_write(c->store, fn, x);
    if (e == ERR_OK && out != NULL && !automod_rule_copy(&x->rule, x->arena, out))
        e = ERR_NO_MEMORY;
    arena_deinit(&x->scratch);
    return e;
}

enum err automod_rule_create(struct core *c, const struct actor *by, const struct access *a,
                             const struct automod_draft *d, struct arena *arena,
                             struct automod_rule *out, struct draft_problem *problem)
{
    struct change x = {.by = by, .a = a, .d = d, .arena = arena};
    enum err e = check_terms(&x);
    if (e == ERR_OK)
        e = run(c, &x, create, out);
    if (e == ERR_INVALID_FORM)
        *problem = x.problem;
    return e;
}

enum err automod_rule_edit(struct core *c, const struct actor *by, const struct access *a,
                           struct rule_id id, const struct automod_draft *d, struct arena *arena,
                           struct automod_rule *out, struct draft_problem *problem)
{
    struct change x = {.by = by, .a = a, .id = id, .d = d, .arena = arena};
    enum err e = check_terms(&x);
    if (e == ERR_OK)
        e = run(c, &x, edit, out);
    if (e == ERR_INVALID_FORM)
        *problem = x.problem;
    return e;
}

enum err automod_rule_delete(struct core *c, const struct actor *by, const struct access *a,
                             struct rule_id id)
{
    struct change x = {.by = by, .a = a, .id = id};
    return run(c, &x, erase, NULL);
}

struct rules_read {
    struct guild_id guild;
    struct rule_id id; /* 0: all of them */
    struct arena *arena;
    struct automod_rule *rules;
    size_t count;
};

static enum err read_rows(struct tx *tx, struct rules_read *x, struct automod_row **rows)
{
    if (x->id.v == 0)
        return automod_rules_of_guild(tx_sql(tx), x->guild, x->arena, rows, &x->count);
    *rows = arena_zalloc(x->arena, sizeof **rows);
    x->count = 1;
    return *rows == NULL ? ERR_NO_MEMORY
                         : automod_rules_find(tx_sql(tx), x->guild, x->id, x->arena, *rows);
}

static enum err read_rules(struct tx *tx, void *ctx)
{
    struct rules_read *x = ctx;
    struct automod_row *rows = NULL;
    enum err e = read_rows(tx, x, &rows);
    if (e != ERR_OK)
        return e;
    x->rules = arena_array(x->arena, x->count + 1, sizeof *x->rules);
    if (x->rules == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = automod_rule_of(&rows[i], x->arena, &x->rules[i]);
    return e;
}

enum err automod_rule_get(struct core *c, const struct access *a, struct rule_id id,
                          struct arena *arena, struct automod_rule *out)
{
    struct rules_read x = {.guild = a->view->guild.id, .id = id, .arena = arena};
    enum err e = id.v == 0 ? ERR_UNKNOWN_AUTOMOD_RULE : store_read(c->store, read_rules, &x);
    if (e == ERR_OK)
        *out = x.rules[0];
    return e;
}

enum err automod_rule_list(struct core *c, const struct access *a, struct arena *arena,
                           struct automod_rule **out, size_t *count)
{
    struct rules_read x = {.guild = a->view->guild.id, .arena = arena};
    enum err e = store_read(c->store, read_rules, &x);
    if (e != ERR_OK)
        return e;
    *out = x.rules;
    *count = x.count;
    return ERR_OK;
}
