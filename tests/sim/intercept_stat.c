/*
 * What a file's status says of its change. The kernel's time of change is that of the machine that simulates, and it
 * moves when a power cut gives a file its old name back; on a disk that lost the rename it would be the old one. So a
 * process sees the file's time of modification instead, which the simulator sets.
 */
#include "tests/sim/shared.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int with_times(int result, struct stat *st)
{
    if (result == 0 && shared_self != NULL)
        st->st_ctim = st->st_mtim;
    return result;
}

int stat(const char *restrict path, struct stat *restrict st)
{
    return with_times((int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0), st);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return with_times((int)syscall(SYS_newfstatat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW), st);
}

int fstat(int fd, struct stat *st)
{
    return with_times((int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH), st);
}
