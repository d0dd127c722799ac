/* Each record is looked at by itself: a DELTA of a few records must not cost a walk over all migrations. */
#include "gateway/pipeline/judging/contradiction.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/answers/incidents.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_resolved.h"

#include <string.h>

static bool says_tcos(const struct ledger_inventory *device)
{
    return device->credentials != NULL && strcmp(device->credentials, "TCOS") == 0;
}

/* DCC and both Service Providers, each once. g_free. */
static char *parties(const struct config *config)
{
    static const char *const types[] = {"INV", "EMT", "EMC"};
    GString *all = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *some = incidents_parties_of(config, types[i]);
        g_auto(GStrv) known = g_strsplit(all->str, ";", -1);
        g_auto(GStrv) orgs = g_strsplit(some != NULL ? some : "", ";", -1);
        for (char **org = orgs; *org != NULL; org++) {
            if (!g_strv_contains((const char *const *)known, *org))
                g_string_append_printf(all, "%s%s", all->len ? ";" : "", *org);
        }
    }
    return g_string_free(all, all->len == 0);
}

static bool open_incident(struct gateway *gateway, const struct reference *record,
                          const struct ledger_migrated *migrated, GError **error)
{
    char subject[EUI64_TEXT_SIZE], recorded[INSTANT_TEXT_SIZE], created[INSTANT_TEXT_SIZE];
    const struct judged_file *file = record->row.file;

    eui64_print(record->inventory.device, subject);
    instant_print(migrated->at, recorded);
    instant_print(file->header->created, created);
    g_autofree char *who = parties(gateway->config);
    g_autofree char *text =
        g_strdup_printf("the inventory of %s says that it holds TCoS credentials; its migration was "
                        "recorded at %s; find out which ones it holds, then let it be instructed "
                        "again (`ecosgate device release`) or correct the inventory",
                        created, recorded);
    const struct ledger_incident incident = {.code = catalogue_entry(D152)->id,
                                             .subject = subject,
                                             .parties = who,
                                             .job = migrated->job,
                                             .revision = migrated->revision,
                                             .has_device = true,
                                             .device = record->inventory.device,
                                             .opened = file->rules->now,
                                             .text = text};

    return ledger_incident_open(gateway->ledger, &incident, error);
}

bool contradiction_look(struct gateway *gateway, const struct reference *record, GError **error)
{
    struct ledger_migrated migrated;

    if (!says_tcos(&record->inventory))
        return true;
    if (!ledger_migrated_before(gateway->ledger, record->inventory.device,
                                record->row.file->header->created - gateway->config->inventory_lag, &migrated, error))
        return false;
    return migrated.at == 0 || open_incident(gateway, record, &migrated, error);
}

bool contradiction_close(struct gateway *gateway, int64_t now, GError **error)
{
    const char *code = catalogue_entry(D152)->id;
    g_autoptr(GArray) devices = NULL;

    if (!ledger_incident_devices(gateway->ledger, code, &devices, error))
        return false;
    for (guint i = 0; i < devices->len; i++) {
        uint64_t device = g_array_index(devices, uint64_t, i);
        g_autofree struct ledger_inventory *known = NULL;
        char subject[EUI64_TEXT_SIZE];
        eui64_print(device, subject);
        if (!ledger_inventory_get(gateway->ledger, device, &known, error) ||
            ((known == NULL || !says_tcos(known)) &&
             !ledger_incident_close(gateway->ledger, code, subject, now, error)))
            return false;
    }
    return true;
}
