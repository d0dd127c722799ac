/*
 * Reference data: the inventory, changes of supplier (CoS), Non-Migratable models and parties.
 *
 *   ledger_inventory_renew | …_put | ledger_inventory_remove … → ledger_reference_set               a DELTA file
 *   ledger_reference_load_begin → ledger_inventory_put … → ledger_reference_load_end → …_set         a FULL file
 *
 * ledger_inventory_rows.h does so with the rows of an INV, in an order that costs little.
 *
 * A file is stored in the transaction of its verdict. The tables hold what DCC said last, not when it said it: the
 * files themselves stay in the spool. Identifiers are EUI-64s as numbers, 0 means none. Hex digits in texts are in
 * upper case. What the columns mean: gateway/DEVICES.md. What the tables say: ledger_estate.h. The rules of all
 * subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_REFERENCE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_REFERENCE_H

#include "spool/ledger/ledger.h"

/* ---- rows ---- */

/* A Device. NULL: the file did not say. */
struct ledger_inventory {
    uint64_t device; /* the key */
    const char *device_type, *status;
    const char *manufacturer, *model, *firmware;
    const char *mpxn;  /* without leading zeros */
    uint64_t chf;      /* of the Communications Hub that it is on */
    uint64_t supplier; /* the Responsible Supplier, unless a change of supplier came later */
    uint64_t map;      /* the Meter Asset Provider */
    const char *region;
    int64_t installed, commissioned;
    const char *credentials; /* "TCOS" or "ECOS" */
    const char *pending;     /* "USC", "FW" or NULL */
};

/* A change of supplier. */
struct ledger_cos {
    const char *mpxn; /* with starts the key */
    int64_t starts;   /* 00:00 of SupplyStartDate */
    uint64_t losing, gaining;
};

#define LEDGER_FOR_EVER INT64_MAX

/* A Non-Migratable model. */
struct ledger_nmm {
    const char *device_type, *manufacturer, *model;
    const char *firmware; /* "": any firmware of the model */
    int64_t since;        /* these five are the key */
    int64_t until;        /* LEDGER_FOR_EVER: no end is known */
    const char *reason, *fixed_in;
};

struct ledger_party {
    uint64_t id;
    const char *role; /* with id the key */
    const char *mpid, *name, *drop;
};

enum ledger_reference { LEDGER_INVENTORY, LEDGER_COS, LEDGER_NMM, LEDGER_PARTY, LEDGER_REFERENCES };

/* ---- changes ---- */

/* Whoever puts a row of the inventory records in table inventory_party which parties it names. Rows stay there until
 * the next FULL file, also when no Device names the party any more. So ledger_unnamed_each (ledger_estate.h) has to
 * read the inventory only if PTY lacks one of them. */

/* Rewrites the row of a Device in place, if it is there; *renewed says whether. Only the indexes that have a changed
 * value are touched, most often none: the Device holds other credentials now. ledger_inventory_put takes the row out of
 * five indexes and puts it into them again. Do not call it while a FULL file is loaded: the indexes are not there then.
 */
