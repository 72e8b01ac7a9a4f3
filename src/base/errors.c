/* The error table, expanded. */

#include "base/errors.h"

#include <assert.h>

static const struct err_info table[ERR_COUNT] = {
    [ERR_OK] = {"OK", 0, 200, 0, ""},
#define X(name, json, status, close, text) [ERR_##name] = {#name, json, status, close, text},
#include "base/errors.def"
#undef X
};

const struct err_info *err_info(enum err e)
{
    assert(e < ERR_COUNT);
    return &table[e];
}
