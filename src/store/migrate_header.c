/*
 * What the head of a migration says: comment lines "-- word: number" before the first statement.
 *
 *   -- compatible: 4    programs of schema version 4 and later run on the schema after it
 *   -- online: 500      not applied at start: one statement, run again and again while the server
 *                       serves, until it changes no row; it changes at most 500 rows at once
 *   -- needs: 7         the online migration 7 must have finished before
 */

#include "store/migrate_files.h"

#include <stdio.h>

struct header {
    struct migration *m;
    char *why;
    size_t why_len;
};

static enum err refuse(const struct header *h, const char *what)
{
    snprintf(h->why, h->why_len, "Migration %s: %s.", h->m->name, what);
    return ERR_STORE;
}

static enum err set(const struct header *h, uint64_t *field, struct slice value, uint64_t max)
{
    uint64_t number = 0;
    if (!slice_to_u64(value, &number) || number == 0 || number > max)
        return refuse(h, "its head has a number that is none, or too large");
    *field = number;
    return ERR_OK;
}

/* Comments that are no setting are passed over. */
static enum err read_line(const struct header *h, struct slice line)
{
    struct slice word;
    if (!slice_next(&line, ':', &word))
        return ERR_OK;
    word = slice_trim(word);
    line = slice_trim(line);
    if (slice_eq_cstr(word, "compatible"))
        return set(h, &h->m->compatible, line, h->m->version);
    if (slice_eq_cstr(word, "online"))
        return set(h, &h->m->online_rows, line, MIGRATION_ONLINE_ROWS_MAX);
    if (slice_eq_cstr(word, "needs"))
        return set(h, &h->m->needs, line, h->m->version - 1);
    return ERR_OK;
}

/* Leaves in *rest what comes after the lines of the head. */
static enum err read_lines(const struct header *h, struct slice *rest)
{
    struct slice next = *rest;
    struct slice line;
    enum err e = ERR_OK;
    while (e == ERR_OK && slice_next(&next, '\n', &line)) {
        line = slice_trim(line);
        if (line.len > 0 && !slice_starts_with(line, SLICE("--")))
            break;
        if (line.len > 0)
            e = read_line(h, slice_of(line.data + 2, line.len - 2));
        *rest = next;
    }
    return e;
}

static enum err read_statement(const struct header *h, struct slice text, struct arena *arena)
{
    text = slice_trim(text);
    if (text.len > 0 && text.data[text.len - 1] == ';')
        text = slice_trim(slice_of(text.data, text.len - 1));
    if (text.len == 0 || slice_find(text, ';') != text.len)
        return refuse(h, "an online migration is one statement");
    h->m->statement = arena_dup(arena, text).data;
    return h->m->statement == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err migration_read_header(struct migration *m, struct arena *arena, char *why, size_t why_len)
{
    struct header h = {.m = m, .why = why, .why_len = why_len};
    struct slice rest = slice_of((const char *)m->text, m->len);
    m->compatible = m->version; /* unless it says otherwise, older programs must stay away */
    enum err e = read_lines(&h, &rest);
    return e == ERR_OK && m->online_rows != 0 ? read_statement(&h, rest, arena) : e;
}
