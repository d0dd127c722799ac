/* EMD, the response about each Device of an instruction, one row for each work item (formats/FILES.md, 6). */
#include "gateway/answers/answer_private.h"

#include "formats/eui64.h"
#include "formats/outgoing_facts.h"
#include "gateway/answers/answer_header.h"

/* A row: the work item `item`, whose code is described by the three values of `about`. */
#define EMD_FACTS(FACT)                                                                                                \
    FACT(EMD, record_number, cell_number(item->record, record))                                                        \
    FACT(EMD, device_id, item->has_device ? device : item->device_text)                                                \
    FACT(EMD, device_type, item->device_type)                                                                          \
    FACT(EMD, decision_outcome, outcome_of(item->outcome))                                                             \
    FACT(EMD, decision_code, item->code)                                                                               \
    FACT(EMD, decision_category, about.category)                                                                       \
    FACT(EMD, decision_transient, about.transient)                                                                     \
    FACT(EMD, decision_resolver, about.resolver)                                                                       \
    FACT(EMD, work_item, work_item_id(a->job->org, a->verdict->batch, item->record, work_item))                        \
    FACT(EMD, decision_next_eligible, cell_instant(item->next_eligible, &a->next_eligible))                            \
    FACT(EMD, decision_text, item->text)
FACTS_DECLARE(EMD);

/* What the catalogue says of a code; NULL where there is no code. */
struct about_code {
    const char *category, *transient, *resolver;
};

static struct about_code about_code(const struct ledger_item *item)
{
    enum code code;

    if (item->code == NULL || !catalogue_find(item->code, &code))
        return (struct about_code){NULL, NULL, NULL};
    return (struct about_code){cell_category(code), item->transient ? "Y" : "N",
                               catalogue_resolver(code, item->device_type)};
}

/* A work item that is READY was accepted; other states of a review have the name that the EMD uses. */
static const char *outcome_of(enum ledger_state outcome)
{
    return outcome == LEDGER_READY ? "ACCEPTED" : ledger_state_name(outcome);
}

static bool write_device(void *user, const struct ledger_item *item, GError **error)
{
    struct answer *a = user;
    char record[CELL_NUMBER_SIZE], device[EUI64_TEXT_SIZE], work_item[WORK_ITEM_ID_SIZE];
    const struct about_code about = about_code(item);

    (void)error; /* the writer keeps its errors */
    if (item->has_device)
        eui64_print(item->device, device);
    FACTS_FILL(EMD, row);
    writer_row_passing(a->writer, &row, item->kept);
    return true;
}

bool emd_write(struct answer *a, GError **error)
{
    a->rows = a->verdict->parsed;
    answer_header_write(a->writer, a->outgoing, a->verdict->batch, a->rows);
    return ledger_items_each(a->ledger, a->verdict, write_device, a, error);
}
