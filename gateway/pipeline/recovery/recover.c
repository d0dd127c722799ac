/* Everything that is known is gathered in one witness first; then each number of it is taken over. */
#include "gateway/pipeline/recovery/recover.h"

#include "formats/instant.h"
#include "gateway/answers/answer.h"
#include "gateway/clock.h"
#include "gateway/pipeline/watches/ledger_watch.h"
#include "gateway/pipeline/recovery/recover_spool.h"
#include "gateway/pipeline/delivery/signing.h"
#include "gateway/reports/report.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_progress.h"
#include "spool/ledger/ledger_reports.h"
#include "validators/catalogue.h"

#include <string.h>

/* A ledger whose place this one takes. */
struct former {
    char *id;
    int64_t generation;
};

struct recover {
    struct gateway *gateway;
    const struct order *order;
    struct witness *known; /* the greatest of each number that is known, and the greatest generation */
    GArray *former;        /* struct former */
    struct recover_spool spool;
    struct ledger_recovery row;
    GPtrArray *skipped; /* char *: the reports that are not issued again */
};

static void clear_former(gpointer former)
{
    g_free(((struct former *)former)->id);
}

static void recover_clear(struct recover *r)
{
    witness_free(r->known);
    g_array_unref(r->former);
    recover_spool_clear(&r->spool);
    g_ptr_array_unref(r->skipped);
}

/* ---- what is known ---- */

static void add_former(struct recover *r, const char *id, int64_t generation)
{
    for (guint i = 0; i < r->former->len; i++) {
        struct former *former = &g_array_index(r->former, struct former, i);
        if (strcmp(former->id, id) != 0)
            continue;
        former->generation = MAX(former->generation, generation);
        return;
    }
    const struct former former = {g_strdup(id), generation};
    if (strcmp(id, r->gateway->identity.ledger) != 0)
        g_array_append_val(r->former, former);
    else
        g_free(former.id);
}

static void add_numbers(struct recover *r, const struct witness *witness)
{
    g_autoptr(GPtrArray) names = witness_names(witness);

    for (guint i = 0; i < names->len; i++)
        (void)witness_raise(r->known, names->pdata[i], witness_number(witness, names->pdata[i]));
    r->known->generation = MAX(r->known->generation, witness->generation);
}

/* A claim of another ledger only gives its numbers, unless that ledger is one whose place this one takes. */
static bool add_claim(void *user, const char *drop, const char *text, GError **error)
{
    struct recover *r = user;
    g_autoptr(witness_t) claim = witness_parse(text, strlen(text), NULL);

    (void)drop, (void)error; /* nothing here can fail */
    if (claim == NULL)
        return true;
    add_numbers(r, claim);
    for (guint i = 0; i < r->former->len; i++) {
        if (strcmp(g_array_index(r->former, struct former, i).id, claim->ledger) == 0)
            add_former(r, claim->ledger, claim->generation);
    }
    return true;
}

/* *refusal: why nothing can be done; g_free. A damaged witness is no reason: the operator knows that it is. */
static bool gather(struct recover *r, char **refusal, GError **error)
{
    struct gateway *gateway = r->gateway;
    g_autoptr(witness_t) own = home_witness_of(gateway, error);
    g_autoptr(witness_t) witness = NULL;
    g_autoptr(GError) cause = NULL;
    g_autofree char *id = NULL;
    bool damaged;

    if (own == NULL || !ledger_check_spool_id(gateway, &id, &damaged, error))
        return false;
    if (!witness_read(gateway->config->witness, &witness, &cause) &&
        !g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
        *refusal = g_strdup_printf("the numbers of the lost ledger are not known: %s", cause->message);
        return true;
    }
    add_numbers(r, own);
    if (id != NULL)
        add_former(r, id, 0);
    if (witness != NULL) {
        add_numbers(r, witness);
        add_former(r, witness->ledger, witness->generation);
    }
    return ledger_claims_each(gateway->ledger, add_claim, r, error);
}

/* Records the claims that the order brings, as a pass does with those that it finds. They may show A109. */
static bool record_claims(struct gateway *gateway, const struct order *order, GError **error)
{
    for (char **one = order->claims; one != NULL && *one != NULL; one += 2) {
        g_autoptr(witness_t) claim = witness_parse(one[1], strlen(one[1]), NULL);
        const struct drop *drop = config_drop(gateway->config, one[0]);
        bool behind;
        if (claim != NULL && drop != NULL && !ledger_watch_drop_witness(gateway, drop->name, claim, &behind, error))
            return false;
    }
    return gateway->fault.kind != LEDGER_SOUND || ledger_check(gateway, &gateway->fault, error);
}

/* ---- work orders that were not delivered ---- */

/* Those that were only planned get their bytes, so that an operator can read what may have been ordered. One that
 * cannot be built any more is taken for delivered all the same: nothing of it may go out. What the disk does not take
 * now it may take later: then the order stays, and nothing is recovered yet. */
