/*
 * The least programs that do to SQLite what posting and reading messages does: prepared statements,
 * one thread, no locks, no queue, nobody waiting.
 *
 *   bench_message_bare FILE REPLY
 *
 * FILE is a copy of a database that a server has made, with messages in it; REPLY a file with one
 * reply of that server, head and body. Prints "ready PORT". Commands from standard input, answered
 * with a JSON line each:
 *   commit BATCH MS   transactions of BATCH messages, committed durably, for MS milliseconds
 *   serve MS          answers each HTTP request on PORT: reads the newest 50 messages of the
 * channel in its path by the server's own statements, every column of every row, and writes REPLY
 * The texts of the statements that read are taken out of the server's library, so that they cannot
 * be others.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "message_text.h"
#include "store/sqlite_ids.h"

enum { REPLY_MAX = 1024 * 1024, PAGE = 50, ID_BYTES = 8, TERMS_MAX = 512, EVENTS_MAX = 128 };
enum { REQUEST_MAX = 1024, WORDS_MAX = 1024 };

extern const char *const __start_sql_texts[];
extern const char *const __stop_sql_texts[];

/* What a page of messages asks, in its order. */
enum reading { TOKEN, STANDING, MESSAGES, PEOPLE, REPLIED, ATTACHMENTS, REACTIONS, READINGS };

static sqlite3 *db;
static sqlite3_stmt *begin, *commit, *head, *message, *channel, *row, *document;
static sqlite3_stmt *reading[READINGS];
static sqlite3_int64 next_id, user_id, guild_id, channels[64];
static size_t channel_count;
static char terms[TERMS_MAX]; /* what a document has besides its words */
static unsigned char token_hash[64];
static int token_hash_len;
static char *reply;
static size_t reply_len;

static noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_message_bare: %s: %s\n", what, db != NULL ? sqlite3_errmsg(db) : "");
    exit(1);
}

static sqlite3_stmt *prepare(const char *text)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
        fail(text);
    return s;
}

/* The server's statement that has both in it. */
static sqlite3_stmt *server_statement(const char *one, const char *other)
{
    for (const char *const *text = __start_sql_texts; text < __stop_sql_texts; text++)
        if (strstr(*text, one) != NULL && strstr(*text, other) != NULL)
            return prepare(*text);
    fail(one);
}

static void run(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        fail("step");
    sqlite3_reset(s);
}

/* ---- what there is ---- */

static void read_channels(void)
{
    sqlite3_stmt *s = prepare("SELECT DISTINCT c.id, c.guild_id FROM channels c WHERE c.type = 0 "
                              "AND c.last_message_id <> 0 ORDER BY c.id LIMIT 64");
    while (sqlite3_step(s) == SQLITE_ROW) {
        channels[channel_count++] = sqlite3_column_int64(s, 0);
        guild_id = sqlite3_column_int64(s, 1);
    }
    sqlite3_finalize(s);
    if (channel_count == 0)
        fail("no channel has messages");
}

static void read_owner(void)
{
    sqlite3_stmt *s = prepare("SELECT g.owner_id, t.hash FROM guilds g JOIN tokens t "
                              "ON t.user_id = g.owner_id WHERE g.id = ?1");
    sqlite3_bind_int64(s, 1, guild_id);
    if (sqlite3_step(s) != SQLITE_ROW)
        fail("the guild has no owner");
    user_id = sqlite3_column_int64(s, 0);
    token_hash_len = sqlite3_column_bytes(s, 1);
    if (token_hash_len > (int)sizeof token_hash)
        fail("a long hash");
    memcpy(token_hash, sqlite3_column_blob(s, 1), (size_t)token_hash_len);
    sqlite3_finalize(s);
}

