#pragma once

/* What the use-cases of channels (channels.c, channel_<verb>.c) share. */

#include "core/access_renew.h"
#include "core/audit.h"
#include "core/channels.h"
#include "core/core_priv.h"
#include "proto/bodies_channels.h"

#define CHANNEL_SETS(field) (UINT32_C(1) << BODY_CHANNEL_##field)

/* One change under way, from a draft. The closure may run again: channel_change_begin. */
struct channel_change {
    const struct actor *by;
    const struct access *a;
    const struct channel_draft *d;
    struct draft_problem problem;
    struct arena arena;
    struct access now; /* as of the transaction */
    struct guild_view *view;
};
/* 1,000 overwrites twice over, a view's worth of them copied, and audit notes. */
enum { CHANNEL_CHANGE_BYTES = 8 * 1024 * 1024 };

void channel_change_init(struct channel_change *x);
void channel_change_deinit(struct channel_change *x);
/* In the closure, first: forgets what an earlier run made; then access_renew. */
MUST_CHECK enum err channel_change_begin(struct tx *tx, struct channel_change *x, uint64_t need);

/* INVALID_FORM, and says what is wrong. */
enum err channel_problem(struct draft_problem *p, const char *field, const char *code,
                         const char *message);
/* What ch becomes by the draft, as far as its type has it (channel_rules.c): the row, tags,
 * overwrites; nothing is written. `set`: see channel_draft. `made`: it is being created. */
MUST_CHECK enum err channel_compose(struct tx *tx, struct channel_change *x, uint32_t set,
                                    bool made, struct channel *ch);
/* ch may be put into its category by the actor. INVALID_FORM; MISSING_ACCESS or MISSING_PERMISSIONS
 * without VIEW_CHANNEL or MANAGE_CHANNELS in the category. */
MUST_CHECK enum err channel_check_parent(struct tx *tx, const struct access *now,
                                         const struct channel *ch, struct draft_problem *p);
/* The actor may turn `before` into `after` (both ascending by id) in ch, and all new ones are for
 * somebody. channel: NULL while it is being made. */
MUST_CHECK enum err channel_check_overwrites(struct tx *tx, struct channel_change *x,
                                             const struct channel *channel,
                                             const struct channel *before,
                                             const struct channel *after);
/* After that check, which is on what was asked for: only bits that an overwrite can name stay. */
MUST_CHECK enum err channel_mask_overwrites(struct channel_change *x, struct channel *ch);
bool channel_in_step(const struct channel *a, const struct channel *b);

/* Each difference of two lists that ascend by id; NULL: not there. Stops at an error. */
typedef enum err (*overwrite_fn)(void *ctx, const struct overwrite *before,
                                 const struct overwrite *after);
MUST_CHECK enum err overwrites_compare(const struct channel *before, const struct channel *after,
                                       overwrite_fn fn, void *ctx);

/* The audit log (channel_audit.c). Of a channel that is made (before NULL) or goes (after NULL), or
 * of its settings without overwrites; nothing is written if they are the same. */
MUST_CHECK enum err channel_audit(struct tx *tx, const struct actor *by,
                                  const struct channel *before, const struct channel *after);
/* An entry for each overwrite that differs. */
MUST_CHECK enum err channel_audit_overwrites(struct tx *tx, const struct actor *by,
                                             const struct guild_view *view,
                                             const struct channel *before,
                                             const struct channel *after);
bool channel_settings_differ(const struct channel *a, const struct channel *b);
/* CHANNEL_UPDATE of channels of the view; `structure`: the first is the event that carries it. */
MUST_CHECK enum err channels_emit_updates(struct tx *tx, const struct actor *by,
                                          struct guild_view *view, const struct channel_id *ids,
                                          size_t count, bool structure);
/* x->now.channel becomes `after`; if it is a category whose overwrites change, the children that
 * were in step with it follow. Writes, emits, audits; nothing of that if nothing differs. x->view:
 * the structure then. */
MUST_CHECK enum err channel_apply(struct tx *tx, struct channel_change *x,
                                  const struct channel *after);
