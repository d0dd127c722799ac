/*
 * What the ledger's sources share: the connection, statements with bound values (ledger_sql.c), and the columns of
 * rows that several subjects read. Only spool/ledger/ and its unit tests include this header.
 *
 *     LEDGER_SQL(insert, "INSERT INTO counter VALUES(?,?)");
 *     ledger_run(ledger, &insert, LEDGER_VALUES(LEDGER_TEXT(name), LEDGER_INT(n)), error)            a change
 *
 *     ledger_query → while (ledger_row(…, &row, …) && row) { read the columns } → ledger_end         a question
 *     ledger_query → ledger_number | ledger_one | ledger_all | ledger_counts                         the same, shorter
 *
 * Why values are bound this way. Two designs were compared:
 *
 *   (a) an array of tagged values, each made by a macro that accepts the right C types only (this one);
 *   (b) a function per type of value, called once for each placeholder.
 *
 * With (b) the prototypes check the types too, but a pointer for an integer is only a warning. Each value needs a
 * line, an error check and a position that can be wrong, and a value that is forgotten keeps that of the call before.
 * With (a) a wrong type fails to compile under any flags, positions follow from the order, and the count of values is
 * compared with the count of placeholders before anything is bound. The array costs 16 bytes of stack for each value.
 *
 * Why each call site declares its statement. A prepared statement is kept for as long as the connection is open. Its
 * key is the address of the static object that LEDGER_SQL declares, which holds the SQL. C guarantees that two
 * objects differ in address. It does not for string literals, which a compiler may merge or not. So two call sites
 * with the same SQL have two prepared statements, and one can run while the other is walked. A key cannot stand for
 * two texts either, for it holds its text. The object is not const, so that no linker folds equal ones.
 *
 * One call uses a prepared statement at a time. That is why a visitor must not start the walk again that called it.
 *
 * About the SQL: `CROSS JOIN` fixes the order in which SQLite walks the tables, where it would guess wrong without
 * statistics. A condition like state<3 that repeats another one makes SQLite use a partial index: it must find the
 * index's condition in the query. Numbers in SQL (state=3) are those of the enums, whose headers say "the numbers are
 * stored".
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PRIVATE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PRIVATE_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_pending.h"

#include <sqlite3.h>
#include <stddef.h>

/* ---- the connection ---- */

/* "ECGS" in the header of the database file: says which program owns it. */
#define LEDGER_APPLICATION_ID "0x45434753"

enum { LEDGER_BUSY_WAIT = 10000 }; /* milliseconds that a connection waits for a lock of another one */

/* The accepted instruction that ledger_work_by_id found last in this transaction. items 0: none. */
struct ledger_recent_batch {
    char org[16], batch[32];
    int64_t job, first_item, items, revision, judged_at;
    bool reported;
};

/* The work items of a result file are read in one walk, by ledger_work_by_id and by ledger_item_model: the query stands
 * on the row of `item`. It ends before a statement that is not declared with LEDGER_SQL_BESIDE, for whether a walk sees
 * a change ahead of it SQLite leaves open. Those that are change only the item where the walk stands: who changes
 * another one has read it by another statement. query NULL: none. */
struct ledger_walk {
    const struct ledger_sql *from; /* work items from ? on, in their order; the first column is the item */
    sqlite3_stmt *query;
    int64_t item;
};

enum { LEDGER_PARTIES = 128 }; /* Suppliers, and Meter Asset Providers, that a connection remembers */

