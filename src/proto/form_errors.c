/*
 * The error tree of invalid bodies. It mirrors the body: object keys and array indexes lead to the
 * leaves, lists of {code, message} under "_errors". Nodes are made along each added path; all
 * memory is the arena's, so the tree needs no end of its own.
 */

#include <string.h>

#include "proto/body_priv.h"
#include "wire/json_write.h"

enum { ERRORS_MAX = 200, DEPTH_MAX = 16 };

struct form_error {
    struct form_error *next;
    const char *code;
    struct slice message;
};

struct form_node {
    struct form_node *next; /* sibling */
    struct form_node *children;
    struct form_error *errors;
    struct slice key;
};

struct form_errors {
    struct arena *arena;
    struct form_node root;
    unsigned count;
    bool short_of_memory;
};

struct form_errors *form_errors_new(struct arena *arena)
{
    struct form_errors *e = arena_zalloc(arena, sizeof *e);
    if (e != NULL)
        e->arena = arena;
    return e;
}

bool form_errors_any(const struct form_errors *e)
{
    return e->count > 0;
}

bool form_errors_short_of_memory(const struct form_errors *e)
{
    return e->short_of_memory;
}

/* The child of that key, made at the end of the list if it is new. NULL when memory is short. */
static struct form_node *child(struct form_errors *e, struct form_node *parent, struct slice key)
{
    struct form_node **at = &parent->children;
    for (; *at != NULL; at = &(*at)->next) {
        if (slice_eq((*at)->key, key))
            return *at;
    }
    struct form_node *made = arena_zalloc(e->arena, sizeof *made);
    if (made == NULL)
        return NULL;
    made->key = arena_dup(e->arena, key);
    if (made->key.data == NULL)
        return NULL;
    *at = made;
    return made;
}

static struct form_node *node_at(struct form_errors *e, const char *path)
{
    struct form_node *node = &e->root;
    struct slice rest = slice_from(path);
    struct slice part;
    for (unsigned depth = 0; node != NULL && slice_next(&rest, '.', &part); depth++) {
        if (depth == DEPTH_MAX)
            break;
        node = child(e, node, part);
    }
    return node;
}

static bool append(struct form_errors *e, const char *path, const char *code, const char *message)
{
    struct form_node *node = node_at(e, path);
    struct form_error *error = arena_zalloc(e->arena, sizeof *error);
    if (node == NULL || error == NULL)
        return false;
    error->code = code;
    error->message = arena_dup(e->arena, slice_from(message));
    if (error->message.data == NULL)
        return false;
    struct form_error **at = &node->errors;
    while (*at != NULL)
        at = &(*at)->next;
    *at = error;
    return true;
}

/* A body can hold more mistakes than anybody reads: those beyond the maximum are only counted. */
void form_errors_add(struct form_errors *e, const char *path, const char *code, const char *message)
{
    if (e->count++ < ERRORS_MAX && !append(e, path, code, message))
        e->short_of_memory = true;
}

static void leaf_write(struct json_writer *w, const struct form_node *node)
{
    if (node->errors == NULL)
        return;
    json_key(w, "_errors");
    json_array_begin(w);
    for (const struct form_error *error = node->errors; error != NULL; error = error->next) {
        json_object_begin(w);
        json_kv_cstr(w, "code", error->code);
        json_kv_str(w, "message", error->message);
        json_object_end(w);
    }
    json_array_end(w);
}

/* Depth is DEPTH_MAX at most: node_at makes no deeper tree. Keys are field names and indexes, so
 * they need no escaping. */
static void node_write(struct json_writer *w, const struct form_node *node)
{
    json_object_begin(w);
    leaf_write(w, node);
    for (const struct form_node *c = node->children; c != NULL; c = c->next) {
        json_key(w, c->key.data);
        node_write(w, c);
    }
    json_object_end(w);
}

void form_errors_write(const struct form_errors *e, struct buf *out)
{
    const struct err_info *info = err_info(ERR_INVALID_FORM);
    struct json_writer w;
    json_begin(&w, out);
    json_object_begin(&w);
    json_kv_i64(&w, "code", info->json_code);
    json_kv_cstr(&w, "message", info->text);
    json_key(&w, "errors");
    node_write(&w, &e->root);
    json_object_end(&w);
}
