#include "main/installation.h"

#include <string.h>

struct core_options installation_core(const struct config *c, struct bus *bus,
                                      const struct log *log, struct metrics *metrics)
{
    return (struct core_options){
        .bus = bus,
        .clock = clock_system(),
        .random = random_system(),
        .log = log,
        .metrics = metrics,
        .registration_open = strcmp(c->auth_registration, "open") == 0,
        .privileged_intents = c->applications_privileged_intents,
        .guilds_per_user = c->limits_guilds_per_user,
        .members_per_guild = c->limits_members_per_guild,
    };
}

struct store_options installation_store(const struct config *c, struct core *core,
                                        const struct log *log, struct metrics *metrics)
{
    return (struct store_options){
        .path = c->server_data,
        .url = c->store_url,
        .pool_min = (unsigned)c->store_pool_min,
        .pool_max = (unsigned)c->store_pool_max,
        .pool_acquire_ms = (unsigned)c->store_pool_acquire_ms,
        .pool_lifetime_s = (unsigned)c->store_pool_lifetime_s,
        .pool_check_s = (unsigned)c->store_pool_check_s,
        .worker_id = (unsigned)c->server_worker_id,
        .readers = (unsigned)c->store_readers,
        .batch_max = (unsigned)c->store_batch_max,
        .queue_max = (unsigned)c->store_queue_max,
        .wal_alarm_bytes = c->store_wal_alarm_bytes,
        .read_limit_ms = (unsigned)c->store_read_limit_ms,
        .clock = clock_system(),
        .log = log,
        .metrics = metrics,
        .on_commit = core_on_commit,
        .on_commit_ctx = core,
    };
}

struct ops installation_ops(const struct config *c, struct store *store, struct core *core,
                            const struct log *log)
{
    return (struct ops){
        .store = store,
        .core = core,
        .data = c->server_data,
        .store_url = c->store_url,
        .backup_folder = c->backup_folder,
        .backup_bytes_per_s = c->backup_bytes_per_second,
        .backup_every_hours = c->backup_every_hours,
        .connections_max = c->http_connections_max,
        .pool_max = c->store_pool_max,
        .event_retention_days = c->events_retention_days,
        .clock = clock_system(),
        .log = log,
    };
}
