/* What the audit log says of AutoMod rules. Lists of a thousand words are told by what was added
 * and removed ("$add_keyword_filter" ..., docs, "Audit Log Change Key"), and of that AUDITED_MAX at
 * most. */

#include "core/automod_priv.h"
#include "proto/audit.h"
#include "proto/automod.h"

enum { VALUE_BYTES_MAX = 64 * 1024, AUDITED_MAX = 100 };

static bool contains(const struct slice *list, size_t count, struct slice text)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(list[i], text))
            return true;
    return false;
}

struct words {
    const struct slice *list;
    size_t count;
};

/* The words of `some` that `others` does not have, as the value of a change; nothing if none. */
static void audit_difference(struct audit_note *n, const char *key, struct words some,
                             struct words others)
{
    struct buf out;
    struct json_writer w;
    size_t named = 0;
    buf_init(&out, MEM_CORE, VALUE_BYTES_MAX);
    json_begin(&w, &out);
    json_array_begin(&w);
    for (size_t i = 0; i < some.count && named < AUDITED_MAX; i++) {
        if (contains(others.list, others.count, some.list[i]))
            continue;
        json_str(&w, some.list[i]);
        named++;
    }
    json_array_end(&w);
    if (named > 0 && !out.failed)
        audit_json(n, key, (struct slice){NULL, 0}, buf_slice(&out));
    buf_deinit(&out);
}

static void audit_words(struct audit_note *n, const char *added, const char *removed,
                        struct words before, struct words after)
{
    audit_difference(n, added, after, before);
    audit_difference(n, removed, before, after);
}

static void audit_terms(struct audit_note *n, const struct automod_terms *b,
                        const struct automod_terms *a)
{
    audit_words(n, "$add_keyword_filter", "$remove_keyword_filter",
                (struct words){b->keywords, b->keyword_count},
                (struct words){a->keywords, a->keyword_count});
    audit_words(n, "$add_regex_patterns", "$remove_regex_patterns",
                (struct words){b->patterns, b->pattern_count},
                (struct words){a->patterns, a->pattern_count});
    audit_words(n, "$add_allow_list", "$remove_allow_list",
                (struct words){b->allowed, b->allowed_count},
                (struct words){a->allowed, a->allowed_count});
    audit_number(n, "presets", b->presets, a->presets);
    audit_number(n, "mention_total_limit", b->mention_limit, a->mention_limit);
    audit_flag(n, "mention_raid_protection_enabled", b->mention_raid, a->mention_raid);
}

static struct slice ids_json(const uint64_t *ids, size_t count, struct arena *arena)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, MEM_CORE, VALUE_BYTES_MAX);
    json_begin(&w, &out);
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++)
        json_id(&w, ids[i]);
    json_array_end(&w);
    struct slice made = out.failed ? (struct slice){NULL, 0} : arena_dup(arena, buf_slice(&out));
    buf_deinit(&out);
    return made;
}

static struct slice roles_json(const struct automod_rule *r, struct arena *arena)
{
    return ids_json((const uint64_t *)(const void *)r->exempt_roles, r->exempt_role_count, arena);
}

static struct slice channels_json(const struct automod_rule *r, struct arena *arena)
{
    return ids_json((const uint64_t *)(const void *)r->exempt_channels, r->exempt_channel_count,
                    arena);
}

/* A rule that begins or ends is told by what names it. */
void automod_audit_whole(struct audit_note *n, const struct automod_rule *r, bool is_new)
{
    audit_text_only(n, "name", r->name, is_new);
    audit_number_only(n, "trigger_type", (int64_t)r->trigger, is_new);
    audit_number_only(n, "event_type", (int64_t)r->event, is_new);
    audit_flag_only(n, "enabled", r->enabled, is_new);
}

void automod_audit_edit(struct audit_note *n, const struct automod_rule *b,
                        const struct automod_rule *a, struct arena *scratch)
{
    audit_text(n, "name", b->name, a->name);
    audit_number(n, "event_type", (int64_t)b->event, (int64_t)a->event);
    audit_flag(n, "enabled", b->enabled, a->enabled);
    audit_terms(n, &b->terms, &a->terms);
    audit_json(n, "actions", proto_automod_actions_text(b, scratch),
               proto_automod_actions_text(a, scratch));
    audit_json(n, "exempt_roles", roles_json(b, scratch), roles_json(a, scratch));
    audit_json(n, "exempt_channels", channels_json(b, scratch), channels_json(a, scratch));
}
