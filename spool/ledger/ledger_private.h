/*
 * What the ledger's sources share: the one connection, its cached statements and how rows are packed.
 * Only ledger*.c include this.
 *
 *     ledger_run(l, error, SQL, "it", (int64_t)1, "text")                          one change
 *     ledger_query → while (ledger_row(…, &row, …) && row) { column… } → ledger_end    a question
 *
 * Types of a bound list: i int64_t, t const char * or NULL, z int64_t with 0 stored as NULL. SQL must be a
 * constant with one address per call site: statements are cached by it.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PRIVATE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PRIVATE_H

#include "spool/ledger/ledger.h"

#include <sqlite3.h>
#include <stddef.h>

/* What the database's header says whose it is: "ECGS". */
#define LEDGER_APPLICATION_ID "0x45434753"

/* The accepted instruction that a WorkItemId named last in this transaction; items 0: none. */
struct ledger_recent_batch {
    char org[16], batch[32];
    int64_t job, first_item, items, revision, judged_at;
};

struct ledger {
    sqlite3 *db;
    bool writer, savepoint;
    bool unknown;      /* whether the last commit holds: no further call is served */
    int64_t next_item; /* 0: ask the table */
    int64_t next_job;  /* ids below are given out already */
    struct ledger_recent_batch recent_batch;
    GHashTable *statements;
};

/* Sets error from the connection's state; always false. */
bool ledger_fail(struct ledger *ledger, GError **error);
/* False, SPOOL_ERROR_BUG, outside a transaction. */
bool ledger_writing(struct ledger *ledger, GError **error);
sqlite3_stmt *ledger_prepare(struct ledger *ledger, const char *sql, GError **error);
sqlite3_stmt *ledger_query(struct ledger *ledger, GError **error, const char *sql, const char *types, ...);
bool ledger_row(struct ledger *ledger, sqlite3_stmt *query, bool *row, GError **error);
/* Resets; NULL is fine. */
void ledger_end(sqlite3_stmt *query);
bool ledger_run(struct ledger *ledger, GError **error, const char *sql, const char *types, ...);
/* The first column of the first row of a query, 0 when there is none; ends the query (NULL: false). */
bool ledger_number(struct ledger *ledger, sqlite3_stmt *query, int64_t *number, GError **error);
const char *ledger_text(sqlite3_stmt *query, int column);
bool ledger_execute(struct ledger *ledger, const char *sql, GError **error);

/* Copies a struct with the strings at the given offsets into one block. */
void *ledger_pack(const void *row, size_t size, const size_t *strings, size_t n);

/* Reads the row that a query stands on into a struct; the strings are the query's. */
typedef void (*ledger_read)(sqlite3_stmt *query, int column, void *row);
struct ledger_shape {
    size_t size;
    ledger_read read;
    const size_t *strings;
    size_t n;
};
/* One packed row or NULL; ends the query. */
bool ledger_one(struct ledger *ledger, sqlite3_stmt *query, const struct ledger_shape *shape, void **row,
                GError **error);
/* All packed rows; ends the query. */
bool ledger_all(struct ledger *ledger, sqlite3_stmt *query, const struct ledger_shape *shape, GPtrArray **rows,
                GError **error);

/* Visits (name, number) rows; ends the query. */
bool ledger_counts(struct ledger *ledger, sqlite3_stmt *query, ledger_count_visit visit, void *user, GError **error);

/* Columns of a verdict `v` (LEDGER_VERDICT_COLUMNS of them) and of an item `w`, in the readers' order. */
#define LEDGER_VERDICT                                                                                                 \
    "v.job,v.revision,v.judged_at,v.outcome,v.batch,v.declared,v.parsed,v.accepted,v.rejected,v.deferred,"             \
    "v.code,v.line,v.col,v.first_item,v.items,v.dispatched,v.truncated,v.ended"
#define LEDGER_ITEM                                                                                                    \
    "w.item,w.job,w.record,w.device_id,w.device_text,w.device_type,w.manufacturer,w.model,w.firmware,w.mpxn,"          \
    "w.chf,w.region,w.attempt,w.outcome,w.code,w.text,w.next_eligible,w.passes,w.slot"
enum { LEDGER_VERDICT_COLUMNS = 18, LEDGER_ITEM_COLUMNS = 19 };
#define LEDGER_INVENTORY_ROW                                                                                           \
    "i.device_id,i.device_type,i.status,i.manufacturer,i.model,i.firmware,i.mpxn,i.chf,i.supplier,i.map,i.region,"     \
    "i.installed,i.commissioned,i.credentials,i.pending"
#define LEDGER_OUTGOING                                                                                                \
    "p.id,p.job,p.revision,p.kind,p.name,p.form,p.drop_name,p.recipient,p.sequence,p.created,p.rows,p.state,p.size,"   \
    "p.sha256,p.delivered_at,p.sender,p.environment,p.about,p.folder"
enum { LEDGER_OUTGOING_COLUMNS = 19 };
void ledger_read_inventory(sqlite3_stmt *query, int column, void *row);
void ledger_read_outgoing(sqlite3_stmt *query, int column, void *row);
void ledger_read_verdict(sqlite3_stmt *query, int column, void *row);
void ledger_read_item(sqlite3_stmt *query, int column, void *row);
extern const struct ledger_shape ledger_verdict_shape;

/* Dropped while a whole file is loaded, and made again; part of the schema's version 3. The keys of these tables are
 * indexes, too: rows that stand in the order of the file are written one behind the other, whatever their keys. */
#define LEDGER_INVENTORY_INDEXES                                                                                       \
    "CREATE UNIQUE INDEX inventory_device ON inventory(device_id);"                                                    \
    "CREATE INDEX inventory_hub ON inventory(chf) WHERE chf IS NOT NULL;"                                              \
    "CREATE INDEX inventory_point ON inventory(mpxn) WHERE mpxn IS NOT NULL;"
#define LEDGER_COS_INDEXES                                                                                             \
    "CREATE UNIQUE INDEX cos_event ON cos(mpxn, starts);"                                                              \
    "CREATE INDEX cos_gained ON cos(gaining, starts);"

/* Brings the tables to this release's version, or refuses a newer one. */
bool ledger_migrate(struct ledger *ledger, GError **error);
bool ledger_version_known(struct ledger *ledger, GError **error);
/* For readers, who cannot bring it to this release's version. */
bool ledger_version_current(struct ledger *ledger, GError **error);

#endif
