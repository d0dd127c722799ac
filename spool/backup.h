/*
 * A backup: a folder with a copy of the ledger, the jobs' folders, operators' orders and the configuration.
 *
 *   <dir>/BACKUP         a key file: whose ledger it is, its generation, when it was copied, how much there is
 *   <dir>/MANIFEST       every other file with its SHA-256 (manifest.h); BACKUP has the digest of MANIFEST itself
 *   <dir>/ledger.sqlite
 *   <dir>/spool/…        as in the spool
 *   <dir>/ecosgate.conf  for people; a restore does not use it
 *
 *     backup_begin → (backup_copy, backup_add, backup_job, backup_order)* in the order of MANIFEST
 *         → backup_finish → backup_free
 *
 * Everything is written to <dir>.part, synced at once and renamed: a backup is whole if it has its name. backup_free
 * without backup_finish before it removes <dir>.part; a kill leaves it, and the next backup_begin removes it.
 *
 * Files of a job may be packed or made plain while they are copied, and the job may move: each file is taken in the
 * form that it has when it is looked at. Nothing is removed for good meanwhile (backup_lock.h).
 *
 * A file of the source that cannot be read, is missing or is not what the ledger says is a fault: it is reported, and
 * the backup goes on, because the rest may be all that can be saved. Errors are those of disk.h and end the backup.
 *
 * A backup links files (`link`) instead of copying them if it is told so. That is possible because no file in the spool
 * is changed in place: each gets its name by a rename (disk_file_publish, disk_file_place). The two exceptions are the
 * ledger, which is always copied, and `.crashes`, which is not part of a backup. What is linked is the file whose bytes
 * were read, even if another file has its name by then.
 */
#ifndef ECOSGATE_SPOOL_BACKUP_H
#define ECOSGATE_SPOOL_BACKUP_H

#include "spool/job.h"
#include "spool/manifest.h"

/* What BACKUP says. */
struct backup_facts {
    char *ledger;       /* the ledger's id */
    int64_t generation; /* of its writer */
    char *time;         /* of the moment that was copied, UTC */
    char *host;
    char *version;  /* of the program */
    int64_t jobs;   /* folders of jobs */
    int64_t files;  /* lines of MANIFEST */
    int64_t bytes;  /* of these files */
    int64_t faults; /* files of the source that were missing, unreadable or damaged */
    char manifest[DIGEST_HEX_SIZE];
};

/* Frees the texts, not the struct. */
void backup_facts_clear(struct backup_facts *facts);
/* Reads BACKUP of a backup's folder. SPOOL_ERROR_CORRUPT if it is not whole, SPOOL_ERROR_RETRY if it cannot be read. */
bool backup_facts_read(const char *dir, struct backup_facts *facts, GError **error);

struct backup;
typedef struct backup backup_t;

/* A fault of the source, as one line of text. */
typedef void (*backup_fault_fn)(void *user, const char *text);

struct backup_options {
    bool link;                 /* do not copy the files of jobs and orders */
    const volatile bool *stop; /* when it becomes true, the next call fails; may be NULL */
    backup_fault_fn fault;
    void *user;
};

/* Makes <dir>.part and in it the folders of a spool. SPOOL_ERROR_EXISTS if dir exists, or if <dir>.part holds anything
 * that is not of a backup. */
struct backup *backup_begin(const char *dir, const struct backup_options *options, GError **error);
/* The path of a file or folder of the unfinished backup; g_free. */
char *backup_path(const struct backup *backup, const char *relative);
/* The facts, to be set before backup_finish: ledger, generation, time, version. The others are set here. */
struct backup_facts *backup_facts(struct backup *backup);

/* Counts a fault and reports it. */
void backup_fault(struct backup *backup, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Copies one file from outside the spool, or of the spool's own folder. A missing one is a fault. */
bool backup_copy(struct backup *backup, const char *from, const char *relative, GError **error);
/* Adds a file that stands at backup_path already, and need not be synced. */
bool backup_add(struct backup *backup, const char *relative, GError **error);
/* Copies an order; one that is gone by now was carried out, and is no fault. */
bool backup_order(struct backup *backup, const struct spool *spool, const char *name, GError **error);

/* Where a job stood in the moment that is copied. */
struct backup_place {
    int64_t id;
    enum job_state state;
};

/* A file that the ledger knows of a job. */
struct backup_wanted {
    const char *name;
    const char *sha256; /* NULL: the ledger does not say */
};

/* Copies the folder of a job into the state in which it was seen, wherever it stands now. wanted: struct backup_wanted
 * of its files, in the order of their names; files that came into the folder later are left out. wanted NULL: the
 * ledger does not know the job, and all its files are copied. */
bool backup_job(struct backup *backup, const struct spool *spool, const struct backup_place *place, GPtrArray *wanted,
                GError **error);

/* Writes MANIFEST and BACKUP, makes everything durable and gives the backup its name. */
bool backup_finish(struct backup *backup, GError **error);
/* NULL is allowed. */
void backup_free(struct backup *backup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(backup_t, backup_free)

#endif
