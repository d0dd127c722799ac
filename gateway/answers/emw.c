/*
 * EMW, the work order (formats/FILES.md, 6). Its Devices and their number were fixed by the dispatch, in the same
 * transaction as the outgoing file.
 */
#include "gateway/answers/answer_private.h"

#include "formats/eui64.h"
#include "formats/outgoing_facts.h"
#include "gateway/answers/answer_header.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"

#include <inttypes.h>

/* A row: the work item w, and the transition that put it on this work order. */
#define EMW_FACTS(FACT)                                                                                                \
    FACT(EMW, record_number, cell_number(++a->record, record))                                                         \
    FACT(EMW, work_item, work_item_id(w->org, w->batch, w->item.record, work_item))                                    \
    FACT(EMW, device_id, device)                                                                                       \
    FACT(EMW, device_type, w->item.device_type)                                                                        \
    FACT(EMW, device_manufacturer, w->item.manufacturer)                                                               \
    FACT(EMW, device_model, w->item.model)                                                                             \
    FACT(EMW, device_firmware, w->item.firmware)                                                                       \
    FACT(EMW, device_hub, transition->hub != 0 ? hub : w->item.chf)                                                    \
    FACT(EMW, work_try, cell_number(transition->try, try_number))                                                      \
    FACT(EMW, session_start, cell_instant(w->session.begun, &a->session_start))                                        \
    FACT(EMW, session_end, cell_instant(w->session.ends, &a->session_end))
FACTS_DECLARE(EMW);

static bool write_device(void *user, const struct ledger_work *w, const struct ledger_transition *transition,
                         GError **error)
{
    struct answer *a = user;
    char hub[EUI64_TEXT_SIZE], record[CELL_NUMBER_SIZE], try_number[CELL_NUMBER_SIZE], device[EUI64_TEXT_SIZE],
        work_item[WORK_ITEM_ID_SIZE];

    (void)error; /* the writer keeps its errors */
    eui64_print(w->item.device, device);
    eui64_print(transition->hub, hub);
    FACTS_FILL(EMW, row);
    writer_row_passing(a->writer, &row, w->item.kept);
    return true;
}

bool emw_write(struct answer *a, GError **error)
{
    char batch[CELL_NUMBER_SIZE];

    a->rows = a->outgoing->rows;
    g_snprintf(batch, sizeof batch, "EMW-%06" PRId64, a->outgoing->sequence);
    answer_header_write(a->writer, a->outgoing, batch, a->rows);
    return ledger_work_order_each(a->ledger, a->job->id, write_device, a, error);
}
