/*
 * The ledger: one SQLite database of jobs, verdicts, work items, sessions and parts owed. It is the index
 * and the memory of the gateway; the bytes of files are in the spool.
 *
 *     ledger_open_writer → ledger_begin → changes → ledger_commit | ledger_rollback → … → ledger_close
 *     ledger_open_reader → queries → ledger_close
 *
 * One writer; any number of readers, which never block it and work without WAL files too. Every function
 * that changes rows needs a transaction of ledger_begin (else SPOOL_ERROR_BUG).
 *
 * Rows go in and out as plain structs. As input their strings are borrowed for the call. A row given out by
 * _get or in a GPtrArray is one block with its strings: g_free it (the array does). A row given to a visitor
 * is valid during that call only; a visitor that returns false, with error set, ends the visit; it may query
 * and change the ledger, but not the table walked, and may not run the same query again.
 * NULL stands for "no text"; numbers whose absence means something say so. Times are seconds UTC, 0 = none.
 *
 * Errors: SPOOL_ERROR_RETRY (disk full, busy, I/O), _CORRUPT (database damaged), _BUG, _EXISTS (unique rule
 * broken; nothing was changed), _LOCKED (a newer version's ledger is none of these: _RETRY with the text).
 */
#ifndef ECOSGATE_SPOOL_LEDGER_H
#define ECOSGATE_SPOOL_LEDGER_H

#include "spool/fault.h"
#include "spool/step.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;
typedef struct ledger ledger_t;

/* ---- opening, transactions (ledger.c) ---- */

/* Makes the file when missing, brings it to this release's version. Refuses network file systems. */
struct ledger *ledger_open_writer(const char *path, GError **error);
struct ledger *ledger_open_reader(const char *path, GError **error);
/* Rolls back what was not committed. NULL is fine. */
void ledger_close(struct ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ledger_t, ledger_close)

bool ledger_begin(struct ledger *ledger, GError **error);
/* False: nothing is committed. Where that cannot be brought about, every later call fails, _RETRY, for nothing may
 * be concluded from what the ledger says: it must be closed and opened again, and may then show the transaction. */
bool ledger_commit(enum step step, struct ledger *ledger, GError **error);
/* Without a transaction it does nothing. */
void ledger_rollback(struct ledger *ledger);
/* One savepoint within a transaction. After ledger_savepoint: release keeps, roll_back_to undoes and ends it. */
bool ledger_savepoint(struct ledger *ledger, GError **error);
bool ledger_release(struct ledger *ledger, GError **error);
bool ledger_roll_back_to(struct ledger *ledger, GError **error);

/* Moves the WAL into the database as far as readers allow. Writer, at the end of a pass. */
bool ledger_checkpoint(struct ledger *ledger, GError **error);
/* The next number of a named counter, from 1. */
bool ledger_counter_next(struct ledger *ledger, const char *name, int64_t *value, GError **error);
bool ledger_counter_add(struct ledger *ledger, const char *name, int64_t n, GError **error);
/* 0 where there is none. */
bool ledger_counter_get(struct ledger *ledger, const char *name, int64_t *value, GError **error);

/* ---- jobs (ledger_jobs.c) ---- */

enum ledger_direction { LEDGER_IN, LEDGER_OUT };

/* Identity of the sender's copy while it may still be in the drop. */
struct ledger_source {
    bool set;
    int64_t dev, ino, ctime_ns, size;
};

struct ledger_job {
    int64_t id;
    enum ledger_direction direction;
    const char *name; /* escaped */
    const char *type; /* "EMI" …; NULL when the name does not say */
    const char *form; /* "xml", "csv" or NULL */
    const char *org;
    const char *sender; /* EUI-64 text */
    int64_t sequence;   /* 0: none */
    const char *drop;
    int64_t received;
    int64_t size;
    const char *sha256;
    int64_t receipt; /* how often this name has been received, this time included */
    struct ledger_source source;
    const char *reason; /* why held or corrupt */
};

/* n ids, from *first on, that no row has and that are not given out again while this writer lives. */
bool ledger_job_reserve_ids(struct ledger *ledger, int64_t n, int64_t *first, GError **error);
/* receipt is set by the ledger (the struct's is ignored) and, when not NULL, given out. */
bool ledger_job_insert(struct ledger *ledger, const struct ledger_job *job, int64_t *receipt, GError **error);
/* *job is NULL when there is none. */
bool ledger_job_get(struct ledger *ledger, int64_t id, struct ledger_job **job, GError **error);
/* The newest of that (escaped) name. */
bool ledger_job_named(struct ledger *ledger, const char *name, struct ledger_job **job, GError **error);
typedef bool (*ledger_job_visit)(void *user, const struct ledger_job *job, GError **error);
bool ledger_jobs_each(struct ledger *ledger, ledger_job_visit visit, void *user, GError **error);
/* Jobs whose sender's copy may still be in that drop, oldest first: struct ledger_job. */
bool ledger_jobs_to_discard(struct ledger *ledger, const char *drop, GPtrArray **jobs, GError **error);
bool ledger_job_clear_source(struct ledger *ledger, int64_t id, GError **error);
/* NULL clears. */
bool ledger_job_set_reason(struct ledger *ledger, int64_t id, const char *reason, GError **error);
/* A new receipt of the same job (R2 …): its reason is cleared. */
bool ledger_job_requeue(struct ledger *ledger, int64_t id, int64_t *receipt, GError **error);

