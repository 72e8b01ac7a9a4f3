/*
 * Faults in the gateway, put in where its files call each other: the linker sends these calls here
 * first (CMakeLists.txt, --wrap). Without a fault they pass through. A fault strikes now and then,
 * not always: rare ones are what the simulation is for.
 */
#include <string.h>

#include "model/permissions.h"
#include "sim.h"

enum sim_bug BUG = BUG_NONE;

static const struct {
    const char *name;
    const char *text;
} BUGS[] = {
    {"NONE", "none"},
#define X(name, text) {#name, text},
#include "sim_bugs.def"
#undef X
};

bool bug_parse(const char *name)
{
    for (int i = 1; i < BUG_COUNT; i++) {
        if (strcmp(BUGS[i].name, name) == 0) {
            BUG = (enum sim_bug)i;
            return true;
        }
    }
    return false;
}

void bug_list(void)
{
    for (int i = 1; i < BUG_COUNT; i++)
        printf("%s: %s\n", BUGS[i].name, BUGS[i].text);
}

static bool strikes(enum sim_bug which, uint64_t once_in)
{
    return BUG == which && sim_one_in(once_in);
}

void __real_session_push(struct session *s, struct bytes *payload);
void __wrap_session_push(struct session *s, struct bytes *payload);

void __wrap_session_push(struct session *s, struct bytes *payload)
{
    static struct bytes *kept;
    static uint64_t kept_for;
    bool event = payload->len > 14 && memcmp(payload->data, "\"t\":\"MESSAGE", 12) == 0;
    if (event && strikes(BUG_SKIP, 2000))
        return;
    if (event && strikes(BUG_TWICE, 2000))
        __real_session_push(s, payload);
    if (event && strikes(BUG_LEAKED, 20000))
        (void)bytes_ref(payload);
    if (event && kept == NULL && strikes(BUG_UNSORTED, 500)) {
        kept = bytes_ref(payload);
        kept_for = s->key;
        return;
    }
    __real_session_push(s, payload);
    if (kept != NULL && kept_for == s->key) {
        struct bytes *late = kept;
        kept = NULL;
        __real_session_push(s, late);
        bytes_unref(&late);
    }
}

uint64_t __real_permissions_in_channel_from(uint64_t base, const struct guild_view *view,
                                            const struct subject *who,
                                            const struct channel *channel, int64_t now_ms);
uint64_t __wrap_permissions_in_channel_from(uint64_t base, const struct guild_view *view,
                                            const struct subject *who,
                                            const struct channel *channel, int64_t now_ms);

uint64_t __wrap_permissions_in_channel_from(uint64_t base, const struct guild_view *view,
                                            const struct subject *who,
                                            const struct channel *channel, int64_t now_ms)
{
    uint64_t held = __real_permissions_in_channel_from(base, view, who, channel, now_ms);
    return strikes(BUG_LEAK, 2000) ? held | PERMISSION_VIEW_CHANNEL : held;
}

uint64_t *__real_audience_compute(struct guild_sub *s, const struct audience_class *c,
                                  const struct audience_basis *b, int64_t now_ms);
uint64_t *__wrap_audience_compute(struct guild_sub *s, const struct audience_class *c,
                                  const struct audience_basis *b, int64_t now_ms);

uint64_t *__wrap_audience_compute(struct guild_sub *s, const struct audience_class *c,
                                  const struct audience_basis *b, int64_t now_ms)
{
    struct guild_view *floor = s->floor;
    struct audience_basis basis = *b;
    if (BUG == BUG_WINDOW) {
        s->floor = NULL;
        basis.bounded = c->late;
    }
    if (BUG == BUG_STANDING)
        basis.bounded = b->bounded && floor != NULL && !c->split;
    uint64_t *permissions = __real_audience_compute(s, c, &basis, now_ms);
    s->floor = floor;
    return permissions;
}

void __real_audience_leave(struct guild_link *l);
void __wrap_audience_leave(struct guild_link *l);

void __wrap_audience_leave(struct guild_link *l)
{
    const struct event *now = l->guild->current;
    bool removal = now != NULL && now->kind == EVENT_GUILD_MEMBER_REMOVE;
    if (removal && BUG == BUG_KICK)
        return;
    __real_audience_leave(l);
}

bool __real_replay_rewind(struct replay *r, uint64_t seq);
bool __wrap_replay_rewind(struct replay *r, uint64_t seq);

bool __wrap_replay_rewind(struct replay *r, uint64_t seq)
{
    if (seq < r->seq && strikes(BUG_REWIND, 20))
        seq++;
    else if (seq > 0 && seq > r->seq - r->count && strikes(BUG_REPEAT, 20))
        seq--;
    return __real_replay_rewind(r, seq);
}

void __real_feed_lost(struct feed *f);
void __wrap_feed_lost(struct feed *f);

void __wrap_feed_lost(struct feed *f)
{
    if (BUG != BUG_LOST)
        __real_feed_lost(f);
}

void __real_session_user_event(struct session *s, struct event *e);
void __wrap_session_user_event(struct session *s, struct event *e);

void __wrap_session_user_event(struct session *s, struct event *e)
{
    if (e->kind == EVENT_TOKEN_REVOKED && BUG == BUG_REVOKED)
        return;
    __real_session_user_event(s, e);
}

bool __real_audience_join(struct guild_link *l);
bool __wrap_audience_join(struct guild_link *l);

bool __wrap_audience_join(struct guild_link *l)
{
    if (BUG == BUG_INTENTS && sim_one_in(50))
        l->session->intents = INTENTS_DEFINED & ~(uint32_t)INTENT_MESSAGE_CONTENT;
    if (BUG == BUG_CONTENT && sim_one_in(50))
        l->session->intents |= INTENT_MESSAGE_CONTENT;
    return __real_audience_join(l);
}
