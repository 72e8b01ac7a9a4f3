/*
 * The least program that commits the same rows as bench_store_load: one thread, prepared
 * statements, no locks, no queue, nobody waiting.
 *
 *   bench_store_bare FILE
 *
 * FILE is a database that bench_store_load has made. Commands from standard input, answered with a
 * JSON line each:
 *   commit BATCH MS      transactions of BATCH messages, committed durably, for MS milliseconds
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store_world.h"

static sqlite3 *db;
static sqlite3_stmt *begin, *commit, *head, *message, *channel, *row;
static sqlite3_int64 next_id;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_store_bare: %s: %s\n", what, db != NULL ? sqlite3_errmsg(db) : "");
    exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static sqlite3_stmt *prepare(const char *text)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
        fail(text);
    return s;
}

static void run(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        fail("step");
    sqlite3_reset(s);
}

static sqlite3_int64 one_number(const char *text)
{
    sqlite3_stmt *s = prepare(text);
    sqlite3_int64 v = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    return v;
}

static void open_database(const char *file)
{
    if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        fail(file);
    if (sqlite3_exec(db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192",
                     NULL, NULL, NULL) != SQLITE_OK)
        fail("pragma");
    begin = prepare("BEGIN IMMEDIATE");
    commit = prepare("COMMIT");
    head = prepare("UPDATE streams SET head = head + 1 WHERE stream_kind = 1 AND stream_id = ?1 "
                   "RETURNING head");
    message =
        prepare("INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, "
                "flags, tts, mention_everyone, reference_id, content, mentions, mention_roles) "
                "VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, NULL, ?5, NULL, NULL)");
    channel = prepare("UPDATE channels SET last_message_id = ?2 WHERE id = ?1");
    row = prepare("INSERT INTO event_log (stream_kind, stream_id, position, kind, guild_id, "
                  "channel_id, entity_id, actor_id, at_ms, delta) "
                  "VALUES (1, ?1, ?2, 1, ?1, ?3, ?4, ?5, ?6, NULL)");
    next_id =
        one_number("SELECT max(id) FROM messages WHERE channel_id > 0") + ((sqlite3_int64)1 << 32);
}

static void post(unsigned long number)
{
    sqlite3_int64 guild = 1 + (sqlite3_int64)(number % WORLD_GUILDS);
    sqlite3_int64 id = next_id++, at = (sqlite3_int64)world_channel((uint64_t)guild);
    sqlite3_bind_int64(head, 1, guild);
    if (sqlite3_step(head) != SQLITE_ROW)
        fail("no stream; write with bench_store_load first");
    sqlite3_int64 position = sqlite3_column_int64(head, 0);
    sqlite3_reset(head);
    sqlite3_bind_int64(message, 1, at);
    sqlite3_bind_int64(message, 2, id);
    sqlite3_bind_int64(message, 3, guild);
    sqlite3_bind_int64(message, 4, WORLD_USER);
    sqlite3_bind_text(message, 5, WORLD_TEXT, sizeof WORLD_TEXT - 1, SQLITE_STATIC);
    run(message);
    sqlite3_bind_int64(channel, 1, at);
    sqlite3_bind_int64(channel, 2, id);
    run(channel);
    sqlite3_bind_int64(row, 1, guild);
    sqlite3_bind_int64(row, 2, position);
    sqlite3_bind_int64(row, 3, at);
    sqlite3_bind_int64(row, 4, id);
    sqlite3_bind_int64(row, 5, WORLD_USER);
    sqlite3_bind_int64(row, 6, (sqlite3_int64)(now_ns(CLOCK_REALTIME) / 1000000));
    run(row);
}

static void run_commits(unsigned batch, unsigned ms)
{
    unsigned long done = 0;
    uint64_t begun = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    while (now_ns(CLOCK_MONOTONIC) - begun < (uint64_t)ms * 1000000) {
        run(begin);
        for (unsigned i = 0; i < batch; i++)
            post(done + i);
        run(commit);
        done += batch;
    }
    printf("{\"transactions\":%lu,\"elapsed_ns\":%llu,\"cpu_ns\":%llu}\n", done,
           (unsigned long long)(now_ns(CLOCK_MONOTONIC) - begun),
           (unsigned long long)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[128];
    unsigned batch, ms;
    if (argc != 2)
        fail("usage: bench_store_bare FILE");
    open_database(argv[1]);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "commit %u %u", &batch, &ms) != 2 || batch == 0)
            fail("unknown command");
        run_commits(batch, ms);
    }
    return 0;
}
