/* Running, killing, looking: see crash.h. The parent never has a thread while it forks. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crash/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/random.h"
#include "crash/folders.h"

enum { CHILD_SECONDS = 60, OPENINGS = 3, SWEEP_MAX = 20000, CRASH_LONG = 8 };

static struct {
    char root[CRASH_PATH_MAX];
    char made[CRASH_PATH_MAX + 8]; /* the folder of CRASH_START_MADE */
    struct ledger made_ledger;
    uint64_t crashes;
    uint64_t failures; /* processes with a failing disk */
    uint64_t findings;
    uint64_t acknowledged; /* closures, of processes that crashed */
    uint64_t refused;
    uint64_t folders;
} all;

/* ---- the process ---- */

/* What a child ended as, and what it had said. */
struct ending {
    bool as_planned; /* by the shim */
    bool by_itself;  /* the workload was over */
    bool refused_start;
    bool trouble;
    uint64_t operations;    /* if by_itself */
    bool errors[ERR_COUNT]; /* that writes were refused with */
};

static void note(struct ledger *l, uint32_t run, const struct report *r, struct ending *e)
{
    bool known = r->thread < LEDGER_THREADS && r->number < LEDGER_CLOSURES;
    assert_true(known);
    if (r->kind == REPORT_ACKNOWLEDGED) {
        l->acknowledged[run][r->thread][r->number] = true;
        l->id_max = r->value > l->id_max ? r->value : l->id_max;
        l->count++;
    } else if (r->kind == REPORT_REFUSED) {
        l->refused[run][r->thread][r->number] = true;
        l->refused_count++;
        e->errors[r->value < ERR_COUNT ? r->value : ERR_OK] = true;
    } else if (r->kind == REPORT_ANNOUNCED && r->number <= LEDGER_GUILDS) {
        if (r->value > l->announced[r->number])
            l->announced[r->number] = r->value;
    } else if (r->kind == REPORT_TROUBLE) {
        e->trouble = true;
    }
}

static void listen_to(int fd, struct ledger *l, uint32_t run, struct ending *e)
{
    struct report r;
    ssize_t len;
    while ((len = read(fd, &r, sizeof r)) == (ssize_t)sizeof r) {
        note(l, run, &r, e);
        if (r.kind == REPORT_ENDED)
            e->operations = r.value;
    }
    assert_int_equal(len, 0);
    close(fd);
}

/* Before the crash a few syncs fail, here and there, or right before it. */
static void plan_errors(const struct crash_case *c)
{
    struct random_seeded r;
    random_seeded_init(&r, c->seed * 977 + c->at);
    uint64_t back = c->scenario->sync_fails_last ? 1 + random_seeded_next(&r) % 12
                                                 : random_seeded_next(&r) % (c->at + 1);
    shim_fail_at(SHIM_SYNC_FAILS, c->at > back ? c->at - back : 1, 1 + random_seeded_next(&r) % 3);
}

static _Noreturn void child(const struct crash_case *c, const struct work *w, int out)
{
    alarm(CHILD_SECONDS);
    char memory[FOLDER_PATH_MAX + 16];
    folder_memory(w->data, memory, sizeof memory);
    bool remembers = c->scenario->sync_fails_last || c->scenario->start == CRASH_START_FAILED;
    struct shim_plan plan = {.fault = c->fault,
                             .files = c->scenario->files,
                             .at = c->at,
                             .seed = c->seed,
                             .sync_lies = c->scenario->sync_lies,
                             .memory = remembers ? memory : NULL};
    shim_install(&plan);
    if (c->scenario->syncs_fail)
        plan_errors(c);
    if (c->failures > 0)
        shim_fail_at(c->error, c->at, c->failures);
    shim_exit(work_run(w, out));
}

static struct ending run_child(const struct crash_case *c, const char *data, struct ledger *l)
{
    struct ending e = {.as_planned = false};
    struct work w = c->scenario->work;
    int fds[2];
    w.data = data;
    w.run = l->runs++;
    w.errors_expected = c->scenario->syncs_fail || c->failures > 0;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        child(c, &w, fds[1]);
    }
    close(fds[1]);
    listen_to(fds[0], l, w.run, &e);
    int status;
    while (waitpid(pid, &status, 0) != pid)
        assert_int_equal(errno, EINTR);
    e.as_planned = WIFEXITED(status) && WEXITSTATUS(status) == SHIM_EXIT;
    e.by_itself = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    e.refused_start = WIFEXITED(status) && WEXITSTATUS(status) == WORK_NOT_OPENED;
    all.crashes += e.as_planned;
    return e;
}

/* ---- one case ---- */

/* The first crash of the CRASHED and FAILED starts: anywhere, by the seed. */
static void crash_before(const struct crash_case *c, const char *data, struct ledger *l)
{
    static const struct crash_scenario first = {
        .name = "first", .work = {.threads = LEDGER_THREADS, .closures = 6, .checkpoints = true}};
    bool failed = c->scenario->start == CRASH_START_FAILED;
    struct crash_scenario s = first;
    s.syncs_fail = s.sync_fails_last = failed;
    struct random_seeded r;
    random_seeded_init(&r, c->seed);
    struct crash_case before = {.scenario = &s, .seed = random_seeded_next(&r)};
    before.at = 10 + random_seeded_next(&r) % 200;
    before.fault = (enum shim_fault)(SHIM_KILL_BEFORE + random_seeded_next(&r) % (failed ? 3 : 4));
    struct ending e = run_child(&before, data, l);
    assert_false(e.trouble);
    if (!failed)
        folder_forget_memory(data);
}

