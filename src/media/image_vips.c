/* The difficulty: libvips loads every module of its folder when it begins (ImageMagick, PDF, ...),
 * each with libraries of its own. It is told of a folder that is not there, by the variable that
 * moves its installation, and the one module that we want, AVIF, is loaded by hand. */

#include "media/image_vips.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool find_all(void *library, struct image_vips *v)
{
    static const struct {
        const char *name;
        size_t at;
    } functions[] = {
#define IMAGE_VIPS_ROW(result, field, name, parameters) {name, offsetof(struct image_vips, field)},
        IMAGE_VIPS_FUNCTIONS(IMAGE_VIPS_ROW)
#undef IMAGE_VIPS_ROW
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *found = dlsym(library, functions[i].name);
        if (found == NULL)
            return false;
        /* ISO C has no conversion of one into the other; POSIX has their sizes equal. */
        memcpy((char *)v + functions[i].at, &found, sizeof found);
    }
    return true;
}

/* "<folder of libvips>/vips-modules-8.14/vips-heif.so"; its entry function makes its loaders known,
 * and takes a handle that this one does not look at. */
static bool load_heif(const struct image_vips *v)
{
    Dl_info info;
    char path[512];
    void *symbol;
    void *(*entry)(void *module);
    memcpy(&symbol, &v->init, sizeof symbol);
    if (dladdr(symbol, &info) == 0 || info.dli_fname == NULL)
        return false;
    const char *slash = strrchr(info.dli_fname, '/');
    int folder = slash == NULL ? 0 : (int)(slash - info.dli_fname);
    int n = snprintf(path, sizeof path, "%.*s/vips-modules-%d.%d/vips-heif.so", folder,
                     info.dli_fname, v->version(0), v->version(1));
    void *module = n < (int)sizeof path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    symbol = module == NULL ? NULL : dlsym(module, "g_module_check_init");
    if (symbol == NULL)
        return false;
    memcpy(&entry, &symbol, sizeof entry);
    return entry(NULL) == NULL;
}

static void restrict_loaders(const struct image_vips *v)
{
    static const char *const wanted[] = {"VipsForeignLoadPng", "VipsForeignLoadJpeg",
                                         "VipsForeignLoadNsgif", "VipsForeignLoadWebp",
                                         "VipsForeignLoadHeif"};
    v->operation_block_set("VipsForeignLoad", 1);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        v->operation_block_set(wanted[i], 0);
    v->block_untrusted_set(1);
}

bool image_vips_load(struct image_vips *v)
{
    void *library = dlopen("libvips.so.42", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL || !find_all(library, v))
        return false;
    if (setenv("VIPSHOME", "/nonexistent", 1) != 0 || v->init("guildhall") != 0)
        return false;
    v->avif = load_heif(v);
    v->concurrency_set(1);
    v->cache_set_max(0);
    v->vector_set_enabled(0); /* it would write code into memory and run it */
    restrict_loaders(v);
    return true;
}
