#pragma once

/*
 * Images, stickers and sounds: from the bytes that somebody sent to a hash that an entity shows.
 *
 * In three steps. (1) media_image_take (or media_bytes_take), before the transaction, on a worker:
 * decodes and checks the bytes, and puts them on the disk as a blob. (2) In the closure that stores
 * the hash with the entity: media_refer, which says that this entity uses the blob; and
 * media_release for what it used before or when the entity goes. media_replace does both.
 * (3) Nothing: a blob that nobody refers to goes by itself after an hour, also when the closure of
 * (2) never came about.
 *
 * Handlers call request_take_image (api/media.h), which reports what is wrong with a field.
 */

#include "core/core.h"

/* What a blob is to its owner; stored (blob_references.kind), never renumbered. */
enum media_kind {
    MEDIA_GUILD_ICON = 1,   /* owner: the guild */
    MEDIA_GUILD_BANNER = 2, /* owner: the guild, also of the next three */
    MEDIA_GUILD_SPLASH = 3,
    MEDIA_GUILD_DISCOVERY_SPLASH = 4,
    MEDIA_GUILD_HOME_HEADER = 5,
    MEDIA_ROLE_ICON = 6,     /* owner: the role */
    MEDIA_MEMBER_AVATAR = 7, /* owner: the user */
    MEDIA_MEMBER_BANNER = 8, /* owner: the user */
    MEDIA_EMOJI = 9,         /* owner: the emoji, and so on */
    MEDIA_STICKER = 10,
    MEDIA_SOUND = 11,
    MEDIA_EVENT_IMAGE = 12,
    MEDIA_ATTACHMENT = 13,  /* of messages: core/attachments.h */
    MEDIA_UPLOAD = 14,      /* sent ahead: core/uploads.h */
    MEDIA_USER_AVATAR = 15, /* owner: the user, in no guild (0); also below */
    MEDIA_USER_BANNER = 16,
    MEDIA_DM_ICON = 17 /* owner: the channel */
};

/* "a_", 32 hex digits, NUL */
enum { MEDIA_HASH_BYTES = 35, MEDIA_BLOB_HASH_BYTES = 65 };

struct media_image {
    enum media_kind kind;
    char hash[MEDIA_HASH_BYTES];      /* what the entity stores and the API shows; "": no image */
    char blob[MEDIA_BLOB_HASH_BYTES]; /* SHA-256 of the bytes, in hex */
    uint64_t size;
    uint32_t width;
    uint32_t height;
    bool animated;
    const char *content_type; /* static */
};
/* The hash as a slice into m; data NULL if m is NULL or holds no image. */
struct slice media_hash(const struct media_image *m);

/* What is wrong, as a form error: code and sentence; static. */
struct media_problem {
    const char *code;
    const char *message;
};

/*
 * data_uri: "data:image/png;base64,..."; the type that it states need not be true, the bytes
 * decide. INVALID_FORM with *problem: not a data URI, too big for the kind, no image of an allowed
 * type. Also what writing a file and a small transaction can fail with, RETRY, FEATURE_DISABLED (a
 * core without a media folder).
 */
MUST_CHECK enum err media_image_take(struct core *c, struct slice data_uri, enum media_kind kind,
                                     struct media_image *out, struct media_problem *problem);
/* The same of bytes as they are (an upload). */
MUST_CHECK enum err media_bytes_take(struct core *c, struct slice bytes, enum media_kind kind,
                                     struct media_image *out, struct media_problem *problem);

/* Inside closures, which hold the guild's stream. */

/* `owner` (of m->kind) of the guild shows m from now on. RETRY: it was taken too long ago. */
MUST_CHECK enum err media_refer(struct tx *tx, const struct media_image *m, struct guild_id guild,
                                uint64_t owner);
/* `owner` of the guild shows nothing of this kind any more. */
MUST_CHECK enum err media_release(struct tx *tx, enum media_kind kind, struct guild_id guild,
                                  uint64_t owner);
/* media_release, then media_refer unless m is NULL or holds no image. */
MUST_CHECK enum err media_replace(struct tx *tx, const struct media_image *m, enum media_kind kind,
                                  struct guild_id guild, uint64_t owner);
/* As long steps of deleting a guild and erasing a user: at most `max` references of a guild, or of
 * a user's avatars and banners in all guilds, are dropped. *gone: how many; fewer than max: none
 * are left. */
MUST_CHECK enum err media_release_guild(struct tx *tx, struct guild_id guild, unsigned max,
                                        unsigned *gone);
MUST_CHECK enum err media_release_user(struct tx *tx, struct user_id user, unsigned max,
                                       unsigned *gone);
/* The same blob once more: `to` (of to_kind) of to_guild shows what `from` of from_guild shows (a
 * guild made from a template, a member's avatar taken along). Nothing happens if it shows nothing.
 */
MUST_CHECK enum err media_copy(struct tx *tx, enum media_kind kind, struct guild_id from_guild,
                               uint64_t from, struct guild_id to_guild, uint64_t to);

/* A blob as it is served. */
struct media_file {
    uint64_t size;
    struct slice content_type; /* static: a reply outlives its request */
    char blob[MEDIA_BLOB_HASH_BYTES];
};
/* What `owner` shows under `hash` (data NULL: whatever it shows; "a_" may lead it). guild 0: in any
 * guild, for owners that are in one only. UNKNOWN_ASSET. */
MUST_CHECK enum err media_find(struct core *c, enum media_kind kind, struct guild_id guild,
                               uint64_t owner, struct slice hash, struct arena *arena,
                               struct media_file *out);
/* Appends its bytes. UNKNOWN_ASSET if they are lost. */
MUST_CHECK enum err media_read(struct core *c, const struct media_file *f, struct buf *out);

/* Upkeep: looks at some blobs that may have lost their last reference, and removes those that have
 * had none for an hour. *more: there is more to do now. Any thread that may block. */
MUST_CHECK enum err media_collect_step(struct core *c, bool *more);
