#pragma once

/*
 * The log: one line an event, as JSON or as readable text, on one file descriptor, one write(2) a
 * line. A line has time, level, area, a constant message, the request id if there is one, and
 * key=value pairs. Secrets, tokens and message content never become values. Thread-safe.
 * A call site that says more than 10 lines a second is muted for the rest of that second, and its
 * next line says how many were left out (`suppressed`). Errors in writing are ignored: there is
 * nobody to tell.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

struct log {
    int fd;
    enum log_level level; /* lines below it are not written */
    enum log_format format;
    const struct clock *clock;
};

enum log_kind { LOG_KIND_END, LOG_KIND_STR, LOG_KIND_U64, LOG_KIND_I64 };

struct log_kv {
    const char *key;
    enum log_kind kind;
    struct slice str;
    uint64_t u64;
    int64_t i64;
};

/* Per call site; zero-initialised. */
struct log_site {
    _Atomic uint64_t second;
    _Atomic uint32_t count;
    _Atomic uint32_t suppressed;
};

#define LOG_S(k, v) ((struct log_kv){.key = (k), .kind = LOG_KIND_STR, .str = slice_from(v)})
#define LOG_SL(k, v) ((struct log_kv){.key = (k), .kind = LOG_KIND_STR, .str = (v)})
#define LOG_U(k, v) ((struct log_kv){.key = (k), .kind = LOG_KIND_U64, .u64 = (uint64_t)(v)})
#define LOG_I(k, v) ((struct log_kv){.key = (k), .kind = LOG_KIND_I64, .i64 = (int64_t)(v)})

void log_init(struct log *l, int fd, enum log_level level, enum log_format format,
              const struct clock *clock);
bool log_level_parse(struct slice s, enum log_level *out);
/* Ends with a log_kv of kind LOG_KIND_END. Use the macro. */
void log_write(const struct log *l, struct log_site *site, enum log_level level, const char *area,
               const char *message, struct slice request_id, const struct log_kv *kv);

#define LOG_LINE(l, lvl, area, msg, rid, ...)                                                      \
    do {                                                                                           \
        if ((l) != NULL && (lvl) >= (l)->level) {                                                  \
            static struct log_site log_site_;                                                      \
            log_write((l), &log_site_, (lvl), (area), (msg), (rid),                                \
                      (const struct log_kv[]){__VA_ARGS__});                                       \
        }                                                                                          \
    } while (0)
#define LOG_END ((struct log_kv){.kind = LOG_KIND_END})
#define LOG_NONE ((struct slice){NULL, 0})
/* log_info(log, "net", "listening", LOG_S("address", a), LOG_U("port", p)); at least one pair. */
#define log_debug(l, area, msg, ...)                                                               \
    LOG_LINE(l, LOG_DEBUG, area, msg, LOG_NONE, __VA_ARGS__, LOG_END)
#define log_info(l, area, msg, ...) LOG_LINE(l, LOG_INFO, area, msg, LOG_NONE, __VA_ARGS__, LOG_END)
#define log_warn(l, area, msg, ...) LOG_LINE(l, LOG_WARN, area, msg, LOG_NONE, __VA_ARGS__, LOG_END)
#define log_error(l, area, msg, ...)                                                               \
    LOG_LINE(l, LOG_ERROR, area, msg, LOG_NONE, __VA_ARGS__, LOG_END)
