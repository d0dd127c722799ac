/*
 * Outgoing files: table outgoing, from PLANNED (0) to DELIVERED (3) or GIVEN_UP (4). Nearly all rows are DELIVERED.
 * So the indexes for the others have the condition state<3, and every question that is to use them repeats it word for
 * word.
 */
#include "spool/ledger/ledger_outgoing.h"

#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_tally.h"

#define SELECT "SELECT " LEDGER_OUTGOING " FROM outgoing p"

static const size_t strings[] = {
    offsetof(struct ledger_outgoing, kind),      offsetof(struct ledger_outgoing, name),
    offsetof(struct ledger_outgoing, form),      offsetof(struct ledger_outgoing, drop),
    offsetof(struct ledger_outgoing, recipient), offsetof(struct ledger_outgoing, sha256),
    offsetof(struct ledger_outgoing, sender),    offsetof(struct ledger_outgoing, environment),
    offsetof(struct ledger_outgoing, folder),    offsetof(struct ledger_outgoing, upload_name),
    offsetof(struct ledger_outgoing, profile)};

void ledger_read_outgoing(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_outgoing *file = row;
    file->id = sqlite3_column_int64(q, c);
    file->job = sqlite3_column_int64(q, c + 1);
    file->revision = sqlite3_column_int64(q, c + 2);
    file->kind = ledger_text(q, c + 3);
    file->name = ledger_text(q, c + 4);
    file->form = ledger_text(q, c + 5);
    file->drop = ledger_text(q, c + 6);
    file->recipient = ledger_text(q, c + 7);
    file->sequence = sqlite3_column_int64(q, c + 8);
    file->created = sqlite3_column_int64(q, c + 9);
    file->rows = sqlite3_column_int64(q, c + 10);
    file->state = (enum ledger_outgoing_state)sqlite3_column_int(q, c + 11);
    file->size = sqlite3_column_int64(q, c + 12);
    file->sha256 = ledger_text(q, c + 13);
    file->delivered_at = sqlite3_column_int64(q, c + 14);
    file->sender = ledger_text(q, c + 15);
    file->environment = ledger_text(q, c + 16);
    file->about = sqlite3_column_int64(q, c + 17);
    file->folder = ledger_text(q, c + 18);
    file->rename_sent = sqlite3_column_int(q, c + 19) != 0;
    file->concluded = sqlite3_column_int(q, c + 20) != 0;
    file->upload_name = ledger_text(q, c + 21);
    file->profile = ledger_text(q, c + 22);
    file->removed = sqlite3_column_int64(q, c + 23);
}

static const struct ledger_shape shape = {sizeof(struct ledger_outgoing), ledger_read_outgoing, strings,
                                          G_N_ELEMENTS(strings)};

const char *ledger_outgoing_state_name(enum ledger_outgoing_state state)
{
    static const char *const names[] = {"PLANNED", "STORED", "STAGED", "DELIVERED", "GIVEN_UP"};
    return (size_t)state < G_N_ELEMENTS(names) ? names[state] : NULL;
}

/* state 0: PLANNED. size -1: no bytes yet. */
bool ledger_outgoing_plan(struct ledger *ledger, const struct ledger_outgoing *file, int64_t *id, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO outgoing(job,revision,kind,name,form,drop_name,recipient,sequence,created,"
                       "rows,sender,environment,about,folder,profile,state,size)"
                       " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,-1)");
    if (!ledger_run(ledger, &insert,
                    LEDGER_VALUES(LEDGER_INT(file->job), LEDGER_INT(file->revision), LEDGER_TEXT(file->kind),
                                  LEDGER_TEXT(file->name), LEDGER_TEXT(file->form), LEDGER_TEXT(file->drop),
                                  LEDGER_TEXT(file->recipient), LEDGER_INT_OR_NULL(file->sequence),
                                  LEDGER_INT(file->created), LEDGER_INT(file->rows), LEDGER_TEXT(file->sender),
                                  LEDGER_TEXT(file->environment), LEDGER_INT(file->about), LEDGER_TEXT(file->folder),
                                  LEDGER_TEXT(file->profile)),
                    error))
        return false;
    if (id != NULL)
        *id = sqlite3_last_insert_rowid(ledger->db);
    /* The Devices of a work order: each is a try. */
    const struct ledger_tally tries = {.what = LEDGER_TALLY_TRIES, .n = file->rows};
    return strcmp(file->kind, "EMW") != 0 || ledger_tally_add(ledger, &tries, error);
}

