/* The gateway as a whole: one hub a loop. */
#include "gateway/gateway_priv.h"
#include "gateway/presence.h"

enum { LIVE_USERS_MAX = 1 << 20 }; /* in each part of the count; as many as a hub may have */

enum err gateway_new(const struct gateway_options *o, struct gateway **out)
{
    struct gateway *g = mem_zalloc(MEM_GATEWAY, sizeof *g);
    if (g == NULL)
        return ERR_NO_MEMORY;
    g->options = *o;
    presence_online(g, &g->online);
    g->hubs = mem_array(MEM_GATEWAY, o->loop_count, sizeof *g->hubs);
    g->live = counts_new(MEM_GATEWAY, LIVE_USERS_MAX, random_u64(o->random));
    g->presences = presences_new(random_u64(o->random));
    if (g->hubs == NULL || g->live == NULL || g->presences == NULL) {
        gateway_free(&g);
        return ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < o->loop_count; i++) {
        enum err e = hub_start(&g->hubs[i], g, o->loops[i], i);
        if (e != ERR_OK) {
            gateway_free(&g);
            return e;
        }
        g->hub_count++;
    }
    *out = g;
    return ERR_OK;
}

static void drain_hub(struct task *t, struct loop *l)
{
    (void)l;
    struct hub *h = (struct hub *)(void *)((char *)t - offsetof(struct hub, drain));
    h->draining = true;
    presence_desk_close(h->desk); /* that all are gone is not told: they come again */
    LIST_FOREACH (it, &h->conns)
        gw_conn_reconnect(LIST_OWNER(it, struct gw_conn, node));
}

void gateway_drain(struct gateway *g)
{
    for (unsigned i = 0; i < g->hub_count; i++) {
        g->hubs[i].drain.run = drain_hub;
        loop_post(g->hubs[i].loop, &g->hubs[i].drain);
    }
}

const struct online_source *gateway_online(const struct gateway *g)
{
    return &g->online;
}

void gateway_free(struct gateway **g)
{
    if (*g == NULL)
        return;
    for (unsigned i = 0; i < (*g)->hub_count; i++)
        hub_deinit(&(*g)->hubs[i]);
    counts_free(&(*g)->live);
    presences_free(&(*g)->presences);
    mem_free(MEM_GATEWAY, (*g)->hubs);
    mem_free(MEM_GATEWAY, *g);
    *g = NULL;
}
