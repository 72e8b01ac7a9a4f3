/* Friends, blocks and notes. */

#include "core/relationships.h"

#include "api/handlers.h"
#include "proto/bodies_people.h"
#include "proto/relationship.h"
#include "proto/user.h"
#include "wire/utf8.h"

static enum err other_of(struct request *r, struct user_id *out)
{
    return request_param_id(r, "user_id", &out->v);
}

enum err route_relationships_list(struct request *r)
{
    struct relationship *list;
    size_t count;
    enum err e = relationship_list(request_core(r), r->principal.user, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_relationship(w, &list[i]);
    json_array_end(w);
    return ERR_OK;
}

enum err route_relationships_ask(struct request *r)
{
    const struct body_friend_request *body = r->body;
    return relationship_ask_name(request_core(r), &r->actor, body->username);
}

enum err route_relationships_put(struct request *r)
{
    const struct body_relationship *body = r->body;
    struct user_id other;
    enum err e = other_of(r, &other);
    if (e != ERR_OK)
        return e;
    return body->type == RELATIONSHIP_BLOCKED
               ? relationship_block(request_core(r), &r->actor, other)
               : relationship_ask(request_core(r), &r->actor, other);
}

enum err route_relationships_edit(struct request *r)
{
    const struct body_relationship_edit *body = r->body;
    struct user_id other;
    enum err e = other_of(r, &other);
    if (e != ERR_OK || !BODY_SENT(*body, BODY_RELATIONSHIP_NICKNAME))
        return e;
    return relationship_nickname(request_core(r), &r->actor, other,
                                 body->nickname.len > 0 ? body->nickname : (struct slice){NULL, 0});
}

enum err route_relationships_delete(struct request *r)
{
    struct user_id other;
    enum err e = other_of(r, &other);
    return e == ERR_OK ? relationship_end(request_core(r), &r->actor, other) : e;
}

enum err route_relationships_delete_all(struct request *r)
{
    int64_t type = RELATIONSHIP_INCOMING;
    request_query_int(r, "relationship_type", RELATIONSHIP_INCOMING, RELATIONSHIP_OUTGOING, &type);
    enum err e = request_form_ok(r);
    return e == ERR_OK
               ? relationship_end_all(request_core(r), &r->actor, (enum relationship_type)type)
               : e;
}

static enum err ignore(struct request *r, bool yes)
{
    struct user_id other;
    enum err e = other_of(r, &other);
    return e == ERR_OK ? relationship_ignore(request_core(r), &r->actor, other, yes) : e;
}

enum err route_relationships_ignore(struct request *r)
{
    return ignore(r, true);
}

enum err route_relationships_unignore(struct request *r)
{
    return ignore(r, false);
}

static void write_ids(struct json_writer *w, const char *key, const uint64_t *ids, size_t count)
{
    json_key(w, key);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_id(w, ids[i]);
    json_array_end(w);
}

/* Whether a failure is the server's, which ends the request, and not about the one who is asked. */
static bool is_ours(enum err e)
{
    return err_info(e)->http_status >= 500;
}

enum err route_relationships_bulk(struct request *r)
{
    const struct body_relationships_bulk *body = r->body;
    const struct body_id_item *items = body->user_ids.items;
    size_t count = body->user_ids.count;
    uint64_t *done = arena_array(&r->arena, count + 1, sizeof *done);
    uint64_t *failed = arena_array(&r->arena, count + 1, sizeof *failed);
    size_t done_count = 0, failed_count = 0;
    if (done == NULL || failed == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        enum err e = relationship_ask(request_core(r), &r->actor, (struct user_id){items[i].value});
        if (e != ERR_OK && is_ours(e))
            return e;
        if (e == ERR_OK)
            done[done_count++] = items[i].value;
        else
            failed[failed_count++] = items[i].value;
    }
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    write_ids(w, "successful_requests", done, done_count);
    write_ids(w, "failed_requests", failed, failed_count);
    json_object_end(w);
    return ERR_OK;
}

enum err route_relationships_mutual(struct request *r)
{
    struct user_id other;
    struct user *list;
    size_t count;
    enum err e = other_of(r, &other);
    if (e == ERR_OK)
        e = relationship_mutual(request_core(r), r->principal.user, other, &r->arena, &list,
                                &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_user(w, &list[i]);
    json_array_end(w);
    return ERR_OK;
}

enum err route_notes_list(struct request *r)
{
    struct note *list;
    size_t count;
    enum err e = note_list(request_core(r), r->principal.user, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    for (size_t i = 0; i < count; i++) {
        char id[SLICE_U64_DIGITS + 1];
        id[slice_put_u64(id, list[i].about.v)] = '\0';
        json_kv_str(w, id, list[i].text);
    }
    json_object_end(w);
    return ERR_OK;
}

enum err route_notes_get(struct request *r)
{
    struct user_id about;
    struct slice note;
    enum err e = other_of(r, &about);
    if (e == ERR_OK)
        e = note_get(request_core(r), r->principal.user, about, &r->arena, &note);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_id(w, "user_id", r->principal.user.v);
    json_kv_id(w, "note_user_id", about.v);
    json_kv_str(w, "note", note);
    json_object_end(w);
    return ERR_OK;
}

enum err route_notes_put(struct request *r)
{
    const struct body_note *body = r->body;
    struct user_id about;
    enum err e = other_of(r, &about);
    if (e != ERR_OK)
        return e;
    if (utf8_count(body->note) > LIMIT_NOTE)
        return ERR_NOTE_TOO_LONG;
    return note_set(request_core(r), &r->actor, about, body->note);
}
