/*
 * Tables purge and purged_device, column job.purged, and the columns that a purge clears. A text that a person wrote or
 * a file said is replaced as a whole: nobody can tell which part of it is an MPxN.
 */
#include "spool/ledger/ledger_purge.h"

#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_retention.h"

#include <string.h>

/* What stands in the place of a text. */
#define GONE "'(removed by purge)'"

/* Types whose files name supply points: instructions, reference data, reports about single Devices. */
#define TYPES "'EMI','INV','COS','ECOSMIG-001','ECOSMIG-002','ECOSMIG-003','ECOSMIG-006','STRAND','MAPR'"

bool ledger_purge_concerns(const char *type)
{
    g_autofree char *quoted = g_strdup_printf("'%s'", type != NULL ? type : "");

    return type == NULL || strstr(TYPES, quoted) != NULL;
}

/* ---- the row of a purge ---- */

static const size_t strings[] = {offsetof(struct ledger_purge, order_id)};

static void read_purge(sqlite3_stmt *q, int c, void *row)
{
    struct ledger_purge *purge = row;

    purge->id = sqlite3_column_int64(q, c);
    purge->order_id = ledger_text(q, c + 1);
    purge->before = sqlite3_column_int64(q, c + 2);
    purge->begun = sqlite3_column_int64(q, c + 3);
    purge->ended = sqlite3_column_int64(q, c + 4);
    purge->stage = (enum ledger_purge_stage)sqlite3_column_int(q, c + 5);
    purge->job = sqlite3_column_int64(q, c + 6);
    purge->item = sqlite3_column_int64(q, c + 7);
    purge->files = sqlite3_column_int(q, c + 8) != 0;
    purge->jobs = sqlite3_column_int64(q, c + 9);
    purge->devices = sqlite3_column_int64(q, c + 10);
    purge->points = sqlite3_column_int64(q, c + 11);
    purge->bytes = sqlite3_column_int64(q, c + 12);
}

static const struct ledger_shape shape = {sizeof(struct ledger_purge), read_purge, strings, G_N_ELEMENTS(strings)};

bool ledger_purge_begin(struct ledger *ledger, const char *order_id, int64_t before, int64_t at, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO purge(order_id,before,begun,stage,job,item,files,jobs,devices,points,bytes)"
                       " VALUES(?,?,?,0,0,0,0,0,0,0,0)");
    return ledger_run(ledger, &insert, LEDGER_VALUES(LEDGER_TEXT(order_id), LEDGER_INT(before), LEDGER_INT(at)), error);
}

bool ledger_purge_current(struct ledger *ledger, struct ledger_purge **purge, GError **error)
{
    LEDGER_SQL(current, "SELECT id,order_id,before,begun,ended,stage,job,item,files,jobs,devices,points,bytes"
                        " FROM purge WHERE ended IS NULL ORDER BY id LIMIT 1");
    return ledger_one(ledger, ledger_query(ledger, &current, LEDGER_NO_VALUES, error), &shape, (void **)purge, error);
}

bool ledger_purge_store(struct ledger *ledger, const struct ledger_purge *purge, GError **error)
{
    LEDGER_SQL(store, "UPDATE purge SET stage=?2,job=?3,item=?4,files=?5,jobs=?6,devices=?7,points=?8,bytes=?9"
                      " WHERE id=?1");
    return ledger_run(ledger, &store,
                      LEDGER_VALUES(LEDGER_INT(purge->id), LEDGER_INT(purge->stage), LEDGER_INT(purge->job),
                                    LEDGER_INT(purge->item), LEDGER_INT(purge->files), LEDGER_INT(purge->jobs),
                                    LEDGER_INT(purge->devices), LEDGER_INT(purge->points), LEDGER_INT(purge->bytes)),
                      error);
}

bool ledger_purge_end(struct ledger *ledger, const struct ledger_purge *purge, int64_t at, GError **error)
{
    LEDGER_SQL(set, "UPDATE purge SET ended=?2 WHERE id=?1");
    g_autofree char *text =
        g_strdup_printf("order %s, before %" G_GINT64_FORMAT ": jobs %" G_GINT64_FORMAT ", Devices %" G_GINT64_FORMAT
                        ", rows of reference data %" G_GINT64_FORMAT ", bytes %" G_GINT64_FORMAT,
                        purge->order_id, purge->before, purge->jobs, purge->devices, purge->points, purge->bytes);

    return ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_INT(purge->id), LEDGER_INT(at)), error) &&
           ledger_evidence_note(ledger, "purge", 0, text, error);
}

