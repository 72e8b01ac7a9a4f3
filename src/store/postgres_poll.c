/*
 * Waiting for the socket of a PostgreSQL connection. A wait ends with an answer, at the deadline
 * (what runs is cancelled, and then answers with an error), or when the server says nothing for so
 * long that it must be gone: libpq itself would wait for ever.
 */

#include <errno.h>
#include <poll.h>

#include "store/postgres_priv.h"

enum { POLL_MS_MAX = 1000 };

bool postgres_expired(const struct postgres_conn *c)
{
    return c->deadline_ns != 0 && clock_mono_ns(c->clock) > c->deadline_ns;
}

struct postgres_wait postgres_wait_begin(bool patient)
{
    return (struct postgres_wait){.heard_ms = clock_mono_ms(clock_system()), .patient = patient};
}

static bool is_silent(const struct postgres_conn *c, const struct postgres_wait *w)
{
    uint64_t silence_ms = clock_mono_ms(clock_system()) - w->heard_ms;
    if (w->cancelled)
        return silence_ms > POSTGRES_GRACE_MS;
    return !w->patient && !c->patient && c->silence_ms != 0 && silence_ms > c->silence_ms;
}

static int poll_ms(const struct postgres_conn *c, const struct postgres_wait *w)
{
    int longest_ms =
        c->silence_ms != 0 && c->silence_ms < POLL_MS_MAX ? (int)c->silence_ms : POLL_MS_MAX;
    if (c->deadline_ns == 0 || w->cancelled)
        return longest_ms;
    uint64_t now_ns = clock_mono_ns(c->clock);
    uint64_t left_ms = now_ns < c->deadline_ns ? (c->deadline_ns - now_ns) / 1000000 + 1 : 0;
    return left_ms < (uint64_t)longest_ms ? (int)left_ms : longest_ms;
}

static bool poll_once(struct postgres_conn *c, struct postgres_wait *w, bool writing)
{
    struct pollfd fd = {.fd = PQsocket(c->pg),
                        .events = (short)(writing ? POLLIN | POLLOUT : POLLIN)};
    int n = poll(&fd, 1, poll_ms(c, w));
    if (n < 0 && errno != EINTR)
        return false;
    if (n > 0)
        w->heard_ms = clock_mono_ms(clock_system());
    if (!w->cancelled && postgres_expired(c)) {
        if (!postgres_cancel(c))
            return false;
        w->cancelled = true;
        w->heard_ms = clock_mono_ms(clock_system());
    }
    return !is_silent(c, w);
}

enum err postgres_await(struct postgres_conn *c, struct postgres_wait *w)
{
    int unsent = PQflush(c->pg);
    while (unsent >= 0 && PQisBusy(c->pg)) {
        if (!poll_once(c, w, unsent > 0))
            return postgres_break(c, "wait");
        if (PQconsumeInput(c->pg) == 0)
            return postgres_break(c, "read");
        unsent = PQflush(c->pg);
    }
    return unsent >= 0 ? ERR_OK : postgres_break(c, "write");
}
