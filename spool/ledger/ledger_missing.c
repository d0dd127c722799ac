/* Numbers that were left out: tables job, numbering and lost_number. */
#include "spool/ledger/ledger_missing.h"

#include "spool/ledger/ledger_private.h"

#define OF(of) LEDGER_TEXT((of)->sender), LEDGER_TEXT((of)->type), LEDGER_TEXT((of)->org)

/* The numbering that counts now. An operator's order says from where; one after the end of a round begins with 1. Of
 * the first one nobody knows where it begins. */
#define CURRENT                                                                                                        \
    "c AS(SELECT ifnull(max(id),0) AS id FROM numbering WHERE sender=?1 AND type=?2 AND org=?3),"                      \
    "n AS(SELECT c.id,(SELECT number FROM numbering WHERE id=c.id) AS begins FROM c)"
#define OF_CURRENT "sender=?1 AND type=?2 AND numbering=(SELECT id FROM n)"
/* Its numbers from ?5 on, and the one before each. The index job_sequence alone answers that. */
#define NUMBERS                                                                                                        \
    "u AS(SELECT sequence AS f,ifnull(lag(sequence)OVER(ORDER BY sequence),ifnull((SELECT max(sequence) FROM job"      \
    " WHERE " OF_CURRENT " AND sequence>0 AND sequence<?5),(SELECT begins FROM n))) AS p FROM job WHERE " OF_CURRENT   \
    " AND sequence>=max(?5,1))"
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

/* ---- what has changed ---- */

/* All that were asked for and whose name begins so: no more than there are senders and types. */
static void lower(struct ledger *ledger, const char *beginning, int64_t number)
{
    GHashTableIter iter;
    gpointer name, lowest;

    g_hash_table_iter_init(&iter, ledger->numbers);
    while (g_hash_table_iter_next(&iter, &name, &lowest))
        if (g_str_has_prefix(name, beginning))
            *(int64_t *)lowest = MIN(*(int64_t *)lowest, number);
}

void ledger_number_changes(struct ledger *ledger, const char *sender, const char *type, int64_t number)
{
    if (sender == NULL || type == NULL || number <= 0)
        return; /* a file without a number */
    g_autofree char *beginning = g_strdup_printf("%s %s ", sender, type);
    lower(ledger, beginning, number);
}

void ledger_numberings_change(struct ledger *ledger)
{
    lower(ledger, "", 0);
}

bool ledger_number_of_job_changes(struct ledger *ledger, int64_t job, GError **error)
{
    LEDGER_SQL(find, "SELECT sender,type,sequence FROM job WHERE id=? AND sender IS NOT NULL AND type IS NOT NULL");
    sqlite3_stmt *q = ledger_query(ledger, &find, LEDGER_VALUES(LEDGER_INT(job)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    if (good && row)
        ledger_number_changes(ledger, (const char *)sqlite3_column_text(q, 0), (const char *)sqlite3_column_text(q, 1),
                              sqlite3_column_int64(q, 2));
    ledger_end(q);
    return good;
}

int64_t ledger_numbers_changed(struct ledger *ledger, const struct ledger_file *of)
{
    g_autofree char *name = g_strdup_printf("%s %s %s", of->sender, of->type, of->org);
    int64_t *known = g_hash_table_lookup(ledger->numbers, name), lowest = known != NULL ? *known : 0;

    if (known == NULL) {
        known = g_new(int64_t, 1);
        g_hash_table_insert(ledger->numbers, g_steal_pointer(&name), known);
    }
    *known = INT64_MAX;
    return lowest;
}

/* ---- gaps ---- */

bool ledger_number_highest(struct ledger *ledger, const struct ledger_file *of, int64_t *number, GError **error)
{
    LEDGER_SQL(highest, "WITH " CURRENT "SELECT max(sequence) FROM job WHERE " OF_CURRENT);
    return ledger_number(ledger, ledger_query(ledger, &highest, LEDGER_VALUES(OF(of)), error), number, error);
}

bool ledger_gaps(struct ledger *ledger, const struct ledger_file *of, const struct ledger_gap_range *range,
                 GArray **gaps, GError **error)
{
    LEDGER_SQL(find, "WITH " CURRENT "," NUMBERS "SELECT " FIRST ",f-1 FROM u WHERE f>p+1 AND f-p-1<=?4 AND " FIRST
                     "<f ORDER BY f");
    sqlite3_stmt *q =
        ledger_query(ledger, &find, LEDGER_VALUES(OF(of), LEDGER_INT(range->most), LEDGER_INT(range->from)), error);
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
