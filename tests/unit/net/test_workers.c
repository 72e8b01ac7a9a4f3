/* The worker pool: caps per class, the bounded queue, laziness, and a stop that loses nothing. */

#include "net_fixture.h"

/* Jobs that wait at a gate until the test opens it. */
struct gate {
    sem_t open;
    sem_t entered;
    _Atomic unsigned running[JOB_CLASS_COUNT];
    _Atomic unsigned peak[JOB_CLASS_COUNT];
    _Atomic unsigned peak_slow; /* all but reads together */
    _Atomic unsigned runs;
};

struct gated {
    struct job job;
    struct gate *gate;
};

static void raise_peak(_Atomic unsigned *peak, unsigned value)
{
    unsigned seen = atomic_load(peak);
    while (value > seen && !atomic_compare_exchange_weak(peak, &seen, value))
        ;
}

static void run_gated(struct job *j)
{
    struct gated *g = (struct gated *)(void *)j;
    struct gate *gate = g->gate;
    enum job_class class = j->class;
    raise_peak(&gate->peak[class], atomic_fetch_add(&gate->running[class], 1) + 1);
    if (class != JOB_READ)
        raise_peak(&gate->peak_slow, atomic_load(&gate->running[JOB_WRITE]) +
                                         atomic_load(&gate->running[JOB_HASH]) +
                                         atomic_load(&gate->running[JOB_FILE]));
    sem_post(&gate->entered);
    while (sem_wait(&gate->open) != 0)
        ;
    atomic_fetch_sub(&gate->running[class], 1);
    atomic_fetch_add(&gate->runs, 1);
    mem_free(MEM_NET, g);
}

static enum err submit_by(struct workers *w, struct gate *gate, enum job_class class,
                          enum err (*by)(struct workers *, struct job *))
{
    struct gated *g = mem_zalloc(MEM_NET, sizeof *g);
    assert_non_null(g);
    g->job = (struct job){.class = class, .run = run_gated};
    g->gate = gate;
    enum err e = by(w, &g->job);
    if (e)
        mem_free(MEM_NET, g);
    return e;
}

static enum err submit(struct workers *w, struct gate *gate, enum job_class class)
{
    return submit_by(w, gate, class, workers_submit);
}

static enum err submit_owed(struct workers *w, struct gate *gate, enum job_class class)
{
    return submit_by(w, gate, class, workers_submit_owed);
}

static struct workers *new_workers(const struct workers_options *o)
{
    struct workers *w = NULL;
    assert_int_equal(workers_new(o, &w), ERR_OK);
    return w;
}

static void gate_init(struct gate *g)
{
    memset(g, 0, sizeof *g);
    sem_init(&g->open, 0, 0);
    sem_init(&g->entered, 0, 0);
}

static void open_gate(struct gate *g, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        sem_post(&g->open);
}

static void gate_deinit(struct gate *g)
{
    sem_destroy(&g->open);
    sem_destroy(&g->entered);
}

struct caps_row {
    unsigned threads_max, read_reserved, hash_max;
    unsigned reads, writes, hashes; /* submitted */
    unsigned entered;               /* how many run at once */
    unsigned peak_slow, peak_hash;
    unsigned files_max, files, peak_files;
};

static const struct caps_row caps[] = {
    {4, 2, 1, 0, 10, 0, 2, 2, 0, 1, 0, 0},  /* writers leave the reserve */
    {4, 2, 1, 10, 10, 0, 4, 2, 0, 1, 0, 0}, /* readers fill the rest */
    {4, 1, 1, 0, 0, 10, 1, 1, 1, 1, 0, 0},  /* hashes have their own cap */
    {6, 2, 2, 3, 10, 10, 6, 4, 2, 1, 0, 0}, /* all together */
    {1, 0, 1, 5, 5, 5, 1, 1, 1, 1, 5, 1},
    {6, 1, 1, 0, 0, 0, 2, 2, 0, 2, 10, 2}, /* so do files */
    {8, 2, 1, 2, 10, 10, 8, 6, 1, 2, 10, 2},
};

static void test_class_caps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        const struct caps_row *row = &caps[i];
        struct gate gate;
        gate_init(&gate);
        struct workers_options o = {.threads_max = row->threads_max,
                                    .read_reserved = row->read_reserved,
                                    .hash_max = row->hash_max,
                                    .files_max = row->files_max,
                                    .queue_max = 100};
        struct workers *w = new_workers(&o);
        /* The slow classes first: they must not take what belongs to reads. */
        for (unsigned n = 0; n < row->writes; n++)
            assert_int_equal(submit(w, &gate, JOB_WRITE), ERR_OK);
        for (unsigned n = 0; n < row->hashes; n++)
            assert_int_equal(submit(w, &gate, JOB_HASH), ERR_OK);
        for (unsigned n = 0; n < row->files; n++)
            assert_int_equal(submit(w, &gate, JOB_FILE), ERR_OK);
        for (unsigned n = 0; n < row->reads; n++)
            assert_int_equal(submit(w, &gate, JOB_READ), ERR_OK);
        for (unsigned n = 0; n < row->entered; n++)
            fixture_await(&gate.entered);
        unsigned total = row->reads + row->writes + row->hashes + row->files;
        open_gate(&gate, total);
        workers_stop(w);
        assert_int_equal(atomic_load(&gate.runs), total);
        assert_true(atomic_load(&gate.peak_slow) <= row->peak_slow);
        assert_true(atomic_load(&gate.peak[JOB_HASH]) <= row->peak_hash);
        assert_true(atomic_load(&gate.peak[JOB_FILE]) <= row->peak_files);
        workers_free(&w);
        gate_deinit(&gate);
        assert_int_equal(mem_bytes(MEM_NET), 0);
    }
}

