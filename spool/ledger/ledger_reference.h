/*
 * Reference data: the inventory, changes of supplier, Non-Migratable models and parties.
 *
 *   ledger_inventory_put | ledger_inventory_remove … → ledger_reference_set                       a DELTA file
 *   ledger_reference_load_begin → ledger_inventory_put … → ledger_reference_load_end → …_note      a FULL file
 *   ledger_inventory_get, ledger_supplier_of, ledger_model_is_non_migratable …                             questions
 *
 * Either file in the one transaction of its verdict. Identifiers are EUI-64s as numbers, 0 = none; hex digits of texts
 * are in upper case. What the rows mean: gateway/DEVICES.md. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_REFERENCE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_REFERENCE_H

#include "spool/ledger/ledger.h"

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
bool ledger_inventory_exists(struct ledger *ledger, const struct ledger_inventory *row, bool *known, GError **error);
bool ledger_cos_exists(struct ledger *ledger, const struct ledger_cos *row, bool *known, GError **error);
bool ledger_nmm_exists(struct ledger *ledger, const struct ledger_nmm *row, bool *known, GError **error);
bool ledger_party_exists(struct ledger *ledger, const struct ledger_party *row, bool *known, GError **error);

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
bool ledger_reference_set(struct ledger *ledger, enum ledger_reference table, const struct ledger_loaded *loaded,
                          GError **error);
bool ledger_reference_get(struct ledger *ledger, enum ledger_reference table, struct ledger_loaded *loaded,
                          GError **error);

/* *row is NULL when there is none; g_free it. */
bool ledger_inventory_get(struct ledger *ledger, uint64_t device, struct ledger_inventory **row, GError **error);
/* Whose changes of supplier, and when: after < SupplyStartDate <= until. */
struct ledger_cos_search {
    const char *mpxn; /* of this metering point, or NULL: */
    uint64_t gpf;     /* a GPF has none; of the meter that says whose it is at `after` (ledger_supplier_of) */
    int64_t after, until;
};
/* The last SupplyStartDate of such an event; 0: none. */
bool ledger_cos_last(struct ledger *ledger, const struct ledger_cos_search *search, int64_t *starts, GError **error);
/* Is a model (the first four members of the key) Non-Migratable at that time, and until when (LEDGER_FOR_EVER)? Of
 * several entries the one that lasts longest counts. firmware NULL: not known, so that only entries for any count. */
bool ledger_model_non_migratable_until(struct ledger *ledger, const struct ledger_nmm *model, int64_t at,
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
bool ledger_model_non_migratable_since(struct ledger *ledger, const struct ledger_nmm *model, int64_t at,
                                       int64_t *since, GError **error);
typedef bool (*ledger_inventory_visit)(void *user, const struct ledger_inventory *row, GError **error);
/* All Devices, in no order; those of a metering point and those on a hub, by id. */
bool ledger_inventory_each(struct ledger *ledger, ledger_inventory_visit visit, void *user, GError **error);
bool ledger_devices_at_point_each(struct ledger *ledger, const char *mpxn, ledger_inventory_visit visit, void *user,
                                  GError **error);
bool ledger_devices_on_hub_each(struct ledger *ledger, uint64_t chf, ledger_inventory_visit visit, void *user,
                                GError **error);
typedef bool (*ledger_cos_visit)(void *user, const struct ledger_cos *event, GError **error);
/* Events with from <= starts < until, by metering point and time. */
bool ledger_cos_each(struct ledger *ledger, const struct ledger_interval *starts, ledger_cos_visit visit, void *user,
                     GError **error);
typedef bool (*ledger_party_visit)(void *user, const struct ledger_party *party, GError **error);
/* All in that role, by id. */
bool ledger_parties_each(struct ledger *ledger, const char *role, ledger_party_visit visit, void *user, GError **error);

#endif
