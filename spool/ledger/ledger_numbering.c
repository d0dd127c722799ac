/* Numberings of inbound files: tables numbering and job. */
#include "spool/ledger/ledger_numbering.h"

#include "spool/ledger/ledger_private.h"

/* ?1 to ?3, and their values. */
#define SENDER_AND_TYPE "sender=?1 AND type=?2 AND org=?3"
#define SENDER_AND_TYPE_OF(self) LEDGER_TEXT((self)->sender), LEDGER_TEXT((self)->type), LEDGER_TEXT((self)->org)

/* Above all numberings, also those of a ledger that was lost (ledger_recovery.h). */
#define NEXT_ID                                                                                                        \
    "(SELECT max((SELECT ifnull(max(id),0) FROM numbering),"                                                           \
    "ifnull((SELECT value FROM counter WHERE name='numbering'),0))+1)"

int64_t ledger_numbering_distance(int64_t from, int64_t to, int64_t most)
{
    return (to - from + most) % most;
}

/* The greatest number of an older accepted file, and its job. A number is accepted once in a numbering; if it is not,
 * the oldest counts. */
static bool find_last(struct ledger *ledger, const struct ledger_file *self, struct ledger_numbering *n, GError **error)
{
    LEDGER_SQL(last, "SELECT max(sequence) FROM job o WHERE " SENDER_AND_TYPE " AND numbering=?4 AND direction=0"
                     " AND id<?5 AND EXISTS(SELECT 1 FROM verdict v WHERE v.job=o.id AND v.outcome<>'RJ')");
    LEDGER_SQL(job_of, "SELECT min(id) FROM job o WHERE " SENDER_AND_TYPE " AND numbering=?4 AND direction=0"
                       " AND id<?5 AND sequence=?6 AND EXISTS(SELECT 1 FROM verdict v WHERE v.job=o.id AND"
                       " v.outcome<>'RJ')");
    int64_t sequence = 0;

    if (!ledger_number(ledger,
                       ledger_query(ledger, &last,
                                    LEDGER_VALUES(SENDER_AND_TYPE_OF(self), LEDGER_INT(n->id), LEDGER_INT(self->id)),
                                    error),
                       &sequence, error))
        return false;
    if (sequence == 0)
        return true;
    n->known = true;
    n->last = sequence;
    bool good = ledger_number(ledger,
                              ledger_query(ledger, &job_of,
                                           LEDGER_VALUES(SENDER_AND_TYPE_OF(self), LEDGER_INT(n->id),
                                                         LEDGER_INT(self->id), LEDGER_INT(sequence)),
                                           error),
                              &n->job, error);
    n->since = n->job;
    return good;
}

/* The numbers of self's sender and type that were lost with the newest ledger, and where self's number is. */
struct lost {
    bool any, inside;
    int64_t numbering, last, number;
    int64_t before; /* the last job that the recovery found */
};

