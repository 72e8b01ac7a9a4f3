/* Dates as clients write them: ISO 8601 in the many forms of their languages. A cursor over the
 * text with a sticky failure; nothing is skipped, so that a typing mistake is no date. */

#include "base/clock.h"

struct cursor {
    struct slice rest;
    bool failed;
};

static bool at_end(const struct cursor *c)
{
    return c->rest.len == 0;
}

static bool take(struct cursor *c, char expected)
{
    if (c->rest.len == 0 || c->rest.data[0] != expected)
        return false;
    c->rest.data++;
    c->rest.len--;
    return true;
}

static void need(struct cursor *c, char expected)
{
    if (!take(c, expected))
        c->failed = true;
}

/* Exactly `width` digits; a number outside of least..most fails. */
static int64_t number(struct cursor *c, size_t width, int64_t least, int64_t most)
{
    int64_t v = 0;
    if (c->rest.len < width)
        c->failed = true;
    for (size_t i = 0; i < width && !c->failed; i++) {
        char digit = c->rest.data[i];
        c->failed = digit < '0' || digit > '9';
        v = v * 10 + (digit - '0');
    }
    c->failed |= v < least || v > most;
    if (c->failed)
        return least;
    c->rest.data += width;
    c->rest.len -= width;
    return v;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days since 1970-01-01; the inverse of clock.c's date_of, with its names. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = year - (month <= 2 ? 1 : 0);
    int64_t mp = month > 2 ? month - 3 : month + 9;
    int64_t doy = (153 * mp + 2) / 5 + day - 1;
    int64_t yoe = y % 400;
    return y / 400 * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t date(struct cursor *c)
{
    int64_t year = number(c, 4, 1969, 9999); /* a zone can bring the last of 1969 into 1970 */
    need(c, '-');
    int64_t month = number(c, 2, 1, 12);
    need(c, '-');
    return days_of(year, month, number(c, 2, 1, days_of_month(year, month)));
}

/* What is finer than a millisecond is cut off, however many digits there are. */
static int64_t fraction_ms(struct cursor *c)
{
    int64_t ms = number(c, 1, 0, 9) * 100;
    /* What has failed takes nothing any more: without looking, this would never end. */
    for (int64_t unit = 10;
         !c->failed && !at_end(c) && c->rest.data[0] >= '0' && c->rest.data[0] <= '9'; unit /= 10)
        ms += number(c, 1, 0, 9) * unit;
    return ms;
}

static int64_t time_of_day_ms(struct cursor *c)
{
    int64_t s = number(c, 2, 0, 23) * 3600;
    need(c, ':');
    s += number(c, 2, 0, 59) * 60;
    if (!take(c, ':'))
        return s * 1000;
    s += number(c, 2, 0, 59);
    return s * 1000 + (take(c, '.') ? fraction_ms(c) : 0);
}

/* How far the zone's clocks are ahead of UTC: "Z", "+01:30", "+0130", "+01". */
static int64_t zone_ms(struct cursor *c)
{
    if (at_end(c) || take(c, 'Z') || take(c, 'z'))
        return 0;
    bool behind = take(c, '-');
    if (!behind)
        need(c, '+');
    int64_t minutes = number(c, 2, 0, 23) * 60;
    if (take(c, ':') || !at_end(c))
        minutes += number(c, 2, 0, 59);
    return (behind ? -minutes : minutes) * 60000;
}

bool clock_iso_parse(struct slice text, int64_t *wall_ms)
{
    const int64_t last = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999 */
    struct cursor c = {.rest = text};
    int64_t ms = date(&c) * 86400000;
    if (!take(&c, 'T') && !take(&c, 't'))
        need(&c, ' ');
    ms += time_of_day_ms(&c);
    ms -= zone_ms(&c);
    if (c.failed || !at_end(&c) || ms < 0 || ms > last)
        return false;
    *wall_ms = ms;
    return true;
}
