/* Forms with files. The body is there as a whole, so a part ends where the next delimiter is found;
 * memmem finds it in one pass over the body. */

#include "wire/multipart.h"

#include <string.h>

#include "wire/multipart_priv.h"

static bool starts(struct slice s, const char *literal, size_t len)
{
    return s.len >= len && memcmp(s.data, literal, len) == 0;
}

static void advance(struct slice *s, size_t n)
{
    s->data += n;
    s->len -= n;
}

/* ---- parameters: name=value or name="value", after ';' ---- */

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void skip_blank(struct slice *s)
{
    while (s->len > 0 && (s->data[0] == ' ' || s->data[0] == '\t'))
        advance(s, 1);
}

static bool take_token(struct slice *s, struct slice *out)
{
    size_t n = 0;
    while (n < s->len && is_token_char(s->data[n]))
        n++;
    *out = slice_of(s->data, n);
    advance(s, n);
    return n > 0;
}

/* Up to the closing quote. Escapes stay as they are: names that matter here have none. */
static bool take_quoted(struct slice *s, struct slice *out)
{
    size_t n = 1;
    while (n < s->len && s->data[n] != '"')
        n += s->data[n] == '\\' ? 2 : 1;
    if (n >= s->len)
        return false;
    *out = slice_of(s->data + 1, n - 1);
    advance(s, n + 1);
    return true;
}

/* The next parameter of *rest. False: there is none, or it is malformed (*bad). */
static bool parameter_next(struct slice *rest, struct slice *name, struct slice *value, bool *bad)
{
    skip_blank(rest);
    if (rest->len == 0)
        return false;
    *bad = true;
    if (rest->data[0] != ';')
        return false;
    advance(rest, 1);
    skip_blank(rest);
    if (!take_token(rest, name) || rest->len == 0 || rest->data[0] != '=')
        return false;
    advance(rest, 1);
    bool quoted = rest->len > 0 && rest->data[0] == '"';
    if (quoted ? !take_quoted(rest, value) : !take_token(rest, value))
        return false;
    *bad = false;
    return true;
}

/* RFC 2046 §5.1.1 */
static bool boundary_is_valid(struct slice b)
{
    for (size_t i = 0; i < b.len; i++)
        if (!is_token_char(b.data[i]) &&
            (b.data[i] == '\0' || strchr("(),/:=? ", b.data[i]) == NULL))
            return false;
    return b.len > 0 && b.len <= MULTIPART_BOUNDARY_MAX && b.data[b.len - 1] != ' ';
}

bool multipart_boundary(struct slice content_type, struct slice *boundary)
{
    struct slice name, value, found = {NULL, 0};
    bool bad = false;
    size_t essence = slice_find(content_type, ';');
    if (content_type.data == NULL ||
        !slice_eq_nocase(slice_trim(slice_of(content_type.data, essence)),
                         SLICE("multipart/form-data")))
        return false;
    struct slice rest = slice_of(content_type.data + essence, content_type.len - essence);
    while (parameter_next(&rest, &name, &value, &bad)) {
        if (!slice_eq_nocase(name, SLICE("boundary")))
            continue;
        if (found.data != NULL)
            return false;
        found = value;
    }
    if (bad || found.data == NULL || !boundary_is_valid(found))
        return false;
    *boundary = found;
    return true;
}

/* ---- parts ---- */

static bool take_disposition(struct slice value, struct multipart_part *p)
{
    struct slice kind, name, text;
    bool bad = false;
    if (p->name.data != NULL || !take_token(&value, &kind) ||
        !slice_eq_nocase(kind, SLICE("form-data")))
        return false;
    while (parameter_next(&value, &name, &text, &bad)) {
        struct slice *to = slice_eq_nocase(name, SLICE("name"))       ? &p->name
                           : slice_eq_nocase(name, SLICE("filename")) ? &p->filename
                                                                      : NULL;
        if (to == NULL)
            continue; /* filename* and whatever else */
        if (to->data != NULL)
            return false;
        *to = text;
    }
    return !bad && p->name.data != NULL;
}

