/*
 * The command `spool show`: one job with its verdicts, findings, outgoing files, operators' orders and the files in its
 * folder.
 */
#include "gateway/archived.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/profiles.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_signatures.h"
#include "spool/ledger/ledger_verdicts.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FINDINGS = 20 /* shown to people; --json prints all */ };

/* The members that the ledger's row of the job has; lists follow in fill. */
static json_t *job_object(const struct ledger_job *job)
{
    json_t *object = json_object();
    bool in = job->direction == LEDGER_IN;

    output_set(object, "id", command_json_job(job->id));
    output_set_text(object, "name", job->name);
    output_set_text(object, "direction", in ? "in" : "out");
    output_set_text(object, "type", job->type);
    output_set_text(object, "form", job->form);
    output_set(object, "state", NULL); /* its place among the members; add_files knows the value */
    output_set_text(object, "reason", job->reason);
    output_set_text(object, "org", job->org);
    output_set_text(object, "sender", job->sender);
    output_set_optional(object, "sequence", job->sequence, 0);
    output_set_text(object, "drop", job->drop);
    output_set(object, "received", command_json_instant(job->received));
    output_set_optional(object, "size", in ? job->size : -1, -1);
    output_set_text(object, "sha256", job->sha256);
    output_set_number(object, "receipt", job->revision);
    output_set(object, "healed", job->healed != 0 ? command_json_job(job->healed) : NULL);
    output_set(object, "in_drop_still", json_boolean(job->source.set));
    return object;
}

static bool add_finding(void *user, const struct ledger_finding *finding, GError **error)
{
    json_t *row = json_object();

    (void)error; /* nothing here can fail */
    output_set_text(row, "code", finding->code);
    output_set_text(row, "scope", finding->scope);
    output_set_text(row, "severity", finding->severity);
    output_set_optional(row, "line", finding->line, 0);
    output_set_optional(row, "column", finding->column, 0);
    output_set_optional(row, "record", finding->record, 0);
    output_set_text(row, "field", finding->field);
    output_set_text(row, "value", finding->value);
    output_set_text(row, "text", finding->text);
    (void)json_array_append_new(user, row); /* fails only without memory, which ends the program */
    return true;
}

static bool add_count(void *user, const char *name, int64_t n, GError **error)
{
    (void)error; /* nothing here can fail */
    output_set_number(user, name, n);
    return true;
}

static json_t *verdict_object(const struct ledger_verdict *verdict)
{
    json_t *object = json_object();

    output_set_number(object, "receipt", verdict->revision);
    output_set_text(object, "outcome", verdict->outcome);
    output_set(object, "judged_at", command_json_instant(verdict->judged_at));
    output_set_text(object, "batch", verdict->batch);
    output_set_optional(object, "declared", verdict->declared, -1);
    output_set_number(object, "records", verdict->parsed);
    output_set_number(object, "accepted", verdict->accepted);
    output_set_number(object, "rejected", verdict->rejected);
    output_set_number(object, "deferred", verdict->deferred);
    output_set_number(object, "dispatched", verdict->dispatched);
    output_set_text(object, "code", verdict->code);
    output_set_optional(object, "line", verdict->line, 0);
    output_set_optional(object, "column", verdict->column, 0);
    output_set(object, "truncated", json_boolean(verdict->truncated));
    return object;
}

/* The profile of that digest, if it is not the built-in one. */
static bool set_profile(struct gateway *gateway, json_t *object, const char *digest, GError **error)
{
    g_autofree char *title = NULL;

    if (!profiles_title(gateway, digest, &title, error))
        return false;
    output_set_text(object, "profile", title);
    return true;
}

/* What was found of the file's signature, if that was looked at. */
static bool set_signature(struct ledger *ledger, json_t *object, const struct ledger_verdict *verdict, GError **error)
{
    g_autofree struct ledger_signature_check *check = NULL;

    if (!ledger_signature_check_get(ledger, verdict->job, verdict->revision, &check, error))
        return false;
    output_set_text(object, "signature", check == NULL ? NULL : check->fault != NULL ? "refused" : "good");
    output_set(object, "signature_at", check != NULL ? command_json_instant(check->checked_at) : NULL);
    output_set_text(object, "signer", check != NULL ? check->signer : NULL);
    output_set_text(object, "signer_serial", check != NULL ? check->serial : NULL);
    output_set_text(object, "signer_chain", check != NULL ? check->chain : NULL);
    return true;
}

