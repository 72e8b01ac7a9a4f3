#pragma once

/*
 * Which members of a guild change while somebody reads members from the store. What was read on a
 * worker is as of a position of the stream; if the loop has delivered a later change of one of
 * those members in the meantime, sending what was read would undo it at the client for good.
 * Whoever reads begins a watch before, asks it afterwards, and reads again if it says so. Loop
 * thread.
 */

#include "core/member_pages.h"
#include "gateway/gateway_priv.h"

struct member_mark {
    uint64_t watch; /* which one; 0: none, the answer is not to be trusted */
    uint64_t since;
};

/* Never fails: without memory the mark is one that asks for reading again. */
struct member_mark member_watch_begin(struct guild_sub *s);
/* An event of the guild's stream, whether it is watched or not. */
void member_watch_note(struct guild_sub *s, const struct event *e);
/* Ends the watch; `s` may be NULL, or another one than began. True: a member of the page has
 * changed since it was read, or nobody knows. page NULL: not asked. */
bool member_watch_end(struct guild_sub *s, struct member_mark mark, const struct member_page *page);
void member_watch_free(struct guild_sub *s);
