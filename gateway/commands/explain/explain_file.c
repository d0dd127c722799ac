/*
 * Files: jobs by the folder they are in, and the files that the gateway writes by how far they are delivered.
 */
#include "gateway/commands/explain/explain.h"

#include "formats/name/filename.h"
#include "formats/instant.h"
#include "gateway/answers/incident_id.h"
#include "gateway/pipeline/judging/inventory.h"
#include "gateway/profiles.h"
#include "gateway/reports/report.h"
#include "gateway/reports/report_address.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_shrink.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/catalogue.h"

#include <inttypes.h>
#include <string.h>

/* ---- files that the gateway writes ---- */

bool explain_outage(struct gateway *gateway, const char *drop, char **text, GError **error)
{
    static const char *const codes[][2] = {
        {"A110", "that drop is not this gateway's"}, {"A103", "that drop is down"}, {"A101", "that drop is down"}};

    if (!explain_hold(gateway, &(struct ledger_hold){.kind = LEDGER_HOLD_OUT, .drop = drop}, text, error))
        return false;
    for (size_t i = 0; *text == NULL && i < G_N_ELEMENTS(codes); i++) {
        g_autofree struct ledger_incident *newest = NULL;
        char id[INCIDENT_ID_SIZE];
        if (!ledger_incident_newest(gateway->ledger, codes[i][0], drop, &newest, error))
            return false;
        /* The text of a share's A101 names each direction that is down. */
        bool other = i == 2 && newest != NULL && strstr(newest->text, "it cannot be written") == NULL;
        if (newest != NULL && newest->closed == 0 && !other)
            *text = g_strdup_printf("%s (%s): %s; see %s", codes[i][1], codes[i][0], newest->text,
                                    incident_id(newest->id, id));
    }
    return true;
}

/* It may go nowhere: its folder is another party's. */
static bool explain_waiting(struct gateway *gateway, const struct ledger_outgoing *file, struct explanation *e,
                            GError **error)
{
    char id[INCIDENT_ID_SIZE];
    g_autofree struct ledger_incident *incident = NULL;
    g_autofree char *subject = g_strdup_printf("%s %s", report_kind_find(file->kind)->role, file->recipient);

    if (!ledger_incident_newest(gateway->ledger, "A118", subject, &incident, error))
        return false;
    e->because = g_strdup_printf("PTY no longer names its recipient, %s, and the folder %s is another party's now "
                                 "(A118)",
                                 subject, file->folder);
    e->waits_for = g_strdup("a PTY that names its recipient; then it goes into the folder of the MPID there");
    e->moves = incident != NULL && incident->closed == 0
                   ? g_strdup_printf("DCC, which sends PTY; or, if nobody is to get it, `ecosgate incident close %s`",
                                     incident_id(incident->id, id))
                   : g_strdup("DCC, which sends PTY");
    return true;
}

/* *signature: the name of the one that is not made yet, without which the file is not delivered; NULL: none is. */
static bool find_unsigned(struct gateway *gateway, const struct ledger_outgoing *file, char **signature, GError **error)
{
    g_autofree char *name = g_strconcat(file->name, LEDGER_SIGNATURE, NULL);
    g_autofree struct ledger_outgoing *row = NULL;

    if (!ledger_outgoing_named(gateway->ledger, name, &row, error))
        return false;
    *signature = row != NULL && row->state == LEDGER_PLANNED ? g_steal_pointer(&name) : NULL;
    return true;
}

static void explain_signature(const struct ledger_outgoing *file, const char *signature, struct explanation *e)
{
    e->because = g_strdup_printf("%s is %s, but not signed yet; it is delivered with its signature", file->name,
                                 ledger_outgoing_state_name(file->state));
    e->waits_for = g_strdup_printf("%s, which the next pass makes if a key to sign with can be used (A120)", signature);
    e->moves =
        g_strdup("`ecosgate run`; `ecosgate doctor` says whether the key can be used and its certificate is valid, and "
                 "what to do if not");
}

/* Of a file that is not delivered, and whose folder may have become another party's. */
static bool explain_undelivered(struct gateway *gateway, const struct ledger_outgoing *file, struct explanation *e,
                                GError **error)
{
    g_autofree char *outage = NULL, *signature = NULL;
    struct report_address address;

    if (!report_address_find(gateway, file, &address, error))
        return false;
    g_free(address.folder);
    if (address.waits)
        return explain_waiting(gateway, file, e, error);
    if (!find_unsigned(gateway, file, &signature, error) || !explain_outage(gateway, file->drop, &outage, error))
        return false;
    if (signature != NULL && file->state == LEDGER_STORED) {
        explain_signature(file, signature, e);
        return true;
    }
    e->because = g_strdup_printf("%s is %s and not yet delivered to the drop %s%s%s", file->name,
                                 ledger_outgoing_state_name(file->state), file->drop, outage != NULL ? "; " : "",
                                 outage != NULL ? outage : "");
    e->waits_for = file->state == LEDGER_PLANNED ? g_strdup("the next pass, which builds it")
                                                 : g_strdup_printf("the drop %s", file->drop);
    e->moves = g_strdup_printf("`ecosgate run`, which delivers it; `ecosgate doctor %s` tests the drop", file->drop);
    return true;
}

