/* What DCC told: Devices of the inventory, changes of supplier, and what the gateway must have made of it. */
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
    oracle_broken(oracle, item, "supplier", "%s of %s: %s orders it within %d days before a change of supplier",
                  item->id, item->device, order->file, WINDOW_DAYS);
}

/* Whether a restore had lost that file at the time: it was judged again later. */
static bool was_lost(const struct oracle *oracle, unsigned number, int64_t at)
{
    for (unsigned i = 0; i < oracle->verdicts->len && oracle->restores > 0; i++) {
        const struct verdict *verdict = oracle->verdicts->pdata[i];
        if (verdict->inbound->number == number && verdict->at >= at)
            return true;
    }
    return false;
}

static void judge_unknown(struct oracle *oracle, const struct refusal *refusal)
{
    gpointer number;

    if (g_hash_table_lookup_extended(oracle->named, refusal->device, NULL, &number) &&
        GPOINTER_TO_UINT(number) < refusal->verdict->inbound->number &&
        !was_lost(oracle, GPOINTER_TO_UINT(number), refusal->verdict->at))
        sim_broken(oracle->sim, "reference", "%s calls %s unknown, an inventory named it before",
                   refusal->verdict->inbound->name, refusal->device);
}

/* ---- late facts ---- */

/* The inventory and the changes of supplier as the gateway knows them: what it acknowledged, in that order. */
struct known {
    struct oracle *oracle;
    int64_t until;       /* the beginning of the month that is not over */
    GHashTable *devices; /* DeviceID → record */
};

static int by_time(gconstpointer a, gconstpointer b)
{
    const struct verdict *x = *(const struct verdict *const *)a, *y = *(const struct verdict *const *)b;

    if (x->at != y->at)
        return (x->at > y->at) - (x->at < y->at);
    return (x->inbound->number > y->inbound->number) - (x->inbound->number < y->inbound->number);
}

/* The verdicts on files of that type that count, and came before the month. */
static GPtrArray *verdicts_of(const struct known *known, const char *type)
{
    GPtrArray *verdicts = g_ptr_array_new();

    for (unsigned i = 0; i < known->oracle->verdicts->len; i++) {
        struct verdict *verdict = known->oracle->verdicts->pdata[i];
        if (strcmp(verdict->inbound->type, type) == 0 && strcmp(verdict->outcome, "RJ") != 0 &&
            verdict->document != NULL && verdict->at < known->until)
            g_ptr_array_add(verdicts, verdict);
    }
    g_ptr_array_sort(verdicts, by_time);
    return verdicts;
}

static void learn_inventory(struct known *known, const struct document *document)
{
    if (strcmp(record_get(document_first(document, 'H'), "Mode"), "FULL") == 0)
        g_hash_table_remove_all(known->devices);
    for (unsigned i = 0; i < document->n; i++)
        if (document->records[i].kind == 'D')
            g_hash_table_insert(known->devices, (gpointer)record_get(&document->records[i], "DeviceID"),
                                &document->records[i]);
}

/* It is a meter that is there, and was installed in the run and before that time. */
static bool is_there(const struct known *known, const struct record *device, int64_t until)
{
    const char *status = record_get(device, "DeviceStatus");

    return strcmp(record_get(device, "DeviceType"), "GPF") != 0 && strcmp(status, "Decommissioned") != 0 &&
           strcmp(status, "Withdrawn") != 0 && when_parse(record_get(device, "InstalledDate")) <= until &&
           *record_get(device, "SupplierId") != '\0' && known->until > until;
}

static void must_have(const struct known *known, const char *report, const char *device, const char *date,
                      const char *supplier)
{
    g_autofree char *fact = g_strdup_printf("%s %s %s %s", report, device, date, supplier);

    if (!g_hash_table_contains(known->oracle->rows, fact))
        sim_broken(known->oracle->sim, "report", "%s is in no report, and DCC told it before the last month ended",
                   fact);
}

static void judge_gained(const struct known *known, const struct record *event)
{
    int64_t start = when_parse(record_get(event, "SupplyStartDate"));
    GHashTableIter iter;
    gpointer device;

    if (start <= sim_begun(known->oracle->sim))
        return;
    g_hash_table_iter_init(&iter, known->devices);
    while (g_hash_table_iter_next(&iter, NULL, &device))
        if (strcmp(record_get(device, "MPxN"), record_get(event, "MPxN")) == 0 && is_there(known, device, start))
            must_have(known, "ECOSMIG-003", record_get(device, "DeviceID"), record_get(event, "SupplyStartDate"),
                      record_get(event, "GainingSupplierId"));
}

static void judge_installed(const struct known *known, const struct record *device)
{
    int64_t installed = when_parse(record_get(device, "InstalledDate"));
    const char *id = record_get(device, "DeviceID");
    const struct device_facts *facts = g_hash_table_lookup(known->oracle->devices, id);

    if (strcmp(record_get(device, "Credentials"), "ECOS") == 0 && installed > sim_begun(known->oracle->sim) &&
        is_there(known, device, installed) && (facts == NULL || facts->items->len == 0))
        must_have(known, "ECOSMIG-006", id, "", "");
}

static void judge_late_facts(struct oracle *oracle)
{
    struct known known = {oracle, when_month(sim_now(oracle->sim)), g_hash_table_new(g_str_hash, g_str_equal)};
    g_autoptr(GPtrArray) inventories = verdicts_of(&known, "INV");
    g_autoptr(GPtrArray) changes = verdicts_of(&known, "COS");
    GHashTableIter iter;
    gpointer device;

    for (unsigned i = 0; i < inventories->len; i++)
        learn_inventory(&known, ((const struct verdict *)inventories->pdata[i])->document);
    for (unsigned i = 0; i < changes->len; i++) {
        const struct document *document = ((const struct verdict *)changes->pdata[i])->document;
        for (unsigned n = 0; n < document->n; n++)
            if (document->records[n].kind == 'D')
                judge_gained(&known, &document->records[n]);
    }
    g_hash_table_iter_init(&iter, known.devices);
    while (g_hash_table_iter_next(&iter, NULL, &device))
        judge_installed(&known, device);
    g_hash_table_destroy(known.devices);
}

void oracle_judge_facts(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->refusals->len && oracle->drops_are_up; i++) {
        const struct refusal *refusal = oracle->refusals->pdata[i];
        if (strcmp(refusal->code, "C103") == 0)
            judge_unknown(oracle, refusal);
    }
    if (oracle->restores == 0)
        judge_late_facts(oracle);
}
