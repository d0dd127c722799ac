/*
 * EMO, the outcome of each Device of an instruction (formats/FILES.md, 6). A work item without a session was rejected
 * or deferred by the review of its file: its outcome is that of the review, its end the time of the verdict. What was
 * recorded after the EMO was planned does not change it: a late success is in the next one.
 */
#include "gateway/answers/answer_private.h"

#include "formats/eui64.h"
#include "formats/outgoing_facts.h"
#include "gateway/answers/answer_header.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"

/* A row: the work item w, its part `item`, and its session s, if it has one. */
#define EMO_FACTS(FACT)                                                                                                \
    FACT(EMO, record_number, cell_number(item->record, record))                                                        \
    FACT(EMO, device_id, item->has_device ? device : item->device_text)                                                \
    FACT(EMO, work_item, work_item_id(w->org, w->batch, item->record, work_item))                                      \
    FACT(EMO, end_outcome, ledger_state_name(w->has_session ? s->state : item->outcome))                               \
    FACT(EMO, end_code, w->has_session ? s->code : item->code)                                                         \
    FACT(EMO, work_tries, cell_number(s->try - s->unused, tries))                                                      \
    FACT(EMO, end_at, cell_instant(w->has_session ? s->ended : w->judged_at, &a->ended_at))                            \
    FACT(EMO, end_next_eligible,                                                                                       \
         cell_instant(w->has_session ? s->next_eligible : item->next_eligible, &a->next_eligible))
FACTS_DECLARE(EMO);

static bool write_device(void *user, const struct ledger_work *w, GError **error)
{
    const struct ledger_item *item = &w->item;
    const struct ledger_session *s = &w->session;
    struct answer *a = user;
    char record[CELL_NUMBER_SIZE], tries[CELL_NUMBER_SIZE], device[EUI64_TEXT_SIZE], work_item[WORK_ITEM_ID_SIZE];

    (void)error; /* the writer keeps its errors */
    if (item->has_device)
        eui64_print(item->device, device);
    FACTS_FILL(EMO, row);
    writer_row_passing(a->writer, &row, item->kept);
    return true;
}

bool emo_write(struct answer *a, GError **error)
{
    a->rows = a->verdict->items;
    answer_header_write(a->writer, a->outgoing, a->verdict->batch, a->rows);
    return ledger_work_of_outcome_each(a->ledger, a->outgoing->job, write_device, a, error);
}