bool explain_outgoing(struct gateway *gateway, const struct ledger_outgoing *file, struct explanation *explanation,
                      GError **error)
{
    char at[INSTANT_TEXT_SIZE];

    *explanation = (struct explanation){0};
    if (file->state == LEDGER_DELIVERED) {
        instant_print(file->delivered_at, at);
        explanation->because =
            file->concluded
                ? g_strdup_printf("it counts as delivered to the drop %s since %s, and nobody saw it there: "
                                  "a rename was sent and not answered, and the temporary file was gone "
                                  "afterwards",
                                  file->drop, at)
                : g_strdup_printf("it was delivered to the drop %s at %s", file->drop, at);
        if (file->concluded)
            explanation->moves = g_strdup("nothing more; if its recipient does not have it, `ecosgate redeliver` "
                                          "delivers it once more");
        return true;
    }
    if (file->state == LEDGER_GIVEN_UP) {
        explanation->because = g_strdup("PTY no longer names its recipient, and an operator has decided that nobody "
                                        "gets it (A118)");
        explanation->moves = g_strdup("nothing more; if PTY names its recipient again, `ecosgate redeliver` "
                                      "delivers it");
        return true;
    }
    return explain_undelivered(gateway, file, explanation, error);
}

/* ---- jobs ---- */

/* In active/: the first of its files that is not delivered says why. */
static bool explain_active(struct gateway *gateway, int64_t job, struct explanation *e, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;

    if (!ledger_outgoing_files_of(gateway->ledger, job, &files, error))
        return false;
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        if (file->state < LEDGER_DELIVERED)
            return explain_outgoing(gateway, file, e, error);
    }
    e->because =
        g_strdup("it is being judged, or all its files are delivered and it is about to move to its last folder");
    e->moves = g_strdup("`ecosgate run`");
    return true;
}

static void explain_verdict(const struct ledger_job *job, const struct ledger_verdict *verdict, struct explanation *e)
{
    enum code code;
    const char *name =
        verdict->code != NULL && catalogue_find(verdict->code, &code) ? catalogue_entry(code)->name : NULL;

    e->because =
        g_strdup_printf("its verdict is %s%s%s%s%s; Devices or records accepted: %" PRId64 ", rejected: %" PRId64
                        ", deferred: %" PRId64,
                        verdict->outcome, verdict->code ? ", " : "", verdict->code ? verdict->code : "",
                        name ? " " : "", name ? name : "", verdict->accepted, verdict->rejected, verdict->deferred);
    if (strcmp(verdict->outcome, "RJ") == 0) {
        /* A header field has no room for a longer name. */
        e->moves =
            g_strdup_printf("its sender: corrected content under a new number, whose ResubmissionOf is %s",
                            g_utf8_strlen(job->name, -1) <= FILENAME_MAX_BYTES ? job->name : "the name of its EMA");
    } else if (verdict->items > 0 && verdict->ended < verdict->accepted) {
        e->waits_for = g_strdup_printf("%" PRId64 " of its Devices to end; then its outcome (EMO) is written",
                                       verdict->accepted - verdict->ended);
        e->moves = g_strdup("`ecosgate run` with the results and confirmations that come; `ecosgate why` of such a "
                            "Device says more");
    }
}

static bool keep_text(void *user, const struct ledger_finding *finding, GError **error)
{
    char **text = user;

    (void)error; /* cannot fail */
    if (*text == NULL && (strcmp(finding->code, "B115") == 0 || strcmp(finding->code, "B209") == 0))
        *text = g_strdup(finding->text);
    return true;
}

/* The explanation of a file in a format that was not valid: the finding has the dates. */
static bool explain_untimely(struct gateway *gateway, const struct ledger_verdict *verdict, struct explanation *e,
                             GError **error)
{
    g_autofree char *text = NULL;

    if (!ledger_findings_each(gateway->ledger, verdict, keep_text, &text, error))
        return false;
    g_free(e->because);
    g_free(e->moves);
    e->because = g_strdup_printf("its verdict is RJ, B115: %s", text != NULL ? text : "its format was not valid");
    e->moves = g_strdup_printf("its sender; or, while that format is valid, `ecosgate spool requeue %08" PRId64
                               "`, which also reads it with the profiles that are valid then",
                               verdict->job);
    return true;
}

