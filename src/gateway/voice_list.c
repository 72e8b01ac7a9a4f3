/* Voice states of a guild on one loop: a list that ascends by user. */
#include "gateway/voice_list.h"

#include <string.h>

#include "model/permissions.h"
#include "proto/voice_state.h"

struct voice_entry {
    struct voice_state state;
    /* The user could be there when this was last looked at, and the session that is in is of this
     * loop, which sees to it that they go when they cannot. */
    bool could;
    struct bytes *member;      /* object of GUILD_CREATE; NULL: not known */
    struct bytes *payloads[2]; /* what the channel's coming into sight [0] and going [1] is told by;
                                  NULL: not made yet */
};

struct voice_list {
    uint32_t count;
    uint32_t capacity;
    struct voice_entry entries[];
};

enum { ENTRIES_FIRST = 4 };

/* Where the user is, or would be. */
static uint32_t place_of(const struct voice_list *list, uint64_t user_id)
{
    uint32_t low = 0;
    uint32_t high = list == NULL ? 0 : list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list->entries[middle].state.user.v < user_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct voice_entry *find(const struct guild_sub *s, uint64_t user_id)
{
    struct voice_list *list = s->voice;
    uint32_t i = place_of(list, user_id);
    bool found = list != NULL && i < list->count && list->entries[i].state.user.v == user_id;
    return found ? &list->entries[i] : NULL;
}

const struct voice_state *voice_list_find(const struct guild_sub *s, uint64_t user_id)
{
    const struct voice_entry *e = find(s, user_id);
    return e == NULL ? NULL : &e->state;
}

void voice_list_began(const struct guild_sub *s, int64_t *began_ms)
{
    for (uint32_t i = 0; s->voice != NULL && i < s->voice->count; i++) {
        const struct voice_state *v = &s->voice->entries[i].state;
        const struct channel *c = guild_view_channel(s->view, v->channel);
        int64_t *began = c == NULL ? NULL : &began_ms[c - s->view->channels];
        if (began != NULL && (*began == 0 || v->joined_at_ms < *began))
            *began = v->joined_at_ms;
    }
}

static bool reserve(struct guild_sub *s, uint32_t capacity)
{
    struct voice_list *list =
        mem_realloc(MEM_GATEWAY, s->voice, sizeof *list + capacity * sizeof(struct voice_entry));
    if (list == NULL)
        return false;
    if (s->voice == NULL)
        list->count = 0;
    list->capacity = capacity;
    s->voice = list;
    return true;
}

/* Bounded by LIMIT_GUILD_VOICE_STATES, which the core sees to. NULL when memory is short. */
static struct voice_entry *add(struct guild_sub *s, uint64_t user_id)
{
    if (s->voice == NULL && !reserve(s, ENTRIES_FIRST))
        return NULL;
    if (s->voice->count == s->voice->capacity && !reserve(s, s->voice->capacity * 2))
        return NULL;
    struct voice_list *list = s->voice;
    uint32_t i = place_of(list, user_id);
    memmove(&list->entries[i + 1], &list->entries[i],
            (list->count - i) * sizeof(struct voice_entry));
    list->count++;
    list->entries[i] = (struct voice_entry){0};
    return &list->entries[i];
}

static void forget_payloads(struct voice_entry *e)
{
    bytes_unref(&e->payloads[0]);
    bytes_unref(&e->payloads[1]);
}

static void drop(struct guild_sub *s, struct voice_entry *e)
{
    struct voice_list *list = s->voice;
    uint32_t i = (uint32_t)(e - list->entries);
    forget_payloads(e);
    bytes_unref(&e->member);
    memmove(e, e + 1, (--list->count - i) * sizeof *e);
    if (list->count == 0)
        voice_list_free(s);
}

void voice_list_free(struct guild_sub *s)
{
    for (uint32_t i = 0; s->voice != NULL && i < s->voice->count; i++) {
        forget_payloads(&s->voice->entries[i]);
        bytes_unref(&s->voice->entries[i].member);
    }
    mem_free(MEM_GATEWAY, s->voice);
    s->voice = NULL;
}

bool voice_list_install(struct guild_sub *s, const struct guild_snapshot *snap)
{
    voice_list_free(s);
    if (snap->voice_count == 0)
        return true;
    if (!reserve(s, (uint32_t)snap->voice_count))
        return false;
    for (size_t i = 0; i < snap->voice_count; i++)
        s->voice->entries[i] = (struct voice_entry){.state = snap->voice[i]};
    s->voice->count = (uint32_t)snap->voice_count;
    for (size_t i = 0; i < snap->voice_member_count; i++) {
        struct voice_entry *e = find(s, snap->voice_members[i].user.id.v);
        if (e != NULL && (e->member = voice_member_json(&snap->voice_members[i])) == NULL)
            return false;
    }
    return true;
}

/* The link of the session that is in, if it is one of this loop. */
static const struct guild_link *owner_of(const struct guild_sub *s, const struct voice_state *v)
{
    struct user_sub *u = map_get(&s->hub->users, v->user.v);
    if (u == NULL)
        return NULL;
    LIST_FOREACH (it, &u->sessions) {
        struct session *own = LIST_OWNER(it, struct session, user_node);
        if (strcmp(own->id, v->session) == 0)
            return session_link(own, s->feed.stream.id);
    }
    return NULL;
}

static uint64_t held(const struct guild_sub *s, const struct audience_class *c,
                     struct channel_id channel)
{
    const struct channel *ch = guild_view_channel(s->view, channel);
    return ch == NULL ? 0 : c->permissions[ch - s->view->channels];
}

/* What the user may do there; 0 also if the session that is in is not of this loop. */
static uint64_t held_there(const struct guild_sub *s, const struct voice_state *v, bool *owned)
{
    const struct guild_link *l = owner_of(s, v);
    *owned = l != NULL && l->class != NULL;
    return *owned ? held(s, l->class, v->channel) : 0;
}

static bool may_be_in(uint64_t permissions)
{
    return permissions_meet(permissions, PERMISSION_VIEW_CHANNEL | PERMISSION_CONNECT);
}

/* It says of the user that they are not heard, or are, and SPEAK says otherwise. On a stage a
 * moderator decides. */
static bool misheard(const struct guild_sub *s, const struct voice_state *v, uint64_t permissions)
{
    const struct channel *c = guild_view_channel(s->view, v->channel);
    if (c == NULL || c->type == CHANNEL_TYPE_STAGE || s->view->guild.afk_channel.v == c->id.v)
        return false;
    return v->suppress != ((permissions & PERMISSION_SPEAK) == 0);
}

/* What the event says of the member is the member from here on; it is the object of its payload. */
static void note_member(struct guild_sub *s, const struct event *e)
{
    static const char begin[] = "\"t\":\"GUILD_MEMBER_UPDATE\",\"op\":0,\"d\":";
    struct voice_entry *there = s->voice == NULL ? NULL : find(s, e->entity_id);
    if (there == NULL)
        return;
    forget_payloads(there);
    bytes_unref(&there->member);
    struct slice all =
        e->payload == NULL ? slice_of(NULL, 0) : slice_of(e->payload->data, e->payload->len);
    if (slice_starts_with(all, slice_of(begin, sizeof begin - 1)))
        there->member = bytes_new(slice_of(all.data + sizeof begin - 1, all.len - sizeof begin));
}

void voice_list_note(struct guild_sub *s, const struct event *e)
{
    bool owned;
    if (e->kind == EVENT_GUILD_MEMBER_UPDATE)
        note_member(s, e);
    if (e->voice == NULL)
        return;
    struct voice_entry *there = find(s, e->entity_id);
    if (e->voice->state.channel.v == 0) {
        if (there != NULL)
            drop(s, there);
        return;
    }
    if (there == NULL)
        there = add(s, e->entity_id);
    if (there == NULL) {
        log_warn(loop_log(s->hub->loop), "gateway", "no memory for a voice state",
                 LOG_U("guild", s->feed.stream.id));
        return;
    }
    there->state = e->voice->state;
    /* In a window nobody knows; its end has them looked at. */
    there->could = may_be_in(held_there(s, &there->state, &owned)) || s->narrowed;
    forget_payloads(there);
    if (e->voice->member != NULL) {
        bytes_unref(&there->member);
        there->member = bytes_ref(e->voice->member);
    }
}

void voice_list_recheck(struct guild_sub *s)
{
    for (uint32_t i = 0; s->voice != NULL && i < s->voice->count; i++) {
        struct voice_entry *e = &s->voice->entries[i];
        bool owned;
        uint64_t permissions = held_there(s, &e->state, &owned);
        bool now = may_be_in(permissions);
        if (owned && (now ? misheard(s, &e->state, permissions) : e->could))
            voice_recheck_later(s->hub, e->state.guild, e->state.user);
        e->could = now;
    }
}

bool voice_sees(const struct guild_sub *s, const struct audience_class *c,
                struct channel_id channel)
{
    return (held(s, c, channel) & PERMISSION_VIEW_CHANNEL) != 0;
}

struct bytes *voice_payload(const struct guild_sub *s, const struct audience_class *c,
                            const struct event *e, uint64_t user_id)
{
    const struct voice_change *v = e->voice;
    if ((c->intents & INTENT_GUILD_VOICE_STATES) == 0)
        return NULL;
    if (user_id == e->entity_id || voice_sees(s, c, v->state.channel))
        return e->payload;
    if (v->from.v == 0 || !voice_sees(s, c, v->from))
        return NULL;
    return v->gone != NULL ? v->gone : e->payload;
}

void voice_list_write(struct json_writer *w, const struct guild_sub *s,
                      const struct audience_class *c)
{
    json_array_begin(w);
    for (uint32_t i = 0; s->voice != NULL && i < s->voice->count; i++) {
        const struct voice_state *v = &s->voice->entries[i].state;
        if ((c->intents & INTENT_GUILD_VOICE_STATES) != 0 && voice_sees(s, c, v->channel))
            proto_voice_state(w, v, NULL, false);
    }
    json_array_end(w);
}

uint32_t voice_list_count(const struct guild_sub *s)
{
    return s->voice == NULL ? 0 : s->voice->count;
}

const struct voice_state *voice_list_at(const struct guild_sub *s, uint32_t i)
{
    return &s->voice->entries[i].state;
}

struct bytes *voice_list_payload(const struct guild_sub *s, uint32_t i, bool gone)
{
    struct voice_entry *e = &s->voice->entries[i];
    struct bytes **made = &e->payloads[gone ? 1 : 0];
    if (*made == NULL)
        *made = voice_state_payload(&e->state, e->member, gone);
    return *made;
}

void voice_list_each_member(const struct guild_link *l,
                            void (*fn)(void *ctx, uint64_t user, struct slice member), void *ctx)
{
    const struct voice_list *list = l->guild->voice;
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct voice_entry *e = &list->entries[i];
        if (e->member != NULL && e->state.user.v != l->session->who.user.v &&
            (l->class->intents & INTENT_GUILD_VOICE_STATES) != 0 &&
            voice_sees(l->guild, l->class, e->state.channel))
            fn(ctx, e->state.user.v, slice_of(e->member->data, e->member->len));
    }
}

static void write_member(void *ctx, uint64_t user, struct slice member)
{
    (void)user;
    json_raw(ctx, member);
}

void voice_list_write_members(struct json_writer *w, const struct guild_link *l)
{
    voice_list_each_member(l, write_member, w);
}
