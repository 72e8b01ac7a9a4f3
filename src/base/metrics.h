#pragma once

/*
 * The metrics registry: one table (metrics.def) gives the enum, the storage and the Prometheus
 * text. Values are relaxed atomics, striped over cache lines for counters that every thread
 * touches; nothing here orders anything else. One registry a server, made by main and passed down.
 */

#include <stdint.h>

#include "base/buf.h"

enum metric {
#define X(name, kind, text, help) METRIC_##name,
#include "base/metrics.def"
#undef X
    METRIC_COUNT
};

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics **m);
/* All of these accept m == NULL (tests without a registry). */
void metrics_add(struct metrics *m, enum metric which, int64_t delta);
void metrics_set(struct metrics *m, enum metric which, int64_t value);
/* For HISTOGRAM rows: buckets at 100 µs × 4^n up to about 26 s. */
void metrics_observe_us(struct metrics *m, enum metric which, uint64_t us);
/* Sum over the stripes (COUNTER, GAUGE) or the count of observations (HISTOGRAM). */
int64_t metrics_get(const struct metrics *m, enum metric which);
/* Prometheus text exposition format 0.0.4, HELP and TYPE lines included. */
void metrics_render(const struct metrics *m, struct buf *out);
