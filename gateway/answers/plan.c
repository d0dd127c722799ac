#include "gateway/answers/plan.h"

#include "formats/eui64.h"
#include "formats/filename.h"

bool plan_outgoing(struct gateway *gateway, const struct ledger_outgoing *part, int64_t *id, GError **error)
{
    struct ledger_outgoing whole = *part;
    char own[EUI64_TEXT_SIZE];

    eui64_print(gateway->config->eui64, own);
    whole.sender = own;
    whole.environment = gateway->config->environment;
    whole.size = -1;
    return ledger_outgoing_plan(gateway->ledger, &whole, id, error);
}

/* ---- jobs of our own ---- */

bool plan_job(struct gateway *gateway, struct ledger_job *job, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    char own[EUI64_TEXT_SIZE];

    if (job->id == 0 && !ledger_job_reserve_ids(ledger, 1, &job->id, error))
        return false;
    struct ledger_job whole = *job;
    eui64_print(gateway->config->eui64, own);
    whole.direction = LEDGER_OUT;
    whole.org = gateway->config->org;
    whole.sender = own;
    return ledger_job_insert(ledger, &whole, NULL, error);
}

bool plan_file(struct gateway *gateway, const struct ledger_outgoing *file, int64_t *job, GError **error)
{
    const struct config *config = gateway->config;
    struct ledger_outgoing part = *file;
    g_autofree char *name = NULL;

    if (!ledger_counter_next(gateway->ledger, part.kind, &part.sequence, error))
        return false;
    if (part.name == NULL) {
        const struct filename_own own = {part.kind, config->org, config->eui64, part.created, (uint32_t)part.sequence,
                                         part.form};
        part.name = name = filename_own(&own);
    }
    struct ledger_job row = {.id = part.job,
                             .name = part.name,
                             .type = part.kind,
                             .form = part.form,
                             .sequence = part.sequence,
                             .drop = part.drop,
                             .received = part.created};
    if (!plan_job(gateway, &row, error))
        return false;
    *job = part.job = row.id;
    return plan_outgoing(gateway, &part, NULL, error);
}

/* ---- answers ---- */

static char *answer_name(const char *raw_name, const struct verdict *verdict, const char *kind, int64_t revision)
{
    char sha256[DIGEST_HEX_SIZE];

    if (verdict->name_is_known)
        return filename_answer(raw_name, kind, (unsigned)revision);
    digest_text(raw_name, sha256);
    return filename_unknown_answer(sha256, (unsigned)revision);
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

static bool plan(struct gateway *gateway, struct ledger_outgoing *part, const char *raw_name,
                 const struct verdict *verdict, int64_t revision, GError **error)
{
    g_autofree char *name = answer_name(raw_name, verdict, part->kind, revision);

    part->name = name;
    return plan_outgoing(gateway, part, NULL, error);
}

/* Names that differ only in type or packing (INV_… and PTY_…, .xml and .xml.gz) derive the same answer
 * name: the number behind R goes on until it is free. */
static bool plan_ema(struct gateway *gateway, struct ledger_outgoing *part, const char *raw_name,
                     const struct verdict *verdict, int64_t *revision, GError **error)
{
    GError *fault = NULL;

    while (!plan(gateway, part, raw_name, verdict, *revision, &fault)) {
        if (!g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
            g_propagate_error(error, fault);
            return false;
        }
        g_clear_error(&fault);
        ++*revision;
    }
    return true;
}

bool plan_answers(struct gateway *gateway, const struct ledger_job *job, const char *raw_name,
                  const struct verdict *verdict, int64_t now, GError **error)
{
    char recipient[EUI64_TEXT_SIZE];
    int64_t revision = job->revision;
    enum form form = verdict->name_is_known ? verdict->filename.form : FORM_CSV;
    struct ledger_outgoing part = {.job = job->id,
                                   .revision = job->revision,
                                   .form = form_name(form),
                                   .drop = job->drop,
                                   .recipient = recipient,
                                   .created = now,
                                   .rows = -1};

    recipient_of(gateway, job, verdict, recipient);
    part.kind = "EMA";
    if (!ledger_counter_next(gateway->ledger, part.kind, &part.sequence, error) ||
        !plan_ema(gateway, &part, raw_name, verdict, &revision, error))
        return false;
    if (verdict->outcome == OUTCOME_RJ || g_strcmp0(job->type, "EMI") != 0)
        return true;
    part.kind = "EMD";
    return ledger_counter_next(gateway->ledger, part.kind, &part.sequence, error) &&
           plan(gateway, &part, raw_name, verdict, revision, error);
}