bool ledger_outgoing_get(struct ledger *ledger, int64_t id, struct ledger_outgoing **file, GError **error)
{
    LEDGER_SQL(of_id, SELECT " WHERE id=?");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_id, LEDGER_VALUES(LEDGER_INT(id)), error), &shape, &row, error))
        return false;
    *file = row;
    return true;
}

bool ledger_outgoing_named(struct ledger *ledger, const char *name, struct ledger_outgoing **file, GError **error)
{
    LEDGER_SQL(of_name, SELECT " WHERE name=?");
    void *row = NULL;
    if (!ledger_one(ledger, ledger_query(ledger, &of_name, LEDGER_VALUES(LEDGER_TEXT(name)), error), &shape, &row,
                    error))
        return false;
    *file = row;
    return true;
}

bool ledger_outgoing_delivered_at(struct ledger *ledger, const struct ledger_place *place, int64_t *at, GError **error)
{
    LEDGER_SQL(of_place, "SELECT delivered_at FROM outgoing WHERE name=? AND drop_name=? AND folder IS ? AND state=3");
    return ledger_number(
        ledger,
        ledger_query(ledger, &of_place,
                     LEDGER_VALUES(LEDGER_TEXT(place->name), LEDGER_TEXT(place->drop), LEDGER_TEXT(place->folder)),
                     error),
        at, error);
}

bool ledger_outgoing_deliver_again(struct ledger *ledger, int64_t id, const char *order_id, GError **error)
{
    LEDGER_SQL(again, "UPDATE outgoing SET state=1,delivered_at=NULL,rename_sent=0,concluded=0,upload_name=NULL"
                      " WHERE id=? AND state IN(3,4)");
    LEDGER_SQL(note, "INSERT OR IGNORE INTO redelivered(outgoing,order_id) VALUES(?,?)");
    return ledger_run(ledger, &again, LEDGER_VALUES(LEDGER_INT(id)), error) &&
           ledger_run(ledger, &note, LEDGER_VALUES(LEDGER_INT(id), LEDGER_TEXT(order_id)), error);
}

bool ledger_outgoing_is_signature(const struct ledger_outgoing *file)
{
    return g_str_has_suffix(file->kind, LEDGER_SIGNATURE);
}

bool ledger_outgoing_sign_again(struct ledger *ledger, int64_t id, GError **error)
{
    LEDGER_SQL(again, "UPDATE outgoing SET state=0,size=-1,sha256=NULL,upload_name=NULL,rename_sent=0,removed=NULL"
                      " WHERE id=? AND state=1 AND substr(kind,-4)='" LEDGER_SIGNATURE "'");
    return ledger_run(ledger, &again, LEDGER_VALUES(LEDGER_INT(id)), error);
}

bool ledger_outgoing_redelivered(struct ledger *ledger, int64_t id, int64_t *n, char **order_id, GError **error)
{
    LEDGER_SQL(newest, "SELECT count(*),r.order_id,max(a.id) FROM redelivered r JOIN operator_action a"
                       " ON a.order_id=r.order_id WHERE r.outgoing=?");
    sqlite3_stmt *q = ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_INT(id)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *n = good && row ? sqlite3_column_int64(q, 0) : 0;
    *order_id = *n > 0 ? g_strdup(ledger_text(q, 1)) : NULL;
    ledger_end(q);
    return good;
}

/* ---- files that are chosen ---- */

/* The work orders of work items (transitions of state 3, DISPATCHED): no index leads from an item to its transitions.
 */
#define ORDERS                                                                                                         \
    "WITH RECURSIVE back(id) AS(SELECT last FROM session WHERE item>=?6 AND item<?6+?7 UNION ALL SELECT t.before"      \
    " FROM back JOIN transition t USING(id) WHERE t.before IS NOT NULL) SELECT t.job FROM back JOIN transition t"      \
    " USING(id) WHERE t.state=3"

