/*
 * Connections to PostgreSQL. The difficulty is what may be said about a failure: libpq's own words
 * are the best there are, but with a URL that is written wrongly they quote parts of it, and those
 * can be parts of the password.
 */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/postgres.h"
#include "store/postgres_priv.h"

enum {
    VERSION_MIN = 130000, /* pg_current_xact_id, and what is tested */
    CONNECT_MS = 5000,
    CONNECT_S_MIN = 2, /* libpq's own minimum */
    NUMBER_MAX_BYTES = 16,
    TEXT_MAX_BYTES = 64
};

static const char bad_url[] =
    "The URL of the database is not one of PostgreSQL; special characters in a password must be "
    "percent-encoded (%40 for @, %3A for :, %2F for /).";

struct opening {
    const struct postgres_options *o;
    struct postgres_conn *c;
    char *why;
    size_t why_len;
};

static enum err refuse(const struct opening *p, enum err e, const char *sentence)
{
    if (p->why_len > 0)
        snprintf(p->why, p->why_len, "%s", sentence);
    return e;
}

/* ---- the URL ---- */

static const char *part_of(const PQconninfoOption *parts, const char *keyword)
{
    for (; parts->keyword != NULL; parts++)
        if (strcmp(parts->keyword, keyword) == 0)
            return parts->val != NULL ? parts->val : "";
    return "";
}

/* A password with a bare '@', ':' or '/' ends up in other parts, and from there in error texts. */
static bool is_sane(const PQconninfoOption *parts)
{
    const char *port = part_of(parts, "port");
    return strchr(part_of(parts, "host"), '@') == NULL &&
           strchr(part_of(parts, "dbname"), '@') == NULL &&
           port[strspn(port, "0123456789,")] == '\0';
}

static bool is_url(const char *url)
{
    struct slice s = slice_from(url);
    return slice_starts_with(s, SLICE("postgres://")) ||
           slice_starts_with(s, SLICE("postgresql://"));
}

static PQconninfoOption *parse(const char *url)
{
    char *error = NULL;
    PQconninfoOption *parts = is_url(url) ? PQconninfoParse(url, &error) : NULL;
    PQfreemem(error); /* it quotes the URL */
    if (parts != NULL && !is_sane(parts)) {
        PQconninfoFree(parts);
        return NULL;
    }
    return parts;
}

/* ---- connecting ---- */

/* What later ones say overrides what earlier ones do: the URL overrides the first few. */
struct parameters {
    const char *keywords[10];
    const char *values[10];
    int count;
    char connect_s[NUMBER_MAX_BYTES];
};

static void add(struct parameters *p, const char *keyword, const char *value)
{
    assert((size_t)p->count + 1 < sizeof p->values / sizeof p->values[0]);
    p->keywords[p->count] = keyword;
    p->values[p->count++] = value;
}

static void parameters_init(struct parameters *p, const struct postgres_options *o)
{
    *p = (struct parameters){.count = 0};
    unsigned ms = o->connect_ms != 0 ? o->connect_ms : CONNECT_MS;
    unsigned s = (ms + 999) / 1000;
    snprintf(p->connect_s, sizeof p->connect_s, "%u", s > CONNECT_S_MIN ? s : CONNECT_S_MIN);
    add(p, "fallback_application_name", "guildhall");
    /* A host that vanishes is noticed within half a minute, also while we only wait. */
    add(p, "keepalives_idle", "10");
    add(p, "keepalives_interval", "5");
    add(p, "keepalives_count", "3");
    add(p, "tcp_user_timeout", "30000");
    add(p, "connect_timeout", p->connect_s);
    add(p, "dbname", o->url);
    add(p, "client_encoding", "UTF8");
}

/* libpq's words in one line. */
static void say_why(const struct opening *p, const char *text)
{
    struct slice words = slice_trim(slice_from(text));
    if (p->why_len == 0)
        return;
    snprintf(p->why, p->why_len, "The database cannot be used: %.*s", SLICE_ARG(words));
    for (char *c = p->why + strcspn(p->why, "\n\t"); *c != '\0'; c += strcspn(c, "\n\t"))
        *c = ' ';
}

/* libpq does not tell a refusal from a server that is away; a server that answers a ping refused.
 */
static enum err connect_error(const struct opening *p, const struct parameters *with)
{
    say_why(p, PQerrorMessage(p->c->pg));
    bool answers = PQpingParams(with->keywords, with->values, 1) == PQPING_OK;
    return answers ? ERR_STORE : ERR_STORE_AWAY;
}

static void ignore_notice(void *ctx, const PGresult *r)
{
    (void)ctx;
    (void)r;
}

static enum err connect_to(const struct opening *p)
{
    struct parameters with;
    parameters_init(&with, p->o);
    p->c->pg = PQconnectdbParams(with.keywords, with.values, 1);
    if (p->c->pg == NULL)
        return refuse(p, ERR_NO_MEMORY, "There is no memory for a connection to the database.");
    if (PQstatus(p->c->pg) != CONNECTION_OK)
        return connect_error(p, &with);
    /* They would go to standard error. */
    PQsetNoticeReceiver(p->c->pg, ignore_notice, NULL);
    if (PQsetnonblocking(p->c->pg, 1) != 0 || PQenterPipelineMode(p->c->pg) == 0)
        return refuse(p, ERR_NO_MEMORY, "There is no memory for a connection to the database.");
    return ERR_OK;
}

/* ---- setting up ---- */

/*
 * One round trip. Plans: our statements go by keys and are planned once; a plan made for each run
 * would cost more than most runs do, and JIT more than all of them. synchronous_commit: `local` and
 * beyond are the operator's choice, but an answer is never given for what is not on the disk.
 */
