#pragma once

/* Compiler attributes with names that say what the house rule is. */

/* The result of a fallible function may not be ignored. */
#define MUST_CHECK __attribute__((warn_unused_result))
/* printf-like: argument positions of the format and of the first value, from 1. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define UNUSED __attribute__((unused))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
/* The line of the cache at p is wanted soon; any p. */
#define PREFETCH(p) __builtin_prefetch(p)
enum { CACHE_LINE_BYTES = 64 };
