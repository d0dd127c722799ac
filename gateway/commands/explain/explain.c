/*
 * Work items: one function for each state or pair of states. A text is written for an operator who sees the state for
 * the first time, so that it names what is missing, not how the ledger stores it.
 */
#include "gateway/commands/explain/explain.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/answers/cells.h"
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/explain/way_on.h"
#include "gateway/pipeline/judging/inventory.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_resolved.h"
#include "validators/catalogue.h"

#include <inttypes.h>
#include <string.h>

enum ledger_state explain_state(const struct ledger_work *work)
{
    return work->has_session ? work->session.state : work->item.outcome;
}

bool explain_is_live(const struct ledger_work *work)
{
    return work->item.outcome == LEDGER_READY && !work->item.ended;
}

/* "D101 no communication with the Device (DUIS E20)", by the catalogue. g_free. */
static char *describe(const char *id)
{
    enum code code;

    return id != NULL && catalogue_find(id, &code) ? g_strdup_printf("%s %s", id, catalogue_entry(code)->name)
                                                   : g_strdup(id != NULL ? id : "no code");
}

/* Which sides have stated a success since the session ended. */
struct late {
    bool ended, tcos, ecos;
};

static bool find_late(void *user, const struct ledger_transition *transition, GError **error)
{
    struct late *late = user;

    (void)error; /* nothing here can fail */
    late->tcos |= late->ended && transition->statement == LEDGER_REPLACED;
    late->ecos |= late->ended && transition->statement == LEDGER_CONFIRMED;
    late->ended |= transition->state == LEDGER_FAILED || transition->state == LEDGER_DEFERRED ||
                   transition->state == LEDGER_REJECTED;
    return true;
}

/* Of a session that has ended: what came afterwards. *text is a constant, "" if nothing did. */
static bool late_success(struct gateway *gateway, const struct ledger_work *work, const char **text, GError **error)
{
    const struct ledger_session *s = &work->session;
    struct late late = {0};

    *text = "";
    if (!s->tcos.good && !s->ecos.good)
        return true;
    if (!ledger_transitions_each(gateway->ledger, work->item.item, find_late, &late, error))
        return false;
    if ((s->tcos.good && late.tcos) || (s->ecos.good && late.ecos))
        *text = "; afterwards one side reported that it had succeeded all the same";
    return true;
}

/* Sets what brings on a work item that has ended: way_on.h. */
static bool set_way_on(struct gateway *gateway, const struct ledger_work *work, struct way_on *way,
                       struct explanation *e, GError **error)
{
    if (!way_on_find(gateway, work, way, error))
        return false;
    e->moves = way->text;
    e->at = way->at;
    return true;
}

bool explain_orders_outage(struct gateway *gateway, char **text, GError **error)
{
    const struct config *config = gateway->config;

    return explain_hold(gateway, &(struct ledger_hold){.kind = LEDGER_HOLD_DISPATCH}, text, error) &&
           (*text != NULL ||
            explain_outage(gateway, rules_party(&config->identity, config->work_order_party)->drop, text, error));
}

/* What an operator keeps back that is in the way of a work order: dispatch as a whole, or the drop. *held is NULL if
 * there is nothing. g_free. */
static bool find_pause(struct gateway *gateway, const char *drop, struct ledger_held **held, GError **error)
{
    const struct ledger_hold all = {.kind = LEDGER_HOLD_DISPATCH};
    const struct ledger_hold out = {.kind = LEDGER_HOLD_OUT, .drop = drop};

    return ledger_hold_get(gateway->ledger, &all, held, error) &&
           (*held != NULL || ledger_hold_get(gateway->ledger, &out, held, error));
}

/* What ends the wait for a work order that is not made. g_free. */
static char *order_moves(const struct ledger_held *held, const char *drop)
{
    g_autofree char *end = held != NULL ? explain_hold_end(held) : NULL;

    return end != NULL ? g_strdup_printf("`%s --reason TEXT`, after which `ecosgate run` orders it", end)
                       : g_strdup_printf("`ecosgate run`, which orders it in the pass in which the drop works again; "
                                         "`ecosgate doctor %s` tests the drop",
                                         drop);
}