struct ledger {
    sqlite3 *db;
    bool writer;
    bool snapshot;        /* it shows one moment, to a thread of the writer */
    uint64_t dev, ino;    /* of the file, for a writer */
    bool group;           /* one is open: ledger_begin_grouped */
    bool member;          /* a transaction of that group is open */
    bool alone;           /* it is the first of its group: SQLite's transaction has nothing but its changes */
    bool savepoint;       /* one is set */
    bool whole;           /* nothing was changed before it: SQLite has none, the transaction itself stands for it */
    int64_t rows_begun;   /* sqlite3_total_changes64 when the transaction began */
    bool one_moment;      /* ledger_look_begin */
    sqlite3_stmt *moment; /* stands on a row and holds that moment; NULL: none does */
    struct ledger_walk work_walk, model_walk;
    bool unknown;      /* a COMMIT failed and may hold all the same: no further call is served */
    int64_t undone;    /* transactions that were rolled back */
    int64_t next_item; /* number of the next work item; 0: ask the table */
    int64_t next_job;  /* ids below this one are reserved already */
    struct ledger_recent_batch recent_batch;
    /* The link that this connection added last, so that the next one need not ask for it; n 0: ask the table. It
     * outlives a commit: there is one writer. Would another program add one, the insert of ours would fail with its
     * number, and the rollback forgets this. */
    struct ledger_evidence_head chain;
    struct digest *links; /* for the digests of links; NULL: none was computed yet */
    /* How many work items more or less are in each state since the transaction began (ledger_count_store), and what
     * that was at its savepoint. */
    int64_t counted[LEDGER_STATES], counted_before[LEDGER_STATES];
    struct ledger_pending pending;
    /* The SubjectId that was asked for last in this transaction, and is none of before: those of a file's Devices are
     * nearly all the same. */
    char new_subject[64];
    /* The one that was put last in this transaction: it is one of before. */
    char old_subject[64];
    /* The Device that ledger_earlier_work has looked for last in this transaction, and found no live work item of, or
     * none at all. */
    bool has_free_device, has_new_device;
    uint64_t free_device;
    /* Whether any incident of a Device is open, in this transaction. */
    enum { LEDGER_INCIDENTS_UNKNOWN, LEDGER_INCIDENTS_NONE, LEDGER_INCIDENTS_SOME } device_incidents;
    /* Of ids with one remainder, the party that inventory_party has for certain in this transaction; 0: none. */
    uint64_t suppliers[LEDGER_PARTIES], maps[LEDGER_PARTIES];
    ledger_listener *listener; /* NULL: nobody listens */
    bool finds;                /* the connection knows the functions of ledger_find_filter.h */
    struct ledger_find_filter *find_filter;
    GHashTable *statements; /* address of a struct ledger_sql → its sqlite3_stmt, owned */
    GHashTable
        *numbers; /* ledger_missing.h: "SENDER TYPE ORG" that was asked for → the lowest number changed since then */
};

/* Opens the file with these flags of SQLite, and sets what all connections have. NULL on an error. */
struct ledger *ledger_open_at(const char *path, int flags, GError **error);
/* Opens a file that does not change while it is open: without locks, WAL and files beside it. NULL on an error. */
struct ledger *ledger_open_immutable(const char *path, GError **error);
/* The database file's path, for messages; the ledger's. */
const char *ledger_path(const struct ledger *ledger);
/* Sets error from the connection's state: code by who has to act, text with the path and advice. Always false. */
bool ledger_fail(struct ledger *ledger, GError **error);
/* SQLite's text for what failed last, and what to do. g_free. */
char *ledger_reason(struct ledger *ledger);
/* Why a connection waits for a lock in vain: who has it, if the system tells, and what to do. g_free. */
char *ledger_locked(const char *path);
/* False, SPOOL_ERROR_RETRY, after a COMMIT of unknown outcome (ledger_commit). */
bool ledger_usable(const struct ledger *ledger, GError **error);
/* True inside a transaction of the writer; else false with SPOOL_ERROR_BUG. */
bool ledger_writing(struct ledger *ledger, GError **error);
/* The next row of the inventory says anew which parties it names. */
void ledger_inventory_party_forget(struct ledger *ledger);
/* Adds links for all facts that were there before the chain of evidence, in one commit; nothing if there is a chain. */
bool ledger_evidence_begin(struct ledger *ledger, GError **error);
/* Runs SQL without values, several statements at once. Nothing is kept. */
bool ledger_execute(struct ledger *ledger, const char *sql, GError **error);

