/*
 * Duplicates and BatchId are compared with every other file of the sender and type that is older or was accepted. The
 * sequence is compared with older files only, so that a file that an operator requeues is judged by what was before it.
 */
#include "validators/history_rules.h"

#include "formats/text.h"
#include "spool/job.h"

#include <inttypes.h>
#include <string.h>

/* Where a finding about the whole file points: a segment of its name. */
static const char *const whole_name = "name", *const sequence_number = "seq";

static struct finding error_at(enum code code, const char *segment)
{
    return (struct finding){.code = code, .field = segment};
}

/* Adds a finding about the file as a whole. */
G_GNUC_PRINTF(3, 4)
static void add(const struct judged_file *file, struct finding finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    finding.text = text;
    findings_add(file->findings, &finding, NULL, 0);
}

/* How a text names another file: "job 00000012". */
static char *job_name(int64_t job)
{
    char id[JOB_ID_SIZE];

    job_id_print(job, id);
    return g_strdup_printf("job %s", id);
}

static void judge_duplicates(const struct judged_file *file, const struct ledger_file *subject,
                             const struct ledger_duplicates *found)
{
    g_autofree char *same = job_name(found->name_and_bytes);
    g_autofree char *name = job_name(found->name_other_bytes);
    g_autofree char *sequence = job_name(found->sequence_other_bytes);
    g_autofree char *bytes = job_name(found->bytes_other_name);

    if (found->name_and_bytes)
        add(file, error_at(B105, whole_name), "the same file was received before as %s; it is not processed again",
            same);
    else if (found->name_other_bytes)
        add(file, error_at(B106, whole_name),
            "%s had the same name and other bytes; corrected content needs a new number", name);
    else if (found->sequence_other_bytes)
        add(file, error_at(B106, sequence_number),
            "%s had sequence %06" PRId64 " and other bytes; expected a new number", sequence, subject->sequence);
    if (found->bytes_other_name)
        add(file, error_at(B112, whole_name), "%s had the same bytes under another name", bytes);
}

/* B107 counts from the last accepted file. B108 counts from the last file of any outcome: a rejected file has used its
 * number up, so that the next number skips none. */
static bool judge_sequence(const struct judged_file *file, const struct ledger_file *subject, GError **error)
{
    struct ledger *ledger = file->rules->ledger;
    int64_t accepted, any;

    if (!ledger_last_sequence(ledger, subject, &accepted, error) ||
        !ledger_sequence_before(ledger, subject, &any, error))
        return false;
    if (accepted != 0 && subject->sequence < accepted) {
        add(file, error_at(B107, sequence_number),
            "expected more than %06" PRId64 ", the last accepted one; found %06" PRId64, accepted, subject->sequence);
    } else if (accepted != 0 && subject->sequence > accepted && subject->sequence > any + 1) {
        add(file, (struct finding){.code = B108, .warning = true, .field = sequence_number},
            "expected %06" PRId64 ", found %06" PRId64, any + 1, subject->sequence);
    }
    return true;
}

bool history_rules_judge_name(const struct judged_file *file, const struct ledger_file *subject, bool *repeated,
                              GError **error)
{
    struct ledger_duplicates found;

    if (!ledger_duplicates(file->rules->ledger, subject, &found, error))
        return false;
    judge_duplicates(file, subject, &found);
    *repeated = found.name_and_bytes != 0;
    if (subject->type == NULL || *repeated || found.name_other_bytes || found.sequence_other_bytes)
        return true;
    return judge_sequence(file, subject, error);
}

/* A rejected file has used its BatchId up: a resubmission needs a new one. */
static bool judge_batch(const struct judged_file *file, const struct ledger_file *subject, const struct record *record,
                        GError **error)
{
    int64_t job = 0;

    if (file->header->batch[0] == '\0')
        return true;
    if (!ledger_batch_used(file->rules->ledger, subject, file->header->batch, &job, error))
        return false;
    if (job == 0)
        return true;
    g_autofree char *before = job_name(job);
    g_autofree char *text = g_strdup_printf("expected a BatchId not used before; %s had it", before);
    header_rules_add(file, record, B210, HEADER_BATCH_ID, text);
    return true;
}

static bool judge_resubmission(const struct judged_file *file, const struct ledger_file *subject,
                               const struct record *record, GError **error)
{
    const char *earlier = file->header->resubmission_of;
    int64_t job = 0;

    if (*earlier == '\0')
        return true;
    g_autofree char *name = text_escape(earlier, strlen(earlier), 0); /* as the ledger keeps names */
    if (!ledger_rejected_file(file->rules->ledger, subject, name, &job, error))
        return false;
    if (job == 0)
        header_rules_add(file, record, B210, HEADER_RESUBMISSION_OF,
                         "expected the name of an earlier rejected file of this sender; there is none");
    return true;
}

bool history_rules_judge_header(const struct judged_file *file, const struct ledger_file *subject,
                                const struct record *record, GError **error)
{
    return subject->type == NULL ||
           (judge_batch(file, subject, record, error) && judge_resubmission(file, subject, record, error));
}

void history_rules_judge_device(const struct ledger_earlier_work *past, struct device *device)
{
    /* Of two records for one Device the second is C102, and the first is what makes the Device live. */
    if (!past->live || row_has_code(&device->row, C102))
        return;
    row_error(&device->row, C110, INSTRUCTION_DEVICE_ID, "an earlier instruction for this Device has not ended yet");
    row_wait_until(&device->row, device->row.file->rules->now + RULES_DAY);
}
