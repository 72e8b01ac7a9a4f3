/* guildhall session list, session inspect. */

#include "ops/ops_commands.h"

enum ops_result ops_session_list(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    (void)a;
    enum err e = o->inspect(o->inspect_ctx, "", io);
    if (e == ERR_OK)
        return OPS_OK;
    ops_printf(io, "guildhall: the sessions cannot be listed: %s.\n", err_info(e)->name);
    return OPS_FAILED;
}

enum ops_result ops_session_inspect(struct ops *o, const struct ops_args *a,
                                    const struct ops_io *io)
{
    enum err e = o->inspect(o->inspect_ctx, a->words[0], io);
    if (e == ERR_OK)
        return OPS_OK;
    if (e == ERR_NOT_FOUND)
        ops_printf(io,
                   "guildhall: there is no session %.40s; `guildhall session list` names them.\n",
                   a->words[0]);
    else
        ops_printf(io, "guildhall: the session cannot be watched: %s.\n", err_info(e)->name);
    return OPS_FAILED;
}