/* ---- values ---- */

/* One value for one placeholder. Made by the macros below only. */
struct ledger_value {
    enum { LEDGER_VALUE_NULL, LEDGER_VALUE_NUMBER, LEDGER_VALUE_TEXT, LEDGER_VALUE_BYTES } kind;
    union {
        int64_t number;
        const char *text; /* borrowed until the call returns */
    };
    size_t len; /* of BYTES */
};

static inline struct ledger_value ledger_value_number(int64_t number)
{
    return (struct ledger_value){.kind = LEDGER_VALUE_NUMBER, .number = number};
}

static inline struct ledger_value ledger_value_number_or_null(int64_t number)
{
    return (struct ledger_value){.kind = number != 0 ? LEDGER_VALUE_NUMBER : LEDGER_VALUE_NULL, .number = number};
}

/* SQLite has no unsigned integers: the same 64 bits are stored, ids from 2^63 on as negative numbers. */
static inline struct ledger_value ledger_value_id(uint64_t id)
{
    return ledger_value_number((int64_t)id);
}

static inline struct ledger_value ledger_value_id_or_null(uint64_t id)
{
    return ledger_value_number_or_null((int64_t)id);
}

static inline struct ledger_value ledger_value_id_if(bool set, uint64_t id)
{
    return (struct ledger_value){.kind = set ? LEDGER_VALUE_NUMBER : LEDGER_VALUE_NULL, .number = (int64_t)id};
}

static inline struct ledger_value ledger_value_text(const char *text)
{
    return (struct ledger_value){.kind = LEDGER_VALUE_TEXT, .text = text}; /* SQLite stores a NULL pointer as NULL */
}

/* Bytes of any kind; borrowed until the call returns. */
static inline struct ledger_value ledger_value_bytes(const char *bytes, size_t len)
{
    return (struct ledger_value){.kind = LEDGER_VALUE_BYTES, .text = bytes, .len = len};
}

/* Calls `make` on a value of an integer type of this project's structs; any other type fails to compile. */
#define LEDGER_OF_INTEGER(make, x) _Generic((x), int64_t : make, int : make, unsigned : make, bool : make)(x)

/* A number, an enum or a bool. */
#define LEDGER_INT(x) LEDGER_OF_INTEGER(ledger_value_number, x)
/* The same; 0 is stored as NULL. */
#define LEDGER_INT_OR_NULL(x) LEDGER_OF_INTEGER(ledger_value_number_or_null, x)
/* An EUI-64, which is a uint64_t. */
#define LEDGER_ID(x) _Generic((x), uint64_t : ledger_value_id)(x)
/* The same; 0 is stored as NULL. */
#define LEDGER_ID_OR_NULL(x) _Generic((x), uint64_t : ledger_value_id_or_null)(x)
/* The id if `set` is true, else NULL: 0 is an id like any other here. */
#define LEDGER_ID_IF(set, x) _Generic((x), uint64_t : ledger_value_id_if)(set, x)
/* A text; a NULL pointer is stored as NULL. */
#define LEDGER_TEXT(x) _Generic((x), const char * : ledger_value_text, char * : ledger_value_text)(x)

/* The values of one statement, in the order of its placeholders (of their numbers, where it numbers them). */
struct ledger_values {
    const struct ledger_value *values;
    int n;
};
#define LEDGER_VALUES(...)                                                                                             \
    ((struct ledger_values){(const struct ledger_value[]){__VA_ARGS__},                                                \
                            (int)(sizeof((const struct ledger_value[]){__VA_ARGS__}) / sizeof(struct ledger_value))})
#define LEDGER_NO_VALUES ((struct ledger_values){NULL, 0})

/* ---- statements ---- */

/* One statement of one call site: SQL and, by its address, the key under which it is kept prepared. */
struct ledger_sql {
    const char *sql;
};
#define LEDGER_SQL(name, text) static struct ledger_sql name = {text}
/* Of statements that run for each Device of a file, and neither read nor write what ledger_pending.h keeps, nor change
 * what struct ledger_walk reads: a comment at their beginning says so. */