/* ---- verdicts and findings (ledger_verdicts.c) ---- */

struct ledger_verdict {
    int64_t job, receipt;
    int64_t judged_at;
    char outcome[3]; /* "AC", "WN", "PA", "RJ" */
    const char *batch;
    int64_t declared; /* -1: not said */
    int64_t parsed, accepted, rejected, deferred;
    const char *code; /* the finding that decided; NULL for AC */
    int64_t line, column;
    int64_t first_item, items; /* work items first_item … first_item + items - 1; 0, 0 for RJ */
    int64_t dispatched;        /* of the accepted ones have a session, and */
    int64_t ended;             /* have ended: both kept by ledger_session_put */
    bool truncated;            /* there were more findings than are kept */
};

struct ledger_finding {
    const char *code, *scope, *severity;
    int64_t line, column, record; /* 0: none */
    const char *field, *value, *text;
};

bool ledger_verdict_insert(struct ledger *ledger, const struct ledger_verdict *verdict, GError **error);
/* receipt 0: the latest. *verdict is NULL when there is none. */
bool ledger_verdict_get(struct ledger *ledger, int64_t job, int64_t receipt, struct ledger_verdict **verdict,
                        GError **error);
/* When the newest of all verdicts was given, by the clock of then; 0: none yet. */
bool ledger_newest_verdict(struct ledger *ledger, int64_t *at, GError **error);
/* Adds behind those that the verdict has. */
bool ledger_finding_insert(struct ledger *ledger, int64_t job, int64_t receipt, const struct ledger_finding *finding,
                           GError **error);
typedef bool (*ledger_finding_visit)(void *user, const struct ledger_finding *finding, GError **error);
/* In the order of insertion. */
bool ledger_findings_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_finding_visit visit,
                          void *user, GError **error);
bool ledger_finding_count_insert(struct ledger *ledger, const struct ledger_verdict *of, const char *code, int64_t n,
                                 GError **error);
/* Codes in alphabetical order, which is the catalogue's. */
typedef bool (*ledger_count_visit)(void *user, const char *name, int64_t n, GError **error);
bool ledger_finding_counts_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_count_visit visit,
                                void *user, GError **error);

/* ---- what was before: duplicates and sequence (ledger_earlier.c) ---- */

/* The file asked about. "Others" are inbound jobs with another id. */
struct ledger_subject {
    int64_t id;       /* its job */
    const char *name; /* escaped */
    const char *type, *org, *sender;
    int64_t sequence;
    const char *sha256;
};

/* Ids of the oldest other that is older or accepted (AC, WN, PA), 0 for none. */
struct ledger_duplicates {
    int64_t name_and_bytes;       /* same name, same bytes: B105 */
    int64_t name_other_bytes;     /* same name, other bytes: B106 */
    int64_t sequence_other_bytes; /* same sender, type and sequence, other bytes: B106 */
    int64_t bytes_other_name;     /* same sender, type and bytes, other name: B112 */
};

bool ledger_duplicates(struct ledger *ledger, const struct ledger_subject *self, struct ledger_duplicates *found,
                       GError **error);
/* The greatest sequence of an older accepted file of the same sender and type, 0 for none. */
bool ledger_last_sequence(struct ledger *ledger, const struct ledger_subject *self, int64_t *sequence, GError **error);
/* The greatest sequence below self->sequence that an older one bore, accepted or not, 0 for none. */
bool ledger_sequence_before(struct ledger *ledger, const struct ledger_subject *self, int64_t *sequence,
                            GError **error);
/* *job: an older or accepted other of the same sender and type has this BatchId; 0 for none. */
bool ledger_batch_used(struct ledger *ledger, const struct ledger_subject *self, const char *batch, int64_t *job,
                       GError **error);
/* *job: an older file of the same sender with this (escaped) name whose latest verdict is RJ; 0 for none. */
bool ledger_rejected_file(struct ledger *ledger, const struct ledger_subject *self, const char *name, int64_t *job,
                          GError **error);
/* How many Devices of instructions judged since then were accepted. */
bool ledger_accepted_since(struct ledger *ledger, int64_t since, int64_t *n, GError **error);

/* ---- reference data (ledger_reference.c) ---- */

/* What DCC said last; gateway/DEVICES.md says what it means. Hex digits are in upper case. EUI-64s: 0 = none. */
struct ledger_inventory {
    uint64_t device; /* the key */
    const char *device_type, *status;
    const char *manufacturer, *model, *firmware; /* NULL: not said */
    const char *mpxn;
    uint64_t chf, supplier, map;
    const char *region;
    int64_t installed, commissioned;
    const char *credentials; /* "TCOS", "ECOS" */
    const char *pending;     /* "USC", "FW" or NULL */
};

