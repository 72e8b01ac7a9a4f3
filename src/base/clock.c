/* The system's clocks, and dates without gmtime (which has a lock, a global and a locale). */

#include "base/clock.h"

#include <assert.h>
#include <time.h>

static int64_t system_wall_ms(void *ctx)
{
    (void)ctx;
    struct timespec t;
    int rc = clock_gettime(CLOCK_REALTIME, &t);
    assert(rc == 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t system_mono_ns(void *ctx)
{
    (void)ctx;
    struct timespec t;
    int rc = clock_gettime(CLOCK_MONOTONIC, &t);
    assert(rc == 0);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

const struct clock *clock_system(void)
{
    static const struct clock clock = {system_wall_ms, system_mono_ns, NULL};
    return &clock;
}

int64_t clock_wall_ms(const struct clock *c)
{
    return c->wall_ms(c->ctx);
}

uint64_t clock_mono_ns(const struct clock *c)
{
    return c->mono_ns(c->ctx);
}

uint64_t clock_mono_ms(const struct clock *c)
{
    return clock_mono_ns(c) / 1000000;
}

struct date {
    unsigned year, month, day;
};

/*
 * Days since 1970-01-01 to a date. The year is made to begin on March 1, so that the leap day comes
 * last, and months from there have (153 m + 2) / 5 days before them. 719,468 days lie between
 * 0000-03-01 and 1970-01-01; 146,097 days are 400 years.
 */
static struct date date_of(uint64_t days)
{
    uint64_t d = days + 719468;
    uint64_t era = d / 146097;
    uint64_t doe = d % 146097;                                            /* day of the era */
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365; /* year of the era */
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);               /* from March 1 */
    uint64_t mp = (5 * doy + 2) / 153;                                    /* 0 is March */
    struct date out = {.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1),
                       .month = (unsigned)(mp < 10 ? mp + 3 : mp - 9)};
    out.year = (unsigned)(yoe + era * 400 + (out.month <= 2 ? 1 : 0));
    return out;
}

static char *digits(char *out, uint64_t v, unsigned width, char after)
{
    for (unsigned i = width; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
    out[width] = after;
    return out + width + 1;
}

void clock_iso(int64_t wall_ms, char out[CLOCK_ISO_LEN + 1])
{
    const int64_t last = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999 */
    uint64_t ms = (uint64_t)(wall_ms < 0 ? 0 : wall_ms > last ? last : wall_ms);
    uint64_t s = ms / 1000;
    struct date date = date_of(s / 86400);
    char *p = digits(out, date.year, 4, '-');
    p = digits(p, date.month, 2, '-');
    p = digits(p, date.day, 2, 'T');
    p = digits(p, s / 3600 % 24, 2, ':');
    p = digits(p, s / 60 % 60, 2, ':');
    p = digits(p, s % 60, 2, '.');
    p = digits(p, ms % 1000 * 1000, 6, '+');
    p = digits(p, 0, 2, ':');
    p = digits(p, 0, 2, '\0');
    assert(p == out + CLOCK_ISO_LEN + 1);
}
