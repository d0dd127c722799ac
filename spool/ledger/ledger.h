/*
 * The ledger: one SQLite database of jobs, verdicts, work items, sessions and outgoing files. It is the index and the
 * memory of the gateway; the bytes of files are in the spool.
 *
 *     ledger_make, ledger_open_writer → ledger_begin → changes → ledger_commit | ledger_rollback → … → ledger_close
 *     ledger_open_reader → questions → ledger_close
 *
 * There is one writer. Any number of readers work beside it and never block it. A function that changes rows needs a
 * transaction of ledger_begin, else it fails with SPOOL_ERROR_BUG. One thread uses a connection.
 *
 * Each subject has a header of its own, ledger_<subject>.h, with its functions in the source of that name
 * (spool/README.md lists them). These rules hold for all of them:
 *
 * - Rows go in and out as plain structs. As input their strings are borrowed for the call.
 * - A row from a `_get` function or in a GPtrArray is one block with its strings. g_free it; the array frees its own.
 * - A row given to a visitor is valid during that call only. The visitor may query and change the ledger, but not the
 *   table that is walked, and it may not start the same walk again. It returns false, with error set, to end the walk.
 * - NULL stands for "no text". Where a number can be absent, the member's comment says which value means that.
 * - Times are seconds since 1970 in UTC; 0 means none.
 * - After an error an output has no meaning; a pointer to a row that was NULL before the call is still NULL.
 *
 * Errors, for every function with a GError: SPOOL_ERROR_RETRY (disk full, busy, I/O, a newer version's ledger),
 * _CORRUPT (the database is damaged), _BUG, _EXISTS (a unique rule would be broken; nothing was changed).
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_H

#include "spool/spool_error.h"
#include "spool/step.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ledger;
typedef struct ledger ledger_t;

/* Opens a ledger, and makes it if it does not exist: for a new home. As ledger_open_writer otherwise. */
struct ledger *ledger_make(const char *path, GError **error);
/* A new ledger of no home, for a writer: SQLite keeps it in memory, what does not fit its cache in a temporary file
 * that has no name. It is gone when it is closed. */
struct ledger *ledger_make_scratch(GError **error);
/* What it takes to bring the tables of a ledger to this release's version. */
struct ledger_upgrade {
    int64_t from, to;
    uint64_t size;    /* bytes of the ledger and its WAL */
    uint64_t room;    /* bytes that are needed beside it at most, by measurement */
    uint64_t free;    /* bytes that its file system has */
    uint64_t seconds; /* on a slow disk */
};
typedef void ledger_upgrade_tell(const struct ledger_upgrade *upgrade);

/* Opens an existing ledger and brings its tables to this release's version. NULL on an error, which a network file
 * system (SPOOL_ERROR_RETRY) is too. SPOOL_ERROR_MISSING if there is no file, or an empty one, or one without tables:
 * a new ledger under a spool with jobs would give out their numbers again. Tables of an older version: `tell` gets to
 * know before the first change; less room on the disk than that needs is SPOOL_ERROR_RETRY, and nothing is changed. */
struct ledger *ledger_open_writer(const char *path, ledger_upgrade_tell *tell, GError **error);
/* False if the file that was opened no longer stands at its path: it was removed, or another one took its place. What
 * is committed to it would be lost. */
bool ledger_in_place(const struct ledger *ledger);
/* Opens an existing ledger for questions, also without its WAL files and in a folder without write permission. NULL on
 * an error, which another version than this release's (SPOOL_ERROR_RETRY) is too. SPOOL_ERROR_MISSING as above. */
struct ledger *ledger_open_reader(const char *path, GError **error);
/* A second connection to a writer's ledger, for questions of another thread: until it is closed it shows the ledger as
 * it is now, whatever the writer commits. Not within a transaction of the writer. When *stop becomes true, a question
 * under way ends with SPOOL_ERROR_RETRY. While it is open, the WAL keeps all that the writer commits and only grows.
 * NULL on an error. */
struct ledger *ledger_open_snapshot(const struct ledger *writer, const volatile bool *stop, GError **error);
/* From another thread than that of the snapshot: a question under way ends with SPOOL_ERROR_RETRY, also where SQLite
 * does not look at *stop for long, as in a check of pages. A question that begins afterwards does not. */
void ledger_snapshot_interrupt(struct ledger *snapshot);
/* Rolls back an open transaction and frees the ledger. NULL is allowed. */
void ledger_close(struct ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ledger_t, ledger_close)

