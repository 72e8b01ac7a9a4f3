/*
 * Runs every file of the folders named on the command line through the fuzz target that it is
 * linked with, so that the ordinary test run repeats what fuzzing once found. An empty corpus is a
 * failure: a test must not pass because its inputs went missing.
 */

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"

enum { INPUT_BYTES_MAX = 1 << 20 };

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 0;
    }
    uint8_t *whole = mem_must(MEM_MAIN, INPUT_BYTES_MAX);
    size_t size = fread(whole, 1, INPUT_BYTES_MAX, f);
    fclose(f);
    /* Exactly as long as the input, so that a sanitizer sees a read past its end. */
    uint8_t *data = mem_must(MEM_MAIN, size ? size : 1);
    for (size_t i = 0; i < size; i++)
        data[i] = whole[i];
    mem_free(MEM_MAIN, whole);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    mem_free(MEM_MAIN, data);
    return 1;
}

static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir) {
        perror(folder);
        return 0;
    }
    int files = 0;
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        char path[PATH_MAX];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        files += replay_file(path);
    }
    closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc; i++)
        files += replay_folder(argv[i]);
    fprintf(stderr, "%d inputs\n", files);
    return files > 0 ? 0 : 1;
}
