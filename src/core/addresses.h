#pragma once

/*
 * Addresses without addresses: what is kept of one is a hash with a key of this installation, so
 * that a copy of the database tells nobody where people were. IPv6 counts by its /64, which is what
 * one household has; IPv4 inside IPv6 is IPv4.
 */

#include "core/core.h"
#include "store/addresses.h"

/* In a write transaction. *known: false for a text that is no address (or data NULL). */
MUST_CHECK enum err address_hash_of(struct core *c, struct tx *tx, struct slice address,
                                    struct address_hash *out, bool *known);
/* Notes that the user is there now, for a later ban of it; nothing if it is not known. */
MUST_CHECK enum err address_note(struct core *c, struct tx *tx, struct user_id user,
                                 struct slice address);
/* What an address is reduced to before it is hashed: 4 or 8 bytes; 0: it is none. For tests. */
size_t address_significant(struct slice address, unsigned char out[8]);
