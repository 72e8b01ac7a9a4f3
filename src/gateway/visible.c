/* Which channels appear and vanish between two sets of permissions, and the payloads that say so.
 */

#include "gateway/visible.h"

#include "base/mem.h"
#include "model/permissions.h"
#include "proto/event_draft.h"
#include "proto/guild.h"

void visible_begin(struct visible_change *v, const struct view_diff *diff,
                   const struct guild_view *old, const uint64_t *old_last_messages,
                   const struct guild_view *now, const uint64_t *last_messages)
{
    *v = (struct visible_change){
        .diff = diff,
        .gone = {EVENT_CHANNEL_DELETE, old, old_last_messages, NULL},
        .come = {EVENT_CHANNEL_CREATE, now, last_messages, NULL},
    };
}

static void drop_made(struct channel_payloads *p)
{
    for (size_t i = 0; p->made != NULL && i < p->view->channel_count; i++)
        bytes_unref(&p->made[i]);
    mem_free(MEM_GATEWAY, p->made);
    p->made = NULL;
}

void visible_end(struct visible_change *v)
{
    drop_made(&v->gone);
    drop_made(&v->come);
}

static struct bytes *make(const struct channel_payloads *p, size_t i)
{
    struct channel channel = p->view->channels[i];
    if (p->last_messages != NULL)
        channel.last_message.v = p->last_messages[i];
    struct event_draft d;
    event_draft_begin(&d, p->kind);
    proto_channel_keys(&d.w, &channel, true);
    return event_draft_end(&d);
}

static struct bytes *payload_of(struct channel_payloads *p, size_t i)
{
    if (p->made == NULL)
        p->made = mem_array(MEM_GATEWAY, p->view->channel_count + 1, sizeof(struct bytes *));
    if (p->made == NULL)
        return NULL;
    if (p->made[i] == NULL)
        p->made[i] = make(p, i);
    return p->made[i];
}

static bool sees(const uint64_t *permissions, uint32_t i)
{
    return i != VIEW_DIFF_NONE && (permissions[i] & PERMISSION_VIEW_CHANNEL) != 0;
}

/* Those of one side that the other does not have: of channels, or of categories. */
struct side {
    struct channel_payloads *payloads;
    const uint64_t *permissions;
    const uint64_t *other;
    const uint32_t *there; /* per channel, its index on the other side; NULL: the same */
};

static bool moves_here(const struct side *s, uint32_t i)
{
    return sees(s->permissions, i) && !sees(s->other, s->there == NULL ? i : s->there[i]);
}

static bool add(const struct side *s, bool categories, struct channel_moves *out)
{
    const struct guild_view *view = s->payloads->view;
    for (uint32_t i = 0; i < view->channel_count; i++) {
        bool category = view->channels[i].type == CHANNEL_TYPE_CATEGORY;
        if (category != categories || !moves_here(s, i))
            continue;
        struct bytes *payload = payload_of(s->payloads, i);
        if (payload == NULL)
            return false;
        out->payloads[out->count++] = payload;
    }
    return true;
}

static uint32_t count(const struct side *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->payloads->view->channel_count; i++)
        n += moves_here(s, i);
    return n;
}

bool visible_moves(struct visible_change *v, const uint64_t *old, const uint64_t *now,
                   struct channel_moves *out)
{
    struct side gone = {&v->gone, old, now, v->diff == NULL ? NULL : v->diff->after};
    struct side come = {&v->come, now, old, v->diff == NULL ? NULL : v->diff->before};
    uint32_t n = count(&gone) + count(&come);
    *out = (struct channel_moves){0};
    if (n == 0)
        return true;
    out->payloads = mem_array(MEM_GATEWAY, n, sizeof(struct bytes *));
    if (out->payloads != NULL && add(&gone, false, out) && add(&gone, true, out) &&
        add(&come, true, out) && add(&come, false, out))
        return true;
    channel_moves_deinit(out);
    return false;
}

void channel_moves_deinit(struct channel_moves *m)
{
    mem_free(MEM_GATEWAY, m->payloads);
    *m = (struct channel_moves){0};
}
