/*
 * Transactions of the writer: alone, or several in one commit (a group), each with one savepoint.
 *
 * While a savepoint of SQLite is set, SQLite writes each page to a temporary file as it was, before the page is changed
 * for the first time. A DELTA of the inventory changes nearly all pages of a table: a third of what it wrote was that.
 * So ledger_begin_grouped and ledger_savepoint set none where a ROLLBACK of the whole transaction does the same: for
 * the first transaction of a group, and while the transaction has changed nothing. A large file comes first in its
 * group and has both. Between ROLLBACK and the next BEGIN nobody else writes: a home has one writer.
 */
#include "spool/ledger/ledger_private.h"

#include <string.h>

bool ledger_writing(struct ledger *ledger, GError **error)
{
    if (ledger->writer && sqlite3_get_autocommit(ledger->db) == 0 && (!ledger->group || ledger->member))
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "ledger: a change outside a transaction");
    return false;
}

/* What the connection remembers of the tables is wrong once rows were rolled back. */
static void forget(struct ledger *ledger)
{
    ledger->next_item = 0;
    ledger->recent_batch.items = 0;
    ledger_pending_forget(ledger);
    ledger_walk_end(ledger);
    ledger->new_subject[0] = ledger->old_subject[0] = '\0';
    ledger->has_free_device = ledger->has_new_device = false;
    ledger->device_incidents = LEDGER_INCIDENTS_UNKNOWN;
    ledger_inventory_party_forget(ledger);
}

void ledger_listen(struct ledger *ledger, ledger_listener *listener)
{
    ledger->listener = listener;
}

/* Tells the listener, if the call before was good. Returns that. */
static bool tell(const struct ledger *ledger, bool good, enum ledger_moment moment)
{
    if (good && ledger->listener != NULL)
        ledger->listener(moment);
    return good;
}

/* What each transaction begins with. */
static bool begin(struct ledger *ledger, const char *sql, GError **error)
{
    forget(ledger);
    memset(ledger->counted, 0, sizeof ledger->counted);
    ledger->savepoint = false;
    ledger->rows_begun = sqlite3_total_changes64(ledger->db);
    return tell(ledger, ledger_execute(ledger, sql, error), LEDGER_BEGUN);
}

/* IMMEDIATE: a transaction that reads first and writes later would fail with BUSY whatever the timeout. */
#define BEGIN "BEGIN IMMEDIATE"

bool ledger_begin(struct ledger *ledger, GError **error)
{
    return ledger_settle(ledger, error) && begin(ledger, BEGIN, error);
}

/* Some errors (a full disk, one that fails) have SQLite roll back all, the transactions of the group before this one
 * too. */
static bool group_stands(struct ledger *ledger, GError **error)
{
    if (sqlite3_get_autocommit(ledger->db) == 0)
        return true;
    ledger->group = ledger->member = ledger->alone = false;
    ledger_rollback(ledger);
    (void)tell(ledger, true, LEDGER_GROUP_LOST);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "ledger %s: an error before this has undone a group of changes",
                ledger_path(ledger));
    return false;
}

bool ledger_begin_grouped(struct ledger *ledger, GError **error)
{
    if (ledger->group && !group_stands(ledger, error))
        return false;
    ledger->alone = !ledger->group;
    ledger->member = begin(ledger, ledger->alone ? BEGIN : "SAVEPOINT member", error);
    ledger->group |= ledger->member;
    return ledger->member;
}

/* SQLite has rolled back itself if the statement fails. */
static void undo(const struct ledger *ledger, const char *sql)
{
    if (sqlite3_get_autocommit(ledger->db) == 0)
        (void)sqlite3_exec(ledger->db, sql, NULL, NULL, NULL);
}

void ledger_rollback(struct ledger *ledger)
{
    if (ledger->group && !ledger->member)
        return;
    forget(ledger);
    ledger->undone++;
    ledger->chain.n = 0;
    memset(ledger->counted, 0, sizeof ledger->counted);
    ledger->savepoint = false;
    bool among = ledger->member && !ledger->alone;
    undo(ledger, among ? "ROLLBACK TO member;RELEASE member" : "ROLLBACK");
    ledger->group = among;
    ledger->member = ledger->alone = false;
    (void)tell(ledger, true, LEDGER_ROLLED_BACK);
}