/* All verdicts, one for each revision that was judged. */
static bool add_verdicts(struct gateway *gateway, const struct ledger_job *job, json_t *verdicts, GError **error)
{
    for (int64_t revision = 1; revision <= job->revision; revision++) {
        g_autofree struct ledger_verdict *verdict = NULL;
        if (!ledger_verdict_get(gateway->ledger, job->id, revision, &verdict, error))
            return false;
        if (verdict == NULL)
            continue;
        json_t *object = verdict_object(verdict), *counts = json_object(), *findings = json_array();
        bool good = set_profile(gateway, object, verdict->profile, error) &&
                    set_signature(gateway->ledger, object, verdict, error);
        output_set(object, "counts", counts);
        output_set(object, "findings", findings);
        (void)json_array_append_new(verdicts, object); /* fails only without memory, which ends the program */
        if (!good || !ledger_finding_counts_each(gateway->ledger, verdict, add_count, counts, error) ||
            !ledger_findings_each(gateway->ledger, verdict, add_finding, findings, error))
            return false;
    }
    return true;
}

/* The files that this job makes for drops: answers, work orders, reports. */
static bool add_outgoing(struct gateway *gateway, int64_t id, json_t *rows, GError **error)
{
    g_autoptr(GPtrArray) files = NULL;

    if (!ledger_outgoing_files_of(gateway->ledger, id, &files, error))
        return false;
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        json_t *row = json_object();
        output_set_text(row, "kind", file->kind);
        output_set_text(row, "name", file->name);
        output_set_text(row, "state", ledger_outgoing_state_name(file->state));
        output_set_text(row, "drop", file->drop);
        output_set_text(row, "recipient", file->recipient);
        output_set_number(row, "receipt", file->revision);
        output_set_optional(row, "rows", file->rows, -1);
        output_set_optional(row, "size", file->size, -1);
        output_set_text(row, "sha256", file->sha256);
        output_set(row, "created", command_json_instant(file->created));
        output_set(row, "delivered_at", command_json_instant(file->delivered_at));
        output_set(row, "concluded", json_boolean(file->concluded));
        (void)json_array_append_new(rows, row); /* fails only without memory, which ends the program */
        if (!set_profile(gateway, row, file->profile, error))
            return false;
    }
    return true;
}

/* Orders that operators gave for this job, with their results. */
static bool add_actions(struct ledger *ledger, int64_t id, json_t *rows, GError **error)
{
    g_autoptr(GPtrArray) actions = NULL;

    if (!ledger_actions_of(ledger, id, &actions, error))
        return false;
    for (guint i = 0; i < actions->len; i++) {
        const struct ledger_action *action = actions->pdata[i];
        json_t *row = json_object();
        output_set(row, "at", command_json_instant(action->at));
        output_set_text(row, "verb", action->verb);
        output_set_text(row, "who", action->who);
        output_set_text(row, "reason", action->reason);
        output_set_text(row, "result", action->result);
        (void)json_array_append_new(rows, row); /* fails only without memory, which ends the program */
    }
    return true;
}

/* The size of the form that counts: the plain one, if it stands there. A file may change its form between two looks.
 * -1: its job has just moved. */
static json_int_t look_at(const struct spool *spool, enum job_state state, int64_t id, const char *plain, bool *packed)
{
    g_autofree char *path = job_path(spool, state, id, plain);
    g_autofree char *other = g_strconcat(path, PACKED_SUFFIX, NULL);
    struct stat st;

    for (int look = 0; look < 3; look++) {
        *packed = look == 1;
        if (lstat(*packed ? other : path, &st) == 0)
            return (json_int_t)st.st_size;
    }
    return -1;
}