#define LEDGER_BESIDE "/*beside*/"
#define LEDGER_SQL_BESIDE(name, text) static struct ledger_sql name = {LEDGER_BESIDE text}

/*
 * Prepares the statement where that was not done yet, resets it and binds copies of the values. NULL on an error:
 * SPOOL_ERROR_BUG with the SQL if there are not as many values as placeholders, else as ledger_fail.
 * The result is the ledger's. It must be given to ledger_end, or to a function that says that it ends the query.
 */
sqlite3_stmt *ledger_query(struct ledger *ledger, const struct ledger_sql *statement, struct ledger_values values,
                           GError **error);
/* Before a transaction: it may not begin at the moment that ledger_look_begin holds. Ends the walk, too. */
void ledger_let_go(struct ledger *ledger);
/* *row: whether the walk, which is one of the ledger's, stands on that item now. */
bool ledger_walk_to(struct ledger *ledger, struct ledger_walk *walk, int64_t item, bool *row, GError **error);
/* Ends both walks. */
void ledger_walk_end(struct ledger *ledger);
/* Moves to the next row; *row is false after the last one. */
bool ledger_row(struct ledger *ledger, sqlite3_stmt *query, bool *row, GError **error);
/* Resets the statement, so that it no longer holds a read lock. NULL is allowed. */
void ledger_end(sqlite3_stmt *query);
/* Runs a change to its end, without a copy of the values. SPOOL_ERROR_BUG outside a transaction. */
bool ledger_run(struct ledger *ledger, const struct ledger_sql *statement, struct ledger_values values, GError **error);

/* The first column of the first row, 0 if there is no row or it is NULL. Ends the query (NULL: false). */
bool ledger_number(struct ledger *ledger, sqlite3_stmt *query, int64_t *number, GError **error);
/* Appends the first column of each row to `numbers` (int64_t). Ends the query (NULL: false). */
bool ledger_numbers(struct ledger *ledger, sqlite3_stmt *query, GArray *numbers, GError **error);
/* The column's text, NULL for NULL; SQLite's until the next call on this query. */
const char *ledger_text(sqlite3_stmt *query, int column);

/* ---- counts that are kept (ledger_counts.h) ---- */

/* n work items more are in that state; the commit stores it. Called after the change, once it cannot fail any more. */
void ledger_count_devices(struct ledger *ledger, enum ledger_state state, int64_t n);
/* Stores what ledger_count_devices has summed. For ledger_commit. */
bool ledger_count_store(struct ledger *ledger, GError **error);
/* Counts a job as its rows now are: -1 before a change of its type, revision or verdict, 1 after it. */
bool ledger_count_job(struct ledger *ledger, int64_t job, int n, GError **error);

/* What the counts have to be, from the rows: part of the schema's version 12, and for ledger_counts_wrong. */
#define LEDGER_COUNTED_DEVICES                                                                                         \
    "SELECT ifnull(s.state,w.outcome) AS state,count(*) AS n FROM work_item w LEFT JOIN session s ON s.item=w.item"    \
    " GROUP BY 1"
#define LEDGER_COUNTED_JOBS                                                                                            \
    "SELECT j.direction,ifnull(j.type,'') AS type,ifnull(v.outcome,'') AS outcome,count(*) AS n FROM job j"            \
    " LEFT JOIN verdict v ON v.job=j.id AND v.revision=j.revision GROUP BY 1,2,3"
#define LEDGER_COUNTED_INCIDENTS                                                                                       \
    "SELECT code,device_id IS NOT NULL AS of_device,count(*) AS n FROM incident WHERE cleared IS NULL GROUP BY 1,2"
/* Devices accepted in each hour, of each sender (ledger_volume.h), as the verdicts say. */
#define LEDGER_COUNTED_VOLUMES                                                                                         \
    "SELECT j.org AS subject,v.judged_at/3600 AS hour,sum(v.accepted) AS n FROM verdict v JOIN job j ON j.id=v.job"    \
    " WHERE v.items>0 AND v.accepted>0 AND j.org IS NOT NULL"

