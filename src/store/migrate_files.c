/* Collecting migrations: by name, numbered from 0001, no gap, no stray .sql file. */

#include "store/migrate_files.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NUMBER_DIGITS = 4 };

struct collector {
    struct migration_list *list;
    const char *dir;
    char *why;
    size_t why_len;
};

static bool has_sql_suffix(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".sql") == 0;
}

/* The number at the front of NNNN_name.sql; 0 if the name is not of that form. */
static size_t number_of(const char *name)
{
    size_t number = 0;
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9')
            return 0;
        number = number * 10 + (size_t)(name[i] - '0');
    }
    return name[NUMBER_DIGITS] == '_' ? number : 0;
}

static enum err read_stream(struct collector *c, FILE *f, struct migration *out)
{
    struct stat st;
    if (fstat(fileno(f), &st) != 0 || st.st_size < 0 || st.st_size > MIGRATION_BYTES_MAX) {
        snprintf(c->why, c->why_len, "Migration %s is unreadable or too large.", out->name);
        return ERR_STORE;
    }
    size_t size = (size_t)st.st_size;
    unsigned char *text = arena_alloc(&c->list->arena, size + 1);
    if (text == NULL)
        return ERR_NO_MEMORY;
    if (fread(text, 1, size, f) != size) {
        snprintf(c->why, c->why_len, "Migration %s cannot be read.", out->name);
        return ERR_IO;
    }
    text[size] = '\0';
    out->text = text;
    out->len = size;
    return ERR_OK;
}

static enum err read_file(struct collector *c, struct migration *out)
{
    char *path = arena_printf(&c->list->arena, "%s/%s", c->dir, out->name);
    if (path == NULL)
        return ERR_NO_MEMORY;
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        snprintf(c->why, c->why_len, "Migration %s cannot be opened: %s.", path, strerror(errno));
        return ERR_IO;
    }
    enum err e = read_stream(c, f, out);
    fclose(f);
    return e;
}

static enum err collect_one(struct collector *c, const char *name)
{
    struct migration_list *l = c->list;
    if (l->count == MIGRATIONS_MAX || number_of(name) == 0) {
        snprintf(c->why, c->why_len, "%s/%s: migrations are named NNNN_name.sql, from 0001 to %d.",
                 c->dir, name, (int)MIGRATIONS_MAX);
        return ERR_STORE;
    }
    struct migration *m = &l->items[l->count];
    m->name = arena_dup(&l->arena, slice_from(name)).data;
    if (m->name == NULL)
        return ERR_NO_MEMORY;
    l->count++;
    return read_file(c, m);
}

static enum err collect_dir(struct collector *c)
{
    DIR *d = opendir(c->dir);
    if (d == NULL) {
        snprintf(c->why, c->why_len, "The folder of migrations %s cannot be opened: %s.", c->dir,
                 strerror(errno));
        return ERR_IO;
    }
    enum err e = ERR_OK;
    const struct dirent *entry;
    while (e == ERR_OK && (entry = readdir(d)) != NULL) {
        if (has_sql_suffix(entry->d_name))
            e = collect_one(c, entry->d_name);
    }
    closedir(d);
    return e;
}

static void collect_embedded(struct migration_list *l, const char *backend)
{
    bool sqlite = strcmp(backend, "sqlite") == 0;
    const struct migration_file *f = sqlite ? migrations_sqlite : migrations_postgres;
    for (; f->name != NULL; f++) {
        if (l->count < MIGRATIONS_MAX)
            l->items[l->count++] =
                (struct migration){.name = f->name, .text = f->text, .len = f->len};
    }
}

static int by_name(const void *a, const void *b)
{
    const struct migration *x = a;
    const struct migration *y = b;
    return strcmp(x->name, y->name);
}

static enum err check_numbers(const struct collector *c)
{
    const struct migration_list *l = c->list;
    for (size_t i = 0; i < l->count; i++) {
        if (number_of(l->items[i].name) == i + 1)
            continue;
        snprintf(c->why, c->why_len, "Migration %s stands where number %04zu is expected.",
                 l->items[i].name, i + 1);
        return ERR_STORE;
    }
    return ERR_OK;
}

static enum err checksum(struct migration *m)
{
    unsigned len = 0;
    if (EVP_Digest(m->text, m->len, m->checksum, &len, EVP_sha256(), NULL) != 1)
        return ERR_NO_MEMORY;
    return len == MIGRATION_CHECKSUM_LEN ? ERR_OK : ERR_NO_MEMORY;
}

static enum err check_needs(const struct collector *c, const struct migration *m)
{
    if (m->needs == 0 || c->list->items[m->needs - 1].online_rows != 0)
        return ERR_OK;
    snprintf(c->why, c->why_len, "Migration %s needs number %04d, which is not an online one.",
             m->name, (int)m->needs);
    return ERR_STORE;
}

/* In order of version, so that what a migration needs is known already. */
static enum err read_all(const struct collector *c)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < c->list->count; i++) {
        struct migration *m = &c->list->items[i];
        m->version = i + 1;
        e = migration_read_header(m, &c->list->arena, c->why, c->why_len);
        if (e == ERR_OK)
            e = check_needs(c, m);
        if (e == ERR_OK)
            e = checksum(m);
    }
    return e;
}

static enum err collect(struct collector *c, const char *dir, const char *backend)
{
    struct migration_list *l = c->list;
    l->items = arena_array(&l->arena, MIGRATIONS_MAX, sizeof *l->items);
    if (l->items == NULL)
        return ERR_NO_MEMORY;
    if (dir == NULL) {
        collect_embedded(l, backend);
        return ERR_OK;
    }
    c->dir = arena_printf(&l->arena, "%s/%s", dir, backend);
    return c->dir == NULL ? ERR_NO_MEMORY : collect_dir(c);
}

enum err migration_list_init(struct migration_list *l, const char *dir, const char *backend,
                             char *why, size_t why_len)
{
    struct collector c = {.list = l, .why = why, .why_len = why_len};
    *l = (struct migration_list){.count = 0};
    arena_init(&l->arena, MEM_STORE, (size_t)64 * MIGRATION_BYTES_MAX);
    enum err e = collect(&c, dir, backend);
    if (e == ERR_OK && l->count > 1)
        qsort(l->items, l->count, sizeof *l->items, by_name);
    if (e == ERR_OK)
        e = check_numbers(&c);
    if (e == ERR_OK)
        e = read_all(&c);
    if (e != ERR_OK)
        migration_list_deinit(l);
    return e;
}

void migration_list_deinit(struct migration_list *l)
{
    arena_deinit(&l->arena);
    l->items = NULL;
    l->count = 0;
}
