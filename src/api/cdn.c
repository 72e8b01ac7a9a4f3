/*
 * Images by their paths (surface §5.4). A path names an entity and what it shows; only that is
 * served, so that knowing or guessing a hash gives nothing. The bytes are what somebody uploaded:
 * the headers see to it that a browser takes them for nothing but what they were found to be. Names
 * never change their contents, so caches may keep them for ever. The ending and the
 * query say in which format and size (api/reply_image.h); never larger than it was uploaded.
 */

#include "api/handlers.h"
#include "api/reply_image.h"
#include "core/media.h"
#include "media/default_avatar.h"

struct asked {
    struct slice name; /* of the file, without its ending */
    struct slice ending;
};

/* ---- what the path says ---- */

static enum err file_of(struct request *r, struct asked *out)
{
    static const char *const endings[] = {"png", "jpg", "jpeg", "webp", "gif", "json", "avif"};
    struct slice file = request_param(r, "file");
    if (file.data == NULL)
        return ERR_NOT_FOUND;
    size_t dot = slice_find(file, '.');
    out->name = slice_of(file.data, dot);
    out->ending = (struct slice){NULL, 0};
    if (dot == file.len)
        return ERR_OK;
    out->ending = slice_of(file.data + dot + 1, file.len - dot - 1);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (slice_eq_cstr(out->ending, endings[i]))
            return ERR_OK;
    return ERR_UNSUPPORTED_MEDIA_TYPE;
}

static enum err owner_of(struct request *r, const char *param, uint64_t *out)
{
    enum err e = request_param_id(r, param, out);
    return e == ERR_INVALID_FORM ? ERR_UNKNOWN_ASSET : e;
}

/* ---- the reply ---- */

/* lasting: nothing else will ever be at this address. */
static void write_headers(struct request *r, bool lasting)
{
    buf_append_cstr(&r->x->head, lasting ? "Cache-Control: public, max-age=31536000, immutable\r\n"
                                         : "Cache-Control: public, max-age=60\r\n");
    buf_append_cstr(&r->x->head, "X-Content-Type-Options: nosniff\r\n"
                                 "Content-Disposition: inline\r\n"
                                 "Content-Security-Policy: default-src 'none'; sandbox\r\n"
                                 "Cross-Origin-Resource-Policy: cross-origin\r\n");
}

static enum err serve(struct request *r, const struct media_file *f, const struct image_asked *want)
{
    const struct reply_blob b = {
        .name = slice_from(f->blob), .size = f->size, .content_type = f->content_type};
    bool lasting = true;
    enum err e = reply_image(r, &b, want, &lasting);
    if (e == ERR_OK)
        write_headers(r, lasting);
    return e;
}

/* a->name is the hash. */
static enum err serve_of(struct request *r, enum media_kind kind, uint64_t guild, uint64_t owner,
                         const struct asked *a)
{
    struct media_file found;
    struct image_asked want;
    image_asked_of_asset(r, a->ending, &want);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = media_find(request_core(r), kind, (struct guild_id){guild}, owner, a->name, &r->arena,
                       &found);
    return e == ERR_OK ? serve(r, &found, &want) : e;
}

/* ---- paths ---- */

/* {owner}/{hash}.{ending}. in_guild: the owner is the guild itself. */
static enum err by_hash(struct request *r, enum media_kind kind, const char *param, bool in_guild)
{
    struct asked a;
    uint64_t owner;
    enum err e = file_of(r, &a);
    if (e == ERR_OK)
        e = owner_of(r, param, &owner);
    return e == ERR_OK ? serve_of(r, kind, in_guild ? owner : 0, owner, &a) : e;
}

/* {id}.{ending}. */
static enum err by_id(struct request *r, enum media_kind kind)
{
    struct asked a;
    uint64_t id;
    enum err e = file_of(r, &a);
    if (e != ERR_OK)
        return e;
    if (!slice_to_u64(a.name, &id) || id == 0)
        return ERR_UNKNOWN_ASSET;
    a.name = (struct slice){NULL, 0};
    return serve_of(r, kind, 0, id, &a);
}

static enum err of_member(struct request *r, enum media_kind kind)
{
    struct asked a;
    uint64_t guild, user;
    enum err e = file_of(r, &a);
    if (e == ERR_OK)
        e = owner_of(r, "guild_id", &guild);
    if (e == ERR_OK)
        e = owner_of(r, "user_id", &user);
    return e == ERR_OK ? serve_of(r, kind, guild, user, &a) : e;
}

enum err route_cdn_icons(struct request *r)
{
    return by_hash(r, MEDIA_GUILD_ICON, "guild_id", true);
}

enum err route_cdn_banners(struct request *r)
{
    /* One path for guilds and people, as on Discord: ids are nobody else's. */
    enum err e = by_hash(r, MEDIA_GUILD_BANNER, "guild_id", true);
    return e == ERR_UNKNOWN_ASSET ? by_hash(r, MEDIA_USER_BANNER, "guild_id", false) : e;
}

enum err route_cdn_splashes(struct request *r)
{
    return by_hash(r, MEDIA_GUILD_SPLASH, "guild_id", true);
}

enum err route_cdn_discovery_splashes(struct request *r)
{
    return by_hash(r, MEDIA_GUILD_DISCOVERY_SPLASH, "guild_id", true);
}

enum err route_cdn_home_headers(struct request *r)
{
    return by_hash(r, MEDIA_GUILD_HOME_HEADER, "guild_id", true);
}

enum err route_cdn_role_icons(struct request *r)
{
    return by_hash(r, MEDIA_ROLE_ICON, "role_id", false);
}

enum err route_cdn_guild_events(struct request *r)
{
    return by_hash(r, MEDIA_EVENT_IMAGE, "event_id", false);
}

enum err route_cdn_user_avatars(struct request *r)
{
    return by_hash(r, MEDIA_USER_AVATAR, "user_id", false);
}

enum err route_cdn_dm_icons(struct request *r)
{
    return by_hash(r, MEDIA_DM_ICON, "channel_id", false);
}

enum err route_cdn_member_avatars(struct request *r)
{
    return of_member(r, MEDIA_MEMBER_AVATAR);
}

enum err route_cdn_member_banners(struct request *r)
{
    return of_member(r, MEDIA_MEMBER_BANNER);
}

enum err route_cdn_emojis(struct request *r)
{
    return by_id(r, MEDIA_EMOJI);
}

enum err route_cdn_stickers(struct request *r)
{
    return by_id(r, MEDIA_STICKER);
}

enum err route_cdn_sounds(struct request *r)
{
    return by_id(r, MEDIA_SOUND);
}

/* Made here, so it never changes: the tag is its number. */
enum err route_cdn_default_avatars(struct request *r)
{
    char text[] = "\"default-avatar-0\"";
    struct asked a;
    struct image_asked want;
    uint64_t index;
    enum err e = file_of(r, &a);
    if (e != ERR_OK)
        return e;
    image_asked_of_asset(r, a.ending, &want); /* looked at and not applied: they are small */
    e = request_form_ok(r);
    if (e != ERR_OK)
        return e;
    if (!slice_to_u64(a.name, &index) || index >= DEFAULT_AVATARS)
        return ERR_UNKNOWN_ASSET;
    text[sizeof text - 3] = (char)('0' + index);
    struct buf *body = reply_body(r, SLICE("image/png"));
    if (request_has_etag(r, slice_from(text)))
        r->x->status = 304;
    else
        default_avatar_write((unsigned)index, body);
    write_headers(r, true);
    buf_printf(&r->x->head, "ETag: %s\r\n", text);
    return ERR_OK;
}