/* ---- totals (ledger_tally.h) ---- */

/* The upper bound of the bucket that so many seconds are in. Version 12 of the tables has it, so it never changes. */
#define LEDGER_TALLY_WITHIN(x, bound) " WHEN " x "<=" bound " THEN '" bound "'"
#define LEDGER_TALLY_LE(x)                                                                                             \
    "CASE" LEDGER_TALLY_WITHIN(x, "1") LEDGER_TALLY_WITHIN(x, "5") LEDGER_TALLY_WITHIN(x, "15")                        \
        LEDGER_TALLY_WITHIN(x, "60") LEDGER_TALLY_WITHIN(x, "300") LEDGER_TALLY_WITHIN(x, "900")                       \
            LEDGER_TALLY_WITHIN(x, "3600") LEDGER_TALLY_WITHIN(x, "14400") LEDGER_TALLY_WITHIN(x, "43200")             \
                LEDGER_TALLY_WITHIN(x, "86400") LEDGER_TALLY_WITHIN(x, "172800")                                       \
                    LEDGER_TALLY_WITHIN(x, "604800") " ELSE '+Inf' END"

/* ---- lost numbers (ledger_recovery.h) ---- */

/* How far a number x is after l.last of lost_number `l`, over the end; whether it is one of the lost ones. It only
 * matters which of two numbers is farther, and that is the same in each ring that has room for both: so the greatest
 * one (LEDGER_SEQUENCE_MAX) stands for those of senders whose names have fewer digits, too. */
#define LEDGER_LOST_DISTANCE(x) "iif(" x ">l.last," x "-l.last," x "-l.last+999999)"
#define LEDGER_IS_LOST(x) "(" LEDGER_LOST_DISTANCE(x) "<=" LEDGER_LOST_DISTANCE("l.number") ")"

/* ---- rows ---- */

/* Reads the row that a query stands on, from a column on, into a zeroed struct. The strings stay SQLite's. */
typedef void (*ledger_read)(sqlite3_stmt *query, int column, void *row);

/* How a struct is read, and where in it the strings are (offsets). */
struct ledger_shape {
    size_t size; /* bytes */
    ledger_read read;
    const size_t *strings;
    size_t n;
};

/* Copies a struct with the strings at these offsets into one block; g_free it. */
void *ledger_pack(const void *row, size_t size, const size_t *strings, size_t n);
/* *row: the first row as one block (g_free it), NULL if there is none. Ends the query. */
bool ledger_one(struct ledger *ledger, sqlite3_stmt *query, const struct ledger_shape *shape, void **row,
                GError **error);
/* *rows: all rows as blocks, which the array frees. Untouched on an error. Ends the query. */
bool ledger_all(struct ledger *ledger, sqlite3_stmt *query, const struct ledger_shape *shape, GPtrArray **rows,
                GError **error);
/* Visits rows of a name and a number. Ends the query. */
bool ledger_counts(struct ledger *ledger, sqlite3_stmt *query, ledger_count_visit visit, void *user, GError **error);

/* Columns that several subjects select, each with its reader: of a verdict `v`, a work item `w`, a Device of the
 * inventory `i`, an outgoing file `p`, a transition `t`. The readers rely on this order. */
#define LEDGER_VERDICT                                                                                                 \
    "v.job,v.revision,v.judged_at,v.outcome,v.batch,v.declared,v.parsed,v.accepted,v.rejected,v.deferred,"             \
    "v.code,v.line,v.col,v.first_item,v.items,v.dispatched,v.truncated,v.ended,v.begun,v.profile"
#define LEDGER_ITEM                                                                                                    \
    "w.item,w.job,w.record,w.device_id,w.device_text,w.device_type,w.manufacturer,w.model,w.firmware,w.mpxn,"          \
    "w.chf,w.region,w.attempt,w.outcome,w.code,w.text,w.next_eligible,w.passes,w.kept,w.no_earlier"
