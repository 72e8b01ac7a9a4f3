/*
 * Signing addresses. The difficulty: they are made inside transactions of every kind, by any
 * thread, and need a key that lies in the database. It is read once and then shared: one thread
 * stores it (state), the others use what they have read themselves until then.
 */

#include "core/attachment_urls.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "core/core_priv.h"
#include "crypto/hmac.h"
#include "crypto/token.h"
#include "store/secrets.h"

enum {
    BASE_MAX = 256,
    PATH_MAX_BYTES = 64 + 3 * LIMIT_FILENAME_BYTES,
    URL_MAX = BASE_MAX + PATH_MAX_BYTES + 128,
    HEX_SUM = 2 * HMAC_BYTES,
    MS = 1000
};

enum key_state { KEY_UNKNOWN, KEY_BEING_STORED, KEY_KNOWN };

struct attachment_urls {
    /* Release after the bytes of `key`, acquire before them. */
    _Atomic int state;
    unsigned char key[SECRET_BYTES];
    /* Points to `base` from when that is set; release, acquire. */
    const char *_Atomic base_at;
    char base[BASE_MAX];
};

_Static_assert((int)SECRET_BYTES == (int)HMAC_KEY_BYTES, "a secret is a key");

static const struct slice SECRET_NAME = {"attachment_url_key", sizeof "attachment_url_key" - 1};

static void set_base(struct attachment_urls *u, const char *url)
{
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    if (len == 0 || len >= sizeof u->base)
        return;
    memcpy(u->base, url, len);
    u->base[len] = '\0';
    atomic_store_explicit(&u->base_at, u->base, memory_order_release);
}

struct attachment_urls *attachment_urls_new(const char *base)
{
    struct attachment_urls *u = mem_zalloc(MEM_CORE, sizeof *u);
    if (u != NULL && base != NULL)
        set_base(u, base);
    return u;
}

void attachment_urls_free(struct attachment_urls **u)
{
    if (*u == NULL)
        return;
    crypto_wipe((*u)->key, sizeof(*u)->key);
    mem_free(MEM_CORE, *u);
    *u = NULL;
}

void core_set_public_url(struct core *c, const char *url)
{
    assert(atomic_load_explicit(&c->urls->base_at, memory_order_acquire) == NULL);
    set_base(c->urls, url);
}

struct slice core_public_url(const struct core *c)
{
    const char *base = atomic_load_explicit(&c->urls->base_at, memory_order_acquire);
    return base == NULL ? SLICE("http://localhost") : slice_from(base);
}

/* ---- the key ---- */

static bool key_known(const struct attachment_urls *u, unsigned char out[SECRET_BYTES])
{
    if (atomic_load_explicit(&u->state, memory_order_acquire) != KEY_KNOWN)
        return false;
    memcpy(out, u->key, SECRET_BYTES);
    return true;
}

