/*
 * Two guards depend on the kernel. The filter of system calls (seccomp) ends the process at the first call that reading
 * does not take: so an attempt is seen, and is not tried in another way. Landlock takes away all paths and, by newer
 * kernels, the network and signals to others; it holds if the filter has a hole.
 *
 * libseccomp makes the program of the filter once, in the helper; a cell only loads it, which costs microseconds.
 */
#include "gateway/cells/cell_guard.h"

#include "gateway/cells/cell_message.h"

#include <fcntl.h>
#include <glib.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1 /* the sanitizer reserves terabytes, and has calls of its own; it tells what it finds on stderr */
#else
#define SANITIZED 0
#endif

enum {
    MEMORY = 512 << 20, /* bytes of address space; the program itself has a fifth of it */
    MOST_FILTER = 4096, /* instructions */
};

static struct sock_filter filter[MOST_FILTER];
static struct sock_fprog program = {.filter = filter}; /* len 0: there is none */

char *cell_guards_lacking(uint32_t guards)
{
    bool calls = (guards & CELL_GUARD_CALLS) != 0, files = (guards & CELL_GUARD_FILES) != 0;

    return calls && files ? NULL
           : files        ? g_strdup("the filter of system calls (seccomp)")
           : calls        ? g_strdup("Landlock")
                          : g_strdup("the filter of system calls (seccomp) and Landlock");
}

/* A test may play a kernel without a guard. */
static bool may_have(const char *guard)
{
#ifdef ECOSGATE_CRASH_POINTS
    const char *without = g_getenv("ECOSGATE_CELLS_WITHOUT");

    return without == NULL || strstr(without, guard) == NULL;
#else
    (void)guard;
    return true;
#endif
}

/* ---- system calls ---- */

#ifdef HAVE_LIBSECCOMP

/* Memory, the end, and what the C library asks for meanwhile. None of them reaches anything outside of the process. */
static const int calls[] = {
    SCMP_SYS(brk),        SCMP_SYS(munmap),        SCMP_SYS(mremap),       SCMP_SYS(madvise),         SCMP_SYS(futex),
    SCMP_SYS(exit_group), SCMP_SYS(exit),          SCMP_SYS(rt_sigreturn), SCMP_SYS(getrandom),       SCMP_SYS(getpid),
    SCMP_SYS(gettid),     SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall),
};

static const int calls_of_sanitizers[] = {
    SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(sched_yield),
    SCMP_SYS(write),       SCMP_SYS(readlink),     SCMP_SYS(getuid),         SCMP_SYS(prctl),
};

static void allow_with(scmp_filter_ctx context, int call, struct scmp_arg_cmp compared)
{
    (void)seccomp_rule_add_array(context, SCMP_ACT_ALLOW, call, 1, &compared); /* a call that is missing is refused */
}

static void allow_calls(scmp_filter_ctx context)
{
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
        (void)seccomp_rule_add_array(context, SCMP_ACT_ALLOW, calls[i], 0, NULL); /* as above */
    for (size_t i = 0; SANITIZED && i < G_N_ELEMENTS(calls_of_sanitizers); i++)
        (void)seccomp_rule_add_array(context, SCMP_ACT_ALLOW, calls_of_sanitizers[i], 0, NULL);
    allow_with(context, SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, CELL_SOCKET));
    allow_with(context, SCMP_SYS(pread64), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD));
    allow_with(context, SCMP_SYS(fstat), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD));
    allow_with(context, SCMP_SYS(newfstatat), SCMP_A0(SCMP_CMP_EQ, CELL_PAYLOAD)); /* fstat of the C library */
    allow_with(context, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    allow_with(context, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static void make_filter(void)
{
    scmp_filter_ctx context = may_have("seccomp") ? seccomp_init(SCMP_ACT_KILL_PROCESS) : NULL;
    int fd = memfd_create("filter", MFD_CLOEXEC);

    if (context != NULL && fd >= 0) {
        allow_calls(context);
        (void)seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE,
                               2); /* else a line of comparisons: slower, and right */
        ssize_t n = seccomp_export_bpf(context, fd) == 0 ? pread(fd, filter, sizeof filter, 0) : 0;
        if (n > 0 && (size_t)n < sizeof filter)
            program.len = (unsigned short)((size_t)n / sizeof *filter);
    }
    if (context != NULL)
        seccomp_release(context);
    if (fd >= 0)
        (void)close(fd); /* memory */
}

#else

static void make_filter(void)
{
    program.len = 0; /* this build has no libseccomp */
}

#endif

/* False: the kernel has none, or a filter around the gateway does not let us have it. */
static bool filter_calls(void)
{
    return program.len > 0 && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

/* ---- Landlock ---- */

/* The kernel's struct as of version 6 of its interface; headers may be older. */
struct landlock_rules {
    uint64_t files, network, scopes;
};

/* What each version of the interface can forbid: all of it is. */
static struct landlock_rules all_of(long version)
{
    static const unsigned file_rights[] = {0, 13, 14, 15, 15, 16}; /* by version: so many bits */
    struct landlock_rules all;

    all.files = (UINT64_C(1) << file_rights[MIN(version, 5)]) - 1;
    all.network = version >= 4 ? 3 : 0; /* bind and connect of TCP */
    all.scopes = version >= 6 ? 3 : 0;  /* abstract sockets, signals */
    return all;
}

/* False: the kernel has none. */
static bool forbid_files(void)
{
    long version =
        may_have("landlock") ? syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) : -1;
    struct landlock_rules all = all_of(MAX(version, 1));
    size_t size = version >= 6   ? sizeof all
                  : version >= 4 ? offsetof(struct landlock_rules, scopes)
                                 : offsetof(struct landlock_rules, network);

    if (version < 1)
        return false;
    long rules = syscall(SYS_landlock_create_ruleset, &all, size, 0);
    if (rules < 0 || syscall(SYS_landlock_restrict_self, rules, 0) != 0 || close((int)rules) != 0)
        _exit(1);
    return true;
}

/* ---- all ---- */

static void limit(__rlimit_resource_t what, uint64_t most)
{
    const struct rlimit limits = {most, most};

    if (may_have("limits") && setrlimit(what, &limits) != 0)
        _exit(1);
}

void cell_guard_prepare(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; fd <= (SANITIZED ? STDOUT_FILENO : STDERR_FILENO); fd++)
        if (null < 0 || dup2(null, fd) != fd)
            _exit(1);
    if (null > STDERR_FILENO)
        (void)close(null); /* its copies stay */
    make_filter();
}

uint32_t cell_guard(uint64_t cpu)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(1);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_CPU, cpu);
    if (!SANITIZED)
        limit(RLIMIT_AS, MEMORY);
    bool files = forbid_files();
    limit(RLIMIT_NOFILE, CELL_PAYLOAD + 1);
    bool filtered = filter_calls();
    return (files ? (uint32_t)CELL_GUARD_FILES : 0) | (filtered ? (uint32_t)CELL_GUARD_CALLS : 0);
}