/* Documents are words, a space, terms; of the terms only the channel's differs, in length never. */
static void read_terms(void)
{
    sqlite3_stmt *s = prepare("SELECT d.words, max(d.id) FROM search_documents d");
    if (sqlite3_step(s) != SQLITE_ROW)
        fail("nothing is indexed");
    const char *words = (const char *)sqlite3_column_text(s, 0);
    const char *first = words == NULL ? NULL : strchr(words, '_');
    if (first == NULL)
        fail("a document without terms");
    snprintf(terms, sizeof terms, "%s", first);
    next_id = sqlite3_column_int64(s, 1) + ((sqlite3_int64)1 << 40);
    sqlite3_finalize(s);
}

static void open_database(const char *file)
{
    if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        fail(file);
    if (sqlite3_exec(db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite_ids_register(db) != SQLITE_OK)
        fail("opening");
    read_channels();
    read_owner();
    read_terms();
}

/* ---- posting ---- */

static void prepare_writes(void)
{
    begin = prepare("BEGIN IMMEDIATE");
    commit = prepare("COMMIT");
    head = prepare("UPDATE streams SET head = head + 1 WHERE stream_kind = 1 AND stream_id = ?1 "
                   "RETURNING head");
    message = server_statement("INSERT INTO messages (", "snapshots");
    channel = prepare("UPDATE channels SET last_message_id = ?2 WHERE id = ?1");
    row = prepare("INSERT INTO event_log (stream_kind, stream_id, position, kind, guild_id, "
                  "channel_id, entity_id, actor_id, at_ms, delta) "
                  "VALUES (1, ?1, ?2, 1, ?1, ?3, ?4, ?5, ?6, NULL)");
    document = prepare("INSERT INTO search_documents (id, channel_id, length, words) "
                       "VALUES (?1, ?2, ?3, ?4)");
}

static void post_message(sqlite3_int64 at, sqlite3_int64 id, const char *text, size_t len)
{
    sqlite3_bind_int64(message, 1, at);
    sqlite3_bind_int64(message, 2, id);
    sqlite3_bind_int64(message, 3, guild_id);
    sqlite3_bind_int64(message, 4, user_id);
    for (int i = 5; i <= 13; i++) /* type, flags, ... : 0; references: NULL */
        if (i == 9 || i == 11 || i == 12)
            sqlite3_bind_null(message, i);
        else
            sqlite3_bind_int64(message, i, 0);
    sqlite3_bind_text(message, 14, text, (int)len, SQLITE_STATIC);
    run(message);
}

static void post_document(sqlite3_int64 at, sqlite3_int64 id, const char *text, size_t len)
{
    char words[WORDS_MAX];
    int n = snprintf(words, sizeof words, "%.*s %s", (int)len, text, terms);
    sqlite3_bind_int64(document, 1, id);
    sqlite3_bind_int64(document, 2, at);
    sqlite3_bind_int64(document, 3, MESSAGE_WORDS);
    sqlite3_bind_text(document, 4, words, n, SQLITE_STATIC);
    run(document);
}

static void post(uint64_t number)
{
    char text[MESSAGE_TEXT_BYTES];
    size_t len = message_text(number, text);
    sqlite3_int64 at = channels[number % channel_count], id = next_id++;
    sqlite3_bind_int64(head, 1, guild_id);
    if (sqlite3_step(head) != SQLITE_ROW)
        fail("no stream");
    sqlite3_int64 position = sqlite3_column_int64(head, 0);
    sqlite3_reset(head);
    post_message(at, id, text, len);
    post_document(at, id, text, len);
    sqlite3_bind_int64(channel, 1, at);
    sqlite3_bind_int64(channel, 2, id);
    run(channel);
    sqlite3_bind_int64(row, 1, guild_id);
    sqlite3_bind_int64(row, 2, position);
    sqlite3_bind_int64(row, 3, at);
    sqlite3_bind_int64(row, 4, id);
    sqlite3_bind_int64(row, 5, user_id);
    sqlite3_bind_int64(row, 6, (sqlite3_int64)(io_now_ns() / 1000000));
    run(row);
}

static void run_commits(unsigned batch, unsigned ms)
{
    uint64_t done = 0, first = io_now_ns();
    uint64_t begun = io_now_ns(), cpu = io_cpu_ns();
    while (io_now_ns() - begun < (uint64_t)ms * 1000000) {
        run(begin);
        for (unsigned i = 0; i < batch; i++)
            post(first + done + i);
        run(commit);
        done += batch;
    }
    printf("{\"requests\":%llu,\"elapsed_ns\":%llu,\"cpu_ns\":%llu}\n", (unsigned long long)done,
           (unsigned long long)(io_now_ns() - begun), (unsigned long long)(io_cpu_ns() - cpu));
    fflush(stdout);
}

/* ---- reading ---- */

static void prepare_reads(void)
{
    reading[TOKEN] = server_statement("FROM tokens t JOIN users u", "WHERE t.hash = $1");
    reading[STANDING] = server_statement("FROM channels ch JOIN guilds g", "m.user_id = $2");
    reading[MESSAGES] = server_statement("m.channel_id = $1 AND m.id < $2 ORDER BY m.id DESC",
                                         "FROM messages m LEFT JOIN users");
    reading[PEOPLE] = server_statement("FROM users u WHERE u.id IN (SELECT value FROM ids", "");
    reading[REPLIED] =
        server_statement("FROM messages m LEFT JOIN users", "m.id IN (SELECT value FROM ids");
    reading[ATTACHMENTS] = server_statement("FROM attachments WHERE channel_id = $1", "ids($2)");
    reading[REACTIONS] = server_statement("FROM reaction_counts c WHERE", "ids($2)");
}

/* All rows, every column as a program would take it; the ids of its first column, packed. */
static size_t drain(sqlite3_stmt *s, unsigned char *ids)
{
    size_t n = 0;
    uint64_t sum = 0;
    while (sqlite3_step(s) == SQLITE_ROW) {
        for (int i = sqlite3_column_count(s); i-- > 0;)
            sum += sqlite3_column_type(s, i) == SQLITE_INTEGER
                       ? (uint64_t)sqlite3_column_int64(s, i)
                       : (sqlite3_column_blob(s, i) != NULL ? (uint64_t)sqlite3_column_bytes(s, i)
                                                            : 0);
        uint64_t id = (uint64_t)sqlite3_column_int64(s, 0);
        for (size_t k = 0; ids != NULL && n < PAGE && k < ID_BYTES; k++)
            ids[n * ID_BYTES + k] = (unsigned char)(id >> (8 * (ID_BYTES - 1 - k)));
        n++;
    }
    sqlite3_reset(s);
    return sum == 0 ? 0 : n;
}

static void pack(unsigned char out[ID_BYTES], sqlite3_int64 id)
{
    for (size_t k = 0; k < ID_BYTES; k++)
        out[k] = (unsigned char)((uint64_t)id >> (8 * (ID_BYTES - 1 - k)));
}

static void read_page(sqlite3_int64 at)
{
    unsigned char ids[PAGE * ID_BYTES], user_packed[ID_BYTES];
    pack(user_packed, user_id);
    run(begin);
    sqlite3_bind_blob(reading[TOKEN], 1, token_hash, token_hash_len, SQLITE_STATIC);
    drain(reading[TOKEN], NULL);
    sqlite3_bind_int64(reading[STANDING], 1, at);
    sqlite3_bind_int64(reading[STANDING], 2, user_id);
    drain(reading[STANDING], NULL);
    sqlite3_bind_int64(reading[MESSAGES], 1, at);
    sqlite3_bind_int64(reading[MESSAGES], 2, INT64_MAX);
    sqlite3_bind_int64(reading[MESSAGES], 3, PAGE);
    int len = (int)(drain(reading[MESSAGES], ids) * ID_BYTES);
    sqlite3_bind_blob(reading[PEOPLE], 1, user_packed, sizeof user_packed, SQLITE_STATIC);
    drain(reading[PEOPLE], NULL);
    sqlite3_bind_int64(reading[REPLIED], 1, at);
    sqlite3_bind_blob(reading[REPLIED], 2, ids, ID_BYTES, SQLITE_STATIC);
    drain(reading[REPLIED], NULL);
    for (int i = ATTACHMENTS; i <= REACTIONS; i++) {
        sqlite3_bind_int64(reading[i], 1, at);
        sqlite3_bind_blob(reading[i], 2, ids, len, SQLITE_STATIC);
        if (i == REACTIONS)
            sqlite3_bind_int64(reading[i], 3, user_id);
        drain(reading[i], NULL);
    }
    run(commit);
}

struct client {
    int fd;
    size_t len, sent; /* sent: of the reply under way */
    bool writing;
    char request[REQUEST_MAX];
};

static void push(struct client *c)
{
    while (c->sent < reply_len) {
        ssize_t n = send(c->fd, reply + c->sent, reply_len - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            fail("send");
        c->sent += (size_t)n;
    }
    c->writing = false;
}

static void answer(struct client *c)
{
    const char *at = strstr(c->request, "/channels/");
    if (at == NULL)
        fail("not a request for messages");
    read_page(strtoll(at + sizeof "/channels/" - 1, NULL, 10));
    c->len = 0;
    c->sent = 0;
    c->writing = true;
    push(c);
}

/* False: the peer is gone. */
static bool take(struct client *c)
{
    if (c->writing) {
        push(c);
        return true;
    }
    ssize_t n = recv(c->fd, c->request + c->len, sizeof c->request - 1 - c->len, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    c->len += (size_t)n;
    c->request[c->len] = '\0';
    if (strstr(c->request, "\r\n\r\n") != NULL)
        answer(c);
    return true;
}

static void watch_both(int epoll_fd, struct client *c)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e) != 0)
        fail("epoll");
}

