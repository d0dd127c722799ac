#include "gateway/commands/verify.h"

#include "formats/eui64.h"
#include "formats/filename.h"
#include "formats/text.h"
#include "gateway/answers/answer.h"
#include "gateway/reports/report.h"
#include "spool/crash_mark.h"
#include "spool/custody.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_reports.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

/* One look at one job. */
struct look {
    struct gateway *gateway;
    GPtrArray *faults;
    const struct ledger_job *job;
    enum job_state state;
    const GPtrArray *parts;
};

void verify_problem(GPtrArray *faults, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(faults, g_strdup_vprintf(format, args));
    va_end(args);
}

/* Size and digest of a file of the job against what was noted. */
static void check_bytes(struct look *look, const char *name, int64_t size, const char *sha256)
{
    g_autofree char *path = job_path(look->gateway->spool, look->state, look->job->id, name);
    g_autoptr(GError) fault = NULL;
    char hex[DIGEST_HEX_SIZE];
    uint64_t found;

    if (path == NULL || !digest_file(path, hex, &found, &fault)) {
        verify_problem(look->faults, "%s cannot be read: %s", name,
                       fault ? fault->message : "its name is not acceptable");
        return;
    }
    if (size < 0 || found != (uint64_t)size)
        verify_problem(look->faults, "%s has %" G_GUINT64_FORMAT " bytes, the ledger says %" G_GINT64_FORMAT, name,
                       found, size);
    if (g_strcmp0(hex, sha256) != 0)
        verify_problem(look->faults, "%s has the SHA-256 %s, the ledger says %s", name, hex, sha256 ? sha256 : "none");
}

static void check_envelope(struct look *look)
{
    const struct ledger_job *job = look->job;
    g_autoptr(GError) fault = NULL;
    g_autofree struct job_envelope *envelope = job_envelope_read(look->gateway->spool, look->state, job->id, &fault);

    if (envelope == NULL)
        verify_problem(look->faults, "%s", fault->message);
    else if (envelope->size != (uint64_t)job->size || g_strcmp0(envelope->sha256, job->sha256) != 0 ||
             g_strcmp0(envelope->name, job->name) != 0 || g_strcmp0(envelope->drop, job->drop) != 0 ||
             envelope->received != job->received)
        verify_problem(look->faults, "its envelope and the ledger's row disagree in name, drop, time, "
                                     "size or SHA-256");
}

static guint owed_parts(const struct look *look)
{
    guint owed = 0;

    for (guint i = 0; i < look->parts->len; i++)
        owed += ((const struct ledger_outgoing *)look->parts->pdata[i])->state != LEDGER_DELIVERED;
    return owed;
}

/* The rows of the ledger must still say what was sent: a row that was changed makes other bytes. */
static void check_rows(struct look *look, const struct ledger_outgoing *part)
{
    g_autoptr(GError) fault = NULL;
    char hex[DIGEST_HEX_SIZE];
    int64_t rows;

    if (!answer_digest(look->gateway, part, hex, &rows, &fault))
        verify_problem(look->faults, "%s cannot be built again from the ledger's rows: %s", part->name, fault->message);
    else if (g_strcmp0(hex, part->sha256) != 0 || rows != part->rows)
        verify_problem(look->faults,
                       "the ledger's rows make other bytes of %s than those that were stored: rows were changed",
                       part->name);
}

static bool is_report(const struct look *look)
{
    return look->job->type != NULL && report_kind_find(look->job->type) != NULL;
}

static void check_parts(struct look *look)
{
    for (guint i = 0; i < look->parts->len; i++) {
        const struct ledger_outgoing *part = look->parts->pdata[i];
        if (!is_report(look) && g_strcmp0(part->drop, look->job->drop) != 0)
            verify_problem(look->faults, "%s goes to the drop %s, but its job belongs to %s", part->name, part->drop,
                           look->job->drop);
        if (part->state == LEDGER_PLANNED)
            continue;
        check_bytes(look, part->name, part->size, part->sha256);
        if (!is_report(look))
            check_rows(look, part); /* a report is the record of what was so then */
    }
}

