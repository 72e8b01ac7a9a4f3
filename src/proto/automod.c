/* AutoMod rules as JSON. What is stored is what the API shows, so it is read back by the very
 * shapes that read the requests. */

#include "proto/automod.h"

#include "base/limits.h"
#include "proto/event_draft.h"
#include "wire/json_read.h"

enum {
    MENTION_LIMIT_DEFAULT = 20, /* as Discord's client proposes */
    /* A thousand keywords of 60 characters, each escaped, and as many allowed phrases. */
    TERMS_BYTES_MAX = 2 * 1024 * 1024
};

/* --- values of decoded bodies ------------------------------------------------------------------
 */

static bool take_texts(const struct body_array *from, struct arena *arena, const struct slice **out,
                       size_t *count)
{
    const struct body_text_item *items = from->items;
    *count = from->count;
    *out = NULL;
    if (from->count == 0)
        return true;
    struct slice *list = arena_array(arena, from->count, sizeof *list);
    for (size_t i = 0; list != NULL && i < from->count; i++)
        list[i] = items[i].value;
    *out = list;
    return list != NULL;
}

enum err proto_automod_take_terms(const struct body_automod_terms *from, struct arena *arena,
                                  struct automod_terms *out)
{
    const struct body_automod_preset *presets = from->presets.items;
    struct automod_terms t = {.mention_raid = from->mention_raid_protection_enabled,
                              .mention_limit = (uint32_t)from->mention_total_limit};
    bool limited = BODY_SENT(*from, BODY_AUTOMOD_MENTION_LIMIT) &&
                   !BODY_NULL(*from, BODY_AUTOMOD_MENTION_LIMIT);
    if (!limited)
        t.mention_limit = MENTION_LIMIT_DEFAULT;
    for (size_t i = 0; i < from->presets.count; i++)
        t.presets |= UINT32_C(1) << presets[i].value;
    if (!take_texts(&from->keyword_filter, arena, &t.keywords, &t.keyword_count) ||
        !take_texts(&from->regex_patterns, arena, &t.patterns, &t.pattern_count) ||
        !take_texts(&from->allow_list, arena, &t.allowed, &t.allowed_count))
        return ERR_NO_MEMORY;
    *out = t;
    return ERR_OK;
}

void proto_automod_take_actions(const struct body_array *from, struct automod_rule *out)
{
    const struct body_automod_action *items = from->items;
    out->action_count = from->count;
    for (size_t i = 0; i < from->count && i < AUTOMOD_ACTIONS_MAX; i++) {
        const struct body_automod_metadata *m = &items[i].metadata;
        out->actions[i] = (struct automod_action){
            .kind = (enum automod_action_kind)items[i].type,
            .channel = {m->channel_id},
            .duration_s = (uint32_t)m->duration_seconds,
        };
        if (m->custom_message.len > 0)
            out->actions[i].custom_message = m->custom_message;
    }
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void texts(struct json_writer *w, const char *key, const struct slice *list, size_t count)
{
    json_key(w, key);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_str(w, list[i]);
    json_array_end(w);
}

static void presets(struct json_writer *w, uint32_t bits)
{
    json_key(w, "presets");
    json_array_begin(w);
    for (unsigned n = 0; n < 32; n++)
        if (bits >> n & 1)
            json_u64(w, n);
    json_array_end(w);
}

void proto_automod_terms(struct json_writer *w, enum automod_trigger trigger,
                         const struct automod_terms *t)
{
    json_object_begin(w);
    switch (trigger) {
    case AUTOMOD_KEYWORD:
    case AUTOMOD_PROFILE:
        texts(w, "keyword_filter", t->keywords, t->keyword_count);
        texts(w, "regex_patterns", t->patterns, t->pattern_count);
        texts(w, "allow_list", t->allowed, t->allowed_count);
        break;
    case AUTOMOD_PRESET:
        presets(w, t->presets);
        texts(w, "allow_list", t->allowed, t->allowed_count);
        break;
    case AUTOMOD_MENTIONS:
        json_kv_u64(w, "mention_total_limit", t->mention_limit);
        json_kv_bool(w, "mention_raid_protection_enabled", t->mention_raid);
        break;
    case AUTOMOD_SPAM:
        break;
    }
    json_object_end(w);
}

void proto_automod_action(struct json_writer *w, const struct automod_action *a)
{
    json_object_begin(w);
    json_kv_u64(w, "type", (uint64_t)a->kind);
    json_key(w, "metadata");
    json_object_begin(w);
    if (a->kind == AUTOMOD_BLOCK && a->custom_message.data != NULL)
        json_kv_str(w, "custom_message", a->custom_message);
    if (a->kind == AUTOMOD_ALERT)
        json_kv_id(w, "channel_id", a->channel.v);
    if (a->kind == AUTOMOD_TIMEOUT)
        json_kv_u64(w, "duration_seconds", a->duration_s);
    json_object_end(w);
    json_object_end(w);
}

void proto_automod_actions(struct json_writer *w, const struct automod_rule *r)
{
    json_array_begin(w);
    for (size_t i = 0; i < r->action_count; i++)
        proto_automod_action(w, &r->actions[i]);
    json_array_end(w);
}

/* Ends what was written to `out`. */
static struct slice text_of(struct buf *out, struct arena *arena)
{
    struct slice made = out->failed ? (struct slice){NULL, 0} : arena_dup(arena, buf_slice(out));
    buf_deinit(out);
    return made;
}

struct slice proto_automod_terms_text(const struct automod_rule *r, struct arena *arena)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, MEM_CORE, TERMS_BYTES_MAX);
    json_begin(&w, &out);
    proto_automod_terms(&w, r->trigger, &r->terms);
    return text_of(&out, arena);
}

