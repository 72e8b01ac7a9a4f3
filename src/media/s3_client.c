/*
 * S3 by libcurl. The difficulty: a server that does not answer must cost its callers a bounded
 * time, since they are workers. So connecting has a limit, and a transfer that stalls is given up,
 * but a large one that moves may take as long as it needs.
 */

#include "media/s3_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "media/s3_gate.h"

enum {
    IDLE_MAX = 32, /* connections kept */
    REQUESTS_MAX = 32,
    WAIT_MS = 2000,
    STUCK_MS = 1000,
    PROBE_MS = 1000,
    URL_MAX = 4096,
    HEADER_MAX = 128,
    CONNECT_TIMEOUT_MS = 5000,
    STALL_BYTES_S = 1024,
    STALL_TIMEOUT_S = 15,
    ANSWER_MAX = 4096, /* of an error's XML */
    CODE_MAX = 64,
    STATUS_OK = 200,
    STATUS_PART = 206,
    STATUS_OK_LAST = 299,
    STATUS_NOT_FOUND = 404,
    STATUS_RANGE = 416,
    STATUS_SERVER = 500,
    STATUS_FULL = 507
};

/* Of no bytes: the payload hash of requests without a body. */
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3_client {
    struct s3_options o;
    char signature[160]; /* "aws:amz:REGION:s3" */
    struct s3_gate gate;
    pthread_mutex_t lock;
    CURL *idle[IDLE_MAX];
    unsigned idle_count;
};