struct ledger_cos {
    const char *mpxn; /* with starts the key */
    int64_t starts;   /* 00:00 of SupplyStartDate */
    uint64_t losing, gaining;
};

#define LEDGER_FOR_EVER INT64_MAX

struct ledger_nmm {
    const char *device_type, *manufacturer, *model;
    const char *firmware; /* "": all of the model */
    int64_t since;        /* these five are the key */
    int64_t until;        /* LEDGER_FOR_EVER where no end is known */
    const char *reason, *fixed_in;
};

struct ledger_party {
    uint64_t id;
    const char *role; /* with id the key */
    const char *mpid, *name, *drop;
};

enum ledger_reference { LEDGER_INVENTORY, LEDGER_COS, LEDGER_NMM, LEDGER_PARTY, LEDGER_REFERENCES };

/* Adds or replaces by key. */
bool ledger_inventory_put(struct ledger *ledger, const struct ledger_inventory *row, GError **error);
bool ledger_cos_put(struct ledger *ledger, const struct ledger_cos *row, GError **error);
bool ledger_nmm_put(struct ledger *ledger, const struct ledger_nmm *row, GError **error);
bool ledger_party_put(struct ledger *ledger, const struct ledger_party *row, GError **error);
/* Of row only the key counts; without such a row it does nothing. */
bool ledger_inventory_remove(struct ledger *ledger, const struct ledger_inventory *row, GError **error);
bool ledger_cos_remove(struct ledger *ledger, const struct ledger_cos *row, GError **error);
bool ledger_nmm_remove(struct ledger *ledger, const struct ledger_nmm *row, GError **error);
bool ledger_party_remove(struct ledger *ledger, const struct ledger_party *row, GError **error);
/* The same for asking: is there a row with that key? */
bool ledger_inventory_known(struct ledger *ledger, const struct ledger_inventory *row, bool *known, GError **error);
bool ledger_cos_known(struct ledger *ledger, const struct ledger_cos *row, bool *known, GError **error);
bool ledger_nmm_known(struct ledger *ledger, const struct ledger_nmm *row, bool *known, GError **error);
bool ledger_party_known(struct ledger *ledger, const struct ledger_party *row, bool *known, GError **error);

/* A FULL file: _begin removes all rows of the table, and until _end, in the same transaction, many rows are put fast,
 * each key once (_end: SPOOL_ERROR_EXISTS); nothing may be asked of the table in between. What undoes the transaction
 * undoes both. */
bool ledger_reference_load_begin(struct ledger *ledger, enum ledger_reference table, GError **error);
bool ledger_reference_load_end(struct ledger *ledger, enum ledger_reference table, GError **error);

/* The newest accepted file of a table. */
struct ledger_loaded {
    int64_t job;     /* 0: there was none yet */
    int64_t created; /* the file's CreationDateTime */
    int64_t loaded;  /* when it was judged */
    int64_t records; /* known since then */
};

/* records is counted anew. */
bool ledger_reference_note(struct ledger *ledger, enum ledger_reference table, int64_t job, int64_t created,
                           int64_t loaded, GError **error);
bool ledger_reference_get(struct ledger *ledger, enum ledger_reference table, struct ledger_loaded *loaded,
                          GError **error);

/* *row is NULL when there is none; g_free it. */
bool ledger_inventory_get(struct ledger *ledger, uint64_t device, struct ledger_inventory **row, GError **error);
/* The last SupplyStartDate of an event of this MPxN with after < starts <= until; 0: none. */
bool ledger_cos_between(struct ledger *ledger, const char *mpxn, int64_t after, int64_t until, int64_t *starts,
                        GError **error);
/* The same for a GPF, which has no MPxN: of the meter that, at `after`, says whose it is (ledger_supplier_of). */
bool ledger_cos_of_gpf(struct ledger *ledger, uint64_t gpf, int64_t after, int64_t until, int64_t *starts,
                       GError **error);
/* Is a model (the first four members of the key) Non-Migratable at that time, and until when (LEDGER_FOR_EVER)? Of
 * several entries the one that lasts longest counts. firmware NULL: not known, so that only entries for any count. */
bool ledger_model_is_barred(struct ledger *ledger, const struct ledger_nmm *model, int64_t at, bool *barred,
                            int64_t *until, GError **error);
/* Who is the Responsible Supplier of a Device of the inventory at that time; 0: nobody. A GPF's is that of a GSME on
 * its hub, else of an ESME there; meters that are Decommissioned or Withdrawn do not count. */
bool ledger_supplier_of(struct ledger *ledger, uint64_t device, int64_t at, uint64_t *supplier, GError **error);
/* *row is NULL when nobody is known by that id in that role; g_free it. */
bool ledger_party_get(struct ledger *ledger, uint64_t id, const char *role, struct ledger_party **row, GError **error);

