#include "main/listeners.h"

#include <stdio.h>
#include <sys/resource.h>

#include "main/listen.h"

enum {
    WHY_BYTES = 512,
    FILES_BESIDES = 256, /* descriptors that are not a client's: the store, files, pipes */
};

enum err listeners_tls(const struct listeners_options *o, struct tls_context **out, char *why,
                       size_t why_len)
{
    const struct tls_files files = {o->config->server_tls_certificate, o->config->server_tls_key};
    bool certificate = files.certificate[0] != '\0';
    bool key = files.key[0] != '\0';
    *out = NULL;
    if (certificate != key) {
        snprintf(why, why_len, "server.tls_%s is set, server.tls_%s is not",
                 certificate ? "certificate" : "key", certificate ? "key" : "certificate");
        return ERR_IO;
    }
    if (!certificate)
        return ERR_OK;
    enum err e = tls_context_new(&files, out, why, why_len);
    if (e == ERR_OK && why[0] != '\0')
        log_warn(o->log, "server", "clients will refuse this server", LOG_S("reason", why),
                 LOG_S("server.tls_certificate", files.certificate));
    if (e == ERR_OK)
        why[0] = '\0';
    return e;
}

void listeners_reload(const struct listeners_options *o, struct http_server *s)
{
    char why[WHY_BYTES] = "";
    struct tls_context *tls = NULL;
    if (o->config->server_tls_certificate[0] == '\0') {
        log_info(o->log, "server", "nothing to read again: no TLS", LOG_S("signal", "SIGHUP"));
        return;
    }
    if (listeners_tls(o, &tls, why, sizeof why) != ERR_OK) {
        log_error(o->log, "server", "the new certificate cannot be used, the old one stays",
                  LOG_S("reason", why));
        return;
    }
    http_server_set_tls(s, tls);
    tls_context_unref(&tls);
    log_info(o->log, "server", "certificate read again",
             LOG_S("server.tls_certificate", o->config->server_tls_certificate));
}

/* Beyond what the system gives us, accept would fail, and so would the files of the store. */
static unsigned connections_max(const struct listeners_options *o)
{
    struct rlimit limit;
    unsigned wanted = (unsigned)o->config->http_connections_max;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur >= (rlim_t)wanted + FILES_BESIDES)
        return wanted;
    unsigned most = limit.rlim_cur > 2 * (rlim_t)FILES_BESIDES
                        ? (unsigned)limit.rlim_cur - FILES_BESIDES
                        : (unsigned)limit.rlim_cur / 2;
    log_warn(o->log, "server", "fewer connections: the system's limit of open files is lower",
             LOG_U("http.connections_max", wanted), LOG_U("connections", most));
    return most;
}

enum err listeners_open(const struct listeners_options *o, const char *address,
                        struct http_handler handler, struct tls_context *tls,
                        struct http_server **out, char *why, size_t why_len)
{
    const struct config *c = o->config;
    struct listen_address at;
    if (!listen_parse(slice_from(address), &at)) {
        snprintf(why, why_len, "%s is not host:port", address);
        return ERR_IO;
    }
    bool limited = c->limits_enabled;
    struct http_server_options h = {
        .host = at.host,
        .port = at.port,
        .limits = {c->http_head_bytes_max, c->http_body_bytes_max, c->http_upload_bytes_max,
                   c->http_stream_bytes_max},
        .upload_bytes_total_max = c->http_upload_bytes_total,
        .streams_max = (unsigned)c->http_streams_max,
        .stream_bytes_total_max = c->http_stream_bytes_total,
        .reply_bytes_total_max = c->http_reply_bytes_total,
        .connections_max = connections_max(o),
        .connections_per_ip_max = limited ? (unsigned)c->limits_connections_per_ip : 0,
        .strangers_max = limited ? (unsigned)c->limits_strangers : 0,
        .strangers_per_ip_max = limited ? (unsigned)c->limits_strangers_per_ip : 0,
        .is_proxy = o->is_proxy,
        .tls = tls,
        .head_timeout_ms = c->http_head_timeout_ms,
        .body_timeout_ms = c->http_body_timeout_ms,
        .idle_timeout_ms = c->http_idle_timeout_ms,
        .write_timeout_ms = c->http_write_timeout_ms,
        .handler = handler,
        .loops = o->loops,
        .loop_count = o->loop_count,
        .log = o->log,
        .metrics = o->metrics,
    };
    return http_server_start(&h, out, why, why_len);
}
