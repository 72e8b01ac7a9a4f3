/* READY_SUPPLEMENTAL: to people, right after READY. What is said of guilds is in the order in which
 * READY has them. */
#include "gateway/presence.h"
#include "gateway/ready_priv.h"
#include "gateway/voice_list.h"

static void write_empty_lists(struct json_writer *w, uint32_t count)
{
    json_array_begin(w);
    for (uint32_t i = 0; i < count; i++) {
        json_array_begin(w);
        json_array_end(w);
    }
    json_array_end(w);
}

/* Presences of members, and members themselves, come when a client looks at a guild (op 14). */
static void write_presences(struct json_writer *w, struct session *s)
{
    json_key(w, "merged_presences");
    json_object_begin(w);
    json_key(w, "friends");
    json_array_begin(w);
    presence_write_friends(w, s);
    json_array_end(w);
    json_key(w, "guilds");
    write_empty_lists(w, s->link_count);
    json_object_end(w);
}

static void write_member(void *ctx, uint64_t user, struct slice member)
{
    ready_member_write(ctx, user, member);
}

/* Those whose voice states are below, for clients that put members together; others have them in
 * the guilds of READY. */
static void write_members(struct json_writer *w, const struct session *s)
{
    json_key(w, "merged_members");
    if (!session_can(s, CAPABILITY_DEDUPE_USERS)) {
        write_empty_lists(w, s->link_count);
        return;
    }
    json_array_begin(w);
    for (uint32_t i = 0; i < s->link_count; i++) {
        json_array_begin(w);
        voice_list_each_member(s->links[i], write_member, w);
        json_array_end(w);
    }
    json_array_end(w);
}

static void write_guilds(struct json_writer *w, const struct session *s)
{
    json_key(w, "guilds");
    json_array_begin(w);
    for (uint32_t i = 0; i < s->link_count; i++) {
        const struct guild_link *l = s->links[i];
        json_object_begin(w);
        json_kv_id(w, "id", l->guild->feed.stream.id);
        json_key(w, "voice_states");
        voice_list_write(w, l->guild, l->class);
        json_kv_raw(w, "embedded_activities", "[]");
        json_kv_raw(w, "activity_instances", "[]");
        json_object_end(w);
    }
    json_array_end(w);
}

struct bytes *ready_supplemental_payload(struct session *s)
{
    struct json_writer w;
    struct buf *out = &s->hub->scratch;
    dispatch_begin(&w, out, DISPATCH_READY_SUPPLEMENTAL);
    json_object_begin(&w);
    write_presences(&w, s);
    write_members(&w, s);
    write_guilds(&w, s);
    json_kv_raw(&w, "lazy_private_channels", "[]");
    json_kv_raw(&w, "disclose", "[]");
    json_object_end(&w);
    return dispatch_end(out);
}