/* What the ledger keeps of a file's name besides the name, for duplicates and sequence. */
static void check_name(struct look *look)
{
    const struct ledger_job *job = look->job;
    size_t len = 0;
    g_autofree char *raw = text_unescape(job->name, &len);
    struct filename parsed;
    bool known = raw != NULL && filename_parse(raw, len, &parsed, NULL, NULL);
    char sender[EUI64_TEXT_SIZE];

    if (known)
        eui64_print(parsed.eui64, sender);
    if (g_strcmp0(job->type, known ? parsed.type->code : NULL) != 0 ||
        g_strcmp0(job->form, known ? form_name(parsed.form) : NULL) != 0 ||
        g_strcmp0(job->org, known ? parsed.org : NULL) != 0 || g_strcmp0(job->sender, known ? sender : NULL) != 0 ||
        job->sequence != (known ? parsed.sequence : 0))
        verify_problem(look->faults, "its type, form, sender or sequence in the ledger is not that of its name");
}

static void check_order(struct look *look)
{
    const struct ledger_job *job = look->job;
    const struct ledger_outgoing *part = look->parts->len > 0 ? look->parts->pdata[0] : NULL;

    if (look->parts->len != 1)
        verify_problem(look->faults, "what the gateway sends by itself is one file a job, the ledger has %u",
                       look->parts->len);
    else if (g_strcmp0(job->name, part->name) != 0 || g_strcmp0(job->form, part->form) != 0 ||
             g_strcmp0(job->sender, part->sender) != 0 || job->sequence != part->sequence ||
             job->received != part->created || (part->revision != 0) != (part->about != 0))
        verify_problem(look->faults, "its rows in the ledger disagree in name, form, sender, sequence or time");
}

/* The files of one period: each has its recipient, and bears the name that says so. */
static bool check_report(struct look *look, GError **error)
{
    const struct ledger_job *job = look->job;
    const struct report_kind *kind = report_kind_find(job->type);
    g_autofree struct ledger_period *period = NULL;
    g_autoptr(GPtrArray) issued = NULL;

    if (!ledger_period_of_job(look->gateway->ledger, job->id, &period, error))
        return false;
    if (period == NULL || strcmp(period->ref, kind->ref) != 0 || period->issued != job->received) {
        verify_problem(look->faults, "the ledger has no period of %s, issued at the job's time, for it", kind->ref);
        return true;
    }
    if (!ledger_reports_of(look->gateway->ledger, period->ref, period->starts, &issued, error))
        return false;
    const struct period of = {period->starts, period->ends};
    g_autofree char *job_name = report_name(kind, NULL, of);
    if (issued->len != look->parts->len || g_strcmp0(job_name, job->name) != 0)
        verify_problem(look->faults, "it has %u files for %u recipients, or another name than that of its period",
                       look->parts->len, issued->len);
    for (guint i = 0; i < issued->len; i++) {
        const struct ledger_report *one = issued->pdata[i];
        struct report_recipient to = {.id = one->recipient};
        eui64_print(to.id, to.eui64);
        g_strlcpy(to.mpid, one->mpid, sizeof to.mpid);
        g_autofree char *name = report_name(kind, &to, of);
        if (one->file.job != job->id || g_strcmp0(one->file.name, name) != 0 ||
            g_strcmp0(one->file.recipient, to.eui64) != 0 || one->file.created != period->issued)
            verify_problem(look->faults, "%s is not the file of that recipient and period", one->file.name);
    }
    return true;
}

static bool is_of_job(const struct look *look, const char *name)
{
    bool in = look->job->direction == LEDGER_IN;

    if (in && (strcmp(name, JOB_PAYLOAD) == 0 || strcmp(name, JOB_ENVELOPE) == 0))
        return true;
    for (guint i = 0; i < look->parts->len; i++) {
        if (strcmp(name, ((const struct ledger_outgoing *)look->parts->pdata[i])->name) == 0)
            return true;
    }
    if (in && strcmp(name, CRASH_MARK) == 0)
        return true;
    /* What a stop left of a file in the making; the next attempt replaces it. */
    return name[0] == '.' && g_str_has_suffix(name, ".part");
}

static void check_strangers(struct look *look)
{
    g_autofree char *path = job_path(look->gateway->spool, look->state, look->job->id, NULL);
    g_autoptr(GError) fault = NULL;
    g_auto(GStrv) names = disk_names(path, &fault);

    if (names == NULL)
        verify_problem(look->faults, "%s", fault->message);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *shown = g_strescape(*name, NULL);
        if (!is_of_job(look, *name))
            verify_problem(look->faults, "%s/%s is no file of this job", path, shown);
    }
}

