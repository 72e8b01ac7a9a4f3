/* Polls. What is asked is stored as JSON, as it is shown; what changes is added here. */

#include "proto/poll.h"

#include <assert.h>

#include "wire/json_read.h"

static void results(struct json_writer *w, const struct poll_state *p)
{
    json_key(w, "results");
    json_object_begin(w);
    json_key(w, "answer_counts");
    json_array_begin(w);
    for (unsigned i = 0; i < p->answer_count; i++) {
        json_object_begin(w);
        json_kv_u64(w, "id", i + 1);
        json_kv_u64(w, "count", p->votes[i]);
        json_kv_bool(w, "me_voted", p->me[i]);
        json_object_end(w);
    }
    json_array_end(w);
    json_kv_bool(w, "is_finalized", p->finalized);
    json_object_end(w);
}

/* The stored object without its last brace, then the rest of the keys. */
void proto_poll(struct json_writer *w, const struct message *m)
{
    static const struct poll_state unknown = {0};
    const struct poll_state *p = m->poll_state != NULL ? m->poll_state : &unknown;
    assert(m->poll.len > 2 && m->poll.data[m->poll.len - 1] == '}');
    json_object_begin(w);
    json_raw(w, slice_of(m->poll.data + 1, m->poll.len - 2));
    json_kv_time_or_null(w, "expiry", p->expires_at_ms);
    results(w, p);
    json_object_end(w);
}

/* ---- the result ---- */

enum { POLL_DEPTH_MAX = 8 };

static void field(struct json_writer *w, const char *name, struct slice value)
{
    json_object_begin(w);
    json_kv_cstr(w, "name", name);
    json_kv_str(w, "value", value);
    json_kv_bool(w, "inline", false);
    json_object_end(w);
}

static void number_field(struct json_writer *w, const char *name, uint64_t value)
{
    char digits[SLICE_U64_DIGITS];
    field(w, name, slice_of(digits, slice_put_u64(digits, value)));
}

/* Index of the answer with the most votes; answer_count: there is none, or several have as many. */
static unsigned victor_of(const struct poll_state *p, uint64_t most)
{
    unsigned victor = p->answer_count;
    unsigned with_most = 0;
    for (unsigned i = 0; i < p->answer_count && most > 0; i++) {
        if (p->votes[i] == most) {
            victor = i;
            with_most++;
        }
    }
    return with_most == 1 ? victor : p->answer_count;
}

static uint64_t most_votes(const struct poll_state *p, uint64_t *total)
{
    uint64_t most = 0;
    *total = 0;
    for (unsigned i = 0; i < p->answer_count; i++) {
        *total += p->votes[i];
        most = p->votes[i] > most ? p->votes[i] : most;
    }
    return most;
}

static void text_field(struct json_writer *w, const char *name, const json_t *from, const char *key)
{
    const json_t *v = json_object_get(from, key);
    if (json_is_string(v))
        field(w, name, json_read_str(v));
}

static void victor(struct json_writer *w, const json_t *poll, unsigned index)
{
    const json_t *answer = json_array_get(json_object_get(poll, "answers"), index);
    const json_t *media = json_object_get(answer, "poll_media");
    const json_t *emoji = json_object_get(media, "emoji");
    number_field(w, "victor_answer_id", index + 1);
    text_field(w, "victor_answer_text", media, "text");
    text_field(w, "victor_answer_emoji_id", emoji, "id");
    text_field(w, "victor_answer_emoji_name", emoji, "name");
    if (json_is_true(json_object_get(emoji, "animated")))
        field(w, "victor_answer_emoji_animated", SLICE("true"));
}

static void result(struct json_writer *w, const json_t *poll, const struct poll_state *p)
{
    uint64_t total;
    uint64_t most = most_votes(p, &total);
    unsigned best = victor_of(p, most);
    json_array_begin(w);
    json_object_begin(w);
    json_kv_cstr(w, "type", "poll_result");
    json_key(w, "fields");
    json_array_begin(w);
    text_field(w, "poll_question_text", json_object_get(poll, "question"), "text");
    number_field(w, "victor_answer_votes", most);
    number_field(w, "total_votes", total);
    if (best < p->answer_count)
        victor(w, poll, best);
    json_array_end(w);
    json_object_end(w);
    json_array_end(w);
}

enum err proto_poll_result(struct buf *out, const struct message *m)
{
    json_t *poll = NULL;
    struct json_writer w;
    if (m->poll.data == NULL || m->poll_state == NULL)
        return ERR_STORE;
    enum err e = json_read(m->poll, POLL_DEPTH_MAX, &poll);
    if (e != ERR_OK)
        return e == ERR_NO_MEMORY ? e : ERR_STORE;
    json_begin(&w, out);
    result(&w, poll, m->poll_state);
    json_decref(poll);
    return out->failed ? ERR_NO_MEMORY : ERR_OK;
}
