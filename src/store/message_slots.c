/* Which messages of a page a row belongs to. A page has a hundred at most, and rows of one message
 * follow each other. */

#include "store/message_slots.h"

#include "store/id_list.h"

static bool seen_before(const struct message_slots *s, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (s->messages[i]->channel.v == s->messages[at]->channel.v)
            return true;
    return false;
}

/* A statement for each channel and not one for all: between two lists of ids PostgreSQL expects all
 * their pairs, and would rather read a table from end to end. */
enum err message_slots_next(struct message_slots *s, struct arena *arena, bool *found)
{
    while (s->next < s->count && seen_before(s, s->next))
        s->next++;
    *found = s->next < s->count;
    if (!*found)
        return ERR_OK;
    uint64_t *ids = arena_array(arena, s->count, sizeof *ids);
    size_t n = 0;
    if (ids == NULL)
        return ERR_NO_MEMORY;
    s->channel = s->messages[s->next++]->channel;
    for (size_t i = 0; i < s->count; i++)
        if (s->messages[i]->channel.v == s->channel.v)
            ids[n++] = s->messages[i]->id.v;
    return id_list_pack(ids, n, arena, &s->ids);
}

struct message *message_slots_find(const struct message_slots *s, uint64_t id, size_t *at)
{
    for (size_t n = 0; n < s->count; n++) {
        size_t i = (*at + n) % s->count;
        if (s->messages[i]->id.v == id) {
            *at = i;
            return s->messages[i];
        }
    }
    return NULL;
}
