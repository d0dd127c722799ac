/*
 * A preloaded library that tells a program how much room its disks have. For tests only.
 *
 *   ROOM_FREE=BYTES   each file system has so many free bytes
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/statvfs.h>

int statvfs(const char *restrict path, struct statvfs *restrict fs)
{
    int (*real)(const char *, struct statvfs *) = NULL;
    const char *bytes = getenv("ROOM_FREE");

    *(void **)&real = dlsym(RTLD_NEXT, "statvfs");
    int result = real(path, fs);
    if (result == 0 && bytes != NULL)
        fs->f_bfree = fs->f_bavail = strtoull(bytes, NULL, 10) / fs->f_frsize;
    return result;
}
