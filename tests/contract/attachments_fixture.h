#pragma once

/* Tests of attachments: files in the store, as a request brings them, and messages that have them.
 */

#include "contract/media_fixture.h"
#include "contract/tasks_fixture.h"
#include "core/attachment_urls.h"
#include "core/attachments.h"
#include "core/media_files.h"
#include "store/attachments.h"

/* A guild with its owner and a guest, in its text channel. */
struct af_scene {
    struct core_fixture *f;
    struct person *owner, *guest;
    struct guild_id guild;
    struct channel_id general;
};

static struct af_scene af_scene_of(struct core_fixture *f)
{
    struct af_scene s = {f, cf_person(f, "owner"), cf_person(f, "guest"), {0}, {0}};
    s.guild = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    cf_forget_events(f);
    return s;
}

/* Streamed into the store, nobody's yet; in the fixture's arena. */
static const struct upload_file *af_file(struct core_fixture *f, const char *name,
                                         struct slice bytes)
{
    struct upload_file *file = arena_zalloc(&f->arena, sizeof *file);
    struct blob_stage *stage = NULL;
    assert_non_null(file);
    assert_int_equal(media_stage_begin(f->core, &stage), ERR_OK);
    assert_int_equal(blob_stage_write(stage, bytes), ERR_OK);
    assert_int_equal(blob_stage_finish(stage), ERR_OK);
    memcpy(file->blob, blob_stage_name(stage), sizeof file->blob);
    assert_int_equal(media_stages_commit(f->core, &stage, 1), ERR_OK);
    file->filename = slice_from(name);
    file->size = bytes.len;
    return file;
}

UNUSED static struct attachment_draft af_draft(struct core_fixture *f, const char *name,
                                               const char *text)
{
    return (struct attachment_draft){
        .file = af_file(f, name, slice_from(text)), .duration_ms = -1, .field = "files[0]"};
}

static enum err af_try_post(struct af_scene *s, const struct person *p,
                            const struct attachment_draft *list, size_t count, struct message *out)
{
    const struct message_draft d = {
        .content = SLICE("files"), .attachments = list, .attachment_count = count};
    return cf_try_post(s->f, p, s->general, &d, out);
}

static struct message af_post(struct af_scene *s, const struct person *p,
                              const struct attachment_draft *list, size_t count)
{
    struct message m;
    assert_int_equal(af_try_post(s, p, list, count, &m), ERR_OK);
    assert_int_equal(m.attachment_count, count);
    return m;
}

static struct message af_read(struct af_scene *s, struct message_id id)
{
    struct message m;
    struct access a = cf_in_channel(s->f, s->owner, s->general);
    assert_int_equal(message_get(s->f->core, &a, id, &s->f->arena, &m), ERR_OK);
    access_end(&a);
    return m;
}

UNUSED static enum err af_edit(struct af_scene *s, const struct person *p, struct message_id id,
                               const struct attachment_draft *list, size_t count,
                               struct message *out)
{
    const struct message_edit e = {
        .has_attachments = true, .attachments = list, .attachment_count = count};
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err failed = message_edit(s->f->core, &p->by, &a, id, &e, &s->f->arena, out);
    access_end(&a);
    return failed;
}

UNUSED static void af_delete(struct af_scene *s, const struct person *p, struct message_id id)
{
    struct access a = cf_in_channel(s->f, p, s->general);
    assert_int_equal(message_delete(s->f->core, &p->by, &a, id), ERR_OK);
    access_end(&a);
}

UNUSED static bool af_has_file(struct core_fixture *f, struct slice hash)
{
    char name[BLOB_NAME_LEN + 1];
    uint64_t bytes;
    assert_int_equal(hash.len, BLOB_NAME_LEN);
    memcpy(name, hash.data, BLOB_NAME_LEN);
    name[BLOB_NAME_LEN] = '\0';
    return blob_size(f->core->o.blobs, name, &bytes) == ERR_OK;
}

/* What nobody refers to goes an hour later. */
static void af_collect_all(struct core_fixture *f)
{
    atomic_fetch_add(&f->wall_ms, 2 * 60 * 60 * 1000);
    mf_collect(f);
}

/* ---- what is counted ---- */

UNUSED static uint64_t af_user_bytes(struct core_fixture *f, const struct person *p)
{
    return count_of(f, "SELECT bytes FROM media_usage WHERE kind = 1 AND id = $1", p->who.user.v);
}

UNUSED static uint64_t af_guild_bytes(struct core_fixture *f, struct guild_id guild)
{
    return count_of(f, "SELECT bytes FROM media_usage WHERE kind = 2 AND id = $1", guild.v);
}

UNUSED static uint64_t af_rows(struct core_fixture *f)
{
    return count_of(f, "SELECT COUNT(*) FROM attachments WHERE id > $1", 0);
}

UNUSED static uint64_t af_references(struct core_fixture *f)
{
    return count_of(f, "SELECT COUNT(*) FROM blob_references WHERE kind > $1", 12);
}
