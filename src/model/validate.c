/* Rules over text that comes from clients. The text is valid UTF-8 (the JSON reader saw to that);
 * nothing here trusts it further. */

#include "model/validate.h"

#include <string.h>

#include "base/limits.h"

enum {
    EMAIL_LOCAL_MAX = 64, /* RFC 5321 §4.5.3.1.1 */
    ANGLE_MAX = 24,       /* "<@&", 20 digits, ">" */
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Stores an ASCII lower-case copy; false when memory is short. */
static bool fold(struct slice in, struct arena *arena, struct slice *out)
{
    char *copy = arena_alloc(arena, in.len);
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < in.len; i++)
        copy[i] = lower(in.data[i]);
    *out = (struct slice){copy, in.len};
    return true;
}

static bool username_char(char c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

bool validate_username(struct slice in, struct arena *arena, struct slice *folded)
{
    if (in.len < LIMIT_USERNAME_MIN || in.len > LIMIT_USERNAME_MAX)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        if (!username_char(in.data[i]))
            return false;
        if (i > 0 && in.data[i] == '.' && in.data[i - 1] == '.')
            return false;
    }
    return fold(in, arena, folded);
}

/* No empty label, and at least two of them, or the one name that is known to be local. */
static bool domain_plausible(struct slice domain)
{
    if (slice_eq_nocase(domain, SLICE("localhost")))
        return true;
    size_t labels = 0;
    for (struct slice rest = domain, label; slice_next(&rest, '.', &label); labels++)
        if (label.len == 0)
            return false;
    return labels >= 2 && domain.data[domain.len - 1] != '.';
}

bool validate_email(struct slice in, struct arena *arena, struct slice *folded)
{
    if (in.len > LIMIT_EMAIL_MAX)
        return false;
    for (size_t i = 0; i < in.len; i++)
        if ((unsigned char)in.data[i] <= ' ' || in.data[i] == 0x7f)
            return false;
    size_t at = slice_find(in, '@');
    if (at == 0 || at > EMAIL_LOCAL_MAX || at == in.len)
        return false;
    struct slice domain = {in.data + at + 1, in.len - at - 1};
    if (slice_find(domain, '@') != domain.len || !domain_plausible(domain))
        return false;
    return fold(in, arena, folded);
}

/* The white space outside ASCII, in UTF-8. */
static const char *const wide_spaces[] = {
    "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87",
    "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
    "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf",
};

/* Bytes of the white space or control character at the start of s; 0 if there is none. */
static size_t space_len(struct slice s)
{
    unsigned char c = (unsigned char)s.data[0];
    if (c <= ' ' || c == 0x7f)
        return 1;
    if (c < 0xc2)
        return 0;
    for (size_t i = 0; i < sizeof wide_spaces / sizeof *wide_spaces; i++)
        if (slice_starts_with(s, slice_from(wide_spaces[i])))
            return strlen(wide_spaces[i]);
    return 0;
}

/* A run of white space becomes one '-', except at the ends, where it goes. */
struct slice validate_text_channel_name(struct slice in, struct arena *arena)
{
    size_t len = 0;
    bool gap = false;
    /* Never longer than the input: a gap is written only for white space that was read. */
    char *out = arena_alloc(arena, in.len);
    if (out == NULL)
        return (struct slice){NULL, 0};
    while (in.len > 0) {
        size_t space = space_len(in);
        if (space == 0) {
            if (gap && len > 0)
                out[len++] = '-';
            out[len++] = lower(in.data[0]);
        }
        gap = space > 0;
        in.data += space > 0 ? space : 1;
        in.len -= space > 0 ? space : 1;
    }
    return (struct slice){out, len};
}

static void add_distinct(uint64_t *list, size_t *count, uint64_t id)
{
    for (size_t i = 0; i < *count; i++)
        if (list[i] == id)
            return;
    if (*count < LIMIT_MENTIONS)
        list[(*count)++] = id;
}

/* The "<@...>" at the start of s, if it is one; returns the bytes eaten, 0 if it is not. */
static size_t scan_angle(struct slice s, struct mention_scan *out)
{
    if (!slice_starts_with(s, SLICE("<@")))
        return 0;
    /* Looking further would make a text of nothing but "<@" cost its square. */
    size_t near = s.len < ANGLE_MAX ? s.len : ANGLE_MAX;
    size_t end = slice_find((struct slice){s.data, near}, '>');
    if (end == near)
        return 0;
    struct slice digits = {s.data + 2, end - 2};
    bool role = slice_starts_with(digits, SLICE("&"));
    if (role || slice_starts_with(digits, SLICE("!"))) {
        digits.data++;
        digits.len--;
    }
    uint64_t id = 0;
    if (!slice_to_u64(digits, &id) || id == 0)
        return 0;
    if (role)
        add_distinct(out->roles, &out->role_count, id);
    else
        add_distinct(out->users, &out->user_count, id);
    return end + 1;
}

void validate_mentions(struct slice content, struct mention_scan *out)
{
    out->user_count = 0;
    out->role_count = 0;
    out->everyone = false;
    while (content.len > 0) {
        size_t eaten = 0;
        if (content.data[0] == '<')
            eaten = scan_angle(content, out);
        else if (content.data[0] == '@' && (slice_starts_with(content, SLICE("@everyone")) ||
                                            slice_starts_with(content, SLICE("@here"))))
            out->everyone = true;
        if (eaten == 0)
            eaten = 1;
        content.data += eaten;
        content.len -= eaten;
    }
}
