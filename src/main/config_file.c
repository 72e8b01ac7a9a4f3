/*
 * The file. inih parses; what it passes over in silence is caught around it: its fgets-style reader
 * is ours, so that we know the line that a handler is called for, and so that a line too long for
 * its buffer (which it would cut in two), a NUL byte or an endless file is refused. It also takes
 * an indented line as a second value of the key above: that shows as a key given twice, refused.
 */

#include <errno.h>
#include <ini.h>
#include <string.h>

#include "main/config_source.h"

struct reading {
    struct config_set *set;
    FILE *stream;
    struct config_source source; /* line: the one read last */
    size_t bytes;
    unsigned seen[CONFIG_ROWS_MAX]; /* line that gave the option, 0: none */
    struct config_error *error;
    bool failed;
};

/* Stores what is wrong with the line being read, ends the reading. */
static char *spoil(struct reading *r, const char *why)
{
    r->failed = true;
    (void)config_fail(r->error, r->source, "%s", why);
    return NULL;
}

static char *read_line(char *line, int size, void *ctx)
{
    struct reading *r = ctx;
    int n = 0;
    int c = 0;

    if (r->failed)
        return NULL;
    r->source.line++;
    while (c != '\n' && (c = getc(r->stream)) != EOF) {
        if (n + 1 >= size)
            return spoil(r, "this line is too long; give the value by environment or flag");
        if (c == '\0')
            return spoil(r, "a zero byte: this is not a text file");
        line[n++] = (char)c;
    }
    r->bytes += (size_t)n;
    if (r->bytes > CONFIG_FILE_BYTES_MAX)
        return spoil(r, "the file is larger than 1 MiB");
    if (ferror(r->stream))
        return spoil(r, strerror(errno));
    line[n] = '\0';
    return n == 0 ? NULL : line;
}

static bool take(struct reading *r, const char *section, const char *key, const char *value)
{
    size_t row = config_table_find(r->set->table, slice_from(section), slice_from(key));

    if (row == r->set->table.count) {
        char name[CONFIG_NAME_MAX * 2];
        (void)snprintf(name, sizeof name, "%s%s%s", section, section[0] == '\0' ? "" : ".", key);
        return config_fail_unknown(r->error, r->source, r->set->table, slice_from(section), name);
    }
    if (r->seen[row] != 0)
        return config_fail(
            r->error, r->source,
            "%s.%s: given twice, first on line %u (an indented line goes on with the "
            "key above it)",
            section, key, r->seen[row]);
    r->seen[row] = r->source.line;
    return config_set_apply(r->set, row, value, r->source, r->error);
}

/* inih's handler: zero is an error, and inih goes on nevertheless. */
static int on_pair(void *ctx, const char *section, const char *key, const char *value)
{
    struct reading *r = ctx;

    if (!r->failed)
        r->failed = !take(r, section, key, value);
    return r->failed ? 0 : 1;
}

bool config_read_stream(struct config_set *set, FILE *stream, const char *name,
                        struct config_error *error)
{
    struct reading r = {.set = set,
                        .stream = stream,
                        .source = {.origin = CONFIG_FILE, .name = name},
                        .error = error};
    int line = ini_parse_stream(read_line, &r, on_pair, &r);

    if (r.failed)
        return false;
    if (line == 0)
        return true;
    r.source.line = line > 0 ? (unsigned)line : 0;
    return config_fail(error, r.source, "not a [section], a key = value or a comment");
}

bool config_read_file(struct config_set *set, const char *path, bool optional,
                      struct config_error *error)
{
    FILE *stream = fopen(path, "re");
    bool ok;

    if (stream == NULL && optional && errno == ENOENT)
        return true;
    if (stream == NULL)
        return config_fail(error, (struct config_source){CONFIG_FILE, path, 0},
                           "cannot be read: %s", strerror(errno));
    ok = config_read_stream(set, stream, path, error);
    (void)fclose(stream);
    return ok;
}
