/* The commands about the event log: what they share. */

#include "ops/log_priv.h"

#include <string.h>

bool log_parse_stream(const char *text, const struct ops_io *io, struct stream *out)
{
    static const enum stream_kind kinds[] = {STREAM_GUILD, STREAM_USER, STREAM_DM, STREAM_INSTANCE};
    struct slice rest = slice_from(text);
    struct slice name;
    uint64_t id;
    bool split = slice_find(rest, ':') < rest.len && slice_next(&rest, ':', &name);
    for (size_t i = 0; split && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!slice_eq_cstr(name, stream_kind_name(kinds[i])) || !slice_to_u64(rest, &id))
            continue;
        *out = (struct stream){kinds[i], id};
        return true;
    }
    ops_printf(io, "--stream must be guild:ID, user:ID, dm:ID or instance:ID.\n");
    return false;
}

enum ops_result log_failed(const struct ops_io *io, enum err e)
{
    if (e != ERR_STOPPING)
        ops_printf(io, "The store failed: %s.\n", err_info(e)->name);
    return OPS_FAILED;
}

bool log_stopped(const struct ops_io *io)
{
    return io->stopped != NULL && io->stopped(io->ctx);
}
