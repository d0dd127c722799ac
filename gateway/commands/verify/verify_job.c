/*
 * One job: its state, the files in its folder, their bytes, and what the ledger's rows say of them. Stored answers
 * and work orders are built again from the ledger's rows and their digests compared, so that a row that was changed by
 * hand is found. What no answer shows (MPxN, region, attempt, orders of operators) cannot be checked in that way.
 * Reports are not built again: they record what was known when they were issued.
 */
#include "gateway/commands/verify/verify.h"

#include "formats/eui64.h"
#include "formats/name/filename.h"
#include "formats/text.h"
#include "gateway/answers/answer.h"
#include "gateway/profiles.h"
#include "gateway/reports/report.h"
#include "spool/crash_mark.h"
#include "spool/custody.h"
#include "spool/ledger/ledger_archive.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_reports.h"
#include "spool/ledger/ledger_signatures.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/packed.h"
#include "validators/signature/signature_key.h"

#include <string.h>

/* One job while it is checked. */
struct check {
    struct gateway *gateway;
    GPtrArray *problems;
    const struct ledger_job *job;
    enum job_state state;
    bool signed_;           /* its file came with a signature that was fetched */
    const GPtrArray *files; /* struct ledger_outgoing: what the gateway writes for this job */
    const GPtrArray *plain; /* the same without signatures */
};

void verify_problem(GPtrArray *problems, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(problems, g_strdup_vprintf(format, args));
    va_end(args);
}

/* What the ledger says of a file. */
struct stored_file {
    const char *name;
    int64_t size;
    const char *sha256;
};

/* Compares size and digest of a file with the ledger. remedy: what to do if they differ. */
static void check_bytes(struct check *check, const struct stored_file *file, const char *remedy)
{
    const char *name = file->name;
    g_autofree char *path = job_path(check->gateway->spool, check->state, check->job->id, name);
    g_autoptr(GError) cause = NULL;
    char hex[DIGEST_HEX_SIZE];
    uint64_t found;

    if (path == NULL || !packed_digest(path, hex, &found, &cause)) {
        verify_problem(check->problems, "%s cannot be read: %s%s", name,
                       cause ? cause->message : "its name is not allowed in a job", cause ? remedy : VERIFY_RESTORE);
        return;
    }
    if (file->size < 0 || found != (uint64_t)file->size)
        verify_problem(check->problems, "%s has %" G_GUINT64_FORMAT " bytes, the ledger says %" G_GINT64_FORMAT "%s",
                       name, found, file->size, remedy);
    if (g_strcmp0(hex, file->sha256) != 0)
        verify_problem(check->problems, "%s has the SHA-256 %s, the ledger says %s%s", name, hex,
                       file->sha256 ? file->sha256 : "none", remedy);
}

static void check_envelope(struct check *check)
{
    const struct ledger_job *job = check->job;
    g_autoptr(GError) cause = NULL;
    g_autofree struct job_envelope *envelope = job_envelope_read(check->gateway->spool, check->state, job->id, &cause);

    if (envelope == NULL)
        verify_problem(check->problems, "%s" VERIFY_RESTORE_FILE, cause->message);
    else if (envelope->size != (uint64_t)job->size || g_strcmp0(envelope->sha256, job->sha256) != 0 ||
             g_strcmp0(envelope->name, job->name) != 0 || g_strcmp0(envelope->drop, job->drop) != 0 ||
             envelope->received != job->received)
        verify_problem(check->problems, "its envelope and the ledger's row disagree in name, drop, time, "
                                        "size or SHA-256" VERIFY_RESTORE);
}

static guint undelivered(const struct check *check)
{
    guint missing = 0;

    for (guint i = 0; i < check->files->len; i++)
        missing += ((const struct ledger_outgoing *)check->files->pdata[i])->state < LEDGER_DELIVERED;
    return missing;
}

