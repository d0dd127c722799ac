/*
 * Each open incident of a Device is looked at by itself: there are few of them, however large the file is, and nobody
 * has to tell which record has changed what.
 */
#include "gateway/pipeline/judging/device_watch.h"

#include "formats/eui64.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_work.h"
#include "validators/catalogue.h"

#include <string.h>

/* A Device with an open incident, and what the inventory says of it. */
struct watched {
    struct gateway *gateway;
    int64_t now;
    uint64_t device;
    const struct ledger_inventory *known; /* NULL: nothing */
};

/* *over: the cause of the incident is gone. */
typedef bool over_fn(const struct watched *w, bool *over, GError **error);

static bool has_status(const struct watched *w, const char *one, const char *other)
{
    return strcmp(w->known->status, one) == 0 || strcmp(w->known->status, other) == 0;
}

/* C103 */
static bool is_known(const struct watched *w, bool *over, GError **error)
{
    (void)error; /* cannot fail */
    *over = w->known != NULL;
    return true;
}

/* C104. Of a Device that left the inventory the next instruction says C103. */
static bool has_its_type(const struct watched *w, bool *over, GError **error)
{
    const char *const *scope = (const char *const *)w->gateway->config->device_types;
    g_autofree struct ledger_work *work = NULL;

    *over = w->known == NULL;
    if (*over)
        return true;
    if (!ledger_work_of_device(w->gateway->ledger, w->device, &work, error))
        return false;
    *over = work != NULL && g_strcmp0(work->item.device_type, w->known->device_type) == 0 &&
            g_strv_contains(scope, w->known->device_type);
    return true;
}

/* C105 */
static bool may_migrate(const struct watched *w, bool *over, GError **error)
{
    (void)error; /* cannot fail */
    *over = w->known == NULL || has_status(w, "Commissioned", "Recovered");
    return true;
}

/* C114 */
static bool has_supplier(const struct watched *w, bool *over, GError **error)
{
    uint64_t supplier = 0;

    if (w->known != NULL && !ledger_supplier_of(w->gateway->ledger, w->device, w->now, &supplier, error))
        return false;
    *over = w->known == NULL || supplier != 0;
    return true;
}

/* Codes of the migration: the Device is gone, and no work on it waits for a side to speak. */
static bool is_gone(const struct watched *w, bool *over, GError **error)
{
    struct ledger_earlier_work past;

    *over = w->known == NULL || has_status(w, "Decommissioned", "Withdrawn");
    if (!*over)
        return true;
    if (!ledger_earlier_work(w->gateway->ledger, w->device, w->now, &past, error))
        return false;
    *over = !past.live;
    return true;
}

static const struct ending {
    enum code code;
    over_fn *over;
} endings[] = {{C103, is_known}, {C104, has_its_type}, {C105, may_migrate}, {C114, has_supplier}, {D105, is_gone},
               {D128, is_gone},  {D140, is_gone},      {D150, is_gone},     {D151, is_gone}};

/* Closes the incident of that code if it is over. */
static bool look(struct watched *w, const struct ending *ending, GError **error)
{
    g_autofree struct ledger_inventory *known = NULL;
    char subject[EUI64_TEXT_SIZE];
    bool over;

    if (!ledger_inventory_get(w->gateway->ledger, w->device, &known, error))
        return false;
    w->known = known;
    eui64_print(w->device, subject);
    return ending->over(w, &over, error) &&
           (!over ||
            ledger_incident_close(w->gateway->ledger, catalogue_entry(ending->code)->id, subject, w->now, error));
}

bool device_watch(struct gateway *gateway, int64_t now, GError **error)
{
    int64_t any = 0;
    bool good = ledger_device_incidents_count(gateway->ledger, 1, &any, error);

    for (size_t i = 0; good && any > 0 && i < G_N_ELEMENTS(endings); i++) {
        g_autoptr(GArray) devices = NULL;
        good = ledger_incident_devices(gateway->ledger, catalogue_entry(endings[i].code)->id, &devices, error);
        for (guint n = 0; good && n < devices->len; n++) {
            struct watched w = {.gateway = gateway, .now = now, .device = g_array_index(devices, uint64_t, n)};
            good = look(&w, &endings[i], error);
        }
    }
    return good;
}
