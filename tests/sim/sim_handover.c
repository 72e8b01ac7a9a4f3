/* What the gateway asks of the core for a planned restart, and time passing while it waits for its
 * loops; and what it asks of parts that this model has nothing of. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/handover.h"
#include "core/relationships.h"
#include "core/user_settings.h"
#include "core/voice_states.h"
#include "sim.h"

static struct gateway_session_row *SESSIONS;
static size_t SESSION_COUNT;
static struct gateway_payload_row *PAYLOADS;
static size_t PAYLOAD_COUNT;

static void *more(void *list, size_t count, size_t size)
{
    void *p = realloc(list, (count + 1) * size);
    if (p == NULL)
        abort();
    return p;
}

static struct slice copy(struct slice s)
{
    char *p = malloc(s.len + 1);
    if (p == NULL)
        abort();
    memcpy(p, s.data, s.len);
    return slice_of(p, s.len);
}

static void forget(struct slice s)
{
    free((void *)(uintptr_t)s.data);
}

enum err handover_put(struct core *c, unsigned worker, const struct gateway_session_row *sessions,
                      size_t session_count, const struct gateway_payload_row *payloads,
                      size_t payload_count)
{
    (void)c;
    (void)worker;
    for (size_t i = 0; i < session_count; i++) {
        SESSIONS = more(SESSIONS, SESSION_COUNT, sizeof *SESSIONS);
        SESSIONS[SESSION_COUNT] = sessions[i];
        SESSIONS[SESSION_COUNT++].state = copy(sessions[i].state);
    }
    for (size_t i = 0; i < payload_count; i++) {
        PAYLOADS = more(PAYLOADS, PAYLOAD_COUNT, sizeof *PAYLOADS);
        PAYLOADS[PAYLOAD_COUNT] = payloads[i];
        PAYLOADS[PAYLOAD_COUNT++].payloads = copy(payloads[i].payloads);
    }
    return ERR_OK;
}

static struct slice in_arena(struct arena *arena, struct slice s)
{
    char *p = arena_array(arena, s.len + 1, 1);
    memcpy(p, s.data, s.len);
    return slice_of(p, s.len);
}

/* By number, in pages of any size. */
enum err handover_sessions(struct core *c, unsigned worker, uint32_t from, struct arena *arena,
                           struct gateway_session_row rows[GATEWAY_ROWS_PAGE], size_t *count)
{
    (void)c;
    (void)worker;
    size_t max = 1 + sim_below(GATEWAY_ROWS_PAGE);
    *count = 0;
    for (size_t i = 0; i < SESSION_COUNT && *count < max; i++) {
        const struct gateway_session_row *r = &SESSIONS[i];
        if (r->number < from || r->expires_at_ms <= sim_wall_ms(NULL))
            continue;
        rows[*count] = *r;
        rows[(*count)++].state = in_arena(arena, r->state);
    }
    return ERR_OK;
}

enum err handover_payloads(struct core *c, unsigned worker, uint32_t from, struct arena *arena,
                           struct gateway_payload_row rows[GATEWAY_ROWS_PAGE], size_t *count)
{
    (void)c;
    (void)worker;
    size_t max = 1 + sim_below(GATEWAY_ROWS_PAGE);
    *count = 0;
    for (size_t i = 0; i < PAYLOAD_COUNT && *count < max; i++) {
        if (PAYLOADS[i].number < from)
            continue;
        rows[*count] = PAYLOADS[i];
        rows[(*count)++].payloads = in_arena(arena, PAYLOADS[i].payloads);
    }
    return ERR_OK;
}

enum err handover_clear(struct core *c, unsigned worker)
{
    (void)c;
    (void)worker;
    for (size_t i = 0; i < SESSION_COUNT; i++)
        forget(SESSIONS[i].state);
    for (size_t i = 0; i < PAYLOAD_COUNT; i++)
        forget(PAYLOADS[i].payloads);
    free(SESSIONS);
    free(PAYLOADS);
    SESSIONS = NULL;
    PAYLOADS = NULL;
    SESSION_COUNT = PAYLOAD_COUNT = 0;
    return ERR_OK;
}

enum err session_standing_load(struct core *c, const struct token_id *token, struct arena *arena,
                               struct session_standing *out)
{
    struct session_snapshot snapshot;
    *out = (struct session_standing){0};
    enum err e = core_principal(token->hash, &out->who);
    if (e == ERR_OK)
        e = session_snapshot_load(c, &out->who, arena, &snapshot);
    if (e != ERR_OK)
        return e == ERR_UNAUTHORIZED ? ERR_UNKNOWN_TOKEN : e;
    out->user_position = snapshot.user_position;
    out->memberships = snapshot.memberships;
    out->membership_count = snapshot.membership_count;
    return ERR_OK;
}

/* The thread that saves and restores sessions waits for the loops: here it is they that go on. */
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)wanted;
    (void)left;
    SIM.now_ms++;
    jobs_run(UINT32_MAX);
    net_run();
    return 0;
}

/* ---- not simulated ---- */

enum err user_settings_get(struct core *c, struct user_id user, struct arena *arena,
                           struct slice *out)
{
    (void)c;
    (void)user;
    (void)arena;
    *out = SLICE("{}");
    return ERR_OK;
}

enum err relationship_list(struct core *c, struct user_id user, struct arena *arena,
                           struct relationship **out, size_t *count)
{
    (void)c;
    (void)user;
    (void)arena;
    *out = NULL;
    *count = 0;
    return ERR_OK;
}

enum err voice_state_set(struct core *c, const struct actor *by, const struct voice_wish *w)
{
    (void)c;
    (void)by;
    (void)w;
    return ERR_OK;
}

enum err voice_session_ended(struct core *c, struct user_id user, const char *session)
{
    (void)c;
    (void)user;
    (void)session;
    return ERR_OK;
}

enum err voice_state_recheck(struct core *c, struct guild_id guild, struct user_id user)
{
    (void)c;
    (void)guild;
    (void)user;
    return ERR_OK;
}
