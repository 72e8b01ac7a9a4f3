/*
 * What READY has for people beside their guilds. Its shape follows what the client says that it can
 * read: the same users are in direct messages, relations and members, and are named once where the
 * client can put them together.
 */
#include <string.h>

#include "base/map.h"
#include "crypto/sha256.h"
#include "gateway/presence.h"
#include "gateway/ready_priv.h"
#include "gateway/voice_list.h"
#include "proto/dm.h"
#include "proto/notification_settings.h"
#include "proto/read_state.h"
#include "proto/relationship.h"
#include "proto/user.h"
#include "wire/base64.h"

/* ---- users, once ---- */

struct user_set {
    struct json_writer *w;
    struct map seen;
};

static void write_user(struct user_set *x, const struct user *u)
{
    if (map_get(&x->seen, u->id.v) != NULL)
        return;
    if (!map_put(&x->seen, u->id.v, x))
        x->w->out->failed = true;
    proto_user(x->w, u);
}

static size_t object_end(struct slice text);

/* Whose voice state is in one of the guilds; the object begins with the user. */
static void write_voice_user(void *ctx, uint64_t user, struct slice member)
{
    struct user_set *x = ctx;
    struct slice before = SLICE("{\"user\":");
    if (map_get(&x->seen, user) != NULL || !slice_starts_with(member, before))
        return;
    if (!map_put(&x->seen, user, x))
        x->w->out->failed = true;
    struct slice rest = slice_of(member.data + before.len, member.len - before.len);
    json_raw(x->w, slice_of(rest.data, object_end(rest)));
}

/* Everybody who is named elsewhere by no more than an id. */
static void write_users(struct json_writer *w, const struct session *s,
                        const struct session_load *load)
{
    const struct session_people *p = &load->snapshot.people;
    struct user_set x = {.w = w};
    size_t max = LIMIT_OPEN_DMS * 16 + LIMIT_RELATIONSHIPS + 1 +
                 (size_t)s->link_count * LIMIT_GUILD_VOICE_STATES;
    map_init(&x.seen, MEM_GATEWAY, max, load->who.user.v);
    json_key(w, "users");
    json_array_begin(w);
    write_user(&x, &load->snapshot.user);
    for (size_t i = 0; i < p->dm_count; i++)
        for (size_t k = 0; k < p->dms[i].recipient_count; k++)
            write_user(&x, &p->dms[i].recipients[k]);
    for (size_t i = 0; i < p->relationship_count; i++)
        write_user(&x, &p->relationships[i].other);
    for (uint32_t i = 0; i < s->link_count; i++)
        voice_list_each_member(s->links[i], write_voice_user, &x);
    json_array_end(w);
    map_deinit(&x.seen);
}

/* Where the object at the beginning of the text ends. */
static size_t object_end(struct slice text)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == '{')
            depth++;
        else if (!quoted && c == '}' && --depth == 0)
            return i + 1;
    }
    return text.len;
}

/* A member object as link.c made it, with the user's id in the place of the user. */
void ready_member_write(struct json_writer *w, uint64_t user_id, struct slice m)
{
    struct slice user = SLICE("{\"user\":");
    char begin[64];
    if (!slice_starts_with(m, user)) {
        w->out->failed = true;
        return;
    }
    struct slice rest = slice_of(m.data + user.len, m.len - user.len);
    size_t end = object_end(rest);
    int n = snprintf(begin, sizeof begin, "{\"user_id\":\"%llu\"", (unsigned long long)user_id);
    json_raw(w, slice_of(begin, (size_t)n));
    buf_append(w->out, rest.data + end, rest.len - end);
}

static void write_members(struct json_writer *w, const struct session *s)
{
    json_key(w, "merged_members");
    json_array_begin(w);
    for (uint32_t i = 0; i < s->link_count; i++) {
        const struct link_entry *entry = s->links[i]->entry;
        json_array_begin(w);
        if (entry != NULL)
            ready_member_write(w, s->who.user.v, slice_of(entry->member->data, entry->member->len));
        json_array_end(w);
    }
    json_array_end(w);
}

/* ---- direct messages, relations, notes ---- */

static void write_private(struct json_writer *w, const struct session *s,
                          const struct session_people *p)
{
    bool once = session_can(s, CAPABILITY_DEDUPE_USERS);
    json_key(w, "private_channels");
    json_array_begin(w);
    for (size_t i = 0; i < p->dm_count; i++) {
        if (once)
            proto_dm_channel_by_ids(w, &p->dms[i], s->who.user);
        else
            proto_dm_channel(w, &p->dms[i], s->who.user);
    }
    json_array_end(w);
    json_key(w, "relationships");
    json_array_begin(w);
    for (size_t i = 0; i < p->relationship_count; i++) {
        if (once)
            proto_relationship_by_id(w, &p->relationships[i]);
        else
            proto_relationship(w, &p->relationships[i]);
    }
    json_array_end(w);
}

static void write_notes(struct json_writer *w, const struct session_people *p)
{
    json_key(w, "notes");
    json_object_begin(w);
    for (size_t i = 0; i < p->note_count; i++) {
        char id[SLICE_U64_DIGITS + 1];
        id[slice_put_u64(id, p->notes[i].about.v)] = '\0';
        json_kv_str(w, id, p->notes[i].text);
    }
    json_object_end(w);
}

/* ---- what was read, how to be told ---- */

/* Of channels that the session does not see, nothing is said of either. *near: the link of the
 * state before, which is mostly that of this one too: there may be a hundred guilds, and tens of
 * thousands of states. */