static pthread_once_t global = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void global_init(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- making and ending ---- */

static char *copy_text(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = mem_alloc(MEM_CORE, len);
    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

static bool copy_options(struct s3_client *c, const struct s3_options *o)
{
    const char **texts[] = {&c->o.url,        &c->o.bucket,     &c->o.region,
                            &c->o.access_key, &c->o.secret_key, &c->o.prefix};
    const char *const from[] = {o->url,        o->bucket,     o->region,
                                o->access_key, o->secret_key, o->prefix};
    bool whole = true;
    c->o = *o;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        whole = (*texts[i] = copy_text(from[i])) != NULL && whole;
    return whole;
}

static void open_gate(struct s3_client *c)
{
    unsigned inside = c->o.requests_max == 0 ? (unsigned)REQUESTS_MAX : c->o.requests_max;
    const struct s3_gate_options o = {.clock = clock_system(),
                                      .inside_max = inside,
                                      .wait_ms = WAIT_MS,
                                      .stuck_ms = STUCK_MS,
                                      .probe_ms = PROBE_MS};
    s3_gate_init(&c->gate, &o);
}

enum err s3_client_new(const struct s3_options *o, struct s3_client **out)
{
    struct s3_client *c = mem_zalloc(MEM_CORE, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    c->o = *o;
    open_gate(c);
    pthread_mutex_init(&c->lock, NULL);
    pthread_once(&global, global_init);
    if (!copy_options(c, o) || global_result != CURLE_OK) {
        s3_client_free(&c);
        return ERR_NO_MEMORY;
    }
    if (c->o.connect_timeout_ms == 0)
        c->o.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    if (c->o.stall_timeout_s == 0)
        c->o.stall_timeout_s = STALL_TIMEOUT_S;
    snprintf(c->signature, sizeof c->signature, "aws:amz:%s:s3", o->region);
    *out = c;
    return ERR_OK;
}

void s3_client_free(struct s3_client **c)
{
    struct s3_client *gone = *c;
    *c = NULL;
    if (gone == NULL)
        return;
    for (unsigned i = 0; i < gone->idle_count; i++)
        curl_easy_cleanup(gone->idle[i]);
    const char *const texts[] = {gone->o.url,        gone->o.bucket,     gone->o.region,
                                 gone->o.access_key, gone->o.secret_key, gone->o.prefix};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mem_free(MEM_CORE, (void *)(uintptr_t)texts[i]);
    pthread_mutex_destroy(&gone->lock);
    s3_gate_deinit(&gone->gate);
    mem_free(MEM_CORE, gone);
}

const char *s3_prefix(const struct s3_client *c)
{
    return c->o.prefix;
}

static CURL *take_handle(struct s3_client *c)
{
    CURL *h = NULL;
    pthread_mutex_lock(&c->lock);
    if (c->idle_count > 0)
        h = c->idle[--c->idle_count];
    pthread_mutex_unlock(&c->lock);
    return h != NULL ? h : curl_easy_init();
}

/* Its connection stays open, its options do not. */
static void give_back(struct s3_client *c, CURL *h)
{
    curl_easy_reset(h);
    pthread_mutex_lock(&c->lock);
    bool kept = c->idle_count < IDLE_MAX;
    if (kept)
        c->idle[c->idle_count++] = h;
    pthread_mutex_unlock(&c->lock);
    if (!kept)
        curl_easy_cleanup(h);
}

/* ---- one request ---- */

struct exchange {
    struct s3_client *client;
    struct s3_request *r;
    CURL *h;
    struct curl_slist *headers;
    uint64_t sent;
    bool overflow;
    bool failed_read;
    char answer[ANSWER_MAX]; /* what an error says */
    size_t answer_len;
};

static size_t on_write(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    size_t len = size * count;
    long status = 0;
    s3_gate_note(&x->client->gate);
    curl_easy_getinfo(x->h, CURLINFO_RESPONSE_CODE, &status);
    if (status < STATUS_OK || status > STATUS_OK_LAST) {
        size_t room = sizeof x->answer - x->answer_len;
        size_t n = len < room ? len : room;
        memcpy(x->answer + x->answer_len, data, n);
        x->answer_len += n;
        return len;
    }
    if (x->r->body == NULL)
        return len;
    buf_append(x->r->body, data, len);
    x->overflow = x->r->body->failed;
    return x->overflow ? 0 : len;
}

static size_t on_read(char *into, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    uint64_t left = x->r->length - x->sent;
    s3_gate_note(&x->client->gate);
    size_t len = size * count < left ? size * count : (size_t)left;
    if (x->r->file < 0) {
        memcpy(into, x->r->bytes.data + x->sent, len);
    } else if (len > 0) {
        ssize_t n = pread(x->r->file, into, len, (off_t)x->sent);
        x->failed_read = n <= 0;
        if (x->failed_read)
            return CURL_READFUNC_ABORT;
        len = (size_t)n;
    }
    x->sent += len;
    return len;
}

/* A kept connection may turn out to be closed: curl begins again from the start. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct exchange *x = ctx;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > x->r->length)
        return CURL_SEEKFUNC_FAIL;
    x->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool add_header(struct exchange *x, const char *name, const char *value)
{
    char line[HEADER_MAX];
    int n = snprintf(line, sizeof line, "%s%s", name, value);
    if (n < 0 || (size_t)n >= sizeof line)
        return false;
    struct curl_slist *more = curl_slist_append(x->headers, line);
    if (more != NULL)
        x->headers = more;
    return more != NULL;
}

static bool set_url(struct exchange *x)
{
    char url[URL_MAX];
    const struct s3_request *r = x->r;
    const struct s3_options *o = &x->client->o;
    size_t base = strlen(o->url);
    while (base > 0 && o->url[base - 1] == '/')
        base--;
    int n = snprintf(url, sizeof url, "%.*s/%s%s%s%s%s%s", (int)base, o->url, o->bucket,
                     r->key[0] != '\0' ? "/" : "", r->key[0] != '\0' ? o->prefix : "", r->key,
                     r->query != NULL ? "?" : "", r->query != NULL ? r->query : "");
    return n > 0 && (size_t)n < sizeof url && curl_easy_setopt(x->h, CURLOPT_URL, url) == CURLE_OK;
}

static void set_limits(struct exchange *x)
{
    const struct s3_options *o = &x->client->o;
    curl_easy_setopt(x->h, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms);
    curl_easy_setopt(x->h, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_S);
    curl_easy_setopt(x->h, CURLOPT_LOW_SPEED_TIME, (long)o->stall_timeout_s);
    curl_easy_setopt(x->h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x->h, CURLOPT_PROTOCOLS_STR, "http,https");
}

static bool set_method(struct exchange *x)
{
    struct s3_request *r = x->r;
    char range[64];
    switch (r->method) {
    case S3_GET:
        if (r->range == 0)
            return true;
        snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)r->offset,
                 (unsigned long long)(r->offset + r->range - 1));
        return curl_easy_setopt(x->h, CURLOPT_RANGE, range) == CURLE_OK;
    case S3_HEAD:
        return curl_easy_setopt(x->h, CURLOPT_NOBODY, 1L) == CURLE_OK;
    case S3_DELETE:
        return curl_easy_setopt(x->h, CURLOPT_CUSTOMREQUEST, "DELETE") == CURLE_OK;
    case S3_PUT:
        curl_easy_setopt(x->h, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(x->h, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(x->h, CURLOPT_READDATA, x);
        curl_easy_setopt(x->h, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(x->h, CURLOPT_SEEKDATA, x);
        return curl_easy_setopt(x->h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->length) == CURLE_OK;
    }
    return false;
}

static bool prepare(struct exchange *x)
{
    const struct s3_options *o = &x->client->o;
    const char *hash = x->r->method == S3_PUT ? x->r->payload_hash : EMPTY_SHA256;
    set_limits(x);
    curl_easy_setopt(x->h, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(x->h, CURLOPT_WRITEDATA, x);
    return set_url(x) && set_method(x) && add_header(x, "x-amz-content-sha256: ", hash) &&
           (x->r->method != S3_PUT ||
            add_header(x, "content-type: ", "application/octet-stream")) &&
           curl_easy_setopt(x->h, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK &&
           curl_easy_setopt(x->h, CURLOPT_USERNAME, o->access_key) == CURLE_OK &&
           curl_easy_setopt(x->h, CURLOPT_PASSWORD, o->secret_key) == CURLE_OK &&
           curl_easy_setopt(x->h, CURLOPT_AWS_SIGV4, x->client->signature) == CURLE_OK;
}

/* ---- what came of it ---- */

/* The <Code> of an error's XML; "" if there is none. */
static void error_code(const struct exchange *x, char out[CODE_MAX])
{
    static const char open[] = "<Code>";
    const char *end = x->answer + x->answer_len;
    const char *at = memmem(x->answer, x->answer_len, open, sizeof open - 1);
    size_t n = 0;
    if (at != NULL)
        for (at += sizeof open - 1; at < end && n < CODE_MAX - 1; at++) {
            if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z')))
                break;
            out[n++] = *at;
        }
    out[n] = '\0';
}

static enum err no_answer(const struct exchange *x, CURLcode code)
{
    if (x->overflow || x->failed_read)
        return ERR_STORE_IO;
    if (code == CURLE_OUT_OF_MEMORY)
        return ERR_NO_MEMORY;
    log_warn(x->client->o.log, "media", "the object store does not answer",
             LOG_S("why", curl_easy_strerror(code)));
    return ERR_STORE_AWAY;
}

/* A store that knows no ranges answers with the beginning, whatever was asked for. */
static bool is_good(const struct s3_request *r)
{
    bool other_part = r->range > 0 && r->offset > 0 && r->status != STATUS_PART;
    if (r->status == STATUS_RANGE)
        return true;
    return r->status >= STATUS_OK && r->status <= STATUS_OK_LAST && !other_part;
}

static enum err judge(struct exchange *x)
{
    long status = x->r->status;
    char code[CODE_MAX];
    if (is_good(x->r))
        return ERR_OK;
    error_code(x, code);
    /* Without a bucket nothing is known of the object: a row must not go for that. */
    bool no_bucket = strcmp(code, "NoSuchBucket") == 0;
    if (status == STATUS_NOT_FOUND && x->r->key[0] != '\0' && !no_bucket)
        return ERR_NOT_FOUND;
    log_warn(x->client->o.log, "media", "the object store refuses", LOG_U("status", status),
             LOG_S("code", code));
    if (status == STATUS_FULL || strcmp(code, "QuotaExceeded") == 0)
        return ERR_STORE_FULL;
    return status >= STATUS_SERVER ? ERR_STORE_AWAY : ERR_STORE_IO;
}

static enum err perform(struct exchange *x)
{
    curl_off_t length = 0;
    CURLcode code = curl_easy_perform(x->h);
    if (code != CURLE_OK)
        return no_answer(x, code);
    curl_easy_getinfo(x->h, CURLINFO_RESPONSE_CODE, &x->r->status);
    curl_easy_getinfo(x->h, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    x->r->content_length = length < 0 ? 0 : (uint64_t)length;
    return judge(x);
}

static enum err send_one(struct s3_client *c, struct s3_request *r)
{
    struct exchange x = {.client = c, .r = r, .h = take_handle(c)};
    if (x.h == NULL)
        return ERR_NO_MEMORY;
    enum err e = prepare(&x) ? perform(&x) : ERR_NO_MEMORY;
    give_back(c, x.h);
    curl_slist_free_all(x.headers);
    return e;
}

enum err s3_send(struct s3_client *c, struct s3_request *r)
{
    if (!s3_gate_enter(&c->gate))
        return ERR_STORE_AWAY;
    r->status = 0;
    enum err e = send_one(c, r);
    /* No memory, say, is no word about the store. */
    s3_gate_leave(&c->gate, e != ERR_STORE_AWAY || r->status != 0);
    return e;
}