static void prepare(const struct crash_case *c, const char *data, struct ledger *l)
{
    assert_int_equal(mkdir(data, 0700), 0);
    memset(l, 0, sizeof *l);
    if (c->scenario->start == CRASH_START_EMPTY)
        return;
    folder_copy(all.made, data);
    *l = all.made_ledger;
    if (c->scenario->start != CRASH_START_MADE)
        crash_before(c, data, l);
}

static void case_name(const struct crash_case *c, char *out, size_t len)
{
    const char *what = c->failures > 0 ? shim_error_name(c->error) : shim_fault_name(c->fault);
    uint64_t last = c->failures > 0 ? c->failures : c->seed;
    snprintf(out, len, "%s/%s/%" PRIu64 "/%" PRIu64, c->scenario->name, what, c->at, last);
}

static enum crash_result found(const struct crash_case *c, const char *data, const char *why,
                               bool quiet)
{
    char name[128];
    if (quiet) {
        folder_remove(data);
        return CRASH_FOUND;
    }
    all.findings++;
    case_name(c, name, sizeof name);
    print_error("FINDING %s: %s (kept in %s)\n", name, why, data);
    return CRASH_FOUND;
}

/* A failing disk is reported as what it is, and as nothing else. */
static bool errors_are_right(const struct crash_case *c, const struct ending *e, char *why,
                             size_t why_len)
{
    static const enum err expected[SHIM_ERROR_COUNT] = {ERR_STORE_IO, ERR_STORE_IO, ERR_STORE_FULL,
                                                        ERR_STORE_READONLY};
    enum shim_error error = c->scenario->syncs_fail ? SHIM_SYNC_FAILS : c->error;
    for (int i = 0; i < ERR_COUNT; i++) {
        bool right = i == (int)expected[error] || i == ERR_UNKNOWN_MESSAGE ||
                     (i == ERR_IO && expected[error] == ERR_STORE_IO); /* at the very start */
        if (!e->errors[i] || right)
            continue;
        snprintf(why, why_len, "%s instead of %s", err_info((enum err)i)->name,
                 err_info(expected[error])->name);
        return false;
    }
    return true;
}

static enum crash_result run_counting(const struct crash_case *c, bool quiet, uint64_t *operations)
{
    static struct ledger ledger;
    char data[FOLDER_PATH_MAX];
    char why[CRASH_WHY_MAX];
    snprintf(data, sizeof data, "%s/%" PRIu64, all.root, all.folders++);
    prepare(c, data, &ledger);
    uint64_t before = ledger.count;
    struct ending e = run_child(c, data, &ledger);
    *operations = e.operations;
    all.acknowledged += ledger.count - before;
    all.refused += ledger.refused_count;
    bool refused_start = e.refused_start && (c->failures > 0 || c->scenario->syncs_fail);
    if (e.trouble || (!e.as_planned && !e.by_itself && !refused_start))
        return found(c, data, "the process did not end as planned", quiet);
    if (!errors_are_right(c, &e, why, sizeof why))
        return found(c, data, why, quiet);
    if (!ledger_holds(&ledger, data, OPENINGS, why, sizeof why))
        return found(c, data, why, quiet);
    folder_remove(data);
    return e.as_planned || refused_start ? CRASH_HELD : CRASH_NEVER_CAME;
}

enum crash_result crash_run(const struct crash_case *c, bool quiet)
{
    uint64_t ignored;
    return run_counting(c, quiet, &ignored);
}

/* ---- many ---- */

void crash_sweep(const struct crash_scenario *s, enum shim_fault fault, uint64_t stride,
                 uint64_t seed)
{
    struct crash_case c = {.scenario = s, .fault = fault, .at = 1};
    enum crash_result r = CRASH_HELD;
    uint64_t before = all.findings;
    uint64_t acknowledged = all.acknowledged;
    uint64_t refused = all.refused;
    /* A seed of its own for every operation, that c.seed names. */
    for (; r != CRASH_NEVER_CAME && all.findings < before + 10; c.at += stride) {
        assert_true(c.at < SWEEP_MAX);
        c.seed = seed + c.at;
        r = crash_run(&c, false);
    }
    assert_int_equal(all.findings, before);
    assert_true(c.at > 1 + stride && all.acknowledged > acknowledged);
    assert_true(!s->syncs_fail || all.refused > refused);
}

