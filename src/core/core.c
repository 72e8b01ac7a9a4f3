/* The core: what holds the use-cases together, and the way of events out of a commit. */

#include "core/attachment_urls.h"
#include "core/automod_priv.h"
#include "core/core_priv.h"

#include <assert.h>
#include <string.h>

enum { VIEWS_MAX = 65536 };

enum err core_new(const struct core_options *o, struct core **out)
{
    assert(o->bus != NULL && o->clock != NULL && o->random != NULL);
    struct core *c = mem_zalloc(MEM_CORE, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    c->o = *o;
    c->views = cellmap_new(MEM_VIEWS, VIEWS_MAX, random_u64(o->random));
    c->automod = automod_cache_new(random_u64(o->random), o->clock, 0);
    c->no_guild = guild_view_new(&(struct guild){0}, 0, 0, NULL, 0, NULL, 0);
    c->urls = attachment_urls_new(o->public_url);
    if (c->views == NULL || c->automod == NULL || c->urls == NULL || c->no_guild == NULL) {
        core_free(&c);
        return ERR_NO_MEMORY;
    }
    *out = c;
    return ERR_OK;
}

void core_attach_store(struct core *c, struct store *store)
{
    assert(c->store == NULL);
    c->store = store;
    store_attach(store, c);
}

void core_free(struct core **c)
{
    if (*c == NULL)
        return;
    cellmap_free(&(*c)->views);
    automod_cache_free(&(*c)->automod);
    attachment_urls_free(&(*c)->urls);
    guild_view_unref(&(*c)->no_guild);
    mem_free(MEM_CORE, *c);
    *c = NULL;
}

/* Views first: who hears of an event may ask for the view and must not get an older one. */
void core_on_commit(void *ctx, struct event *const *events, size_t count)
{
    struct core *c = ctx;
    for (size_t i = 0; i < count; i++)
        views_on_event(c, events[i]);
    bus_publish(c->o.bus, events, count);
}

void core_publish_ephemeral(struct core *c, struct event *e)
{
    bus_publish(c->o.bus, &e, 1);
    event_unref(&e);
}

const struct clock *core_clock(const struct core *c)
{
    return c->o.clock;
}

struct store *core_store(struct core *c)
{
    return c->store;
}

struct stream core_guild_stream(struct guild_id id)
{
    return (struct stream){STREAM_GUILD, id.v};
}

struct stream core_user_stream(struct user_id id)
{
    return (struct stream){STREAM_USER, id.v};
}

static void stamp(struct tx *tx, struct event *e, const struct actor *by)
{
    size_t len = by->request_id.len < EVENT_REQUEST_ID_MAX ? by->request_id.len
                                                           : (size_t)EVENT_REQUEST_ID_MAX;
    if (len > 0)
        memcpy(e->request_id, by->request_id.data, len);
    e->request_id[len] = '\0';
    if (e->actor_id == 0 && by->who != NULL)
        e->actor_id = by->who->user.v;
    if (e->at_ms == 0)
        e->at_ms = tx_now_ms(tx);
}

enum err core_emit_delta(struct tx *tx, struct event *e, const struct actor *by, struct slice delta)
{
    if (e == NULL)
        return ERR_NO_MEMORY;
    stamp(tx, e, by);
    return tx_emit_delta(tx, e, delta);
}

enum err core_emit(struct tx *tx, struct event *e, const struct actor *by)
{
    return core_emit_delta(tx, e, by, LOG_NONE);
}

enum err core_emit_structure(struct tx *tx, struct event *e, const struct actor *by,
                             const struct guild_view *view)
{
    if (e == NULL)
        return ERR_NO_MEMORY;
    if (e->view == NULL)
        e->view = guild_view_ref(view);
    struct event *kept = event_ref(e);
    enum err failed = core_emit(tx, e, by);
    assert(failed != ERR_OK || kept->position == view->position);
    event_unref(&kept);
    return failed;
}
