/*
 * What of a person's account bears upon presence: the friends, who are told, and in the settings
 * the status and the custom status. An Identify has both in its snapshot; when one of them changes,
 * the user's stream says so, and both are read again, by one job at a time for a user on a loop.
 */
#include <stdlib.h>
#include <string.h>

#include "core/relationships.h"
#include "core/user_settings.h"
#include "gateway/presence_priv.h"

/* ---- lists of friends ---- */

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

struct friend_list *friend_list_new(const uint64_t *ids, size_t count)
{
    if (count == 0)
        return NULL;
    count = count < PRESENCE_FRIENDS_MAX ? count : PRESENCE_FRIENDS_MAX;
    struct friend_list *f = mem_alloc(MEM_GATEWAY, sizeof *f + count * sizeof f->ids[0]);
    if (f == NULL)
        return NULL;
    atomic_init(&f->refs, 1);
    f->count = (uint32_t)count;
    memcpy(f->ids, ids, count * sizeof f->ids[0]);
    qsort(f->ids, count, sizeof f->ids[0], by_id);
    return f;
}

struct friend_list *friend_list_without(const struct friend_list *f, uint64_t id)
{
    struct friend_list *rest = f->count < 2 ? NULL : friend_list_new(f->ids, f->count);
    if (rest == NULL)
        return NULL;
    rest->count = 0;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->ids[i] != id)
            rest->ids[rest->count++] = f->ids[i];
    return rest;
}

