/*
 * The command `why`: why a file, a work item or a Device is where it is, what it waits for, what would move it.
 */
#include "gateway/commands/command.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/answers/cells.h"
#include "gateway/commands/explain.h"
#include "gateway/commands/output.h"
#include "gateway/answers/incidents.h"
#include "gateway/commands/read_access.h"
#include "gateway/pipeline/reference.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "validators/catalogue.h"

#include <inttypes.h>
#include <string.h>

static int print_why(const struct invocation *invocation, json_t *fact)
{
    if (invocation->json) {
        command_print_json(fact);
        return EXIT_GOOD;
    }
    output_print(fact);
    json_decref(fact);
    return EXIT_GOOD;
}

static json_t *why(const char *kind, const char *id, const char *state)
{
    json_t *fact = json_object();

    output_set_text(fact, "kind", kind);
    output_set_text(fact, "id", id);
    output_set_text(fact, "state", state);
    return fact;
}

static void explain(json_t *fact, const struct explanation *e)
{
    output_set_text(fact, "because", e->because);
    output_set_text(fact, "waits_for", e->waits_for);
    output_set_text(fact, "moved_by", e->moves);
    output_set(fact, "next_at", command_json_instant(e->at));
}

/* ---- incidents ---- */

static bool add_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    GString *ids = user;
    char id[INCIDENT_ID_SIZE];

    (void)error; /* nothing can go wrong */
    g_string_append_printf(ids, "%s%s (%s)", ids->len ? ", " : "", incident_id(incident->id, id), incident->code);
    return true;
}

/* "INC-000001 (C103), …": those of the Device that last. */
static bool name_incidents(struct gateway *gateway, uint64_t device, json_t *fact, GError **error)
{
    g_autoptr(GString) ids = g_string_new(NULL);

    if (!ledger_incidents_of_device(gateway->ledger, device, add_incident, ids, error))
        return false;
    output_set_text(fact, "incidents_open", ids->len > 0 ? ids->str : NULL);
    return true;
}

/* ---- work items and Devices ---- */

/* The live work item of a Device, else its newest. */
struct choice {
    int64_t item;
    bool live;
};

static bool choose(void *user, const struct ledger_work *work, GError **error)
{
    struct choice *choice = user;

    (void)error; /* nothing can go wrong */
    if (!choice->live)
        *choice = (struct choice){work->item.item, explain_is_live(work)};
    return true;
}

/* Nothing where there is no such work. */
static bool why_work(struct gateway *gateway, const struct ledger_work *work, const char *kind, const char *id,
                     json_t **fact, GError **error)
{
    struct explanation e;
    char work_item[WORK_ITEM_ID_SIZE];

    if (work == NULL)
        return true;
    if (!explain_work(gateway, work, &e, error))
        return false;
    *fact = why(kind, id, ledger_state_name(explain_state(work)));
    output_set_text(*fact, "work_item", work_item_id(work->org, work->batch, work->item.record, work_item));
    output_set_text(*fact, "file", work->name);
    explain(*fact, &e);
    explanation_clear(&e);
    return !work->item.has_device || name_incidents(gateway, work->item.device, *fact, error);
}

static bool why_device(struct gateway *gateway, uint64_t device, json_t **fact, GError **error)
{
    g_autofree struct ledger_work *work = NULL;
    struct choice choice = {0};
    char id[EUI64_TEXT_SIZE];

    eui64_print(device, id);
    return ledger_work_of_device_each(gateway->ledger, device, choose, &choice, error) &&
           ledger_work_get(gateway->ledger, choice.item, &work, error) &&
           why_work(gateway, work, "device", id, fact, error);
}

