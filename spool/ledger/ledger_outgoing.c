#include "spool/ledger/ledger_outgoing.h"

#include "spool/ledger/ledger_private.h"

#define SELECT "SELECT " LEDGER_OUTGOING " FROM outgoing p"

static const size_t strings[] = {
    offsetof(struct ledger_outgoing, kind),      offsetof(struct ledger_outgoing, name),
    offsetof(struct ledger_outgoing, form),      offsetof(struct ledger_outgoing, drop),
    offsetof(struct ledger_outgoing, recipient), offsetof(struct ledger_outgoing, sha256),
    offsetof(struct ledger_outgoing, sender),    offsetof(struct ledger_outgoing, environment),
    offsetof(struct ledger_outgoing, folder)};

void ledger_read_outgoing(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_outgoing *part = row;
    part->id = sqlite3_column_int64(q, c);
    part->job = sqlite3_column_int64(q, c + 1);
    part->revision = sqlite3_column_int64(q, c + 2);
    part->kind = ledger_text(q, c + 3);
    part->name = ledger_text(q, c + 4);
    part->form = ledger_text(q, c + 5);
    part->drop = ledger_text(q, c + 6);
    part->recipient = ledger_text(q, c + 7);
    part->sequence = sqlite3_column_int64(q, c + 8);
    part->created = sqlite3_column_int64(q, c + 9);
    part->rows = sqlite3_column_int64(q, c + 10);
    part->state = (enum ledger_outgoing_state)sqlite3_column_int(q, c + 11);
    part->size = sqlite3_column_int64(q, c + 12);
    part->sha256 = ledger_text(q, c + 13);
    part->delivered_at = sqlite3_column_int64(q, c + 14);
    part->sender = ledger_text(q, c + 15);
    part->environment = ledger_text(q, c + 16);
    part->about = sqlite3_column_int64(q, c + 17);
    part->folder = ledger_text(q, c + 18);
}

static const struct ledger_shape shape = {sizeof(struct ledger_outgoing), ledger_read_outgoing, strings,
                                          G_N_ELEMENTS(strings)};

const char *ledger_outgoing_state_name(enum ledger_outgoing_state state)
{
    static const char *const names[] = {"PLANNED", "STORED", "STAGED", "DELIVERED"};
    return (size_t)state < G_N_ELEMENTS(names) ? names[state] : NULL;
}

bool ledger_outgoing_plan(struct ledger *ledger, const struct ledger_outgoing *part, int64_t *id, GError **error)
{
    if (!ledger_run(ledger, error,
                    "INSERT INTO outgoing(job,revision,kind,name,form,drop_name,recipient,sequence,created,"
                    "rows,sender,environment,about,folder,state,size)"
                    " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,-1)",
                    "iitttttziittit", part->job, part->revision, part->kind, part->name, part->form, part->drop,
                    part->recipient, part->sequence, part->created, part->rows, part->sender, part->environment,
                    part->about, part->folder))
        return false;
    if (id != NULL)
        *id = sqlite3_last_insert_rowid(ledger->db);
    return true;
}

bool ledger_outgoing_get(struct ledger *ledger, int64_t id, struct ledger_outgoing **part, GError **error)
{
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, error, SELECT " WHERE id=?", "i", id), &shape, &row, error))
        return false;
    *part = row;
    return true;
}

bool ledger_outgoing_named(struct ledger *ledger, const char *name, struct ledger_outgoing **part, GError **error)
{
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, error, SELECT " WHERE name=?", "t", name), &shape, &row, error))
        return false;
    *part = row;
    return true;
}

bool ledger_outgoing_deliver_again(struct ledger *ledger, int64_t id, GError **error)
{
    return ledger_run(ledger, error, "UPDATE outgoing SET state=1,delivered_at=NULL WHERE id=? AND state=3", "i", id);
}

bool ledger_outgoing_files_of(struct ledger *ledger, int64_t job, GPtrArray **parts, GError **error)
{
    sqlite3_stmt *query = job != 0 ? ledger_query(ledger, error, SELECT " WHERE job=? ORDER BY id", "i", job)
                                   : ledger_query(ledger, error, SELECT " ORDER BY id", "");
    return ledger_all(ledger, query, &shape, parts, error);
}

bool ledger_outgoing_files_planned(struct ledger *ledger, GPtrArray **parts, GError **error)
{
    return ledger_all(ledger, ledger_query(ledger, error, SELECT " WHERE state<3 AND state=0 ORDER BY id", ""), &shape,
                      parts, error);
}

bool ledger_outgoing_files_deliverable(struct ledger *ledger, const char *drop, int64_t limit, GPtrArray **parts,
                                       GError **error)
{
    return ledger_all(ledger,
                      ledger_query(ledger, error,
                                   SELECT " WHERE drop_name=? AND state<3 AND state>0 ORDER BY id LIMIT ?", "ti", drop,
                                   limit),
                      &shape, parts, error);
}

bool ledger_outgoing_files_undelivered(struct ledger *ledger, int64_t job, int64_t *n, GError **error)
{
    return ledger_number(ledger,
                         ledger_query(ledger, error, "SELECT count(*) FROM outgoing WHERE job=? AND state<3", "i", job),
                         n, error);
}

bool ledger_undelivered_by_drop_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error)
{
    return ledger_counts(
        ledger,
        ledger_query(ledger, error, "SELECT drop_name,count(*) FROM outgoing WHERE state<3 GROUP BY drop_name", ""),
        visit, user, error);
}

bool ledger_outgoing_update(struct ledger *ledger, const struct ledger_outgoing *part, GError **error)
{
    if (!ledger_run(ledger, error,
                    "UPDATE outgoing SET state=?2,rows=?3,size=?4,sha256=?5,delivered_at=?6 WHERE id=?1"
                    " AND (?2 IN(state,state+1) OR (?2=1 AND state=2))",
                    "iiiitz", part->id, (int64_t)part->state, part->rows, part->size, part->sha256, part->delivered_at))
        return false;
    if (sqlite3_changes(ledger->db) == 1)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "ledger: part %s cannot become %s", part->name,
                ledger_outgoing_state_name(part->state));
    return false;
}