static void test_full_queue_refuses(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate);
    struct metrics *m = metrics_new();
    struct workers_options o = {.threads_max = 1, .hash_max = 1, .queue_max = 3, .metrics = m};
    struct workers *w = new_workers(&o);
    assert_int_equal(submit(w, &gate, JOB_READ), ERR_OK);
    fixture_await(&gate.entered); /* it runs: the queue is empty */
    for (int i = 0; i < 3; i++)
        assert_int_equal(submit(w, &gate, i % 2 ? JOB_READ : JOB_WRITE), ERR_OK);
    assert_int_equal(submit(w, &gate, JOB_READ), ERR_OVERLOADED);
    assert_int_equal(submit(w, &gate, JOB_HASH), ERR_OVERLOADED);
    assert_int_equal(submit(w, &gate, JOB_FILE), ERR_OVERLOADED);
    assert_int_equal(metrics_get(m, METRIC_WORKER_QUEUE), 3);
    assert_int_equal(metrics_get(m, METRIC_WORKER_REFUSED), 3);
    /* What is owed is done, until the end. */
    assert_int_equal(submit_owed(w, &gate, JOB_FILE), ERR_OK);
    assert_int_equal(metrics_get(m, METRIC_WORKER_QUEUE), 4);
    open_gate(&gate, 5);
    workers_stop(w);
    assert_int_equal(atomic_load(&gate.runs), 5);
    assert_int_equal(submit_owed(w, &gate, JOB_FILE), ERR_STOPPING);
    assert_int_equal(metrics_get(m, METRIC_WORKER_QUEUE), 0);
    workers_free(&w);
    metrics_free(&m);
    gate_deinit(&gate);
}

static void *run_stop(void *arg)
{
    workers_stop(arg);
    return NULL;
}

static void test_stop_runs_what_is_queued(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate);
    struct workers_options o = {
        .threads_max = 3, .read_reserved = 1, .hash_max = 1, .queue_max = 100};
    struct workers *w = new_workers(&o);
    for (int i = 0; i < 30; i++)
        assert_int_equal(submit(w, &gate, (enum job_class)(i % JOB_CLASS_COUNT)), ERR_OK);
    fixture_await(&gate.entered);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, run_stop, w), 0);
    /* From some moment on new jobs are refused; those before it count too. */
    unsigned accepted = 30;
    enum err e;
    uint64_t until_ms = fixture_now_ms() + 10000;
    while ((e = submit(w, &gate, JOB_READ)) != ERR_STOPPING && fixture_now_ms() < until_ms)
        accepted += e == ERR_OK;
    assert_int_equal(e, ERR_STOPPING);
    open_gate(&gate, accepted);
    pthread_join(stopper, NULL);
    assert_int_equal(atomic_load(&gate.runs), accepted);
    workers_free(&w);
    gate_deinit(&gate);
    assert_int_equal(mem_bytes(MEM_NET), 0);
}

/* ---- many submitters: nothing is lost, nothing runs twice ---- */

enum { SUBMITTERS = 4, JOBS = 3000 };

struct tally {
    struct job job;
    _Atomic unsigned *runs;
};

struct submitter {
    pthread_t thread;
    struct workers *workers;
    struct tally jobs[JOBS];
    _Atomic unsigned *runs;
};

static void run_tally(struct job *j)
{
    atomic_fetch_add(((struct tally *)(void *)j)->runs, 1);
}

static void *run_submitter(void *arg)
{
    struct submitter *s = arg;
    for (unsigned i = 0; i < JOBS; i++) {
        s->jobs[i].runs = s->runs;
        s->jobs[i].job.class = (enum job_class)(i % JOB_CLASS_COUNT);
        s->jobs[i].job.run = run_tally;
        while (workers_submit(s->workers, &s->jobs[i].job) == ERR_OVERLOADED)
            sched_yield();
    }
    return NULL;
}

static void test_hammered_pool_runs_each_once(void **state)
{
    (void)state;
    static struct submitter submitters[SUBMITTERS];
    _Atomic unsigned runs = 0;
    struct workers_options o = {
        .threads_max = 8, .read_reserved = 2, .hash_max = 1, .queue_max = 64};
    struct workers *w = new_workers(&o);
    for (unsigned i = 0; i < SUBMITTERS; i++) {
        submitters[i].workers = w;
        submitters[i].runs = &runs;
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, run_submitter, &submitters[i]),
                         0);
    }
    for (unsigned i = 0; i < SUBMITTERS; i++)
        pthread_join(submitters[i].thread, NULL);
    /* Before the stop: a lost wake-up would show here. */
    FIXTURE_UNTIL(atomic_load(&runs) == SUBMITTERS * JOBS);
    workers_stop(w);
    assert_int_equal(atomic_load(&runs), SUBMITTERS * JOBS);
    workers_free(&w);
}

static void test_stop_and_free_without_jobs(void **state)
{
    (void)state;
    struct workers_options o = {.threads_max = 2, .hash_max = 1, .queue_max = 1};
    struct workers *w = new_workers(&o);
    struct gate gate;
    gate_init(&gate);
    workers_stop(w);
    assert_int_equal(submit(w, &gate, JOB_READ), ERR_STOPPING);
    workers_free(&w);
    assert_null(w);
    workers_free(&w);
    gate_deinit(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class_caps),
        cmocka_unit_test(test_full_queue_refuses),
        cmocka_unit_test(test_stop_runs_what_is_queued),
        cmocka_unit_test(test_hammered_pool_runs_each_once),
        cmocka_unit_test(test_stop_and_free_without_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
