#pragma once

/* From the configuration to the options of the modules that make an installation: the server builds
 * them, and so does a command that runs without one. */

#include "core/core.h"
#include "core/images.h"
#include "main/config.h"
#include "media/s3_client.h"
#include "ops/ops.h"

struct core_options installation_core(const struct config *c, struct bus *bus,
                                      const struct log *log, struct metrics *metrics);
/* The place of blobs that is configured. NO_MEMORY. `c` and `log` outlive it. */
MUST_CHECK enum err installation_blobs(const struct config *c, const struct log *log,
                                       struct blob_store **out);
/* `blobs` is where the pictures come from. */
struct images_options installation_images(const struct config *c, struct blob_store *blobs,
                                          const struct log *log, struct metrics *metrics);
/* on_commit goes to `core`. */
struct store_options installation_store(const struct config *c, struct core *core,
                                        const struct log *log, struct metrics *metrics);
/* store and core may be NULL. */
struct ops installation_ops(const struct config *c, struct store *store, struct core *core,
                            const struct log *log);
