/* What came before a file. The header says which files count, and why. */
#include "spool/ledger/ledger_earlier_files.h"

#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_recovery.h"

/* ?1 is the job of the file that is judged, `o` the other. */
#define ACCEPTED "EXISTS(SELECT 1 FROM verdict v WHERE v.job=o.id AND v.outcome<>'RJ')"
/* Of a row that says so nobody knows what its file came to (ledger_recovery.h). */
#define KNOWN "(o.reason IS NULL OR o.reason<>'" LEDGER_LOST_ENDED "')"
/* A file in a format that was not valid, or whose signature was not good, has not been read: its sender is asked for
 * the very same file, and nobody knows whether a file with a bad signature was the sender's. */
#define TIMELY                                                                                                         \
    "ifnull((SELECT code FROM verdict WHERE job=o.id ORDER BY revision DESC LIMIT 1),'') NOT IN('B115','B209')"
#define OTHERS "o.direction=0 AND o.id<>?1 AND (o.id<?1 OR " ACCEPTED ") AND " KNOWN " AND " TIMELY
#define OLDEST "SELECT min(o.id) FROM job o WHERE " OTHERS
#define SAME_SENDER_AND_TYPE " AND o.sender=?2 AND o.type=?3 AND o.org=?4"

/* The values of ?1 to ?4. */
#define ID_SENDER_AND_TYPE(self)                                                                                       \
    LEDGER_INT((self)->id), LEDGER_TEXT((self)->sender), LEDGER_TEXT((self)->type), LEDGER_TEXT((self)->org)

/* B105 and B106: the same name is compared without regard to sender and type, which the name says itself. A name that
 * says no sender, as one outside the grammar, stands for itself within its drop. */
static bool same_name(struct ledger *ledger, const struct ledger_file *self, struct ledger_duplicates *found,
                      GError **error)
{
    LEDGER_SQL(same_bytes, OLDEST " AND o.name=?2 AND(?3 IS NOT NULL OR o.drop_name=?4) AND o.sha256=?5");
    LEDGER_SQL(other_bytes, OLDEST " AND o.name=?2 AND(?3 IS NOT NULL OR o.drop_name=?4) AND o.sha256<>?5");
    struct ledger_values values =
        LEDGER_VALUES(LEDGER_INT(self->id), LEDGER_TEXT(self->name), LEDGER_TEXT(self->local ? NULL : self->type),
                      LEDGER_TEXT(self->drop), LEDGER_TEXT(self->sha256));
    return ledger_number(ledger, ledger_query(ledger, &same_bytes, values, error), &found->name_and_bytes, error) &&
           (self->again ||
            ledger_number(ledger, ledger_query(ledger, &other_bytes, values, error), &found->name_other_bytes, error));
}

bool ledger_duplicates(struct ledger *ledger, const struct ledger_file *self, struct ledger_duplicates *found,
                       GError **error)
{
    LEDGER_SQL(same_sequence, OLDEST SAME_SENDER_AND_TYPE " AND o.sequence=?5 AND o.sha256<>?6 AND o.numbering=?7"
                                                          " AND o.id>?8");
    LEDGER_SQL(same_bytes, OLDEST SAME_SENDER_AND_TYPE " AND o.sha256=?5 AND o.name<>?6"
                                                       " AND(NOT ?7 OR o.sequence=?8)");
    struct ledger_duplicates d = {0};
    if (!same_name(ledger, self, &d, error) ||
        !ledger_number(
            ledger,
            ledger_query(ledger, &same_sequence,
                         LEDGER_VALUES(ID_SENDER_AND_TYPE(self), LEDGER_INT_OR_NULL(self->sequence),
                                       LEDGER_TEXT(self->sha256), LEDGER_INT(self->numbering), LEDGER_INT(self->since)),
                         error),
            &d.sequence_other_bytes, error) ||
        !ledger_number(
            ledger,
            ledger_query(ledger, &same_bytes,
                         LEDGER_VALUES(ID_SENDER_AND_TYPE(self), LEDGER_TEXT(self->sha256), LEDGER_TEXT(self->name),
                                       LEDGER_INT(self->headless), LEDGER_INT_OR_NULL(self->sequence)),
                         error),
            &d.bytes_other_name, error))
        return false;
    *found = d;
    return true;
}

/* The pluses have SQLite find the files by the BatchId: by their sender it would walk all that he ever sent. */
bool ledger_batch_used(struct ledger *ledger, const struct ledger_file *self, const char *batch, int64_t *job,
                       GError **error)
{
    LEDGER_SQL(with_batch, OLDEST " AND +o.sender=?2 AND +o.type=?3 AND +o.org=?4"
                                  " AND o.id IN(SELECT job FROM verdict WHERE batch=?5)");
    return ledger_number(
        ledger, ledger_query(ledger, &with_batch, LEDGER_VALUES(ID_SENDER_AND_TYPE(self), LEDGER_TEXT(batch)), error),
        job, error);
}

/* Older files that a ResubmissionOf may mean. */
#define NAMED                                                                                                          \
    "SELECT min(o.id) FROM job o WHERE o.direction=0 AND o.id<?1 AND(o.drop_name=?2 OR o.sender=?3 AND o.org=?4)"      \
    " AND o.id IN(SELECT id FROM job WHERE name IN(?5,?6)"                                                             \
    " UNION ALL SELECT job FROM outgoing WHERE name=?5 AND kind='EMA')"
#define NAMED_VALUES(self, named)                                                                                      \
    LEDGER_VALUES(LEDGER_INT((self)->id), LEDGER_TEXT((self)->drop), LEDGER_TEXT((self)->sender),                      \
                  LEDGER_TEXT((self)->org), LEDGER_TEXT((named)->given), LEDGER_TEXT((named)->escaped))

/* Only the latest verdict counts: a file that was judged again and accepted needs no resubmission. */
bool ledger_rejected_file(struct ledger *ledger, const struct ledger_file *self, const struct ledger_rejected *named,
                          int64_t *job, GError **error)
{
    LEDGER_SQL(rejected, NAMED " AND(SELECT outcome FROM verdict WHERE job=o.id ORDER BY revision DESC LIMIT 1)='RJ'");
    return ledger_number(ledger, ledger_query(ledger, &rejected, NAMED_VALUES(self, named), error), job, error);
}

bool ledger_named_file(struct ledger *ledger, const struct ledger_file *self, const struct ledger_rejected *named,
                       int64_t *job, GError **error)
{
    LEDGER_SQL(any, NAMED);
    return ledger_number(ledger, ledger_query(ledger, &any, NAMED_VALUES(self, named), error), job, error);
}

bool ledger_accepted_since(struct ledger *ledger, int64_t since, int64_t *n, GError **error)
{
    LEDGER_SQL(accepted, "SELECT ifnull(sum(v.accepted),0) FROM verdict v JOIN job j ON j.id=v.job"
                         " WHERE v.judged_at>=? AND j.type='EMI'");
    return ledger_number(ledger, ledger_query(ledger, &accepted, LEDGER_VALUES(LEDGER_INT(since)), error), n, error);
}