struct slice proto_automod_actions_text(const struct automod_rule *r, struct arena *arena)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, MEM_CORE, TERMS_BYTES_MAX);
    json_begin(&w, &out);
    proto_automod_actions(&w, r);
    return text_of(&out, arena);
}

static void rule_keys(struct json_writer *w, const struct automod_rule *r)
{
    json_kv_id(w, "id", r->id.v);
    json_kv_id(w, "guild_id", r->guild.v);
    json_kv_id(w, "creator_id", r->creator.v);
    json_kv_str(w, "name", r->name);
    json_kv_u64(w, "event_type", (uint64_t)r->event);
    json_kv_u64(w, "trigger_type", (uint64_t)r->trigger);
    json_key(w, "trigger_metadata");
    proto_automod_terms(w, r->trigger, &r->terms);
    json_key(w, "actions");
    proto_automod_actions(w, r);
    json_kv_bool(w, "enabled", r->enabled);
    json_key(w, "exempt_roles");
    json_array_begin(w);
    for (size_t i = 0; i < r->exempt_role_count; i++)
        json_id(w, r->exempt_roles[i].v);
    json_array_end(w);
    json_key(w, "exempt_channels");
    json_array_begin(w);
    for (size_t i = 0; i < r->exempt_channel_count; i++)
        json_id(w, r->exempt_channels[i].v);
    json_array_end(w);
}

void proto_automod_rule(struct json_writer *w, const struct automod_rule *r)
{
    json_object_begin(w);
    rule_keys(w, r);
    json_object_end(w);
}

/* --- reading back ------------------------------------------------------------------------------
 */

/* Strings of the tree die with it; what is kept is copied. */
static bool keep(struct automod_rule *r, struct arena *arena)
{
    struct automod_rule copy;
    if (!automod_rule_copy(r, arena, &copy))
        return false;
    *r = copy;
    return true;
}

static enum err read_terms(const json_t *root, struct arena *arena, struct automod_rule *out)
{
    struct body_automod_terms body = {0};
    struct form_errors *errors = form_errors_new(arena);
    if (errors == NULL)
        return ERR_NO_MEMORY;
    enum err e = body_decode(&SHAPE_AUTOMOD_TERMS, root, arena, &body, errors);
    if (e == ERR_OK)
        e = proto_automod_take_terms(&body, arena, &out->terms);
    return e == ERR_INVALID_FORM ? ERR_STORE : e;
}

static enum err read_actions(const json_t *root, struct arena *arena, struct automod_rule *out)
{
    struct body_automod_action *list = arena_array(arena, AUTOMOD_ACTIONS_MAX, sizeof *list);
    struct form_errors *errors = form_errors_new(arena);
    size_t count = json_array_size(root);
    if (list == NULL || errors == NULL)
        return ERR_NO_MEMORY;
    if (!json_is_array(root) || count > AUTOMOD_ACTIONS_MAX)
        return ERR_STORE;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = body_decode(&SHAPE_AUTOMOD_ACTION, json_array_get(root, i), arena, &list[i], errors);
    if (e == ERR_OK)
        proto_automod_take_actions(&(struct body_array){list, count}, out);
    return e == ERR_INVALID_FORM ? ERR_STORE : e;
}