/* A try that is due is not ordered while no work order is made: says so in place of what it waits for. */
static bool explain_drop(struct gateway *gateway, struct explanation *e, GError **error)
{
    const struct config *config = gateway->config;
    const char *drop = rules_party(&config->identity, config->work_order_party)->drop;
    g_autofree struct ledger_held *held = NULL;
    g_autofree char *outage = NULL;

    if (e->at > clock_now())
        return true;
    if (!explain_orders_outage(gateway, &outage, error) || !find_pause(gateway, drop, &held, error))
        return false;
    if (outage == NULL)
        return true;
    g_free(e->waits_for);
    g_free(e->moves);
    e->waits_for = held != NULL && held->hold.kind == LEDGER_HOLD_DISPATCH
                       ? g_strdup_printf("dispatch, which makes no work orders (EMW): %s", outage)
                       : g_strdup_printf("the drop %s, for which its work order (EMW) is: %s", drop, outage);
    e->moves = order_moves(held, drop);
    return true;
}

static bool explain_ready(struct gateway *gateway, const struct ledger_work *work, struct explanation *e,
                          GError **error)
{
    int64_t undecided = 0;
    const struct ledger_session *s = &work->session;
    g_autofree char *code = describe(s->code);

    if (!inventory_find_undecided(gateway, &undecided, error))
        return false;
    if (s->code != NULL) {
        e->because = g_strdup_printf("judged again before its dispatch: %s", code);
        e->waits_for = g_strdup("that cause to pass");
        e->moves = g_strdup("`ecosgate run`, which judges it again at next_at and dispatches it if the cause is gone");
        e->at = s->due;
    } else {
        e->because = g_strdup("its instruction was accepted and no work order has it yet");
        e->waits_for = g_strdup("the next dispatch");
        e->moves = g_strdup("`ecosgate run`, which writes a work order (EMW) within dispatch_hours");
    }
    if (undecided != 0)
        explain_decision(undecided, e);
    return true;
}

/* Of a session whose last work order never left (C126), or was never made while its drop was down. g_free. */
static bool find_drop(struct gateway *gateway, const struct ledger_session *s, char **text, GError **error)
{
    const struct config *config = gateway->config;
    const char *drop = rules_party(&config->identity, config->work_order_party)->drop;
    g_autofree char *outage = NULL;
    g_autoptr(GString) cause = g_string_new(NULL);

    if (!explain_orders_outage(gateway, &outage, error))
        return false;
    if (s->unused)
        g_string_printf(cause, ": the work order (EMW) of try %" PRId64 " was never delivered to the drop %s", s->try,
                        drop);
    else
        g_string_append_printf(
            cause, ": its next try was never ordered, for no work order could be made for the drop %s", drop);
    if (outage != NULL)
        g_string_append_printf(cause, "; %s", outage);
    else
        g_string_append_printf(cause, "; the incident A103, A101 or A110 of that drop%s says why",
                               s->unused ? "" : ", or an operator's order of that time,");
    g_string_append(cause, "; no failed session");
    *text = g_string_free(g_steal_pointer(&cause), FALSE);
    return true;
}

/* Keeps the order of the newest transition that names one; user: a char **. */
static bool keep_order_id(void *user, const struct ledger_transition *transition, GError **error)
{
    char **order_id = user;

    (void)error; /* nothing here can fail */
    if (transition->order_id != NULL) {
        g_free(*order_id);
        *order_id = g_strdup(transition->order_id);
    }
    return true;
}

/* Of a work item that an operator has withdrawn: who, and why. g_free. */
static bool find_withdrawal(struct gateway *gateway, const struct ledger_work *work, char **text, GError **error)
{
    g_autofree char *order_id = NULL, *order = NULL;

    if (!ledger_transitions_each(gateway->ledger, work->item.item, keep_order_id, &order_id, error) ||
        (order_id != NULL && !explain_order_named(gateway, order_id, &order, error)))
        return false;
    *text = g_strdup_printf(": %s%s", order != NULL ? order : "by an order that the ledger does not have",
                            work->session.try > 0 ? "; no failed session" : "");
    return true;
}

