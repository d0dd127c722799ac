/*
 * Duplicates and BatchId are compared with every other file of the sender and type that is older or was accepted. The
 * sequence is compared with older files only, so that a file that an operator requeues is judged by what was before it.
 */
#include "validators/rules/history_rules.h"

#include "formats/instant.h"
#include "formats/profile.h"
#include "formats/text.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/rules/reference_rules.h"

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

/* The name of the newest EMA of a job; NULL: it has none. g_free. */
static bool find_acknowledgement(struct ledger *ledger, int64_t job, char **name, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;

    *name = NULL;
    if (!ledger_outgoing_files_of(ledger, job, &files, error))
        return false;
    for (guint i = files->len; i-- > 0 && *name == NULL;) {
        const struct ledger_outgoing *file = files->pdata[i];
        if (strcmp(file->kind, "EMA") == 0)
            *name = g_strdup(file->name);
    }
    return true;
}

/* What the sender calls a column of the header. */
static const char *header_name(const struct judged_file *file, enum header_field column)
{
    return layout_name_of(file->filename->type->header, column);
}

/* How a text names an earlier file, in terms that its sender can look up: "EMI_….csv of 2023-07-03T06:00:00Z (RJ B208,
 * answered by EMA_…_R1.csv)". *text: g_free; NULL for job 0. */
static bool describe(const struct judged_file *file, int64_t id, char **text, GError **error)
{
    struct ledger *ledger = file->rules->ledger;
    const struct profile *profile = file->profile;
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;
    g_autofree char *answer = NULL;
    char received[INSTANT_TEXT_SIZE];

    *text = NULL;
    if (id == 0)
        return true;
    if (!ledger_job_get(ledger, id, &job, error) || !ledger_verdict_get(ledger, id, 0, &verdict, error) ||
        !find_acknowledgement(ledger, id, &answer, error))
        return false;
    instant_print(job->received, received);
    if (verdict == NULL)
        *text = g_strdup_printf("%s of %s (not judged yet)", job->name, received);
    else
        *text = g_strdup_printf(
            "%s of %s (%s%s%s%s%s)", job->name, received, profile_word(profile, FACT_file_outcome, verdict->outcome),
            verdict->code != NULL ? " " : "", verdict->code != NULL ? profile_code_id(profile, verdict->code) : "",
            answer != NULL ? ", answered by " : "", answer != NULL ? answer : "");
    return true;
}

/* As many digits as the numbers in such names have; six where names have none. */
static int digits_of(const struct judged_file *file)
{
    int digits = 0;

    for (uint32_t most = filename_sequence_max(file->filename); most > 0; most /= 10)
        digits++;
    return digits > 0 ? digits : 6;
}

static bool judge_duplicates(const struct judged_file *file, const struct ledger_file *subject,
                             const struct ledger_duplicates *found, GError **error)
{
    g_autofree char *same = NULL, *name = NULL, *sequence = NULL, *bytes = NULL;

    if (!describe(file, found->name_and_bytes, &same, error) ||
        !describe(file, found->name_other_bytes, &name, error) ||
        !describe(file, found->sequence_other_bytes, &sequence, error) ||
        !describe(file, found->bytes_other_name, &bytes, error))
        return false;
    if (same != NULL)
        add(file, error_at(B105, whole_name), "received before: %s; it is not processed again", same);
    else if (name != NULL)
        add(file, error_at(B106, whole_name),
            "%s had the same name and other bytes; corrected content needs a new number", name);
    else if (sequence != NULL)
        add(file, error_at(B106, sequence_number),
            "%s had sequence %0*" PRId64 " and other bytes; expected a new number", sequence, digits_of(file),
            subject->sequence);
    if (bytes != NULL)
        add(file, error_at(B112, whole_name), "%s had the same bytes under another name", bytes);
    return true;
}

/* A file's sequence and what came before it. */
struct position {
    struct ledger_numbering numbering;
    bool above;     /* above the last accepted number, so that it is not asked whether it follows over the end */
    int64_t most;   /* the greatest number of such files: 1 comes after it */
    int64_t before; /* the number that came before it, accepted or not */
    int64_t skips;  /* numbers between the two */
};

/* A sequence that is not above the last accepted one can only follow over the end. Then only files after that one have
 * come before this one, and only those whose number was found to be good: a late file that an operator holds must not
 * make another late file look like the next one. */
static bool find_before_over_end(struct ledger *ledger, const struct ledger_file *subject, struct position *p,
                                 GError **error)
{
    const struct ledger_numbering *n = &p->numbering;
    const struct ledger_numbers behind = {n->id, n->since, subject->sequence, true};
    const struct ledger_numbers all = {n->id, 0, LEDGER_SEQUENCE_MAX + 1, true};

    if (!ledger_numbering_before(ledger, subject, &behind, &p->before, error))
        return false;
    if (p->before != 0)
        return true;
    if (!ledger_numbering_before(ledger, subject, &all, &p->before, error))
        return false;
    p->before = MAX(p->before, n->last);
    return true;
}

