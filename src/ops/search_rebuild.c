/* guildhall search rebuild. */

#include "core/search.h"

#include "ops/follow.h"
#include "ops/ops_commands.h"

enum ops_result ops_search_rebuild(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    bool begun = false;
    (void)a;
    enum err e = search_rebuild(o->core, &begun);
    if (e != ERR_OK) {
        ops_printf(io, "guildhall: the index stays as it is: %s.\n", err_info(e)->name);
        return OPS_FAILED;
    }
    ops_printf(io, begun ? "The index is being made anew.\n"
                         : "The index is being made anew already.\n");
    return ops_follow(o, io, TASK_SEARCH_REBUILD, 0);
}
