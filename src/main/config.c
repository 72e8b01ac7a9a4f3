/* From the generic set of values to the typed struct, and the rules that span two options. */

#include "main/config.h"

#include <string.h>

#include "main/config_source.h"

#define VALUE_BOOL boolean
#define VALUE_U64 u64
#define VALUE_STR str
#define VALUE_ADDRESS str
#define VALUE_URL str
#define VALUE_ENUM str

static void fill(struct config *c)
{
#define X(section, key, type, ...)                                                                 \
    c->section##_##key = c->set.settings[CONFIG_KEY_##section##_##key].value.VALUE_##type;
#include "main/config.def"
#undef X
}

/* Workers reserved for reads leave at least one for writes. */
static bool check_workers(const struct config *c, struct config_error *error)
{
    const struct config_setting *all = &c->set.settings[CONFIG_KEY_server_workers];
    const struct config_setting *reserved =
        &c->set.settings[CONFIG_KEY_server_workers_read_reserved];
    char label[CONFIG_LABEL_MAX];

    if (c->server_workers_read_reserved < c->server_workers)
        return true;
    config_source_label(all->source, label);
    return config_fail(error, reserved->source,
                       "server.workers_read_reserved: %llu must be below server.workers, which is "
                       "%llu (%s) (allowed: 1 to %llu threads)",
                       (unsigned long long)c->server_workers_read_reserved,
                       (unsigned long long)c->server_workers, label,
                       (unsigned long long)c->server_workers - 1);
}

/* An own listener for metrics that are off would be an option that does nothing. */
static bool check_metrics(const struct config *c, struct config_error *error)
{
    if (c->metrics_listen[0] == '\0' || c->metrics_enabled)
        return true;
    return config_fail(
        error, c->set.settings[CONFIG_KEY_metrics_listen].source,
        "metrics.listen: needs metrics.enabled=true (allowed: empty while metrics are "
        "off)");
}

static bool is_plain(const char *text, const char *also)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr(also, *c) != NULL;
        if (!plain)
            return false;
    }
    return true;
}

/* They become part of addresses, signatures and XML. What would have to be written differently in
 * each of these is refused, and so is a path that a proxy would shorten. */
static bool check_s3(const struct config *c, struct config_error *error)
{
    bool used = strcmp(c->media_store, "s3") == 0;
    if (used && c->media_s3_url[0] == '\0')
        return config_fail(error, c->set.settings[CONFIG_KEY_media_store].source,
                           "media.store: s3 needs media.s3_url (allowed: disk without it)");
    if (!is_plain(c->media_s3_bucket, "-._") || c->media_s3_bucket[0] == '.')
        return config_fail(error, c->set.settings[CONFIG_KEY_media_s3_bucket].source,
                           "media.s3_bucket: no name of a bucket (allowed: letters, digits, "
                           "-, . and _, no . in front)");
    const char *prefix = c->media_s3_prefix;
    if (!is_plain(prefix, "-._/") || prefix[0] == '/' || strstr(prefix, "//") != NULL ||
        strstr(prefix, "./") != NULL)
        return config_fail(error, c->set.settings[CONFIG_KEY_media_s3_prefix].source,
                           "media.s3_prefix: no beginning of a key (allowed: letters, digits, "
                           "-, ., _ and /, no / in front, no // and no ./)");
    return true;
}

static bool read_sources(struct config_set *set, int argc, const char *const *argv,
                         const char *const *envp, struct config_error *error)
{
    const char *file = NULL;

    if (!config_flag_file(argc, argv, &file, error))
        return false;
    return config_read_file(set, file == NULL ? CONFIG_FILE_DEFAULT : file, file == NULL, error) &&
           config_read_environment(set, envp, error) && config_read_flags(set, argc, argv, error);
}

bool config_load(struct config *config, int argc, const char *const *argv, const char *const *envp,
                 struct config_error *error)
{
    error->text[0] = '\0';
    config_set_init(&config->set, config_table_builtin());
    if (read_sources(&config->set, argc, argv, envp, error)) {
        fill(config);
        if (check_workers(config, error) && check_metrics(config, error) && check_s3(config, error))
            return true;
    }
    config_deinit(config);
    return false;
}

void config_deinit(struct config *config)
{
    config_set_deinit(&config->set);
    *config = (struct config){0};
}
