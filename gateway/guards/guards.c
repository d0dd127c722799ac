#include "gateway/guards/guards.h"

#include <fcntl.h>
#include <glib.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

bool guard_filter_calls(const struct guard_filter *filter)
{
    struct sock_fprog program = {.len = filter->len, .filter = (struct sock_filter *)filter->at};

    return program.len > 0 && may_have("seccomp") &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

/* ---- Landlock ---- */

enum { NET_RIGHTS = 3 /* bind and connect of TCP */ };

/* The kernel's struct as of version 6 of its interface; headers may be older. */
struct landlock_rules {
    uint64_t files, network, scopes;
};

/* What each version of the interface can forbid: all of it is. */
static struct landlock_rules all_of(long version, bool network)
{
    static const unsigned file_rights[] = {0, 13, 14, 15, 15, 16}; /* by version: so many bits */
    struct landlock_rules all;

    all.files = (UINT64_C(1) << file_rights[MIN(version, 5)]) - 1;
    all.network = version >= 4 && !network ? NET_RIGHTS : 0;
    all.scopes = version >= 6 ? 3 : 0; /* abstract sockets, signals */
    return all;
}

/* Lets this be read. What is missing now cannot be read later either. */
static bool allow(int rules, const char *path)
{
    struct stat status;
    struct landlock_path_beneath_attr beneath = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};

    if (beneath.parent_fd < 0)
        return true;
    bool good = fstat(beneath.parent_fd, &status) == 0;
    beneath.allowed_access =
        LANDLOCK_ACCESS_FS_READ_FILE | (good && S_ISDIR(status.st_mode) ? LANDLOCK_ACCESS_FS_READ_DIR : 0);
    good = good && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
    (void)close(beneath.parent_fd); /* a path alone */
    return good;
}

bool guard_forbid_files(const char *const *readable, bool network)
{
    long version =
        may_have("landlock") ? syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) : -1;
    struct landlock_rules all = all_of(MAX(version, 1), network);
    size_t size = version >= 6   ? sizeof all
                  : version >= 4 ? offsetof(struct landlock_rules, scopes)
                                 : offsetof(struct landlock_rules, network);

    if (version < 1)
        return false;
    long rules = syscall(SYS_landlock_create_ruleset, &all, size, 0);
    bool good = rules >= 0;
    for (size_t i = 0; good && readable != NULL && readable[i] != NULL; i++)
        good = allow((int)rules, readable[i]);
    if (!good || syscall(SYS_landlock_restrict_self, rules, 0) != 0 || close((int)rules) != 0)
        _exit(1);
    return true;
}

/* ---- all ---- */

const char *guards_lacking(bool calls, bool files)
{
    return calls && files ? NULL
           : files        ? "the filter of system calls (seccomp)"
           : calls        ? "Landlock"
                          : "the filter of system calls (seccomp) and Landlock";
}

void guard_limit(__rlimit_resource_t what, uint64_t most)
{
    struct rlimit limits;

    if (getrlimit(what, &limits) != 0)
        _exit(1);
    limits.rlim_cur = limits.rlim_max = MIN(most, limits.rlim_max); /* whoever started us may have set a lower one */
    if (may_have("limits") && setrlimit(what, &limits) != 0)
        _exit(1);
}

void guard_close_standard(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; fd <= (GUARD_SANITIZED ? STDOUT_FILENO : STDERR_FILENO); fd++)
        if (null < 0 || dup2(null, fd) != fd)
            _exit(1);
    if (null > STDERR_FILENO)
        (void)close(null); /* its copies stay */
}

void guard_ignore_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2};

    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
}
