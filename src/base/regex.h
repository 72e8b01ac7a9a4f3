#pragma once

/*
 * Regular expressions of strangers: RE2 behind C. Matching takes time linear in the text whatever
 * the pattern, and compiling refuses what would need much memory; nothing here backtracks. A set
 * looks for all of its patterns in one pass. Immutable once made: any thread may match.
 *
 * RE2 allocates by C++'s operator new, outside of base/mem.h: REGEX_BYTES_MAX bounds a pattern, and
 * as much again the set.
 *
 * Linear is not cheap yet: a pattern that drives RE2 out of its automaton costs a step for each
 * byte of the text and each instruction of the pattern's program (some 2 ns). Hence the programs of
 * a set have REGEX_PROGRAM_MAX instructions together. One of 5,000 is "(a*b*){1000}"; a class of
 * all of Unicode's letters is 1,200, and most patterns that people write are below 100.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { REGEX_CASELESS = 1 };
enum { REGEX_BYTES_MAX = 512 * 1024, REGEX_PROGRAM_MAX = 6000 };

struct regex_set;

/* Bytes of the text: [begin, end). */
struct regex_span {
    size_t begin;
    size_t end;
};

/*
 * Patterns are in RE2's syntax, in UTF-8. INVALID_FORM: *bad is the index of the pattern that is
 * none (or is too large, with those before it), and `why` gets the reason (why_len bytes with NUL);
 * NO_MEMORY.
 */
MUST_CHECK enum err regex_set_new(const struct slice *patterns, size_t count, unsigned flags,
                                  struct regex_set **out, size_t *bad, char *why, size_t why_len);
/* NULL is allowed; nulls the caller's copy. */
void regex_set_free(struct regex_set **s);
/* Whether any pattern is in `text` (valid UTF-8). True as well if that cannot be told for want of
 * memory: then regex_set_find, which needs less, decides. */
bool regex_set_match(const struct regex_set *s, struct slice text);
/* The leftmost place of pattern `index` at or after byte `from`. */
bool regex_set_find(const struct regex_set *s, size_t index, struct slice text, size_t from,
                    struct regex_span *out);
/* What looking for pattern `index` costs at most for each byte of the text: the instructions of its
 * program. */
size_t regex_set_cost(const struct regex_set *s, size_t index);

#ifdef __cplusplus
}
#endif
