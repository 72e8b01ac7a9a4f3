/*
 * What is found out about a message before its transaction, which the whole server waits for: whom
 * it mentions, what it replies to or forwards, what its files are. A plain text needs no read at
 * all.
 */

#include <string.h>

#include "base/limits.h"
#include "core/channels.h"
#include "core/message_post_priv.h"
#include "core/message_stickers.h"
#include "store/message_mentions.h"

enum { NONCE_BYTES_MAX = LIMIT_NONCE * 4 };

static bool is_forward(const struct post *x)
{
    return x->d->reference.v != 0 && x->d->reference_type == REFERENCE_FORWARD;
}

static enum err refuse(const struct post *x, const char *field, const char *code,
                       const char *message)
{
    if (x->d->problem != NULL)
        *x->d->problem = (struct draft_problem){field, code, message};
    return ERR_INVALID_FORM;
}

/* --- what the draft says ------------------------------------------------------------------------
 */

static bool has_text_or_rich(const struct message_draft *d)
{
    return d->content.len > 0 || d->embeds.data != NULL || d->sticker_count > 0 || d->poll != NULL;
}

static bool has_anything(const struct message_draft *d)
{
    return has_text_or_rich(d) || d->components.data != NULL || d->attachment_count > 0;
}

/* Docs, "Message Flags": what IS_COMPONENTS_V2 excludes. */
static enum err check_components(const struct post *x)
{
    const struct message_draft *d = x->d;
    if (!(d->flags & MESSAGE_FLAG_IS_COMPONENTS_V2))
        return ERR_OK;
    if (has_text_or_rich(d))
        return refuse(x, d->content.len > 0 ? "content" : "flags",
                      "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                      "Content, embeds, stickers and polls cannot be used with IS_COMPONENTS_V2");
    return d->components.data == NULL ? ERR_EMPTY_MESSAGE : ERR_OK;
}

/* Nothing can be said beside a forward: its columns hold what it forwards. */
static enum err check_forward(const struct post *x)
{
    return has_anything(x->d)
               ? refuse(x, "message_reference", "MESSAGE_FORWARD_CANNOT_HAVE_CONTENT",
                        "A forward cannot have content of its own")
               : ERR_OK;
}

static enum err check_size(const struct post *x)
{
    const struct message_draft *d = x->d;
    return message_rich_fits(d->embeds, d->components)
               ? ERR_OK
               : refuse(x, MESSAGE_RICH_FIELD(d->embeds), MESSAGE_RICH_CODE, MESSAGE_RICH_TEXT);
}

static enum err check_draft(const struct post *x)
{
    if (is_forward(x))
        return check_forward(x);
    enum err e = check_size(x);
    if (e == ERR_OK)
        e = check_components(x);
    return e == ERR_OK && !has_anything(x->d) ? ERR_EMPTY_MESSAGE : e;
}

/* A voice message is one sound with its length and its shape, and nothing else. */
static enum err check_voice(const struct post *x)
{
    static const struct slice audio = {"audio/", 6};
    const struct attachment *file = x->files;
    if (!(x->m.flags & MESSAGE_FLAG_IS_VOICE_MESSAGE))
        return ERR_OK;
    if (has_text_or_rich(x->d) || x->d->components.data != NULL)
        return ERR_VOICE_MESSAGE_CONTENT;
    if (x->file_count != 1 || file->content_type.len < audio.len ||
        memcmp(file->content_type.data, audio.data, audio.len) != 0)
        return ERR_VOICE_MESSAGE_ATTACHMENT;
    return file->duration_ms < 0 || file->waveform.data == NULL ? ERR_VOICE_MESSAGE_METADATA
                                                                : ERR_OK;
}

static enum err compose(struct post *x)
{
    const struct message_draft *d = x->d;
    x->m = (struct message){
        .channel = x->place.channel,
        .guild = x->place.guild,
        .author = x->a->member.user,
        .content = arena_dup(x->arena, d->content),
        .embeds = d->embeds,
        .components = d->components,
        .poll = d->poll != NULL ? d->poll->json : (struct slice){NULL, 0},
        .parts = d->poll != NULL ? MESSAGE_PART_POLL : 0,
        .flags = is_forward(x) ? d->flags & MESSAGE_FLAG_SUPPRESS_NOTIFICATIONS : d->flags,
        .tts = d->tts && (x->a->permissions & PERMISSION_SEND_TTS_MESSAGES),
        .nonce_is_number = d->nonce_is_number,
    };
    x->text = x->m.content;
    if (d->nonce.data != NULL && d->nonce.len > 0 && d->nonce.len <= NONCE_BYTES_MAX)
        x->m.nonce = arena_dup(x->arena, d->nonce);
    return x->m.content.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* --- what is in the store -----------------------------------------------------------------------
 */

/* Without what it replies to itself: that is never nested further. */
static enum err find_replied(struct sql_conn *sql, struct post *x)
{
    struct message_record r;
    enum err e = messages_find(sql, x->place.channel, x->d->reference, x->arena, &r);
    if (e != ERR_OK)
        return e;
    struct message_id own = r.message.reference;
    r.message.reference.v = 0;
    e = messages_complete(x->core, sql, (struct user_id){0}, &r, 1, x->arena);
    x->replied = r.message;
    x->replied.reference = own;
    return e;
}

/* m becomes a reply if there is what it replies to. */
static enum err read_replied(struct sql_conn *sql, struct post *x)
{
    enum err e = find_replied(sql, x);
    if (e == ERR_UNKNOWN_MESSAGE && !x->d->fail_if_not_exists)
        return ERR_OK;
    if (e != ERR_OK)
        return e;
    if (x->replied.type != MESSAGE_TYPE_DEFAULT && x->replied.type != MESSAGE_TYPE_REPLY)
        return ERR_SYSTEM_MESSAGE;
    x->has_replied = true;
    x->m.type = MESSAGE_TYPE_REPLY;
    x->m.reference = x->replied.id;
    x->m.referenced = &x->replied;
    x->m.referenced_known = true;
    return ERR_OK;
}

static enum err read_forwarded(struct sql_conn *sql, struct post *x)
{
    const struct access *from = x->source.view != NULL ? &x->source : x->a;
    struct message source;
    struct forward taken;
    enum err e = message_read(x->core, sql, (struct user_id){0}, from->channel->id, x->d->reference,
                              x->arena, &source);
    if (e == ERR_OK)
        e = message_forward_take(x->by->who, &source, x->arena, &x->m, &taken);
    if (e != ERR_OK)
        return e;
    /* Nobody shows by forwarding what they may not post. */
    if ((x->a->permissions & taken.need) != taken.need)
        return ERR_MISSING_PERMISSIONS;
    x->need |= taken.need;
    x->text = taken.text;
    x->files = taken.files;
    x->file_count = taken.file_count;
    x->m.reference = source.id;
    x->m.reference_type = REFERENCE_FORWARD;
    if (x->source.view != NULL) {
        x->m.reference_channel = source.channel;
        x->m.reference_guild = source.guild;
    }
    return ERR_OK;
}

static enum err read_mentions(struct sql_conn *sql, struct post *x)
{
    struct mentions mentions;
    enum err e = mentions_resolve(sql, x->a, x->d, x->has_replied ? &x->replied.author : NULL,
                                  x->arena, &mentions);
    if (e != ERR_OK)
        return e;
    x->need |= mentions_need(x->a, &mentions);
    mentions_apply(&mentions, &x->m);
    return ERR_OK;
}

static enum err read_before(struct tx *tx, void *ctx)
{
    struct post *x = ctx;
    struct sql_conn *sql = tx_sql(tx);
    x->has_replied = false;
    if (is_forward(x))
        return read_forwarded(sql, x);
    enum err e = x->d->reference.v != 0 ? read_replied(sql, x) : ERR_OK;
    if (e == ERR_OK)
        e = read_mentions(sql, x);
    if (e == ERR_OK && x->d->sticker_count > 0)
        e = message_stickers_resolve(x->core, sql, x->by, x->a, x->d->sticker_ids,
                                     x->d->sticker_count, x->arena, &x->m.stickers);
    return e;
}

/* Whoever forwards must be able to read where it comes from. */
static enum err open_source(struct post *x)
{
    uint64_t need = PERMISSION_READ_MESSAGE_HISTORY;
    struct channel_id from = x->d->reference_channel;
    if (from.v == 0 || from.v == x->place.channel.v)
        return x->a->permissions & need ? ERR_OK : ERR_MISSING_ACCESS;
    enum err e = access_channel(x->core, x->by->who, from, x->arena, &x->source);
    return e == ERR_OK && !(x->source.permissions & need) ? ERR_MISSING_ACCESS : e;
}

static bool must_read(const struct post *x)
{
    return x->d->reference.v != 0 || x->d->sticker_count > 0 || mentions_possible(x->d->content);
}

enum err message_prepare(struct post *x)
{
    const struct message_draft *d = x->d;
    enum err e = check_draft(x);
    if (e == ERR_OK)
        e = compose(x);
    if (e == ERR_OK && d->attachment_count > 0)
        e = attachments_prepare(x->core, x->by, x->a, d->attachments, d->attachment_count, x->arena,
                                &x->files, &x->file_count, d->problem);
    if (e == ERR_OK)
        e = check_voice(x);
    if (e == ERR_OK && is_forward(x))
        e = open_source(x);
    if (e == ERR_OK && must_read(x))
        e = store_read(x->core->store, read_before, x);
    if (e != ERR_OK)
        return e;
    if (x->file_count > 0)
        x->m.parts |= MESSAGE_PART_ATTACHMENTS;
    if (!is_forward(x) && message_mentions_any(&x->m))
        x->m.parts |= MESSAGE_PART_MENTIONS;
    return ERR_OK;
}
