/*
 * The registry. Counters that every thread raises would make one cache line travel between all
 * cores, so each thread adds to a stripe of its own, and a reader sums the stripes. Nobody else
 * writes to it, so adding takes no locked instruction: those waited for the stores before them,
 * which cost a fan-out more than the counting did. Threads that come when all of these are dealt
 * share a few more.
 */

#include "base/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/mem.h"

enum { OWN = 48, SHARED = 16, STRIPES = OWN + SHARED, BUCKETS = 10, CACHE_LINE = 64 };
enum kind { COUNTER, GAUGE, HISTOGRAM };

/* Histogram rows numbered from 0; the other kinds expand to nothing. */
#define NUMBER_COUNTER(name)
#define NUMBER_GAUGE(name)
#define NUMBER_HISTOGRAM(name) HISTOGRAM_##name,
enum histogram {
#define X(name, kind, text, help) NUMBER_##kind(name)
#include "base/metrics.def"
#undef X
    HISTOGRAM_COUNT
};

struct row {
    enum kind kind;
    const char *name;
    const char *help;
    enum histogram histogram; /* HISTOGRAM_COUNT for the other kinds */
};

#define INDEX_COUNTER(name) HISTOGRAM_COUNT
#define INDEX_GAUGE(name) HISTOGRAM_COUNT
#define INDEX_HISTOGRAM(name) HISTOGRAM_##name
static const struct row rows[METRIC_COUNT] = {
#define X(name, kind, text, help) [METRIC_##name] = {kind, text, help, INDEX_##kind(name)},
#include "base/metrics.def"
#undef X
};

/* The last bucket is +Inf. Values are not cumulative here; rendering adds them up. */
struct spread {
    _Atomic int64_t buckets[BUCKETS + 1];
    _Atomic uint64_t sum_us;
};

struct stripe {
    _Atomic int64_t values[METRIC_COUNT];
    struct spread spreads[HISTOGRAM_COUNT];
    char apart[CACHE_LINE];
};

/* Every access is relaxed: values are statistics, nothing is published through them. */
struct metrics {
    struct stripe stripes[STRIPES];
};

struct metrics *metrics_new(void)
{
    return mem_must(MEM_BASE, sizeof(struct metrics));
}

void metrics_free(struct metrics **m)
{
    mem_free(MEM_BASE, *m);
    *m = NULL;
}

/* Threads are dealt the stripes in turn, at their first metric; the same one in every registry. */
static unsigned own_stripe(void)
{
    static _Atomic unsigned dealt;
    static _Thread_local unsigned own; /* from 1; 0: not dealt yet */
    if (UNLIKELY(own == 0)) {
        unsigned n = atomic_fetch_add_explicit(&dealt, 1, memory_order_relaxed);
        own = (n < OWN ? n : OWN + n % SHARED) + 1;
    }
    return own - 1;
}

static void add(unsigned stripe, _Atomic int64_t *to, int64_t delta)
{
    if (LIKELY(stripe < OWN))
        atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + delta,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(to, delta, memory_order_relaxed);
}

void metrics_add(struct metrics *m, enum metric which, int64_t delta)
{
    assert(which < METRIC_COUNT && rows[which].kind != HISTOGRAM);
    if (m == NULL)
        return;
    unsigned own = own_stripe();
    add(own, &m->stripes[own].values[which], delta);
}

/* A gauge is either set or added to, never both: what is set lives in the first stripe alone. */
void metrics_set(struct metrics *m, enum metric which, int64_t value)
{
    assert(which < METRIC_COUNT && rows[which].kind == GAUGE);
    if (m != NULL)
        atomic_store_explicit(&m->stripes[0].values[which], value, memory_order_relaxed);
}

static unsigned bucket_of(uint64_t us)
{
    uint64_t bound = 100;
    unsigned i = 0;
    while (i < BUCKETS && us > bound) {
        bound *= 4;
        i++;
    }
    return i;
}

void metrics_observe_us(struct metrics *m, enum metric which, uint64_t us)
{
    assert(which < METRIC_COUNT && rows[which].kind == HISTOGRAM);
    if (m == NULL)
        return;
    struct spread *s = &m->stripes[own_stripe()].spreads[rows[which].histogram];
    atomic_fetch_add_explicit(&s->buckets[bucket_of(us)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->sum_us, us, memory_order_relaxed);
}

static int64_t bucket_sum(const struct metrics *m, enum histogram h, unsigned bucket)
{
    int64_t sum = 0;
    for (int i = 0; i < STRIPES; i++)
        sum +=
            atomic_load_explicit(&m->stripes[i].spreads[h].buckets[bucket], memory_order_relaxed);
    return sum;
}

static int64_t value_sum(const struct metrics *m, enum metric which)
{
    int64_t sum = 0;
    for (int i = 0; i < STRIPES; i++)
        sum += atomic_load_explicit(&m->stripes[i].values[which], memory_order_relaxed);
    return sum;
}

int64_t metrics_get(const struct metrics *m, enum metric which)
{
    assert(which < METRIC_COUNT);
    if (m == NULL)
        return 0;
    if (rows[which].kind != HISTOGRAM)
        return value_sum(m, which);
    int64_t sum = 0;
    for (unsigned i = 0; i <= BUCKETS; i++)
        sum += bucket_sum(m, rows[which].histogram, i);
    return sum;
}

static void render_head(const struct row *row, struct buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
               kinds[row->kind]);
}

/* Microseconds as seconds, to the last digit: floating point would round. */
static void render_seconds(uint64_t us, struct buf *out)
{
    buf_printf(out, "%llu.%06llu", (unsigned long long)(us / 1000000),
               (unsigned long long)(us % 1000000));
}

static void render_histogram(const struct metrics *m, const struct row *row, struct buf *out)
{
    int64_t count = 0;
    uint64_t sum_us = 0, bound = 100;
    for (unsigned i = 0; i <= BUCKETS; i++, bound *= 4) {
        count += bucket_sum(m, row->histogram, i);
        buf_printf(out, "%s_bucket{le=\"", row->name);
        if (i < BUCKETS)
            render_seconds(bound, out);
        else
            buf_append_cstr(out, "+Inf");
        buf_printf(out, "\"} %lld\n", (long long)count);
    }
    for (int i = 0; i < STRIPES; i++)
        sum_us += atomic_load_explicit(&m->stripes[i].spreads[row->histogram].sum_us,
                                       memory_order_relaxed);
    buf_printf(out, "%s_sum ", row->name);
    render_seconds(sum_us, out);
    buf_printf(out, "\n%s_count %lld\n", row->name, (long long)count);
}

/* Not a row: the heap counts by itself, per area, for the whole process. */
static void render_memory(struct buf *out)
{
    buf_append_cstr(out, "# HELP guildhall_memory_bytes Live heap bytes by area\n"
                         "# TYPE guildhall_memory_bytes gauge\n");
    for (unsigned i = 0; i < MEM_AREA_COUNT; i++)
        buf_printf(out, "guildhall_memory_bytes{area=\"%s\"} %zu\n",
                   mem_area_name((enum mem_area)i), mem_bytes((enum mem_area)i));
}

void metrics_render(const struct metrics *m, struct buf *out)
{
    if (m == NULL)
        return;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        render_head(&rows[i], out);
        if (rows[i].kind == HISTOGRAM)
            render_histogram(m, &rows[i], out);
        else
            buf_printf(out, "%s %lld\n", rows[i].name, (long long)value_sum(m, (enum metric)i));
    }
    render_memory(out);
}