/* ---- jobs ---- */

/* The files that the job leads to are delivered, or given up, and were before ?1. */
#define DELIVERED(of) "NOT EXISTS(SELECT 1 FROM " of " AND(p.state<3 OR p.delivered_at>=?1))"
/* The ledger has recorded an archive with the job, whose folder may not have left yet: the archive keeps its bytes. */
#define IN_ARCHIVE                                                                                                     \
    "(ifnull((SELECT last FROM archive_range r WHERE r.first<=j.id ORDER BY r.first DESC LIMIT 1),0)>=j.id)"
/* An instruction whose last outcome was delivered before ?1: no session of it ended later. */
#define OUTCOME_KNOWN                                                                                                  \
    "(v.ended=v.accepted AND v.reported=1 AND EXISTS(SELECT 1 FROM outcome_file f WHERE f.instruction=j.id)"           \
    " AND " DELIVERED("outcome_file f JOIN outgoing p ON p.job=f.job WHERE f.instruction=j.id") ")"
bool ledger_purge_newest(struct ledger *ledger, int64_t *job, GError **error)
{
    LEDGER_SQL(newest, "SELECT ifnull(max(id),0) FROM job");
    return ledger_number(ledger, ledger_query(ledger, &newest, LEDGER_NO_VALUES, error), job, error);
}

bool ledger_purge_jobs(struct ledger *ledger, const struct ledger_purge_choice *choice, GArray *jobs, GError **error)
{
    LEDGER_SQL(ended, "SELECT j.id FROM job j LEFT JOIN verdict v ON v.job=j.id AND v.revision=j.revision"
                      " WHERE j.id>?2 AND j.id<=?4 AND j.received<?1 AND j.purged IS NULL AND j.source_ino IS NULL AND"
                      " NOT" IN_ARCHIVE " AND(j.type IS NULL OR v.outcome='RJ' OR j.type IN(" TYPES "))"
                      " AND(j.direction=1 OR v.judged_at<?1 OR(v.job IS NULL AND EXISTS(SELECT 1 FROM job h WHERE"
                      " h.id=j.healed AND h.purged IS NOT NULL)))"
                      " AND(v.job IS NULL OR v.items=0 OR v.outcome='RJ' OR " OUTCOME_KNOWN ")"
                      " AND " DELIVERED("outgoing p WHERE p.job=j.id") " AND NOT EXISTS(SELECT 1 FROM incident n WHERE "
                                                                       "n.cleared IS NULL AND n.device_id IS NULL"
                                                                       " AND n.job=j.id) ORDER BY j.id LIMIT ?3");
    sqlite3_stmt *q = ledger_query(ledger, &ended,
                                   LEDGER_VALUES(LEDGER_INT(choice->before), LEDGER_INT(choice->after),
                                                 LEDGER_INT(choice->limit), LEDGER_INT(choice->upto)),
                                   error);
    return ledger_numbers(ledger, q, jobs, error);
}