static bool build_work_orders(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) planned = NULL;

    if (!ledger_outgoing_files_planned(gateway->ledger, &planned, error))
        return false;
    for (guint i = 0; i < planned->len; i++) {
        const struct ledger_outgoing *file = planned->pdata[i];
        GError *cause = NULL;
        if (strcmp(file->kind, "EMW") != 0)
            continue;
        if (job_make(STEP_DISPATCH_MADE, gateway->spool, JOB_ACTIVE, file->job, &cause) &&
            answer_store(gateway, file, &cause))
            continue;
        if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY)) {
            g_propagate_prefixed_error(error, cause, "recover waits, for %s cannot be stored: ", file->name);
            return false;
        }
        gateway_fail(gateway, cause, LOG(EVENT_UNSTORED, .file = file->name),
                     "%s cannot be stored; recover takes it for delivered", file->name);
    }
    return signing_store(gateway, error);
}

/* ---- the numbers ---- */

/* "accepted SENDER TYPE ORG" */
static bool lose_accepted(struct recover *r, const char *name, int64_t value, GError **error)
{
    g_auto(GStrv) words = g_strsplit(name, " ", -1);

    if (g_strv_length(words) != 4)
        return true;
    const struct ledger_file self = {.sender = words[1],
                                     .type = words[2],
                                     .org = words[3],
                                     .numbering = value / 1000000,
                                     .sequence = value % 1000000};
    return ledger_recovery_lose_number(r->gateway->ledger, &r->row, &self, error) &&
           ledger_number_raise(r->gateway->ledger, name, value, error);
}

/* For the operator: what had not left is lost, and only its recipients know what has. */
static void name_skipped(struct recover *r, const char *ref, int64_t starts, int64_t ends)
{
    char from[INSTANT_TEXT_SIZE], to[INSTANT_TEXT_SIZE];

    instant_print(starts, from);
    instant_print(ends, to);
    g_ptr_array_add(r->skipped, ends > starts + 1 ? g_strdup_printf("%s of the time from %s to %s", ref, from, to)
                                                  : g_strdup_printf("%s of %s", ref, from));
}

static bool issue_period(struct recover *r, const char *ref, const struct period *period, GError **error)
{
    struct ledger *ledger = r->gateway->ledger;
    const struct ledger_ended migrated = {LEDGER_MIGRATED, {period->starts, period->ends}};
    const struct ledger_ended failed = {LEDGER_FAILED, {period->starts, period->ends}};
    int64_t n_migrated = 0, n_failed = 0;

    if (!ledger_ended_sessions_count(ledger, &migrated, &n_migrated, error) ||
        !ledger_ended_sessions_count(ledger, &failed, &n_failed, error))
        return false;
    const struct ledger_period lost = {.ref = ref,
                                       .starts = period->starts,
                                       .ends = period->ends,
                                       .issued = r->row.at,
                                       .unassigned = strcmp(ref, "ECOSMIG-001") == 0   ? n_migrated
                                                     : strcmp(ref, "ECOSMIG-002") == 0 ? n_failed
                                                     : strcmp(ref, "ECOSMIG-005") == 0 ? n_migrated + n_failed
                                                                                       : 0};
    return ledger_period_issue(ledger, &lost, error);
}

/* "report REF": the newest period that the lost ledger had issued, and those before it, count as issued. No file goes
 * out for them: their names are in use. */
static bool skip_reports(struct recover *r, const char *ref, int64_t starts, GError **error)
{
    const struct report_kind *kind = report_kind_find(ref);
    g_autofree struct ledger_period *last = NULL;
    struct period newest = {starts, starts + 1};

    if (!ledger_period_last(r->gateway->ledger, ref, G_MAXINT64, &last, error))
        return false;
    if (last != NULL && last->starts >= starts)
        return true;
    if (kind == NULL || kind->on_change) { /* an issue of it has no period: nothing lies between two */
        name_skipped(r, ref, newest.starts, newest.ends);
        return issue_period(r, ref, &newest, error);
    }
    newest = calendar_period(kind->every, starts);
    const struct period between = {last != NULL ? last->ends : starts, starts};
    name_skipped(r, ref, MIN(between.starts, starts), newest.ends);
    return (between.starts >= between.ends || issue_period(r, ref, &between, error)) &&
           issue_period(r, ref, &newest, error);
}

static bool take_numbers(struct recover *r, GError **error)
{
    g_autoptr(GPtrArray) names = witness_names(r->known);

    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        int64_t value = witness_number(r->known, name);
        bool good = g_str_has_prefix(name, "accepted ") ? lose_accepted(r, name, value, error)
                    : g_str_has_prefix(name, "report ") ? skip_reports(r, name + strlen("report "), value, error)
                                                        : ledger_number_raise(r->gateway->ledger, name, value, error);
        if (!good)
            return false;
    }
    return true;
}

/* ---- the commit ---- */

static bool close_incidents(struct recover *r, GError **error)
{
    static const enum ledger_fault_kind kinds[] = {LEDGER_BEHIND, LEDGER_RESTORED, LEDGER_FOREIGN,
                                                   LEDGER_WITHOUT_WITNESS};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!ledger_incident_close(r->gateway->ledger, catalogue_entry(A109)->id, ledger_fault_subject(kinds[i]),
                                   r->row.at, error))
            return false;
    }
    return true;
}