/* What ended a session as REJECTED or DEFERRED: an operator, another work item that has migrated, or the review right
 * before a dispatch. *text is NULL where there was no session. g_free. */
static bool find_cause(struct gateway *gateway, const struct ledger_work *work, const char *id, char **text,
                       GError **error)
{
    const struct ledger_session *s = &work->session;
    struct ledger_migrated other = {0};
    g_autofree struct ledger_work *migrated = NULL;
    char work_item[WORK_ITEM_ID_SIZE];

    *text = NULL;
    if (!work->has_session)
        return true;
    if (strcmp(id, catalogue_entry(C126)->id) == 0)
        return find_drop(gateway, s, text, error);
    if (strcmp(id, catalogue_entry(C123)->id) == 0)
        return find_withdrawal(gateway, work, text, error);
    if (strcmp(id, catalogue_entry(C108)->id) == 0 &&
        (!ledger_migrated_before(gateway->ledger, work->item.device, G_MAXINT64, &other, error) ||
         (other.at != 0 && !ledger_work_get(gateway->ledger, other.item, &migrated, error))))
        return false;
    if (migrated != NULL)
        *text = g_strdup_printf(": its work item %s has migrated%s",
                                work_item_id(migrated->org, migrated->batch, migrated->item.record, work_item),
                                s->try > 0 ? "; no failed session" : "");
    else
        *text = g_strdup(s->try > 0 ? ", found right before its next try: no failed session"
                                    : ", found right before its dispatch");
    return true;
}

/* By its review, or by what find_cause finds. */
static bool explain_refused(struct gateway *gateway, const struct ledger_work *work, struct explanation *e,
                            GError **error)
{
    const char *id = work->has_session ? work->session.code : work->item.code;
    bool passes = explain_state(work) == LEDGER_DEFERRED;
    g_autofree char *code = describe(id);
    g_autofree char *cause = NULL;
    const char *late = "";
    struct way_on way = {.code = id};

    if (!find_cause(gateway, work, id, &cause, error) || !late_success(gateway, work, &late, error))
        return false;
    if (passes)
        way.at = work->has_session ? work->session.next_eligible : work->item.next_eligible;
    if (!set_way_on(gateway, work, &way, e, error))
        return false;
    e->because = g_strdup_printf("%s%s%s", code, cause != NULL ? cause : "", late);
    return true;
}

/* Keeps the job of the newest work order; user: an int64_t. */
static bool keep_order(void *user, const struct ledger_transition *transition, GError **error)
{
    (void)error; /* nothing here can fail */
    if (transition->state == LEDGER_DISPATCHED)
        *(int64_t *)user = transition->job;
    return true;
}

/* The TCoS Service Provider cannot answer a work order that it does not have. */
static bool explain_undelivered(struct gateway *gateway, const struct ledger_work *work, struct explanation *e,
                                GError **error)
{
    g_autoptr(GPtrArray) files = NULL;
    g_autofree char *outage = NULL;
    int64_t job = 0;

    if (!ledger_transitions_each(gateway->ledger, work->item.item, keep_order, &job, error) ||
        (job != 0 && !ledger_outgoing_files_of(gateway->ledger, job, &files, error)))
        return false;
    const struct ledger_outgoing *file = files != NULL && files->len > 0 ? files->pdata[0] : NULL;
    if (file == NULL || file->state == LEDGER_DELIVERED)
        return true;
    if (!explain_outage(gateway, file->drop, &outage, error))
        return false;
    g_free(e->waits_for);
    e->waits_for = g_strdup_printf("its work order %s, which is not delivered to the drop %s%s%s", file->name,
                                   file->drop, outage != NULL ? ": " : "", outage != NULL ? outage : "");
    return true;
}

