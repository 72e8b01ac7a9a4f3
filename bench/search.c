/*
 * Searching a million messages, at the interface of core.
 *
 *   bench_search FOLDER [MESSAGES]
 *
 * A guild of 100 channels; its messages are of a vocabulary of 50,000 words that Zipf's law governs
 * (seeded). A member who sees every other channel searches for two words of middle frequency (in
 * about 1 of 1,000 messages each), for the two most frequent ones, and for these oldest first and
 * by relevance. Then pages of a channel's history at its end, in its middle and at its beginning.
 * One JSON line: milliseconds, and what a message costs to write with the index and without. FOLDER
 * gets an SQLite store.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/random.h"
#include "core/core_priv.h"
#include "core/messages.h"
#include "core/search.h"
#include "core/search_index.h"
#include "store/channels.h"
#include "store/guilds.h"
#include "store/members.h"
#include "store/messages.h"
#include "store/roles.h"
#include "store/users.h"

enum {
    CHANNELS = 100,
    VOCABULARY = 50000,
    WORDS_MIN = 3,
    WORDS_MAX = 16,
    BATCH = 2000,
    WRITES = 20, /* batches that are timed without the index */
    MID_QUERIES = 1000,
    TOP_QUERIES = 200,
    PAGES = 2000,
    ARENA_BYTES = 64 * 1024 * 1024
};

struct bench {
    struct core *core;
    struct store *store;
    struct random_seeded random;
    struct arena arena;
    struct guild_id guild;
    struct principal owner, member;
    struct channel_id channels[CHANNELS + 1]; /* the last for what is not indexed */
    double cumulated[VOCABULARY];
    double total;
    uint64_t first_id, done;
    bool indexed;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void must(enum err e)
{
    if (e == ERR_OK)
        return;
    fprintf(stderr, "bench_search: %s\n", err_info(e)->name);
    exit(1);
}

static uint64_t below(struct bench *b, uint64_t bound)
{
    return random_seeded_next(&b->random) % bound;
}

/* ---- the world ---- */

static void make_law(struct bench *b)
{
    for (size_t i = 0; i < VOCABULARY; i++)
        b->cumulated[i] = b->total += 1.0 / (double)(i + 1);
}

static unsigned draw_word(struct bench *b)
{
    double at = b->total * (double)(random_seeded_next(&b->random) >> 11) / (double)(1LL << 53);
    size_t low = 0, high = VOCABULARY - 1;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (b->cumulated[mid] < at)
            low = mid + 1;
        else
            high = mid;
    }
    return (unsigned)low;
}

static enum err make_channels(struct bench *b, struct tx *tx)
{
    const struct overwrite hidden = {b->guild.v, OVERWRITE_ROLE, 0, PERMISSION_VIEW_CHANNEL};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i <= CHANNELS; i++) {
        char name[32];
        snprintf(name, sizeof name, "channel-%zu", i);
        b->channels[i].v = tx_id(tx);
        struct channel c = {.id = b->channels[i],
                            .guild = b->guild,
                            .name = slice_from(name),
                            .position = (int32_t)i,
                            .overwrites = &hidden,
                            .overwrite_count = i % 2};
        e = channels_insert(tx_sql(tx), &c);
    }
    return e;
}

static enum err add_person(struct bench *b, struct tx *tx, struct principal *p, const char *name)
{
    p->user.v = tx_id(tx);
    p->tenant = TENANT_DEFAULT;
    struct user u = {.id = p->user, .tenant = TENANT_DEFAULT, .username = slice_from(name)};
    (void)b;
    return users_insert(tx_sql(tx), &u, tx_now_ms(tx));
}