/* Reference data stand in this table. False: subject has none. */
static bool find_table(const struct ledger_file *subject, enum ledger_reference *table)
{
    const struct file_type *type =
        subject->type != NULL ? profile_type(profile_builtin(), subject->type, strlen(subject->type)) : NULL;

    return type != NULL && reference_rules_table(type, table);
}

/* After a recovery an operator releases files whose numbers are lost as their senders answer. An older instruction or
 * result is none the worse for that; older reference data would take the place of newer ones. */
static bool find_position(struct ledger *ledger, struct ledger_file *subject, struct position *p, GError **error)
{
    const struct ledger_numbering *n = &p->numbering;
    enum ledger_reference table;

    subject->any_order = !find_table(subject, &table);
    if (!ledger_numbering_find(ledger, subject, &p->numbering, error))
        return false;
    const struct ledger_numbers lower = {n->id, 0, subject->sequence, false};
    p->above = !n->known || subject->sequence > n->last;
    subject->numbering = n->id;
    subject->since = !p->above && subject->sequence != n->last ? n->since : 0;
    if (p->above && !ledger_numbering_before(ledger, subject, &lower, &p->before, error))
        return false;
    if (p->above) {
        p->before = MAX(p->before, n->last);
        p->skips = subject->sequence - p->before - 1;
        return true;
    }
    if (!find_before_over_end(ledger, subject, p, error))
        return false;
    p->skips = ledger_numbering_distance(p->before, subject->sequence, p->most) - 1;
    return true;
}

/* The first number that may come after `before`. */
static int64_t next_number(const struct position *p, int64_t before)
{
    return before % p->most + 1;
}

/* B107, B108, B113. False for a number that cannot be used. */
static bool judge_sequence(const struct judged_file *file, const struct ledger_file *subject, const struct position *p)
{
    const struct ledger_numbering *n = &p->numbering;
    int64_t most = file->rules->sequence_gap_max, next = next_number(p, p->before);
    int digits = digits_of(file);

    if (p->most < LEDGER_SEQUENCE_MAX)
        most = MIN(most, p->most / 2); /* else a late number would always follow over the end */

    if (!n->known || (subject->sequence == n->last && n->job != 0))
        return true; /* the first file; or one with the bytes of another, which B112 says */
    if (p->above && p->skips > most) {
        add(file, error_at(B113, sequence_number),
            "expected %0*" PRId64 " to %0*" PRId64 ", found %0*" PRId64 ": %" PRId64
            " numbers did not come; the number is not used up",
            digits, next, digits, next_number(p, p->before + most), digits, subject->sequence, p->skips);
        return false;
    }
    if (!p->above && (p->skips > most || subject->sequence == n->last)) {
        add(file, error_at(B107, sequence_number), "expected more than %0*" PRId64 ", the last %s; found %0*" PRId64,
            digits, n->last, n->job != 0 ? "accepted one" : "one by an operator's order", digits, subject->sequence);
        return false;
    }
    if (p->skips > 0)
        add(file, (struct finding){.code = B108, .warning = true, .field = sequence_number},
            "expected %0*" PRId64 ", found %0*" PRId64, digits, next, digits, subject->sequence);
    return true;
}

/* What follows from the duplicates that were found. */
static void judge_position(const struct judged_file *file, const struct ledger_file *subject,
                           const struct position *position, const struct ledger_duplicates *found,
                           struct history *history)
{
    history->numbering = subject->numbering;
    if (subject->type == NULL)
        return;
    if (subject->sequence == 0 || found->name_and_bytes || found->name_other_bytes || found->sequence_other_bytes) {
        /* The number is the earlier file's. As the newest one it would let a stale file follow over the end. */
        history->numbering = LEDGER_NUMBERING_NONE;
        return;
    }
    if (!judge_sequence(file, subject, position))
        history->numbering = LEDGER_NUMBERING_NONE;
    else
        history->wraps = !position->above && subject->sequence != position->numbering.last;
}

/* named: names are compared, too. */
static bool judge_all(const struct judged_file *file, struct ledger_file *subject, bool named, struct history *history,
                      GError **error)
{
    struct ledger_duplicates found;
    uint32_t most = filename_sequence_max(file->filename);
    struct position position = {.most = most != 0 ? most : LEDGER_SEQUENCE_MAX};

    if (subject->type != NULL && subject->sequence != 0 &&
        !find_position(file->rules->ledger, subject, &position, error))
        return false;
    if (!ledger_duplicates(file->rules->ledger, subject, &found, error))
        return false;
    if (!named)
        found.name_and_bytes = found.name_other_bytes = 0;
    history->repeated = history->repeated || found.name_and_bytes != 0;
    if (!judge_duplicates(file, subject, &found, error))
        return false;
    judge_position(file, subject, &position, &found, history);
    return true;
}

