#include "validators/history_rules.h"

#include "formats/text.h"
#include "spool/job.h"

#include <inttypes.h>
#include <string.h>

/* A finding on the file as a whole; job is the other file's. */
G_GNUC_PRINTF(5, 6)
static void say(struct findings *findings, enum code code, bool warning, const char *segment, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    findings_add(findings, &(struct finding){.code = code, .warning = warning, .field = segment, .text = text}, NULL,
                 0);
}

static char *other(int64_t job)
{
    char id[JOB_ID_SIZE];

    job_id_print(job, id);
    return g_strdup_printf("job %s", id);
}

static void say_duplicates(const struct ledger_duplicates *found, const struct ledger_file *subject,
                           struct findings *findings)
{
    g_autofree char *same = other(found->name_and_bytes);
    g_autofree char *name = other(found->name_other_bytes);
    g_autofree char *sequence = other(found->sequence_other_bytes);
    g_autofree char *bytes = other(found->bytes_other_name);

    if (found->name_and_bytes)
        say(findings, B105, false, "name", "the same file was received before as %s; it is not processed again", same);
    else if (found->name_other_bytes)
        say(findings, B106, false, "name",
            "%s bore the same name with other bytes; corrected content needs a new number", name);
    else if (found->sequence_other_bytes)
        say(findings, B106, false, "seq", "%s bore sequence %06" PRId64 " with other bytes; expected a new number",
            sequence, subject->sequence);
    if (found->bytes_other_name)
        say(findings, B112, false, "name", "%s held the same bytes under another name", bytes);
}

static bool judge_sequence(const struct rules *rules, const struct ledger_file *subject, struct findings *findings,
                           GError **error)
{
    int64_t last, before;

    if (!ledger_last_sequence(rules->ledger, subject, &last, error) ||
        !ledger_sequence_before(rules->ledger, subject, &before, error))
        return false;
    /* A rejected file has used its number up: the next one skips none. */
    if (last != 0 && subject->sequence < last)
        say(findings, B107, false, "seq", "expected more than %06" PRId64 ", the last accepted one; found %06" PRId64,
            last, subject->sequence);
    else if (last != 0 && subject->sequence > last && subject->sequence > before + 1)
        say(findings, B108, true, "seq", "expected %06" PRId64 ", found %06" PRId64, before + 1, subject->sequence);
    return true;
}

bool history_rules_judge_name(const struct rules *rules, const struct ledger_file *subject, struct findings *findings,
                              bool *repeated, GError **error)
{
    struct ledger_duplicates found;

    if (!ledger_duplicates(rules->ledger, subject, &found, error))
        return false;
    say_duplicates(&found, subject, findings);
    *repeated = found.name_and_bytes != 0;
    if (subject->type == NULL || *repeated || found.name_other_bytes || found.sequence_other_bytes)
        return true;
    return judge_sequence(rules, subject, findings, error);
}

bool history_rules_judge_header(const struct rules *rules, const struct ledger_file *subject,
                                const struct record *record, const struct header *header, struct findings *findings,
                                GError **error)
{
    int64_t job;

    if (subject->type == NULL)
        return true;
    if (header->batch[0] != '\0') {
        if (!ledger_batch_used(rules->ledger, subject, header->batch, &job, error))
            return false;
        g_autofree char *before = other(job);
        g_autofree char *text = g_strdup_printf("expected a BatchId not used before; %s bore it", before);
        if (job != 0)
            header_rules_say(findings, B210, record, HEADER_BATCH_ID, text);
    }
    if (header->resubmission_of[0] != '\0') {
        g_autofree char *name = text_escape(header->resubmission_of, strlen(header->resubmission_of), 0);
        if (!ledger_rejected_file(rules->ledger, subject, name, &job, error))
            return false;
        if (job == 0)
            header_rules_say(findings, B210, record, HEADER_RESUBMISSION_OF,
                             "expected the name of an earlier rejected file of this sender; there is none");
    }
    return true;
}

void history_rules_judge_device(const struct rules *rules, const struct ledger_earlier_work *past,
                                struct device *device, struct findings *findings)
{
    /* The second record of one Device in one file is C102; its first record is what makes it live. */
    if (!past->live || row_has_code(&device->row, C102))
        return;
    row_say(&device->row, findings, C110, INSTRUCTION_DEVICE_ID, false,
            "an earlier instruction for this Device has not ended yet");
    row_wait_until(&device->row, rules->now + RULES_DAY);
}
