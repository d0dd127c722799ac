/*
 * Two guards depend on the kernel. The filter of system calls (seccomp) ends the process at the first call that reading
 * does not take: so an attempt is seen, and is not tried in another way. Landlock takes away all paths and, by newer
 * kernels, the network and signals to others; it holds if the filter has a hole.
 *
 * The program of the filter is made when this program is built (cell_filter_make.c); a cell only loads it.
 */
#include "gateway/cells/cell_guard.h"

#include "gateway/cells/cell_message.h"

#include <fcntl.h>
#include <glib.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1 /* the sanitizer reserves terabytes, and has calls of its own; it tells what it finds on stderr */
#else
#define SANITIZED 0
#endif

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

/* False: the kernel or this build has none, or a filter around the gateway does not let us have it. */
static bool filter_calls(void)
{
    struct sock_fprog program = {.len = cell_filter_len, .filter = (struct sock_filter *)cell_filter};

    return program.len > 0 && may_have("seccomp") && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
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
}

uint32_t cell_guard(const struct cell_limits *limits)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(1);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_CPU, limits->cpu);
    if (!SANITIZED)
        limit(RLIMIT_AS, limits->memory);
    bool files = forbid_files();
    limit(RLIMIT_NOFILE, CELL_PAYLOAD + 1);
    bool filtered = filter_calls();
    return (files ? (uint32_t)CELL_GUARD_FILES : 0) | (filtered ? (uint32_t)CELL_GUARD_CALLS : 0);
}