bool history_rules_judge_name(const struct judged_file *file, struct ledger_file *subject, struct history *history,
                              GError **error)
{
    return judge_all(file, subject, true, history, error);
}

bool history_rules_judge_number(const struct judged_file *file, struct ledger_file *subject, struct history *history,
                                GError **error)
{
    return judge_all(file, subject, false, history, error);
}

/* A rejected file has used its BatchId up: a resubmission needs a new one. */
static bool judge_batch(const struct judged_file *file, const struct ledger_file *subject, const struct record *record,
                        GError **error)
{
    g_autofree char *before = NULL;
    int64_t job = 0;

    if (file->header->batch[0] == '\0')
        return true;
    if (!ledger_batch_used(file->rules->ledger, subject, file->header->batch, &job, error) ||
        !describe(file, job, &before, error))
        return false;
    if (before == NULL)
        return true;
    g_autofree char *text =
        g_strdup_printf("expected a %s not used before; %s had it", header_name(file, HEADER_BATCH_ID), before);
    header_rules_add(file, record, B210, HEADER_BATCH_ID, text);
    return true;
}

/* B210: ResubmissionOf names no rejected file. It may name one that needs no correction. */
static bool add_not_rejected(const struct judged_file *file, const struct ledger_file *subject,
                             const struct record *record, const struct ledger_rejected *named, GError **error)
{
    const struct profile *profile = file->profile;
    const char *ema = layout_type_name(profile_type(profile, "EMA", strlen("EMA")));
    g_autofree char *found = NULL;
    int64_t job = 0;

    if (!ledger_named_file(file->rules->ledger, subject, named, &job, error) || !describe(file, job, &found, error))
        return false;
    g_autofree char *text =
        found != NULL
            ? g_strdup_printf("expected the name of a file that was rejected whole (%s), or of its %s; found %s; leave "
                              "%s empty if this file corrects none",
                              profile_word(profile, FACT_file_outcome, "RJ"), ema, found,
                              header_name(file, HEADER_RESUBMISSION_OF))
            : g_strdup_printf("expected the name of a rejected file that came through this drop before, or of the %s "
                              "that rejects it; there is none",
                              ema);
    header_rules_add(file, record, B210, HEADER_RESUBMISSION_OF, text);
    return true;
}

static bool judge_resubmission(const struct judged_file *file, const struct ledger_file *subject,
                               const struct record *record, int64_t *corrects, GError **error)
{
    const char *earlier = file->header->resubmission_of;

    if (*earlier == '\0')
        return true;
    g_autofree char *escaped = text_escape(earlier, strlen(earlier), 0);
    const struct ledger_rejected rejected = {earlier, escaped};
    if (!ledger_rejected_file(file->rules->ledger, subject, &rejected, corrects, error))
        return false;
    return *corrects != 0 || add_not_rejected(file, subject, record, &rejected, error);
}

/* Reference data that are judged late, after a newer file of their type was accepted, would bring back what that file
 * has changed: a FULL file all of it, a DELTA the records with the same keys. The tables do not say which file a record
 * is from, nor which records a file has removed. So a late DELTA is rejected whole, too, and its sender is told. */
static bool judge_age(const struct judged_file *file, const struct ledger_file *subject, GError **error)
{
    enum ledger_reference table;
    struct ledger_loaded newest;
    g_autofree char *newer = NULL;

    if (!find_table(subject, &table))
        return true;
    if (!ledger_reference_get(file->rules->ledger, table, &newest, error))
        return false;
    if (newest.job <= subject->id)
        return true;
    if (!describe(file, newest.job, &newer, error))
        return false;
    add(file, error_at(B107, sequence_number),
        "this file is out of date: %s was accepted since; expected what still holds in a new file with a new number",
        newer);
    return true;
}

bool history_rules_judge_header(const struct judged_file *file, const struct ledger_file *subject,
                                const struct record *record, int64_t *corrects, GError **error)
{
    return subject->type == NULL || (judge_age(file, subject, error) && judge_batch(file, subject, record, error) &&
                                     judge_resubmission(file, subject, record, corrects, error));
}

void history_rules_judge_device(const struct ledger_earlier_work *past, struct device *device)
{
    /* Of two records for one Device the second is C102, and the first is what makes the Device live. */
    if (!past->live || row_has_code(&device->row, C102))
        return;
    row_error(&device->row, C110, INSTRUCTION_DEVICE_ID, "an earlier instruction for this Device has not ended yet");
    row_wait_until(&device->row, device->row.file->rules->now + RULES_DAY);
}
