/* What of a judged file goes into the ledger is decided here alone, so that a dry run answers like `run`. */
#include "gateway/pipeline/judging/recording.h"

#include "gateway/pipeline/judging/split.h"
#include "gateway/profiles.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_signatures.h"
#include "spool/ledger/ledger_verdicts.h"

void recording_describe(struct ledger_job *job, const struct filename *name, char sender[EUI64_TEXT_SIZE])
{
    if (name->type == NULL)
        return;
    job->type = name->type->code;
    job->form = form_name(name->form);
    job->org = name->org[0] != '\0' ? name->org : NULL;
    job->sender = name->eui64 != 0 ? sender : NULL;
    job->sequence = name->sequence;
    eui64_print(name->eui64, sender);
}

/* The row says what the verdict's profile makes of the name, and what the name does not tell and the file does. At
 * pickup another profile may have read the name. */
static bool complete_job(struct recording *recording, const struct verdict *verdict, GError **error)
{
    struct ledger_job *job = recording->job, known = *job;

    known.type = known.form = known.org = known.sender = NULL;
    known.sequence = 0;
    if (verdict->name_is_known)
        recording_describe(&known, &verdict->filename, recording->sender);
    if (g_strcmp0(known.type, job->type) == 0 && g_strcmp0(known.form, job->form) == 0 &&
        g_strcmp0(known.org, job->org) == 0 && g_strcmp0(known.sender, job->sender) == 0 &&
        known.sequence == job->sequence)
        return true;
    *job = known;
    return ledger_job_describe(recording->ledger, job, error);
}

bool recording_add_device(struct recording *recording, const struct device *device, GError **error)
{
    struct split_row row;

    split_device(device, recording->job->id, &row);
    bool good = ledger_item_insert(recording->ledger, &row.item, error);
    if (good && recording->volume != NULL)
        volume_count(recording->volume, &row.item, device->row.supplier);
    split_row_clear(&row);
    if (good && recording->items++ == 0)
        recording->first_item = row.item.item;
    return good;
}

static bool add_finding(const struct recording *recording, const struct finding *f, GError **error)
{
    const struct code_entry *entry = catalogue_entry(f->code);
    const struct ledger_finding finding = {
        .code = entry->id,
        .scope = catalogue_scope_name(entry->scope),
        .severity = f->warning ? "warning" : "error",
        .line = f->at.line,
        .column = f->at.column,
        .record = f->ordinal,
        .field = f->field,
        .value = f->value,
        .text = f->text,
    };

    return ledger_finding_insert(recording->ledger, recording->job->id, recording->job->revision, &finding, error);
}

static bool add_findings(const struct recording *recording, const struct ledger_verdict *row,
                         const struct findings *findings, GError **error)
{
    for (size_t i = 0; i < findings_kept(findings); i++) {
        if (!add_finding(recording, findings_at(findings, i), error))
            return false;
    }
    for (size_t code = 0; code < CODE_COUNT; code++) {
        uint64_t n = findings_count(findings, (enum code)code);
        if (n > 0 && !ledger_finding_count_insert(recording->ledger, row, catalogue_entry((enum code)code)->id,
                                                  (int64_t)n, error))
            return false;
    }
    return true;
}

/* What was found of its signature, if that was looked at. */
static bool add_signature(const struct recording *recording, const struct ledger_verdict *row,
                          const struct signature_check *check, GError **error)
{
    const struct ledger_signature_check found = {.job = row->job,
                                                 .revision = row->revision,
                                                 .checked_at = check->at,
                                                 .fault = check->fault,
                                                 .signer = check->signer,
                                                 .serial = check->serial,
                                                 .chain = check->chain};

    return !check->checked || ledger_signature_check_insert(recording->ledger, &found, error);
}

bool recording_add_verdict(struct recording *recording, const struct verdict *verdict, GError **error)
{
    const struct finding *deciding = verdict_deciding(verdict);
    bool whole = verdict->outcome != OUTCOME_RJ;
    struct ledger_verdict row = {
        .job = recording->job->id,
        .revision = recording->job->revision,
        .judged_at = recording->now,
        .batch = verdict->header.batch[0] ? verdict->header.batch : NULL,
        .declared = verdict->declared,
        .parsed = (int64_t)verdict->parsed,
        .accepted = (int64_t)verdict->accepted,
        .rejected = (int64_t)verdict->rejected,
        .deferred = (int64_t)verdict->deferred,
        .code = deciding ? catalogue_entry(deciding->code)->id : NULL,
        .line = deciding ? deciding->at.line : 0,
        .column = deciding ? deciding->at.column : 0,
        .first_item = whole ? recording->first_item : 0,
        .items = whole ? recording->items : 0,
        .truncated = findings_truncated(verdict->findings),
        .full = verdict->header.mode == HEADER_MODE_FULL,
        .profile = verdict->profile->digest,
    };

    g_strlcpy(row.outcome, outcome_code(verdict->outcome), sizeof row.outcome);
    return complete_job(recording, verdict, error) && profiles_keep(recording->ledger, verdict->profile, error) &&
           ledger_verdict_insert(recording->ledger, &row, error) &&
           add_findings(recording, &row, verdict->findings, error) &&
           ledger_evidence_add(recording->ledger, LEDGER_EVIDENCE_VERDICT, row.job, row.revision, error) &&
           add_signature(recording, &row, &verdict->signature, error) && /* its link follows that of the verdict */
           ledger_recovery_withhold_file(recording->ledger, &row, &recording->withheld, error);
}
