/* The steps between a worker's start and the handler: who calls, whether they may, and why they say
 * they do. Each step does what the row of the route table asks for. */

#include "api/api_priv.h"
#include "core/accounts.h"
#include "model/permissions.h"
#include "wire/utf8.h"

/* "Bot x", "Bearer x" or the bare token of a person. */
static struct slice token_of(struct slice header, bool *bot_prefix)
{
    size_t space = slice_find(header, ' ');
    struct slice scheme = {header.data, space};
    *bot_prefix = false;
    if (space == header.len)
        return header;
    *bot_prefix = slice_eq_nocase(scheme, SLICE("Bot"));
    if (!*bot_prefix && !slice_eq_nocase(scheme, SLICE("Bearer")))
        return (struct slice){NULL, 0};
    return slice_trim((struct slice){header.data + space, header.len - space});
}

static enum err check_kind(const struct request *r)
{
    enum route_auth kind = r->principal.bot ? ROUTE_AUTH_BOT : ROUTE_AUTH_USER;
    if (r->route->auth & kind)
        return ERR_OK;
    return r->principal.bot ? ERR_BOTS_CANNOT_USE : ERR_ONLY_BOTS_CAN_USE;
}

enum err request_authenticate(struct request *r)
{
    r->actor = (struct actor){
        .who = &r->principal, .request_id = request_id(r), .address = request_address(r)};
    if (r->route->auth == ROUTE_AUTH_NONE)
        return ERR_OK;
    struct slice header = slice_trim(http_header_get(r->x->request, SLICE("authorization")));
    bool bot_prefix;
    struct slice token = token_of(header, &bot_prefix);
    if (token.data == NULL || token.len == 0)
        return ERR_UNAUTHORIZED;
    enum err e = account_authenticate(request_core(r), token, bot_prefix, &r->principal);
    return e != ERR_OK ? e : check_kind(r);
}

static enum err enter_scope(struct request *r)
{
    uint64_t id;
    bool guild = r->route->scope == ROUTE_SCOPE_GUILD;
    enum err e = request_param_id(r, guild ? "guild_id" : "channel_id", &id);
    if (e != ERR_OK)
        return e;
    if (guild)
        return access_guild(request_core(r), &r->principal, (struct guild_id){id}, &r->arena,
                            &r->access);
    return access_channel(request_core(r), &r->principal, (struct channel_id){id}, &r->arena,
                          &r->access);
}

enum err request_authorize(struct request *r)
{
    if (r->route->scope == ROUTE_SCOPE_NONE)
        return ERR_OK;
    enum err e = enter_scope(r);
    if (e != ERR_OK)
        return e;
    uint64_t need = r->route->permissions;
    if (r->access.dm != NULL) /* a fixed set of bits: what is not among them is of guilds */
        return (need & PERMISSIONS_IN_GUILDS) != 0 || permissions_meet(PERMISSIONS_DM, need)
                   ? ERR_OK
                   : ERR_DM_CHANNEL;
    return permissions_meet(r->access.permissions, need) ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

/* The header is URL-encoded UTF-8, since header fields carry ASCII only. */
enum err request_read_reason(struct request *r)
{
    struct slice raw = http_header_get(r->x->request, SLICE("x-audit-log-reason"));
    if (!r->route->reason || raw.data == NULL || raw.len == 0)
        return ERR_OK;
    char *text = arena_alloc(&r->arena, raw.len + 1);
    size_t len = 0;
    if (text == NULL)
        return ERR_NO_MEMORY;
    bool readable = http_percent_decode(raw, text, raw.len + 1, &len);
    struct slice reason = {text, len};
    if (!readable || !utf8_valid(reason) || slice_find(reason, '\0') < reason.len) {
        request_form_error(r, "reason", "STRING_TYPE_CONVERT",
                           "Could not interpret value as string.");
        return ERR_INVALID_FORM;
    }
    if (utf8_count(reason) > LIMIT_AUDIT_REASON) {
        request_form_error(r, "reason", "BASE_TYPE_BAD_LENGTH",
                           "Must be between 1 and 512 in length.");
        return ERR_INVALID_FORM;
    }
    r->actor.reason = reason;
    return ERR_OK;
}