static void explain_dispatched(const struct gateway *gateway, const struct ledger_work *work, struct explanation *e)
{
    e->because = g_strdup_printf("try %" PRId64 " is ordered: its work order (EMW) is written", work->session.try);
    e->waits_for = g_strdup("its result (EMT) from the TCoS Service Provider");
    e->moves = g_strdup("an EMT that names it; without one `ecosgate run` ends the session at next_at as failed, D103");
    e->at = retry_session_end(&gateway->config->retry, &work->session);
}

/* Keeps the code of the newest transition, the last in the walk; user: a char **. */
static bool keep_code(void *user, const struct ledger_transition *transition, GError **error)
{
    char **code = user;

    (void)error; /* nothing here can fail */
    g_free(*code);
    *code = g_strdup(transition->code);
    return true;
}

/* Between two tries. The session keeps the code of its last try; the cause that postponed the next try (a code of
 * category c) is in the newest transition only. */
static bool explain_retry_wait(struct gateway *gateway, const struct ledger_work *work, struct explanation *e,
                               GError **error)
{
    const struct ledger_session *s = &work->session;
    g_autofree char *code = describe(s->code);
    g_autofree char *newest = NULL;
    char ends[INSTANT_TEXT_SIZE];

    if (!ledger_transitions_each(gateway->ledger, work->item.item, keep_code, &newest, error))
        return false;
    bool postponed = newest != NULL && *newest == 'C';
    g_autofree char *why = postponed ? describe(newest) : NULL;
    g_autofree char *tried = s->unused ? g_strdup_printf("try %" PRId64 " was not attempted", s->try)
                                       : g_strdup_printf("try %" PRId64 " failed: %s", s->try, code);
    instant_print(retry_session_end(&gateway->config->retry, s), ends);
    e->because =
        g_strdup_printf("%s%s%s", tried, postponed ? "; judged again before the next one: " : "", postponed ? why : "");
    e->waits_for = g_strdup_printf("its next try; the session lasts until %s", ends);
    e->moves = g_strdup("`ecosgate run`, which writes the next work order (EMW) at next_at");
    e->at = s->due;
    return true;
}

/* What each side has said: outcome, SubjectId, KeyId. g_free. */
static char *sides_text(const struct ledger_session *s)
{
    const struct ledger_side *t = &s->tcos, *e = &s->ecos;

    return g_strdup_printf("TCoS side: %s %s %s; ECoS side: %s %s %s", t->good ? "SUCCESS" : "no success",
                           t->subject_id ? t->subject_id : "", t->key_id ? t->key_id : "", e->good ? "Y" : "N",
                           e->subject_id ? e->subject_id : "", e->key_id ? e->key_id : "");
}

/* One side has confirmed and the other has not, or they contradict each other. D150 is reported once the other side is
 * overdue; its confirmation still counts then. */
static void explain_confirmation(const struct ledger_work *work, struct explanation *e)
{
    const struct ledger_session *s = &work->session;
    bool tcos_missing = s->tcos.at == 0;
    char device[EUI64_TEXT_SIZE];
    eui64_print(work->item.device, device);
    g_autofree char *end = g_strdup_printf("`ecosgate device end %s --as migrated|failed --reason TEXT`", device);
    const char *missing = tcos_missing ? "the result (EMT) of the TCoS Service Provider"
                                       : "the confirmation (EMC) of the ECoS Service Provider";

    if (s->state == LEDGER_CONFIRM_MISMATCH) {
        g_autofree char *sides = sides_text(s);
        e->because = g_strdup_printf("D151 the two sides disagree: %s", sides);
        e->waits_for = g_strdup("one side to correct itself");
        e->moves =
            g_strdup_printf("an EMT SUCCESS or EMC Y that makes both agree; DCC and the Service Providers resolve "
                            "it; or %s",
                            end);
        return;
    }
    e->because = g_strdup_printf("only the %s side has confirmed%s", tcos_missing ? "ECoS" : "TCoS",
                                 s->code != NULL ? "; D150 for longer than confirmation_wait" : "");
    e->waits_for = g_strdup(missing);
    e->moves = g_strdup_printf("that file; no further try is ordered meanwhile; or %s", end);
    e->at = s->due;
}

