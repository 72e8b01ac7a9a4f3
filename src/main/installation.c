#include "main/installation.h"

#include <string.h>

#include "media/blob.h"

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
        .public_url = c->server_public_url,
        .file_bytes_max = c->uploads_file_bytes_max,
        .message_bytes_max = c->uploads_message_bytes_max,
        .user_bytes_max = c->uploads_user_bytes_max,
        .guild_bytes_max = c->uploads_guild_bytes_max,
        .search_ms_max = c->search_time_ms_max,
        .searches_max = (unsigned)c->search_concurrent_max,
    };
}

static struct s3_options s3_options_of(const struct config *c, const struct log *log)
{
    return (struct s3_options){
        .url = c->media_s3_url,
        .bucket = c->media_s3_bucket,
        .region = c->media_s3_region,
        .access_key = c->media_s3_access_key,
        .secret_key = c->media_s3_secret_key,
        .prefix = c->media_s3_prefix,
        .log = log,
        .requests_max = (unsigned)c->server_workers / 4,
    };
}

static bool uses_s3(const struct config *c)
{
    return strcmp(c->media_store, "s3") == 0;
}

enum err installation_blobs(const struct config *c, const struct log *log, struct blob_store **out)
{
    const struct s3_options s3 = s3_options_of(c, log);
    return uses_s3(c) ? blob_s3_open(c->server_data, &s3, out)
                      : blob_disk_open(c->server_data, log, out);
}

struct images_options installation_images(const struct config *c, struct blob_store *blobs,
                                          const struct log *log, struct metrics *metrics)
{
    return (struct images_options){
        .blobs = blobs,
        .clock = clock_system(),
        .log = log,
        .metrics = metrics,
        .data = c->server_data,
        .processes = (unsigned)c->images_processes,
        .memory_bytes_max = c->images_memory_bytes_max,
        .pixels_max = c->images_pixels_max,
        .time_ms_max = (uint32_t)c->images_time_ms_max,
        .callers_max = (unsigned)c->server_workers / 4,
        .cache_bytes_max = c->images_cache_bytes_max,
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
        .uses_s3 = uses_s3(c),
        .s3 = s3_options_of(c, log),
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