static void accept_one(int epoll_fd, int listener)
{
    struct client *c = io_alloc(1, sizeof *c);
    c->fd = accept(listener, NULL, NULL);
    if (c->fd < 0)
        fail("accept");
    io_nodelay(c->fd);
    io_nonblocking(c->fd);
    watch_both(epoll_fd, c);
}

static void serve(int listener, unsigned ms)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t end = io_now_ns() + (uint64_t)ms * 1000000, cpu = io_cpu_ns();
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    io_watch(epoll_fd, listener, NULL);
    while (io_now_ns() < end) {
        int n = epoll_wait(epoll_fd, events, EVENTS_MAX, 50);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (c == NULL) {
                accept_one(epoll_fd, listener);
            } else if (!take(c)) {
                close(c->fd);
                free(c);
            }
        }
    }
    close(epoll_fd);
    printf("{\"cpu_ns\":%llu}\n", (unsigned long long)(io_cpu_ns() - cpu));
    fflush(stdout);
}

static void read_reply(const char *file)
{
    FILE *in = fopen(file, "rb");
    reply = io_alloc(REPLY_MAX, 1);
    if (in == NULL || (reply_len = fread(reply, 1, REPLY_MAX, in)) == 0)
        fail(file);
    fclose(in);
}

int main(int argc, char **argv)
{
    char line[128];
    unsigned a, b;
    uint16_t port = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: bench_message_bare FILE REPLY\n");
        return 2;
    }
    open_database(argv[1]);
    read_reply(argv[2]);
    prepare_writes();
    prepare_reads();
    int listener = io_listen(&port);
    printf("ready %u\n", port);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "commit %u %u", &a, &b) == 2 && a > 0)
            run_commits(a, b);
        else if (sscanf(line, "serve %u", &a) == 1)
            serve(listener, a);
        else
            fail("unknown command");
    }
    return 0;
}
