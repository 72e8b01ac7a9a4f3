/* guildhall log verify: what is derived, compared with what it is derived from (store/log_check.h).
 */

#include <inttypes.h>

#include "ops/log_priv.h"
#include "ops/ops_commands.h"
#include "store/log_check.h"

struct verify {
    const struct ops_io *io;
    uint64_t findings;
    uint64_t repaired;
};

static void on_finding(void *ctx, const struct log_finding *f)
{
    const struct verify *v = ctx;
    ops_printf(v->io, "  %s: %s%s\n", f->kind, f->text, f->repaired ? " (repaired)" : "");
}

static bool stopped(void *ctx)
{
    const struct verify *v = ctx;
    return log_stopped(v->io);
}

static enum err run_checks(struct log_check_run *r, struct verify *v)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < log_check_count && e == ERR_OK; i++) {
        e = log_check_run(&log_checks[i], r);
        ops_printf(v->io,
                   "%s: %" PRIu64 " %s looked at, %" PRIu64 " findings, %" PRIu64 " repaired\n",
                   log_checks[i].name, r->looked_at, log_checks[i].unit, r->findings, r->repaired);
        v->findings += r->findings;
        v->repaired += r->repaired;
    }
    return e;
}

enum ops_result ops_log_verify(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    struct verify v = {.io = io};
    struct log_check_run r = {.store = o->store,
                              .repair = ops_option(a, "repair") != NULL,
                              .on_finding = on_finding,
                              .stopped = stopped,
                              .ctx = &v};
    enum err e = run_checks(&r, &v);
    if (v.findings > 0)
        log_warn(o->log, "store", "the event log was verified, with findings",
                 LOG_U("findings", v.findings), LOG_U("repaired", v.repaired));
    if (e != ERR_OK)
        return log_failed(io, e);
    if (v.findings == 0)
        ops_printf(io, "No damage was found.\n");
    else if (v.findings > v.repaired)
        ops_printf(io, "%" PRIu64 " findings are not repaired%s.\n", v.findings - v.repaired,
                   r.repair ? ": what is lost is not made up" : "; --repair corrects what can be");
    return v.findings > v.repaired ? OPS_FAILED : OPS_OK;
}
