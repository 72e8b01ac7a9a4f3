/*
 * The difficulty: libvips makes a thread for what it computes, and its libraries ask the system
 * small things now and then (how many cores, what time it is). So the list allows threads and no
 * processes, memory and no memory that can be run, and what is merely not needed fails with EPERM,
 * which libraries live with; what nobody but an intruder would call ends the process.
 *
 * The sanitizers reserve terabytes of address space: under them the bound of memory does not apply
 * (everything else does).
 */

#include "media/image_sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

enum { FILES_MAX = 16, NICE = 10 };

bool image_sandbox_follow(long parent)
{
    /* Between the two it may have died, and its socket with it. */
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && (long)getppid() == parent;
}

/* ---- bounds ---- */

/* Address space in use, in bytes; 0: unknown. */
static uint64_t mapped_bytes(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    (void)fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool bound(int what, uint64_t value)
{
    const struct rlimit limit = {(rlim_t)value, (rlim_t)value};
    return setrlimit((__rlimit_resource_t)what, &limit) == 0;
}

static bool bound_all(const struct image_sandbox *s)
{
    uint64_t mapped = mapped_bytes();
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    if (!SANITIZED && (mapped == 0 || !bound(RLIMIT_AS, mapped + s->memory_bytes)))
        return false;
    return bound(RLIMIT_CPU, s->cpu_s) && bound(RLIMIT_NOFILE, FILES_MAX) &&
           bound(RLIMIT_FSIZE, 0) && bound(RLIMIT_CORE, 0);
}

/* ---- system calls ---- */

/* What computing, memory, threads and the socket take. No file is opened, nothing is sent
 * elsewhere, no other process is seen. */
static const int ALLOWED[] = {
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo),
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(recvfrom),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tgkill),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* Nobody's need, somebody's wish. */
static const int DEADLY[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(unlink),
    SCMP_SYS(rename),
    SCMP_SYS(mount),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(bpf),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl),
    SCMP_SYS(memfd_create),
    SCMP_SYS(kill),
};

static bool rule(scmp_filter_ctx ctx, uint32_t action, int call)
{
    return seccomp_rule_add(ctx, action, call, 0) == 0;
}

static bool rule_masked(scmp_filter_ctx ctx, uint32_t action, int call, unsigned argument,
                        uint64_t mask, uint64_t value)
{
    const struct scmp_arg_cmp compared = SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value);
    return seccomp_rule_add_array(ctx, action, call, 1, &compared) == 0;
}

static bool add_rules(scmp_filter_ctx ctx)
{
    bool ok = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) == 0;
    for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED && ok; i++)
        ok = rule(ctx, SCMP_ACT_ALLOW, ALLOWED[i]);
    for (size_t i = 0; i < sizeof DEADLY / sizeof *DEADLY && ok; i++)
        ok = rule(ctx, SCMP_ACT_KILL_PROCESS, DEADLY[i]);
    /* Threads and no processes; whose flags lie in memory (clone3) cannot be looked at, and "no
     * such call" makes the C library use clone. Memory, but none that can be run. */
    return ok && rule_masked(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD) &&
           rule(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3)) &&
           rule_masked(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, PROT_EXEC, 0) &&
           rule_masked(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 2, PROT_EXEC, 0) &&
           rule_masked(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, UINT64_MAX, PR_SET_NAME) &&
           rule_masked(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, UINT64_MAX, PR_SET_VMA);
}

static bool filter(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (ctx == NULL)
        return false;
    bool ok = add_rules(ctx) && seccomp_load(ctx) == 0;
    seccomp_release(ctx);
    return ok;
}

bool image_sandbox_enter(const struct image_sandbox *s)
{
    return bound_all(s) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter();
}
