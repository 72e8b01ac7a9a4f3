/* guildhall user erase ID. */

#include "core/user_erase.h"

#include <inttypes.h>

#include "ops/follow.h"
#include "ops/ops_commands.h"

enum ops_result ops_user_erase(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    uint64_t id;
    if (!ops_word_id(a, io, &id))
        return OPS_USAGE;
    enum err e = user_erase(o->core, (struct user_id){id});
    if (e == ERR_UNKNOWN_USER) {
        ops_printf(io, "guildhall: there is no user %" PRIu64 ".\n", id);
        return OPS_FAILED;
    }
    if (e != ERR_OK) {
        ops_printf(io, "guildhall: the account stays: %s.\n", err_info(e)->name);
        return OPS_FAILED;
    }
    ops_printf(io, "The account is closed; all that it wrote follows.\n");
    return ops_follow(o, io, TASK_USER_ERASE, id);
}