/* Builds the file again from the ledger's rows: they must still make the bytes that were stored. */
static void check_rows(struct check *check, const struct ledger_outgoing *file)
{
    g_autoptr(GError) cause = NULL;
    char hex[DIGEST_HEX_SIZE];
    int64_t rows;

    if (profiles_find(check->gateway, file->profile, NULL) == NULL)
        return; /* that is said once, of the profile */
    if (!answer_digest(check->gateway, file, hex, &rows, &cause))
        verify_problem(check->problems, "%s cannot be built again from the ledger's rows: %s" VERIFY_RESTORE,
                       file->name, cause->message);
    else if (g_strcmp0(hex, file->sha256) != 0 || rows != file->rows)
        verify_problem(
            check->problems,
            "the ledger's rows make other bytes of %s than those that were stored: rows were changed" VERIFY_RESTORE,
            file->name);
}

static bool is_report(const struct check *check)
{
    return check->job->type != NULL && report_kind_find(check->job->type) != NULL;
}

/* The row that has the name; NULL: there is none. len: bytes of it that count. */
static const struct ledger_outgoing *file_named(const struct check *check, const char *name, size_t len)
{
    for (guint i = 0; i < check->files->len; i++) {
        const struct ledger_outgoing *file = check->files->pdata[i];
        if (strncmp(file->name, name, len) == 0 && file->name[len] == '\0')
            return file;
    }
    return NULL;
}

/* A signature of ours is over the bytes that the ledger says of its file. Damaged bytes are said already. */
static void check_made_signature(struct check *check, const struct ledger_outgoing *signature)
{
    const struct ledger_outgoing *file =
        file_named(check, signature->name, strlen(signature->name) - strlen(LEDGER_SIGNATURE));
    g_autofree char *path = job_path(check->gateway->spool, check->state, signature->job, signature->name);
    g_autoptr(packed_reader_t) reader = path != NULL ? packed_open(path, NULL) : NULL;
    g_autofree char *der = g_malloc(SIGNATURE_MAX_BYTES), *fault = NULL;
    size_t len = 0, got = 1;

    if (file == NULL || file->sha256 == NULL) {
        verify_problem(check->problems, "%s signs a file that the ledger does not have" VERIFY_RESTORE,
                       signature->name);
        return;
    }
    while (reader != NULL && got > 0 && packed_read(reader, der + len, SIGNATURE_MAX_BYTES - len, &got, NULL))
        len += got;
    g_autofree char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)der, len);
    if (reader == NULL || strcmp(sha256, signature->sha256) != 0)
        return;
    const struct signature_file bytes = {(const unsigned char *)der, len, (int64_t)len};
    if ((fault = signature_fault_of(&bytes, file->sha256)) != NULL)
        verify_problem(check->problems, "%s is no signature of %s: %s" VERIFY_RESTORE, signature->name, file->name,
                       fault);
}

/* The rows that made the job's files are as they were. A report records what was known when it was issued; a purge
 * changes rows. */
static bool has_rows(const struct check *check)
{
    return !is_report(check) && check->job->purged == 0;
}

static void check_outgoing(struct check *check)
{
    for (guint i = 0; i < check->files->len; i++) {
        const struct ledger_outgoing *file = check->files->pdata[i];
        const char *contradiction = ledger_outgoing_contradiction(file);
        if (contradiction != NULL)
            verify_problem(check->problems, "%s %s: the ledger's row of it was changed" VERIFY_RESTORE, file->name,
                           contradiction);
        if (!is_report(check) && g_strcmp0(file->drop, check->job->drop) != 0)
            verify_problem(check->problems, "%s goes to the drop %s, but its job belongs to %s" VERIFY_RESTORE,
                           file->name, file->drop, check->job->drop);
        if (file->state == LEDGER_PLANNED)
            continue;
        bool made_again = !is_report(check) || ledger_outgoing_is_signature(file);
        bool rebuilt = made_again && file->state == LEDGER_STORED;
        if (file->removed == 0)
            check_bytes(check, &(const struct stored_file){file->name, file->size, file->sha256},
                        rebuilt ? VERIFY_REBUILD : VERIFY_RESTORE_FILE);
        if (ledger_outgoing_is_signature(file))
            check_made_signature(check, file);
        else if (has_rows(check))
            check_rows(check, file);
    }
}

