/*
 * The spool on disk. A job is the folder <spool>/<state>/<id>, and the state folder that it stands in is its state: a
 * job changes its state by one rename. In done/, which has most jobs, a folder between the two has 1000 ids. How an
 * inbound file becomes a job: custody.h.
 *
 *     spool_open → spool_lock (only the one writer) → job_find, job_list, job_move … → spool_close
 *
 * An id is an int64_t from 1 to 18 digits, printed as at least 8. "A job's file" is any file in its folder: the payload
 * and the envelope of an inbound job, the answers to it, the files of a job of our own. A path is built only from a
 * state, an id and a file name that job_file_is_safe accepts, so that no name from outside can leave the spool.
 *
 * Errors are those of disk.h, unless a comment says more.
 */
#ifndef ECOSGATE_SPOOL_JOB_H
#define ECOSGATE_SPOOL_JOB_H

#include "spool/disk.h"

/* What a job in each state is: spool/README.md. */
enum job_state {
    JOB_INCOMING,
    JOB_READY,
    JOB_ACTIVE,
    JOB_HELD,
    JOB_DONE,
    JOB_REJECTED,
    JOB_CORRUPT,
    JOB_STATE_COUNT,
    JOB_NOWHERE = JOB_STATE_COUNT /* no state has a folder of that id */
};

#define JOB_ID_SIZE 20 /* the longest printed id and its NUL */

/* The files of an inbound job that are not answers (custody.h). */
#define JOB_PAYLOAD "payload"
#define JOB_ENVELOPE "envelope"
#define JOB_SIGNATURE "signature.p7s" /* only of a file that came with one */

/* ---- names ---- */

/* The folder of a state, "incoming" …; NULL for a number that is no state. */
const char *job_state_name(enum job_state state);

/* Sets *state to the state with that folder. False, and *state unchanged, when there is none. */
bool job_state_parse(const char *name, enum job_state *state);

/* Prints an id as its folder is named: "00000012". */
void job_id_print(int64_t id, char text[JOB_ID_SIZE]);

/* Reads 1 to 18 digits and nothing else, at least 1: "12" and "00000012" are the same. False leaves *id unchanged. */
bool job_id_parse(const char *text, int64_t *id);

/* Whether a job's file may have that name: 1 to 200 printable characters of ASCII, as the templates of a profile may
 * give them (formats/name/name_grammar.h): no blank, no '/', no '\', no '.' at the beginning. */
bool job_file_is_safe(const char *name);

/* ---- the spool ---- */

struct spool;
typedef struct spool spool_t;

/* Makes the spool's folders; those that exist are kept. */
bool spool_create(const char *dir, GError **error);

/* Opens the spool for reading; takes no lock. NULL with SPOOL_ERROR_RETRY when one of its folders is missing. */
struct spool *spool_open(const char *dir, GError **error);

/* In the spool's folder while the writer waits for a backup (freeze.h). */
#define SPOOL_FROZEN "frozen"
/* In the spool's folder: the id of the ledger that it belongs to. */
#define SPOOL_LEDGER_ID "ledger-id"
/* In the spool's folder while a restore is under way (restore.h). */
#define SPOOL_RESTORING "restoring"

/* Makes this process the one writer until spool_close; SPOOL_ERROR_LOCKED when another process is. It then syncs the
 * folders of all states: what job_find and job_list return afterwards survives a power failure. And it removes
 * `frozen`, which a writer that was killed has left. */
bool spool_lock(struct spool *spool, GError **error);

/* *pid: the writer's; 0 when there is none, -1 when it is not known. Takes no lock. */
bool spool_writer(const struct spool *spool, int64_t *pid, GError **error);

/* Gives up the lock and frees the spool. NULL is allowed. */
void spool_close(struct spool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(spool_t, spool_close)

/* The spool's own folder; borrowed from spool. */
const char *spool_dir(const struct spool *spool);

/* The folder "orders" of the spool, for operators' orders; borrowed from spool. */
const char *spool_orders_dir(const struct spool *spool);

/* ---- jobs ---- */

/* The job's folder, or a file in it when file is not NULL, where it stands or would stand: "<spool>/ready/00012345",
 * "<spool>/done/00012xxx/00012345/payload"; g_free. NULL when the state, the id
 * or the file's name is not acceptable. */
char *job_path(const struct spool *spool, enum job_state state, int64_t id, const char *file);

/* *state: where the job is, JOB_NOWHERE when it is in no state. SPOOL_ERROR_CORRUPT when it is in two. */
bool job_find(const struct spool *spool, int64_t id, enum job_state *state, GError **error);

/* How many ids share a subfolder of done/. */
enum { JOB_SUBFOLDER_JOBS = 1000 };
/* Whether a subfolder of done/ may have that name: "00012xxx" has the jobs 12000 to 12999. */
bool job_subfolder_is(const char *name);
/* The ids (int64_t) of jobs that stand in done/ itself, as releases before the subfolders left them; g_array_unref. */
GArray *job_list_flat(const struct spool *spool, GError **error);
/* Moves such a job into its subfolder. One that is gone from there is no error. SPOOL_ERROR_EXISTS if there is another
 * folder of that id. */
bool job_spread(const struct spool *spool, int64_t id, GError **error);

/* The ids (int64_t) in a state, ascending; g_array_unref. Names that no job can have are left out. */
GArray *job_list(const struct spool *spool, enum job_state state, GError **error);
/* *id: the highest of them; 0: there is none. Of the subfolders of done/ it lists only the highest that has a job. */
bool job_newest(const struct spool *spool, enum job_state state, int64_t *id, GError **error);

/* The names of a job's files, sorted, without temporary files; g_strfreev. */
char **job_files(const struct spool *spool, enum job_state state, int64_t id, GError **error);

/* Makes the folder of a job of our own (a work order, a report …); one that exists is kept. */
bool job_make(enum step step, const struct spool *spool, enum job_state state, int64_t id, GError **error);

/* The same without a sync: for folders that do not count before disk_fs_sync made them durable. */
bool job_make_unsynced(enum step step, const struct spool *spool, enum job_state state, int64_t id, GError **error);

/* A change of a job's state, with its crash point. */
struct job_move {
    enum step step;
    enum job_state from, to;
};

/* Moves a job by one rename. SPOOL_ERROR_EXISTS when the state `to` has that id already. */
bool job_move(const struct spool *spool, int64_t id, const struct job_move *move, GError **error);

/* The same without a sync: until job_sync_moves a power cut may put the job back into the state `from`. */
bool job_move_unsynced(const struct spool *spool, int64_t id, const struct job_move *move, GError **error);
/* Makes such moves durable; not those into done/, which has subfolders. */
bool job_sync_moves(const struct spool *spool, const struct job_move *move, GError **error);

/* Moves n jobs: a rename each and one sync for all. Stops at the first error; the jobs before it may have moved. */
bool job_move_all(const struct spool *spool, const int64_t *ids, size_t n, const struct job_move *move, GError **error);

/* Removes a folder of incoming/ that has no row in the ledger, with its files. One that is gone is no error. */
bool job_drop(enum step step, const struct spool *spool, int64_t id, GError **error);

#endif