#define LEDGER_INVENTORY_ROW                                                                                           \
    "i.device_id,i.device_type,i.status,i.manufacturer,i.model,i.firmware,i.mpxn,i.chf,i.supplier,i.map,i.region,"     \
    "i.installed,i.commissioned,i.credentials,i.pending"
#define LEDGER_OUTGOING                                                                                                \
    "p.id,p.job,p.revision,p.kind,p.name,p.form,p.drop_name,p.recipient,p.sequence,p.created,p.rows,p.state,p.size,"   \
    "p.sha256,p.delivered_at,p.sender,p.environment,p.about,p.folder,p.rename_sent,p.concluded,p.upload_name,"         \
    "p.profile,p.removed"
#define LEDGER_TRANSITION                                                                                              \
    "t.n,t.at,t.state,t.try,t.job,t.record,t.code,t.due,t.gbcs,t.duis,t.alert,t.subject_id,t.key_id,t.said_at,t."      \
    "statement,t.hub,t.order_id"
enum { LEDGER_VERDICT_COLUMNS = 20, LEDGER_ITEM_COLUMNS = 20 };

/* Whether a work item is live: accepted, and its session has not ended. LEDGER_IS_LIVE_IN: with the session joined. */
#define LEDGER_IS_LIVE_IN(w, s) "(" w ".outcome=0 AND " s ".ended IS NULL)"
#define LEDGER_IS_LIVE(w)                                                                                              \
    "(" w ".outcome=0 AND NOT EXISTS(SELECT 1 FROM session e WHERE e.item=" w ".item AND e.ended IS NOT NULL))"

/* LEDGER_INVENTORY_ROW → struct ledger_inventory. */
void ledger_read_inventory(sqlite3_stmt *query, int column, void *row);
/* LEDGER_OUTGOING → struct ledger_outgoing. */
void ledger_read_outgoing(sqlite3_stmt *query, int column, void *row);
/* LEDGER_VERDICT → struct ledger_verdict. */
void ledger_read_verdict(sqlite3_stmt *query, int column, void *row);
/* LEDGER_ITEM → struct ledger_item without `ended`, which the session says. */
void ledger_read_item(sqlite3_stmt *query, int column, void *row);
/* LEDGER_TRANSITION → struct ledger_transition without existing_id. */
void ledger_read_transition(sqlite3_stmt *query, int column, void *row);
extern const struct ledger_shape ledger_verdict_shape;

/* ---- tables ---- */

/* The loading of a whole file drops these indexes and makes them again (ledger_reference_load_begin). They are part of
 * the schema's version 3. The keys of both tables are indexes of their own for the same reason: the rows themselves are
 * then written one after the other, in the order of the file. */
#define LEDGER_INVENTORY_INDEXES                                                                                       \
    "CREATE UNIQUE INDEX inventory_device ON inventory(device_id);"                                                    \
    "CREATE INDEX inventory_hub ON inventory(chf, device_type, device_id) WHERE chf IS NOT NULL;"                      \
    "CREATE INDEX inventory_point ON inventory(mpxn) WHERE mpxn IS NOT NULL;"
/* The same, for ledger_find.h. Behind what is looked for they have what saves reading the row. A FULL file makes them
 * again, so they have few columns. */
#define LEDGER_INVENTORY_FIND_INDEXES                                                                                  \
    "CREATE INDEX inventory_supplier ON inventory(supplier, chf, device_id, device_type) WHERE supplier IS NOT NULL;"  \
    "CREATE INDEX inventory_model ON inventory(model, firmware, device_id, manufacturer) WHERE model IS NOT NULL;"
/* The parties that Devices name: the first rows of inventory_party in older ledgers, which `spool verify` compares. */
#define LEDGER_PARTIES_OF_INVENTORY                                                                                    \
    "SELECT supplier AS party_id,'SUPPLIER' AS role FROM inventory WHERE supplier IS NOT NULL GROUP BY 1"              \
    " UNION ALL SELECT map,'MAP' FROM inventory WHERE map IS NOT NULL GROUP BY 1"
