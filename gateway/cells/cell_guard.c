#include "gateway/cells/cell_guard.h"

#include "gateway/guards/guards.h"

#include <sys/prctl.h>
#include <unistd.h>

const char *cell_guards_lacking(uint32_t guards)
{
    return guards_lacking((guards & CELL_GUARD_CALLS) != 0, (guards & CELL_GUARD_FILES) != 0);
}

uint32_t cell_guard_ahead(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(1);
    return guard_forbid_files(NULL, false) ? CELL_GUARD_FILES : 0;
}

uint32_t cell_guard(const struct cell_limits *limits, uint32_t ahead)
{
    uint32_t files = (ahead & CELL_GUARD_FILES) != 0 ? ahead : cell_guard_ahead();

    guard_limit(RLIMIT_CORE, 0);
    guard_limit(RLIMIT_FSIZE, 0);
    guard_limit(RLIMIT_NPROC, 0);
    guard_limit(RLIMIT_CPU, limits->cpu);
    if (!GUARD_SANITIZED)
        guard_limit(RLIMIT_AS, limits->memory);
    guard_limit(RLIMIT_NOFILE, CELL_PAYLOAD + 1);
    bool filtered = guard_filter_calls(&guard_filter_cell);
    return files | (filtered ? (uint32_t)CELL_GUARD_CALLS : 0);
}