enum err proto_automod_read(struct slice terms, struct slice actions, struct arena *arena,
                            struct automod_rule *out)
{
    json_t *terms_root = NULL;
    json_t *actions_root = NULL;
    enum err e = json_read(terms, LIMIT_JSON_DEPTH, &terms_root);
    if (e == ERR_OK)
        e = json_read(actions, LIMIT_JSON_DEPTH, &actions_root);
    if (e == ERR_OK)
        e = read_terms(terms_root, arena, out);
    if (e == ERR_OK)
        e = read_actions(actions_root, arena, out);
    if (e == ERR_OK && !keep(out, arena))
        e = ERR_NO_MEMORY;
    json_decref(terms_root);
    json_decref(actions_root);
    return e == ERR_INVALID_JSON ? ERR_STORE : e;
}

/* --- events ------------------------------------------------------------------------------------
 */

struct event *event_automod_rule(enum event_kind kind, const struct automod_rule *r, uint64_t actor)
{
    struct event *e = event_of_guild(kind, r->guild, r->id.v, actor);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, kind);
    rule_keys(&d.w, r);
    return event_with_payload(e, &d);
}

/* `blank`: for sessions without the MESSAGE_CONTENT intent. */
static void execution_keys(struct json_writer *w, const struct automod_execution *x, bool blank)
{
    struct slice nothing = SLICE("");
    json_kv_id(w, "guild_id", x->guild.v);
    json_key(w, "action");
    proto_automod_action(w, x->action);
    json_kv_id(w, "rule_id", x->rule.v);
    json_kv_u64(w, "rule_trigger_type", (uint64_t)x->trigger);
    json_kv_id(w, "user_id", x->user.v);
    if (x->channel.v != 0)
        json_kv_id(w, "channel_id", x->channel.v);
    if (x->message.v != 0)
        json_kv_id(w, "message_id", x->message.v);
    if (x->alert.v != 0)
        json_kv_id(w, "alert_system_message_id", x->alert.v);
    json_kv_str(w, "content", blank ? nothing : x->content);
    json_kv_str_or_null(w, "matched_keyword", x->match.keyword);
    json_kv_str_or_null(w, "matched_content", blank ? nothing : x->match.content);
}

static struct bytes *execution_payload(const struct automod_execution *x, bool blank)
{
    struct event_draft d;
    event_draft_begin(&d, EVENT_AUTO_MODERATION_ACTION_EXECUTION);
    execution_keys(&d.w, x, blank);
    return event_draft_end(&d);
}

struct event *event_automod_execution(const struct automod_execution *x)
{
    struct event *e =
        event_of_guild(EVENT_AUTO_MODERATION_ACTION_EXECUTION, x->guild, x->rule.v, x->user.v);
    if (e == NULL)
        return NULL;
    e->payload = execution_payload(x, false);
    e->payload_blank = execution_payload(x, true);
    if (e->payload == NULL || e->payload_blank == NULL)
        event_unref(&e);
    return e;
}

/* --- the alert ---------------------------------------------------------------------------------
 */

static void alert_field(struct json_writer *w, const char *name, struct slice value)
{
    if (value.data == NULL)
        return;
    json_object_begin(w);
    json_kv_cstr(w, "name", name);
    json_kv_str(w, "value", value);
    json_kv_bool(w, "inline", false);
    json_object_end(w);
}

static void alert_number(struct json_writer *w, const char *name, uint64_t value)
{
    char digits[SLICE_U64_DIGITS];
    if (value != 0)
        alert_field(w, name, slice_of(digits, slice_put_u64(digits, value)));
}

void proto_automod_alert(struct json_writer *w, const struct automod_execution *x,
                         struct slice rule_name, uint32_t untold)
{
    json_array_begin(w);
    json_object_begin(w);
    json_kv_cstr(w, "type", "auto_moderation_message");
    json_kv_str(w, "description", x->content);
    json_key(w, "fields");
    json_array_begin(w);
    alert_field(w, "rule_name", rule_name);
    alert_number(w, "channel_id", x->channel.v);
    alert_number(w, "flagged_message_id", x->message.v);
    alert_field(w, "decision_outcome", x->message.v == 0 ? SLICE("blocked") : SLICE("flagged"));
    alert_field(w, "keyword", x->match.keyword);
    alert_field(w, "keyword_matched_content", x->match.content);
    alert_number(w, "blocked_before", untold);
    json_array_end(w);
    json_object_end(w);
    json_array_end(w);
}
