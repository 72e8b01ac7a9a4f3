#pragma once

/*
 * Sessions over a planned restart. On the way down each loop writes its sessions as bytes
 * (handover_save.c); on the way up they are read, made sessions again and put back into their
 * guilds (handover_take.c), without a word to their clients, who resume and notice nothing. That is
 * only true if nothing happened in between: every stream must stand where it stood, else the
 * session is dropped and its client begins anew.
 */

#include "gateway/gateway_priv.h"
#include "gateway/handover_state.h"

enum {
    HANDOVER_MORE_BYTES = 256 * 1024, /* beyond it the session is left out */
    HANDOVER_ROW_BYTES = 256 * 1024,  /* payloads in a row, as soon as there are so many */
    HANDOVER_POLL_NS = 1000 * 1000,
};

/* Loop thread: may the session go over? What is between two states may not. */
bool handover_settled(const struct session *s);
/* JSON of what others keep for the session: presence, subscriptions. */
MUST_CHECK bool handover_more(const struct session *s, struct buf *out);
/* Once the session is in its guilds. */
void handover_more_restore(struct session *s, struct slice more);