typedef bool (*ledger_nmm_visit)(void *user, const struct ledger_nmm *entry, GError **error);
/* All entries, by key. */
bool ledger_nmm_each(struct ledger *ledger, ledger_nmm_visit visit, void *user, GError **error);
/* Of the entries that make a model Non-Migratable at that time the earliest beginning; 0: it is not. */
bool ledger_model_barred_since(struct ledger *ledger, const struct ledger_nmm *model, int64_t at, int64_t *since,
                               GError **error);
typedef bool (*ledger_inventory_visit)(void *user, const struct ledger_inventory *row, GError **error);
/* All Devices, in no order; those of a metering point and those on a hub, by id. */
bool ledger_inventory_each(struct ledger *ledger, ledger_inventory_visit visit, void *user, GError **error);
bool ledger_point_each(struct ledger *ledger, const char *mpxn, ledger_inventory_visit visit, void *user,
                       GError **error);
bool ledger_hub_each(struct ledger *ledger, uint64_t chf, ledger_inventory_visit visit, void *user, GError **error);
typedef bool (*ledger_cos_visit)(void *user, const struct ledger_cos *event, GError **error);
/* Events with from <= starts < until, by metering point and time. */
bool ledger_cos_each(struct ledger *ledger, int64_t from, int64_t until, ledger_cos_visit visit, void *user,
                     GError **error);
typedef bool (*ledger_party_visit)(void *user, const struct ledger_party *party, GError **error);
/* All in that role, by id. */
bool ledger_parties_each(struct ledger *ledger, const char *role, ledger_party_visit visit, void *user, GError **error);

/* ---- work items (ledger_devices.c) ---- */

/* Where a work item is: the first three are the outcomes of its split, all are states of a session. */
enum ledger_state {
    LEDGER_READY,
    LEDGER_REJECTED,
    LEDGER_DEFERRED,
    LEDGER_DISPATCHED,
    LEDGER_RETRY_WAIT,
    LEDGER_CONFIRM_PENDING,
    LEDGER_CONFIRM_MISMATCH,
    LEDGER_MIGRATED,
    LEDGER_FAILED,
    LEDGER_STATES,
};

struct ledger_item {
    int64_t item; /* set by ledger_item_insert: contiguous within one transaction */
    int64_t job, record;
    bool has_device; /* false: malformed, device_text says it */
    uint64_t device;
    const char *device_text;
    const char *device_type, *manufacturer, *model, *firmware;
    const char *mpxn, *chf, *region, *attempt; /* as they stand in the instruction */
    enum ledger_state outcome;                 /* of the split: READY, REJECTED or DEFERRED */
    const char *code, *text;
    bool passes; /* the code passes by itself */
    int64_t next_eligible;
    bool ended; /* it is not live any more */
};

/* "READY" …; NULL where there is no such state. */
const char *ledger_state_name(enum ledger_state state);
bool ledger_state_find(const char *name, enum ledger_state *state);
/* A READY item is live; SPOOL_ERROR_EXISTS when its Device is live already. */
bool ledger_item_insert(struct ledger *ledger, struct ledger_item *item, GError **error);
typedef bool (*ledger_item_visit)(void *user, const struct ledger_item *item, GError **error);
/* The items of a verdict in the order of the instruction. */
bool ledger_items_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_item_visit visit, void *user,
                       GError **error);

/* What earlier work items of a Device mean for a new one. */
struct ledger_past {
    bool live;
    bool replaced; /* one of the two sides has said that its credentials were replaced */
    int64_t failed_sessions;
    int64_t failed_migrations; /* of them with an error of category d */
    int64_t next_eligible;     /* of the newest failed session, 0 when there is none */
};
bool ledger_device_past(struct ledger *ledger, uint64_t device, struct ledger_past *past, GError **error);

/* ---- sessions and their steps (ledger_sessions.c; gateway/DEVICES.md, History) ---- */

/* What a step's file said that counts from then on, until that side says otherwise. */
enum ledger_word { LEDGER_NO_WORD, LEDGER_REPLACED, LEDGER_NOT_REPLACED, LEDGER_CONFIRMED, LEDGER_NOT_CONFIRMED };

/* What one side has said last; at 0: nothing that counts. It stands in the step that it led to. */
struct ledger_side {
    int64_t at;
    bool good; /* replaced, confirmed; what follows stands only then */
    const char *subject_id, *key_id;
    int64_t try;  /* that it is about; 0: said about none */
    int64_t step; /* the ledger's own, as read */
};

/* What is so now, of a work item that has gone beyond its split. */
struct ledger_session {
    enum ledger_state state;
    int64_t steps;       /* how many led here */
    int64_t last;        /* the newest of them, the ledger's own, as read */
    int64_t try;         /* the newest that was ordered; 0: none yet */
    bool answered;       /* a result other than SUCCESS has come for that try, and */
    bool unused;         /* said that it was not attempted */
    int64_t delays;      /* how many of the waits between tries are used up */
    int64_t begun, ends; /* the first try, and until when there may be others */
    int64_t due;         /* goes on by itself then, 0: never */
    const char *code;    /* why it waits, disagrees or failed */
    int64_t next_eligible, ended;
    struct ledger_side tcos, ecos;
};