/* Whether a job's row says what the profile makes of the file's name. The ledger keeps the parts of the name beside it,
 * for the rules on duplicates and sequence. What the name does not tell came from the file's header or drop, and is not
 * compared. */
static bool is_of_name(const struct ledger_job *job, const struct profile *profile)
{
    size_t len = 0;
    g_autofree char *raw = text_unescape(job->name, &len);
    struct filename parsed;
    char sender[EUI64_TEXT_SIZE];
    bool known = raw != NULL && filename_parse(profile, raw, len, &parsed, NULL, NULL);

    if (known)
        eui64_print(parsed.eui64, sender);
    bool org = !known || filename_tells(&parsed, NAME_ORG), id = !known || filename_tells(&parsed, NAME_EUI64);
    bool sequence = !known || filename_tells(&parsed, NAME_SEQUENCE);
    return g_strcmp0(job->type, known ? parsed.type->code : NULL) == 0 &&
           g_strcmp0(job->form, known ? form_name(parsed.form) : NULL) == 0 &&
           (!org || g_strcmp0(job->org, known ? parsed.org : NULL) == 0) &&
           (!id || g_strcmp0(job->sender, known ? sender : NULL) == 0) &&
           (!sequence || job->sequence == (known ? parsed.sequence : 0));
}

static bool is_of_name_by_any(const struct check *check, const GPtrArray *kept)
{
    const GPtrArray *configured = check->gateway->config->profiles;
    bool good = check->gateway->config->profile_faults != NULL || /* one that is not there may have read the name */
                is_of_name(check->job, profile_builtin());

    for (guint i = 0; !good && i < configured->len; i++)
        good = is_of_name(check->job, configured->pdata[i]);
    for (guint i = 0; !good && i < kept->len; i++) {
        const struct ledger_profile *row = kept->pdata[i];
        const struct profile *profile = profiles_find(check->gateway, row->digest, NULL);
        good = profile != NULL && is_of_name(check->job, profile);
    }
    return good;
}

/* A file that has a verdict is compared by the profile that it was read with; where the ledger does not keep that one,
 * check_profiles says it. One that waits for its verdict was picked up with one of the profiles that there are. */
static bool check_name(struct check *check, GError **error)
{
    struct ledger *ledger = check->gateway->ledger;
    const struct ledger_job *job = check->job;
    g_autofree struct ledger_verdict *verdict = NULL;
    g_autoptr(GPtrArray) kept = NULL;

    if (!ledger_verdict_get(ledger, job->id, job->revision, &verdict, error) || !ledger_profiles(ledger, &kept, error))
        return false;
    const struct profile *profile = verdict != NULL ? profiles_find(check->gateway, verdict->profile, NULL) : NULL;
    if (verdict != NULL ? profile == NULL || is_of_name(job, profile) : is_of_name_by_any(check, kept))
        return true;
    verify_problem(check->problems,
                   "its type, form, sender or sequence in the ledger is not that of its name %s" VERIFY_RESTORE,
                   job->name);
    return true;
}

static void check_single_file(struct check *check)
{
    const struct ledger_job *job = check->job;
    const struct ledger_outgoing *file = check->plain->len > 0 ? check->plain->pdata[0] : NULL;

    if (check->plain->len != 1)
        verify_problem(check->problems, "a job of the gateway's own has one file, the ledger has %u" VERIFY_RESTORE,
                       check->plain->len);
    else if (g_strcmp0(job->name, file->name) != 0 || g_strcmp0(job->form, file->form) != 0 ||
             g_strcmp0(job->sender, file->sender) != 0 || job->sequence != file->sequence ||
             job->received != file->created || (file->revision != 0) != (file->about != 0))
        verify_problem(
            check->problems,
            "its rows of job and outgoing file disagree in name, form, sender, sequence or time" VERIFY_RESTORE);
}

