/*
 * A recorded run: the commits of a real server's event log (tests/sim/record), in their order and
 * at their times, in place of those that world_change makes up. A recording has ids only: what it
 * does not say (permissions, overwrites, who is named) is drawn from the seed.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { PAUSE_MAX_MS = 5000 };

static struct recorded *LIST;
static size_t COUNT;
static size_t NEXT;
static uint64_t CLOCK; /* of the recording */

bool replay_load(const char *path)
{
    FILE *f = fopen(path, "re");
    char line[256];
    if (f == NULL)
        return false;
    while (fgets(line, sizeof line, f) != NULL) {
        struct recorded r = {0};
        char kind[64];
        if (sscanf(line, "%" SCNu64 " %63s %u %u %u", &r.at_ms, kind, &r.guild, &r.channel,
                   &r.user) != 5)
            continue; /* a comment */
        for (unsigned k = 1; k < EVENT_KIND_END; k++) {
            const struct event_info *info = event_info((enum event_kind)k);
            if (info != NULL && strcmp(info->name, kind) == 0)
                r.kind = info->kind;
        }
        struct recorded *list = realloc(LIST, (COUNT + 1) * sizeof *list);
        if (list == NULL)
            abort();
        LIST = list;
        if (r.kind != 0)
            LIST[COUNT++] = r;
    }
    fclose(f);
    return COUNT > 0;
}

size_t replay_count(void)
{
    return COUNT;
}

void replay_rewind_all(void)
{
    NEXT = 0;
    CLOCK = COUNT > 0 ? LIST[0].at_ms : 0;
}

/* What was committed up to now; false: that was the last. Long silences are shortened. */
bool replay_until(uint64_t passed_ms)
{
    CLOCK += passed_ms;
    if (NEXT < COUNT && LIST[NEXT].at_ms > CLOCK + PAUSE_MAX_MS)
        CLOCK = LIST[NEXT].at_ms - PAUSE_MAX_MS;
    while (NEXT < COUNT && LIST[NEXT].at_ms <= CLOCK)
        world_apply(&LIST[NEXT++]);
    return NEXT < COUNT;
}
