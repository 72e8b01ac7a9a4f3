/*
 * The tree of path segments. API routes hang below one node that every prefix (/api/v10, /api/v9,
 * /api) leads to, so that no row is stored three times.
 *
 *      root ── "" (/) ── healthz ...
 *           └─ api [v10|v9] ──> api node ── users ── @me ── guilds
 *                                                └── {…}
 */

#include "api/router.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { SEGMENT_MAX = 128 };

struct router_node {
    struct router_node *next;     /* sibling */
    struct router_node *literals; /* children with a fixed segment */
    struct router_node *param;    /* the child that takes any segment */
    struct slice segment;         /* of a literal node */
    const struct route *routes[HTTP_METHOD_COUNT];
    unsigned allowed;
};

struct router {
    struct router_node root;
    struct router_node api;
};

static struct router_node *literal_child(const struct router_node *parent, struct slice segment)
{
    for (struct router_node *n = parent->literals; n != NULL; n = n->next) {
        if (slice_eq(n->segment, segment))
            return n;
    }
    return NULL;
}

static struct router_node *child_make(struct router_node *parent, struct slice segment)
{
    bool is_param = segment.len > 0 && segment.data[0] == '{';
    struct router_node *found = is_param ? parent->param : literal_child(parent, segment);
    if (found != NULL)
        return found;
    struct router_node *made = mem_zalloc(MEM_API, sizeof *made);
    if (made == NULL)
        return NULL;
    made->segment = segment;
    if (is_param) {
        parent->param = made;
    } else {
        made->next = parent->literals;
        parent->literals = made;
    }
    return made;
}

/* The next segment after a '/'; "/" alone has one empty segment. */
static bool segment_next(struct slice *rest, struct slice *segment)
{
    if (rest->len == 0 || rest->data[0] != '/')
        return false;
    struct slice after = {rest->data + 1, rest->len - 1};
    size_t len = slice_find(after, '/');
    *segment = (struct slice){after.data, len};
    *rest = (struct slice){after.data + len, after.len - len};
    return true;
}

static bool route_add(struct router *r, const struct route *route)
{
    struct router_node *node = route->base == ROUTE_BASE_API ? &r->api : &r->root;
    struct slice rest = slice_from(route->path);
    struct slice segment;
    unsigned params = 0;
    while (node != NULL && segment_next(&rest, &segment)) {
        params += segment.len > 0 && segment.data[0] == '{';
        node = child_make(node, segment);
    }
    assert(params <= ROUTE_PARAMS_MAX);
    if (node == NULL)
        return false;
    assert(node->routes[route->method] == NULL); /* two rows for one method and path */
    node->routes[route->method] = route;
    node->allowed |= 1u << route->method | 1u << HTTP_METHOD_OPTIONS;
    if (route->method == HTTP_METHOD_GET)
        node->allowed |= 1u << HTTP_METHOD_HEAD;
    return true;
}

struct router *router_new(const struct route *table, size_t count)
{
    struct router *r = mem_zalloc(MEM_API, sizeof *r);
    for (size_t i = 0; r != NULL && i < count; i++) {
        if (!route_add(r, &table[i]))
            router_free(&r);
    }
    return r;
}

/* Depth is that of the longest path of the table. */
static void children_free(struct router_node *n)
{
    for (struct router_node *c = n->literals, *next; c != NULL; c = next) {
        next = c->next;
        children_free(c);
        mem_free(MEM_API, c);
    }
    if (n->param != NULL)
        children_free(n->param);
    mem_free(MEM_API, n->param);
}

void router_free(struct router **r)
{
    struct router *gone = *r;
    *r = NULL;
    if (gone == NULL)
        return;
    children_free(&gone->root);
    children_free(&gone->api);
    mem_free(MEM_API, gone);
}

/* Literals are compared in their decoded form: "%40me" is "@me". */
static const struct router_node *literal_match(const struct router_node *node, struct slice segment)
{
    if (slice_find(segment, '%') == segment.len)
        return literal_child(node, segment);
    char plain[SEGMENT_MAX];
    size_t len;
    if (!http_percent_decode(segment, plain, sizeof plain, &len))
        return NULL;
    return literal_child(node, slice_of(plain, len));
}

static const struct router_node *descend(const struct router_node *node, struct slice rest,
                                         struct router_match *out)
{
    struct slice segment;
    while (node != NULL && segment_next(&rest, &segment)) {
        const struct router_node *literal = literal_match(node, segment);
        if (literal == NULL && node->param != NULL && segment.len > 0)
            out->params[out->param_count++] = segment;
        node = literal != NULL ? literal : (segment.len > 0 ? node->param : NULL);
    }
    return rest.len == 0 ? node : NULL;
}

static bool is_version(struct slice s)
{
    if (s.len < 2 || s.data[0] != 'v')
        return false;
    for (size_t i = 1; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    }
    return true;
}

/* Strips /api and the version. False: not below /api. */
static bool strip_prefix(struct slice *path, bool *wrong_version)
{
    struct slice rest = *path;
    struct slice segment;
    if (!segment_next(&rest, &segment) || !slice_eq(segment, SLICE("api")))
        return false;
    *path = rest;
    *wrong_version = false;
    if (!segment_next(&rest, &segment) || !is_version(segment))
        return true;
    *path = rest;
    *wrong_version = !slice_eq(segment, SLICE("v10")) && !slice_eq(segment, SLICE("v9"));
    return true;
}

static enum router_verdict judge(const struct router_node *node, enum http_method method,
                                 struct router_match *out)
{
    if (node == NULL || node->allowed == 0)
        return ROUTER_NOT_FOUND;
    out->allowed = node->allowed;
    if (method == HTTP_METHOD_OPTIONS)
        return ROUTER_OPTIONS;
    out->route = node->routes[method == HTTP_METHOD_HEAD ? HTTP_METHOD_GET : method];
    return out->route != NULL ? ROUTER_FOUND : ROUTER_WRONG_METHOD;
}

enum router_verdict router_match(const struct router *r, enum http_method method, struct slice path,
                                 struct router_match *out)
{
    *out = (struct router_match){0};
    bool wrong_version = false;
    bool api = strip_prefix(&path, &wrong_version);
    if (wrong_version)
        return ROUTER_WRONG_VERSION;
    return judge(descend(api ? &r->api : &r->root, path, out), method, out);
}

unsigned router_param_index(const char *pattern, const char *name)
{
    size_t name_len = strlen(name);
    unsigned index = 0;
    for (const char *at = strchr(pattern, '{'); at != NULL; at = strchr(at + 1, '{'), index++) {
        if (strncmp(at + 1, name, name_len) == 0 && at[1 + name_len] == '}')
            return index;
    }
    return ROUTE_PARAMS_MAX;
}
