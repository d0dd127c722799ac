/*
 * What a power cut would take: the changes of all machines' disks that are not synced, each with what it replaced. It
 * stands in memory that the processes share, because the process that made a change may be killed before the cut.
 *
 * A file or folder that loses its last name is kept in the folder `grave` of the run, under the number of its inode,
 * until that loss is synced. Paths are absolute or "": then a call does nothing. Nothing is kept before power_record.
 *
 * The simulator itself acts for partners: what it does to a name or file makes that durable.
 */
#ifndef ECOSGATE_TESTS_SIM_POWER_LOG_H
#define ECOSGATE_TESTS_SIM_POWER_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { POWER_NAME = 256 };

/* A change. Of a rename there are two, with the same `pair`. */
struct power_change {
    uint32_t size; /* of the record, with its bytes */
    int machine;
    bool live; /* not synced yet */
    bool of_name;
    uint64_t pair; /* 0: none */
    union {
        struct {
            uint64_t folder;        /* inode */
            uint64_t before, after; /* inode under that name; 0: none */
            char name[POWER_NAME];
        } name;
        struct {
            uint64_t file;                 /* inode */
            int64_t at, len;               /* what was written; len 0: it was cut to `at` bytes */
            int64_t size_before, n_before; /* of the file; bytes kept, which follow the record */
        } bytes;
    };
};

/* ---- recording, called by intercept_disk.c ---- */

/* A file or folder was made, or a file got a further name. */
void power_log_made(const char *path);
/* Before bytes are written; at < 0: where the descriptor stands. */
void power_log_write(int fd, off_t at, size_t len);
/* Before a file is cut or lengthened to that size. */
void power_log_truncate(int fd, off_t size);
/* In the place of an unlink or rmdir. True: it is done, with that result and errno. */
bool power_log_remove(const char *path, int flags, int *result);
/* Around a rename. */
struct power_rename {
    bool kept; /* it is recorded */
    const char *from, *to;
    uint64_t moved, replaced; /* inodes */
};
void power_log_rename_begin(struct power_rename *rename, const char *from, const char *to);
void power_log_rename_end(struct power_rename *rename, bool done);
/* A file's bytes, or a folder's names, are durable. */
void power_log_synced(int fd);
/* All changes of the machine are durable. */
void power_log_all_synced(void);

/* ---- for a cut ---- */

/* Visits the changes of that machine that are not synced, the oldest first. Borrowed until the next change. */
GPtrArray *power_log_changes(int machine);
/* The bytes that a change replaced. */
const char *power_log_bytes(const struct power_change *change);
/* Forgets all changes of that machine. */
void power_log_clear(int machine);
/* The path in `grave` of an inode. g_free. */
char *power_log_grave(uint64_t inode);

#endif
