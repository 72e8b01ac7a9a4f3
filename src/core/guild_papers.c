/* Settings kept as JSON. */

#include "core/guild_papers.h"

#include "core/core_priv.h"

enum { PAPER_BYTES_MAX = 1024 * 1024 };

void paper_end(struct paper *p)
{
    document_end(&p->document);
}

enum err paper_read(struct tx *tx, struct guild_id guild, enum guild_document kind,
                    const struct shape *shape, struct arena *arena, struct paper *p, void *out)
{
    enum err e = guild_documents_find(tx_sql(tx), guild, kind, arena, &p->text);
    p->exists = e == ERR_OK && p->text.data != NULL;
    return e == ERR_OK ? document_read(&p->document, p->text, shape, arena, out) : e;
}

struct paper_reading {
    struct guild_id guild;
    enum guild_document kind;
    const struct shape *shape;
    struct arena *arena;
    struct paper *paper;
    void *out;
};

static enum err read_it(struct tx *tx, void *ctx)
{
    struct paper_reading *x = ctx;
    return paper_read(tx, x->guild, x->kind, x->shape, x->arena, x->paper, x->out);
}

enum err paper_get(struct core *c, struct guild_id guild, enum guild_document kind,
                   const struct shape *shape, struct arena *arena, struct paper *p, void *out)
{
    struct paper_reading x = {guild, kind, shape, arena, p, out};
    return store_read(c->store, read_it, &x);
}

enum err
paper_format(void (*write)(struct json_writer *w, const void *value, struct guild_id guild),
             const void *value, struct guild_id guild, struct arena *arena, struct slice *out)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_CORE, PAPER_BYTES_MAX);
    json_begin(&w, &b);
    write(&w, value, guild);
    *out = b.failed ? (struct slice){NULL, 0} : arena_dup(arena, buf_slice(&b));
    buf_deinit(&b);
    return out->data == NULL ? ERR_NO_MEMORY : ERR_OK;
}