static const char set_up_text[] =
    "SELECT current_setting('server_encoding'), pg_is_in_recovery(), "
    "set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false), "
    "set_config('idle_in_transaction_session_timeout', $3, false), "
    "set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false), "
    "set_config('standard_conforming_strings', 'on', false), "
    "set_config('bytea_output', 'hex', false), set_config('synchronous_commit', "
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' "
    "ELSE current_setting('synchronous_commit') END, false)";

static void bind_ms(struct sql_stmt *s, int n, unsigned ms, char text[NUMBER_MAX_BYTES])
{
    snprintf(text, NUMBER_MAX_BYTES, "%u", ms);
    sql_bind_text(s, n, slice_from(text));
}

static enum err set_up(const struct opening *p)
{
    char statement[NUMBER_MAX_BYTES], lock[NUMBER_MAX_BYTES], idle[NUMBER_MAX_BYTES];
    bool utf8 = false, standby = false;
    struct sql_stmt *s = sql_query_text(&p->c->base, set_up_text);
    bind_ms(s, 1, p->o->statement_ms, statement);
    bind_ms(s, 2, p->o->lock_ms, lock);
    bind_ms(s, 3, p->o->idle_tx_ms, idle);
    if (sql_step(s)) {
        utf8 = slice_eq_cstr(sql_blob(s, 0), "UTF8");
        standby = sql_bool(s, 1);
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return refuse(p, e, "The connection to the database cannot be set up.");
    if (!utf8)
        return refuse(p, ERR_STORE, "The database's encoding is not UTF8; create it with UTF8.");
    if (standby)
        return refuse(p, ERR_STORE_READONLY, "The database server is a standby: it is read-only.");
    return ERR_OK;
}

static enum err check_version(const struct opening *p)
{
    int version = PQserverVersion(p->c->pg);
    if (version >= VERSION_MIN)
        return ERR_OK;
    char sentence[TEXT_MAX_BYTES * 2];
    snprintf(sentence, sizeof sentence,
             "The database server is PostgreSQL %d; version %d or later is needed.",
             version / 10000, VERSION_MIN / 10000);
    return refuse(p, ERR_STORE, sentence);
}

static enum err open_inside(const struct opening *p)
{
    PQconninfoOption *parts = parse(p->o->url);
    if (parts == NULL)
        return refuse(p, ERR_STORE, bad_url);
    PQconninfoFree(parts);
    enum err e = connect_to(p);
    if (e == ERR_OK)
        e = check_version(p);
    return e == ERR_OK ? set_up(p) : e;
}

enum err postgres_open(const struct postgres_options *o, struct sql_conn **out, char *why,
                       size_t why_len)
{
    struct postgres_conn *c = mem_zalloc(MEM_STORE, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    sql_conn_init(&c->base, &postgres_driver, o->log);
    c->magic = POSTGRES_CONN_MAGIC;
    c->clock = o->clock;
    c->silence_ms = o->statement_ms != 0 ? o->statement_ms + POSTGRES_GRACE_MS : 0;
    struct opening opening = {o, c, why, why_len};
    enum err e = open_inside(&opening);
    if (e == ERR_OK) {
        *out = &c->base;
        return ERR_OK;
    }
    struct sql_conn *base = &c->base;
    sql_conn_close(&base);
    return e;
}

void postgres_close(struct sql_conn *base)
{
    struct postgres_conn *c = postgres_conn_of(base);
    PQfinish(c->pg); /* NULL allowed; sends a farewell and does not wait */
    c->magic = 0;
    mem_free(MEM_STORE, c);
}

/* ---- questions ---- */

/* Their texts are not for SQLite, hence sql_query_text and not sql_query. */

static void warn_unless_on(struct postgres_conn *c, struct slice value, const char *setting)
{
    if (!slice_eq_cstr(value, "on"))
        log_warn(c->base.log, "store",
                 "the database server may lose what it has acknowledged when its machine fails",
                 LOG_S("setting", setting), LOG_SL("value", value));
}

void postgres_describe(struct sql_conn *base)
{
    struct postgres_conn *c = postgres_conn_of(base);
    const char *tls = PQsslInUse(c->pg) ? PQsslAttribute(c->pg, "protocol") : "none";
    log_info(c->base.log, "store", "connected to PostgreSQL",
             LOG_I("version", PQserverVersion(c->pg)), LOG_S("tls", tls));
    static const char text[] =
        "SELECT current_setting('fsync'), current_setting('full_page_writes')";
    struct sql_stmt *s = sql_query_text(base, text);
    if (sql_step(s)) {
        warn_unless_on(c, sql_blob(s, 0), "fsync");
        warn_unless_on(c, sql_blob(s, 1), "full_page_writes");
    }
    enum err ignored = sql_done(s); /* whoever uses the connection next meets it too */
    (void)ignored;
}

bool postgres_broken(const struct sql_conn *base)
{
    const struct postgres_conn *c = (const struct postgres_conn *)(const void *)base;
    assert(c->magic == POSTGRES_CONN_MAGIC);
    return c->broken;
}

bool postgres_idle_check(struct sql_conn *base)
{
    struct postgres_conn *c = postgres_conn_of(base);
    if (!c->broken)
        postgres_drain(c);
    return !c->broken;
}

enum err postgres_ping(struct sql_conn *base)
{
    struct postgres_conn *c = postgres_conn_of(base);
    unsigned silence_ms = c->silence_ms;
    if (c->broken)
        return ERR_STORE_AWAY;
    /* Nothing runs: whoever is there answers at once, also on a connection without limits. */
    c->silence_ms = POSTGRES_GRACE_MS;
    c->patient = false;
    enum err e = postgres_wait(c, NULL);
    c->silence_ms = silence_ms;
    return e;
}