/* One change of a session: written once, never changed. */
struct ledger_step {
    int64_t n, at;
    enum ledger_state state; /* from then on */
    int64_t try;
    int64_t job, record; /* the file that caused it (DISPATCHED: the work order); 0: the time */
    const char *code;
    int64_t due;
    const char *gbcs, *duis, *alert, *subject_id, *key_id; /* as the file said */
    int64_t said_at;
    enum ledger_word word;
};

/* A work item with all that is so now. */
struct ledger_work {
    struct ledger_item item;
    const char *org, *batch; /* of the instruction */
    const char *name;        /* the instruction's, escaped */
    int64_t receipt, judged_at;
    bool has_session;
    struct ledger_session session;
};

/* By its WorkItemId, in its three parts; *work is NULL where no accepted instruction has it. Of the item only its
 * place, Device, outcome and end are there, and no text but for the session's. */
bool ledger_work_named(struct ledger *ledger, const char *org, const char *batch, int64_t record,
                       struct ledger_work **work, GError **error);
/* *work is NULL when there is none. */
bool ledger_work_get(struct ledger *ledger, int64_t item, struct ledger_work **work, GError **error);
typedef bool (*ledger_work_visit)(void *user, const struct ledger_work *work, GError **error);
/* All work items of a Device, oldest first. */
bool ledger_device_each(struct ledger *ledger, uint64_t device, ledger_work_visit visit, void *user, GError **error);
/* Those of a verdict, in the order of the instruction. */
bool ledger_works_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_work_visit visit, void *user,
                       GError **error);
/* Those in a state, in the order of due time and number; limit 0: all. */
bool ledger_state_each(struct ledger *ledger, enum ledger_state state, int64_t limit, ledger_work_visit visit,
                       void *user, GError **error);
/* Work items by current state. Walks all items. */
bool ledger_states_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);

/* The session of that work, which says how it was until now, as it has become, and the step that led there (its sides
 * are what their steps say); an ended one frees its Device for later instructions. EXISTS: it has gone on since. */
bool ledger_session_put(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *session,
                        const struct ledger_step *step, GError **error);
typedef bool (*ledger_step_visit)(void *user, const struct ledger_step *step, GError **error);
bool ledger_steps_each(struct ledger *ledger, int64_t item, ledger_step_visit visit, void *user, GError **error);

/* Sessions that ended in that state with from <= ended < until, in the order of their end and their number. */
typedef bool (*ledger_end_visit)(void *user, int64_t item, uint64_t device, const char *code, GError **error);
bool ledger_ends_each(struct ledger *ledger, enum ledger_state state, int64_t from, int64_t until,
                      ledger_end_visit visit, void *user, GError **error);
/* Work items of instructions judged with from <= judged_at < until, and how each was split. */
typedef bool (*ledger_split_visit)(void *user, uint64_t device, enum ledger_state outcome, GError **error);
bool ledger_splits_each(struct ledger *ledger, int64_t from, int64_t until, ledger_split_visit visit, void *user,
                        GError **error);
/* Work items that were accepted before that time and had not ended then (READY). Walks all. */
bool ledger_unended_each(struct ledger *ledger, int64_t at, ledger_split_visit visit, void *user, GError **error);
/* A work item with what the inventory says of its Device, NULL where it is not there. Both are valid during the call,
 * which a missing item does not get. */
typedef bool (*ledger_known_visit)(void *user, const struct ledger_work *work, const struct ledger_inventory *device,
                                   GError **error);
bool ledger_work_known(struct ledger *ledger, int64_t item, ledger_known_visit visit, void *user, GError **error);

/* The Devices of a work order, in the order of its records. */
typedef bool (*ledger_order_visit)(void *user, const struct ledger_work *work, const struct ledger_step *step,
                                   GError **error);
bool ledger_order_each(struct ledger *ledger, int64_t job, ledger_order_visit visit, void *user, GError **error);

/* ---- what is due (ledger_due.c) ---- */

/* A work item and since when it is due. */
struct ledger_due {
    int64_t at, item;
};

/* Verdicts (struct ledger_verdict, oldest first) with READY items that have no session yet. */
bool ledger_fresh_verdicts(struct ledger *ledger, GPtrArray **verdicts, GError **error);
/* Appends the first `limit` such items of a verdict (struct ledger_due). */
bool ledger_fresh_items(struct ledger *ledger, const struct ledger_verdict *of, int64_t limit, GArray *due,
                        GError **error);
/* The first `limit` of them take the first step of `session`, without being looked at one by one: step is theirs but
 * for its record, which goes on from step->record. *n is how many. */
