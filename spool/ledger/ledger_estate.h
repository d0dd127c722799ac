/*
 * What the reference data say: Devices, their Responsible Suppliers, models, parties. What their rows are, and how they
 * are stored: ledger_reference.h. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_ESTATE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_ESTATE_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_reference.h"

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
/* Visits all of them, once for each role, in no order. Walks the whole inventory if there is one. */
bool ledger_unnamed_each(struct ledger *ledger, ledger_unnamed_visit visit, void *user, GError **error);

#endif
