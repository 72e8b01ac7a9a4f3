/* guildhall store vacuum. */

#include "ops/ops_commands.h"
#include "store/space.h"

enum { WHY_BYTES = 512 };

enum ops_result ops_store_vacuum(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    char why[WHY_BYTES] = "";
    (void)a;
    if (o->store_url != NULL && o->store_url[0] != '\0') {
        ops_printf(io, "PostgreSQL gives space back by itself (autovacuum); nothing to do.\n");
        return OPS_OK;
    }
    if (space_vacuum(o->data, o->log, why, sizeof why) != ERR_OK) {
        ops_printf(io, "guildhall: %s\n", why);
        return OPS_FAILED;
    }
    ops_printf(io, "The database is rewritten, and gives space back from now on.\n");
    return OPS_OK;
}
