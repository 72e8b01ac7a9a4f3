/* Which voice states come into sight and go out of it between two sets of permissions. */
#include "gateway/voice_moves.h"

#include "gateway/voice_list.h"
#include "model/permissions.h"

static bool sees(const struct guild_view *v, const uint64_t *permissions, struct channel_id id)
{
    const struct channel *c = guild_view_channel(v, id);
    return c != NULL && (permissions[c - v->channels] & PERMISSION_VIEW_CHANNEL) != 0;
}

/* One side, to the end of the list. */
static bool add(const struct guild_sub *s, const struct guild_view *before, const uint64_t *old,
                const uint64_t *now, bool gone, struct voice_moves *out)
{
    uint32_t count = voice_list_count(s);
    for (uint32_t i = 0; i < count; i++) {
        const struct voice_state *v = voice_list_at(s, i);
        bool was = sees(before, old, v->channel);
        if (was != gone || sees(s->view, now, v->channel) == gone)
            continue;
        struct bytes *payload = voice_list_payload(s, i, gone);
        if (payload == NULL)
            return false;
        out->list[out->count++] = (struct voice_move){bytes_ref(payload), v->user.v};
    }
    return true;
}

static bool any(const struct guild_sub *s, const struct guild_view *before, const uint64_t *old,
                const uint64_t *now)
{
    uint32_t count = voice_list_count(s);
    for (uint32_t i = 0; i < count; i++) {
        struct channel_id id = voice_list_at(s, i)->channel;
        if (sees(before, old, id) != sees(s->view, now, id))
            return true;
    }
    return false;
}

bool voice_moves_make(const struct guild_sub *s, uint32_t intents, const struct guild_view *before,
                      const uint64_t *old, const uint64_t *now, struct voice_moves *out)
{
    *out = (struct voice_moves){0};
    if ((intents & INTENT_GUILD_VOICE_STATES) == 0 || !any(s, before, old, now))
        return true;
    out->list = mem_array(MEM_GATEWAY, voice_list_count(s), sizeof *out->list);
    bool ok = out->list != NULL && add(s, before, old, now, true, out);
    out->gone = out->count;
    if (ok && add(s, before, old, now, false, out))
        return true;
    voice_moves_deinit(out);
    return false;
}

void voice_moves_tell(struct session *s, const struct voice_moves *m, bool gone)
{
    uint32_t end = gone ? m->gone : m->count;
    for (uint32_t i = gone ? 0 : m->gone; i < end; i++)
        if (m->list[i].user != s->who.user.v)
            session_push(s, m->list[i].payload);
}

void voice_moves_deinit(struct voice_moves *m)
{
    for (uint32_t i = 0; i < m->count; i++)
        bytes_unref(&m->list[i].payload);
    mem_free(MEM_GATEWAY, m->list);
    *m = (struct voice_moves){0};
}
