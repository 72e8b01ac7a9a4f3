/* Words and terms of messages. Texts inside of JSON (embeds, components ...) are all values of some
 * keys, wherever they stand: what is shown is found, and a new kind of component needs nothing
 * here. */

#include "proto/message_words.h"

#include <string.h>

#include "wire/json_read.h"

enum { JSON_DEPTH = 20, HOST_BYTES_MAX = 253, EXTENSION_BYTES_MAX = 16 };

bool message_is_written(const struct message *m)
{
    return m->type == MESSAGE_TYPE_DEFAULT || m->type == MESSAGE_TYPE_REPLY;
}

static void has(struct words *w, const char *kind)
{
    words_term_name(w, TERM_HAS, kind);
}

/* ---- texts inside of JSON ---- */

static bool is_text_key(const char *key)
{
    static const char *const keys[] = {"content",     "description", "filename", "label",
                                       "name",        "text",        "title",    "value",
                                       "placeholder", "question"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

static void collect(struct words *w, const json_t *v);

static void collect_members(struct words *w, const json_t *object)
{
    json_t *from = (json_t *)(uintptr_t)object; /* iterating changes nothing */
    for (void *at = json_object_iter(from); at != NULL; at = json_object_iter_next(from, at)) {
        const json_t *value = json_object_iter_value(at);
        if (!json_is_string(value))
            collect(w, value);
        else if (is_text_key(json_object_iter_key(at)))
            words_add(w, json_read_str(value));
    }
}

/* No deeper than JSON_DEPTH: json_read saw to that. */
static void collect(struct words *w, const json_t *v)
{
    if (json_is_object(v))
        collect_members(w, v);
    for (size_t i = 0; json_is_array(v) && i < json_array_size(v); i++)
        collect(w, json_array_get(v, i));
}

/* NULL: there is none. What is stored was checked when it came; what cannot be read all the same
 * has no words. */
static json_t *read_stored(struct slice text)
{
    json_t *v = NULL;
    if (text.data == NULL || json_read(text, JSON_DEPTH, &v) != ERR_OK)
        return NULL;
    return v;
}

static void add_stored(struct words *w, struct slice text, const char *kind)
{
    json_t *v = read_stored(text);
    if (v == NULL)
        return;
    if (kind != NULL)
        has(w, kind);
    collect(w, v);
    json_decref(v);
}

/* ---- embeds ---- */

/* Types that can be asked for (OpenAPI, SearchableEmbedType); "rich" has no term. */
static const char *embed_term(struct slice type)
{
    static const struct {
        const char *type, *term;
    } rows[] = {{"image", "image"},
                {"video", "video"},
                {"gifv", "gif"},
                {"sound", "sound"},
                {"article", "article"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq_cstr(type, rows[i].type))
            return rows[i].term;
    return NULL;
}

static void add_embed(struct words *w, const json_t *embed)
{
    const json_t *type = json_object_get(embed, "type");
    const json_t *provider = json_object_get(json_object_get(embed, "provider"), "name");
    const char *term = json_is_string(type) ? embed_term(json_read_str(type)) : NULL;
    if (term != NULL)
        words_term_name(w, TERM_EMBED, term);
    if (json_is_string(provider))
        words_term_text(w, TERM_PROVIDER, json_read_str(provider));
    if (json_is_object(json_object_get(embed, "image")))
        has(w, "image");
    if (json_is_object(json_object_get(embed, "video")))
        has(w, "video");
    collect(w, embed);
}

static void add_embeds(struct words *w, const struct message *m)
{
    json_t *list = read_stored(m->embeds);
    if (list == NULL)
        return;
    if (json_array_size(list) > 0)
        has(w, "embed");
    for (size_t i = 0; i < json_array_size(list); i++)
        add_embed(w, json_array_get(list, i));
    json_decref(list);
}

/* ---- attachments ---- */

static struct slice extension_of(struct slice name)
{
    for (size_t i = name.len; i > 0 && name.len - i < EXTENSION_BYTES_MAX; i--)
        if (name.data[i - 1] == '.')
            return slice_of(name.data + i, name.len - i);
    return slice_of(NULL, 0);
}

static void add_kind(struct words *w, struct slice type)
{
    if (slice_starts_with(type, SLICE("image/")))
        has(w, "image");
    else if (slice_starts_with(type, SLICE("video/")))
        has(w, "video");
    else if (slice_starts_with(type, SLICE("audio/")))
        has(w, "sound");
}

static void add_attachments(struct words *w, const struct message *m)
{
    if (m->attachment_count > 0)
        has(w, "file");
    for (size_t i = 0; i < m->attachment_count; i++) {
        const struct attachment *a = &m->attachments[i];
        struct slice extension = extension_of(a->filename);
        words_add(w, a->filename);
        words_add(w, a->title);
        words_add(w, a->description);
        words_term_text(w, TERM_FILE, a->filename);
        if (extension.len > 0)
            words_term_text(w, TERM_EXTENSION, extension);
        if (a->content_type.data != NULL)
            add_kind(w, a->content_type);
    }
}

/* ---- links ---- */

static bool ends_host(char c)
{
    return (unsigned char)c <= ' ' || strchr("/?#:<>\"'()[]{}|\\^`,;!*", c) != NULL;
}

/* Of "https://host/..." from behind the slashes on. */
static struct slice host_at(struct slice text)
{
    size_t len = 0;
    while (len < text.len && len < HOST_BYTES_MAX && !ends_host(text.data[len]))
        len++;
    return slice_of(text.data, len);
}

static void add_links(struct words *w, struct slice text)
{
    bool any = false;
    const char *at = text.data;
    size_t left = text.len;
    while (left > 0 && (at = memmem(text.data + (text.len - left), left, "://", 3)) != NULL) {
        size_t before = (size_t)(at - text.data);
        struct slice head = slice_of(text.data, before);
        struct slice host = host_at(slice_of(at + 3, text.len - before - 3));
        bool plain =
            before >= 4 && slice_eq_nocase(slice_of(head.data + before - 4, 4), SLICE("http"));
        bool secure =
            before >= 5 && slice_eq_nocase(slice_of(head.data + before - 5, 5), SLICE("https"));
        left = text.len - before - 3;
        if (!(plain || secure) || host.len == 0)
            continue;
        any = true;
        words_term_text(w, TERM_HOST, host);
    }
    if (any)
        has(w, "link");
}

/* ---- the message ---- */

static void add_place(struct words *w, const struct message *m)
{
    if (m->guild.v != 0)
        words_term(w, TERM_GUILD, m->guild.v);
    words_term(w, TERM_CHANNEL, m->channel.v);
    words_term(w, TERM_AUTHOR, m->author.id.v);
    words_term_name(w, TERM_TYPE, m->author.bot ? "bot" : "user");
    if (m->pinned_at_ms != 0)
        words_term(w, TERM_PINNED, 1);
}

static void add_mentions(struct words *w, const struct message *m)
{
    for (size_t i = 0; i < m->mention_count; i++)
        words_term(w, TERM_USER, m->mentions[i].id.v);
    for (size_t i = 0; i < m->mention_role_count; i++)
        words_term(w, TERM_ROLE, m->mention_roles[i].v);
    if (m->mention_everyone)
        words_term(w, TERM_EVERYONE, 1);
    if (m->type != MESSAGE_TYPE_REPLY || m->reference.v == 0)
        return;
    words_term(w, TERM_REPLY, m->reference.v);
    if (m->referenced != NULL)
        words_term(w, TERM_REPLIED, m->referenced->author.id.v);
}

/* Terms first: should the message be longer than what is kept, words are missing, not rights. */
void message_words(const struct message *m, struct words *out)
{
    add_place(out, m);
    add_mentions(out, m);
    add_links(out, m->content);
    if (m->snapshots.data != NULL)
        has(out, "snapshot");
    words_add(out, m->content);
    add_attachments(out, m);
    add_embeds(out, m);
    add_stored(out, m->components, NULL);
    add_stored(out, m->stickers, "sticker");
    add_stored(out, m->poll, "poll");
    add_stored(out, m->snapshots, NULL);
}