bool ledger_fresh_put(struct ledger *ledger, const struct ledger_verdict *of, const struct ledger_session *session,
                      const struct ledger_step *step, int64_t limit, int64_t *n, GError **error);
/* A session is noted to wake no later than it is due, and where that was put off keeps its earlier time: so an index
 * seldom changes. Whether there are such whose time to wake has come, and then, before the questions below: from now on
 * they wake when they are due. */
bool ledger_wakes_early(struct ledger *ledger, int64_t now, bool *early, GError **error);
bool ledger_wakes_put_off(struct ledger *ledger, int64_t now, GError **error);
/* Appends the first `limit` that wait for a dispatch whose time has come and whose session has not ended. */
bool ledger_tries_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error);
/* Appends the first `limit` whose session is over or whose confirmation is missing for too long. */
bool ledger_times_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error);
/* The earliest time after now at which one of them goes on, 0: none does. */
bool ledger_next_due(struct ledger *ledger, int64_t now, int64_t *at, GError **error);

/* Accepted instructions (struct ledger_verdict) whose work has all ended and whose outcome is not planned yet. */
bool ledger_outcomes_due(struct ledger *ledger, GPtrArray **verdicts, GError **error);
bool ledger_outcome_planned(struct ledger *ledger, const struct ledger_verdict *of, GError **error);

/* How the Devices of one model have ended so far. */
struct ledger_model {
    const char *device_type, *manufacturer, *model, *firmware;
    int64_t migrated, failed; /* Devices */
};
/* Counts one Device more, and gives out what it is then (strings are the caller's). */
bool ledger_model_count(struct ledger *ledger, const struct ledger_item *item, bool migrated, struct ledger_model *now,
                        GError **error);

/* ---- parts owed (ledger_parts.c) ---- */

enum ledger_part_state { LEDGER_PLANNED, LEDGER_STORED, LEDGER_STAGED, LEDGER_DELIVERED };

struct ledger_part {
    int64_t id;
    int64_t job, receipt;
    int64_t about;    /* the instruction whose outcome it tells, with receipt; 0: job itself */
    const char *kind; /* "EMA", "EMD", "EMW", "EMO" */
    const char *name; /* of the file in the drop and of the part in the job's directory; unique */
    const char *form;
    const char *drop, *recipient;
    const char *folder;               /* below the drop's `out`; NULL: right there */
    const char *sender, *environment; /* the gateway's own, as they were at the planning */
    int64_t sequence, created;
    int64_t rows; /* D rows (EMA: F and E rows), -1: not known yet */
    enum ledger_part_state state;
    int64_t size; /* -1 until STORED */
    const char *sha256;
    int64_t delivered_at;
};

/* "PLANNED" … */
const char *ledger_part_state_name(enum ledger_part_state state);
/* A new part; id and state are set by the ledger (PLANNED), id is given out when not NULL. */
bool ledger_part_plan(struct ledger *ledger, const struct ledger_part *part, int64_t *id, GError **error);
bool ledger_part_get(struct ledger *ledger, int64_t id, struct ledger_part **part, GError **error);
/* The part of that name; *part is NULL when there is none. */
bool ledger_part_named(struct ledger *ledger, const char *name, struct ledger_part **part, GError **error);
/* A DELIVERED one is STORED again, to be delivered once more. */
bool ledger_part_again(struct ledger *ledger, int64_t id, GError **error);
/* struct ledger_part, in the order of planning; job 0: of all jobs. */
bool ledger_parts_of(struct ledger *ledger, int64_t job, GPtrArray **parts, GError **error);
/* Those that are still PLANNED, in the order of planning. */
bool ledger_parts_planned(struct ledger *ledger, GPtrArray **parts, GError **error);
/* The first `limit` that are STORED or STAGED for a drop, in the order of planning. */
bool ledger_parts_due(struct ledger *ledger, const char *drop, int64_t limit, GPtrArray **parts, GError **error);
/* How many of a job are not DELIVERED. */
bool ledger_parts_owed(struct ledger *ledger, int64_t job, int64_t *n, GError **error);
/* Drops that are owed something, and how much; by name. */
bool ledger_drops_owed_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);
/* Writes state, rows, size, sha256 and delivered_at of part->id. States go forward by one, or stay
 * (SPOOL_ERROR_BUG); STAGED may go back to STORED. */
bool ledger_part_update(struct ledger *ledger, const struct ledger_part *part, GError **error);

/* ---- reports that were issued (ledger_reports.c; gateway/REPORTS.md) ---- */

/* A period of a report, [starts, ends). */
struct ledger_period {
    const char *ref; /* with starts the key */
    int64_t starts, ends;
    int64_t issued;
    int64_t job;        /* its files are parts of that job; 0: there was nobody to send one to */
    int64_t unassigned; /* rows that are in nobody's file */
};

/* The file of one recipient, as it is now. */
struct ledger_report {
    struct ledger_period period;
    uint64_t recipient;
    const char *mpid;
    struct ledger_part part;
};

