/*
 * Images by their paths (surface §5.4). A path names an entity and what it shows; only that is
 * served, so that knowing or guessing a hash gives nothing. The bytes are what somebody uploaded:
 * the headers see to it that a browser takes them for nothing but what they were found to be. Names
 * never change their contents, so caches may keep them for ever. Sizes and types are checked and
 * not applied: what is served is the file as it is.
 */

#include <string.h>

#include "api/handlers.h"
#include "core/media.h"
#include "media/default_avatar.h"

enum { PIXELS_MIN = 16, PIXELS_MAX = 4096, ETAG_BYTES = 35 };

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

/* ?size=: a power of two, or one of the in-between sizes that Discord's own client asks for. */
static enum err check_size(struct request *r)
{
    int64_t size = PIXELS_MIN;
    request_query_int(r, "size", PIXELS_MIN, PIXELS_MAX, &size);
    return request_form_ok(r);
}

static enum err owner_of(struct request *r, const char *param, uint64_t *out)
{
    enum err e = request_param_id(r, param, out);
    return e == ERR_INVALID_FORM ? ERR_UNKNOWN_ASSET : e;
}

/* ---- the reply ---- */

/* If-None-Match: a list of tags, weak or strong, or "*" (RFC 9110 §13.1.2). */
static bool has_it(const struct request *r, struct slice etag)
{
    struct slice rest = http_header_get(r->x->request, SLICE("if-none-match"));
    struct slice part;
    const struct slice weak = SLICE("W/");
    while (rest.data != NULL && slice_next(&rest, ',', &part)) {
        part = slice_trim(part);
        if (slice_starts_with(part, weak))
            part = slice_of(part.data + weak.len, part.len - weak.len);
        if (slice_eq(part, etag) || slice_eq(part, SLICE("*")))
            return true;
    }
    return false;
}

static void write_headers(struct request *r, struct slice etag)
{
    struct buf *head = &r->x->head;
    buf_append_cstr(head, "Cache-Control: public, max-age=31536000, immutable\r\n"
                          "X-Content-Type-Options: nosniff\r\n"
                          "Content-Disposition: inline\r\n"
                          "Content-Security-Policy: default-src 'none'; sandbox\r\n"
                          "Cross-Origin-Resource-Policy: cross-origin\r\n"
                          "ETag: ");
    buf_append_slice(head, etag);
    buf_append_cstr(head, "\r\n");
}

/* ETAG_BYTES with its quotes, from the first digits of the contents' hash. */
static struct slice etag_of(const char *digits, char out[ETAG_BYTES])
{
    out[0] = '"';
    memcpy(out + 1, digits, ETAG_BYTES - 3);
    out[ETAG_BYTES - 2] = '"';
    return slice_of(out, ETAG_BYTES - 1);
}

static enum err serve(struct request *r, const struct media_file *f)
{
    char text[ETAG_BYTES];
    struct slice etag = etag_of(f->blob, text);
    struct buf *body = reply_body(r, f->content_type);
    enum err e = ERR_OK;
    if (has_it(r, etag))
        r->x->status = 304;
    else
        e = media_read(request_core(r), f, body);
    if (e == ERR_OK)
        write_headers(r, etag);
    return e;
}

static enum err serve_of(struct request *r, enum media_kind kind, uint64_t guild, uint64_t owner,
                         struct slice hash)
{
    struct media_file found;
    enum err e = check_size(r);
    if (e == ERR_OK)
        e = media_find(request_core(r), kind, (struct guild_id){guild}, owner, hash, &r->arena,
                       &found);
    return e == ERR_OK ? serve(r, &found) : e;
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
    return e == ERR_OK ? serve_of(r, kind, in_guild ? owner : 0, owner, a.name) : e;
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
    return serve_of(r, kind, 0, id, (struct slice){NULL, 0});
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
    return e == ERR_OK ? serve_of(r, kind, guild, user, a.name) : e;
}

enum err route_cdn_icons(struct request *r)
{
    return by_hash(r, MEDIA_GUILD_ICON, "guild_id", true);
}

enum err route_cdn_banners(struct request *r)
{
    return by_hash(r, MEDIA_GUILD_BANNER, "guild_id", true);
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
    char digits[ETAG_BYTES] = "default-avatar-0................";
    char text[ETAG_BYTES];
    struct asked a;
    uint64_t index;
    enum err e = file_of(r, &a);
    if (e == ERR_OK)
        e = check_size(r);
    if (e != ERR_OK)
        return e;
    if (!slice_to_u64(a.name, &index) || index >= DEFAULT_AVATARS)
        return ERR_UNKNOWN_ASSET;
    digits[15] = (char)('0' + index);
    struct slice etag = etag_of(digits, text);
    struct buf *body = reply_body(r, SLICE("image/png"));
    if (has_it(r, etag))
        r->x->status = 304;
    else
        default_avatar_write((unsigned)index, body);
    write_headers(r, etag);
    return ERR_OK;
}
