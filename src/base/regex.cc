/* RE2 for C: the one file of C++. No exception leaves it, and no type of C++. */

#include "base/regex.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <cstdio>
#include <memory>
#include <vector>

struct regex_set {
    std::unique_ptr<RE2::Set> all;
    std::vector<std::unique_ptr<RE2>> each;
    size_t program = 0; // instructions of all of them
};

namespace
{

RE2::Options options_of(unsigned flags)
{
    RE2::Options o;
    o.set_log_errors(false);
    o.set_max_mem(REGEX_BYTES_MAX);
    o.set_case_sensitive((flags & REGEX_CASELESS) == 0);
    return o;
}

re2::StringPiece piece(struct slice s)
{
    return re2::StringPiece(s.data, s.len);
}

void explain(const std::string &error, char *why, size_t why_len)
{
    if (why_len > 0)
        std::snprintf(why, why_len, "%s", error.c_str());
}

enum err add(regex_set *s, struct slice pattern, const RE2::Options &o, char *why, size_t why_len)
{
    std::string error;
    auto one = std::make_unique<RE2>(piece(pattern), o);
    if (!one->ok()) {
        explain(one->error(), why, why_len);
        return ERR_INVALID_FORM;
    }
    s->program += static_cast<size_t>(one->ProgramSize());
    if (s->program > REGEX_PROGRAM_MAX) {
        explain("the patterns are too large together", why, why_len);
        return ERR_INVALID_FORM;
    }
    if (s->all->Add(piece(pattern), &error) < 0) {
        explain(error, why, why_len);
        return ERR_INVALID_FORM;
    }
    s->each.push_back(std::move(one));
    return ERR_OK;
}

/* The set has a budget of its own, so that patterns which fit one by one may not fit together:
 * then they are looked for one by one. */
void close_set(regex_set *s)
{
    if (!s->all->Compile())
        s->all.reset();
}

enum err make(const struct slice *patterns, size_t count, unsigned flags,
              std::unique_ptr<regex_set> *out, size_t *bad, char *why, size_t why_len)
{
    const RE2::Options o = options_of(flags);
    auto s = std::make_unique<regex_set>();
    s->all = std::make_unique<RE2::Set>(o, RE2::UNANCHORED);
    for (size_t i = 0; i < count; i++) {
        enum err e = add(s.get(), patterns[i], o, why, why_len);
        if (e != ERR_OK) {
            *bad = i;
            return e;
        }
    }
    close_set(s.get());
    *out = std::move(s);
    return ERR_OK;
}

} // namespace

extern "C" enum err regex_set_new(const struct slice *patterns, size_t count, unsigned flags,
                                  struct regex_set **out, size_t *bad, char *why, size_t why_len)
{
    try {
        std::unique_ptr<regex_set> made;
        enum err e = make(patterns, count, flags, &made, bad, why, why_len);
        if (e == ERR_OK)
            *out = made.release();
        return e;
    } catch (...) {
        return ERR_NO_MEMORY;
    }
}

extern "C" void regex_set_free(struct regex_set **s)
{
    delete *s;
    *s = nullptr;
}

extern "C" bool regex_set_match(const struct regex_set *s, struct slice text)
{
    if (s->each.empty())
        return false;
    if (s->all == nullptr)
        return true;
    try {
        RE2::Set::ErrorInfo info;
        std::vector<int> found;
        return s->all->Match(piece(text), &found, &info) || info.kind != RE2::Set::kNoError;
    } catch (...) {
        return true;
    }
}

extern "C" bool regex_set_find(const struct regex_set *s, size_t index, struct slice text,
                               size_t from, struct regex_span *out)
{
    re2::StringPiece found;
    if (index >= s->each.size() || from > text.len)
        return false;
    try {
        if (!s->each[index]->Match(piece(text), from, text.len, RE2::UNANCHORED, &found, 1))
            return false;
    } catch (...) {
        return false;
    }
    out->begin = static_cast<size_t>(found.data() - text.data);
    out->end = out->begin + found.size();
    return true;
}

extern "C" size_t regex_set_cost(const struct regex_set *s, size_t index)
{
    return index < s->each.size() ? static_cast<size_t>(s->each[index]->ProgramSize()) : 0;
}
