#include "gateway/dispatch.h"

#include "formats/eui64.h"
#include "formats/filename.h"
#include "gateway/clock.h"

/* The rows of one work order, within the open transaction; *n Devices are on it. */
static bool make_order(struct gateway *gateway, const struct ledger_verdict *of, const struct party *party, int64_t *n,
                       GError **error)
{
    const struct config *config = gateway->config;
    struct ledger *ledger = gateway->ledger;
    int64_t now = clock_now(), id, sequence;
    char own[EUI64_TEXT_SIZE], recipient[EUI64_TEXT_SIZE];

    if (!ledger_job_reserve_ids(ledger, 1, &id, error) || !ledger_counter_next(ledger, "EMW", &sequence, error))
        return false;
    eui64_print(config->eui64, own);
    eui64_print(party->eui64, recipient);
    g_autofree char *name =
        filename_own("EMW", config->org, config->eui64, now, (uint32_t)sequence, config->work_order_form);
    struct ledger_job job = {.id = id,
                             .direction = LEDGER_OUT,
                             .name = name,
                             .type = "EMW",
                             .form = form_name(config->work_order_form),
                             .org = config->org,
                             .sender = own,
                             .sequence = sequence,
                             .drop = party->drop,
                             .received = now};
    struct ledger_session session = {.job = id, .begun = now, .ends = now + config->session_length};
    if (!ledger_job_insert(ledger, &job, NULL, error) ||
        !ledger_dispatch(ledger, of, &session, config->work_order_devices, n, error))
        return false;
    struct ledger_part part = {.job = id,
                               .kind = "EMW",
                               .name = name,
                               .form = job.form,
                               .drop = party->drop,
                               .recipient = recipient,
                               .sender = own,
                               .environment = config->environment,
                               .sequence = sequence,
                               .created = now,
                               .rows = *n,
                               .size = -1};
    return ledger_part_plan(ledger, &part, NULL, error);
}

static bool commit_order(struct gateway *gateway, const struct ledger_verdict *of, const struct party *party,
                         int64_t *n, GError **error)
{
    if (!ledger_begin(gateway->ledger, error))
        return false;
    bool good = make_order(gateway, of, party, n, error);
    if (good && *n > 0)
        return ledger_commit(STEP_DISPATCH_COMMITTED, gateway->ledger, error);
    ledger_rollback(gateway->ledger); /* nothing was due after all, or it failed */
    return good;
}

bool dispatch_pass(struct gateway *gateway, GError **error)
{
    const struct party *party = rules_party(&gateway->config->identity, gateway->config->work_order_party);
    g_autoptr(GPtrArray) due = NULL;

    if (!ledger_dispatch_due(gateway->ledger, &due, error))
        return false;
    for (guint i = 0; i < due->len; i++) {
        const struct ledger_verdict *verdict = due->pdata[i];
        int64_t left = verdict->accepted - verdict->dispatched, n = 0;
        for (; left > 0; left -= n) {
            if (!commit_order(gateway, verdict, party, &n, error))
                return false;
            if (n == 0)
                break;
        }
    }
    return true;
}
