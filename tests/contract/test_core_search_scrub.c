/* What an erased person wrote is in no file of the database afterwards, also not in the index. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "contract/structure_fixture.h"
#include "contract/tasks_fixture.h"
#include "core/search.h"
#include "core/user_erase.h"

#define RARE "quizzaciously"

/* Whether the bytes are in some file of the folder. */
static bool in_files(const struct core_fixture *f, const char *text)
{
    bool found = false;
    char path[512];
    DIR *d = opendir(f->folder);
    assert_non_null(d);
    for (const struct dirent *entry; (entry = readdir(d)) != NULL && !found;) {
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", f->folder, entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
            close(fd);
            continue;
        }
        char *bytes = malloc((size_t)st.st_size);
        assert_non_null(bytes);
        ssize_t len = read(fd, bytes, (size_t)st.st_size);
        found = len > 0 && memmem(bytes, (size_t)len, text, strlen(text)) != NULL;
        free(bytes);
        close(fd);
    }
    closedir(d);
    return found;
}

static void post_some(struct core_fixture *f, const struct person *p, struct channel_id id,
                      unsigned from, unsigned count)
{
    char text[64];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "words alpha%u beta%u", from + i, (from + i) / 2);
        cf_post(f, p, id, text);
    }
}

static void test_words_of_the_erased(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct person *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    cf_join(f, guest, cf_invite(f, owner, general, 0, 0));
    bool begun;
    post_some(f, owner, general, 0, 300);
    cf_post(f, guest, general, RARE);
    post_some(f, owner, general, 300, 300);
    if (f->db.url[0] == '\0')
        assert_true(in_files(f, RARE));
    /* In the largest part of the index, which ordinary merging comes to last. */
    assert_int_equal(search_rebuild(f->core, &begun), ERR_OK);
    run_tasks(f);
    assert_int_equal(user_erase(f->core, guest->who.user), ERR_OK);
    run_tasks(f);
    assert_false(in_files(f, RARE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words_of_the_erased, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