static enum err make_world(struct tx *tx, void *ctx)
{
    struct bench *b = ctx;
    enum err e = add_person(b, tx, &b->owner, "owner");
    if (e == ERR_OK)
        e = add_person(b, tx, &b->member, "member");
    b->guild.v = tx_id(tx);
    struct guild g = {.id = b->guild,
                      .tenant = TENANT_DEFAULT,
                      .owner = b->owner.user,
                      .name = SLICE("Large"),
                      .preferred_locale = SLICE("en-US")};
    struct role everyone = {.id = {b->guild.v},
                            .guild = b->guild,
                            .name = SLICE("@everyone"),
                            .permissions = PERMISSIONS_DEFAULT};
    if (e == ERR_OK)
        e = guilds_insert(tx_sql(tx), &g);
    if (e == ERR_OK)
        e = roles_insert(tx_sql(tx), &everyone);
    if (e == ERR_OK)
        e = members_insert(tx_sql(tx), b->guild, b->owner.user, tx_now_ms(tx));
    if (e == ERR_OK)
        e = members_insert(tx_sql(tx), b->guild, b->member.user, tx_now_ms(tx));
    return e == ERR_OK ? make_channels(b, tx) : e;
}

/* ---- messages ---- */

static size_t make_text(struct bench *b, char *out, size_t room)
{
    size_t len = 0;
    uint64_t words = WORDS_MIN + below(b, WORDS_MAX - WORDS_MIN + 1);
    for (uint64_t i = 0; i < words; i++)
        len += (size_t)snprintf(out + len, room - len, "%sword%u", i == 0 ? "" : " ", draw_word(b));
    return len;
}

static enum err write_batch(struct tx *tx, void *ctx)
{
    struct bench *b = ctx;
    enum err e = ERR_OK;
    for (size_t i = 0; i < BATCH && e == ERR_OK; i++) {
        char text[512];
        size_t len = make_text(b, text, sizeof text);
        struct channel_id where = b->channels[b->indexed ? below(b, CHANNELS) : CHANNELS];
        struct message m = {.id = {tx_id(tx)},
                            .channel = where,
                            .guild = b->guild,
                            .author = {.id = b->owner.user},
                            .content = slice_of(text, len)};
        e = messages_insert(tx_sql(tx), &m);
        if (e == ERR_OK && b->indexed)
            e = search_index(tx, &m, false);
    }
    return e;
}

/* Microseconds a message. */
static double write_messages(struct bench *b, uint64_t count, bool indexed)
{
    uint64_t start = now_ns();
    b->indexed = indexed;
    for (uint64_t i = 0; i < count; i += BATCH)
        must(store_write(b->store, write_batch, b));
    return (double)(now_ns() - start) / 1000 / (double)count;
}

/* ---- searches ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct times {
    double p50, p99;
    double hits; /* a search */
};

static double search_once(struct bench *b, struct access *a, const struct search_ask *ask,
                          double *hits)
{
    struct search_result found = {0};
    uint64_t took_ms, start = now_ns();
    must(search_messages(b->core, &b->member, a, ask, &b->arena, &found, &took_ms));
    *hits += (double)found.total;
    return (double)(now_ns() - start) / 1e6;
}

/* `rank` 0: two words drawn around the one that stands in 1 of 1,000 messages. */
static struct times time_searches(struct bench *b, size_t count, bool middle,
                                  enum search_order order)
{
    static double ms[MID_QUERIES];
    struct times t = {0};
    assert(count <= MID_QUERIES);
    for (size_t i = 0; i < count; i++) {
        char text[64] = "word0 word1";
        struct access a;
        arena_reset(&b->arena);
        must(access_guild(b->core, &b->member, b->guild, &b->arena, &a));
        /* 9.5 words a message, the rank r in one of (total * r / 9.5) messages. */
        unsigned rank = (unsigned)(9.5 * 1000 / b->total);
        if (middle)
            snprintf(text, sizeof text, "word%u word%u", rank - 50 + (unsigned)below(b, 50),
                     rank + (unsigned)below(b, 50));
        struct search_ask ask = {
            .content = slice_from(text), .order = order, .limit = LIMIT_SEARCH_PAGE};
        ms[i] = search_once(b, &a, &ask, &t.hits);
        access_end(&a);
    }
    qsort(ms, count, sizeof *ms, compare);
    t.p50 = ms[count / 2];
    t.p99 = ms[count - 1 - count / 100];
    t.hits /= (double)count;
    return t;
}

/* ---- pages ---- */

