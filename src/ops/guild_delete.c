/* guildhall guild delete ID. */

#include "core/guild_delete.h"

#include <inttypes.h>

#include "ops/follow.h"
#include "ops/ops_commands.h"

enum ops_result ops_guild_delete(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    uint64_t id;
    if (!ops_word_id(a, io, &id))
        return OPS_USAGE;
    enum err e = guild_delete(o->core, (struct guild_id){id});
    if (e == ERR_UNKNOWN_GUILD) {
        ops_printf(io, "guildhall: there is no guild %" PRIu64 ".\n", id);
        return OPS_FAILED;
    }
    if (e != ERR_OK) {
        ops_printf(io, "guildhall: the guild stays: %s.\n", err_info(e)->name);
        return OPS_FAILED;
    }
    ops_printf(io, "The guild is gone for everybody; its rows follow.\n");
    return ops_follow(o, io, TASK_GUILD_DELETE, id);
}
