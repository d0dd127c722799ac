#include "gateway/plan.h"

#include "formats/eui64.h"
#include "formats/filename.h"
#include "spool/ledger_parts.h"

static char *answer_name(const char *raw_name, const struct verdict *verdict, const char *kind, int64_t receipt)
{
    char sha256[DIGEST_HEX_SIZE];

    if (verdict->name_is_known)
        return filename_answer(raw_name, kind, (unsigned)receipt);
    digest_text(raw_name, sha256);
    return filename_unknown_answer(sha256, (unsigned)receipt);
}

/* The party that sent it; where the name does not say, the one whose drop it came through. */
static void recipient_of(const struct gateway *gateway, const struct ledger_job *job, const struct verdict *verdict,
                         char recipient[EUI64_TEXT_SIZE])
{
    const struct party *party;

    recipient[0] = '\0';
    if (verdict->name_is_known)
        eui64_print(verdict->filename.eui64, recipient);
    else if ((party = config_party_of_drop(gateway->config, job->drop)) != NULL)
        eui64_print(party->eui64, recipient);
}

static bool plan(struct gateway *gateway, struct ledger_part *part, const char *raw_name, const struct verdict *verdict,
                 int64_t receipt, GError **error)
{
    g_autofree char *name = answer_name(raw_name, verdict, part->kind, receipt);

    part->name = name;
    return ledger_part_plan(gateway->ledger, part, NULL, error);
}

/* Names that differ only in type or packing (INV_… and PTY_…, .xml and .xml.gz) derive the same answer
 * name: the number behind R goes on until it is free. */
static bool plan_ema(struct gateway *gateway, struct ledger_part *part, const char *raw_name,
                     const struct verdict *verdict, int64_t *receipt, GError **error)
{
    GError *fault = NULL;

    while (!plan(gateway, part, raw_name, verdict, *receipt, &fault)) {
        if (!g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
            g_propagate_error(error, fault);
            return false;
        }
        g_clear_error(&fault);
        ++*receipt;
    }
    return true;
}

bool plan_answers(struct gateway *gateway, const struct ledger_job *job, const char *raw_name,
                  const struct verdict *verdict, int64_t now, GError **error)
{
    char recipient[EUI64_TEXT_SIZE], own[EUI64_TEXT_SIZE];
    int64_t receipt = job->receipt;
    enum form form = verdict->name_is_known ? verdict->filename.form : FORM_CSV;
    struct ledger_part part = {.job = job->id,
                               .receipt = job->receipt,
                               .form = form_name(form),
                               .drop = job->drop,
                               .recipient = recipient,
                               .sender = own,
                               .environment = gateway->config->environment,
                               .created = now,
                               .rows = -1,
                               .size = -1};

    eui64_print(gateway->config->eui64, own);
    recipient_of(gateway, job, verdict, recipient);
    part.kind = "EMA";
    if (!ledger_counter_next(gateway->ledger, part.kind, &part.sequence, error) ||
        !plan_ema(gateway, &part, raw_name, verdict, &receipt, error))
        return false;
    if (verdict->outcome == OUTCOME_RJ || g_strcmp0(job->type, "EMI") != 0)
        return true;
    part.kind = "EMD";
    return ledger_counter_next(gateway->ledger, part.kind, &part.sequence, error) &&
           plan(gateway, &part, raw_name, verdict, receipt, error);
}
