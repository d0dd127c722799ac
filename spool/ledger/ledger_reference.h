/*
 * Reference data: the inventory, changes of supplier (CoS), Non-Migratable models and parties.
 *
 *   ledger_inventory_put | ledger_inventory_remove … → ledger_reference_set                          a DELTA file
 *   ledger_reference_load_begin → ledger_inventory_put … → ledger_reference_load_end → …_set         a FULL file
 *   ledger_inventory_get, ledger_supplier_of, ledger_model_non_migratable_until …                    questions
 *
 * A file is stored in the transaction of its verdict. The tables hold what DCC said last, not when it said it: the
 * files themselves stay in the spool. Identifiers are EUI-64s as numbers, 0 means none. Hex digits in texts are in
 * upper case. What the columns mean: gateway/DEVICES.md. The rules of all subjects: ledger.h.
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
    int64_t removed; /* of these, rows whose keys the file does not have */
};
/* Call it after _end, if and only if the file was begun with `compare`. */
bool ledger_reference_load_compare(struct ledger *ledger, enum ledger_reference table, struct ledger_shrink *shrink,
                                   GError **error);

/* The newest accepted file of a table. */
struct ledger_loaded {
    int64_t job;     /* 0: there was none yet */
    int64_t created; /* the file's CreationDateTime */
    int64_t loaded;  /* when it was judged */
    int64_t records; /* rows of the table since then */
};
/* Stores the newest accepted file of a table. The ledger counts `records` itself. */
bool ledger_reference_set(struct ledger *ledger, enum ledger_reference table, const struct ledger_loaded *loaded,
                          GError **error);
/* *loaded: the newest accepted file of a table; all 0 if there was none. */
bool ledger_reference_get(struct ledger *ledger, enum ledger_reference table, struct ledger_loaded *loaded,
                          GError **error);

/* *at: when the newest accepted file of any table was judged; 0: there was none yet. */
bool ledger_reference_newest(struct ledger *ledger, int64_t *at, GError **error);

/* ---- questions about one row ---- */

/* *row is NULL if the Device is not in the inventory; g_free it. */
bool ledger_inventory_get(struct ledger *ledger, uint64_t device, struct ledger_inventory **row, GError **error);

/* Which changes of supplier: of what, with after < SupplyStartDate <= until. */
struct ledger_cos_search {
    const char *mpxn; /* a metering point, or NULL */
    uint64_t gpf; /* mpxn NULL: a GPF, which has none. Its events are those of the meter on its hub that says who its
                     Responsible Supplier is at `after` (ledger_supplier_of) */
    int64_t after, until;
};
/* *starts: the last SupplyStartDate of these events; 0: there is none. */
bool ledger_cos_last(struct ledger *ledger, const struct ledger_cos_search *search, int64_t *starts, GError **error);
/* *until: the end of the time in which a model is Non-Migratable, if it is at `at`; LEDGER_FOR_EVER: no end is known;
 * 0: it is not. Of several entries the one that lasts longest counts. Reads the first four members of `model`; firmware
 * NULL: not known, so that only entries for any firmware count. */
bool ledger_model_non_migratable_until(struct ledger *ledger, const struct ledger_nmm *model, int64_t at,
                                       int64_t *until, GError **error);
/* *since: the earliest start of the entries that make a model Non-Migratable at `at`; 0: none does. */
bool ledger_model_non_migratable_since(struct ledger *ledger, const struct ledger_nmm *model, int64_t at,
                                       int64_t *since, GError **error);
/* *supplier: the Responsible Supplier of a Device at a time; 0: nobody. A GPF has that of a GSME on its hub, else of an
 * ESME there. A meter counts if its status is Commissioned or Recovered. */
bool ledger_supplier_of(struct ledger *ledger, uint64_t device, int64_t at, uint64_t *supplier, GError **error);
/* *met: a Device of the inventory has this MPxN (without leading zeros), or no Device is known at all. */
bool ledger_point_met(struct ledger *ledger, const char *mpxn, bool *met, GError **error);
/* *taken: a party with another id has the MPID of `party`, in whichever role. */
bool ledger_party_mpid_taken(struct ledger *ledger, const struct ledger_party *party, bool *taken, GError **error);
/* *suppliers: who is responsible at `at` for the meters of a model (device_type, manufacturer, model and firmware of
 * `model`): their MPIDs, of those that PTY does not name their EUI-64s as 16 hex digits, in order, joined by ';'. NULL:
 * nobody; g_free it. Walks the whole inventory. */
bool ledger_model_suppliers(struct ledger *ledger, const struct ledger_nmm *model, int64_t at, char **suppliers,
                            GError **error);
/* *row is NULL if no party has that id and role; g_free it. */
bool ledger_party_get(struct ledger *ledger, uint64_t id, const char *role, struct ledger_party **row, GError **error);

/* ---- walks ---- */

typedef bool (*ledger_nmm_visit)(void *user, const struct ledger_nmm *entry, GError **error);
/* Visits all Non-Migratable models by key. */
bool ledger_nmm_each(struct ledger *ledger, ledger_nmm_visit visit, void *user, GError **error);
typedef bool (*ledger_inventory_visit)(void *user, const struct ledger_inventory *row, GError **error);
/* Visits all Devices, in no order. */
bool ledger_inventory_each(struct ledger *ledger, ledger_inventory_visit visit, void *user, GError **error);
/* Visits the Devices of a metering point by id. */
bool ledger_devices_at_point_each(struct ledger *ledger, const char *mpxn, ledger_inventory_visit visit, void *user,
                                  GError **error);
/* Visits the Devices on a hub by id. */
bool ledger_devices_on_hub_each(struct ledger *ledger, uint64_t chf, ledger_inventory_visit visit, void *user,
                                GError **error);
typedef bool (*ledger_cos_visit)(void *user, const struct ledger_cos *event, GError **error);
/* Visits the changes of supplier whose SupplyStartDate lies in an interval, by metering point and time. */
bool ledger_cos_each(struct ledger *ledger, const struct ledger_interval *starts, ledger_cos_visit visit, void *user,
                     GError **error);
typedef bool (*ledger_party_visit)(void *user, const struct ledger_party *party, GError **error);
/* Visits all parties with a role by id. */
bool ledger_parties_each(struct ledger *ledger, const char *role, ledger_party_visit visit, void *user, GError **error);

/* A party that Devices of the inventory name in a role, and that is no row of that role. */
struct ledger_unnamed {
    uint64_t id;
    const char *role;
    int64_t devices;
};
typedef bool (*ledger_unnamed_visit)(void *user, const struct ledger_unnamed *party, GError **error);
/* Visits all of them, once for each role, in no order. Walks the whole inventory. */
bool ledger_unnamed_each(struct ledger *ledger, ledger_unnamed_visit visit, void *user, GError **error);

#endif