static bool forget_claim(void *user, const char *drop, const char *text, GError **error)
{
    (void)text, (void)error; /* nothing here can fail */
    g_ptr_array_add(user, g_strdup(drop));
    return true;
}

static bool forget_claims(struct ledger *ledger, GError **error)
{
    g_autoptr(GPtrArray) drops = g_ptr_array_new_with_free_func(g_free);

    if (!ledger_claims_each(ledger, forget_claim, drops, error))
        return false;
    for (guint i = 0; i < drops->len; i++) {
        if (!ledger_claim_remove(ledger, drops->pdata[i], error))
            return false;
    }
    return true;
}

static bool replace_former(struct recover *r, GError **error)
{
    for (guint i = 0; i < r->former->len; i++) {
        const struct former *former = &g_array_index(r->former, struct former, i);
        if (!ledger_recovery_replace(r->gateway->ledger, r->row.id, former->id, former->generation, error))
            return false;
    }
    return true;
}

static bool insert_action(struct recover *r, const char *result, GError **error)
{
    const struct ledger_action action = order_action(r->order, r->order->reason, result);

    return order_insert(r->gateway, &action, error);
}

/* The action comes first: releases count from it on (ledger_number_lost). */
static bool change_rows(struct recover *r, GError **error)
{
    struct ledger *ledger = r->gateway->ledger;

    return insert_action(r, ORDER_DONE, error) && ledger_recovery_begin(ledger, &r->row, error) &&
           take_numbers(r, error) && recover_spool_record(r->gateway, &r->spool, &r->row, error) &&
           replace_former(r, error) && forget_claims(ledger, error) &&
           ledger_recovery_conclude_work_orders(ledger, &r->row, &r->row.work_orders, error) &&
           ledger_recovery_withhold(ledger, &r->row, &r->row.withheld, error) && close_incidents(r, error) &&
           ledger_recovery_end(ledger, &r->row, error);
}

static bool commit(struct recover *r, GError **error)
{
    struct ledger *ledger = r->gateway->ledger;

    r->row = (struct ledger_recovery){.order_id = r->order->id,
                                      .who = r->order->who,
                                      .reason = r->order->reason,
                                      .at = clock_now(),
                                      .cause = r->gateway->fault.cause,
                                      .generation = r->known->generation + 1,
                                      .first_job = witness_number(r->known, "job") + 1};
    if (!ledger_begin(ledger, error))
        return false;
    if (change_rows(r, error) && ledger_commit(STEP_RECOVERY_COMMITTED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* Spool and witness name this ledger from now on. The process writes in the generation that the recovery began. */
static bool bind(struct recover *r, GError **error)
{
    struct gateway *gateway = r->gateway;

    gateway->identity.generation = r->row.generation;
    gateway->writing = true;
    ledger_fault_clear(&gateway->fault);
    log_event(LOG(EVENT_RECOVERED),
              "recovered: numbers go on above all that are known; jobs without a row: %" G_GINT64_FORMAT
              ", senders and types with lost numbers: %" G_GINT64_FORMAT ", work items withheld: %" G_GINT64_FORMAT
              "; see ecosgate recover --list",
              r->row.jobs, r->row.numbers, r->row.withheld);
    for (guint i = 0; i < r->skipped->len; i++)
        log_event(LOG(EVENT_RECOVERED),
                  "recovered: %s was issued by the lost ledger and is not issued again; a file of it that had not left "
                  "is lost: ask its recipients whether they have it",
                  (const char *)r->skipped->pdata[i]);
    return ledger_check_bind_spool(gateway, error) && ledger_check_unmark_restored(spool_dir(gateway->spool), error) &&
           home_witness_keep(gateway, error);
}

static bool refuse(struct recover *r, const char *why, GError **error)
{
    if (!ledger_begin(r->gateway->ledger, error))
        return false;
    if (insert_action(r, why, error) && ledger_commit(STEP_ORDER_DONE, r->gateway->ledger, error))
        return true;
    ledger_rollback(r->gateway->ledger);
    return false;
}

bool recover_carry_out(struct gateway *gateway, const struct order *order, GError **error)
{
    struct recover r = {.gateway = gateway, .order = order, .known = witness_new()};
    g_autofree char *refusal = NULL;

    if (!record_claims(gateway, order, error)) {
        witness_free(r.known);
        return false;
    }
    r.skipped = g_ptr_array_new_with_free_func(g_free);
    r.former = g_array_new(FALSE, FALSE, sizeof(struct former));
    g_array_set_clear_func(r.former, clear_former);
    if (gateway->fault.kind == LEDGER_SOUND)
        refusal = g_strdup("there is nothing to recover from: nothing is known that is newer than this ledger; start "
                           "the gateway with 'ecosgate run'");
    bool good = refusal != NULL || gather(&r, &refusal, error);
    if (good)
        good = refusal != NULL ? refuse(&r, refusal, error)
                               : recover_spool_look(gateway, &r.spool, r.known, error) &&
                                     build_work_orders(gateway, error) && commit(&r, error) && bind(&r, error);
    recover_clear(&r);
    return good;
}