bool ledger_period_issue(struct ledger *ledger, const struct ledger_period *period, GError **error);
/* Says whose file a part is. */
bool ledger_report_add(struct ledger *ledger, const struct ledger_period *period, int64_t part, uint64_t recipient,
                       const char *mpid, GError **error);
/* *period is NULL when that one was not issued. */
bool ledger_period_get(struct ledger *ledger, const char *ref, int64_t starts, struct ledger_period **period,
                       GError **error);
/* The period whose files are parts of that job. */
bool ledger_period_of_job(struct ledger *ledger, int64_t job, struct ledger_period **period, GError **error);
/* The newest one issued that had begun by then. */
bool ledger_period_last(struct ledger *ledger, const char *ref, int64_t at, struct ledger_period **period,
                        GError **error);
typedef bool (*ledger_period_visit)(void *user, const struct ledger_period *period, GError **error);
/* In the order of ref and time. */
bool ledger_periods_each(struct ledger *ledger, ledger_period_visit visit, void *user, GError **error);
/* Periods that were issued by then and of which n files are still owed, oldest first. */
typedef bool (*ledger_owed_visit)(void *user, const struct ledger_period *period, int64_t n, GError **error);
bool ledger_periods_owed(struct ledger *ledger, int64_t issued_until, ledger_owed_visit visit, void *user,
                         GError **error);
/* What MGMT said of a week when it was issued: Devices. */
struct ledger_week {
    int64_t ends, in_scope, migrated, remaining;
};
bool ledger_week_put(struct ledger *ledger, const struct ledger_week *week, GError **error);
typedef bool (*ledger_week_visit)(void *user, const struct ledger_week *week, GError **error);
/* Those that ended before that time, oldest first. */
bool ledger_weeks_each(struct ledger *ledger, int64_t before, ledger_week_visit visit, void *user, GError **error);
/* struct ledger_report, by recipient. */
bool ledger_reports_of(struct ledger *ledger, const char *ref, int64_t starts, GPtrArray **reports, GError **error);

/* ---- what was seen in the drops (ledger_pickups.c) ---- */

struct ledger_pickup {
    const char *drop, *name; /* name escaped */
    int64_t size, modified;  /* as the drop says */
    int64_t since;           /* size and time are known unchanged from then on */
    const char *decision;    /* "take", "wait", "leave", "taken", "gone" */
    const char *reason;
    int64_t job; /* 0: none yet */
};

/* The newest look at a name replaces the one before; since is kept while size and modified stay the same. */
bool ledger_pickup_note(struct ledger *ledger, const struct ledger_pickup *pickup, GError **error);
/* *pickup is NULL when the name was never seen. */
bool ledger_pickup_get(struct ledger *ledger, const char *drop, const char *name, struct ledger_pickup **pickup,
                       GError **error);
/* Files of the last look that are to be taken, or will be. */
bool ledger_pickups_waiting(struct ledger *ledger, const char *drop, int64_t *n, GError **error);

/* ---- incidents (ledger_incidents.c; gateway/INCIDENTS.md) ---- */

/* One cause on one subject; while it lasts there is no second one with the same code and subject. */
struct ledger_incident {
    int64_t id;
    const char *code, *subject; /* "A102", the drop */
    const char *parties;        /* their codes joined by ';'; NULL: nobody in particular */
    int64_t job, receipt;       /* the inbound file that it is about, or came from; 0: none */
    bool has_device;
    uint64_t device;
    int64_t begun, cleared;   /* cleared 0: it lasts */
    const char *text;         /* what was found */
    const char *reason, *who; /* closed by hand; NULL where it ended by itself */
    const char *file, *batch; /* of job and receipt; given out only */
};

/* One that lasts already stays as it is. What begins or ends is an event, to be told once. */
bool ledger_incident_begin(struct ledger *ledger, const struct ledger_incident *incident, GError **error);
bool ledger_incident_clear(struct ledger *ledger, const char *code, const char *subject, int64_t at, GError **error);
/* All that last of a Device; of the file itself that a sender's (escaped) name is or was. */
bool ledger_incident_clear_device(struct ledger *ledger, uint64_t device, int64_t at, GError **error);
bool ledger_incident_clear_file(struct ledger *ledger, const char *sender, const char *name, int64_t at,
                                GError **error);
/* By hand; one that does not last stays as it is. */
bool ledger_incident_close(struct ledger *ledger, int64_t id, int64_t at, const char *reason, const char *who,
                           GError **error);

/* *row is NULL when there is none; g_free it. The second: the newest with that code and subject, over or not. */
bool ledger_incident_get(struct ledger *ledger, int64_t id, struct ledger_incident **row, GError **error);
bool ledger_incident_newest(struct ledger *ledger, const char *code, const char *subject, struct ledger_incident **row,
                            GError **error);
bool ledger_incident_is_open(struct ledger *ledger, const char *code, const char *subject, bool *open, GError **error);
/* How many last that are about a Device, counted up to a limit; -1: all. */
bool ledger_incidents_of_devices(struct ledger *ledger, int64_t limit, int64_t *n, GError **error);

