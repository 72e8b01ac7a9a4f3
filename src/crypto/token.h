#pragma once

/*
 * Opaque tokens of people and bots: "<base64url user id>.<base64url 6 bytes>.<base64url 32 bytes>",
 * the form that client libraries expect. The server keeps only a keyed-less BLAKE2b-256 of the
 * whole text (the secret part has 256 bits of entropy, so a fast hash suffices).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/random.h"
#include "base/slice.h"

enum { TOKEN_TEXT_MAX = 96, TOKEN_HASH_LEN = 32 };

/* Writes the text and a NUL; returns its length. */
size_t token_make(const struct random *r, uint64_t user_id, char out[TOKEN_TEXT_MAX]);
void token_hash(struct slice text, uint8_t out[TOKEN_HASH_LEN]);
/* Cheap check of the form, before any look-up: three parts of the base64url alphabet, length. */
bool token_plausible(struct slice text);
/* BLAKE2b-256 of any bytes. */
void crypto_digest(struct slice data, uint8_t out[TOKEN_HASH_LEN]);
/* Wipes secrets from memory. */
void crypto_wipe(void *p, size_t len);
/* Invite codes and the like: `len` characters of [A-Za-z0-9] without 0, O, I, l; writes a NUL. */
void crypto_code(const struct random *r, size_t len, char *out);