/* A requeue that was stopped after its move has its order still in the folder. */
static bool orders_wait(const struct look *look)
{
    g_auto(GStrv) names = disk_names(spool_orders_dir(look->gateway->spool), NULL);

    return names != NULL && names[0] != NULL;
}

/* A job whose COMMIT failed goes back to ready/, and that may turn out to hold. */
static bool is_unanswered(const struct look *look)
{
    for (guint i = 0; i < look->parts->len; i++) {
        const struct ledger_outgoing *part = look->parts->pdata[i];
        if (part->revision == look->job->revision && part->state != LEDGER_PLANNED)
            return false;
    }
    return true;
}

static bool check_inbound(struct look *look, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;
    const char *folder = job_state_name(look->state);

    if (!ledger_verdict_get(look->gateway->ledger, look->job->id, look->job->revision, &verdict, error))
        return false;
    bool ended = look->state == JOB_DONE || look->state == JOB_REJECTED;
    bool begun = ended || look->state == JOB_ACTIVE || look->state == JOB_CORRUPT;
    if (ended && verdict == NULL)
        verify_problem(look->faults, "it is in %s and has no verdict", folder);
    if (verdict == NULL)
        return true;
    bool rejected = strcmp(verdict->outcome, "RJ") == 0;
    if (ended && rejected != (look->state == JOB_REJECTED))
        verify_problem(look->faults, "it is in %s, but its verdict is %s", folder, verdict->outcome);
    if (!begun && !(look->state == JOB_READY && ((rejected && orders_wait(look)) || is_unanswered(look))))
        verify_problem(look->faults, "it is in %s, but has the verdict %s already", folder, verdict->outcome);
    return true;
}

static void check_folder(struct look *look)
{
    guint owed = owed_parts(look);
    bool ended = look->state == JOB_DONE || look->state == JOB_REJECTED;

    if (ended && owed > 0)
        verify_problem(look->faults, "it is in %s, but %u of its %u files for the drops are not delivered",
                       job_state_name(look->state), owed, look->parts->len);
    if (look->job->direction == LEDGER_OUT && look->state != JOB_ACTIVE && look->state != JOB_DONE &&
        look->state != JOB_CORRUPT)
        verify_problem(look->faults, "what the gateway sends by itself is never in %s", job_state_name(look->state));
}

/* A work order is committed before its directory is made. */
static bool is_only_planned(const struct look *look)
{
    for (guint i = 0; i < look->parts->len; i++) {
        if (((const struct ledger_outgoing *)look->parts->pdata[i])->state != LEDGER_PLANNED)
            return false;
    }
    return look->job->direction == LEDGER_OUT && look->parts->len > 0;
}

static bool look_at(struct look *look, GError **error)
{
    g_autoptr(GError) fault = NULL;

    if (!job_find(look->gateway->spool, look->job->id, &look->state, &fault)) {
        verify_problem(look->faults, "%s", fault->message);
        return true;
    }
    if (look->state == JOB_NOWHERE) {
        if (!is_only_planned(look))
            verify_problem(look->faults, "it is in the ledger, but in no folder of the spool");
        return true;
    }
    check_folder(look);
    check_strangers(look);
    check_parts(look);
    if (look->job->direction == LEDGER_OUT) {
        if (is_report(look))
            return check_report(look, error);
        check_order(look);
        return true;
    }
    check_name(look);
    check_envelope(look);
    check_bytes(look, JOB_PAYLOAD, look->job->size, look->job->sha256);
    return check_inbound(look, error);
}

bool verify_job(struct gateway *gateway, int64_t id, GPtrArray *faults, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autoptr(GPtrArray) parts = NULL;
    struct look look = {.gateway = gateway, .faults = faults, .state = JOB_NOWHERE};

    if (!ledger_job_get(gateway->ledger, id, &job, error) ||
        !ledger_outgoing_files_of(gateway->ledger, id, &parts, error))
        return false;
    if (job == NULL) {
        if (!job_find(gateway->spool, id, &look.state, NULL) ||
            (look.state != JOB_INCOMING && look.state != JOB_NOWHERE))
            verify_problem(faults, "it is in the spool, but not in the ledger");
        return true;
    }
    look.job = job;
    look.parts = parts;
    return look_at(&look, error);
}