bool ledger_outgoing_choose(struct ledger *ledger, const struct ledger_outgoing_choice *choice, int64_t limit,
                            GPtrArray **names, GError **error)
{
#define CHOSEN                                                                                                         \
    "(?1 IS NULL OR kind=?1) AND(?2 IS NULL OR recipient=?2) AND state=3 AND delivered_at>=?3"                         \
    " AND(?4=0 OR delivered_at<?4) AND substr(kind,-4)<>'" LEDGER_SIGNATURE "'"
    LEDGER_SQL(by_time, "SELECT name FROM outgoing WHERE delivered_at IS NOT NULL AND ?5 IS NULL AND ?6 IS NOT NULL"
                        " AND ?7 IS NOT NULL AND " CHOSEN " ORDER BY id LIMIT ?8");
    LEDGER_SQL(of_batch, "SELECT name FROM outgoing WHERE id IN(SELECT id FROM outgoing WHERE job=?5 UNION"
                         " SELECT id FROM outgoing WHERE about=?5 AND kind='EMO' UNION SELECT id FROM outgoing WHERE"
                         " job IN(" ORDERS ")) AND " CHOSEN " ORDER BY id LIMIT ?8");
#undef CHOSEN
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    sqlite3_stmt *q =
        ledger_query(ledger, choice->job != 0 ? &of_batch : &by_time,
                     LEDGER_VALUES(LEDGER_TEXT(choice->kind), LEDGER_TEXT(choice->recipient), LEDGER_INT(choice->since),
                                   LEDGER_INT(choice->until), LEDGER_INT_OR_NULL(choice->job),
                                   LEDGER_INT(choice->first_item), LEDGER_INT(choice->items), LEDGER_INT(limit)),
                     error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        g_ptr_array_add(found, g_strdup(ledger_text(q, 0)));
    ledger_end(q);
    if (good)
        *names = g_steal_pointer(&found);
    return good;
}

bool ledger_outgoing_ended_since(struct ledger *ledger, int64_t job, int64_t *n, GError **error)
{
    LEDGER_SQL(ended, "SELECT count(DISTINCT s.item) FROM transition t JOIN session s ON s.item=t.item"
                      " WHERE t.job=? AND t.state=3 AND s.ended IS NOT NULL");
    return ledger_number(ledger, ledger_query(ledger, &ended, LEDGER_VALUES(LEDGER_INT(job)), error), n, error);
}

/* Two statements: with one for both, SQLite could not use the index by job. */
bool ledger_outgoing_files_of(struct ledger *ledger, int64_t job, GPtrArray **files, GError **error)
{
    LEDGER_SQL(of_job, SELECT " WHERE job=? ORDER BY id");
    LEDGER_SQL(walk, SELECT " ORDER BY id");
    sqlite3_stmt *query = job != 0 ? ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error)
                                   : ledger_query(ledger, &walk, LEDGER_NO_VALUES, error);
    return ledger_all(ledger, query, &shape, files, error);
}

bool ledger_outgoing_files_planned(struct ledger *ledger, GPtrArray **files, GError **error)
{
    LEDGER_SQL(planned, SELECT " WHERE state<3 AND state=0 ORDER BY id");
    return ledger_all(ledger, ledger_query(ledger, &planned, LEDGER_NO_VALUES, error), &shape, files, error);
}

bool ledger_outgoing_files_deliverable(struct ledger *ledger, const char *drop, int64_t limit, GPtrArray **files,
                                       GError **error)
{
    LEDGER_SQL(deliverable,
               SELECT " WHERE drop_name=? AND state<3 AND state>0 AND NOT EXISTS(SELECT 1 FROM outgoing s WHERE"
                      " s.name=p.name||'" LEDGER_SIGNATURE "' AND s.state=0) ORDER BY id LIMIT ?");
    return ledger_all(ledger,
                      ledger_query(ledger, &deliverable, LEDGER_VALUES(LEDGER_TEXT(drop), LEDGER_INT(limit)), error),
                      &shape, files, error);
}

bool ledger_outgoing_files_to_folders(struct ledger *ledger, GPtrArray **files, GError **error)
{
    LEDGER_SQL(to_folders, SELECT " WHERE state<3 AND folder IS NOT NULL ORDER BY id");
    return ledger_all(ledger, ledger_query(ledger, &to_folders, LEDGER_NO_VALUES, error), &shape, files, error);
}

bool ledger_outgoing_readdress(struct ledger *ledger, int64_t id, const char *folder, GError **error)
{
    LEDGER_SQL(readdress, "UPDATE outgoing SET folder=? WHERE id=? AND state=1");
    return ledger_run(ledger, &readdress, LEDGER_VALUES(LEDGER_TEXT(folder), LEDGER_INT(id)), error);
}

