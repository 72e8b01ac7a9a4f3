/*
 * What a large guild's structure costs: 250 roles, 500 channels with 24 overwrites each.
 *
 *   bench_guild_views FOLDER
 *
 * One JSON line: nanoseconds of a permission check in a channel (a member with 30 roles, all
 * channels in turn), of the same with the roles' part done once, and of what a closure pays for the
 * new view when one role, one channel or everything changed. FOLDER gets an SQLite store.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "core/core_priv.h"
#include "model/permissions.h"
#include "store/channels.h"
#include "store/guilds.h"
#include "store/roles.h"
#include "store/users.h"

enum {
    ROLES = 250,
    CHANNELS = 500,
    OVERWRITES = 24,
    HELD = 30,
    CHECK_ROUNDS = 2000,
    CHANGES = 200,
    LOADS = 30,
    NAME_MAX_BYTES = 32
};

struct bench {
    struct core *core;
    struct store *store;
    struct random_seeded random;
    struct guild_id guild;
    struct user_id owner;
    uint64_t roles[ROLES];
    uint64_t channels[CHANNELS];
    struct guild_view *view;
    unsigned parts;
    bool one_channel;
    uint64_t ns; /* of the last restructuring */
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t below(struct bench *b, uint64_t bound)
{
    return random_seeded_next(&b->random) % bound;
}

static void must(enum err e)
{
    if (e != ERR_OK) {
        fprintf(stderr, "bench_guild_views: error %d\n", (int)e);
        exit(1);
    }
}

static enum err make_roles(struct bench *b, struct tx *tx)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ROLES; i++) {
        char name[NAME_MAX_BYTES];
        snprintf(name, sizeof name, "role number %zu", i);
        b->roles[i] = i == 0 ? b->guild.v : tx_id(tx);
        struct role r = {.id = {b->roles[i]},
                         .guild = b->guild,
                         .name = slice_from(name),
                         .position = (int32_t)i,
                         .permissions = PERMISSIONS_DEFAULT & random_seeded_next(&b->random)};
        r.permissions |= i == 0 ? PERMISSIONS_DEFAULT : 0;
        e = roles_insert(tx_sql(tx), &r);
    }
    return e;
}

static enum err make_channels(struct bench *b, struct tx *tx)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < CHANNELS; i++) {
        struct overwrite list[OVERWRITES];
        char name[NAME_MAX_BYTES];
        snprintf(name, sizeof name, "channel-number-%zu", i);
        /* Apart, so that no role comes twice; the last is of a member. */
        for (size_t k = 0; k < OVERWRITES; k++)
            list[k] =
                (struct overwrite){.id = b->roles[k * (ROLES / OVERWRITES) + below(b, 10)],
                                   .allow = random_seeded_next(&b->random) & PERMISSIONS_DEFAULT,
                                   .deny = UINT64_C(1) << below(b, 20) & ~UINT64_C(1024)};
        list[OVERWRITES - 1] = (struct overwrite){b->owner.v + 1, OVERWRITE_MEMBER, 1 << 11, 0};
        b->channels[i] = tx_id(tx);
        struct channel c = {.id = {b->channels[i]},
                            .guild = b->guild,
                            .name = slice_from(name),
                            .topic = SLICE("What this channel is about, in a few words"),
                            .position = (int32_t)i,
                            .overwrites = list,
                            .overwrite_count = OVERWRITES};
        e = channels_insert(tx_sql(tx), &c);
    }
    return e;
}

static enum err make_guild(struct tx *tx, void *ctx)
{
    struct bench *b = ctx;
    b->owner.v = tx_id(tx);
    b->guild.v = tx_id(tx);
    struct user u = {.id = b->owner, .tenant = TENANT_DEFAULT, .username = SLICE("owner")};
    struct guild g = {.id = b->guild,
                      .tenant = TENANT_DEFAULT,
                      .owner = b->owner,
                      .name = SLICE("Large"),
                      .preferred_locale = SLICE("en-US")};
    enum err e = users_insert(tx_sql(tx), &u, tx_now_ms(tx));
    if (e == ERR_OK)
        e = guilds_insert(tx_sql(tx), &g);
    if (e == ERR_OK)
        e = make_roles(b, tx);
    return e == ERR_OK ? make_channels(b, tx) : e;
}

static const struct actor nobody = {0};