/* A report's job has one file for each recipient of the period; the name of each says which. */
static bool check_report(struct check *check, GError **error)
{
    const struct ledger_job *job = check->job;
    const struct report_kind *kind = report_kind_find(job->type);
    g_autofree struct ledger_period *period = NULL;
    g_autoptr(GPtrArray) issued = NULL;

    if (!ledger_period_of_job(check->gateway->ledger, job->id, &period, error))
        return false;
    if (period == NULL || strcmp(period->ref, kind->ref) != 0 || period->issued != job->received) {
        verify_problem(check->problems,
                       "the ledger has no period of %s, issued at the job's time, for it" VERIFY_RESTORE, kind->ref);
        return true;
    }
    if (!ledger_reports_of(check->gateway->ledger, period->ref, period->starts, &issued, error))
        return false;
    const struct period of = {period->starts, period->ends};
    g_autofree char *job_name = report_name(kind, NULL, of);
    if (issued->len != check->plain->len || g_strcmp0(job_name, job->name) != 0)
        verify_problem(check->problems,
                       "it has %u files for %u recipients, or another name than that of its period" VERIFY_RESTORE,
                       check->plain->len, issued->len);
    for (guint i = 0; i < issued->len; i++) {
        const struct ledger_report *one = issued->pdata[i];
        struct report_recipient to = {.id = one->recipient,
                                      .profile = profiles_find(check->gateway, one->file.profile, NULL)};
        if (to.profile == NULL)
            continue; /* that is said once, of the profile */
        eui64_print(to.id, to.eui64);
        g_strlcpy(to.mpid, one->mpid, sizeof to.mpid);
        g_autofree char *name = report_name(kind, &to, of);
        if (one->file.job != job->id || g_strcmp0(one->file.name, name) != 0 ||
            g_strcmp0(one->file.recipient, to.eui64) != 0 || one->file.created != period->issued)
            verify_problem(check->problems, "%s is not the file of that recipient and period" VERIFY_RESTORE,
                           one->file.name);
    }
    return true;
}

/* A job without a row, to which `recover` gave one: of what the lost ledger knew, nothing can be compared. */
static bool is_of_lost_ledger(const struct check *check)
{
    return check->job->reason != NULL && g_str_has_prefix(check->job->reason, LEDGER_LOST_REASON);
}

/* An answer that a lost ledger stored beside a job, which is judged anew. */
static bool is_lost_answer(const struct check *check, const char *name)
{
    return check->job->revision >= LEDGER_LOST_REVISIONS && config_is_own_name(check->gateway->config, name);
}

static bool is_of_job(const struct check *check, const char *stored)
{
    g_autofree char *name = packed_plain_name(stored);
    bool in = check->job->direction == LEDGER_IN;

    if (in && (strcmp(name, JOB_PAYLOAD) == 0 || strcmp(name, JOB_ENVELOPE) == 0 ||
               (check->signed_ && strcmp(name, JOB_SIGNATURE) == 0)))
        return true;
    for (guint i = 0; i < check->files->len; i++) {
        const char *own = ((const struct ledger_outgoing *)check->files->pdata[i])->name;
        if (strcmp(name, own) == 0 || strcmp(stored, own) == 0)
            return true;
    }
    if (in && (strcmp(name, CRASH_MARK) == 0 || is_lost_answer(check, name)))
        return true;
    /* The temporary file of a write that was stopped; the next attempt replaces it. */
    return name[0] == '.' && g_str_has_suffix(name, ".part");
}

static void check_directory(struct check *check)
{
    g_autofree char *path = job_path(check->gateway->spool, check->state, check->job->id, NULL);
    g_autoptr(GError) cause = NULL;
    g_auto(GStrv) names = disk_names(path, &cause);

    if (names == NULL)
        verify_problem(check->problems, "%s", cause->message);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *shown = g_strescape(*name, NULL);
        if (!is_of_job(check, *name))
            verify_problem(check->problems, "%s/%s is no file of this job; move it out of the spool", path, shown);
    }
}

