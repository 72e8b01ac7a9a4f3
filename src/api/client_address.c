/* Addresses of clients. The header grows to the right: each proxy appends whom it was asked by, so
 * that what stands to the left of the first stranger is that stranger's word only. */

#include "api/client_address.h"

#include <arpa/inet.h>
#include <string.h>

enum { V4_BYTES = 4, MAPPED_BYTES = 12, MAPPED_BITS = 96, BITS = 128 };

static const unsigned char mapped[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

/* *bits: how many of the address are its own, 32 or 128. */
static bool parse(struct slice text, unsigned char out[ADDRESS_BYTES], unsigned *bits)
{
    char plain[ADDRESS_TEXT_MAX];
    if (text.len == 0 || text.len >= sizeof plain)
        return false;
    memcpy(plain, text.data, text.len);
    plain[text.len] = '\0';
    *bits = BITS;
    if (inet_pton(AF_INET6, plain, out) == 1)
        return true;
    *bits = BITS - MAPPED_BITS;
    memcpy(out, mapped, sizeof mapped);
    return inet_pton(AF_INET, plain, out + MAPPED_BYTES) == 1;
}

static bool parse_network(struct slice text, struct network *out)
{
    size_t slash = slice_find(text, '/');
    unsigned bits;
    uint64_t prefix;
    if (!parse(slice_of(text.data, slash), out->bytes, &bits))
        return false;
    prefix = bits;
    if (slash < text.len &&
        (!slice_to_u64(slice_of(text.data + slash + 1, text.len - slash - 1), &prefix) ||
         prefix > bits))
        return false;
    out->prefix = BITS - bits + (unsigned)prefix;
    return true;
}

bool proxies_parse(struct slice text, struct proxies *out)
{
    struct slice part;
    out->count = 0;
    while (slice_next(&text, ',', &part)) {
        part = slice_trim(part);
        if (out->count == PROXIES_MAX || !parse_network(part, &out->list[out->count]))
            return false;
        out->count++;
    }
    return true;
}

static bool within(const struct network *n, const unsigned char address[ADDRESS_BYTES])
{
    unsigned whole = n->prefix / 8;
    unsigned rest = n->prefix % 8;
    if (memcmp(n->bytes, address, whole) != 0)
        return false;
    return rest == 0 || (unsigned)(n->bytes[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool proxies_contain(const struct proxies *p, struct slice text)
{
    unsigned char address[ADDRESS_BYTES];
    unsigned bits;
    if (!parse(text, address, &bits))
        return false;
    for (size_t i = 0; i < p->count; i++)
        if (within(&p->list[i], address))
            return true;
    return false;
}

/* Cuts the last entry off the list. False when it is empty. */
static bool take_last(struct slice *list, struct slice *entry)
{
    if (list->len == 0)
        return false;
    size_t begin = list->len;
    while (begin > 0 && list->data[begin - 1] != ',')
        begin--;
    *entry = slice_trim(slice_of(list->data + begin, list->len - begin));
    list->len = begin > 0 ? begin - 1 : 0;
    return true;
}

static bool is_address(struct slice text)
{
    unsigned char ignored[ADDRESS_BYTES];
    unsigned bits;
    return parse(text, ignored, &bits);
}

/* Goes on to the left as long as *found is a trusted proxy. False: the search has ended. */
static bool walk(const struct proxies *p, struct slice list, struct slice *found)
{
    struct slice entry;
    while (proxies_contain(p, *found) && take_last(&list, &entry)) {
        if (!is_address(entry))
            return false;
        *found = entry;
    }
    return proxies_contain(p, *found);
}

size_t client_address(const struct proxies *p, const struct http_request *r, const char *peer,
                      char out[ADDRESS_TEXT_MAX])
{
    struct slice found = slice_from(peer);
    bool on = p->count > 0 && proxies_contain(p, found);
    for (size_t i = r->header_count; i-- > 0 && on;)
        if (slice_eq_nocase(r->headers[i].name, SLICE("x-forwarded-for")))
            on = walk(p, r->headers[i].value, &found);
    if (found.len >= ADDRESS_TEXT_MAX)
        found.len = 0; /* no address has that many characters */
    if (found.len > 0)
        memcpy(out, found.data, found.len);
    out[found.len] = '\0';
    return found.len;
}