typedef bool (*ledger_incident_visit)(void *user, const struct ledger_incident *incident, GError **error);
/* All that last, or all, oldest first. */
bool ledger_incidents_each(struct ledger *ledger, bool all, ledger_incident_visit visit, void *user, GError **error);
/* The same without those of Devices: all that last and the newest cleared ones. */
bool ledger_incidents_recent(struct ledger *ledger, int64_t cleared_limit, ledger_incident_visit visit, void *user,
                             GError **error);
/* Those with a code, and those of a Device, that last. */
bool ledger_incidents_with(struct ledger *ledger, const char *code, ledger_incident_visit visit, void *user,
                           GError **error);
bool ledger_incidents_of_device(struct ledger *ledger, uint64_t device, ledger_incident_visit visit, void *user,
                                GError **error);

/* An incident began or ended: written once, never changed. */
struct ledger_event {
    int64_t id;      /* 1, 2, 3 … in the order in which it happened */
    bool cleared;    /* it ended; else it began */
    int64_t told_by; /* the job of the INC that tells it; 0: none yet */
};
typedef bool (*ledger_event_visit)(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                                   GError **error);
/* The first event that no INC tells, and how many there are from it on. */
bool ledger_events_untold(struct ledger *ledger, int64_t *first, int64_t *n, GError **error);
/* That job tells these. */
bool ledger_events_tell(struct ledger *ledger, int64_t job, int64_t first, int64_t n, GError **error);
/* Those that a job tells, in order; those of an incident. */
bool ledger_events_told(struct ledger *ledger, int64_t job, ledger_event_visit visit, void *user, GError **error);
bool ledger_events_of(struct ledger *ledger, int64_t incident, ledger_event_visit visit, void *user, GError **error);

/* ---- operators (ledger_actions.c) ---- */

struct ledger_action {
    const char *order_id; /* unique */
    int64_t job;          /* 0: none */
    int64_t incident;     /* 0: none */
    const char *verb, *reason, *who;
    int64_t at;
    const char *result;
};

/* SPOOL_ERROR_EXISTS when the order was carried out before. */
bool ledger_action_insert(struct ledger *ledger, const struct ledger_action *action, GError **error);
bool ledger_action_exists(struct ledger *ledger, const char *order_id, bool *exists, GError **error);
/* *action is NULL when there is none; g_free it. */
bool ledger_action_get(struct ledger *ledger, const char *order_id, struct ledger_action **action, GError **error);
/* struct ledger_action, oldest first; job 0: of all jobs. */
bool ledger_actions_of(struct ledger *ledger, int64_t job, GPtrArray **actions, GError **error);

/* ---- proof (ledger_proof.c) ---- */

/* SQLite's own check; every complaint is a line for the visitor (n counts from 1), none when it is sound. */
bool ledger_integrity_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);

/* What the ledger says about one verdict, from its numbers and counted anew. */
struct ledger_proof {
    struct ledger_verdict verdict;
    const char *name;                  /* the job's */
    bool instruction;                  /* it is an EMI's; others have no items and no EMD */
    int64_t ready, rejected, deferred; /* items counted, by outcome */
    int64_t misplaced;                 /* items whose slot is neither "live" nor their own, or not as the end says */
    int64_t sessions, ended;           /* of those items; those of READY ones that have ended */
    int64_t torn;                      /* sessions that are not what their steps say */
    int64_t ema_parts, emd_parts, emd_rows; /* planned answers; rows -1 when none is stored */
    int64_t misdated;                       /* planned answers of another time than the verdict's */
    int64_t findings, finding_counts;       /* listed; the sum of the counts per code */
    bool sound;                             /* everything agrees */
};

typedef bool (*ledger_proof_visit)(void *user, const struct ledger_proof *proof, GError **error);
bool ledger_proofs_each(struct ledger *ledger, ledger_proof_visit visit, void *user, GError **error);
/* Issued periods of a report whose files' rows, with those that are nobody's, are not as many as the sessions that
 * ended in that state in the period; and those that neither follow the one before nor are the first. */
bool ledger_periods_astray(struct ledger *ledger, const char *ref, enum ledger_state state, ledger_period_visit visit,
                           void *user, GError **error);
/* How many sessions ended in that state with from <= ended < until. */
bool ledger_ends_count(struct ledger *ledger, enum ledger_state state, int64_t from, int64_t until, int64_t *n,
                       GError **error);
/* Devices with more than one live work item, counted without the index that forbids it. */
bool ledger_live_duplicates(struct ledger *ledger, int64_t *n, GError **error);
/* Answers and work orders that bear a number which their counter has not given out. */
bool ledger_numbers_astray(struct ledger *ledger, int64_t *n, GError **error);
/* What is wrong with incidents: not one event for each beginning and each end, events told twice, or not in order,
 * or by no INC. */
bool ledger_incidents_astray(struct ledger *ledger, int64_t *n, GError **error);

#endif