static bool find_lost(struct ledger *ledger, const struct ledger_file *self, struct lost *lost, GError **error)
{
    LEDGER_SQL(newest, "SELECT numbering,last,number," LEDGER_IS_LOST(
                           "?4") ",(SELECT first_job FROM recovery r WHERE r.id=l.recovery)-1 FROM lost_number l "
                                 "WHERE " SENDER_AND_TYPE
                                 " AND newest>=(SELECT ifnull(max(id),0) FROM numbering WHERE " SENDER_AND_TYPE ")"
                                 " ORDER BY recovery DESC LIMIT 1");
    sqlite3_stmt *q =
        ledger_query(ledger, &newest, LEDGER_VALUES(SENDER_AND_TYPE_OF(self), LEDGER_INT(self->sequence)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *lost = (struct lost){.any = good && row};
    if (lost->any) {
        lost->numbering = sqlite3_column_int64(q, 0);
        lost->last = sqlite3_column_int64(q, 1);
        lost->number = sqlite3_column_int64(q, 2);
        lost->inside = self->sequence > 0 && sqlite3_column_int(q, 3) != 0;
        lost->before = sqlite3_column_int64(q, 4);
    }
    ledger_end(q);
    return good;
}

/* ?8: any order; ?9: the own number. */
#define IS_LOST_BEFORE                                                                                                 \
    LEDGER_IS_LOST("o.sequence")                                                                                       \
    " AND (?8=0 OR " LEDGER_LOST_DISTANCE("o.sequence") "<=" LEDGER_LOST_DISTANCE("?9") ")"

/* A file whose number is lost is judged like before the loss: only files count whose numbers are lost too, and the last
 * accepted number before them. With any_order only those up to its own number do. */
static bool find_among_lost(struct ledger *ledger, const struct ledger_file *self, const struct lost *lost,
                            struct ledger_numbering *n, GError **error)
{
    LEDGER_SQL(greatest, "SELECT o.id,o.sequence FROM job o JOIN lost_number l USING(sender,type,org) WHERE"
                         " o.sender=?1 AND o.type=?2 AND o.org=?3 AND o.numbering=?4 AND o.direction=0 AND o.id<?5"
                         " AND l.last=?6 AND l.number=?7 AND " IS_LOST_BEFORE
                         " AND EXISTS(SELECT 1 FROM verdict v WHERE v.job=o.id AND v.outcome<>'RJ')"
                         " ORDER BY " LEDGER_LOST_DISTANCE("o.sequence") " DESC LIMIT 1");
    sqlite3_stmt *q = ledger_query(ledger, &greatest,
                                   LEDGER_VALUES(SENDER_AND_TYPE_OF(self), LEDGER_INT(lost->numbering),
                                                 LEDGER_INT(self->id), LEDGER_INT(lost->last), LEDGER_INT(lost->number),
                                                 LEDGER_INT(self->any_order), LEDGER_INT(self->sequence)),
                                   error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *n = (struct ledger_numbering){
        .id = lost->numbering, .known = lost->last > 0, .last = lost->last, .since = lost->before};
    if (good && row) {
        n->known = true;
        n->job = n->since = sqlite3_column_int64(q, 0);
        n->last = sqlite3_column_int64(q, 1);
    }
    ledger_end(q);
    return good;
}

/* While nothing above the lost numbers was accepted, the last of them counts. Files from before the recovery came
 * before it: else a late file that follows one of them would follow the lost numbers over the end. */
static bool go_on_above_lost(struct ledger *ledger, const struct ledger_file *self, const struct lost *lost,
                             struct ledger_numbering *n, GError **error)
{
    const struct ledger_file last = {.type = self->type, .org = self->org, .sender = self->sender, .sequence = n->last};
    struct lost of_last = {0};

    if (!find_lost(ledger, &last, &of_last, error))
        return false;
    if (n->known && n->last != lost->last && !of_last.inside)
        return true;
    n->known = true;
    n->last = lost->number;
    n->job = 0;
    n->since = lost->before;
    return true;
}

bool ledger_numbering_find(struct ledger *ledger, const struct ledger_file *self, struct ledger_numbering *numbering,
                           GError **error)
{
    LEDGER_SQL(newest, "SELECT max(id) FROM numbering WHERE " SENDER_AND_TYPE " AND job<=?4");
    LEDGER_SQL(start, "SELECT number FROM numbering WHERE id=?");
    struct ledger_numbering n = {0};
    struct lost lost;

    if (!find_lost(ledger, self, &lost, error))
        return false;
    if (lost.inside)
        return find_among_lost(ledger, self, &lost, numbering, error);
    if (!ledger_number(
            ledger, ledger_query(ledger, &newest, LEDGER_VALUES(SENDER_AND_TYPE_OF(self), LEDGER_INT(self->id)), error),
            &n.id, error) ||
        !ledger_number(ledger, ledger_query(ledger, &start, LEDGER_VALUES(LEDGER_INT(n.id)), error), &n.last, error))
        return false;
    n.known = n.id != 0;
    if (!find_last(ledger, self, &n, error) || (lost.any && !go_on_above_lost(ledger, self, &lost, &n, error)))
        return false;
    *numbering = n;
    return true;
}

bool ledger_numbering_before(struct ledger *ledger, const struct ledger_file *self, const struct ledger_numbers *asked,
                             int64_t *number, GError **error)
{
    LEDGER_SQL(before, "SELECT max(sequence) FROM job o WHERE " SENDER_AND_TYPE " AND numbering=?4 AND direction=0"
                       " AND id<?5 AND id>?6 AND sequence<?7"
                       " AND (NOT ?8 OR EXISTS(SELECT 1 FROM verdict v WHERE v.job=o.id))");
    return ledger_number(
        ledger,
        ledger_query(ledger, &before,
                     LEDGER_VALUES(SENDER_AND_TYPE_OF(self), LEDGER_INT(asked->numbering), LEDGER_INT(self->id),
                                   LEDGER_INT(asked->since), LEDGER_INT(asked->below), LEDGER_INT(asked->judged)),
                     error),
        number, error);
}

bool ledger_numbering_assign(struct ledger *ledger, int64_t job, int64_t numbering, GError **error)
{
    LEDGER_SQL(assign, "UPDATE job SET numbering=?2 WHERE id=?1 AND numbering IS NOT ?2");
    return ledger_run(ledger, &assign, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(numbering)), error) &&
           (sqlite3_changes(ledger->db) == 0 || ledger_number_of_job_changes(ledger, job, error));
}

bool ledger_numbering_wrap(struct ledger *ledger, int64_t job, int64_t before, GError **error)
{
    LEDGER_SQL(join, "UPDATE numbering SET job=?1 WHERE id=(SELECT min(n.id) FROM numbering n"
                     " JOIN job late ON late.id=?1 JOIN job first ON first.id=n.job"
                     " WHERE (n.sender,n.type,n.org)=(late.sender,late.type,late.org)"
                     " AND n.id>?2 AND n.job>?1 AND first.sequence>late.sequence)");
    LEDGER_SQL(begin, "INSERT INTO numbering(id,sender,type,org,job,number) SELECT " NEXT_ID ",sender,type,org,id,0"
                      " FROM job WHERE id=?1 AND NOT EXISTS(SELECT 1 FROM numbering WHERE job=?1)");
    LEDGER_SQL(move, "UPDATE job SET numbering=(SELECT max(id) FROM numbering WHERE job=?1) WHERE id>=?1"
                     " AND numbering=?2 AND direction=0"
                     " AND (sender,type,org)=(SELECT sender,type,org FROM job WHERE id=?1)");
    ledger_numberings_change(ledger);
    return ledger_run(ledger, &join, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(before)), error) &&
           ledger_run(ledger, &begin, LEDGER_VALUES(LEDGER_INT(job)), error) &&
           ledger_run(ledger, &move, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(before)), error);
}

