/* Announcing by flat combining: the order per stream, one at a time, and nobody for ever. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <string.h>

#include "base/mem.h"
#include "store/postgres_publish.h"

enum { HEARD_MAX = 8192, STREAMS = 3, THREADS = 8, ROUNDS = 300, CHAIN = 40 };

/* Written in on_commit. Plain, so that TSan proves that one thread at a time is there. */
struct heard {
    uint64_t ids[HEARD_MAX];
    size_t count;
    size_t calls;
    bool inside;
    bool overlapped;
};

static void on_commit(void *ctx, struct event *const *events, size_t count)
{
    struct heard *h = ctx;
    h->overlapped |= h->inside;
    h->inside = true;
    for (size_t i = 0; i < count; i++)
        h->ids[h->count++] = events[i]->entity_id;
    h->calls++;
    h->inside = false;
}

static void init(struct publisher *p, void (*fn)(void *, struct event *const *, size_t), void *ctx)
{
    struct store_options o = {.on_commit = fn, .on_commit_ctx = ctx};
    publisher_init(p, &o);
}

/* A transaction that holds one stream and has emitted `count` events into it. */
struct written {
    struct publisher *p;
    struct publication pub;
    struct event_list events;
    struct tx tx;
};

static void written_init(struct written *w, struct publisher *p, uint64_t stream, uint64_t id,
                         size_t count)
{
    memset(w, 0, sizeof *w);
    w->p = p;
    w->events.items = mem_array(MEM_STORE, count, sizeof(struct event *));
    assert_non_null(w->events.items);
    w->events.cap = count;
    for (size_t i = 0; i < count; i++) {
        struct event *e =
            event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, stream}, NULL, 0);
        assert_non_null(e);
        e->entity_id = id + i;
        w->events.items[w->events.count++] = e;
    }
    w->tx.events = &w->events;
    w->tx.streams[0].stream = (struct stream){STREAM_GUILD, stream};
    w->tx.stream_count = 1;
}

static void *finish(void *ctx)
{
    struct written *w = ctx;
    publish_finish(w->p, &w->pub);
    return NULL;
}

static void enter(struct written *w, struct publisher *p, uint64_t stream, uint64_t id)
{
    written_init(w, p, stream, id, 1);
    publish_enter(p, &w->pub, &w->tx);
}

static void test_stream_is_announced_in_the_order_of_entry(void **state)
{
    (void)state;
    struct heard h = {.count = 0};
    struct publisher p;
    struct written a, b, c;
    pthread_t thread;
    init(&p, on_commit, &h);
    enter(&a, &p, 1, 10);
    enter(&b, &p, 1, 11);
    enter(&c, &p, 2, 12);
    assert_int_equal(pthread_create(&thread, NULL, finish, &b), 0);
    publish_finish(&p, &c.pub); /* does not wait for the other stream */
    assert_int_equal(h.count, 1);
    assert_int_equal(h.ids[0], 12);
    publish_finish(&p, &a.pub);
    pthread_join(thread, NULL);
    assert_int_equal(h.count, 3);
    assert_int_equal(h.ids[1], 10);
    assert_int_equal(h.ids[2], 11);
    event_list_deinit(&a.events);
    event_list_deinit(&b.events);
    event_list_deinit(&c.events);
    publisher_deinit(&p);
}

static void test_who_leaves_lets_others_through(void **state)
{
    (void)state;
    struct heard h = {.count = 0};
    struct publisher p;
    struct written a, b;
    pthread_t thread;
    init(&p, on_commit, &h);
    enter(&a, &p, 1, 10);
    enter(&b, &p, 1, 11);
    assert_int_equal(pthread_create(&thread, NULL, finish, &b), 0);
    publish_leave(&p, &a.pub);
    pthread_join(thread, NULL);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.ids[0], 11);
    publish_late(&p, &a.events); /* it had been committed after all */
    assert_int_equal(h.count, 2);
    event_list_deinit(&a.events);
    event_list_deinit(&b.events);
    publisher_deinit(&p);
}