bool multipart_header(struct slice line, struct multipart_part *p)
{
    size_t colon = slice_find(line, ':');
    if (colon == 0 || colon == line.len || memchr(line.data, '\0', line.len) != NULL)
        return false;
    struct slice name = slice_of(line.data, colon);
    struct slice value = slice_trim(slice_of(line.data + colon + 1, line.len - colon - 1));
    if (slice_eq_nocase(name, SLICE("content-disposition")))
        return take_disposition(value, p);
    if (slice_eq_nocase(name, SLICE("content-type"))) {
        if (p->content_type.data != NULL)
            return false;
        p->content_type = value;
    }
    return true;
}

/* Header lines up to the empty one, which is taken too. */
static enum err take_headers(struct slice *rest, struct multipart_part *p)
{
    size_t room = rest->len < MULTIPART_HEADER_BYTES_MAX ? rest->len : MULTIPART_HEADER_BYTES_MAX;
    for (unsigned n = 0; n <= MULTIPART_HEADERS_MAX; n++) {
        const char *end = memmem(rest->data, room, "\r\n", 2);
        if (end == NULL)
            return room < rest->len ? ERR_ENTITY_TOO_LARGE : ERR_BAD_REQUEST;
        struct slice line = slice_of(rest->data, (size_t)(end - rest->data));
        advance(rest, line.len + 2);
        room -= line.len + 2;
        if (line.len == 0)
            return p->name.data != NULL ? ERR_OK : ERR_BAD_REQUEST;
        if (!multipart_header(line, p))
            return ERR_BAD_REQUEST;
    }
    return ERR_ENTITY_TOO_LARGE;
}

/* Contents up to the next delimiter, which is taken too. */
static enum err take_body(struct slice *rest, struct slice delimiter, struct multipart_part *p)
{
    /* A part without contents: its empty line is the delimiter's first. */
    const char *end = memmem(rest->data, rest->len, delimiter.data, delimiter.len);
    if (end == NULL)
        return ERR_BAD_REQUEST;
    p->body = slice_of(rest->data, (size_t)(end - rest->data));
    advance(rest, p->body.len + delimiter.len);
    return ERR_OK;
}

enum err multipart_parse(struct slice body, struct slice boundary,
                         struct multipart_part parts[MULTIPART_PARTS_MAX], size_t *count)
{
    char text[4 + MULTIPART_BOUNDARY_MAX];
    if (boundary.len == 0 || boundary.len > MULTIPART_BOUNDARY_MAX || body.data == NULL)
        return ERR_BAD_REQUEST;
    memcpy(text, "\r\n--", 4);
    memcpy(text + 4, boundary.data, boundary.len);
    const struct slice delimiter = slice_of(text, 4 + boundary.len);
    /* The first delimiter has no line before it. */
    if (!starts(body, delimiter.data + 2, delimiter.len - 2))
        return ERR_BAD_REQUEST;
    advance(&body, delimiter.len - 2);
    size_t n = 0;
    while (starts(body, "\r\n", 2)) {
        struct multipart_part p = {0};
        if (n == MULTIPART_PARTS_MAX)
            return ERR_ENTITY_TOO_LARGE;
        advance(&body, 2);
        enum err e = take_headers(&body, &p);
        if (e == ERR_OK)
            e = take_body(&body, delimiter, &p);
        if (e != ERR_OK)
            return e;
        parts[n++] = p;
    }
    if (!starts(body, "--", 2))
        return ERR_BAD_REQUEST;
    advance(&body, 2);
    if (body.len != 0 && !(body.len == 2 && starts(body, "\r\n", 2)))
        return ERR_BAD_REQUEST;
    *count = n;
    return ERR_OK;
}
