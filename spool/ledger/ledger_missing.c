/* Numbers that were left out: tables job, numbering and lost_number. */
#include "spool/ledger/ledger_missing.h"

#include "spool/ledger/ledger_private.h"

#define OF(of) LEDGER_TEXT((of)->sender), LEDGER_TEXT((of)->type), LEDGER_TEXT((of)->org)

/* The numbering that counts now. An operator's order says from where; one after the end of a round begins with 1. Of
 * the first one nobody knows where it begins. */
#define CURRENT                                                                                                        \
    "c AS(SELECT ifnull(max(id),0) AS id FROM numbering WHERE sender=?1 AND type=?2 AND org=?3),"                      \
    "n AS(SELECT c.id,(SELECT number FROM numbering WHERE id=c.id) AS begins FROM c)"
/* Its numbers, and the one before each. The index job_sequence alone answers that: it has no other column. */
#define NUMBERS                                                                                                        \
    "u AS(SELECT sequence AS f,ifnull(lag(sequence)OVER(ORDER BY sequence),(SELECT begins FROM n)) AS p FROM job"      \
    " WHERE sender=?1 AND type=?2 AND numbering=(SELECT id FROM n) AND sequence>0)"
/* The first number after p that no recovery has lost. */
#define FIRST                                                                                                          \
    "max(u.p+1,ifnull((SELECT max(l.number)+1 FROM lost_number l WHERE l.sender=?1 AND l.type=?2 AND l.org=?3"         \
    " AND l.last<u.f AND l.number>=l.last AND l.newest>=(SELECT id FROM n)),0))"

static bool find_above(struct ledger *ledger, const struct ledger_file *of, struct ledger_gap *gap, GError **error)
{
    LEDGER_SQL(above, "SELECT id,received FROM job WHERE sender=?1 AND type=?2 AND sequence=?4 AND numbering="
                      "(SELECT ifnull(max(id),0) FROM numbering WHERE sender=?1 AND type=?2 AND org=?3)"
                      " ORDER BY id LIMIT 1");
    sqlite3_stmt *q = ledger_query(ledger, &above, LEDGER_VALUES(OF(of), LEDGER_INT(gap->last + 1)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    if (good && row) {
        gap->above = sqlite3_column_int64(q, 0);
        gap->since = sqlite3_column_int64(q, 1);
    }
    ledger_end(q);
    return good;
}

bool ledger_gaps(struct ledger *ledger, const struct ledger_file *of, int64_t most, GArray **gaps, GError **error)
{
    LEDGER_SQL(find, "WITH " CURRENT "," NUMBERS "SELECT " FIRST ",f-1 FROM u WHERE f>p+1 AND f-p-1<=?4 AND " FIRST
                     "<f ORDER BY f");
    sqlite3_stmt *q = ledger_query(ledger, &find, LEDGER_VALUES(OF(of), LEDGER_INT(most)), error);
    g_autoptr(GArray) found = g_array_new(FALSE, TRUE, sizeof(struct ledger_gap));
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    for (; good && row; good = ledger_row(ledger, q, &row, error)) {
        const struct ledger_gap gap = {.first = sqlite3_column_int64(q, 0), .last = sqlite3_column_int64(q, 1)};
        g_array_append_val(found, gap);
    }
    ledger_end(q);
    for (guint i = 0; good && i < found->len; i++)
        good = find_above(ledger, of, &g_array_index(found, struct ledger_gap, i), error);
    if (good)
        *gaps = g_steal_pointer(&found);
    return good;
}

/* A number of an earlier round has come before the file below the gap. */
bool ledger_gap_came(struct ledger *ledger, const struct ledger_file *of, const struct ledger_gap *gap,
                     GArray **numbers, GError **error)
{
    LEDGER_SQL(came, "SELECT DISTINCT sequence FROM job WHERE sender=?1 AND type=?2 AND numbering=-1 AND direction=0"
                     " AND sequence BETWEEN ?3 AND ?4 AND id>ifnull((SELECT min(id) FROM job WHERE sender=?1"
                     " AND type=?2 AND sequence=?3-1 AND numbering=(SELECT numbering FROM job WHERE id=?5)),0)"
                     " ORDER BY sequence");
    sqlite3_stmt *q = ledger_query(ledger, &came,
                                   LEDGER_VALUES(LEDGER_TEXT(of->sender), LEDGER_TEXT(of->type), LEDGER_INT(gap->first),
                                                 LEDGER_INT(gap->last), LEDGER_INT(gap->above)),
                                   error);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    for (; good && row; good = ledger_row(ledger, q, &row, error)) {
        int64_t number = sqlite3_column_int64(q, 0);
        g_array_append_val(found, number);
    }
    ledger_end(q);
    if (good)
        *numbers = g_steal_pointer(&found);
    return good;
}
