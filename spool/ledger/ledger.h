/*
 * The ledger: one SQLite database of jobs, verdicts, work items, sessions and parts owed. It is the index
 * and the memory of the gateway; the bytes of files are in the spool.
 *
 *     ledger_open_writer → ledger_begin → changes → ledger_commit | ledger_rollback → … → ledger_close
 *     ledger_open_reader → queries → ledger_close
 *
 * One writer; any number of readers, which never block it and work without WAL files too. Every function
 * that changes rows needs a transaction of ledger_begin (else SPOOL_ERROR_BUG).
 *
 * What can be changed and asked is in a header for each subject, ledger_<subject>.h, whose functions stand in the
 * source of that name (README.md lists them). For all of them holds:
 *
 * Rows go in and out as plain structs. As input their strings are borrowed for the call. A row given out by
 * _get or in a GPtrArray is one block with its strings: g_free it (the array does). A row given to a visitor
 * is valid during that call only; a visitor that returns false, with error set, ends the visit; it may query
 * and change the ledger, but not the table walked, and may not run the same query again.
 * NULL stands for "no text"; numbers whose absence means something say so. Times are seconds UTC, 0 = none.
 *
 * Errors: SPOOL_ERROR_RETRY (disk full, busy, I/O), _CORRUPT (database damaged), _BUG, _EXISTS (unique rule
 * broken; nothing was changed), _LOCKED (a newer version's ledger is none of these: _RETRY with the text).
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

/* Makes the file when missing, brings it to this release's version. Refuses network file systems. */
struct ledger *ledger_open_writer(const char *path, GError **error);
struct ledger *ledger_open_reader(const char *path, GError **error);
/* Rolls back what was not committed. NULL is fine. */
void ledger_close(struct ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ledger_t, ledger_close)

bool ledger_begin(struct ledger *ledger, GError **error);
/* False: nothing is committed. Where that cannot be brought about, every later call fails, _RETRY, for nothing may
 * be concluded from what the ledger says: it must be closed and opened again, and may then show the transaction. */
bool ledger_commit(enum step step, struct ledger *ledger, GError **error);
/* Without a transaction it does nothing. */
void ledger_rollback(struct ledger *ledger);
/* One savepoint within a transaction. After ledger_savepoint: release keeps, roll_back_to undoes and ends it. */
bool ledger_savepoint(struct ledger *ledger, GError **error);
bool ledger_release(struct ledger *ledger, GError **error);
bool ledger_roll_back_to(struct ledger *ledger, GError **error);

/* Moves the WAL into the database as far as readers allow. Writer, at the end of a pass. */
bool ledger_checkpoint(struct ledger *ledger, GError **error);
/* The next number of a named counter, from 1. */
bool ledger_counter_next(struct ledger *ledger, const char *name, int64_t *value, GError **error);
bool ledger_counter_add(struct ledger *ledger, const char *name, int64_t n, GError **error);
/* 0 where there is none. */
bool ledger_counter_get(struct ledger *ledger, const char *name, int64_t *value, GError **error);

/* The half-open interval [from, until): from <= time < until, in seconds UTC. */
struct ledger_interval {
    int64_t from, until;
};

/* How much there is under a name: visited by several subjects. */
typedef bool (*ledger_count_visit)(void *user, const char *name, int64_t n, GError **error);

#endif
