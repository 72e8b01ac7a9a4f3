#pragma once

/* The rest of the core that the gateway calls, for tests of something else: nothing is there, and
 * nothing comes of it. Without it the linker would bring the core itself. */

#include "core/handover.h"
#include "core/member_pages.h"
#include "core/voice_states.h"

enum err handover_put(struct core *c, unsigned worker, const struct gateway_session_row *sessions,
                      size_t session_count, const struct gateway_payload_row *payloads,
                      size_t payload_count)
{
    (void)c;
    (void)worker;
    (void)sessions;
    (void)session_count;
    (void)payloads;
    (void)payload_count;
    return ERR_STOPPING;
}

enum err handover_sessions(struct core *c, unsigned worker, uint32_t from, struct arena *arena,
                           struct gateway_session_row rows[GATEWAY_ROWS_PAGE], size_t *count)
{
    (void)c;
    (void)worker;
    (void)from;
    (void)arena;
    (void)rows;
    *count = 0;
    return ERR_OK;
}

enum err handover_payloads(struct core *c, unsigned worker, uint32_t from, struct arena *arena,
                           struct gateway_payload_row rows[GATEWAY_ROWS_PAGE], size_t *count)
{
    (void)c;
    (void)worker;
    (void)from;
    (void)arena;
    (void)rows;
    *count = 0;
    return ERR_OK;
}

enum err handover_clear(struct core *c, unsigned worker)
{
    (void)c;
    (void)worker;
    return ERR_OK;
}

enum err session_standing_load(struct core *c, const struct token_id *token, struct arena *arena,
                               struct session_standing *out)
{
    (void)c;
    (void)token;
    (void)arena;
    (void)out;
    return ERR_UNKNOWN_TOKEN;
}

enum err voice_state_set(struct core *c, const struct actor *by, const struct voice_wish *w)
{
    (void)c;
    (void)by;
    (void)w;
    return ERR_UNKNOWN_CHANNEL;
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

enum err member_page_read(struct core *c, const struct member_query *q, struct arena *arena,
                          struct member_page *out)
{
    (void)c;
    (void)q;
    (void)arena;
    *out = (struct member_page){0};
    return ERR_OK;
}