bool explain_order_named(struct gateway *gateway, const char *order_id, char **text, GError **error)
{
    g_autofree struct ledger_action *action = NULL;

    *text = NULL;
    if (!ledger_action_get(gateway->ledger, order_id, &action, error))
        return false;
    if (action == NULL)
        return true;
    const char *done = strcmp(action->verb, "hold device") == 0      ? "holds it"
                       : g_str_has_prefix(action->verb, "withdraw ") ? "has withdrawn it"
                                                                     : "has ended it";
    *text = g_strdup_printf("an operator %s (%s): %s", done, action->who, action->reason);
    return true;
}

bool explain_order(struct gateway *gateway, int64_t item, char **text, int64_t *n, GError **error)
{
    struct ledger_end_order order = {0};
    bool good = ledger_session_end_order(gateway->ledger, item, &order, error);

    *text = NULL;
    *n = order.n;
    good = good && (order.order_id == NULL || explain_order_named(gateway, order.order_id, text, error));
    g_free(order.order_id);
    return good;
}

/* MIGRATED or FAILED. */
static bool explain_end(struct gateway *gateway, const struct ledger_work *work, struct explanation *e, GError **error)
{
    const struct ledger_session *s = &work->session;
    struct ledger_earlier_work past;
    struct way_on way = {0};
    const char *late = "";
    g_autofree char *order = NULL;
    int64_t n = 0;

    if (!late_success(gateway, work, &late, error) || !explain_order(gateway, work->item.item, &order, &n, error) ||
        !ledger_earlier_work(gateway->ledger, work->item.device, clock_now(), &past, error))
        return false;
    if (s->state == LEDGER_FAILED && past.next_eligible != 0) /* the newest failed session is this one */
        way.code = s->code;
    if (!set_way_on(gateway, work, &way, e, error))
        return false;
    if (s->state == LEDGER_MIGRATED) { /* not by the order, if a late success has corrected what the order said */
        e->because =
            g_strdup_printf("%s%s", n == s->transitions ? order : "both sides have confirmed the same credentials",
                            work->overruled ? "; an operator has released the Device since, which overrules it" : "");
        return true;
    }
    g_autofree char *code = describe(s->code);
    e->because = g_strdup_printf("%s%sits session failed: %s; failed sessions of the Device: %" PRId64 "%s%s",
                                 order != NULL ? order : "", order != NULL ? "; " : "", code, past.failed_sessions,
                                 past.failed_sessions >= gateway->config->max_sessions ? " (FAILED_ACTION)" : "", late);
    return true;
}

static bool explain_state_of(struct gateway *gateway, const struct ledger_work *work, struct explanation *explanation,
                             GError **error)
{
    switch (explain_state(work)) {
    case LEDGER_READY:
        return explain_ready(gateway, work, explanation, error) && explain_drop(gateway, explanation, error);
    case LEDGER_REJECTED:
    case LEDGER_DEFERRED:
        return explain_refused(gateway, work, explanation, error);
    case LEDGER_DISPATCHED:
        explain_dispatched(gateway, work, explanation);
        return explain_undelivered(gateway, work, explanation, error);
    case LEDGER_RETRY_WAIT:
        return explain_retry_wait(gateway, work, explanation, error) && explain_drop(gateway, explanation, error);
    case LEDGER_CONFIRM_PENDING:
    case LEDGER_CONFIRM_MISMATCH:
        explain_confirmation(work, explanation);
        return true;
    case LEDGER_MIGRATED:
    case LEDGER_FAILED:
    case LEDGER_STATES:
        break;
    }
    return explain_end(gateway, work, explanation, error);
}