/* Begins a transaction, after ledger_settle; waits up to 10 seconds for another process that writes. */
bool ledger_begin(struct ledger *ledger, GError **error);
/* Begins a transaction of a group: those of a group share one commit of SQLite and its sync. This connection sees at
 * once what they have changed, others see it after ledger_settle. A stop, or a commit that fails, undoes the whole
 * group; ledger_rollback undoes the one that is open. */
bool ledger_begin_grouped(struct ledger *ledger, GError **error);
/* Commits the group durably: before anything outside of the ledger depends on it. Without a group it does nothing. Not
 * within a transaction. False, as of ledger_commit: the whole group is undone. */
bool ledger_settle(struct ledger *ledger, GError **error);
/* Commits at the crash point `step`: durably, or into the group. False: nothing is committed. If that cannot be made
 * sure, this and every later call fails with SPOOL_ERROR_RETRY until the ledger is closed and opened again; it may then
 * hold the changes. */
bool ledger_commit(enum step step, struct ledger *ledger, GError **error);
/* Undoes the transaction. Without one it does nothing. */
void ledger_rollback(struct ledger *ledger);
/* Sets the one savepoint that a transaction may have. SPOOL_ERROR_BUG if one is set. */
bool ledger_savepoint(struct ledger *ledger, GError **error);
/* Keeps the changes since the savepoint and removes it. */
bool ledger_release(struct ledger *ledger, GError **error);
/* Undoes the changes since the savepoint and removes it. */
bool ledger_roll_back_to(struct ledger *ledger, GError **error);

/* From now on, what is read outside of transactions is of one moment, until the next transaction: then of the moment
 * after it. For a pass of the writer: SQLite takes and gives back locks once, and not for each question. For a reader
 * whose answers have to fit together. */
void ledger_look_begin(struct ledger *ledger);
/* Ends that. Without ledger_look_begin it does nothing. */
void ledger_look_end(struct ledger *ledger);

/* What has happened to a transaction. */
enum ledger_moment {
    LEDGER_BEGUN,
    LEDGER_SAVEPOINT,        /* the savepoint is set */
    LEDGER_SAVEPOINT_UNDONE, /* the changes since then are undone */
    LEDGER_ROLLED_BACK,      /* by us, by SQLite, or because the commit failed */
    LEDGER_JOINED,           /* committed into its group */
    LEDGER_GROUP_LOST,       /* what had joined the group is undone */
    LEDGER_COMMITTED,        /* with all that had joined its group */
};
typedef void ledger_listener(enum ledger_moment moment);
/* From now on the listener is called at each of them. NULL: nobody listens. */
void ledger_listen(struct ledger *ledger, ledger_listener *listener);

/* Moves the WAL into the database as far as readers allow. For the writer, at the end of a pass. */
bool ledger_checkpoint(struct ledger *ledger, GError **error);

/* The version of SQLite that is loaded, "3.40.1". */
const char *ledger_engine_version(void);

/* How many rows this connection has changed, and how many transactions it has rolled back: it differs if a row has
 * changed in between. */
int64_t ledger_changes(const struct ledger *ledger);

enum { LEDGER_SEQUENCE_MAX = 999999 /* six digits, in names of files */ };

/* Adds 1 to a named counter and gives out the result: 1 the first time. */
bool ledger_counter_next(struct ledger *ledger, const char *name, int64_t *value, GError **error);
/* The next sequence number of the gateway's own files of that kind: 1 to 999999, then 1 again. Its counter goes on. */
bool ledger_counter_next_sequence(struct ledger *ledger, const char *kind, int64_t *sequence, GError **error);
/* Adds n to a named counter, which starts at 0. */
bool ledger_counter_add(struct ledger *ledger, const char *name, int64_t n, GError **error);
/* Sets a named counter. */
bool ledger_counter_set(struct ledger *ledger, const char *name, int64_t value, GError **error);
/* The counter's value; 0 if there is none of that name. */
bool ledger_counter_get(struct ledger *ledger, const char *name, int64_t *value, GError **error);

/* The half-open interval [from, until): from <= time < until. */
struct ledger_interval {
    int64_t from, until;
};

/* A name and how many rows belong to it. Several subjects use it. */
typedef bool (*ledger_count_visit)(void *user, const char *name, int64_t n, GError **error);

#endif
