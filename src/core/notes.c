/* What people note about each other: nobody but the writer reads it. */

#include "base/limits.h"
#include "core/core_priv.h"
#include "core/relationships.h"
#include "proto/relationship.h"
#include "store/relationships.h"
#include "store/users.h"

struct noting {
    const struct actor *by;
    struct user_id user;
    struct user_id about;
    struct slice note;
    struct arena *arena;
    struct note *list;
    size_t count;
};

static enum err read_note(struct tx *tx, void *ctx)
{
    struct noting *x = ctx;
    return notes_find(tx_sql(tx), x->user, x->about, x->arena, &x->note);
}

enum err note_get(struct core *c, struct user_id user, struct user_id about, struct arena *arena,
                  struct slice *out)
{
    struct noting x = {.user = user, .about = about, .arena = arena};
    enum err e = store_read(c->store, read_note, &x);
    if (e == ERR_OK && x.note.data == NULL)
        e = ERR_UNKNOWN_USER;
    if (e == ERR_OK)
        *out = x.note;
    return e;
}

static enum err write_note(struct tx *tx, void *ctx)
{
    struct noting *x = ctx;
    struct arena arena;
    struct user about;
    arena_init(&arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = tx_lock(tx, core_user_stream(x->user));
    if (e == ERR_OK)
        e = users_find(tx_sql(tx), x->about, &arena, &about);
    if (e == ERR_OK)
        e = notes_set(tx_sql(tx), x->user, x->about, x->note);
    arena_deinit(&arena);
    return e == ERR_OK ? core_emit(tx, event_note(x->about, x->note, x->user), x->by) : e;
}

enum err note_set(struct core *c, const struct actor *by, struct user_id about, struct slice note)
{
    struct noting x = {.by = by, .user = by->who->user, .about = about, .note = note};
    return store_write(c->store, write_note, &x);
}

static enum err read_notes(struct tx *tx, void *ctx)
{
    struct noting *x = ctx;
    return notes_of(tx_sql(tx), x->user, LIMIT_NOTES, x->arena, &x->list, &x->count);
}

enum err note_list(struct core *c, struct user_id user, struct arena *arena, struct note **out,
                   size_t *count)
{
    struct noting x = {.user = user, .arena = arena};
    enum err e = store_read(c->store, read_notes, &x);
    if (e != ERR_OK)
        return e;
    *out = x.list;
    *count = x.count;
    return ERR_OK;
}
