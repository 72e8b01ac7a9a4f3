#pragma once

/* Tests of uploads: a core whose blobs lie in the fixture's folder, and pictures to upload. */

#include <ftw.h>

#include "contract/core_fixture.h"
#include "core/core_priv.h"
#include "core/media.h"
#include "media/blob.h"
#include "media/default_avatar.h"
#include "store/blobs.h"

static int mf_setup(void **state)
{
    int failed = cf_setup(state);
    struct core_fixture *f = *state;
    assert_int_equal(blob_disk_open(f->folder, NULL, &f->core->o.blobs), ERR_OK);
    return failed;
}

static int mf_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int mf_teardown(void **state)
{
    struct core_fixture *f = *state;
    char media[128];
    blob_close(&f->core->o.blobs);
    snprintf(media, sizeof media, "%s/media", f->folder);
    (void)nftw(media, mf_remove, 8, FTW_DEPTH | FTW_PHYS);
    return cf_teardown(state);
}

/* Number `index` below 6; in the fixture's arena. */
static struct slice mf_picture(struct core_fixture *f, unsigned index)
{
    struct buf out;
    buf_init(&out, MEM_CORE, 65536);
    default_avatar_write(index, &out);
    struct slice kept = arena_dup(&f->arena, buf_slice(&out));
    buf_deinit(&out);
    assert_non_null(kept.data);
    return kept;
}

UNUSED static struct media_image mf_take(struct core_fixture *f, unsigned index,
                                         enum media_kind kind)
{
    struct media_image m;
    struct media_problem problem;
    assert_int_equal(media_bytes_take(f->core, mf_picture(f, index), kind, &m, &problem), ERR_OK);
    return m;
}

/* Steps of collection until there is nothing more to do now. */
UNUSED static void mf_collect(struct core_fixture *f)
{
    bool more = true;
    while (more)
        assert_int_equal(media_collect_step(f->core, &more), ERR_OK);
}

UNUSED static bool mf_has_file(struct core_fixture *f, const struct media_image *m)
{
    uint64_t bytes;
    return blob_size(f->core->o.blobs, m->blob, &bytes) == ERR_OK;
}