struct friend_list *friend_list_ref(struct friend_list *f)
{
    if (f != NULL)
        atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void friend_list_unref(struct friend_list **f)
{
    struct friend_list *gone = *f;
    *f = NULL;
    /* acq_rel, as in presence_unref. */
    if (gone != NULL && atomic_fetch_sub_explicit(&gone->refs, 1, memory_order_acq_rel) == 1)
        mem_free(MEM_GATEWAY, gone);
}

bool friend_list_has(const struct friend_list *f, uint64_t id)
{
    return f != NULL && bsearch(&id, f->ids, f->count, sizeof f->ids[0], by_id) != NULL;
}

struct friend_list *friend_list_added(const struct friend_list *before,
                                      const struct friend_list *now)
{
    struct friend_list *added = now == NULL ? NULL : friend_list_new(now->ids, now->count);
    if (added == NULL)
        return NULL;
    added->count = 0;
    for (uint32_t i = 0; i < now->count; i++)
        if (!friend_list_has(before, now->ids[i]))
            added->ids[added->count++] = now->ids[i];
    if (added->count == 0)
        friend_list_unref(&added);
    return added;
}

/* ---- settings ---- */

static void write_emoji(struct json_writer *w, const json_t *custom)
{
    const json_t *name = json_object_get(custom, "emoji_name");
    uint64_t id;
    if (!json_is_string(name) || json_string_length(name) == 0)
        return;
    json_key(w, "emoji");
    json_object_begin(w);
    json_kv_str(w, "name", json_read_str(name));
    if (json_read_snowflake(json_object_get(custom, "emoji_id"), &id)) {
        json_kv_id(w, "id", id);
        json_kv_bool(w, "animated", false);
    }
    json_object_end(w);
}

/* 0: never. */
static int64_t end_of(const json_t *custom)
{
    int64_t at_ms;
    const json_t *end = json_object_get(custom, "expires_at");
    return json_is_string(end) && clock_iso_parse(json_read_str(end), &at_ms) ? at_ms : 0;
}

static struct bytes *custom_activity(const json_t *custom, int64_t now_ms)
{
    struct json_writer w;
    struct buf b;
    const json_t *text = json_object_get(custom, "text");
    buf_init(&b, MEM_GATEWAY, ACTIVITIES_BYTES_MAX);
    json_begin(&w, &b);
    json_object_begin(&w);
    json_kv_cstr(&w, "id", "custom");
    json_kv_cstr(&w, "name", "Custom Status");
    json_kv_u64(&w, "type", 4);
    json_kv_i64(&w, "created_at", now_ms);
    if (json_is_string(text))
        json_kv_str(&w, "state", json_read_str(text));
    write_emoji(&w, custom);
    json_object_end(&w);
    struct bytes *made = b.failed ? NULL : bytes_new(buf_slice(&b));
    buf_deinit(&b);
    return made;
}

void presence_read_settings(struct slice json, int64_t now_ms, struct person_settings *out)
{
    json_t *root = NULL;
    *out = (struct person_settings){.status = PRESENCE_ONLINE};
    if (json.len == 0 || json_read(json, LIMIT_JSON_DEPTH, &root) != ERR_OK)
        return;
    const json_t *text = json_object_get(root, "status");
    const json_t *custom = json_object_get(root, "custom_status");
    if (!json_is_string(text) || !presence_status_parse(json_read_str(text), &out->status) ||
        out->status == PRESENCE_UNKNOWN)
        out->status = PRESENCE_ONLINE;
    int64_t end_ms = end_of(custom);
    if (json_is_object(custom) && (end_ms == 0 || end_ms > now_ms)) {
        out->custom = custom_activity(custom, now_ms);
        out->ends_at_ms = end_ms;
    }
    json_decref(root);
}

/* ---- the end of a custom status ---- */

enum { LOOK_AGAIN_MS = 3600 * 1000 }; /* at the latest: clocks are set */

struct status_end {
    struct timer timer;
    struct user_sub *user;
};

/* What the settings say now is read again; if it is not over yet, they set the timer again. */
static void on_end(struct timer *t)
{
    struct user_sub *u = LIST_OWNER(t, struct status_end, timer)->user;
    presence_read_person(u, u->feed.stream.id);
}

void presence_forget_user(struct user_sub *u)
{
    if (u->status_end != NULL)
        loop_timer_stop(&u->status_end->timer);
    mem_free(MEM_GATEWAY, u->status_end);
    u->status_end = NULL;
}

static void await_end(struct user_sub *u, int64_t ends_at_ms, int64_t now_ms)
{
    presence_forget_user(u);
    if (ends_at_ms == 0)
        return;
    u->status_end = mem_zalloc(MEM_GATEWAY, sizeof *u->status_end);
    if (u->status_end == NULL)
        return; /* it is shown until the settings or the sessions change */
    u->status_end->user = u;
    int64_t left_ms = ends_at_ms - now_ms;
    loop_timer_start(u->hub->loop, &u->status_end->timer,
                     left_ms < LOOK_AGAIN_MS ? (uint64_t)left_ms : LOOK_AGAIN_MS, on_end);
}

/* ---- changes ---- */

struct person_job {
    struct gw_job job; /* first */
    uint64_t user;
    uint64_t other; /* who may be a new friend; 0: perhaps several */
    struct slice settings;
    uint64_t *friends;
    size_t friend_count;
};

static void read_work(struct gw_job *j)
{
    struct person_job *p = (struct person_job *)j;
    struct core *core = j->hub->gateway->options.core;
    struct relationship *all;
    size_t count;
    j->err = user_settings_get(core, (struct user_id){p->user}, &j->arena, &p->settings);
    if (j->err == ERR_OK)
        j->err = relationship_list(core, (struct user_id){p->user}, &j->arena, &all, &count);
    if (j->err != ERR_OK)
        return;
    p->friends = arena_array(&j->arena, count + 1, sizeof *p->friends);
    if (p->friends == NULL) {
        j->err = ERR_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (all[i].type == RELATIONSHIP_FRIEND)
            p->friends[p->friend_count++] = all[i].other.id.v;
}

static void show_friend(struct user_sub *u, uint64_t id)
{
    struct hub *h = u->hub;
    struct presence *p = presence_get(h->gateway, id);
    if (p == NULL)
        return;
    struct bytes *payload = presence_update_payload(h, id, p, 0);
    LIST_FOREACH (it, &u->sessions) {
        struct session *s = LIST_OWNER(it, struct session, user_node);
        if (payload != NULL && !s->who.bot && s->state == SESSION_LIVE)
            session_push(s, payload);
    }
    bytes_unref(&payload);
    presence_unref(&p);
}

static int64_t wall_ms(const struct user_sub *u)
{
    return clock_wall_ms(loop_clock(u->hub->loop));
}

static void take(struct user_sub *u, const struct person_job *p)
{
    struct person_settings settings;
    int64_t now_ms = wall_ms(u);
    struct friend_list *friends = friend_list_new(p->friends, p->friend_count);
    presence_read_settings(p->settings, now_ms, &settings);
    for (uint32_t i = 0; friends != NULL && i < friends->count; i++)
        if (p->other == 0 || p->other == friends->ids[i])
            show_friend(u, friends->ids[i]);
    presence_set_person(u->hub, p->user, friends, settings.custom);
    await_end(u, settings.ends_at_ms, now_ms);
    if (settings.status == u->settings_status)
        return;
    u->settings_status = (uint8_t)settings.status;
    LIST_FOREACH (it, &u->sessions)
        presence_set_status(LIST_OWNER(it, struct session, user_node), settings.status);
}

static void read_done(struct gw_job *j)
{
    struct person_job *p = (struct person_job *)j;
    struct user_sub *u = map_get(&j->hub->users, p->user);
    if (u != NULL && u->person_reading) {
        bool again = u->person_again;
        u->person_reading = false;
        u->person_again = false;
        if (j->err == ERR_OK && !again) /* else it may be what was before */
            take(u, p);
        else if (j->err != ERR_OK)
            log_warn(loop_log(j->hub->loop), "gateway", "a person's presence could not be read",
                     LOG_U("user", p->user));
        if (again)
            presence_read_person(u, 0);
    }
    gw_job_free(j);
}

void presence_read_person(struct user_sub *u, uint64_t other)
{
    if (u->person_reading) {
        u->person_again = true;
        return;
    }
    struct person_job *p = gw_job_new(u->hub, sizeof *p, read_work, read_done);
    if (p == NULL)
        return; /* as it was, until the next change */
    p->user = u->feed.stream.id;
    p->other = other;
    u->person_reading = true;
    gw_job_submit(&p->job, JOB_READ);
}

void presence_user_event(struct user_sub *u, const struct event *e)
{
    if (e->kind == EVENT_RELATIONSHIP_ADD || e->kind == EVENT_RELATIONSHIP_REMOVE)
        presence_drop_friend(u->hub->gateway, e->stream.id, e->entity_id);
    if (e->kind == EVENT_RELATIONSHIP_ADD)
        presence_read_person(u, e->entity_id);
    else if (e->kind == EVENT_RELATIONSHIP_REMOVE || e->kind == EVENT_USER_SETTINGS_UPDATE)
        presence_read_person(u, e->stream.id); /* no friend of one's own */
}

/* ---- a session begins ---- */

static struct friend_list *friends_of(const struct session_people *p)
{
    size_t count = 0;
    uint64_t *ids = p->relationship_count == 0
                        ? NULL
                        : mem_array(MEM_GATEWAY, p->relationship_count, sizeof *ids);
    if (ids == NULL)
        return NULL;
    for (size_t i = 0; i < p->relationship_count; i++)
        if (p->relationships[i].type == RELATIONSHIP_FRIEND)
            ids[count++] = p->relationships[i].other.id.v;
    struct friend_list *list = friend_list_new(ids, count);
    mem_free(MEM_GATEWAY, ids);
    return list;
}

void presence_begin(struct session *s, const struct session_snapshot *snap)
{
    struct person_settings settings = {.status = PRESENCE_ONLINE};
    int64_t now_ms = wall_ms(s->user);
    if (s->seat == NULL || s->seat->user != NULL)
        return;
    if (!s->who.bot) {
        presence_read_settings(snap->people.settings, now_ms, &settings);
        await_end(s->user, settings.ends_at_ms, now_ms);
    }
    s->user->settings_status = (uint8_t)settings.status;
    presence_join(s, settings.status, s->who.bot ? NULL : friends_of(&snap->people),
                  settings.custom);
    /* Who was a friend when the snapshot was read may be none by now, and what said so has passed
     * by here already. */
    if (!s->who.bot && s->user->feed.position > snap->user_position)
        presence_read_person(s->user, s->who.user.v);
}
