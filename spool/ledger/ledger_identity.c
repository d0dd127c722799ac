/* The ledger's id and generation: table identity, whose column `running` is 0, RUNNING or DAMAGED. */
#include "spool/ledger/ledger_identity.h"

#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_private.h"

enum { RUNNING = 1, DAMAGED = 2 };

static void read_identity(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_identity *identity = row;
    const char *id = ledger_text(q, c);

    g_strlcpy(identity->ledger, id != NULL ? id : "", sizeof identity->ledger);
    identity->generation = sqlite3_column_int64(q, c + 1);
    identity->running = sqlite3_column_int64(q, c + 2) != 0;
    identity->damaged = sqlite3_column_int64(q, c + 2) == DAMAGED;
}

bool ledger_identity_get(struct ledger *ledger, struct ledger_identity *identity, GError **error)
{
    static const struct ledger_shape shape = {sizeof(struct ledger_identity), read_identity, NULL, 0};
    LEDGER_SQL(get, "SELECT ledger,generation,running FROM identity");
    void *row = NULL;

    if (!ledger_one(ledger, ledger_query(ledger, &get, LEDGER_NO_VALUES, error), &shape, &row, error))
        return false;
    if (row == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                    "ledger %s: its table identity is empty; restore the ledger from a backup", ledger_path(ledger));
        return false;
    }
    *identity = *(struct ledger_identity *)row;
    g_free(row);
    return true;
}

bool ledger_identity_begin_generation(struct ledger *ledger, struct ledger_identity *identity, GError **error)
{
    LEDGER_SQL(raise, "UPDATE identity SET generation=generation+1,running=max(running,?)");

    struct ledger_identity before;

    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_identity_get(ledger, &before, error) &&
        ledger_run(ledger, &raise, LEDGER_VALUES(LEDGER_INT(RUNNING)), error) &&
        ledger_identity_get(ledger, identity, error) &&
        ledger_evidence_note(ledger, "generation", identity->generation, NULL, error) &&
        ledger_commit(STEP_GENERATION_NOTED, ledger, error)) {
        identity->running = before.running;
        identity->damaged = before.damaged;
        return true;
    }
    ledger_rollback(ledger);
    return false;
}

bool ledger_identity_damaged(struct ledger *ledger, GError **error)
{
    LEDGER_SQL(set, "UPDATE identity SET running=?");

    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_INT(DAMAGED)), error) &&
        ledger_commit(STEP_RUN_ENDED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

bool ledger_identity_end(struct ledger *ledger, GError **error)
{
    LEDGER_SQL(end, "UPDATE identity SET running=0");

    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_run(ledger, &end, LEDGER_NO_VALUES, error) && ledger_commit(STEP_RUN_ENDED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* ---- numbers ---- */

/* Other counters (days, the first run) begin with a small letter and a word of their own. */
bool ledger_numbers_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error)
{
    LEDGER_SQL(numbers,
               "SELECT name,value FROM counter WHERE name>='A' AND name<'[' OR name GLOB 'accepted *'"
               " OR name GLOB 'report *' OR name IN('job','incident') UNION ALL SELECT 'job',ifnull(max(id),0) FROM job"
               " UNION ALL SELECT 'incident',ifnull(max(id),0) FROM incident");
    return ledger_counts(ledger, ledger_query(ledger, &numbers, LEDGER_NO_VALUES, error), visit, user, error);
}