/* The explanation of a file whose signature was not good: its content was not read. */
static bool explain_unsigned(struct gateway *gateway, const struct ledger_verdict *verdict, struct explanation *e,
                             GError **error)
{
    g_autofree char *text = NULL;

    if (!ledger_findings_each(gateway->ledger, verdict, keep_text, &text, error))
        return false;
    g_free(e->because);
    g_free(e->moves);
    e->because = g_strdup_printf("its verdict is RJ, B209: %s", text != NULL ? text : "its signature is not good");
    e->moves = g_strdup_printf("its sender, with a good signature and the same name, for the number is not used up; "
                               "or, if the gateway's trust anchors or revocation list were the cause, `ecosgate spool "
                               "requeue %08" PRId64 "` once they are right",
                               verdict->job);
    return true;
}

/* Fills the explanation if the incident is an A105 that holds all work. */
static bool explain_held(void *user, const struct ledger_incident *incident, GError **error)
{
    struct explanation *e = user;
    char id[INCIDENT_ID_SIZE];

    (void)error; /* cannot fail */
    if (e->because != NULL ||
        !(g_str_has_prefix(incident->subject, "since ") || g_str_has_prefix(incident->subject, "jump ")))
        return true;
    e->because = g_strdup_printf("it is in custody and not judged yet; A105: %s", incident->text);
    e->waits_for = g_strdup("a clock that is believed");
    e->moves = g_strdup_printf("the clock when it is corrected or, if it is right, `ecosgate incident close %s`",
                               incident_id(incident->id, id));
    return true;
}

void explain_decision(int64_t job, struct explanation *e)
{
    g_free(e->waits_for);
    g_free(e->moves);
    e->waits_for = g_strdup_printf("an operator's decision about job %08" PRId64, job);
    e->moves = g_strdup_printf("`ecosgate spool release %08" PRId64 "`, or `ecosgate spool reject %08" PRId64
                               "`, which `ecosgate incident close` of its A117 does, too",
                               job, job);
}

/* Fills the explanation of reference data that wait for the decision about an earlier file. */
static bool explain_behind(struct gateway *gateway, const struct ledger_job *job, struct explanation *e, GError **error)
{
    struct inventory_ahead ahead;

    if (!inventory_find_ahead(gateway, job->id, &ahead, error))
        return false;
    if (ahead.job == 0)
        return true;
    e->because = g_strdup_printf("it is in custody and not judged yet; %sjob %08" PRId64
                                 " has a lower number of the same sender and type, and %s",
                                 ahead.lost ? "" : "A117: ", ahead.job,
                                 ahead.lost ? "a lost ledger had accepted that number" : "would remove too much");
    explain_decision(ahead.job, e);
    if (ahead.lost) {
        g_free(e->moves);
        e->moves = g_strdup_printf("`ecosgate spool release %08" PRId64 "`, or `ecosgate spool reject %08" PRId64 "`",
                                   ahead.job, ahead.job);
    }
    return true;
}

/* Fills the explanation of an instruction if it waits: for an inventory (A104), or for a decision about reference data
 * (A117). */
static bool explain_instruction(struct gateway *gateway, struct explanation *e, GError **error)
{
    g_autofree char *inventory = NULL;
    int64_t undecided = 0;

    if (!inventory_find_problem(gateway, &inventory, error) || !inventory_find_undecided(gateway, &undecided, error))
        return false;
    if (inventory != NULL) {
        e->because = g_strdup_printf("it is in custody and not judged yet; A104: %s", inventory);
        e->waits_for = g_strdup("an INV that is accepted");
        e->moves = g_strdup("an INV: DCC sends one; the settings inventory and inventory_max_age say when instructions "
                            "wait for it");
    } else if (undecided != 0) {
        e->because = g_strdup_printf("it is in custody and not judged yet; A117: job %08" PRId64
                                     " would remove too much of the reference data, and instructions wait until an "
                                     "operator has decided about it",
                                     undecided);
        explain_decision(undecided, e);
    }
    return true;
}

/* Fills the explanation of a file that an operator has rejected. */
static bool explain_rejected(struct gateway *gateway, const struct ledger_job *job, struct explanation *e,
                             GError **error)
{
    g_autofree char *reason = NULL;

    if (!ledger_action_rejection(gateway->ledger, job->id, &reason, error))
        return false;
    if (reason == NULL)
        return true;
    e->because = g_strdup_printf("an operator has rejected it: %s", reason);
    e->waits_for = g_strdup("the next pass, which gives it the verdict RJ with B114 and tells its sender");
    e->moves = g_strdup("`ecosgate run`");
    return true;
}

