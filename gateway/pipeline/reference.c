/*
 * The tables hold what was said last, not who said it when: the files themselves stay in the spool. A FULL file empties
 * its table first; a file that is rejected after that is undone by the savepoint of intake.c.
 */
#include "gateway/pipeline/reference.h"

#include "gateway/pipeline/inventory.h"
#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_reference.h"

#include <string.h>

/* ---- one file ---- */

bool reference_begin(struct gateway *gateway, const struct file_type *type, const struct header *header, GError **error)
{
    enum ledger_reference table;

    return !reference_rules_table(type, &table) || header->mode != HEADER_MODE_FULL ||
           ledger_reference_load_begin(gateway->ledger, table, error);
}

bool reference_take(struct gateway *gateway, const struct reference *r, GError **error)
{
    struct ledger *ledger = gateway->ledger;

    if (row_has_errors(&r->row))
        return true;
    switch (r->table) {
    case LEDGER_INVENTORY:
        return r->remove ? ledger_inventory_remove(ledger, &r->inventory, error)
                         : ledger_inventory_put(ledger, &r->inventory, error);
    case LEDGER_COS:
        return r->remove ? ledger_cos_remove(ledger, &r->cos, error) : ledger_cos_put(ledger, &r->cos, error);
    case LEDGER_NMM:
        return r->remove ? ledger_nmm_remove(ledger, &r->nmm, error) : ledger_nmm_put(ledger, &r->nmm, error);
    case LEDGER_PARTY:
        return r->remove ? ledger_party_remove(ledger, &r->party, error) : ledger_party_put(ledger, &r->party, error);
    case LEDGER_REFERENCES:
        break;
    }
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "reference data without a table");
    return false;
}

bool reference_end(struct gateway *gateway, const struct verdict *verdict, int64_t job, int64_t now, GError **error)
{
    const struct header *header = &verdict->header;
    const struct ledger_loaded loaded = {.job = job, .created = header->created, .loaded = now};
    enum ledger_reference table;

    if (!reference_rules_table(verdict->filename.type, &table))
        return true;
    return (header->mode != HEADER_MODE_FULL || ledger_reference_load_end(gateway->ledger, table, error)) &&
           ledger_reference_set(gateway->ledger, table, &loaded, error);
}

/* ---- A104 ---- */

static const char subject[] = "INV"; /* the incident's subject */

static bool state_problem(struct gateway *gateway, const char *problem, GError **error)
{
    const struct ledger_incident incident = {.code = "A104", .subject = subject, .text = problem};
    enum incidents_news news;

    gateway->failed = true;
    if (!outage_commit_cause(gateway, &incident, &news, error))
        return false;
    if (news != INCIDENT_AS_BEFORE || !gateway->said.inventory)
        gateway_note("A104: %s", problem);
    gateway->said.inventory = true;
    return true;
}

bool reference_update_incident(struct gateway *gateway, GError **error)
{
    g_autofree char *problem = NULL;
    bool on;

    if (!inventory_find_problem(gateway, &problem, error) ||
        !ledger_incident_is_open(gateway->ledger, "A104", subject, &on, error))
        return false;
    if (problem != NULL)
        return state_problem(gateway, problem, error);
    gateway->said.inventory = false;
    if (!on)
        return true;
    gateway_note("A104 is closed: the inventory is there and fresh enough");
    return outage_commit_incident(gateway, "A104", subject, NULL, error);
}