static void test_long_transaction_is_announced_whole(void **state)
{
    (void)state;
    struct heard h = {.count = 0};
    struct publisher p;
    struct written a;
    init(&p, on_commit, &h);
    written_init(&a, &p, 1, 100, PUBLISH_BATCH_MAX + 44);
    publish_enter(&p, &a.pub, &a.tx);
    publish_finish(&p, &a.pub);
    assert_int_equal(h.calls, 1);
    assert_int_equal(h.count, PUBLISH_BATCH_MAX + 44);
    assert_int_equal(h.ids[h.count - 1], 100 + PUBLISH_BATCH_MAX + 43);
    event_list_deinit(&a.events);
    publisher_deinit(&p);
}

/* ---- many ---- */

/* A stream's lock, as the database has it: from before the entry to the commit. */
struct crowd {
    struct publisher p;
    struct heard heard;
    pthread_mutex_t streams[STREAMS];
    uint64_t heads[STREAMS];
};

static void *crowd_thread(void *ctx)
{
    struct crowd *c = ctx;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct written w;
        unsigned at = i % STREAMS;
        pthread_mutex_lock(&c->streams[at]);
        uint64_t position = c->heads[at] + 1;
        enter(&w, &c->p, at, at * 100000 + position);
        bool committed = i % 7 != 0;
        c->heads[at] += committed;
        pthread_mutex_unlock(&c->streams[at]);
        if (committed)
            publish_finish(&c->p, &w.pub);
        else
            publish_leave(&c->p, &w.pub);
        event_list_deinit(&w.events);
    }
    return NULL;
}

static void test_crowd_is_announced_in_order(void **state)
{
    (void)state;
    static struct crowd c;
    pthread_t threads[THREADS];
    uint64_t next[STREAMS] = {0};
    init(&c.p, on_commit, &c.heard);
    for (unsigned i = 0; i < STREAMS; i++)
        pthread_mutex_init(&c.streams[i], NULL);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_thread, &c), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(c.heard.overlapped);
    for (size_t i = 0; i < c.heard.count; i++) {
        uint64_t at = c.heard.ids[i] / 100000;
        assert_int_equal(c.heard.ids[i] % 100000, ++next[at]);
    }
    for (unsigned i = 0; i < STREAMS; i++)
        assert_int_equal(next[i], c.heads[i]);
    publisher_deinit(&c.p);
}

/* ---- one who could announce for ever ---- */

struct chain {
    struct publisher p;
    struct written written[CHAIN];
    pthread_t threads[CHAIN];
    sem_t born[CHAIN];
    pthread_t announcers[CHAIN];
    unsigned count;
    bool odd;
};

static bool is_ready(struct chain *c, const struct written *w)
{
    pthread_mutex_lock(&c->p.lock);
    bool ready = w->pub.state == PUBLICATION_READY;
    pthread_mutex_unlock(&c->p.lock);
    return ready;
}

/* While one is announced the next becomes ready. */
static void on_chain(void *ctx, struct event *const *events, size_t count)
{
    struct chain *c = ctx;
    (void)events;
    c->odd |= count != 1;
    c->announcers[c->count++] = pthread_self();
    if (c->count == CHAIN)
        return;
    struct written *next = &c->written[c->count];
    c->odd |= pthread_create(&c->threads[c->count], NULL, finish, next) != 0;
    sem_post(&c->born[c->count]);
    while (!is_ready(c, next))
        sched_yield();
}

static void test_nobody_announces_for_ever(void **state)
{
    (void)state;
    static struct chain c;
    init(&c.p, on_chain, &c);
    for (unsigned i = 0; i < CHAIN; i++) {
        sem_init(&c.born[i], 0, 0);
        enter(&c.written[i], &c.p, i, i + 1);
    }
    publish_finish(&c.p, &c.written[0].pub);
    assert_true(pthread_equal(c.announcers[0], pthread_self()));
    for (unsigned i = 1; i < CHAIN; i++) {
        sem_wait(&c.born[i]);
        pthread_join(c.threads[i], NULL);
        sem_destroy(&c.born[i]);
    }
    assert_false(c.odd);
    assert_int_equal(c.count, CHAIN);
    assert_false(pthread_equal(c.announcers[CHAIN - 1], pthread_self()));
    for (unsigned i = 0; i < CHAIN; i++)
        event_list_deinit(&c.written[i].events);
    publisher_deinit(&c.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_is_announced_in_the_order_of_entry),
        cmocka_unit_test(test_who_leaves_lets_others_through),
        cmocka_unit_test(test_long_transaction_is_announced_whole),
        cmocka_unit_test(test_crowd_is_announced_in_order),
        cmocka_unit_test(test_nobody_announces_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