/* An operator has withdrawn it while its try was ordered. */
static bool explain_withdrawn(struct gateway *gateway, const struct ledger_work *work, struct explanation *e,
                              GError **error)
{
    g_autofree char *order_id = NULL, *order = NULL;

    if (work->session.state != LEDGER_DISPATCHED)
        return true;
    if (!ledger_withdrawn_get(gateway->ledger, work->item.item, &order_id, error) ||
        (order_id != NULL && !explain_order_named(gateway, order_id, &order, error)))
        return false;
    g_autofree char *because = e->because;
    g_free(e->moves);
    e->because = g_strdup_printf("%s; %s", because, order != NULL ? order : "it is withdrawn");
    e->moves = g_strdup("an EMT SUCCESS or EMC Y, after which it goes on as ever; any other result, or the session's "
                        "end at next_at, ends it as REJECTED with C123");
    return true;
}

/* After a recovery: what moves it on is an operator, whatever its state. */
static void explain_withheld(const struct ledger_work *work, struct explanation *e)
{
    char device[EUI64_TEXT_SIZE];
    g_autofree char *because = e->because;

    eui64_print(work->item.device, device);
    e->because = g_strdup_printf("%s; withheld since `ecosgate recover`, for it may have been ordered in the time that "
                                 "the ledger has lost",
                                 because);
    g_free(e->moves);
    e->moves = g_strdup_printf("`ecosgate device release %s --reason TEXT`, after which it is ordered like others; an "
                               "EMT and an EMC for it count meanwhile",
                               device);
}

/* An operator or a threshold holds the Device or its batch: that is what it waits for, if a try of it is to come. */
static bool explain_held(struct gateway *gateway, const struct ledger_work *work, struct explanation *e, GError **error)
{
    const struct ledger_hold device = {.kind = LEDGER_HOLD_DEVICE, .number = work->item.item};
    const struct ledger_hold batch = {.kind = LEDGER_HOLD_BATCH, .number = work->item.job};
    enum ledger_state state = explain_state(work);
    g_autofree struct ledger_held *held = NULL;
    g_autofree char *text = NULL;
    bool ordered = state == LEDGER_DISPATCHED;

    if (!ordered && state != LEDGER_READY && state != LEDGER_RETRY_WAIT)
        return true;
    if (!ledger_hold_get(gateway->ledger, &device, &held, error) ||
        (held == NULL && !ledger_hold_get(gateway->ledger, &batch, &held, error)) || held == NULL ||
        !explain_hold(gateway, &held->hold, &text, error))
        return false;
    g_autofree char *because = e->because;
    g_autofree char *what = explain_hold_subject(held);
    e->because = g_strdup_printf("%s; %s%s: %s", because, ordered ? "no further try is ordered, " : "", what, text);
    if (ordered)
        return true;
    g_autofree char *end = explain_hold_end(held);
    g_free(e->waits_for);
    g_free(e->moves);
    e->waits_for = held->threshold ? g_strdup_printf("an operator, who has to release %s or to withdraw it", what)
                                   : g_strdup_printf("an operator, who holds %s", what);
    e->moves = g_strdup_printf("`%s --reason TEXT`", end);
    return true;
}

bool explain_work(struct gateway *gateway, const struct ledger_work *work, struct explanation *explanation,
                  GError **error)
{
    *explanation = (struct explanation){0};
    if (!explain_state_of(gateway, work, explanation, error))
        return false;
    if (work->withheld && explain_is_live(work))
        explain_withheld(work, explanation);
    if (work->withdrawn && !explain_withdrawn(gateway, work, explanation, error))
        return false;
    return !work->held || !explain_is_live(work) || explain_held(gateway, work, explanation, error);
}

void explanation_set(const struct explanation *explanation, json_t *object)
{
    output_set_text(object, "because", explanation->because);
    output_set_text(object, "waits_for", explanation->waits_for);
    output_set_text(object, "moved_by", explanation->moves);
    output_set(object, "next_at", command_json_instant(explanation->at));
}

void explanation_clear(struct explanation *explanation)
{
    g_free(explanation->because);
    g_free(explanation->waits_for);
    g_free(explanation->moves);
    *explanation = (struct explanation){0};
}
