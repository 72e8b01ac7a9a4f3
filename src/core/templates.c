/*
 * Templates. The document is made before the transaction, from the view that the request was
 * authorised on, so that the writer has one row to write however large the guild is.
 */

#include "core/templates.h"

#include "core/core_priv.h"
#include "crypto/token.h"
#include "proto/template.h"
#include "proto/template_document.h"
#include "store/templates.h"

enum { CODE_LEN = 12, CODE_TRIES = 4 };

struct template_read {
    struct slice code;     /* or, data NULL, */
    struct guild_id guild; /* of this guild */
    struct arena *arena;
    struct guild_template *out;
};

static enum err read_template(struct tx *tx, void *ctx)
{
    const struct template_read *x = ctx;
    if (x->code.data != NULL)
        return templates_find(tx_sql(tx), x->code, x->arena, x->out);
    return templates_of_guild(tx_sql(tx), x->guild, x->arena, x->out);
}

enum err template_get(struct core *c, struct slice code, struct arena *arena,
                      struct guild_template *out)
{
    struct template_read x = {.code = code, .arena = arena, .out = out};
    return code.data == NULL ? ERR_UNKNOWN_TEMPLATE : store_read(c->store, read_template, &x);
}

enum err template_of_guild(struct core *c, struct guild_id guild, struct arena *arena,
                           struct guild_template *out)
{
    struct template_read x = {.guild = guild, .arena = arena, .out = out};
    return store_read(c->store, read_template, &x);
}

struct template_write {
    struct core *core;
    const struct access *a;
    struct slice code;
    struct slice document; /* data NULL: stays */
    const struct template_change *change;
    bool delete;
    struct arena *arena;
    struct guild_template t;
};

/* The document of a view in `out`, which the caller ends. */
static enum err make_document(const struct guild_view *view, struct buf *out)
{
    struct json_writer w;
    buf_init(out, MEM_CORE, TEMPLATE_DOCUMENT_BYTES_MAX);
    json_begin(&w, out);
    proto_template_document(&w, view);
    return out->failed ? ERR_ENTITY_TOO_LARGE : ERR_OK;
}

/* ---- making one ---- */

static enum err insert_with_code(struct tx *tx, struct template_write *x)
{
    char code[CODE_LEN + 1];
    bool inserted = false;
    enum err e = ERR_OK;
    for (int i = 0; i < CODE_TRIES && e == ERR_OK && !inserted; i++) {
        crypto_code(x->core->o.random, CODE_LEN, code);
        x->t.code = slice_of(code, CODE_LEN);
        e = templates_insert(tx_sql(tx), &x->t, &inserted);
    }
    if (e != ERR_OK || !inserted)
        return e == ERR_OK ? ERR_STORE_CONFLICT : e;
    return templates_of_guild(tx_sql(tx), x->t.guild, x->arena, &x->t);
}

static enum err create(struct tx *tx, void *ctx)
{
    struct template_write *x = ctx;
    struct template_write again = *x; /* a closure may run again, on what it was given */
    struct guild_template there;
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = templates_of_guild(tx_sql(tx), x->t.guild, x->arena, &there);
    if (e != ERR_UNKNOWN_TEMPLATE)
        return e == ERR_OK ? ERR_HAS_TEMPLATE : e;
    again.t.created_at_ms = again.t.updated_at_ms = tx_now_ms(tx);
    e = insert_with_code(tx, &again);
    if (e == ERR_OK)
        x->t = again.t;
    return e;
}

enum err template_create(struct core *c, const struct actor *by, const struct access *a,
                         struct slice name, struct slice description, struct arena *arena,
                         struct guild_template *out)
{
    struct template_write x = {.core = c, .a = a, .arena = arena};
    struct buf document;
    enum err e = make_document(a->view, &document);
    x.t = (struct guild_template){.guild = a->view->guild.id,
                                  .creator_id = by->who->user,
                                  .name = name,
                                  .description = description,
                                  .structure_position = a->view->position,
                                  .document = buf_slice(&document)};
    if (e == ERR_OK)
        e = store_write(c->store, create, &x);
    buf_deinit(&document);
    if (e == ERR_OK)
        *out = x.t;
    return e;
}

/* ---- changing it ---- */

static enum err apply(struct sql_conn *sql, struct template_write *x, int64_t now_ms)
{
    if (x->delete)
        return templates_delete(sql, x->t.guild, x->code);
    if (x->document.data != NULL) {
        x->t.document = x->document;
        x->t.structure_position = x->a->view->position;
        x->t.updated_at_ms = now_ms;
        return templates_sync(sql, &x->t);
    }
    if (x->change->rename)
        x->t.name = x->change->name;
    if (x->change->redescribe)
        x->t.description = x->change->description;
    return templates_rename(sql, &x->t);
}

static enum err change(struct tx *tx, void *ctx)
{
    struct template_write *x = ctx;
    struct guild_id guild = x->a->view->guild.id;
    arena_reset(x->arena);
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = templates_find(tx_sql(tx), x->code, x->arena, &x->t);
    if (e == ERR_OK && x->t.guild.v != guild.v)
        e = ERR_UNKNOWN_TEMPLATE;
    if (e == ERR_OK)
        e = apply(tx_sql(tx), x, tx_now_ms(tx));
    return e == ERR_OK && !x->delete ? templates_find(tx_sql(tx), x->code, x->arena, &x->t) : e;
}

static enum err run_change(struct template_write *x, struct guild_template *out)
{
    enum err e =
        x->code.data == NULL ? ERR_UNKNOWN_TEMPLATE : store_write(x->core->store, change, x);
    if (e == ERR_OK)
        *out = x->t;
    return e;
}

enum err template_sync(struct core *c, const struct access *a, struct slice code,
                       struct arena *arena, struct guild_template *out)
{
    struct template_write x = {.core = c, .a = a, .code = code, .arena = arena};
    struct buf document;
    enum err e = make_document(a->view, &document);
    x.document = buf_slice(&document);
    if (e == ERR_OK)
        e = run_change(&x, out);
    buf_deinit(&document);
    return e;
}

enum err template_edit(struct core *c, const struct access *a, struct slice code,
                       const struct template_change *how, struct arena *arena,
                       struct guild_template *out)
{
    struct template_write x = {.core = c, .a = a, .code = code, .change = how, .arena = arena};
    return run_change(&x, out);
}

enum err template_delete(struct core *c, const struct access *a, struct slice code,
                         struct arena *arena, struct guild_template *out)
{
    struct template_write x = {.core = c, .a = a, .code = code, .delete = true, .arena = arena};
    return run_change(&x, out);
}
