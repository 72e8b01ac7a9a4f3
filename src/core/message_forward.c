/*
 * Forwards. What is shown of the message forwarded is kept with the forward, as it was then: it
 * outlives the original. Its files therefore become attachments of the forward too, which refer to
 * the same blobs; and whom it mentions is kept as ids in the forward's own columns, so that names
 * are those of today and an erased account is gone from here as well.
 */

#include "core/messages_priv.h"
#include "proto/message_snapshot.h"

static enum err check_source(const struct principal *who, const struct message *source)
{
    if (source->type != MESSAGE_TYPE_DEFAULT && source->type != MESSAGE_TYPE_REPLY)
        return ERR_SYSTEM_MESSAGE;
    if (source->poll.data != NULL)
        return ERR_MESSAGE_TYPE;
    return message_is_guarded(who, source) ? ERR_FORWARD_CONTENT : ERR_OK;
}

/* They get ids of their own when they are stored. */
static enum err take_files(const struct message *source, struct user_id author, struct arena *arena,
                           struct forward *out)
{
    if (source->attachment_count == 0)
        return ERR_OK;
    struct attachment *files = arena_array(arena, source->attachment_count, sizeof *files);
    if (files == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < source->attachment_count; i++) {
        files[i] = source->attachments[i];
        files[i].id = 0;
        files[i].url = (struct slice){NULL, 0};
        files[i].uploader = author;
    }
    out->files = files;
    out->file_count = source->attachment_count;
    return ERR_OK;
}

static uint64_t need_of(const struct snapshot_look *look, size_t file_count)
{
    bool is_voice = (look->flags & MESSAGE_FLAG_IS_VOICE_MESSAGE) != 0;
    return (file_count > 0 ? PERMISSION_ATTACH_FILES : 0) |
           (look->embeds ? PERMISSION_EMBED_LINKS : 0) |
           (is_voice ? PERMISSION_SEND_VOICE_MESSAGES : 0);
}

enum err message_forward_take(const struct principal *who, const struct message *source,
                              struct arena *arena, struct message *m, struct forward *out)
{
    bool again = source->snapshots.data != NULL;
    enum err e = check_source(who, source);
    *out = (struct forward){0};
    if (e == ERR_OK)
        e = take_files(source, m->author.id, arena, out);
    if (e != ERR_OK)
        return e;
    struct snapshot_look look = {source->content, source->embeds.data != NULL, source->flags};
    m->snapshots = again ? source->snapshots : proto_snapshot_keep(source, arena);
    if (m->snapshots.data == NULL || (again && !proto_snapshot_look(m->snapshots, arena, &look)))
        return ERR_NO_MEMORY;
    out->text = look.text;
    out->need = need_of(&look, out->file_count);
    m->flags |= MESSAGE_FLAG_HAS_SNAPSHOT;
    m->mentions = source->mentions;
    m->mention_count = source->mention_count;
    m->mention_roles = source->mention_roles;
    m->mention_role_count = source->mention_role_count;
    return ERR_OK;
}