static bool why_work_item(struct gateway *gateway, const char *id, json_t **fact, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(id, ".", -1);
    g_autofree struct ledger_work *named = NULL;
    g_autofree struct ledger_work *work = NULL;
    gint64 record;

    if (g_strv_length(parts) != 3 || !g_ascii_string_to_signed(parts[2], 10, 1, G_MAXINT32, &record, NULL))
        return true;
    return ledger_work_by_id(gateway->ledger, &(struct ledger_work_item_id){parts[0], parts[1], record}, &named,
                             error) &&
           (named == NULL || ledger_work_get(gateway->ledger, named->item.item, &work, error)) &&
           why_work(gateway, work, "work item", id, fact, error);
}

/* ---- files ---- */

/* "; that drop is down …"; NULL in *text: it is not. */
static bool outage_of(struct gateway *gateway, const char *drop, char **text, GError **error)
{
    g_autofree struct ledger_incident *newest = NULL;

    if (!ledger_incident_newest(gateway->ledger, "A103", drop, &newest, error))
        return false;
    *text =
        newest != NULL && newest->closed == 0 ? g_strdup_printf("; that drop is down (A103): %s", newest->text) : NULL;
    return true;
}

static bool explain_part(struct gateway *gateway, const struct ledger_outgoing *part, struct explanation *e,
                         GError **error)
{
    g_autofree char *outage = NULL;
    char at[INSTANT_TEXT_SIZE];

    if (part->state == LEDGER_DELIVERED) {
        instant_print(part->delivered_at, at);
        e->because = g_strdup_printf("it was delivered to the drop %s at %s", part->drop, at);
        return true;
    }
    if (!outage_of(gateway, part->drop, &outage, error))
        return false;
    e->because = g_strdup_printf("%s is %s and not yet delivered to the drop %s%s", part->name,
                                 ledger_outgoing_state_name(part->state), part->drop, outage ? outage : "");
    e->waits_for = part->state == LEDGER_PLANNED ? g_strdup("the next pass, which builds it")
                                                 : g_strdup_printf("the drop %s", part->drop);
    e->moves = g_strdup("`ecosgate run`; `ecosgate doctor` probes the drop");
    return true;
}

/* What the file's job still owes. */
static bool explain_owed(struct gateway *gateway, int64_t job, struct explanation *e, GError **error)
{
    g_autoptr(GPtrArray) parts = NULL;

    if (!ledger_outgoing_files_of(gateway->ledger, job, &parts, error))
        return false;
    for (guint i = 0; i < parts->len; i++) {
        const struct ledger_outgoing *part = parts->pdata[i];
        if (part->state != LEDGER_DELIVERED)
            return explain_part(gateway, part, e, error);
    }
    e->because = g_strdup("it is being judged, or its end is being noted");
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
        e->moves = g_strdup_printf("corrected content under a new number, whose ResubmissionOf is %s", job->name);
    } else if (verdict->items > 0 && verdict->ended < verdict->accepted) {
        e->waits_for = g_strdup_printf("%" PRId64 " of its Devices to end; then its outcome (EMO) is written",
                                       verdict->accepted - verdict->ended);
        e->moves = g_strdup("`ecosgate why` of such a Device says what");
    }
}

/* Of an instruction that waits for an inventory; else it leaves all empty. */
static bool explain_wait(struct gateway *gateway, const struct ledger_job *job, struct explanation *e, GError **error)
{
    g_autofree char *fault = NULL;
    bool waits;

    if (!reference_find_problem(gateway, &fault, error) || !reference_waits(gateway, job->id, &waits, error))
        return false;
    if (fault == NULL || !waits)
        return true;
    e->because = g_strdup_printf("it is in custody and not judged yet; A104: %s", fault);
    e->waits_for = g_strdup("an INV that is accepted");
    e->moves = g_strdup("DCC sends one; the settings inventory and inventory_max_age say when instructions wait");
    return true;
}