bool ledger_inventory_renew(struct ledger *ledger, const struct ledger_inventory *row, bool *renewed, GError **error);
/* Adds the row, or replaces the one with the same key. */
bool ledger_inventory_put(struct ledger *ledger, const struct ledger_inventory *row, GError **error);
/* Adds the row, or replaces the one with the same key. */
bool ledger_cos_put(struct ledger *ledger, const struct ledger_cos *row, GError **error);
/* Adds the row, or replaces the one with the same key. */
bool ledger_nmm_put(struct ledger *ledger, const struct ledger_nmm *row, GError **error);
/* Adds the row, or replaces the one with the same key. */
bool ledger_party_put(struct ledger *ledger, const struct ledger_party *row, GError **error);
/* Removes the row with the key of `row`; does nothing if there is none. */
bool ledger_inventory_remove(struct ledger *ledger, const struct ledger_inventory *row, GError **error);
/* Removes the row with the key of `row`; does nothing if there is none. */
bool ledger_cos_remove(struct ledger *ledger, const struct ledger_cos *row, GError **error);
/* Removes the row with the key of `row`; does nothing if there is none. */
bool ledger_nmm_remove(struct ledger *ledger, const struct ledger_nmm *row, GError **error);
/* Removes the row with the key of `row`; does nothing if there is none. */
bool ledger_party_remove(struct ledger *ledger, const struct ledger_party *row, GError **error);
/* *exists: there is a row with the key of `row`. */
bool ledger_inventory_exists(struct ledger *ledger, const struct ledger_inventory *row, bool *exists, GError **error);
/* *exists: there is a row with the key of `row`. */
bool ledger_cos_exists(struct ledger *ledger, const struct ledger_cos *row, bool *exists, GError **error);
/* *exists: there is a row with the key of `row`. */
bool ledger_nmm_exists(struct ledger *ledger, const struct ledger_nmm *row, bool *exists, GError **error);
/* *exists: there is a row with the key of `row`. */
bool ledger_party_exists(struct ledger *ledger, const struct ledger_party *row, bool *exists, GError **error);

/* Begins a FULL file: removes all rows of the table, and its indexes, so that many rows are put fast. Until _end, each
 * key may be put once only and nothing may be asked of the table. With `compare` the keys are kept for
 * ledger_reference_load_compare. A rollback undoes this too. */
bool ledger_reference_load_begin(struct ledger *ledger, enum ledger_reference table, bool compare, GError **error);
/* Ends a FULL file, in the same transaction: makes the indexes again. SPOOL_ERROR_EXISTS if a key was put twice. */
bool ledger_reference_load_end(struct ledger *ledger, enum ledger_reference table, GError **error);

/* What a FULL file does to a table. */
struct ledger_shrink {
    int64_t known;   /* rows before the file */
    int64_t removed; /* of these, rows whose keys the file does not have, or has in wrong records only */
    int64_t wrong;   /* of the removed, rows whose keys the file has in wrong records */
};
/* A wrong record of a FULL file that was begun with `compare` has that key. A key that cannot be read is 0 or NULL. */
bool ledger_inventory_wrong(struct ledger *ledger, const struct ledger_inventory *row, GError **error);
/* The same of a change of supplier. */
bool ledger_cos_wrong(struct ledger *ledger, const struct ledger_cos *row, GError **error);
/* The same of a Non-Migratable model. */
bool ledger_nmm_wrong(struct ledger *ledger, const struct ledger_nmm *row, GError **error);
/* The same of a party. */
bool ledger_party_wrong(struct ledger *ledger, const struct ledger_party *row, GError **error);
/* Call it after _end, if and only if the file was begun with `compare`. */
bool ledger_reference_load_compare(struct ledger *ledger, enum ledger_reference table, struct ledger_shrink *shrink,
                                   GError **error);

/* The newest accepted file of a table: the one with the highest job, however late another was judged. */
struct ledger_loaded {
    int64_t job;     /* 0: there was none yet */
    int64_t created; /* the file's CreationDateTime */
    int64_t loaded;  /* when the table was changed last */
    int64_t records; /* rows of the table since then */
};
/* Records that a file of the table was accepted. The ledger counts `records` itself. */
bool ledger_reference_set(struct ledger *ledger, enum ledger_reference table, const struct ledger_loaded *loaded,
                          GError **error);
/* *loaded: the newest accepted file of a table; all 0 if there was none. */
bool ledger_reference_get(struct ledger *ledger, enum ledger_reference table, struct ledger_loaded *loaded,
                          GError **error);

/* *at: when the newest accepted file of any table was judged; 0: there was none yet. */
bool ledger_reference_newest(struct ledger *ledger, int64_t *at, GError **error);

#endif