/* The job's state, and the files that were in its folder at that moment. */
static bool add_files(const struct gateway *gateway, int64_t id, json_t *job, json_t *files, GError **error)
{
    const struct spool *spool = gateway->spool;
    enum job_state state;
    GError *cause = NULL;
    g_auto(GStrv) names = read_access_files(spool, id, &state, &cause);

    if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
        command_note("%s; 'ecosgate spool verify' says more", cause->message);
        g_error_free(cause);
        return true; /* the job is in two folders; all else about it is still shown */
    }
    if (cause != NULL) {
        g_propagate_error(error, cause);
        return false;
    }
    output_set_text(job, "state", job_state_name(state));
    g_autofree char *archived = NULL;
    if (!archived_text(gateway, id, &archived, error))
        return false;
    output_set_text(job, "archived", archived);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *plain = packed_plain_name(*name);
        json_t *row = json_object();
        bool packed = false;
        output_set_text(row, "name", plain);
        output_set_optional(row, "size", look_at(spool, state, id, plain, &packed), -1);
        output_set(row, "packed", json_boolean(packed));
        (void)json_array_append_new(files, row); /* fails only without memory, which ends the program */
    }
    return true;
}

static bool fill(struct gateway *gateway, const struct ledger_job *job, json_t *object, GError **error)
{
    json_t *verdicts = json_array(), *outgoing = json_array(), *actions = json_array(), *files = json_array();

    output_set(object, "verdicts", verdicts);
    output_set(object, "parts", outgoing);
    output_set(object, "actions", actions);
    output_set(object, "files", files);
    return add_verdicts(gateway, job, verdicts, error) && add_outgoing(gateway, job->id, outgoing, error) &&
           add_actions(gateway->ledger, job->id, actions, error) && add_files(gateway, job->id, object, files, error);
}

static void print_text(const json_t *object)
{
    static const char *const findings[] = {"code", "scope", "line", "column", "record", "field", "value", "text", NULL};
    static const char *const outgoing[] = {"kind", "state", "concluded", "drop", "delivered_at", "size", "name", NULL};
    static const char *const actions[] = {"at", "who", "verb", "reason", "result", NULL};
    static const char *const files[] = {"size", "packed", "name", NULL};
    const json_t *verdict;
    size_t i;

    output_print(object);
    json_array_foreach(json_object_get(object, "verdicts"), i, verdict)
    {
        puts("\nverdict");
        output_print(verdict);
        output_table(json_object_get(verdict, "findings"), findings, MOST_FINDINGS, "  ");
    }
    output_section("\nfiles for the drops", json_object_get(object, "parts"), outgoing);
    output_section("\noperators' orders", json_object_get(object, "actions"), actions);
    output_section("\nfiles in its directory", json_object_get(object, "files"), files);
}

static int show(struct read_access *access, const struct invocation *invocation, int64_t id)
{
    /* A folder without a row is a file that is being picked up just now: only its files are known. */
    const struct ledger_job rowless = {.id = id, .direction = LEDGER_IN, .size = -1};
    g_autofree struct ledger_job *job = NULL;
    enum job_state state = JOB_NOWHERE;
    GError *error = NULL;

    if (!ledger_job_get(access->gateway.ledger, id, &job, &error))
        return command_unable(error);
    if (job == NULL && (!job_find(access->gateway.spool, id, &state, NULL) || state == JOB_NOWHERE))
        return command_no_job(id);
    json_t *object = job_object(job ? job : &rowless);
    if (!fill(&access->gateway, job ? job : &rowless, object, &error)) {
        json_decref(object);
        return command_unable(error);
    }
    if (invocation->json) {
        command_print_json(object);
        return EXIT_GOOD;
    }
    print_text(object);
    json_decref(object);
    return EXIT_GOOD;
}

int command_spool_show(struct invocation *invocation)
{
    struct read_access access;
    int64_t id;

    if (!command_arguments(invocation, NULL, 1, 1) || !command_parse_job(invocation->argv[0], &id) ||
        !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = show(&access, invocation, id);
    read_access_close(&access);
    return status;
}