bool ledger_numbering_accept(struct ledger *ledger, int64_t job, GError **error)
{
    LEDGER_SQL(accept, "INSERT INTO counter SELECT 'accepted '||sender||' '||type||' '||org,numbering*1000000+sequence"
                       " FROM job WHERE id=?1 AND numbering>=0 AND sequence IS NOT NULL"
                       " ON CONFLICT(name) DO UPDATE SET value=max(value,excluded.value)");
    return ledger_run(ledger, &accept, LEDGER_VALUES(LEDGER_INT(job)), error);
}

bool ledger_numbering_set(struct ledger *ledger, const struct ledger_file *self, int64_t number, const char *order_id,
                          GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO numbering(id,sender,type,org,job,number,order_id) VALUES(" NEXT_ID ",?,?,?,0,?,?)");
    ledger_numberings_change(ledger);
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(SENDER_AND_TYPE_OF(self), LEDGER_INT(number), LEDGER_TEXT(order_id)), error);
}

static void read_order(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_numbering_order *order = row;
    order->number = sqlite3_column_int64(q, c);
    order->at = sqlite3_column_int64(q, c + 1);
    order->who = ledger_text(q, c + 2);
    order->reason = ledger_text(q, c + 3);
}

bool ledger_numbering_last_order(struct ledger *ledger, const struct ledger_file *self,
                                 struct ledger_numbering_order **order, GError **error)
{
    static const size_t strings[] = {offsetof(struct ledger_numbering_order, who),
                                     offsetof(struct ledger_numbering_order, reason)};
    static const struct ledger_shape shape = {sizeof(struct ledger_numbering_order), read_order, strings,
                                              G_N_ELEMENTS(strings)};
    LEDGER_SQL(newest, "SELECT n.number,a.at,a.who,a.reason FROM numbering n JOIN operator_action a USING(order_id)"
                       " WHERE n.sender=?1 AND n.type=?2 AND n.org=?3 ORDER BY n.id DESC LIMIT 1");
    void *row = NULL;

    if (!ledger_one(ledger, ledger_query(ledger, &newest, LEDGER_VALUES(SENDER_AND_TYPE_OF(self)), error), &shape, &row,
                    error))
        return false;
    *order = row;
    return true;
}