/* Median microseconds of a page that ends below the message at that part of the ids. */
static double time_pages(struct bench *b, double part)
{
    static double us[PAGES];
    struct access a;
    uint64_t last = b->first_id + (uint64_t)((double)(b->done - b->first_id) * part);
    for (size_t i = 0; i < PAGES; i++) {
        struct message *list;
        size_t count = 0;
        arena_reset(&b->arena);
        must(access_channel(b->core, &b->owner, b->channels[i % CHANNELS], &b->arena, &a));
        struct message_page page = {.before = {last}, .limit = 50};
        uint64_t start = now_ns();
        must(message_list(b->core, &a, &page, &b->arena, &list, &count));
        us[i] = (double)(now_ns() - start) / 1000;
        if (count != 50)
            must(ERR_STORE);
        access_end(&a);
    }
    qsort(us, PAGES, sizeof *us, compare);
    return us[PAGES / 2];
}

static enum err note_id(struct tx *tx, void *ctx)
{
    *(uint64_t *)ctx = tx_id(tx);
    return ERR_OK;
}

static void report(struct bench *b, uint64_t messages)
{
    must(store_write(b->store, note_id, &b->first_id));
    double with = write_messages(b, messages, true);
    must(store_write(b->store, note_id, &b->done));
    double without = write_messages(b, (uint64_t)WRITES * BATCH, false);
    struct times mid = time_searches(b, MID_QUERIES, true, SEARCH_NEWEST);
    struct times top = time_searches(b, TOP_QUERIES, false, SEARCH_NEWEST);
    struct times old = time_searches(b, TOP_QUERIES, false, SEARCH_OLDEST);
    struct times relevant = time_searches(b, TOP_QUERIES, false, SEARCH_SHORTEST);
    printf("{\"messages\":%llu,\"write_us\":%.2f,\"write_unindexed_us\":%.2f,"
           "\"middle\":{\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"hits\":%.1f},"
           "\"frequent\":{\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"hits\":%.0f},"
           "\"frequent_oldest\":{\"p50_ms\":%.2f,\"p99_ms\":%.2f},"
           "\"frequent_relevance\":{\"p50_ms\":%.2f,\"p99_ms\":%.2f},",
           (unsigned long long)messages, with, without, mid.p50, mid.p99, mid.hits, top.p50,
           top.p99, top.hits, old.p50, old.p99, relevant.p50, relevant.p99);
    printf("\"page_us\":{\"newest\":%.1f,\"middle\":%.1f,\"oldest\":%.1f}}\n", time_pages(b, 1),
           time_pages(b, 0.5), time_pages(b, 0.05));
}

int main(int argc, char **argv)
{
    static struct bench b;
    char why[256] = "";
    uint64_t messages = 1000000;
    if (argc < 2 || argc > 3 || (argc == 3 && !slice_to_u64(slice_from(argv[2]), &messages))) {
        fprintf(stderr, "usage: bench_search FOLDER [MESSAGES]\n");
        return 2;
    }
    struct bus *bus = bus_new(NULL);
    struct core_options co = {.bus = bus, .clock = clock_system(), .random = random_system()};
    must(bus == NULL ? ERR_NO_MEMORY : core_new(&co, &b.core));
    struct store_options so = {.path = argv[1],
                               .readers = 2,
                               .batch_max = 64,
                               .queue_max = 64,
                               .wal_alarm_bytes = UINT64_C(1) << 34,
                               .read_limit_ms = 60000,
                               .clock = clock_system(),
                               .on_commit = core_on_commit,
                               .on_commit_ctx = b.core};
    if (store_open(&so, &b.store, why, sizeof why) != ERR_OK) {
        fprintf(stderr, "bench_search: %s\n", why);
        return 1;
    }
    core_attach_store(b.core, b.store);
    random_seeded_init(&b.random, 1);
    arena_init(&b.arena, MEM_CORE, ARENA_BYTES);
    make_law(&b);
    must(store_write(b.store, make_world, &b));
    report(&b, messages);
    arena_deinit(&b.arena);
    store_close(&b.store);
    core_free(&b.core);
    bus_free(&bus);
    return 0;
}
