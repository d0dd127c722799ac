#include "gateway/cells/cell_guard.h"

#include "gateway/guards/guards.h"

#include <glib.h>
#include <sys/prctl.h>
#include <unistd.h>

char *cell_guards_lacking(uint32_t guards)
{
    bool calls = (guards & CELL_GUARD_CALLS) != 0, files = (guards & CELL_GUARD_FILES) != 0;

    return calls && files ? NULL
           : files        ? g_strdup("the filter of system calls (seccomp)")
           : calls        ? g_strdup("Landlock")
                          : g_strdup("the filter of system calls (seccomp) and Landlock");
}

uint32_t cell_guard(const struct cell_limits *limits)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(1);
    guard_limit(RLIMIT_CORE, 0);
    guard_limit(RLIMIT_FSIZE, 0);
    guard_limit(RLIMIT_NPROC, 0);
    guard_limit(RLIMIT_CPU, limits->cpu);
    if (!GUARD_SANITIZED)
        guard_limit(RLIMIT_AS, limits->memory);
    bool files = guard_forbid_files(NULL, false);
    guard_limit(RLIMIT_NOFILE, CELL_PAYLOAD + 1);
    bool filtered = guard_filter_calls(&guard_filter_cell);
    return (files ? (uint32_t)CELL_GUARD_FILES : 0) | (filtered ? (uint32_t)CELL_GUARD_CALLS : 0);
}
