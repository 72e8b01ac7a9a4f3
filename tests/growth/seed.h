#pragma once

/*
 * A large installation, made by SQL in seconds: what the tests of growth look at, and what the
 * benches start on (growth_seed.c). The texts run on both backends, on a schema that is migrated
 * and empty.
 *
 * People have the ids growth_user(0), growth_user(1) ..., guilds growth_guild(0) ...; everything is
 * at most two days old, so that ids and times look as they would.
 */

#include <stddef.h>
#include <stdint.h>

enum {
    GROWTH_USERS = 60000,
    GROWTH_MEMBERS = 100000, /* 20,080 of them in the first guild */
    GROWTH_GUILDS = 1000,
    GROWTH_CHANNELS = 10, /* in each guild; and ROLES likewise */
    GROWTH_MESSAGES = 1000000
};

/* Called with each text in turn; false ends it. */
typedef int (*growth_run)(void *ctx, const char *text);
/* `messages`: how many there shall be, about, up to GROWTH_MESSAGES. `blob_type`: BLOB or BYTEA. 0
 * if a text failed. */
int growth_seed(uint64_t messages, const char *blob_type, growth_run run, void *ctx);

/* The smallest id of the time zero of this world, and the distance between two: a millisecond. */
#define GROWTH_EPOCH_ID UINT64_C(1455000000000000000)
#define GROWTH_STEP (UINT64_C(1) << 22)
uint64_t growth_user(uint64_t i);
uint64_t growth_guild(uint64_t i);
