/* Audit log entries. Changes are compared here, so that callers name every field they may have
 * changed and only what did change is told. */

#include "proto/audit.h"

#include "proto/event_draft.h"

enum { NOTE_BYTES_MAX = 256 * 1024 };

void audit_note_init(struct audit_note *n)
{
    *n = (struct audit_note){0};
    buf_init(&n->changes, MEM_CORE, NOTE_BYTES_MAX);
    buf_init(&n->options, MEM_CORE, NOTE_BYTES_MAX);
    json_begin(&n->changes_w, &n->changes);
    json_array_begin(&n->changes_w);
    json_begin(&n->options_w, &n->options);
    json_object_begin(&n->options_w);
}

void audit_note_deinit(struct audit_note *n)
{
    buf_deinit(&n->changes);
    buf_deinit(&n->options);
}

static struct json_writer *change_begin(struct audit_note *n, const char *key)
{
    n->any_change = true;
    json_object_begin(&n->changes_w);
    json_kv_cstr(&n->changes_w, "key", key);
    return &n->changes_w;
}

static bool same(struct slice a, struct slice b)
{
    return (a.data == NULL) == (b.data == NULL) && slice_eq(a, b);
}

void audit_text(struct audit_note *n, const char *key, struct slice before, struct slice after)
{
    if (same(before, after))
        return;
    struct json_writer *w = change_begin(n, key);
    if (before.data != NULL)
        json_kv_str(w, "old_value", before);
    if (after.data != NULL)
        json_kv_str(w, "new_value", after);
    json_object_end(w);
}

void audit_number(struct audit_note *n, const char *key, int64_t before, int64_t after)
{
    if (before == after)
        return;
    struct json_writer *w = change_begin(n, key);
    json_kv_i64(w, "old_value", before);
    json_kv_i64(w, "new_value", after);
    json_object_end(w);
}

void audit_flag(struct audit_note *n, const char *key, bool before, bool after)
{
    if (before == after)
        return;
    struct json_writer *w = change_begin(n, key);
    json_kv_bool(w, "old_value", before);
    json_kv_bool(w, "new_value", after);
    json_object_end(w);
}

void audit_id(struct audit_note *n, const char *key, uint64_t before, uint64_t after)
{
    if (before == after)
        return;
    struct json_writer *w = change_begin(n, key);
    if (before != 0)
        json_kv_id(w, "old_value", before);
    if (after != 0)
        json_kv_id(w, "new_value", after);
    json_object_end(w);
}

void audit_bits(struct audit_note *n, const char *key, uint64_t before, uint64_t after)
{
    if (before == after)
        return;
    struct json_writer *w = change_begin(n, key);
    json_kv_id(w, "old_value", before);
    json_kv_id(w, "new_value", after);
    json_object_end(w);
}

void audit_json(struct audit_note *n, const char *key, struct slice before, struct slice after)
{
    if (same(before, after))
        return;
    struct json_writer *w = change_begin(n, key);
    if (before.data != NULL) {
        json_key(w, "old_value");
        json_raw(w, before);
    }
    if (after.data != NULL) {
        json_key(w, "new_value");
        json_raw(w, after);
    }
    json_object_end(w);
}

static const char *side(bool is_new)
{
    return is_new ? "new_value" : "old_value";
}

void audit_text_only(struct audit_note *n, const char *key, struct slice value, bool is_new)
{
    if (value.data == NULL)
        return;
    struct json_writer *w = change_begin(n, key);
    json_kv_str(w, side(is_new), value);
    json_object_end(w);
}

void audit_number_only(struct audit_note *n, const char *key, int64_t value, bool is_new)
{
    struct json_writer *w = change_begin(n, key);
    json_kv_i64(w, side(is_new), value);
    json_object_end(w);
}

void audit_flag_only(struct audit_note *n, const char *key, bool value, bool is_new)
{
    struct json_writer *w = change_begin(n, key);
    json_kv_bool(w, side(is_new), value);
    json_object_end(w);
}

void audit_bits_only(struct audit_note *n, const char *key, uint64_t value, bool is_new)
{
    struct json_writer *w = change_begin(n, key);
    json_kv_id(w, side(is_new), value);
    json_object_end(w);
}

void audit_role(struct audit_note *n, const char *key, uint64_t role, struct slice name)
{
    struct json_writer *w = change_begin(n, key);
    json_key(w, "new_value");
    json_array_begin(w);
    json_object_begin(w);
    json_kv_str(w, "name", name);
    json_kv_id(w, "id", role);
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
}

void audit_option_id(struct audit_note *n, const char *key, uint64_t value)
{
    n->any_option = true;
    json_kv_id(&n->options_w, key, value);
}

void audit_option_text(struct audit_note *n, const char *key, struct slice value)
{
    n->any_option = true;
    json_kv_str(&n->options_w, key, value);
}

void audit_option_number(struct audit_note *n, const char *key, uint64_t value)
{
    audit_option_id(n, key, value);
}

bool audit_note_end(struct audit_note *n, struct slice *changes, struct slice *options)
{
    json_array_end(&n->changes_w);
    json_object_end(&n->options_w);
    *changes = n->any_change ? buf_slice(&n->changes) : (struct slice){NULL, 0};
    *options = n->any_option ? buf_slice(&n->options) : (struct slice){NULL, 0};
    return !n->changes.failed && !n->options.failed;
}

void proto_audit_entry_keys(struct json_writer *w, const struct audit_entry *e)
{
    json_kv_id(w, "id", e->id);
    json_kv_id_or_null(w, "user_id", e->user);
    json_kv_id_or_null(w, "target_id", e->target);
    json_kv_u64(w, "action_type", (uint64_t)e->action);
    if (e->changes.data != NULL) {
        json_key(w, "changes");
        json_raw(w, e->changes);
    }
    if (e->options.data != NULL) {
        json_key(w, "options");
        json_raw(w, e->options);
    }
    if (e->reason.data != NULL)
        json_kv_str(w, "reason", e->reason);
}

void proto_audit_entry(struct json_writer *w, const struct audit_entry *e)
{
    json_object_begin(w);
    proto_audit_entry_keys(w, e);
    json_object_end(w);
}

struct event *event_audit_entry(const struct audit_entry *e)
{
    struct event *made =
        event_of_guild(EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, e->guild, e->id, e->user);
    struct event_draft d;
    if (made == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    proto_audit_entry_keys(&d.w, e);
    json_kv_id(&d.w, "guild_id", e->guild.v);
    return event_with_payload(made, &d);
}