/* Fills the explanation of a file whose sender's profiles cannot be used. */
static void explain_stopped_sender(const struct party *party, struct explanation *e)
{
    e->because = g_strdup_printf("it is in custody and not judged yet; A119: the profiles of %s cannot be used: %s",
                                 party->org, party->stopped);
    e->waits_for = g_strdup("profiles without a fault");
    e->moves = g_strdup("whoever mends them, and then reloads the gateway (SIGHUP) or starts it anew");
}

/* In incoming/ or ready/. An instruction may wait for reference data (A104, A117), any other file only for its turn.
 * That an instruction waits for reference data on their way (queue.h) is known to the running gateway alone. */
static bool explain_ready(struct gateway *gateway, const struct ledger_job *job, struct explanation *e, GError **error)
{
    const struct party *stopped = profiles_stopped_sender(gateway, job);
    bool waits;

    if (!ledger_incidents_with_code(gateway->ledger, "A105", explain_held, e, error))
        return false;
    if (e->because == NULL && stopped != NULL)
        explain_stopped_sender(stopped, e);
    if (e->because != NULL)
        return true;
    if (!explain_rejected(gateway, job, e, error) || (e->because == NULL && !explain_behind(gateway, job, e, error)))
        return false;
    if (e->because != NULL)
        return true;
    if (!inventory_waits(gateway, job->id, &waits, error) || (waits && !explain_instruction(gateway, e, error)))
        return false;
    if (e->because != NULL)
        return true;
    e->because = g_strdup("it is in custody and not judged yet");
    e->waits_for = g_strdup("its turn: files are judged in the order in which they were picked up; reference data come "
                            "first, then results and confirmations, then instructions");
    e->moves = g_strdup("`ecosgate run`; `ecosgate status` says whether it runs, and lists incidents that keep files "
                        "back");
    return true;
}

/* In held/ by an operator who has rejected it before. */
static void explain_kept_back(const struct ledger_job *job, const char *rejection, struct explanation *e)
{
    e->because = g_strdup_printf("%s; it is rejected, too: %s",
                                 job->reason != NULL ? job->reason : "an operator asked for it", rejection);
    e->waits_for = g_strdup("an operator");
    e->moves = g_strdup("`ecosgate spool release`, after which the next pass rejects it (B114); or `ecosgate spool "
                        "requeue` to have it judged by its content");
}

/* In held/ or corrupt/. */
static void explain_stopped(const struct ledger_job *job, enum job_state state, struct explanation *e)
{
    e->because = g_strdup(job->reason != NULL ? job->reason : "an operator asked for it");
    e->waits_for = g_strdup("an operator");
    e->moves =
        state == JOB_HELD
            ? g_strdup("`ecosgate spool release`, or `ecosgate spool requeue` to have it judged again; `ecosgate "
                       "spool reject` rejects it, and its sender is told")
            : g_strdup("the very same file from its sender again, if its bytes are damaged; or `ecosgate spool "
                       "requeue` when the cause is mended; `ecosgate spool verify` checks its bytes");
}

bool explain_job(struct gateway *gateway, const struct ledger_job *job, enum job_state state,
                 struct explanation *explanation, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;
    g_autofree char *rejection = NULL;

    *explanation = (struct explanation){0};
    if (!ledger_verdict_get(gateway->ledger, job->id, job->revision, &verdict, error) ||
        !ledger_action_rejection(gateway->ledger, job->id, &rejection, error))
        return false;
    switch (state) {
    case JOB_HELD:
    case JOB_CORRUPT:
        if (state == JOB_HELD && rejection != NULL)
            explain_kept_back(job, rejection, explanation);
        else
            explain_stopped(job, state, explanation);
        return true;
    case JOB_ACTIVE:
        return explain_active(gateway, job->id, explanation, error);
    case JOB_DONE:
    case JOB_REJECTED:
        if (verdict != NULL)
            explain_verdict(job, verdict, explanation);
        if (verdict != NULL && g_strcmp0(verdict->code, "B115") == 0)
            return explain_untimely(gateway, verdict, explanation, error);
        if (verdict != NULL && g_strcmp0(verdict->code, "B209") == 0)
            return explain_unsigned(gateway, verdict, explanation, error);
        if (verdict != NULL)
            return true;
        if (job->healed != 0)
            explanation->because = g_strdup_printf("it has the bytes of job %08" PRId64
                                                   ", whose payload was damaged (A111); they were put there, and that "
                                                   "job is judged in its place",
                                                   job->healed);
        else if (job->reason != NULL) /* the ledger that knew it is lost */
            explanation->because = g_strdup(job->reason);
        else
            explanation->because = g_strdup("it was written by the gateway and all its files are delivered");
        return true;
    default:
        return explain_ready(gateway, job, explanation, error);
    }
}
