#pragma once

/* Keyed hashes of addresses that people joined from, and those that guilds turned away. The hashes
 * are the caller's affair (core/addresses.h); nothing here or in the database can be turned back
 * into an address. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

enum { ADDRESS_HASH_BYTES = 16 };

struct address_hash {
    unsigned char bytes[ADDRESS_HASH_BYTES];
};

/* Notes that the user was seen there now, and forgets all but the latest `kept`. */
MUST_CHECK enum err addresses_note(struct sql_conn *c, struct user_id user,
                                   const struct address_hash *hash, int64_t now_ms, uint64_t kept);
/* What is remembered of the user, the latest first; room for `room`. */
MUST_CHECK enum err addresses_of_user(struct sql_conn *c, struct user_id user, size_t room,
                                      struct address_hash *list, size_t *count);
/* Nothing if the guild has it banned already. */
MUST_CHECK enum err address_bans_insert(struct sql_conn *c, struct guild_id guild,
                                        const struct address_hash *hash, struct user_id user,
                                        int64_t now_ms);
MUST_CHECK enum err address_bans_exists(struct sql_conn *c, struct guild_id guild,
                                        const struct address_hash *hash, bool *exists);
MUST_CHECK enum err address_bans_count(struct sql_conn *c, struct guild_id guild, uint64_t *count);
/* Those that came from the user; *removed: how many. */
MUST_CHECK enum err address_bans_remove(struct sql_conn *c, struct guild_id guild,
                                        struct user_id user, uint64_t *removed);
/* Whom a guild's address bans came from. */
struct address_ban {
    struct user user; /* id only if the account is gone */
    int64_t created_at_ms;
    uint64_t count;
};
/* The first `limit` with user id > after. */
MUST_CHECK enum err address_bans_page(struct sql_conn *c, struct guild_id guild, uint64_t after,
                                      uint64_t limit, struct arena *arena, struct address_ban **out,
                                      size_t *count);
