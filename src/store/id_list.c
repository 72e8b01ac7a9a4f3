/* Lists of ids in one column. */

#include "store/id_list.h"

enum { ID_BYTES = ID_LIST_BYTES };

void id_list_put(char **at, uint64_t id)
{
    for (size_t k = 0; k < ID_BYTES; k++)
        *(*at)++ = (char)(unsigned char)(id >> (8 * (ID_BYTES - 1 - k)));
}

enum err id_list_pack(const uint64_t *ids, size_t count, struct arena *arena, struct slice *out)
{
    *out = (struct slice){NULL, 0};
    if (count == 0)
        return ERR_OK;
    char *bytes = arena_array(arena, count, ID_BYTES);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    char *at = bytes;
    for (size_t i = 0; i < count; i++)
        id_list_put(&at, ids[i]);
    *out = (struct slice){bytes, count * ID_BYTES};
    return ERR_OK;
}

enum err id_list_unpack(struct slice blob, struct arena *arena, uint64_t **out, size_t *count)
{
    size_t n = blob.len / ID_BYTES;
    *out = NULL;
    *count = 0;
    if (n == 0)
        return ERR_OK;
    uint64_t *ids = arena_array(arena, n, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        ids[i] = 0;
        for (size_t k = 0; k < ID_BYTES; k++)
            ids[i] = ids[i] << 8 | (unsigned char)blob.data[i * ID_BYTES + k];
    }
    *out = ids;
    *count = n;
    return ERR_OK;
}

size_t id_list_count(struct slice blob)
{
    return blob.len / ID_BYTES;
}

uint64_t id_list_at(struct slice blob, size_t i)
{
    uint64_t id = 0;
    for (size_t k = 0; k < ID_BYTES; k++)
        id = id << 8 | (unsigned char)blob.data[i * ID_BYTES + k];
    return id;
}
