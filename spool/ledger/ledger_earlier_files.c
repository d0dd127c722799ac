#include "spool/ledger/ledger_earlier_files.h"

#include "spool/ledger/ledger_private.h"

#define ACCEPTED "EXISTS(SELECT 1 FROM verdict v WHERE v.job=o.id AND v.outcome<>'RJ')"
/* ?1 is the file asked about. */
#define OTHERS "o.direction=0 AND o.id<>?1 AND (o.id<?1 OR " ACCEPTED ")"
#define OLDEST "SELECT min(o.id) FROM job o WHERE " OTHERS

bool ledger_duplicates(struct ledger *ledger, const struct ledger_file *self, struct ledger_duplicates *found,
                       GError **error)
{
    struct ledger_duplicates d = {0};
    if (!ledger_number(ledger,
                       ledger_query(ledger, error, OLDEST " AND o.name=?2 AND o.sha256=?3", "itt", self->id, self->name,
                                    self->sha256),
                       &d.name_and_bytes, error) ||
        !ledger_number(ledger,
                       ledger_query(ledger, error, OLDEST " AND o.name=?2 AND o.sha256<>?3", "itt", self->id,
                                    self->name, self->sha256),
                       &d.name_other_bytes, error) ||
        !ledger_number(ledger,
                       ledger_query(ledger, error,
                                    OLDEST " AND o.sender=?2 AND o.type=?3 AND o.org=?4"
                                           " AND o.sequence=?5 AND o.sha256<>?6",
                                    "itttzt", self->id, self->sender, self->type, self->org, self->sequence,
                                    self->sha256),
                       &d.sequence_other_bytes, error) ||
        !ledger_number(ledger,
                       ledger_query(ledger, error,
                                    OLDEST " AND o.sender=?2 AND o.type=?3 AND o.org=?4"
                                           " AND o.sha256=?5 AND o.name<>?6",
                                    "ittttt", self->id, self->sender, self->type, self->org, self->sha256, self->name),
                       &d.bytes_other_name, error))
        return false;
    *found = d;
    return true;
}

bool ledger_last_sequence(struct ledger *ledger, const struct ledger_file *self, int64_t *sequence, GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "SELECT max(o.sequence) FROM job o WHERE o.direction=0 AND o.id<?1"
                                      " AND o.sender=?2 AND o.type=?3 AND o.org=?4 AND " ACCEPTED,
                                      "ittt", self->id, self->sender, self->type, self->org),
                         sequence, error);
}

bool ledger_sequence_before(struct ledger *ledger, const struct ledger_file *self, int64_t *sequence, GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "SELECT max(o.sequence) FROM job o WHERE o.direction=0 AND o.id<?1"
                                      " AND o.sender=?2 AND o.type=?3 AND o.org=?4 AND o.sequence<?5",
                                      "ittti", self->id, self->sender, self->type, self->org, self->sequence),
                         sequence, error);
}

bool ledger_batch_used(struct ledger *ledger, const struct ledger_file *self, const char *batch, int64_t *job,
                       GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error,
                                      OLDEST " AND o.sender=?2 AND o.type=?3 AND o.org=?4 AND o.id IN"
                                             "(SELECT job FROM verdict WHERE batch=?5)",
                                      "itttt", self->id, self->sender, self->type, self->org, batch),
                         job, error);
}

bool ledger_rejected_file(struct ledger *ledger, const struct ledger_file *self, const char *name, int64_t *job,
                          GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "SELECT min(o.id) FROM job o WHERE o.direction=0 AND o.id<?1"
                                      " AND o.sender=?2 AND o.org=?3 AND o.name=?4 AND"
                                      " (SELECT outcome FROM verdict WHERE job=o.id"
                                      " ORDER BY revision DESC LIMIT 1)='RJ'",
                                      "ittt", self->id, self->sender, self->org, name),
                         job, error);
}

bool ledger_accepted_since(struct ledger *ledger, int64_t since, int64_t *n, GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error,
                                      "SELECT ifnull(sum(v.accepted),0) FROM verdict v JOIN job j ON j.id=v.job"
                                      " WHERE v.judged_at>=? AND j.type='EMI'",
                                      "i", since),
                         n, error);
}
