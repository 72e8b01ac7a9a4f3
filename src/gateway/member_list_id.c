/* What a member list is called: clients compute it too, to find the list of a channel that they
 * show, so it must come out as Discord's does. "everyone" if @everyone sees the channel, else a
 * hash of who is let in and kept out: channels that are alike in that share a list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "gateway/member_roster.h"
#include "model/permissions.h"

enum { ENTRY_MAX = 32 };

static uint32_t rotate(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

static uint32_t mix(uint32_t k)
{
    return rotate(k * UINT32_C(0xcc9e2d51), 15) * UINT32_C(0x1b873593);
}

/* MurmurHash3, 32 bits, seed 0. */
uint32_t member_list_hash(struct slice text)
{
    const uint8_t *p = (const uint8_t *)text.data;
    uint32_t h = 0;
    size_t i = 0;
    for (; i + 4 <= text.len; i += 4) {
        uint32_t k = (uint32_t)p[i] | (uint32_t)p[i + 1] << 8 | (uint32_t)p[i + 2] << 16 |
                     (uint32_t)p[i + 3] << 24;
        h = rotate(h ^ mix(k), 13) * 5 + UINT32_C(0xe6546b64);
    }
    uint32_t tail = 0;
    for (size_t n = text.len; n > i; n--)
        tail = tail << 8 | p[n - 1];
    if (i < text.len)
        h ^= mix(tail);
    h ^= (uint32_t)text.len;
    h = (h ^ h >> 16) * UINT32_C(0x85ebca6b);
    h = (h ^ h >> 13) * UINT32_C(0xc2b2ae35);
    return h ^ h >> 16;
}

static bool everyone_sees(const struct guild_view *v, const struct channel *ch)
{
    const struct role *everyone = guild_view_role(v, (struct role_id){v->guild.id.v});
    uint64_t held = everyone == NULL ? 0 : everyone->permissions;
    if ((held & PERMISSION_ADMINISTRATOR) != 0)
        return true;
    for (size_t i = 0; i < ch->overwrite_count; i++) {
        const struct overwrite *o = &ch->overwrites[i];
        if (o->id == v->guild.id.v && o->type == OVERWRITE_ROLE)
            held = (held & ~o->deny) | o->allow;
    }
    return (held & PERMISSION_VIEW_CHANNEL) != 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

void member_list_id(const struct guild_view *v, const struct channel *ch,
                    char out[MEMBER_LIST_ID_MAX])
{
    if (everyone_sees(v, ch)) {
        snprintf(out, MEMBER_LIST_ID_MAX, "everyone");
        return;
    }
    char(*entries)[ENTRY_MAX] = mem_array(MEM_GATEWAY, ch->overwrite_count + 1, sizeof *entries);
    size_t n = 0;
    for (size_t i = 0; entries != NULL && i < ch->overwrite_count; i++) {
        const struct overwrite *o = &ch->overwrites[i];
        bool allow = (o->allow & PERMISSION_VIEW_CHANNEL) != 0;
        if (allow || (o->deny & PERMISSION_VIEW_CHANNEL) != 0)
            snprintf(entries[n++], ENTRY_MAX, "%s:%llu", allow ? "allow" : "deny",
                     (unsigned long long)o->id);
    }
    struct buf text;
    buf_init(&text, MEM_GATEWAY, LIMIT_CHANNEL_OVERWRITES * ENTRY_MAX);
    if (n > 1)
        qsort(entries, n, sizeof *entries, by_text);
    for (size_t i = 0; i < n; i++)
        buf_printf(&text, "%s%s", i == 0 ? "" : ",", entries[i]);
    snprintf(out, MEMBER_LIST_ID_MAX, "%u", (unsigned)member_list_hash(buf_slice(&text)));
    buf_deinit(&text);
    mem_free(MEM_GATEWAY, entries);
}
