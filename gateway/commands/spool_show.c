#include "gateway/commands/spool.h"

#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"

#include <stdio.h>
#include <sys/stat.h>

enum { MOST_FINDINGS = 20, MOST_ROWS = 1000 };

static json_t *job_output(const struct ledger_job *job)
{
    json_t *fact = json_object();
    bool in = job->direction == LEDGER_IN;

    output_set(fact, "id", spool_json_id(job->id));
    output_set_text(fact, "name", job->name);
    output_set_text(fact, "direction", in ? "in" : "out");
    output_set_text(fact, "type", job->type);
    output_set_text(fact, "form", job->form);
    output_set(fact, "state", NULL); /* keeps its place; known last */
    output_set_text(fact, "reason", job->reason);
    output_set_text(fact, "org", job->org);
    output_set_text(fact, "sender", job->sender);
    output_set_optional(fact, "sequence", job->sequence, 0);
    output_set_text(fact, "drop", job->drop);
    output_set(fact, "received", command_json_instant(job->received));
    output_set_optional(fact, "size", in ? job->size : -1, -1);
    output_set_text(fact, "sha256", job->sha256);
    output_set_number(fact, "receipt", job->revision);
    output_set(fact, "in_drop_still", json_boolean(job->source.set));
    return fact;
}

static bool add_finding(void *user, const struct ledger_finding *finding, GError **error)
{
    json_t *fact = json_object();

    (void)error; /* nothing can go wrong */
    output_set_text(fact, "code", finding->code);
    output_set_text(fact, "scope", finding->scope);
    output_set_text(fact, "severity", finding->severity);
    output_set_optional(fact, "line", finding->line, 0);
    output_set_optional(fact, "column", finding->column, 0);
    output_set_optional(fact, "record", finding->record, 0);
    output_set_text(fact, "field", finding->field);
    output_set_text(fact, "value", finding->value);
    output_set_text(fact, "text", finding->text);
    (void)json_array_append_new(user, fact); /* memory aborts */
    return true;
}

static bool add_count(void *user, const char *name, int64_t n, GError **error)
{
    (void)error; /* nothing can go wrong */
    output_set_number(user, name, n);
    return true;
}

static json_t *verdict_output(const struct ledger_verdict *verdict)
{
    json_t *fact = json_object();

    output_set_number(fact, "receipt", verdict->revision);
    output_set_text(fact, "outcome", verdict->outcome);
    output_set(fact, "judged_at", command_json_instant(verdict->judged_at));
    output_set_text(fact, "batch", verdict->batch);
    output_set_optional(fact, "declared", verdict->declared, -1);
    output_set_number(fact, "records", verdict->parsed);
    output_set_number(fact, "accepted", verdict->accepted);
    output_set_number(fact, "rejected", verdict->rejected);
    output_set_number(fact, "deferred", verdict->deferred);
    output_set_number(fact, "dispatched", verdict->dispatched);
    output_set_text(fact, "code", verdict->code);
    output_set_optional(fact, "line", verdict->line, 0);
    output_set_optional(fact, "column", verdict->column, 0);
    output_set(fact, "truncated", json_boolean(verdict->truncated));
    return fact;
}

/* All verdicts, one for each revision that was judged. */
static bool add_verdicts(struct ledger *ledger, const struct ledger_job *job, json_t *verdicts, GError **error)
{
    for (int64_t revision = 1; revision <= job->revision; revision++) {
        g_autofree struct ledger_verdict *verdict = NULL;
        if (!ledger_verdict_get(ledger, job->id, revision, &verdict, error))
            return false;
        if (verdict == NULL)
            continue;
        json_t *fact = verdict_output(verdict), *counts = json_object(), *findings = json_array();
        output_set(fact, "counts", counts);
        output_set(fact, "findings", findings);
        (void)json_array_append_new(verdicts, fact); /* memory aborts */
        if (!ledger_finding_counts_each(ledger, verdict, add_count, counts, error) ||
            !ledger_findings_each(ledger, verdict, add_finding, findings, error))
            return false;
    }
    return true;
}

static bool add_parts(struct ledger *ledger, int64_t id, json_t *facts, GError **error)
{
    g_autoptr(GPtrArray) parts = NULL;

    if (!ledger_outgoing_files_of(ledger, id, &parts, error))
        return false;
    for (guint i = 0; i < parts->len; i++) {
        const struct ledger_outgoing *part = parts->pdata[i];
        json_t *fact = json_object();
        output_set_text(fact, "kind", part->kind);
        output_set_text(fact, "name", part->name);
        output_set_text(fact, "state", ledger_outgoing_state_name(part->state));
        output_set_text(fact, "drop", part->drop);
        output_set_text(fact, "recipient", part->recipient);
        output_set_number(fact, "receipt", part->revision);
        output_set_optional(fact, "rows", part->rows, -1);
        output_set_optional(fact, "size", part->size, -1);
        output_set_text(fact, "sha256", part->sha256);
        output_set(fact, "created", command_json_instant(part->created));
        output_set(fact, "delivered_at", command_json_instant(part->delivered_at));
        (void)json_array_append_new(facts, fact); /* memory aborts */
    }
    return true;
}