static bool shows_state(const struct session *s, const struct read_state *x, uint32_t *near)
{
    if (x->type != READ_STATE_CHANNEL)
        return session_can(s, CAPABILITY_OTHER_READ_STATES);
    if (x->guild.v == 0)
        return true;
    for (uint32_t i = 0; i < s->link_count; i++, *near = (*near + 1) % s->link_count) {
        const struct guild_link *l = s->links[*near];
        if (l->guild->view->guild.id.v == x->guild.v)
            return class_sees(l->guild, l->class, (struct channel_id){x->entity});
    }
    return false;
}

/* A list, or one with the version of what is in it. */
static void begin_entries(struct json_writer *w, const char *key, bool versioned, uint64_t version)
{
    json_key(w, key);
    if (versioned) {
        json_object_begin(w);
        json_kv_u64(w, "version", version);
        json_kv_bool(w, "partial", false);
        json_key(w, "entries");
    }
    json_array_begin(w);
}

static void end_entries(struct json_writer *w, bool versioned)
{
    json_array_end(w);
    if (versioned)
        json_object_end(w);
}

static void write_read_states(struct json_writer *w, const struct session *s,
                              const struct read_summary *r)
{
    bool versioned = session_can(s, CAPABILITY_VERSIONED_READ_STATES);
    uint32_t near = 0;
    begin_entries(w, "read_state", versioned, r->version);
    for (size_t i = 0; i < r->count; i++)
        if (shows_state(s, &r->states[i], &near))
            proto_read_state(w, &r->states[i]);
    end_entries(w, versioned);
}

static void write_settings(struct json_writer *w, const struct session *s,
                           const struct read_summary *r)
{
    bool versioned = session_can(s, CAPABILITY_VERSIONED_SETTINGS);
    uint64_t version = 0;
    for (size_t i = 0; i < r->setting_count; i++)
        version = r->settings[i].version > version ? r->settings[i].version : version;
    begin_entries(w, "user_guild_settings", versioned, version);
    for (size_t i = 0; i < r->setting_count; i++)
        proto_notification_settings(w, &r->settings[i]);
    end_entries(w, versioned);
}

/* ---- the rest ---- */

/* Names the token without saying anything of it. */
static void write_auth_session(struct json_writer *w, const struct session *s)
{
    unsigned char sum[SHA256_LEN];
    char text[BASE64_LEN(SHA256_LEN) + 1];
    struct sha256 *h = sha256_new();
    if (h == NULL) {
        w->out->failed = true;
        return;
    }
    sha256_begin(h);
    sha256_add(h, SLICE("auth session "));
    sha256_add(h, slice_of((const char *)s->who.token_hash, sizeof s->who.token_hash));
    sha256_end(h, sum);
    sha256_free(&h);
    json_kv_str(w, "auth_session_id_hash", slice_of(text, base64_encode(sum, sizeof sum, text)));
}

/* A UUID of the session's own digits. */
static void write_client_session(struct json_writer *w, const struct session *s)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%.8s-%.4s-%.4s-%.4s-%.12s", s->id, s->id + 8, s->id + 12,
                     s->id + 16, s->id + 20);
    json_kv_str(w, "static_client_session_id", slice_of(text, (size_t)n));
}

/* Nothing of it is kept here, and so it is the same for everybody. */
static void write_constants(struct json_writer *w)
{
    static const struct {
        const char *key;
        const char *json;
    } CONSTANTS[] = {
        {"connected_accounts", "[]"},
        {"experiments", "[]"},
        {"guild_experiments", "[]"},
        {"game_relationships", "[]"},
        {"guild_join_requests", "[]"},
        {"friend_suggestion_count", "0"},
        {"notification_settings", "{\"flags\":0}"},
        {"consents", "{\"personalization\":{\"consented\":false}}"},
        {"tutorial", "null"},
        {"auth", "{\"authenticator_types\":[]}"},
        {"analytics_token", "\"\""},
        {"country_code", "\"\""},
        {"geo_ordered_rtc_regions", "[\"local\"]"},
        {"api_code_version", "1"},
        {"explicit_content_scan_version", "0"},
    };
    for (size_t i = 0; i < sizeof CONSTANTS / sizeof CONSTANTS[0]; i++)
        json_kv_raw(w, CONSTANTS[i].key, CONSTANTS[i].json);
}

static void write_presences(struct json_writer *w, struct session *s)
{
    bool later = session_can(s, CAPABILITY_DEDUPE_USERS) && session_can(s, CAPABILITY_PRIORITIZED);
    if (!later) {
        json_key(w, "presences");
        json_array_begin(w);
        presence_write_friend_list(w, s);
        json_array_end(w);
    }
    json_key(w, "sessions");
    presence_write_sessions(w, s);
}

void ready_people_write(struct json_writer *w, struct session *s, const struct session_load *load)
{
    const struct session_people *p = &load->snapshot.people;
    write_private(w, s, p);
    if (session_can(s, CAPABILITY_DEDUPE_USERS)) {
        write_users(w, s, load);
        write_members(w, s);
    }
    json_key(w, "user_settings");
    json_raw(w, p->settings.data != NULL ? p->settings : SLICE("{}"));
    write_presences(w, s);
    write_read_states(w, s, &p->read);
    write_settings(w, s, &p->read);
    if (!session_can(s, CAPABILITY_LAZY_NOTES))
        write_notes(w, p);
    write_constants(w);
    write_auth_session(w, s);
    write_client_session(w, s);
}
