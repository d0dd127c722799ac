/*
 * A read transaction of WAL that is kept open. What the writer commits later stands in the WAL behind its end, and
 * checkpoints of the writer do not go beyond it.
 */
#include "spool/ledger/ledger_private.h"

enum { LOOK_STEPS = 100000 /* of SQLite's machine, between two looks at *stop: below a millisecond */ };

static int on_steps(void *user)
{
    const volatile bool *stop = user;

    return *stop; /* true interrupts the question */
}

/* BEGIN alone reads nothing: the first question after it settles which moment is shown. The cache is small, for what
 * is asked are scans, and the writer has a cache of its own. */
static bool settle_moment(struct ledger *ledger, GError **error)
{
    return ledger_execute(ledger, "PRAGMA cache_size=-8192;PRAGMA temp_store=FILE;PRAGMA mmap_size=0;BEGIN", error) &&
           ledger_version_current(ledger, error);
}

struct ledger *ledger_open_snapshot(const struct ledger *writer, const volatile bool *stop, GError **error)
{
    g_autoptr(ledger_t) ledger = ledger_open_at(ledger_path(writer), SQLITE_OPEN_READONLY, error);

    if (ledger == NULL)
        return NULL;
    ledger->snapshot = true;
    sqlite3_progress_handler(ledger->db, LOOK_STEPS, on_steps, (void *)stop);
    return settle_moment(ledger, error) ? g_steal_pointer(&ledger) : NULL;
}

void ledger_snapshot_interrupt(struct ledger *snapshot)
{
    sqlite3_interrupt(snapshot->db);
}