static bool add_actions(struct ledger *ledger, int64_t id, json_t *facts, GError **error)
{
    g_autoptr(GPtrArray) actions = NULL;

    if (!ledger_actions_of(ledger, id, &actions, error))
        return false;
    for (guint i = 0; i < actions->len; i++) {
        const struct ledger_action *action = actions->pdata[i];
        json_t *fact = json_object();
        output_set(fact, "at", command_json_instant(action->at));
        output_set_text(fact, "verb", action->verb);
        output_set_text(fact, "who", action->who);
        output_set_text(fact, "reason", action->reason);
        output_set_text(fact, "result", action->result);
        (void)json_array_append_new(facts, fact); /* memory aborts */
    }
    return true;
}

/* The state, and what lies in the directory at that moment. */
static bool add_files(const struct spool *spool, int64_t id, json_t *job, json_t *files, GError **error)
{
    enum job_state state;
    GError *fault = NULL;
    g_auto(GStrv) names = read_access_files(spool, id, &state, &fault);

    if (g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
        gateway_note("%s; 'ecosgate spool verify' says more", fault->message);
        g_error_free(fault);
        return true; /* all else about it is told */
    }
    if (fault != NULL) {
        g_propagate_error(error, fault);
        return false;
    }
    output_set_text(job, "state", job_state_name(state));
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *path = job_path(spool, state, id, *name);
        json_t *fact = json_object();
        struct stat st;
        bool seen = lstat(path, &st) == 0; /* or the job has just moved */
        output_set_text(fact, "name", *name);
        output_set_optional(fact, "size", seen ? (json_int_t)st.st_size : -1, -1);
        (void)json_array_append_new(files, fact); /* memory aborts */
    }
    return true;
}

static bool fill(struct gateway *gateway, const struct ledger_job *job, json_t *fact, GError **error)
{
    json_t *verdicts = json_array(), *parts = json_array(), *actions = json_array();
    json_t *files = json_array();

    output_set(fact, "verdicts", verdicts);
    output_set(fact, "parts", parts);
    output_set(fact, "actions", actions);
    output_set(fact, "files", files);
    return add_verdicts(gateway->ledger, job, verdicts, error) && add_parts(gateway->ledger, job->id, parts, error) &&
           add_actions(gateway->ledger, job->id, actions, error) &&
           add_files(gateway->spool, job->id, fact, files, error);
}

static void print_text(const json_t *fact)
{
    static const char *const findings[] = {"code", "scope", "line", "column", "record", "field", "value", "text", NULL};
    static const char *const parts[] = {"kind", "state", "drop", "delivered_at", "size", "name", NULL};
    static const char *const actions[] = {"at", "who", "verb", "reason", "result", NULL};
    static const char *const files[] = {"size", "name", NULL};
    const json_t *verdict;
    size_t i;

    output_print(fact);
    json_array_foreach(json_object_get(fact, "verdicts"), i, verdict)
    {
        puts("\nverdict");
        output_print(verdict);
        output_table(json_object_get(verdict, "findings"), findings, MOST_FINDINGS, "  ");
    }
    output_section("\nfiles for the drops", json_object_get(fact, "parts"), parts, MOST_ROWS);
    output_section("\noperators' orders", json_object_get(fact, "actions"), actions, MOST_ROWS);
    output_section("\nfiles in its directory", json_object_get(fact, "files"), files, MOST_ROWS);
}

static int show(struct read_access *access, const struct invocation *invocation, int64_t id)
{
    /* A directory without a row: a file that is just being taken into custody. */
    const struct ledger_job unborn = {.id = id, .direction = LEDGER_IN, .size = -1};
    g_autofree struct ledger_job *job = NULL;
    enum job_state state = JOB_NOWHERE;
    GError *error = NULL;

    if (!ledger_job_get(access->gateway.ledger, id, &job, &error))
        return command_unable(error);
    if (job == NULL && (!job_find(access->gateway.spool, id, &state, NULL) || state == JOB_NOWHERE))
        return spool_no_job(id);
    json_t *fact = job_output(job ? job : &unborn);
    if (!fill(&access->gateway, job ? job : &unborn, fact, &error)) {
        json_decref(fact);
        return command_unable(error);
    }
    if (invocation->json) {
        command_print_json(fact);
        return EXIT_GOOD;
    }
    print_text(fact);
    json_decref(fact);
    return EXIT_GOOD;
}

int spool_show(const struct invocation *invocation)
{
    struct invocation rest = *invocation;
    struct read_access access;
    int64_t id;

    if (!command_arguments(&rest, "spool show ID", 1, 1) || !spool_parse_id(rest.argv[0], &id) ||
        !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = show(&access, invocation, id);
    read_access_close(&access);
    return status;
}
