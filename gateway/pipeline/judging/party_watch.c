/*
 * What the ledger says is compared with the open incidents as a whole, so that nobody has to tell which record of which
 * file has changed what.
 */
#include "gateway/pipeline/judging/party_watch.h"

#include "formats/eui64.h"
#include "gateway/answers/incidents.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_reference.h"

#include <inttypes.h>

static const char code[] = "A115";

/* Adds a party to a table: subject of its incident → text. */
static bool add_unnamed(void *user, const struct ledger_unnamed *party, GError **error)
{
    char id[EUI64_TEXT_SIZE];
    char *subject;

    (void)error; /* nothing here can fail */
    eui64_print(party->id, id);
    subject = g_strdup_printf("%s %s", party->role, id);
    g_hash_table_insert(user, subject,
                        g_strdup_printf("PTY has no %s, which the inventory names (number of Devices: %" PRId64
                                        "); nobody gets the report rows of these Devices; send a PTY with this party, "
                                        "or correct the inventory",
                                        subject, party->devices));
    return true;
}

static bool close_named(struct gateway *gateway, GHashTable *unnamed, int64_t now, GError **error)
{
    g_autoptr(GPtrArray) subjects = NULL;

    if (!ledger_incident_subjects(gateway->ledger, code, &subjects, error))
        return false;
    for (guint i = 0; i < subjects->len; i++)
        if (!g_hash_table_contains(unnamed, subjects->pdata[i]) &&
            !ledger_incident_close(gateway->ledger, code, subjects->pdata[i], now, error))
            return false;
    return true;
}

/* Opens the incident, or gives the open one the present number of Devices. */
static bool state(struct gateway *gateway, const struct ledger_incident *incident, GError **error)
{
    g_autofree struct ledger_incident *known = NULL;

    if (!ledger_incident_newest(gateway->ledger, code, incident->subject, &known, error))
        return false;
    if (known == NULL || known->closed != 0)
        return ledger_incident_open(gateway->ledger, incident, error);
    return g_strcmp0(known->text, incident->text) == 0 ||
           ledger_incident_change(gateway->ledger, known->id, incident->text, error);
}

/* By subject, so that the order of incidents says nothing about a hash. */
static bool state_all(struct gateway *gateway, GHashTable *unnamed, int64_t now, GError **error)
{
    g_autofree char *parties = incidents_parties_of(gateway->config, "PTY");
    g_autoptr(GList) subjects = g_list_sort(g_hash_table_get_keys(unnamed), (GCompareFunc)g_strcmp0);
    bool good = true;

    for (GList *at = subjects; good && at != NULL; at = at->next) {
        /* No job: an incident of a job is closed when that file is accepted. */
        const struct ledger_incident incident = {.code = code,
                                                 .subject = at->data,
                                                 .parties = parties,
                                                 .opened = now,
                                                 .text = g_hash_table_lookup(unnamed, at->data)};
        good = state(gateway, &incident, error);
    }
    return good;
}

bool party_watch(struct gateway *gateway, int64_t now, GError **error)
{
    g_autoptr(GHashTable) unnamed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    struct ledger_loaded newest;

    if (!ledger_reference_get(gateway->ledger, LEDGER_PARTY, &newest, error))
        return false;
    if (newest.job == 0)
        return true;
    return ledger_unnamed_each(gateway->ledger, add_unnamed, unnamed, error) &&
           close_named(gateway, unnamed, now, error) && state_all(gateway, unnamed, now, error);
}