bool ledger_purge_items_of(struct ledger *ledger, int64_t job, struct ledger_purge_items *items, GError **error)
{
    LEDGER_SQL(of_job, "SELECT v.first_item,v.items FROM job j JOIN verdict v ON v.job=j.id AND v.revision=j.revision"
                       " WHERE j.id=?");
    sqlite3_stmt *q = ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *items = (struct ledger_purge_items){0};
    if (good && row)
        *items = (struct ledger_purge_items){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    ledger_end(q);
    return good;
}

bool ledger_purge_look(struct ledger *ledger, const struct ledger_purge_items *items, struct ledger_purge_look *look,
                       GError **error)
{
    LEDGER_SQL(open, "SELECT EXISTS(SELECT 1 FROM work_item w WHERE w.item>=?1 AND w.item<?1+?2 AND EXISTS("
                     "SELECT 1 FROM incident n WHERE n.cleared IS NULL AND n.device_id=w.device_id))");
    LEDGER_SQL(kept, "SELECT EXISTS(SELECT 1 FROM work_item w WHERE w.item>=?1 AND w.item<?1+?2"
                     " AND w.kept IS NOT NULL)");
    int64_t incident = 0, texts = 0;
    struct ledger_sql *const asked[] = {&open, &kept};
    int64_t *const answers[] = {&incident, &texts};

    for (size_t i = 0; i < G_N_ELEMENTS(asked); i++)
        if (!ledger_number(ledger,
                           ledger_query(ledger, asked[i],
                                        LEDGER_VALUES(LEDGER_INT(items->first), LEDGER_INT(items->items)), error),
                           answers[i], error))
            return false;
    look->incident |= incident != 0;
    look->kept |= texts != 0;
    return true;
}

/* The same of the job itself and of one with its outcomes. */
static bool take(struct ledger *ledger, const struct ledger_purge *purge, int64_t job, int64_t at, GError **error)
{
    LEDGER_SQL(set, "UPDATE job SET purged=?2 WHERE id=?1");
    g_autofree char *text = g_strdup_printf("order %s, before %" G_GINT64_FORMAT, purge->order_id, purge->before);

    return ledger_retention_remove(ledger, job, at, error) &&
           ledger_run(ledger, &set, LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(at)), error) &&
           ledger_evidence_note(ledger, "purge", job, text, error);
}

bool ledger_purge_take(struct ledger *ledger, const struct ledger_purge *purge, bool outcomes, int64_t at,
                       GError **error)
{
    int64_t job = purge->job;
    LEDGER_SQL(findings, "UPDATE finding SET value=iif(value IS NULL,NULL," GONE "),text=iif(text IS NULL,NULL," GONE
                         ") WHERE job=?");
    LEDGER_SQL(of_job, "SELECT job FROM outcome_file WHERE instruction=?");
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));

    g_array_append_val(jobs, job);
    bool good =
        ledger_run(ledger, &findings, LEDGER_VALUES(LEDGER_INT(job)), error) &&
        (!outcomes ||
         ledger_numbers(ledger, ledger_query(ledger, &of_job, LEDGER_VALUES(LEDGER_INT(job)), error), jobs, error));
    for (guint i = 0; good && i < jobs->len; i++)
        good = take(ledger, purge, g_array_index(jobs, int64_t, i), at, error);
    return good;
}

bool ledger_purge_clear(struct ledger *ledger, const struct ledger_purge_items *items, GError **error)
{
    LEDGER_SQL(clear, "UPDATE work_item SET mpxn=NULL,kept=NULL,text=iif(text IS NULL,NULL," GONE
                      ") WHERE item>=?1 AND item<?1+?2");
    return ledger_run(ledger, &clear, LEDGER_VALUES(LEDGER_INT(items->first), LEDGER_INT(items->items)), error);
}

bool ledger_purge_folders(struct ledger *ledger, int64_t job, GArray *jobs, GError **error)
{
    LEDGER_SQL(purged, "SELECT f.job FROM outcome_file f JOIN job j ON j.id=f.job WHERE f.instruction=?"
                       " AND j.purged IS NOT NULL");
    g_array_append_val(jobs, job);
    return ledger_numbers(ledger, ledger_query(ledger, &purged, LEDGER_VALUES(LEDGER_INT(job)), error), jobs, error);
}

bool ledger_purge_settle(struct ledger *ledger, int64_t job, GError **error)
{
    return ledger_retention_set(ledger, job, LEDGER_STORED_REMOVED, error);
}

/* ---- reference data ---- */

/* One that migrated before the time: no work of it is left that is not purged, and no GPF on its hub needs its supply
 * point to know who its Responsible Supplier is. */
static bool add_device(struct ledger *ledger, const struct ledger_purge *purge, int64_t device, bool *added,
                       GError **error)
{
    LEDGER_SQL(insert,
               "INSERT OR IGNORE INTO purged_device(device_id,purge) SELECT ?1,?2 WHERE NOT EXISTS(SELECT 1 FROM"
               " work_item w JOIN job j ON j.id=w.job WHERE w.device_id=?1 AND j.purged IS NULL)"
               " AND NOT EXISTS(SELECT 1 FROM inventory i JOIN inventory g ON g.chf=i.chf WHERE i.device_id=?1"
               " AND g.device_type='GPF' AND NOT EXISTS(SELECT 1 FROM work_item w JOIN session s ON s.item=w.item"
               " WHERE w.device_id=g.device_id AND s.state=7)) RETURNING 1");
    int64_t one = 0;
    bool good = ledger_number(
        ledger, ledger_query(ledger, &insert, LEDGER_VALUES(LEDGER_INT(device), LEDGER_INT(purge->id)), error), &one,
        error);

    *added = one != 0;
    return good;
}