void crash_fail_sweep(const struct crash_scenario *s, enum shim_error error, uint64_t failures,
                      uint64_t stride)
{
    uint64_t operations = 0;
    uint64_t before = all.findings;
    uint64_t refused = all.refused;
    struct crash_case c = {.scenario = s, .fault = SHIM_NONE, .error = error};
    assert_int_equal(run_counting(&c, false, &operations), CRASH_NEVER_CAME);
    c.failures = failures;
    for (c.at = 1; c.at <= operations && all.findings < before + 10; c.at += stride) {
        crash_run(&c, false);
        all.failures++;
    }
    assert_int_equal(all.findings, before);
    assert_true(operations > 0 && all.refused > refused);
}

void crash_sample(const struct crash_scenario *s, enum shim_fault fault, uint64_t count,
                  uint64_t seed)
{
    struct random_seeded r;
    uint64_t operations = 0;
    uint64_t before = all.findings;
    random_seeded_init(&r, seed);
    struct crash_case c = {.scenario = s, .fault = SHIM_NONE};
    assert_int_equal(run_counting(&c, false, &operations), CRASH_NEVER_CAME);
    assert_true(operations > 0);
    c.fault = fault;
    for (uint64_t i = 0; i < count && all.findings < before + 10; i++) {
        c.at = 1 + random_seeded_next(&r) % operations;
        c.seed = random_seeded_next(&r) % 1000000;
        crash_run(&c, false);
    }
    assert_int_equal(all.findings, before);
}

bool crash_notices(const char *statement)
{
    char data[FOLDER_PATH_MAX];
    char file[FOLDER_PATH_MAX + 16];
    char why[CRASH_WHY_MAX];
    sqlite3 *db = NULL;
    snprintf(data, sizeof data, "%s/%" PRIu64, all.root, all.folders++);
    snprintf(file, sizeof file, "%s/guildhall.db", data);
    assert_int_equal(mkdir(data, 0700), 0);
    folder_copy(all.made, data);
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
    assert_true(sqlite3_changes(db) > 0);
    sqlite3_close(db);
    bool held = ledger_holds(&all.made_ledger, data, 1, why, sizeof why);
    folder_remove(data);
    return !held;
}

/* ---- the program ---- */

static void make_made(void)
{
    static const struct crash_scenario made = {.name = "made",
                                               .work = {.threads = LEDGER_THREADS, .closures = 3}};
    char why[CRASH_WHY_MAX];
    struct crash_case c = {.scenario = &made, .fault = SHIM_NONE};
    snprintf(all.made, sizeof all.made, "%s/made", all.root);
    assert_int_equal(mkdir(all.made, 0700), 0);
    struct ending e = run_child(&c, all.made, &all.made_ledger);
    assert_true(e.by_itself && !e.trouble && all.made_ledger.count > 0);
    if (!ledger_holds(&all.made_ledger, all.made, 1, why, sizeof why))
        fail_msg("without a crash: %s", why);
}

int crash_setup(void **state)
{
    (void)state;
    snprintf(all.root, sizeof all.root, "crash-test-XXXXXX");
    assert_non_null(mkdtemp(all.root));
    make_made();
    return 0;
}

int crash_teardown(void **state)
{
    (void)state;
    folder_remove(all.made);
    rmdir(all.root); /* unless findings are kept in it */
    if (all.failures > 0)
        printf("%" PRIu64 " failing disks, ", all.failures);
    printf("%" PRIu64 " crashes, %" PRIu64 " findings (%" PRIu64 " acknowledged, %" PRIu64
           " refused)\n",
           all.crashes, all.findings, all.acknowledged, all.refused);
    return 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLOWNESS = 7 };
#else
enum { SLOWNESS = 1 };
#endif

uint64_t crash_stride(uint64_t ordinary)
{
    return (getenv("GUILDHALL_TEST_LONG") != NULL ? 1 : ordinary) * SLOWNESS;
}

uint64_t crash_rounds(uint64_t ordinary)
{
    return getenv("GUILDHALL_TEST_LONG") != NULL ? ordinary * CRASH_LONG : ordinary;
}

static bool parse_case(char *text, const struct crash_scenario *list, unsigned count,
                       struct crash_case *c)
{
    char name[32];
    char fault[16];
    if (sscanf(text, "%31[^/]/%15[^/]/%" SCNu64 "/%" SCNu64, name, fault, &c->at, &c->seed) != 4)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            c->scenario = &list[i];
    for (int i = 0; i < SHIM_FAULT_COUNT; i++)
        if (strcmp(shim_fault_name((enum shim_fault)i), fault) == 0)
            c->fault = (enum shim_fault)i;
    for (int i = 0; i < SHIM_ERROR_COUNT; i++)
        if (strcmp(shim_error_name((enum shim_error)i), fault) == 0) {
            c->error = (enum shim_error)i;
            c->failures = c->seed;
        }
    return c->scenario != NULL;
}

bool crash_rerun(const struct crash_scenario *list, unsigned count)
{
    char *text = getenv("GUILDHALL_CRASH");
    struct crash_case c = {.scenario = NULL};
    if (text == NULL || !parse_case(text, list, count, &c))
        return false;
    const char *times = getenv("GUILDHALL_CRASH_TIMES");
    long left = times != NULL ? strtol(times, NULL, 10) : 1;
    while (left-- > 0)
        assert_int_not_equal(crash_run(&c, false), CRASH_FOUND);
    return true;
}
