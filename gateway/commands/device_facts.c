#include "gateway/commands/device_facts.h"

#include "formats/eui64.h"
#include "gateway/clock.h"
#include "gateway/commands/output.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_reference.h"
#include "validators/rules/field_rules.h"

#include <string.h>

/* The MPID of a Supplier, or its EUI-64 as text. */
static bool name_supplier(struct ledger *ledger, uint64_t supplier, json_t *object, GError **error)
{
    g_autofree struct ledger_party *party = NULL;
    char text[EUI64_TEXT_SIZE];

    if (supplier != 0 && !ledger_party_get(ledger, supplier, "SUPPLIER", &party, error))
        return false;
    eui64_print(supplier, text);
    output_set_text(object, "supplier", party != NULL ? party->mpid : supplier != 0 ? text : NULL);
    return true;
}

static void set_model(json_t *object, const char *manufacturer, const char *model, const char *firmware)
{
    output_set_text(object, "manufacturer", manufacturer);
    output_set_text(object, "model", model);
    output_set_text(object, "firmware", firmware);
}

bool device_facts_set(struct gateway *gateway, const struct device_subject *subject, json_t *object, GError **error)
{
    g_autofree struct ledger_inventory *known = NULL;
    const struct ledger_item *item = subject->work != NULL ? &subject->work->item : NULL;
    char hub[EUI64_TEXT_SIZE];
    uint64_t supplier = 0;

    if (subject->has_device && (!ledger_inventory_get(gateway->ledger, subject->device, &known, error) ||
                                !ledger_supplier_of(gateway->ledger, subject->device, clock_now(), &supplier, error)))
        return false;
    if (known != NULL && known->chf != 0)
        eui64_print(known->chf, hub);
    output_set_text(object, "device_type",
                    known != NULL  ? known->device_type
                    : item != NULL ? item->device_type
                                   : NULL);
    output_set_text(object, "mpxn", known != NULL ? known->mpxn : item != NULL ? item->mpxn : NULL);
    if (!name_supplier(gateway->ledger, supplier, object, error))
        return false;
    output_set_text(object, "hub", known != NULL ? (known->chf != 0 ? hub : NULL) : item != NULL ? item->chf : NULL);
    if (known != NULL)
        set_model(object, known->manufacturer, known->model, known->firmware);
    else if (item != NULL)
        set_model(object, item->manufacturer, item->model, item->firmware);
    else
        set_model(object, NULL, NULL, NULL);
    return true;
}

static void add_other(GString *text, const char *name, const char *instructed, const char *known)
{
    if (instructed != NULL && g_strcmp0(instructed, known) != 0)
        g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "", name, instructed);
}

bool device_facts_set_instructed(struct gateway *gateway, const struct ledger_work *work, json_t *object,
                                 GError **error)
{
    g_autofree struct ledger_inventory *known = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    const struct ledger_item *item = &work->item;
    char hub[EUI64_TEXT_SIZE];

    if (item->has_device && !ledger_inventory_get(gateway->ledger, item->device, &known, error))
        return false;
    if (known != NULL) {
        eui64_print(known->chf, hub);
        add_other(text, "MPxN", item->mpxn != NULL ? field_rules_point_value(item->mpxn) : NULL, known->mpxn);
        add_other(text, "hub", item->chf, known->chf != 0 ? hub : NULL);
        add_other(text, "manufacturer", item->manufacturer, known->manufacturer);
        add_other(text, "model", item->model, known->model);
        add_other(text, "firmware", item->firmware, known->firmware);
    }
    output_set_text(object, "instructed", text->len > 0 ? text->str : NULL);
    return true;
}