/* The Supplier that is responsible now is kept, for the changes of supplier that say so cannot be found any more. */
static bool clear_device(struct ledger *ledger, int64_t device, int64_t now, GError **error)
{
    LEDGER_SQL(clear, "UPDATE inventory SET supplier=ifnull((SELECT gaining FROM cos c WHERE c.mpxn=inventory.mpxn"
                      " AND c.starts<=?2 ORDER BY c.starts DESC LIMIT 1),supplier),mpxn=NULL WHERE device_id=?1"
                      " AND mpxn IS NOT NULL");
    LEDGER_SQL(name, "INSERT OR IGNORE INTO inventory_party SELECT supplier,'SUPPLIER' FROM inventory"
                     " WHERE device_id=?1 AND supplier IS NOT NULL");
    return ledger_run(ledger, &clear, LEDGER_VALUES(LEDGER_INT(device), LEDGER_INT(now)), error) &&
           ledger_run(ledger, &name, LEDGER_VALUES(LEDGER_INT(device)), error);
}

bool ledger_purge_devices(struct ledger *ledger, struct ledger_purge *purge, int64_t limit,
                          struct ledger_purge_place *place, GError **error)
{
    LEDGER_SQL(page, "SELECT s.ended,s.item,w.device_id FROM session s INDEXED BY session_ended JOIN work_item w"
                     " ON w.item=s.item WHERE s.state=7 AND s.ended<?1 AND s.ended>=?2 AND(s.ended>?2 OR s.item>?3)"
                     " AND w.device_id IS NOT NULL ORDER BY s.ended,s.item LIMIT ?4");
    g_autoptr(GArray) devices = g_array_new(FALSE, FALSE, sizeof(int64_t));
    sqlite3_stmt *q = ledger_query(
        ledger, &page,
        LEDGER_VALUES(LEDGER_INT(purge->before), LEDGER_INT(place->at), LEDGER_INT(place->row), LEDGER_INT(limit)),
        error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        int64_t device = sqlite3_column_int64(q, 2);
        place->at = sqlite3_column_int64(q, 0);
        place->row = sqlite3_column_int64(q, 1);
        g_array_append_val(devices, device);
    }
    ledger_end(q);
    place->end = devices->len < limit;
    for (guint i = 0; good && i < devices->len; i++) {
        int64_t device = g_array_index(devices, int64_t, i);
        bool added = false;
        good = add_device(ledger, purge, device, &added, error) &&
               (!added || clear_device(ledger, device, purge->begun, error));
        purge->points += added;
    }
    return good;
}

bool ledger_purge_points(struct ledger *ledger, struct ledger_purge *purge, int64_t limit,
                         struct ledger_purge_place *place, GError **error)
{
    LEDGER_SQL(last, "SELECT ifnull(max(rowid),0) FROM(SELECT rowid FROM cos WHERE rowid>?1 ORDER BY rowid LIMIT ?2)");
    LEDGER_SQL(orphans, "DELETE FROM cos WHERE rowid>?1 AND rowid<=?2 AND starts<?3"
                        " AND NOT EXISTS(SELECT 1 FROM inventory i WHERE i.mpxn=cos.mpxn)"
                        " AND EXISTS(SELECT 1 FROM reference WHERE type='INV')");
    int64_t until = 0, before = ledger_changes(ledger);

    if (!ledger_number(ledger,
                       ledger_query(ledger, &last, LEDGER_VALUES(LEDGER_INT(place->row), LEDGER_INT(limit)), error),
                       &until, error) ||
        !ledger_run(ledger, &orphans,
                    LEDGER_VALUES(LEDGER_INT(place->row), LEDGER_INT(until), LEDGER_INT(purge->before)), error))
        return false;
    purge->points += ledger_changes(ledger) - before;
    place->end = until == 0;
    place->row = until;
    return true;
}