/*
 * After a COMMIT that failed, for instance in its sync. Its frames may stand whole in the WAL: who opens the ledger
 * next would take them for committed, while this connection does not see them. A transaction that changes nothing
 * (it sets the application id to what it is) overwrites them. Where that fails too, only opening the ledger again shows
 * what holds. After FULL and BUSY there is nothing to overwrite: the frame that commits was not written.
 */
static void overwrite_failed_commit(struct ledger *ledger)
{
    int code = sqlite3_errcode(ledger->db) & 0xff;
    ledger_rollback(ledger);
    if (code == SQLITE_FULL || code == SQLITE_BUSY)
        return;
    ledger->unknown = sqlite3_exec(ledger->db, "BEGIN IMMEDIATE;PRAGMA application_id=" LEDGER_APPLICATION_ID ";COMMIT",
                                   NULL, NULL, NULL) != SQLITE_OK;
    ledger_rollback(ledger);
}

/* At the crash point `step`. */
static bool commit(enum step step, struct ledger *ledger, GError **error)
{
    step_before(step);
    if (!ledger_execute(ledger, "COMMIT", error)) {
        overwrite_failed_commit(ledger);
        return false;
    }
    step_after(step);
    return tell(ledger, true, LEDGER_COMMITTED);
}

static bool join(enum step step, struct ledger *ledger, GError **error)
{
    step_before(step);
    if (!ledger->alone && !ledger_execute(ledger, "RELEASE member", error)) {
        ledger_rollback(ledger);
        return false;
    }
    ledger->member = ledger->alone = false;
    step_after(step);
    return tell(ledger, true, LEDGER_JOINED);
}

bool ledger_commit(enum step step, struct ledger *ledger, GError **error)
{
    if (!ledger_writing(ledger, error))
        return false;
    if (!ledger_pending_store(ledger, error) || !ledger_count_store(ledger, error)) {
        ledger_rollback(ledger);
        return false;
    }
    return (ledger->member ? join : commit)(step, ledger, error);
}

bool ledger_settle(struct ledger *ledger, GError **error)
{
    if (!ledger->group)
        return true;
    if (!group_stands(ledger, error))
        return false;
    ledger->group = false;
    if (commit(STEP_GROUP_COMMITTED, ledger, error))
        return true;
    (void)tell(ledger, true, LEDGER_GROUP_LOST);
    return false;
}

bool ledger_savepoint(struct ledger *ledger, GError **error)
{
    if (!ledger_writing(ledger, error))
        return false;
    if (ledger->savepoint) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "ledger: a savepoint within a savepoint");
        return false;
    }
    if (!ledger_pending_store(ledger, error))
        return false;
    memcpy(ledger->counted_before, ledger->counted, sizeof ledger->counted);
    ledger->whole =
        (!ledger->member || ledger->alone) && ledger->rows_begun == (int64_t)sqlite3_total_changes64(ledger->db);
    ledger->savepoint = ledger->whole || ledger_execute(ledger, "SAVEPOINT work", error);
    return tell(ledger, ledger->savepoint, LEDGER_SAVEPOINT);
}

bool ledger_release(struct ledger *ledger, GError **error)
{
    ledger->savepoint = false;
    return ledger_writing(ledger, error) && (ledger->whole || ledger_execute(ledger, "RELEASE work", error));
}

bool ledger_roll_back_to(struct ledger *ledger, GError **error)
{
    forget(ledger);
    ledger->chain.n = 0;
    memcpy(ledger->counted, ledger->counted_before, sizeof ledger->counted);
    return ledger_writing(ledger, error) &&
           tell(ledger, ledger_execute(ledger, ledger->whole ? "ROLLBACK;" BEGIN : "ROLLBACK TO work", error),
                LEDGER_SAVEPOINT_UNDONE) &&
           ledger_release(ledger, error);
}
