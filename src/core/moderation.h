#pragma once

/*
 * Moderation: bans of people and of addresses, and who may join a guild at all. Every way into a
 * guild asks moderation_may_join in its closure; nothing else decides about bans.
 */

#include "core/access.h"
#include "core/core.h"
#include "model/entities.h"
#include "store/addresses.h"

/*
 * In a closure that holds the guild's stream, before the member is inserted: BANNED if the user is
 * banned there, or comes from an address that the guild has banned. Otherwise ERR_OK, and the
 * address is noted for a later address ban. address: as text, where the newcomers themselves are;
 * data NULL if that is not known (bots, and people whom somebody else lets in).
 */
MUST_CHECK enum err moderation_may_join(struct core *c, struct tx *tx, struct guild_id guild,
                                        struct user_id user, struct slice address);

struct ban_wish {
    uint32_t delete_s; /* messages of the last seconds go too; 0: none do */
    bool addresses;    /* and so does who comes from where they were seen */
};
/*
 * ERR_OK also if they are banned already; then only addresses may be added. They need not be
 * members. Emits GUILD_BAN_ADD, and what leaving emits. Messages are deleted in steps (tasks.h).
 * UNKNOWN_USER, MISSING_PERMISSIONS (they rank as high as the actor, or higher),
 * MAX_ADDRESS_BANS.
 */
MUST_CHECK enum err ban_put(struct core *c, const struct actor *by, const struct access *a,
                            struct user_id user, const struct ban_wish *wish);
/* With the address bans that came with it. UNKNOWN_BAN. */
MUST_CHECK enum err ban_remove(struct core *c, const struct actor *by, const struct access *a,
                               struct user_id user);
/* Many at once: users[0..count) ends up sorted by outcome, the *banned first ones are banned by
 * now. Ids that come twice are dropped: *kept is how many there are. BULK_BAN_FAILED if none could
 * be. */
MUST_CHECK enum err ban_bulk(struct core *c, const struct actor *by, const struct access *a,
                             uint64_t *users, size_t count, const struct ban_wish *wish,
                             size_t *banned, size_t *kept);
/* UNKNOWN_BAN. */
MUST_CHECK enum err ban_get(struct core *c, struct guild_id guild, struct user_id user,
                            struct arena *arena, struct ban *out);
/* Ascending: the first `limit` after `after`, or with before (not 0) the last before that. */
MUST_CHECK enum err ban_list(struct core *c, struct guild_id guild, uint64_t before, uint64_t after,
                             uint64_t limit, struct arena *arena, struct ban **out, size_t *count);

/*
 * Bans of the addresses that somebody was seen at, without banning them. An address that the
 * guild's owner or the actor was seen at too, or that the actor's request comes from, is left out:
 * it would be their own household, or a proxy that the operator has not named
 * (http.trusted_proxies) and behind which everybody is.
 * UNKNOWN_USER, MAX_ADDRESS_BANS. *banned: how many addresses were added or were banned before.
 */
MUST_CHECK enum err address_ban_put(struct core *c, const struct actor *by, const struct access *a,
                                    struct user_id user, uint64_t *banned);
/* UNKNOWN_BAN. */
MUST_CHECK enum err address_ban_remove(struct core *c, const struct actor *by,
                                       const struct access *a, struct user_id user);
/* Whom they came from; never what they are. */
MUST_CHECK enum err address_ban_list(struct core *c, struct guild_id guild, uint64_t after,
                                     uint64_t limit, struct arena *arena, struct address_ban **out,
                                     size_t *count);
