/* What DCC told: Devices of the inventory, changes of supplier. The judge asks for two things only. */
#include "tests/sim/oracle_private.h"

#include "tests/sim/when.h"

#include <string.h>

enum { WINDOW_DAYS = 7 /* the default of cos_window */ };

void oracle_hear_facts(struct oracle *oracle, const struct inbound *inbound, const struct document *document)
{
    for (unsigned i = 0; i < document->n && strcmp(document->type, "INV") == 0; i++) {
        const struct record *record = &document->records[i];
        const char *id = record_get(record, "DeviceID");
        if (record->kind == 'D' && !g_hash_table_contains(oracle->named, id))
            g_hash_table_insert(oracle->named, g_strdup(id), GUINT_TO_POINTER(inbound->number));
    }
}

void oracle_learn_facts(struct oracle *oracle, const struct document *document, const struct verdict *verdict)
{
    for (unsigned i = 0; i < document->n && strcmp(document->type, "COS") == 0; i++) {
        const struct record *record = &document->records[i];
        if (record->kind != 'D')
            continue;
        struct supply *supply = g_new0(struct supply, 1);
        supply->start = when_parse(record_get(record, "SupplyStartDate"));
        supply->told_at = verdict->at;
        g_hash_table_insert(oracle->supply, g_strdup(record_get(record, "MPxN")), supply);
    }
}

void oracle_check_supply(struct oracle *oracle, const struct item *item, const struct order *order)
{
    const struct supply *supply = g_hash_table_lookup(oracle->supply, item->mpxn);

    if (supply == NULL || oracle->restores > 0 || order->at <= supply->told_at || order->at >= supply->start ||
        supply->start > order->at + WINDOW_DAYS * SIM_DAY)
        return;
    sim_broken(oracle->sim, "supplier", "%s of %s: %s orders it within %d days before a change of supplier", item->id,
               item->device, order->file, WINDOW_DAYS);
}

void oracle_judge_facts(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->unknown->len && oracle->drops_are_up; i++) {
        const struct unknown *unknown = oracle->unknown->pdata[i];
        gpointer number;
        if (g_hash_table_lookup_extended(oracle->named, unknown->device, NULL, &number) &&
            GPOINTER_TO_UINT(number) < unknown->verdict->inbound->number)
            sim_broken(oracle->sim, "reference", "%s calls %s unknown, an inventory named it before",
                       unknown->verdict->inbound->name, unknown->device);
    }
}
