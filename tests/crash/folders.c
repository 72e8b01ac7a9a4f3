/* Copying and removing data folders: see folders.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crash/folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void folder_memory(const char *data, char *out, size_t len)
{
    snprintf(out, len, "%s.memory", data);
}

void folder_forget_memory(const char *data)
{
    char memory[FOLDER_PATH_MAX + 16];
    folder_memory(data, memory, sizeof memory);
    unlink(memory);
}

void folder_remove(const char *path)
{
    folder_forget_memory(path);
    DIR *d = opendir(path);
    if (d == NULL)
        return;
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(path);
}

static void copy_file(int from, int to)
{
    static char bytes[1 << 16];
    ssize_t len;
    assert_true(from >= 0 && to >= 0);
    while ((len = read(from, bytes, sizeof bytes)) > 0)
        assert_int_equal(write(to, bytes, (size_t)len), len);
    assert_int_equal(len, 0);
    close(from);
    close(to);
}

void folder_copy(const char *from, const char *to)
{
    DIR *d = opendir(from);
    assert_non_null(d);
    int target = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.')
            copy_file(openat(dirfd(d), entry->d_name, O_RDONLY | O_CLOEXEC),
                      openat(target, entry->d_name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    closedir(d);
    close(target);
}