#define LEDGER_COS_INDEXES                                                                                             \
    "CREATE UNIQUE INDEX cos_event ON cos(mpxn, starts);"                                                              \
    "CREATE INDEX cos_gained ON cos(gaining, starts);"

/* The verdict of job ?1 that has the items: an instruction that was judged again may have rejected revisions beside it.
 * By its whole key: SQLite keeps a page as it was for each statement that may change several rows, and writes it to a
 * temporary file while a savepoint is open. That was 16 KB for each confirmation. */
#define LEDGER_THE_VERDICT "job=?1 AND revision=(SELECT revision FROM verdict WHERE job=?1 AND items>0)"

/* LEDGER_FOR_EVER in SQL; stored as NULL. */
#define LEDGER_FOR_EVER_SQL "9223372036854775807"

/* The Device of a work item. Its session has it too, for the indexes of ledger_find.h and for surveys. */
#define LEDGER_DEVICE_OF(item) "(SELECT w.device_id FROM work_item w WHERE w.item=" item ")"

/* Whether the model of a work item `w` is Non-Migratable at a time (ledger_model_non_migratable_until). */
#define LEDGER_IS_NON_MIGRATABLE(at)                                                                                   \
    "EXISTS(SELECT 1 FROM non_migratable n WHERE n.device_type=w.device_type AND n.manufacturer=w.manufacturer"        \
    " AND n.model=w.model AND n.firmware IN('',w.firmware) AND n.since<=" at " AND(n.until IS NULL OR n.until>" at     \
    "))"

/* Condition: an operator keeps the job of that number back (ledger_actions.h). */
#define LEDGER_KEPT_BACK(job)                                                                                          \
    "EXISTS(SELECT 1 FROM (SELECT a.verb FROM operator_action a WHERE a.job=" job " AND a.result='done'"               \
    " AND a.verb IN('hold','release','requeue','reject','close') ORDER BY a.id DESC LIMIT 1) WHERE verb='hold')"

/* A verdict whose outcome file (EMO) is due: its last Device has ended, or an end was corrected since the last EMO. The
 * schema's version 8 has an index with this very condition. */
#define LEDGER_OUTCOME_DUE "items>0 AND((ended=accepted AND reported=0)OR reported=2)"
/* A verdict whose first outcome file waits only for Devices whose sessions have begun, or which are withheld. The
 * schema's version 8 has an index with this condition, too. */
#define LEDGER_OUTCOME_WAITS "items>0 AND reported=0 AND begun>=accepted AND ended<accepted"

/* The place of a number in its numbering changes. To be called by whatever changes sender, type, sequence or numbering
 * of a job (ledger_numbers_changed). NULL, 0: the file has none. */
void ledger_number_changes(struct ledger *ledger, const char *sender, const char *type, int64_t number);
/* The same for the number of that job. */
bool ledger_number_of_job_changes(struct ledger *ledger, int64_t job, GError **error);
/* Another numbering begins: the place of any number may change. */
void ledger_numberings_change(struct ledger *ledger);

/* Brings the tables to this release's version, each version in a transaction of its own. SPOOL_ERROR_RETRY if they
 * have a newer one. */
bool ledger_migrate(struct ledger *ledger, GError **error);
/* To be called before it: tells of the upgrade, if there is one to do; false if the disk has no room for it. Changes
 * nothing. */
bool ledger_upgrade_possible(struct ledger *ledger, ledger_upgrade_tell *tell, GError **error);
/* *version: of the tables; 0: there are none. */
bool ledger_version(struct ledger *ledger, int64_t *version, GError **error);
/* False, SPOOL_ERROR_RETRY, if the tables have a newer version than this release knows. */
bool ledger_version_known(struct ledger *ledger, GError **error);
/* The same for an older version as well: a reader cannot change the tables. */
bool ledger_version_current(struct ledger *ledger, GError **error);

#endif
