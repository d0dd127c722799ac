/*
 * Questions about files and folders. Nothing here changes the disk.
 */
#include "spool/disk.h"
#include "spool/disk_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

bool disk_exists(const char *path, bool *exists, GError **error)
{
    struct stat st;
    if (lstat(path, &st) == 0)
        *exists = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
    else if (errno == ENOENT || errno == ENOTDIR)
        *exists = false;
    else
        return disk_fail(error, "look at", path, errno);
    return true;
}

bool disk_same_bytes(const char *path, uint64_t size, const char *sha256, bool *same, GError **error)
{
    struct stat st;
    bool there = lstat(path, &st) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR)
        return disk_fail(error, "look at", path, errno);
    there = there && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
    char hex[DIGEST_HEX_SIZE] = "";
    if (there && !digest_file(path, hex, NULL, error))
        return false;
    *same = there && sha256 != NULL && strcmp(hex, sha256) == 0;
    return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **disk_names(const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &cause);
    if (dir == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s", cause->message);
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new();
    errno = 0; /* g_dir_read_name tells an error from the end by errno alone */
    for (const char *name; (name = g_dir_read_name(dir)) != NULL; errno = 0)
        g_ptr_array_add(names, g_strdup(name));
    int errnum = errno;
    g_ptr_array_sort(names, by_name);
    g_ptr_array_add(names, NULL);
    char **list = (char **)g_ptr_array_free(names, FALSE);
    if (errnum == 0)
        return list;
    g_strfreev(list);
    (void)disk_fail(error, "list", path, errnum);
    return NULL;
}

bool disk_free_bytes(const char *path, uint64_t *bytes, GError **error)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0)
        return disk_fail(error, "ask for the free space at", path, errno);
    *bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
    return true;
}

bool disk_room(const char *path, struct disk_room *room, GError **error)
{
    struct statvfs fs;
    struct stat st;
    if (statvfs(path, &fs) != 0 || stat(path, &st) != 0)
        return disk_fail(error, "ask for the free space at", path, errno);
    room->bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
    room->names = fs.f_files != 0 ? (uint64_t)fs.f_favail : UINT64_MAX;
    room->device = (uint64_t)st.st_dev;
    return true;
}

char *disk_mount_point(const char *path)
{
    g_autofree char *at = g_canonicalize_filename(path, NULL);
    struct stat here, above;
    bool known = stat(at, &here) == 0; /* a file that could not be made does not exist; its folder does */
    while (at[1] != '\0') {
        g_autofree char *parent = g_path_get_dirname(at);
        bool there = stat(parent, &above) == 0;
        if (known && (!there || above.st_dev != here.st_dev))
            break;
        known = known || there;
        here = there ? above : here;
        g_free(g_steal_pointer(&at));
        at = g_steal_pointer(&parent);
    }
    return g_steal_pointer(&at);
}

/* Linux 5.8 is the first whose syncfs tells of writes that failed. */
static bool kernel_tells(void)
{
    struct utsname name;
    unsigned major = 0, minor = 0;

    return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
           (major > 5 || (major == 5 && minor >= 8));
}

/* The kernel keeps a failed write with the file system whose pages were lost, and syncfs asks the one that it is called
 * on. overlayfs passes syncfs on to the file system below it, but does not pass failed writes back (before Linux 4.16
 * not even the call; mounted `volatile` it does nothing); ecryptfs passes nothing on. So only those count that have
 * their own pages and were looked at; ZFS, bcachefs, FUSE, NFS and the others are synced file by file. */
static bool tells_all(const struct statfs *fs)
{
    /* ext2 to ext4, XFS, Btrfs, tmpfs, ramfs: from <linux/magic.h>. */
    static const uint32_t magics[] = {0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6};
    bool found = false;

    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
        found = found || (uint32_t)fs->f_type == magics[i];
    return found && kernel_tells();
}

bool disk_fs_can_sync(const char *path)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && tells_all(&fs);
}

bool disk_fs_can_sync_file(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && tells_all(&fs);
}

/* A line of mountinfo (proc(5)): "36 35 0:28 / /spool rw - overlay overlay rw,lowerdir=…,volatile", with
 * "fsync=volatile" from newer kernels. */
bool disk_is_volatile(const char *path)
{
    g_autofree char *text = NULL;
    struct stat st;

    if (stat(path, &st) != 0 || !g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL))
        return false;
    g_autofree char *device = g_strdup_printf(" %u:%u ", major(st.st_dev), minor(st.st_dev));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    bool found = false;
    for (char **line = lines; *line != NULL && !found; line++) {
        const char *options = strstr(*line, " - overlay ");
        found = options != NULL && strstr(*line, device) != NULL &&
                (strstr(options, ",volatile") != NULL || strstr(options, ",fsync=volatile") != NULL);
    }
    return found;
}

bool disk_is_memory(const char *path)
{
    enum { TMPFS = 0x01021994, RAMFS = 0x858458f6 }; /* <linux/magic.h> */
    struct statfs fs;

    return statfs(path, &fs) == 0 && ((uint32_t)fs.f_type == TMPFS || (uint32_t)fs.f_type == (uint32_t)RAMFS);
}

bool disk_is_network_fs(const char *path, bool *network, GError **error)
{
    /* NFS, SMB, SMB2, CIFS, AFS, AFS of Linux, Coda, NCP, Ceph, 9P: from <linux/magic.h> and statfs(2). */
    static const uint32_t magics[] = {0x6969,     0x517b,     0xfe534d42, 0xff534d42, 0x5346414f,
                                      0x6b414653, 0x73757245, 0x564c,     0x00c36400, 0x01021997};
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return disk_fail(error, "ask for the file system of", path, errno);
    bool found = false;
    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
        found = found || (uint32_t)fs.f_type == magics[i];
    *network = found;
    return true;
}
