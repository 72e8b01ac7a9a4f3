/* The route table as JSON lines, for the tests that are made from it (tests/live/matrix). */

#include "api/api.h"
#include "api/routes.h"
#include "model/permissions.h"
#include "wire/json_write.h"

enum { PERMISSION_BITS = 64 };

static const char *auth_name(enum route_auth auth)
{
    static const char *const names[] = {[ROUTE_AUTH_NONE] = "none",
                                        [ROUTE_AUTH_USER] = "person",
                                        [ROUTE_AUTH_BOT] = "bot",
                                        [ROUTE_AUTH_ANY] = "any"};
    return names[auth];
}

static const char *scope_name(enum route_scope scope)
{
    static const char *const names[] = {[ROUTE_SCOPE_NONE] = "none",
                                        [ROUTE_SCOPE_GUILD] = "guild",
                                        [ROUTE_SCOPE_CHANNEL] = "channel"};
    return names[scope];
}

static void write_permissions(struct json_writer *w, uint64_t bits)
{
    json_kv_bool(w, "any", (bits & PERMISSIONS_ANY) != 0);
    json_key(w, "permissions");
    json_array_begin(w);
    bits &= ~(PERMISSIONS_ANY | PERMISSIONS_IN_GUILDS);
    for (unsigned bit = 0; bit < PERMISSION_BITS; bit++)
        if (bits >> bit & 1)
            json_cstr(w, permission_name(bit));
    json_array_end(w);
}

static void write_route(struct buf *out, const struct route *r)
{
    struct json_writer w;
    json_begin(&w, out);
    json_object_begin(&w);
    json_kv_cstr(&w, "method", http_method_name(r->method));
    json_kv_cstr(&w, "path", r->path);
    json_kv_cstr(&w, "base", r->base == ROUTE_BASE_API ? "api" : "root");
    json_kv_cstr(&w, "auth", auth_name(r->auth));
    json_kv_cstr(&w, "scope", scope_name(r->scope));
    write_permissions(&w, r->permissions);
    json_kv_bool(&w, "body", r->shape != NULL);
    json_kv_bool(&w, "reason", r->reason);
    json_kv_i64(&w, "success", r->status);
    json_object_end(&w);
    buf_putc(out, '\n');
}

void api_routes_write(struct buf *out)
{
    for (size_t i = 0; i < route_count; i++)
        write_route(out, &routes[i]);
}