/* A change of what `parts` says and the view that follows, timed without the change. */
static enum err restructure(struct tx *tx, void *ctx)
{
    struct bench *b = ctx;
    struct view_change c = {.parts = b->parts};
    if (b->one_channel)
        c.channel.v = b->channels[below(b, CHANNELS)];
    enum err e = tx_lock(tx, core_guild_stream(b->guild));
    uint64_t start = now_ns();
    if (e == ERR_OK)
        e = views_restructured(tx, b->guild, c, &b->view);
    b->ns = now_ns() - start;
    if (e != ERR_OK)
        return e;
    return core_emit_structure(
        tx, event_new(EVENT_GUILD_UPDATE, core_guild_stream(b->guild), NULL, 0), &nobody, b->view);
}

static enum err load(struct tx *tx, void *ctx)
{
    struct bench *b = ctx;
    guild_view_unref(&b->view);
    uint64_t start = now_ns();
    enum err e = views_load(tx_sql(tx), b->guild, &b->view);
    b->ns = now_ns() - start;
    return e;
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The median. */
static uint64_t time_changes(struct bench *b, unsigned parts, bool one_channel)
{
    uint64_t ns[CHANGES];
    b->parts = parts;
    b->one_channel = one_channel;
    for (size_t i = 0; i < CHANGES; i++) {
        must(store_write(b->store, restructure, b));
        ns[i] = b->ns;
    }
    qsort(ns, CHANGES, sizeof *ns, compare_ns);
    return ns[CHANGES / 2];
}

static uint64_t time_loads(struct bench *b)
{
    uint64_t ns[LOADS];
    for (size_t i = 0; i < LOADS; i++) {
        must(store_read(b->store, load, b));
        ns[i] = b->ns;
    }
    qsort(ns, LOADS, sizeof *ns, compare_ns);
    return ns[LOADS / 2];
}

/* `once`: the part of the roles once for all channels. */
static double time_checks(const struct guild_view *v, const struct subject *who, bool once)
{
    uint64_t seen = 0, start = now_ns();
    for (size_t round = 0; round < CHECK_ROUNDS; round++) {
        uint64_t base = permissions_base(v, who);
        for (size_t i = 0; i < v->channel_count; i++)
            seen += once ? permissions_in_channel_from(base, v, who, &v->channels[i], 1)
                         : permissions_in_channel(v, who, &v->channels[i], 1);
    }
    uint64_t ns = now_ns() - start;
    if (seen == 0)
        fprintf(stderr, "bench_guild_views: nobody may anything\n");
    return (double)ns / (double)((uint64_t)CHECK_ROUNDS * v->channel_count);
}

static void report(struct bench *b)
{
    struct role_id held[HELD];
    struct subject who = {.user = {b->owner.v + 1}, .roles = held, .role_count = HELD};
    struct guild_view *v = NULL;
    for (size_t i = 0; i < HELD; i++)
        held[i].v = b->roles[1 + i * 8];
    must(store_read(b->store, load, b));
    v = guild_view_ref(b->view);
    double check = time_checks(v, &who, false), once = time_checks(v, &who, true);
    guild_view_unref(&v);
    views_warm(b->core, b->guild);
    uint64_t role = time_changes(b, VIEW_ROLES, false);
    uint64_t channel = time_changes(b, VIEW_CHANNELS, true);
    uint64_t channels = time_changes(b, VIEW_CHANNELS, false);
    printf("{\"check_ns\":%.0f,\"check_from_base_ns\":%.0f,\"patch_roles_ns\":%llu,"
           "\"patch_channel_ns\":%llu,\"patch_channels_ns\":%llu,\"load_ns\":%llu}\n",
           check, once, (unsigned long long)role, (unsigned long long)channel,
           (unsigned long long)channels, (unsigned long long)time_loads(b));
}

int main(int argc, char **argv)
{
    static struct bench b;
    char why[256] = "";
    if (argc != 2) {
        fprintf(stderr, "usage: bench_guild_views FOLDER\n");
        return 2;
    }
    struct bus *bus = bus_new(NULL);
    struct core_options co = {.bus = bus, .clock = clock_system(), .random = random_system()};
    must(bus == NULL ? ERR_NO_MEMORY : core_new(&co, &b.core));
    struct store_options so = {.path = argv[1],
                               .readers = 2,
                               .batch_max = 64,
                               .queue_max = 64,
                               .wal_alarm_bytes = UINT64_C(1) << 30,
                               .read_limit_ms = 60000,
                               .clock = clock_system(),
                               .on_commit = core_on_commit,
                               .on_commit_ctx = b.core};
    if (store_open(&so, &b.store, why, sizeof why) != ERR_OK) {
        fprintf(stderr, "bench_guild_views: %s\n", why);
        return 1;
    }
    core_attach_store(b.core, b.store);
    random_seeded_init(&b.random, 1);
    must(store_write(b.store, make_guild, &b));
    report(&b);
    guild_view_unref(&b.view);
    store_close(&b.store);
    core_free(&b.core);
    bus_free(&bus);
    return 0;
}
