/*
 * Addresses in bodies. Only the form is looked at: a scheme that may be, a host, and nothing that a
 * browser would take out or that would end an attribute in a page. Whether something is there, and
 * what, is never asked: the server fetches no address of a client's.
 */

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "proto/body_priv.h"
#include "wire/json_read.h"
#include "wire/utf8.h"

enum { SCHEME_SHOWN_MAX = 64 };

/* What stands before "://"; without that all of it, which is how Discord shows what is no URL. */
static struct slice scheme_of(struct slice url)
{
    for (size_t i = 0; i + 3 <= url.len; i++)
        if (memcmp(url.data + i, "://", 3) == 0)
            return slice_of(url.data, i);
    return url;
}

/* A file's name may have spaces; only what no name has is refused. */
static bool names_file(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.data[i] < ' ')
            return false;
    return name.len > 0;
}

static bool may_stand_in_url(unsigned char c)
{
    return c > ' ' && c != 0x7f && strchr("<>\"\\^`{|}", c) == NULL;
}

static bool well_formed(struct slice rest)
{
    bool host_ended = false;
    size_t host = 0;
    for (size_t i = 0; i < rest.len; i++) {
        unsigned char c = (unsigned char)rest.data[i];
        if (!may_stand_in_url(c))
            return false;
        host_ended = host_ended || c == '/' || c == '?' || c == '#';
        host += host_ended ? 0 : 1;
    }
    return host > 0;
}

static bool takes_scheme(const struct field *f, struct slice scheme)
{
    if ((f->flags & FIELD_ATTACHMENT_URL) && slice_eq_nocase(scheme, SLICE("attachment")))
        return true;
    return slice_eq_nocase(scheme, SLICE("http")) || slice_eq_nocase(scheme, SLICE("https"));
}

static void fail_scheme(struct body_walk *w, struct slice scheme)
{
    char shown[SCHEME_SHOWN_MAX + 1];
    size_t len = scheme.len < SCHEME_SHOWN_MAX ? scheme.len : SCHEME_SHOWN_MAX;
    for (size_t i = 0; i < len; i++)
        shown[i] = (char)tolower((unsigned char)scheme.data[i]);
    shown[len] = '\0';
    body_fail(w, "URL_TYPE_INVALID_SCHEME",
              "Scheme \"%s\" is not supported. Scheme must be one of ('http', 'https').", shown);
}

static bool rest_well_formed(struct slice scheme, struct slice rest)
{
    bool is_file = slice_eq_nocase(scheme, SLICE("attachment"));
    return is_file ? names_file(rest) : well_formed(rest);
}

void body_url(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    if (!json_is_string(v)) {
        body_fail(w, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
        return;
    }
    struct slice url = utf8_trim(json_read_str(v));
    struct slice scheme = scheme_of(url);
    if ((int64_t)utf8_count(url) > f->max)
        body_fail(w, "BASE_TYPE_MAX_LENGTH", "Must be %lld or fewer in length.", (long long)f->max);
    else if (scheme.len == url.len || !takes_scheme(f, scheme))
        fail_scheme(w, scheme);
    else if (!rest_well_formed(scheme,
                               slice_of(url.data + scheme.len + 3, url.len - scheme.len - 3)))
        body_fail(w, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
    else
        *(struct slice *)at = url;
}