/* The first to come stores it; nobody waits for that. */
static void learn_key(struct attachment_urls *u, const unsigned char key[SECRET_BYTES])
{
    int unknown = KEY_UNKNOWN;
    if (!atomic_compare_exchange_strong_explicit(&u->state, &unknown, KEY_BEING_STORED,
                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    memcpy(u->key, key, SECRET_BYTES);
    atomic_store_explicit(&u->state, KEY_KNOWN, memory_order_release);
}

static enum err read_key(struct core *c, struct sql_conn *sql, unsigned char out[SECRET_BYTES])
{
    bool found;
    if (key_known(c->urls, out))
        return ERR_OK;
    enum err e = secrets_find(sql, SECRET_NAME, out, &found);
    return e == ERR_OK && !found ? ERR_STORE : e;
}

struct key_opening {
    struct core *core;
    unsigned char key[SECRET_BYTES];
};

static enum err get_or_put(struct tx *tx, void *ctx)
{
    struct key_opening *x = ctx;
    unsigned char fresh[SECRET_BYTES];
    random_fill(x->core->o.random, fresh, sizeof fresh);
    enum err e = secrets_get_or_put(tx_sql(tx), SECRET_NAME, fresh, x->key);
    crypto_wipe(fresh, sizeof fresh);
    return e;
}

/* What a transaction has made counts only once it is committed: hence not in read_key. */
enum err attachment_urls_open(struct core *c)
{
    struct key_opening x = {.core = c};
    if (key_known(c->urls, x.key))
        return ERR_OK;
    enum err e = store_write(c->store, get_or_put, &x);
    if (e == ERR_OK)
        learn_key(c->urls, x.key);
    crypto_wipe(x.key, sizeof x.key);
    return e;
}

/* ---- signing ---- */

/* As RFC 3986 wants a segment: all but unreserved characters encoded. */
static void put_encoded(struct buf *out, struct slice s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        unsigned char b = (unsigned char)s.data[i];
        bool plain = (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
                     b == '-' || b == '.' || b == '_' || b == '~';
        if (plain) {
            buf_putc(out, (char)b);
        } else {
            const char code[3] = {'%', hex[b >> 4], hex[b & 15]};
            buf_append(out, code, sizeof code);
        }
    }
}

static void put_path(struct buf *out, const struct attachment_link *link)
{
    buf_append_cstr(out, "/attachments/");
    buf_u64(out, link->channel.v);
    buf_putc(out, '/');
    buf_u64(out, link->id);
    buf_putc(out, '/');
    put_encoded(out, link->filename);
}

static struct buf buf_on(char *bytes, size_t size)
{
    return (struct buf){.data = bytes, .cap = size, .max = size};
}

/* False: a name that no attachment has. */
static bool sum_of(const unsigned char key[SECRET_BYTES], const struct attachment_link *link,
                   char out[HEX_SUM + 1])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char sum[HMAC_BYTES];
    char bytes[PATH_MAX_BYTES + 64];
    struct buf text = buf_on(bytes, sizeof bytes);
    if (link->filename.len > LIMIT_FILENAME_BYTES)
        return false;
    put_path(&text, link);
    buf_putc(&text, '\n');
    buf_u64(&text, link->ex);
    buf_putc(&text, '\n');
    buf_u64(&text, link->is);
    assert(!text.failed);
    hmac_sha256(key, buf_slice(&text), sum);
    for (size_t i = 0; i < HMAC_BYTES; i++) {
        out[2 * i] = hex[sum[i] >> 4];
        out[2 * i + 1] = hex[sum[i] & 15];
    }
    out[HEX_SUM] = '\0';
    return true;
}

static enum err write_url(struct core *c, const struct attachment_link *link, const char *sum,
                          struct attachment *a, struct arena *arena)
{
    char bytes[URL_MAX], query[HEX_SUM + 64];
    struct buf url = buf_on(bytes, sizeof bytes);
    buf_append_slice(&url, core_public_url(c));
    size_t base = url.len;
    put_path(&url, link);
    snprintf(query, sizeof query, "?ex=%llx&is=%llx&hm=%s&", (unsigned long long)link->ex,
             (unsigned long long)link->is, sum);
    buf_append_cstr(&url, query);
    assert(!url.failed);
    struct slice kept = arena_dup(arena, buf_slice(&url));
    if (kept.data == NULL)
        return ERR_NO_MEMORY;
    a->url = kept;
    a->url_base = base;
    return ERR_OK;
}

static uint64_t now_s(const struct core *c)
{
    int64_t now = clock_wall_ms(c->o.clock) / MS;
    return now < 0 ? 0 : (uint64_t)now;
}

static enum err sign(struct core *c, const unsigned char key[SECRET_BYTES], struct attachment *a,
                     struct arena *arena)
{
    char sum[HEX_SUM + 1];
    struct attachment_link link = {.channel = a->channel, .id = a->id, .filename = a->filename};
    link.is = now_s(c) / ATTACHMENT_URL_STEP_S * ATTACHMENT_URL_STEP_S;
    link.ex = link.is + ATTACHMENT_URL_LIFE_S;
    return sum_of(key, &link, sum) ? write_url(c, &link, sum, a, arena) : ERR_STORE;
}

enum err attachment_url_sign(struct core *c, struct sql_conn *sql, struct attachment *a,
                             struct arena *arena)
{
    unsigned char key[SECRET_BYTES];
    enum err e = read_key(c, sql, key);
    if (e == ERR_OK)
        e = sign(c, key, a, arena);
    crypto_wipe(key, sizeof key);
    return e;
}

/* ---- checking ---- */

struct key_reading {
    struct core *core;
    unsigned char key[SECRET_BYTES];
};

static enum err read_key_tx(struct tx *tx, void *ctx)
{
    struct key_reading *x = ctx;
    return read_key(x->core, tx_sql(tx), x->key);
}

static enum err get_key(struct core *c, unsigned char out[SECRET_BYTES])
{
    struct key_reading x = {.core = c};
    enum err e = ERR_OK;
    if (!key_known(c->urls, x.key)) {
        e = store_read(c->store, read_key_tx, &x);
        if (e == ERR_OK)
            learn_key(c->urls, x.key);
    }
    if (e == ERR_OK)
        memcpy(out, x.key, SECRET_BYTES);
    crypto_wipe(x.key, sizeof x.key);
    return e;
}

bool attachment_link_signed(struct core *c, const struct attachment_link *link)
{
    unsigned char key[SECRET_BYTES];
    char sum[HEX_SUM + 1];
    if (link->hm.len != HEX_SUM || get_key(c, key) != ERR_OK)
        return false;
    bool made_here = sum_of(key, link, sum);
    crypto_wipe(key, sizeof key);
    unsigned different = 0; /* without saying by time where they differ */
    for (size_t i = 0; made_here && i < HEX_SUM; i++)
        different |= (unsigned char)(sum[i] ^ link->hm.data[i]);
    return made_here && different == 0;
}

enum err attachment_url_renew(struct core *c, struct attachment *a, struct arena *arena)
{
    unsigned char key[SECRET_BYTES];
    enum err e = get_key(c, key);
    if (e == ERR_OK)
        e = sign(c, key, a, arena);
    crypto_wipe(key, sizeof key);
    return e;
}

uint64_t attachment_link_seconds_left(struct core *c, const struct attachment_link *link)
{
    uint64_t now = now_s(c);
    return link->ex > now ? link->ex - now : 0;
}
