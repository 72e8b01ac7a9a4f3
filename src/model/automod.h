#pragma once

/*
 * AutoMod: what a guild's rules say, and whether a text is what they look for. Pure: the rules of a
 * guild are compiled once into an immutable, reference-counted set, on which any thread may match;
 * core/automod_screen.c decides who is exempt and what follows.
 *
 * Keywords are whole words ("cat"), or open at an end that has a star ("cat*", "*cat", "*cat*"), in
 * any case; characters that cannot be seen do not count. A text of n characters costs O(n) however
 * many keywords there are, and a regular expression is linear too (base/regex.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"
#include "base/snapshot.h"
#include "model/ids.h"

/* The numbers are Discord's (docs, "Auto Moderation"). */
enum automod_event { AUTOMOD_EVENT_MESSAGE_SEND = 1, AUTOMOD_EVENT_MEMBER_UPDATE = 2 };
enum automod_trigger {
    AUTOMOD_KEYWORD = 1,
    AUTOMOD_SPAM = 3,
    AUTOMOD_PRESET = 4,
    AUTOMOD_MENTIONS = 5,
    AUTOMOD_PROFILE = 6
};
enum automod_action_kind {
    AUTOMOD_BLOCK = 1,
    AUTOMOD_ALERT = 2,
    AUTOMOD_TIMEOUT = 3,
    AUTOMOD_QUARANTINE = 4
};

enum {
    AUTOMOD_ACTIONS_MAX = 5,
    /* Of a guild: 6 of keywords, one of each other trigger. */
    AUTOMOD_RULES_MAX = 10
};

struct automod_action {
    enum automod_action_kind kind;
    struct slice custom_message; /* of BLOCK; data NULL: none */
    struct channel_id channel;   /* of ALERT */
    uint32_t duration_s;         /* of TIMEOUT */
};

/* What a rule looks for; which of it counts is the trigger's. */
struct automod_terms {
    const struct slice *keywords;
    size_t keyword_count;
    const struct slice *patterns;
    size_t pattern_count;
    const struct slice *allowed;
    size_t allowed_count;
    uint32_t presets; /* bit n: list n of automod_presets.def */
    uint32_t mention_limit;
    bool mention_raid;
};

struct automod_rule {
    struct rule_id id;
    struct guild_id guild;
    struct user_id creator;
    struct slice name;
    enum automod_event event;
    enum automod_trigger trigger;
    bool enabled;
    struct automod_terms terms;
    struct automod_action actions[AUTOMOD_ACTIONS_MAX];
    size_t action_count;
    const struct role_id *exempt_roles;
    size_t exempt_role_count;
    const struct channel_id *exempt_channels;
    size_t exempt_channel_count;
};

/* How many rules of a trigger a guild may have; 0: there is no such trigger. */
unsigned automod_rules_max(enum automod_trigger trigger);
/* Whether a rule of that trigger can have that action. */
bool automod_action_fits(enum automod_trigger trigger, enum automod_action_kind kind);
/* Whether a keyword has anything beside stars to look for. */
bool automod_keyword_valid(struct slice keyword);

/* --- one rule's terms, compiled ----------------------------------------------------------------
 */

struct automod_matcher;
/* A text made ready for matchers: folded characters and where they stood. */
struct automod_text;

struct automod_match {
    struct slice keyword; /* as configured; data NULL: no keyword (a count) */
    struct slice content; /* the part of the text; data NULL likewise */
};

/* Copies what it needs. INVALID_FORM if a pattern is none (which was checked when the rule was
 * made), NO_MEMORY. */
MUST_CHECK enum err automod_matcher_new(const struct automod_terms *terms,
                                        struct automod_matcher **out);
void automod_matcher_free(struct automod_matcher **m);
/* Bytes that it holds, for bounding caches. */
size_t automod_matcher_bytes(const struct automod_matcher *m);
/* NULL when memory is short. Borrows `text`. */
MUST_CHECK struct automod_text *automod_text_new(struct slice text, struct arena *arena);
/* The first keyword or pattern in the text that no allowed phrase covers. Slices of *out point into
 * the text and the matcher. NO_MEMORY. */
MUST_CHECK enum err automod_find(const struct automod_matcher *m, const struct automod_text *text,
                                 struct arena *arena, bool *found, struct automod_match *out);

/* Different users and roles that the text mentions. */
size_t automod_mentions(struct slice text);
/* What makes a message spam by itself: so many links, or so many lines. */
bool automod_bulky(struct slice text);
/* A hash of what the text says: the same for texts that differ in case and invisible characters. */
uint64_t automod_digest(const struct automod_text *text, uint64_t seed);

/* --- a guild's rules, compiled -----------------------------------------------------------------
 */

struct automod_rules {
    struct snapshot snapshot; /* first */
    uint64_t position;        /* guilds.automod_position that they are of; 0: there are none */
    struct arena arena;       /* owns everything below */
    size_t count;             /* the enabled ones, ascending by id */
    struct automod_rule rules[AUTOMOD_RULES_MAX];
    struct automod_matcher *matchers[AUTOMOD_RULES_MAX]; /* NULL: the trigger has no terms */
    size_t bytes;
};

/* Copies the enabled ones of `rules` (at most AUTOMOD_RULES_MAX). One reference. As
 * automod_matcher_new. */
MUST_CHECK enum err automod_rules_new(uint64_t position, const struct automod_rule *rules,
                                      size_t count, struct automod_rules **out);
/* NULL allowed; nulls the caller's copy. */
void automod_rules_unref(struct automod_rules **r);
/* The deep copy that automod_rules_new makes; false when the arena is full. */
MUST_CHECK bool automod_rule_copy(const struct automod_rule *from, struct arena *arena,
                                  struct automod_rule *out);
