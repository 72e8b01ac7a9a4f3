/*
 * The people of a benchmark. To register ten thousand of them is to hash ten thousand passwords,
 * which takes minutes; as rows they take a second.
 *
 *   bench_people COUNT FIRST_ID      a line for each: ID TOKEN HASH, the hash as hexadecimal digits
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/random.h"
#include "crypto/token.h"
#include "io.h"

static void print_one(uint64_t id)
{
    char token[TOKEN_TEXT_MAX];
    uint8_t hash[TOKEN_HASH_LEN];
    size_t len = token_make(random_system(), id, token);
    token_hash(slice_of(token, len), hash);
    printf("%" PRIu64 " %.*s ", id, (int)len, token);
    for (size_t i = 0; i < sizeof hash; i++)
        printf("%02x", hash[i]);
    putchar('\n');
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: bench_people COUNT FIRST_ID\n", stderr);
        return 2;
    }
    uint64_t count = io_number(argv[1], 1000000);
    uint64_t first = io_number(argv[2], UINT32_MAX);
    for (uint64_t i = 0; i < count; i++)
        print_one(first + i);
    return 0;
}