bool ledger_outgoing_give_up(struct ledger *ledger, int64_t id, GError **error)
{
    LEDGER_SQL(give_up, "UPDATE outgoing SET state=4 WHERE id=? AND state=1");
    return ledger_run(ledger, &give_up, LEDGER_VALUES(LEDGER_INT(id)), error);
}

bool ledger_outgoing_files_undelivered(struct ledger *ledger, int64_t job, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM outgoing WHERE job=? AND state<3");
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_VALUES(LEDGER_INT(job)), error), n, error);
}

bool ledger_undelivered_by_drop_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error)
{
    LEDGER_SQL(count, "SELECT drop_name,count(*) FROM outgoing WHERE state<3 GROUP BY drop_name");
    return ledger_counts(ledger, ledger_query(ledger, &count, LEDGER_NO_VALUES, error), visit, user, error);
}

bool ledger_owed_each(struct ledger *ledger, ledger_owed_visit visit, void *user, GError **error)
{
    LEDGER_SQL(owed, "SELECT drop_name,count(*),min(created) FROM outgoing WHERE state<3 GROUP BY drop_name");
    sqlite3_stmt *q = ledger_query(ledger, &owed, LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, (const char *)sqlite3_column_text(q, 0), sqlite3_column_int64(q, 1),
                     sqlite3_column_int64(q, 2), error);
    ledger_end(q);
    return good;
}

static bool add_evidence(struct ledger *ledger, const struct ledger_outgoing *file, GError **error)
{
    if (file->state == LEDGER_STORED)
        return ledger_evidence_add(ledger, LEDGER_EVIDENCE_STORED, file->id, 0, error);
    return file->state != LEDGER_DELIVERED ||
           ledger_evidence_add(ledger, LEDGER_EVIDENCE_DELIVERED, file->id, 0, error);
}

/* The condition is part of the change, so that a wrong step changes nothing. STAGED (2) goes back to STORED (1) when
 * the temporary file is gone from the drop. */
bool ledger_outgoing_update(struct ledger *ledger, const struct ledger_outgoing *file, GError **error)
{
    LEDGER_SQL(update, "UPDATE outgoing SET state=?2,rows=?3,size=?4,sha256=?5,delivered_at=?6,rename_sent=?7,"
                       "concluded=?8,upload_name=?9 WHERE id=?1"
                       " AND (?2 IN(state,state+1) OR (?2=1 AND state=2)) AND (state=0 OR sha256=?5)");
    if ((file->state == LEDGER_DELIVERED && !ledger_tally_delivery(ledger, file, error)) ||
        !ledger_run(ledger, &update,
                    LEDGER_VALUES(LEDGER_INT(file->id), LEDGER_INT(file->state), LEDGER_INT(file->rows),
                                  LEDGER_INT(file->size), LEDGER_TEXT(file->sha256),
                                  LEDGER_INT_OR_NULL(file->delivered_at), LEDGER_INT(file->rename_sent),
                                  LEDGER_INT(file->concluded), LEDGER_TEXT(file->upload_name)),
                    error))
        return false;
    if (sqlite3_changes(ledger->db) == 1)
        return add_evidence(ledger, file, error);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG,
                "ledger: outgoing file %s cannot become %s from the state that it has", file->name,
                ledger_outgoing_state_name(file->state));
    return false;
}

const char *ledger_outgoing_contradiction(const struct ledger_outgoing *file)
{
    bool stored = file->state > LEDGER_PLANNED, staged = file->state == LEDGER_STAGED;
    bool delivered = file->state == LEDGER_DELIVERED;

    if (ledger_outgoing_state_name(file->state) == NULL)
        return "has a state that does not exist";
    if (stored != (file->size >= 0) || stored != (file->sha256 != NULL))
        return stored ? "is stored without a size or SHA-256" : "has a size or SHA-256 before it is stored";
    if (delivered != (file->delivered_at != 0))
        return delivered ? "is DELIVERED without a time" : "has a time of delivery and is not DELIVERED";
    if (file->concluded && !(delivered && file->rename_sent))
        return "counts as delivered by conclusion although no rename without an answer explains that";
    if (file->rename_sent && !staged && !file->concluded)
        return "waits for the answer to a rename in a state in which none is sent";
    return NULL;
}