/* A requeue that was stopped after it moved the job has its order still in the folder. */
static bool orders_wait(const struct check *check)
{
    g_auto(GStrv) names = disk_names(spool_orders_dir(check->gateway->spool), NULL);

    return names != NULL && names[0] != NULL;
}

/* After a COMMIT that failed the job goes back to ready/. SQLite may still have kept the commit: then there is a
 * verdict, but no answer is stored yet. */
static bool is_unanswered(const struct check *check)
{
    for (guint i = 0; i < check->files->len; i++) {
        const struct ledger_outgoing *file = check->files->pdata[i];
        if (file->revision == check->job->revision && file->state != LEDGER_PLANNED)
            return false;
    }
    return true;
}

/* It gave its bytes to a damaged job, which is judged in its place. */
static bool check_healed(struct check *check, GError **error)
{
    const struct ledger_job *job = check->job;
    g_autofree struct ledger_job *healed = NULL;

    if (!ledger_job_get(check->gateway->ledger, job->healed, &healed, error))
        return false;
    if (healed == NULL || g_strcmp0(healed->name, job->name) != 0 || g_strcmp0(healed->sha256, job->sha256) != 0)
        verify_problem(check->problems,
                       "it says that its bytes mended job %08" G_GINT64_FORMAT ", which is no job with these bytes and "
                       "that name" VERIFY_RESTORE,
                       job->healed);
    if (check->state != JOB_DONE && check->state != JOB_READY && check->state != JOB_ACTIVE)
        verify_problem(check->problems, "it is in %s, but its bytes mended job %08" G_GINT64_FORMAT VERIFY_RESTORE,
                       job_state_name(check->state), job->healed);
    return true;
}

static bool check_signature(struct check *check, GError **error)
{
    g_autofree struct ledger_signature *signature = NULL;

    if (!ledger_signature_get(check->gateway->ledger, check->job->id, &signature, error))
        return false;
    check->signed_ = signature != NULL && signature->sha256 != NULL;
    if (check->signed_)
        check_bytes(check, &(const struct stored_file){JOB_SIGNATURE, signature->size, signature->sha256},
                    VERIFY_RESTORE_FILE);
    return true;
}

static bool check_inbound(struct check *check, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;
    const char *folder = job_state_name(check->state);

    if (!ledger_verdict_get(check->gateway->ledger, check->job->id, check->job->revision, &verdict, error))
        return false;
    bool ended = check->state == JOB_DONE || check->state == JOB_REJECTED;
    bool mends = verdict == NULL && check->job->healed == 0 && !ended; /* mending_by_same_bytes */
    if (check->job->removed == 0)
        check_bytes(check, &(const struct stored_file){JOB_PAYLOAD, check->job->size, check->job->sha256},
                    mends ? VERIFY_SEND_AGAIN : VERIFY_RESTORE_FILE);
    bool begun = ended || check->state == JOB_ACTIVE || check->state == JOB_CORRUPT;
    if (check->job->healed != 0 && verdict == NULL)
        return check_healed(check, error);
    if (ended && verdict == NULL && !is_of_lost_ledger(check))
        verify_problem(check->problems, "it is in %s and has no verdict" VERIFY_RESTORE, folder);
    if (verdict == NULL)
        return true;
    bool rejected = strcmp(verdict->outcome, "RJ") == 0;
    if (ended && rejected != (check->state == JOB_REJECTED))
        verify_problem(check->problems, "it is in %s, but its verdict is %s" VERIFY_RESTORE, folder, verdict->outcome);
    if (!begun && !(check->state == JOB_READY && ((rejected && orders_wait(check)) || is_unanswered(check))))
        verify_problem(check->problems, "it is in %s, but has the verdict %s already" VERIFY_RESTORE, folder,
                       verdict->outcome);
    return true;
}