static bool explain_file(struct gateway *gateway, const struct ledger_job *job, enum job_state state,
                         struct explanation *e, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;

    if (!ledger_verdict_get(gateway->ledger, job->id, job->revision, &verdict, error))
        return false;
    switch (state) {
    case JOB_HELD:
    case JOB_CORRUPT:
        e->because = g_strdup(job->reason != NULL ? job->reason : "an operator asked for it");
        e->waits_for = g_strdup("an operator");
        e->moves = g_strdup(state == JOB_HELD ? "`ecosgate spool release` (or `requeue`)" : "`ecosgate spool requeue`");
        return true;
    case JOB_ACTIVE:
        return explain_owed(gateway, job->id, e, error);
    case JOB_DONE:
    case JOB_REJECTED:
        if (verdict != NULL)
            explain_verdict(job, verdict, e);
        else
            e->because = g_strdup("it was written by the gateway and all its files are delivered");
        return true;
    default:
        if (!explain_wait(gateway, job, e, error))
            return false;
        if (e->because != NULL)
            return true;
        e->because = g_strdup("it is in custody and not judged yet");
        e->waits_for = g_strdup("its turn: files are judged in the order in which they came");
        e->moves =
            g_strdup("`ecosgate run`; `ecosgate status` shows whether it runs, and incidents that hold files back");
        return true;
    }
}

/* A name as the gateway shows it, or with the bytes that it has in the drop. */
static bool named(struct gateway *gateway, const char *text, struct ledger_job **job, GError **error)
{
    g_autofree char *escaped = text_escape(text, strlen(text), 0);

    return ledger_job_named(gateway->ledger, text, job, error) &&
           (*job != NULL || ledger_job_named(gateway->ledger, escaped, job, error));
}

static bool why_file(struct gateway *gateway, const char *text, json_t **fact, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    struct explanation e = {0};
    enum job_state state;
    char number[JOB_ID_SIZE];
    int64_t id;

    if (!(job_id_parse(text, &id) ? ledger_job_get(gateway->ledger, id, &job, error)
                                  : named(gateway, text, &job, error)))
        return false;
    if (job == NULL)
        return true;
    if (!job_find(gateway->spool, job->id, &state, error) || !explain_file(gateway, job, state, &e, error))
        return false;
    job_id_print(job->id, number);
    *fact = why("file", number, job_state_name(state));
    output_set(*fact, "work_item", NULL);
    output_set_text(*fact, "file", job->name);
    explain(*fact, &e);
    explanation_clear(&e);
    return true;
}

/* A file that the gateway writes. Its job may bear the same name, or that of the file which it answers. */
static bool why_part(struct gateway *gateway, const char *name, json_t **fact, GError **error)
{
    g_autofree struct ledger_outgoing *part = NULL;
    struct explanation e = {0};
    char number[JOB_ID_SIZE];

    if (!ledger_outgoing_named(gateway->ledger, name, &part, error))
        return false;
    if (part == NULL)
        return true;
    if (!explain_part(gateway, part, &e, error))
        return false;
    job_id_print(part->job, number);
    *fact = why("part", number, ledger_outgoing_state_name(part->state));
    output_set(*fact, "work_item", NULL);
    output_set_text(*fact, "file", part->name);
    explain(*fact, &e);
    explanation_clear(&e);
    return true;
}

static bool find(struct gateway *gateway, const char *text, json_t **fact, GError **error)
{
    uint64_t device;

    if (eui64_parse(text, strlen(text), &device))
        return why_device(gateway, device, fact, error);
    return why_work_item(gateway, text, fact, error) && (*fact != NULL || why_part(gateway, text, fact, error)) &&
           (*fact != NULL || why_file(gateway, text, fact, error));
}

int command_why(const struct invocation *invocation)
{
    struct invocation rest = *invocation;
    struct read_access access;
    GError *error = NULL;
    json_t *fact = NULL;

    if (!command_arguments(&rest, "why ID", 1, 1) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    bool good = find(&access.gateway, rest.argv[0], &fact, &error);
    read_access_close(&access);
    if (!good)
        return command_unable(error);
    if (fact != NULL)
        return print_why(invocation, fact);
    g_autofree char *shown = command_shown(rest.argv[0]);
    g_printerr("ecosgate: '%s' is no job, file name, WorkItemId or Device ID that the gateway knows\n", shown);
    return EXIT_REFUSED;
}
