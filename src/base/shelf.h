#pragma once

/*
 * A cache of immutable objects (base/snapshot.h) by key, bounded by their number and by their
 * bytes: when room is wanted, what was used least recently goes. Who has a reference keeps the
 * object alive for as long; the shelf's bytes are those of the objects it holds itself. One mutex,
 * held for a look-up and a few pointers: nothing is called under it, and objects are dropped
 * outside.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/mem.h"
#include "base/snapshot.h"

struct shelf;

/* At most count_max objects of bytes_max bytes together. NULL when memory is short. */
MUST_CHECK struct shelf *shelf_new(enum mem_area area, size_t count_max, size_t bytes_max,
                                   uint64_t seed);
/* Drops every object. */
void shelf_free(struct shelf **s);
/* A reference for the caller; NULL: not there. `key` is not 0. */
struct snapshot *shelf_get(struct shelf *s, uint64_t key);
/* Takes a reference of its own, in place of what the key had. What is larger than the whole shelf
 * (or finds no memory) is not kept; then the key has nothing. */
void shelf_put(struct shelf *s, uint64_t key, struct snapshot *object, size_t bytes);
/* Of what is held now. */
size_t shelf_bytes(struct shelf *s);