static void check_folder(struct check *check)
{
    guint missing = undelivered(check);
    bool ended = check->state == JOB_DONE || check->state == JOB_REJECTED;

    if (ended && missing > 0)
        verify_problem(check->problems,
                       "it is in %s, but %u of its %u files for the drops are not delivered" VERIFY_RESTORE,
                       job_state_name(check->state), missing, check->files->len);
    if (check->job->direction == LEDGER_OUT && check->state != JOB_ACTIVE && check->state != JOB_DONE &&
        check->state != JOB_CORRUPT)
        verify_problem(check->problems, "it is a job of the gateway's own, and these are never in %s" VERIFY_RESTORE,
                       job_state_name(check->state));
}

/* A work order is committed to the ledger before its folder is made. */
static bool is_only_planned(const struct check *check)
{
    for (guint i = 0; i < check->files->len; i++) {
        if (((const struct ledger_outgoing *)check->files->pdata[i])->state != LEDGER_PLANNED)
            return false;
    }
    return check->job->direction == LEDGER_OUT && check->files->len > 0;
}

/* What an archived job still has here: rows, which make its answers again. */
static void check_answer_rows(struct check *check)
{
    for (guint i = 0; has_rows(check) && i < check->plain->len; i++) {
        const struct ledger_outgoing *file = check->plain->pdata[i];
        if (file->state != LEDGER_PLANNED)
            check_rows(check, file);
    }
}

static bool check_all(struct check *check, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!job_find(check->gateway->spool, check->job->id, &check->state, &cause)) {
        verify_problem(check->problems, "%s", cause->message);
        return true;
    }
    if (check->state == JOB_NOWHERE) {
        g_autofree struct ledger_archive *archive = NULL;
        if (!ledger_archive_of(check->gateway->ledger, check->job->id, &archive, error))
            return false;
        if (archive != NULL) { /* `archive verify` has the bytes */
            check_answer_rows(check);
            return true;
        }
        if (!is_only_planned(check))
            verify_problem(
                check->problems,
                "it is in the ledger, but in no folder of the spool; restore its folder from a backup or, if "
                "it is a received file without a verdict, let its sender send it again");
        return true;
    }
    check_folder(check);
    if (is_of_lost_ledger(check) && (check->job->direction == LEDGER_OUT || check->state == JOB_CORRUPT))
        return true;
    if (check->job->direction == LEDGER_IN && !check_signature(check, error))
        return false;
    check_directory(check);
    check_outgoing(check);
    if (check->job->direction == LEDGER_OUT) {
        if (is_report(check))
            return check_report(check, error);
        check_single_file(check);
        return true;
    }
    check_envelope(check);
    return check_name(check, error) && check_inbound(check, error);
}

bool verify_job(struct gateway *gateway, int64_t id, GPtrArray *problems, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autoptr(GPtrArray) files = NULL;
    struct check check = {.gateway = gateway, .problems = problems, .state = JOB_NOWHERE};

    if (!ledger_job_get(gateway->ledger, id, &job, error) ||
        !ledger_outgoing_files_of(gateway->ledger, id, &files, error))
        return false;
    if (job == NULL) {
        if (!job_find(gateway->spool, id, &check.state, NULL) ||
            (check.state != JOB_INCOMING && check.state != JOB_NOWHERE))
            verify_problem(problems, "it is in the spool, but not in the ledger" VERIFY_RESTORE
                                     "; if the ledger was made anew, `ecosgate recover` gives it a row");
        return true;
    }
    g_autoptr(GPtrArray) plain = g_ptr_array_new();
    for (guint i = 0; i < files->len; i++) {
        if (!ledger_outgoing_is_signature(files->pdata[i]))
            g_ptr_array_add(plain, files->pdata[i]);
    }
    check.job = job;
    check.files = files;
    check.plain = plain;
    return check_all(&check, error);
}
