/* A member as lists show one: one piece of memory with the roles, the name to sort by, and the
 * JSON. */
#include <string.h>
#include <utf8proc.h>

#include "gateway/member_roster.h"
#include "model/permissions.h"
#include "proto/guild.h"

enum { NAME_BYTES_MAX = 512 };

static struct slice display_name(const struct member *m)
{
    if (m->nick.len > 0)
        return m->nick;
    return m->user.global_name.len > 0 ? m->user.global_name : m->user.username;
}

/* In small letters. A letter may be longer as a small one. */
static size_t fold(struct slice name, char out[NAME_BYTES_MAX])
{
    size_t len = 0;
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)name.data;
    size_t left = name.len;
    while (left > 0 && len + 4 <= NAME_BYTES_MAX) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(at, (utf8proc_ssize_t)left, &c);
        if (n <= 0)
            break;
        len += (size_t)utf8proc_encode_char(utf8proc_tolower(c), (utf8proc_uint8_t *)out + len);
        at += n;
        left -= (size_t)n;
    }
    return len;
}

struct member_card *member_card_new(const struct member *m, struct buf *scratch)
{
    struct json_writer w;
    char name[NAME_BYTES_MAX];
    size_t name_len = fold(display_name(m), name);
    buf_reset(scratch);
    json_begin(&w, scratch);
    proto_member(&w, m, true);
    size_t roles = m->role_count * sizeof(struct role_id);
    struct member_card *c =
        scratch->failed ? NULL
                        : mem_alloc(MEM_GATEWAY, sizeof *c + roles + name_len + scratch->len);
    if (c == NULL)
        return NULL;
    *c = (struct member_card){
        .place = {.user = m->user.id.v, .group = MEMBER_GROUP_NONE},
        .timed_out_until_ms = m->timed_out_until_ms,
        .pending = m->pending,
        .role_count = (uint32_t)m->role_count,
        .json_len = (uint32_t)scratch->len - 1,
    };
    char *at = (char *)c->roles + roles;
    if (roles > 0)
        memcpy(c->roles, m->roles, roles);
    memcpy(at, name, name_len);
    c->place.name = slice_of(at, name_len);
    memcpy(at + name_len, scratch->data, c->json_len);
    c->json = at + name_len;
    return c;
}

void member_card_free(struct member_card **c)
{
    if (*c == NULL)
        return;
    presence_unref(&(*c)->presence);
    mem_free(MEM_GATEWAY, *c);
    *c = NULL;
}

bool member_card_same(const struct member_card *a, const struct member_card *b)
{
    return a->presence == b->presence && a->place.group == b->place.group &&
           a->timed_out_until_ms == b->timed_out_until_ms && a->pending == b->pending &&
           a->json_len == b->json_len && memcmp(a->json, b->json, a->json_len) == 0;
}

struct subject member_card_subject(const struct member_card *c)
{
    return (struct subject){
        .user = {c->place.user},
        .roles = c->roles,
        .role_count = c->role_count,
        .timed_out_until_ms = c->timed_out_until_ms,
        .pending = c->pending,
    };
}
