/* The workers: a heap of jobs, of which any may be the next. */
#include "sim.h"

enum { JOBS_MAX = 1 << 16 };

static struct job *JOBS[JOBS_MAX];
static size_t JOB_COUNT;

enum err workers_submit(struct workers *w, struct job *j)
{
    (void)w;
    if (SIM.stopping)
        return ERR_STOPPING;
    if (JOB_COUNT == JOBS_MAX || (!SIM.calm && sim_below(1000) < SIM.job_faults)) {
        SIM.n.refused++;
        return ERR_OVERLOADED;
    }
    JOBS[JOB_COUNT++] = j;
    return ERR_OK;
}

enum err workers_submit_owed(struct workers *w, struct job *j)
{
    return workers_submit(w, j);
}

void jobs_run(unsigned at_most)
{
    while (JOB_COUNT > 0 && at_most-- > 0) {
        size_t i = sim_below(JOB_COUNT);
        struct job *j = JOBS[i];
        JOBS[i] = JOBS[--JOB_COUNT];
        j->run(j);
    }
}

size_t jobs_waiting(void)
{
    return JOB_COUNT;
}
