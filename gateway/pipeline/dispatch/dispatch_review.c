/* The review of a Device before a try, and what stops all tries: an operator, or the drop of the work orders. */
#include "gateway/pipeline/dispatch/dispatch_private.h"

#include "formats/eui64.h"
#include "gateway/pipeline/dispatch/dispatch.h"
#include "gateway/pipeline/outage.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_holds.h"

#include <string.h>

bool dispatch_review_open(struct dispatch_review *second, struct gateway *gateway, int64_t now, GError **error)
{
    second->gateway = gateway;
    config_rules(gateway->config, now, &second->rules);
    second->rules.ledger = gateway->ledger;
    return review_open(&second->review, &second->rules, error);
}

bool dispatch_review_again(struct dispatch_review *second, const struct ledger_work *work, int64_t first_tries,
                           struct row *row, GError **error)
{
    const struct ledger_item *item = &work->item;
    g_autofree char *region = item->region != NULL ? g_ascii_strup(item->region, -1) : NULL;
    uint64_t hub = 0;
    if (item->chf != NULL)
        (void)eui64_parse(item->chf, strlen(item->chf), &hub); /* 0 if it is none */
    const struct review_subject subject = {
        item->device, item->device_type, item->manufacturer, item->model, item->firmware, item->mpxn, hub, region};
    struct ledger_earlier_work past;

    *row = (struct row){0};
    second->review.counted = work->session.try > 0 ? 0 : first_tries;
    return ledger_earlier_work(second->gateway->ledger, item->device, second->rules.now, &past, error) &&
           review_judge(&second->review, &subject, &past, row, error);
}

struct retry_cause dispatch_cause_of(const struct row *row)
{
    return (struct retry_cause){row_first_code(row), row->next_eligible};
}

bool dispatch_find_pause(struct gateway *gateway, bool *paused, GError **error)
{
    const struct config *config = gateway->config;
    const struct ledger_hold dispatch = {.kind = LEDGER_HOLD_DISPATCH};
    const struct ledger_hold drop = {.kind = LEDGER_HOLD_OUT,
                                     .drop = rules_party(&config->identity, config->work_order_party)->drop};

    return ledger_hold_exists(gateway->ledger, &dispatch, paused, error) &&
           (*paused || ledger_hold_exists(gateway->ledger, &drop, paused, error));
}

static bool drop_is_down(const struct gateway *gateway)
{
    const struct config *config = gateway->config;
    const struct party *party = rules_party(&config->identity, config->work_order_party);
    const struct drop *drop = config_drop(config, party->drop);

    return party->stopped != NULL || (drop != NULL && outage_stops_writing(gateway, drop));
}

bool dispatch_waits(struct gateway *gateway, bool *waits, GError **error)
{
    if (!dispatch_find_pause(gateway, waits, error))
        return false;
    *waits = *waits || drop_is_down(gateway);
    return true;
}
