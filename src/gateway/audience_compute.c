/*
 * What a class may do, channel by channel: the only place where that is computed. The difficulty is
 * a feed that has read events back from the log. The log does not keep what structure and standings
 * were: a row brings those of the moment of reading, while the rows behind it, which belong before
 * that moment, have not been applied yet. Structure of now with roles of then is a combination that
 * may never have been, and may show what nobody was ever to see. So while the two do not belong
 * together, nothing appears to anybody:
 *
 *   the structure is later than the feed   guild->floor is the structure before; a class has what
 *   (the window)                           both give, and no more than it has had
 *   a member's standing is later           class->late: no more than it has had
 *
 *   rows:  ─ p ─┬─ p+1 ─ structure of p+3 ─ p+2 ─ p+3 ─┬─ p+4 ─
 *               └ the window opens: what now hides      └ it closes: roles and structure are of one
 *                 vanishes                                moment, and what now shows appears
 */
#include "gateway/gateway_priv.h"
#include "model/permissions.h"

/* Somebody in one of the two structures. */
struct standpoint {
    const struct guild_view *view; /* NULL: there is no second one */
    struct subject who;
    uint64_t base;
    int64_t now_ms;
};

static struct standpoint standpoint_of(const struct guild_view *v, const struct audience_class *c,
                                       int64_t now_ms)
{
    struct standpoint p = {.view = v, .who = audience_subject(c), .now_ms = now_ms};
    if (v != NULL)
        p.base = permissions_base(v, &p.who);
    return p;
}

static uint64_t in_channel(const struct standpoint *p, const struct channel *c)
{
    return c == NULL ? 0 : permissions_in_channel_from(p->base, p->view, &p->who, c, p->now_ms);
}

static uint64_t held_at(const struct audience_basis *b, size_t i)
{
    size_t at = b->before == NULL ? i : b->before[i];
    return at == VIEW_DIFF_NONE ? 0 : b->held[at];
}

static uint64_t bound_at(const struct audience_basis *b, size_t i)
{
    return b->bounded ? held_at(b, i) : UINT64_MAX;
}

uint64_t *audience_compute(struct guild_sub *s, const struct audience_class *c,
                           const struct audience_basis *b, int64_t now_ms)
{
    size_t n = s->view->channel_count;
    size_t computed = 0;
    uint64_t *permissions = mem_array(MEM_GATEWAY, n + 1, sizeof *permissions);
    if (permissions == NULL)
        return NULL;
    struct standpoint now = standpoint_of(s->view, c, now_ms);
    struct standpoint floor = standpoint_of(s->floor, c, now_ms);
    for (size_t i = 0; i < n; i++) {
        const struct channel *channel = &s->view->channels[i];
        if (b->changed != NULL && !b->changed[i]) {
            permissions[i] = held_at(b, i);
            continue;
        }
        computed++;
        permissions[i] = in_channel(&now, channel) & bound_at(b, i);
        if (floor.view != NULL)
            permissions[i] &= in_channel(&floor, guild_view_channel(floor.view, channel->id));
    }
    permissions[n] = permissions_in_guild(s->view, &now.who, now_ms);
    if (b->bounded)
        permissions[n] &= b->held[b->held_count];
    if (floor.view != NULL)
        permissions[n] &= permissions_in_guild(floor.view, &floor.who, now_ms);
    s->hub->work -= (int)(floor.view != NULL ? computed * 2 : computed);
    return permissions;
}
